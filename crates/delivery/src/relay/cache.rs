//! What a relay stores, so that it can start while its upstream is gone.
//!
//! ```text
//!   <directory>/relay-<environment>.snapshot    token, line break, document: one file, so that they are always of each other
//!   <directory>/relay-endorsements.json         the endorsements of signing keys, by environment
//!   <directory>/relay-keys.json                 hashes of SDK keys that were good, and what for
//! ```
//! Each file is written beside its place, synced and renamed: it is the old one or the new one, whole. Nothing read from it is
//! believed without its signature; who may write there may however say which SDK keys are good, so it is the relay's alone (0700).

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use axum::body::Bytes;
use parking_lot::Mutex;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tidegate::model::Key;

use super::keys::Stored;

/// The directory.
#[derive(Debug)]
pub(super) struct Cache {
    directory: PathBuf,
    /// One writer at a time: the newest is the last.
    writing: Mutex<()>,
}

impl Cache {
    /// Makes the directory, if it is not there.
    ///
    /// # Errors
    /// If it cannot be made.
    pub(super) fn open(directory: &Path) -> io::Result<Self> {
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(directory)?;
        Ok(Self { directory: directory.to_owned(), writing: Mutex::default() })
    }

    /// The token and document of an environment.
    pub(super) fn snapshot(&self, environment: &Key) -> Option<(String, Bytes)> {
        let bytes = self.read(&snapshot_name(environment))?;
        let end = bytes.iter().position(|byte| *byte == b'\n')?;
        let token = std::str::from_utf8(bytes.get(..end)?).ok()?.to_owned();
        Some((token, Bytes::from(bytes).slice(end.checked_add(1)?..)))
    }

    /// Stores the token and document of an environment.
    pub(super) fn store_snapshot(&self, environment: &Key, token: &str, document: &[u8]) {
        self.write(&snapshot_name(environment), &[token.as_bytes(), b"\n", document]);
    }

    /// The endorsements of signing keys.
    pub(super) fn endorsements(&self) -> BTreeMap<Key, Vec<String>> {
        self.read_json("relay-endorsements.json")
    }

    /// Stores the endorsements of signing keys.
    pub(super) fn store_endorsements(&self, endorsements: &BTreeMap<Key, Vec<String>>) {
        self.write_json("relay-endorsements.json", endorsements);
    }

    /// The SDK keys that were good.
    pub(super) fn keys(&self) -> Vec<Stored> {
        self.read_json("relay-keys.json")
    }

    /// Stores the SDK keys that were good.
    pub(super) fn store_keys(&self, mut keys: Vec<Stored>) {
        keys.sort_unstable_by_key(|key| key.sha256.to_string());
        self.write_json("relay-keys.json", &keys);
    }

    fn read(&self, name: &str) -> Option<Vec<u8>> {
        let path = self.directory.join(name);
        match fs::read(&path) {
            Ok(bytes) => Some(bytes),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => {
                tracing::warn!(path = %path.display(), %error, "a stored file cannot be read");
                None
            }
        }
    }

    fn read_json<T: DeserializeOwned + Default>(&self, name: &str) -> T {
        let Some(bytes) = self.read(name) else { return T::default() };
        serde_json::from_slice(&bytes).unwrap_or_else(|error| {
            tracing::warn!(name, %error, "a stored file is not what was stored; it is passed over");
            T::default()
        })
    }

    fn write_json(&self, name: &str, value: &impl Serialize) {
        match serde_json::to_vec(value) {
            Ok(bytes) => self.write(name, &[&bytes]),
            Err(error) => tracing::error!(name, %error, "cannot be written as JSON"),
        }
    }

    /// A disk that is full or read-only is told, and is no reason to stop serving.
    fn write(&self, name: &str, parts: &[&[u8]]) {
        let _writing = self.writing.lock();
        if let Err(error) = self.replace(name, parts) {
            let path = self.directory.join(name);
            tracing::warn!(path = %path.display(), %error, "cannot be stored; serving goes on");
        }
    }

    fn replace(&self, name: &str, parts: &[&[u8]]) -> io::Result<()> {
        let mut file = tempfile::Builder::new().prefix(name).suffix(".new").tempfile_in(&self.directory)?;
        for part in parts {
            file.write_all(part)?;
        }
        file.as_file().sync_all()?;
        file.persist(self.directory.join(name)).map_err(|error| error.error)?;
        // The name too must survive a loss of power.
        File::open(&self.directory)?.sync_all()
    }
}

/// Keys may hold any character; file names may not.
fn snapshot_name(environment: &Key) -> String {
    let mut name = "relay-".to_owned();
    for byte in environment.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_') {
            name.push(char::from(byte));
        } else {
            name.push_str(&format!("%{byte:02X}"));
        }
    }
    // Where that is too long, a hash is as good a name.
    if name.len() > 200 {
        name = format!("relay-{}", tidegate::wire::Sha256::of(environment.as_bytes()));
    }
    name.push_str(".snapshot");
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_stored_is_read_again_and_what_is_broken_is_nothing() {
        let directory = tempfile::tempdir().unwrap();
        let cache = Cache::open(&directory.path().join("a/b")).unwrap();
        let environment = Key::from("prod/eu west");
        assert_eq!(cache.snapshot(&environment), None);
        cache.store_snapshot(&environment, "tok.en", b"{}\n{}");
        assert_eq!(cache.snapshot(&environment), Some(("tok.en".to_owned(), Bytes::from_static(b"{}\n{}"))));
        let endorsements = BTreeMap::from([(environment, vec!["e".to_owned()])]);
        cache.store_endorsements(&endorsements);
        assert_eq!(cache.endorsements(), endorsements);
        fs::write(directory.path().join("a/b/relay-endorsements.json"), "{").unwrap();
        assert!(cache.endorsements().is_empty());
        let names: Vec<_> = fs::read_dir(directory.path().join("a/b")).unwrap().collect();
        assert_eq!(names.len(), 2, "nothing is left beside: {names:?}");
    }

    #[test]
    fn environments_have_names_of_their_own() {
        let names = ["a", "A", "a/b", "a%2Fb", "ä", &"x".repeat(250), &"x".repeat(251)]
            .map(|name| snapshot_name(&name.into()));
        let distinct: std::collections::BTreeSet<_> = names.iter().collect();
        assert_eq!(distinct.len(), names.len());
        assert!(names.iter().all(|name| name.len() < 250 && !name.contains('/')));
    }
}
