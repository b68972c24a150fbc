//! What outlives a run: the last good document, the version floor, the trusted keys.
//!
//! ```text
//!  <stem>.<version>.snapshot          token, line feed, document          written once, renamed into place
//!  <stem>.<from>-<version>.delta      token, line feed, delta             a chain from a snapshot to the newest version
//!  <stem>.keys                        endorsements, as JSON
//! ```
//! `<stem>` stands for environment, address and pinned key, so that many clients may share a directory. Nobody locks:
//! names carry versions, so that no file is ever replaced by an older one, and two writers of one file write the same.
//! A chain that grew long is written as a snapshot; what is older than the one before it is removed.
//! INVARIANT: a file is either whole on disk or not there under its name; what is read verifies, or counts for nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use super::http::MOST_DOCUMENT;
use crate::error::{Code, Error, quote};
use crate::model::Key;
use crate::wire::{Connection, Head, KeyRing, Rows, Sha256, Trust};

/// The files of one connection in a directory.
#[derive(Debug)]
pub(super) struct Cache {
    directory: PathBuf,
    stem: String,
    environment: Key,
    /// Files that were read and are no good: written again where they would be taken as there.
    damaged: BTreeSet<PathBuf>,
}

/// A document that was stored, verified.
#[derive(Debug)]
pub(super) struct Stored {
    pub(super) token: String,
    pub(super) head: Head,
    pub(super) document: Vec<u8>,
}

/// What a directory has.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) newest: Option<Stored>,
    /// The newest version of which any head verifies.
    pub(super) floor: u64,
    pub(super) problems: Vec<Error>,
}

/// What became of a delta.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Kept {
    /// It is stored, and so is what it leads on from.
    Chained,
    /// As `Chained`; the chain is so long that it should be a snapshot.
    Crowded,
    /// What it leads on from is not stored: the whole is needed.
    Loose,
}

/// The names that stand in a directory.
#[derive(Debug, Default)]
struct Names {
    /// Versions of snapshots.
    snapshots: BTreeSet<u64>,
    /// By where they lead on from: where to.
    deltas: BTreeMap<u64, BTreeSet<u64>>,
}

/// The most deltas that are read one after the other.
const MOST_DELTAS: usize = 64;
/// A temporary file of this age was left by a process that died.
const ABANDONED: Duration = Duration::from_secs(3_600);

impl Cache {
    pub(super) fn new(directory: &Path, connection: &Connection) -> Self {
        let key = match &connection.trust {
            Trust::Pinned(key) => key.to_string(),
            Trust::Unsigned => "none".to_owned(),
        };
        let environment = &connection.environment;
        let identity = Sha256::of(format!("{}\n{environment}\n{key}", connection.url).as_bytes()).to_string();
        let readable: String =
            environment.chars().take(40).map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
        let stem = format!("tidegate-{readable}-{}", identity.get(..16).unwrap_or_default());
        let environment = Key::clone(environment);
        Self { directory: directory.to_owned(), stem, environment, damaged: BTreeSet::new() }
    }

    /// The endorsements that were stored.
    pub(super) fn keys(&self) -> Result<Vec<String>, Error> {
        let path = self.path("keys");
        match fs::read(&path) {
            Ok(bytes) => serde_json::from_slice(&bytes).map_err(|error| damaged(&path, &error.to_string())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            Err(error) => Err(damaged(&path, &error.to_string())),
        }
    }

    pub(super) fn store_keys(&self, endorsements: &[String]) -> Result<(), Error> {
        let text = serde_json::to_vec(endorsements).unwrap_or_default();
        self.write(&self.path("keys"), &[&text])
    }

    /// The newest document that verifies.
    pub(super) fn load(&mut self, ring: &KeyRing) -> Found {
        let mut found = Found::default();
        let names = match self.names() {
            Ok(names) => names,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return found,
            Err(error) => {
                found.problems.push(damaged(&self.directory, &error.to_string()));
                return found;
            }
        };
        let mut bases: Vec<(u64, u64)> =
            names.snapshots.iter().map(|base| (names.furthest(*base), *base)).collect();
        bases.sort_unstable_by(|a, b| b.cmp(a));
        for (_, base) in bases {
            let stored = self.follow(base, &names, ring, &mut found);
            if found.newest.is_none() {
                found.newest = stored;
            }
        }
        found
    }

    /// A snapshot, and the chain of deltas on it as far as it verifies.
    fn follow(&mut self, base: u64, names: &Names, ring: &KeyRing, found: &mut Found) -> Option<Stored> {
        let path = self.snapshot_path(base);
        let (mut token, mut head, document) = self.read(&path, ring, found)?;
        if head.version != base || head.matches(&document).is_err() {
            return self.give_up(path, "its document is not the one that was signed", found);
        }
        let steps = names.steps(base);
        if steps.is_empty() || found.newest.is_some() {
            return Some(Stored { token, head, document });
        }
        let Ok(mut rows) = Rows::parse(&document) else {
            return Some(Stored { token, head, document });
        };
        let (first, mut is_longer) = ((token.clone(), head.clone()), false);
        for (from, to) in steps {
            let path = self.delta_path(from, to);
            let Some((next, next_head, delta)) = self.read(&path, ring, found) else { break };
            let leads_on =
                next_head.version == to && next_head.delta.as_ref().is_some_and(|d| d.from == from);
            if !leads_on || next_head.matches_delta(&delta).is_err() || rows.apply(&delta).is_err() {
                self.give_up::<()>(path, "it is not the delta that was signed", found);
                break;
            }
            (token, head, is_longer) = (next, next_head, true);
        }
        if is_longer && head.matches_hash(rows.sha256()).is_ok() {
            return Some(Stored { token, head, document: rows.render() });
        }
        if is_longer {
            found.problems.push(damaged(&path, "its deltas do not lead to the document that was signed"));
        }
        (token, head) = first;
        Some(Stored { token, head, document })
    }

    /// A file's head and body. A head that verifies counts for the floor, whatever comes after it.
    fn read(&mut self, path: &Path, ring: &KeyRing, found: &mut Found) -> Option<(String, Head, Vec<u8>)> {
        let bytes = match read_bounded(path) {
            Ok(bytes) => bytes,
            // Another process tidied up.
            Err(error) if error.kind() == io::ErrorKind::NotFound => return None,
            Err(error) => return self.give_up(path.to_owned(), &error.to_string(), found),
        };
        let end = bytes.iter().position(|byte| *byte == b'\n').unwrap_or(bytes.len());
        let (token, body) = bytes.split_at(end);
        let token = String::from_utf8_lossy(token).into_owned();
        match ring.verify(&token, &self.environment) {
            Ok(head) => {
                found.floor = found.floor.max(head.version);
                Some((token, head, body.get(1..).unwrap_or_default().to_vec()))
            }
            Err(error) => self.give_up(path.to_owned(), &error.to_string(), found),
        }
    }

    fn give_up<T>(&mut self, path: PathBuf, why: &str, found: &mut Found) -> Option<T> {
        found.problems.push(damaged(&path, why));
        self.damaged.insert(path);
        None
    }

    /// Stores a document, and removes what is older than the one before it.
    pub(super) fn store_whole(&mut self, token: &str, version: u64, document: &[u8]) -> Result<(), Error> {
        let path = self.snapshot_path(version);
        let length = (token.len() + 1 + document.len()) as u64;
        let is_there = fs::metadata(&path).is_ok_and(|found| found.len() == length);
        if !is_there || self.damaged.contains(&path) {
            self.write(&path, &[token.as_bytes(), b"\n", document])?;
            self.damaged.remove(&path);
        }
        self.tidy();
        Ok(())
    }

    /// Stores a delta.
    pub(super) fn store_delta(
        &mut self,
        token: &str,
        from: u64,
        version: u64,
        delta: &[u8],
    ) -> Result<Kept, Error> {
        let names = self.names().unwrap_or_default();
        if !names.reaches(from) {
            return Ok(Kept::Loose);
        }
        let path = self.delta_path(from, version);
        let is_there = names.deltas.get(&from).is_some_and(|tos| tos.contains(&version));
        if !is_there || self.damaged.contains(&path) {
            self.write(&path, &[token.as_bytes(), b"\n", delta])?;
            self.damaged.remove(&path);
        }
        // Looked at again: another process may just have written the chain as a snapshot, and removed this one's links.
        let names = self.names().unwrap_or_default();
        if !names.reaches(version) {
            return Ok(Kept::Loose);
        }
        let length = names.snapshots.iter().map(|base| names.steps(*base).len()).min().unwrap_or_default();
        Ok(if length >= MOST_DELTAS { Kept::Crowded } else { Kept::Chained })
    }

    /// Writes a chain as a snapshot.
    pub(super) fn compact(&mut self, ring: &KeyRing) -> Result<(), Error> {
        let found = self.load(ring);
        match found.newest {
            Some(Stored { token, head, document }) => self.store_whole(&token, head.version, &document),
            None => Ok(()),
        }
    }

    /// Removes what nobody needs any more; what cannot be removed stays.
    fn tidy(&self) {
        let Ok(names) = self.names() else { return };
        // The last but one is left to processes that are about to store a delta on it.
        let Some(oldest) = names.snapshots.iter().rev().nth(1) else { return };
        for version in names.snapshots.range(..oldest) {
            let _ = fs::remove_file(self.snapshot_path(*version));
        }
        for (from, to) in names.deltas.iter().flat_map(|(from, tos)| tos.iter().map(move |to| (*from, *to))) {
            if to <= *oldest {
                let _ = fs::remove_file(self.delta_path(from, to));
            }
        }
        self.remove_abandoned();
    }

    fn remove_abandoned(&self) {
        let prefix = format!(".{}.", self.stem);
        for entry in fs::read_dir(&self.directory).into_iter().flatten().flatten() {
            let is_ours = entry.file_name().to_str().is_some_and(|name| name.starts_with(&prefix));
            let modified = entry.metadata().and_then(|found| found.modified());
            let age = modified.ok().and_then(|at| SystemTime::now().duration_since(at).ok());
            if is_ours && age.is_some_and(|age| age > ABANDONED) {
                let _ = fs::remove_file(entry.path());
            }
        }
    }

    fn names(&self) -> io::Result<Names> {
        let mut names = Names::default();
        for entry in fs::read_dir(&self.directory)? {
            let name = entry?.file_name();
            let Some(rest) = name.to_str().and_then(|name| name.strip_prefix(&*self.stem)?.strip_prefix('.'))
            else {
                continue;
            };
            if let Some(version) = rest.strip_suffix(".snapshot").and_then(|text| text.parse().ok()) {
                names.snapshots.insert(version);
            } else if let Some((from, to)) = rest.strip_suffix(".delta").and_then(|text| text.split_once('-'))
                && let (Ok(from), Ok(to)) = (from.parse(), to.parse())
                && from < to
            {
                names.deltas.entry(from).or_default().insert(to);
            }
        }
        Ok(names)
    }

    fn path(&self, rest: &str) -> PathBuf {
        self.directory.join(format!("{}.{rest}", self.stem))
    }

    fn snapshot_path(&self, version: u64) -> PathBuf {
        self.path(&format!("{version}.snapshot"))
    }

    fn delta_path(&self, from: u64, to: u64) -> PathBuf {
        self.path(&format!("{from}-{to}.delta"))
    }

    /// Writes a file beside, forces it to the disk, and renames it into place.
    fn write(&self, path: &Path, parts: &[&[u8]]) -> Result<(), Error> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let unique = getrandom::u64().unwrap_or_default();
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let temporary = format!(".{}.{}-{number}-{unique:016x}.tmp", self.stem, std::process::id());
        let temporary = self.directory.join(temporary);
        let written = fs::create_dir_all(&self.directory).and_then(|()| {
            let mut file = OpenOptions::new().write(true).create_new(true).open(&temporary)?;
            for part in parts {
                file.write_all(part)?;
            }
            file.sync_all()?;
            drop(file);
            fs::rename(&temporary, path)?;
            sync_directory(&self.directory)
        });
        written.map_err(|error| {
            let _ = fs::remove_file(&temporary);
            let message = format!("{} cannot be written: {error}", quote(&path.display().to_string()));
            Error::new(Code::CacheUnwritable, "", message)
        })
    }
}

impl Names {
    /// Where the best chain on a version leads to.
    fn furthest(&self, base: u64) -> u64 {
        self.steps(base).last().map_or(base, |(_, to)| *to)
    }

    fn reaches(&self, version: u64) -> bool {
        // A snapshot that is newer is as good.
        self.snapshots.iter().any(|base| *base >= version || self.leads(*base, version))
    }

    /// Whether there is a chain from one version to another.
    fn leads(&self, base: u64, version: u64) -> bool {
        let (mut reached, mut left) = (BTreeSet::from([base]), BTreeSet::from([base]));
        while let Some(from) = left.pop_first() {
            for to in self.deltas.get(&from).into_iter().flatten() {
                if *to <= version && reached.insert(*to) {
                    left.insert(*to);
                }
            }
        }
        reached.contains(&version)
    }

    /// The chain on a version that leads furthest, with the longest steps.
    fn steps(&self, base: u64) -> Vec<(u64, u64)> {
        // Deltas only lead up: from the highest down, where each leads in the end is known of all above.
        let mut ends: BTreeMap<u64, (u64, u64)> = BTreeMap::new();
        for (from, tos) in self.deltas.range(base..).rev() {
            let best = tos.iter().map(|to| (ends.get(to).map_or(*to, |(end, _)| *end), *to)).max();
            ends.extend(best.map(|best| (*from, best)));
        }
        let (mut steps, mut at) = (Vec::new(), base);
        while let Some((_, to)) = ends.get(&at) {
            steps.push((at, *to));
            at = *to;
        }
        steps
    }
}

fn read_bounded(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(MOST_DOCUMENT as u64 + 8_192).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// So that a rename outlives a power cut. Windows has no such thing.
fn sync_directory(directory: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(directory)?.sync_all() } else { Ok(()) }
}

fn damaged(path: &Path, why: &str) -> Error {
    let message = format!("{} is not used: {why}", quote(&path.display().to_string()));
    Error::new(Code::CacheDamaged, "", message)
}

#[cfg(test)]
mod tests;
