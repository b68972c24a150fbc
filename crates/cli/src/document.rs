//! Documents: reading them, serving them, and what must be known of them to help the one who typed.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use tidegate::Value;
use tidegate::engine::Engine;
use tidegate::error::{Diagnostic, Error, Severity};
use tidegate::model::Mode;
use tidegate::value::{MAX_BYTES, parse};

use crate::failure::{Exit, Failure, reason};
use crate::nearest::nearest;
use crate::output::{self, some_of};

/// So many problems that do not stop a verb are listed.
const MOST: usize = 20;

/// A document's bytes, and what it is called.
pub(crate) struct Document {
    pub(crate) name: String,
    pub(crate) bytes: Vec<u8>,
}

/// Whether a path stands for stdin.
pub(crate) fn is_stdin(path: &Path) -> bool {
    path.as_os_str() == "-"
}

/// What a path is called.
pub(crate) fn name(path: &Path) -> String {
    if is_stdin(path) { "stdin".to_owned() } else { path.display().to_string() }
}

/// Opens a file, or stdin for `-`; of a file also its length.
pub(crate) fn open(path: &Path) -> Result<(Box<dyn Read>, Option<u64>), Failure> {
    if is_stdin(path) {
        return Ok((Box::new(io::stdin().lock()), None));
    }
    let file = File::open(path).map_err(|error| unreadable(path, &error))?;
    let length = file.metadata().ok().filter(std::fs::Metadata::is_file).map(|metadata| metadata.len());
    Ok((Box::new(file), length))
}

pub(crate) fn unreadable(path: &Path, error: &io::Error) -> Failure {
    let failure = Failure::new(Exit::Io, format!("cannot read `{}`: {}", path.display(), reason(error)));
    match error.kind() {
        io::ErrorKind::NotFound => match neighbour(path) {
            Some(name) => failure.hint(format!("there is `{name}`")),
            None => failure,
        },
        io::ErrorKind::IsADirectory => failure.hint("name the file in it"),
        _ => failure,
    }
}

/// The file beside it that has nearly its name.
fn neighbour(path: &Path) -> Option<String> {
    let name = path.file_name()?.to_str()?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let entries = std::fs::read_dir(folder.unwrap_or_else(|| Path::new("."))).ok()?.take(10_000).flatten();
    let names: Vec<String> = entries.filter_map(|entry| entry.file_name().into_string().ok()).collect();
    let near = nearest(name, names.iter().map(String::as_str))?;
    Some(folder.map_or_else(|| near.to_owned(), |folder| folder.join(near).display().to_string()))
}

impl Document {
    pub(crate) fn read(path: &Path) -> Result<Self, Failure> {
        let name = name(path);
        let (reader, length) = open(path)?;
        let mut bytes = Vec::with_capacity(length.unwrap_or(0).min(MAX_BYTES as u64) as usize);
        // One byte more than a document may have, so that the parser refuses it.
        let limited = reader.take(MAX_BYTES as u64 + 1);
        io::BufReader::new(limited).read_to_end(&mut bytes).map_err(|error| unreadable(path, &error))?;
        Ok(Self { name, bytes })
    }

    /// An engine that serves it.
    pub(crate) fn serve(&self, process: &BTreeMap<String, Value>, mode: Mode) -> Result<Engine, Failure> {
        let mut builder = Engine::builder().mode(mode);
        for (name, value) in process {
            builder = builder.process(name, value.clone());
        }
        let engine = builder.build();
        let update = engine.load(&self.bytes).map_err(|error| self.refused(&error, mode))?;
        tell(&update.diagnostics);
        if !update.isolated.is_empty() {
            let names = some_of(update.isolated.iter().map(|key| &**key));
            output::warning(&format!("served otherwise than the document says: {names}"), None);
        }
        Ok(engine)
    }

    /// Says why it is refused.
    pub(crate) fn refused(&self, error: &Error, mode: Mode) -> Failure {
        tell(error.diagnostics());
        let name = &self.name;
        let failure = Failure::new(Exit::Document, format!("`{name}` is refused"));
        if mode == Mode::Lenient || error.is_document() {
            return failure;
        }
        failure.hint("with --lenient, what is sound is served and the rest isolated")
    }
}

/// Says the errors among some diagnostics; the warnings are for `validate`.
fn tell(diagnostics: &[Diagnostic]) {
    let errors = || diagnostics.iter().filter(|diagnostic| diagnostic.severity == Severity::Error);
    errors().take(MOST).for_each(output::diagnostic);
    let more = errors().count().saturating_sub(MOST);
    if more > 0 {
        output::note(&format!("… and {more} more; `tidegate validate` lists all"));
    }
}

/// What a document has, by name.
#[derive(Debug, Default)]
pub(crate) struct Outline {
    pub(crate) version: Option<i64>,
    /// The features that SEMANTICS 6.1 knows, sorted by bytes.
    pub(crate) features: Vec<String>,
    pub(crate) segments: usize,
    pub(crate) releases: usize,
    pub(crate) environment: Option<String>,
    /// The environments that it declares.
    pub(crate) environments: BTreeSet<String>,
    /// The attributes that it declares, tests or buckets.
    pub(crate) attributes: BTreeSet<String>,
}

impl Outline {
    /// Of any bytes; of what is no document, nothing.
    pub(crate) fn of(document: &[u8]) -> Self {
        let Ok(parsed) = parse(document) else { return Self::default() };
        let root = parsed.root.into_value();
        let mut outline = Self {
            version: root.get("version").and_then(Value::as_i64),
            features: known_features(&root),
            segments: root.get("segments").and_then(Value::size).unwrap_or(0),
            releases: root.get("releases").and_then(Value::size).unwrap_or(0),
            environment: root.get("environment").and_then(Value::as_str).map(str::to_owned),
            environments: keys(root.get("environments")).map(str::to_owned).collect(),
            attributes: ["environment", "user_id"].map(str::to_owned).into(),
        };
        outline.attributes.extend(keys(root.get("attributes")).map(str::to_owned));
        for part in ["segments", "features", "releases", "exclusion_groups"] {
            root.get(part).into_iter().for_each(|part| read_names(part, &mut outline.attributes));
        }
        outline
    }

    /// The key as it is known, or why not.
    pub(crate) fn check_feature(&self, key: &str) -> Result<(), Failure> {
        if self.features.binary_search_by(|known| known.as_str().cmp(key)).is_ok() {
            return Ok(());
        }
        let failure = Failure::usage(format!("there is no feature `{key}` in the document"));
        let names = || self.features.iter().map(String::as_str);
        Err(match nearest(key, names()) {
            Some(near) => failure.hint(format!("did you mean `{near}`?")),
            None if self.features.is_empty() => failure.hint("it has no feature at all"),
            None => failure.hint(format!("it has {}", some_of(names()))),
        })
    }

    /// The features asked for, or all.
    pub(crate) fn select(&self, keys: &[String]) -> Result<Vec<String>, Failure> {
        if keys.is_empty() {
            return Ok(self.features.clone());
        }
        keys.iter().try_for_each(|key| self.check_feature(key))?;
        let chosen: BTreeSet<&String> = keys.iter().collect();
        Ok(chosen.into_iter().cloned().collect())
    }
}

/// The features of a document, and those that a release has a candidate for (SEMANTICS 6.1), sorted by bytes.
pub(crate) fn known_features(root: &Value) -> Vec<String> {
    let mut known: BTreeSet<&str> = keys(root.get("features")).collect();
    let releases = match root.get("releases") {
        Some(Value::List(releases)) => releases.as_slice(),
        _ => &[],
    };
    for release in releases {
        let entries = release.get("features").and_then(Value::as_object).unwrap_or_default();
        let given = entries.iter().filter(|(_, entry)| entry.get("candidate").is_some());
        known.extend(given.map(|(key, _)| &**key));
    }
    known.into_iter().map(str::to_owned).collect()
}

fn keys(object: Option<&Value>) -> impl Iterator<Item = &str> {
    object.and_then(Value::as_object).unwrap_or_default().iter().map(|(key, _)| &**key)
}

/// The names of attributes in conditions and of units, wherever they stand.
fn read_names(value: &Value, into: &mut BTreeSet<String>) {
    match value {
        Value::List(values) => values.iter().for_each(|value| read_names(value, into)),
        Value::Object(members) => {
            for (key, value) in members {
                match (&**key, value) {
                    ("attribute" | "unit", Value::Str(name)) => {
                        into.insert(name.to_string());
                    }
                    _ => read_names(value, into),
                }
            }
        }
        _ => {}
    }
}
