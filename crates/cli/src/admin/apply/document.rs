//! The documents of `apply`: read from files, each with the place where it begins.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value as Json};
use tidegate::model;
use tidegate::release::Pipeline;
use tidegate_admin::domain::entity;

use super::super::file::{name, parse, read_text};
use crate::failure::{Exit, Failure, reason};

/// The kinds, in the order in which they are made; they are deleted in the other one.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd)]
#[serde(rename_all = "snake_case")]
pub(super) enum Kind {
    Environment,
    Attribute,
    Pipeline,
    Segment,
    Feature,
    ExclusionGroup,
}

impl Kind {
    /// As in documents.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Attribute => "attribute",
            Self::Environment => "environment",
            Self::ExclusionGroup => "exclusion_group",
            Self::Feature => "feature",
            Self::Pipeline => "pipeline",
            Self::Segment => "segment",
        }
    }

    /// Its list on the server.
    pub(super) fn path(self) -> &'static str {
        match self {
            Self::Attribute => "/attributes",
            Self::Environment => "/environments",
            Self::ExclusionGroup => "/exclusion-groups",
            Self::Feature => "/features",
            Self::Pipeline => "/pipelines",
            Self::Segment => "/segments",
        }
    }

    /// A spec as the server would write it: without what is default, numbers in one form.
    pub(super) fn normal(self, spec: &Json) -> Result<Json, serde_json::Error> {
        fn through<T: DeserializeOwned + serde::Serialize>(spec: &Json) -> Result<Json, serde_json::Error> {
            serde_json::to_value(serde_json::from_value::<T>(spec.clone())?)
        }
        match self {
            Self::Attribute => through::<model::Attribute>(spec),
            Self::Environment => through::<entity::Environment>(spec),
            Self::ExclusionGroup => through::<model::ExclusionGroup>(spec),
            Self::Feature => through::<model::Feature>(spec),
            Self::Pipeline => through::<Pipeline>(spec),
            Self::Segment => through::<model::Segment>(spec),
        }
    }
}

/// Where a document begins.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Place {
    file: String,
    line: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}

/// A document.
#[derive(Debug)]
pub(super) struct Document {
    pub(super) kind: Kind,
    pub(super) key: String,
    /// What it is to be, in normal form.
    pub(super) spec: Json,
    /// The pipeline that it is to be attached to; the inner none: to none.
    pub(super) pipeline: Option<Option<String>>,
    /// Of features: its labels, sorted.
    pub(super) tags: Option<Vec<String>>,
    /// Of pipelines: whether it is to be published.
    pub(super) publish: bool,
    pub(super) place: Place,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    kind: Kind,
    key: String,
    #[serde(default, deserialize_with = "given")]
    pipeline: Option<Option<String>>,
    tags: Option<Vec<String>>,
    publish: Option<bool>,
    #[serde(default)]
    spec: Json,
}

fn given<'de, D: serde::Deserializer<'de>>(de: D) -> Result<Option<Option<String>>, D::Error> {
    Option::<String>::deserialize(de).map(Some)
}

/// All documents of all files; every error at once.
pub(super) fn read_all(paths: &[PathBuf]) -> Result<Vec<Document>, Failure> {
    let mut files = Vec::new();
    for path in paths {
        collect(path, &mut files)?;
    }
    if files.is_empty() {
        return Err(Failure::new(Exit::Io, "there is no .yaml, .yml or .json file"));
    }
    let mut documents: Vec<Document> = Vec::new();
    let mut errors = Vec::new();
    let mut seen: BTreeMap<(Kind, String), Place> = BTreeMap::new();
    for file in files {
        for (place, text) in split(&name(&file), &read_text(&file)?) {
            match read(&place, &text) {
                Err(error) => errors.push(error),
                Ok(None) => {}
                Ok(Some(document)) => match seen.get(&(document.kind, document.key.clone())) {
                    Some(first) => errors.push(format!(
                        "{place}: the {} `{}` is also in {first}",
                        document.kind.as_str(),
                        document.key
                    )),
                    None => {
                        seen.insert((document.kind, document.key.clone()), place);
                        documents.push(document);
                    }
                },
            }
        }
    }
    if !errors.is_empty() {
        return Err(Failure::new(Exit::Document, errors.join("\n  "))
            .hint("tidegate apply --help shows what a document looks like"));
    }
    documents.sort_by(|a, b| (a.kind, &a.key).cmp(&(b.kind, &b.key)));
    Ok(documents)
}

/// The files of a path: itself, or those of a directory and the directories in it, sorted.
fn collect(path: &Path, files: &mut Vec<PathBuf>) -> Result<(), Failure> {
    if path == Path::new("-") || !path.is_dir() {
        files.push(path.to_owned());
        return Ok(());
    }
    let unreadable = |error: std::io::Error| {
        Failure::new(Exit::Io, format!("cannot read {}: {}", path.display(), reason(&error)))
    };
    let entries = fs::read_dir(path).map_err(unreadable)?;
    let mut entries: Vec<PathBuf> =
        entries.map(|entry| entry.map(|entry| entry.path())).collect::<Result<_, _>>().map_err(unreadable)?;
    entries.sort();
    for entry in entries {
        let hidden = entry.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        let known =
            entry.extension().is_some_and(|name| matches!(name.to_str(), Some("yaml" | "yml" | "json")));
        if !hidden && (entry.is_dir() || known) {
            collect(&entry, files)?;
        }
    }
    Ok(())
}

/// A file at its `---` lines, each part with its place.
fn split(file: &str, text: &str) -> Vec<(Place, String)> {
    let mut parts = vec![(1, String::new())];
    for (number, line) in text.lines().enumerate() {
        if line == "---" || line.starts_with("--- ") {
            parts.push((number + 2, String::new()));
        } else if let Some((_, part)) = parts.last_mut() {
            part.push_str(line);
            part.push('\n');
        }
    }
    let blank = |line: &str| line.trim().is_empty() || line.trim_start().starts_with('#');
    parts
        .into_iter()
        .filter(|(_, part)| !part.lines().all(blank))
        .map(|(line, part)| {
            let line = line + part.lines().take_while(|line| blank(line)).count();
            // The place of its first word; its text from the same line on.
            let text = part
                .lines()
                .skip_while(|line| blank(line))
                .fold(String::new(), |text, line| text + line + "\n");
            (Place { file: file.to_owned(), line }, text)
        })
        .collect()
}

fn read(place: &Place, text: &str) -> Result<Option<Document>, String> {
    let json = parse(text, &place.file, place.line).map_err(|failure| match failure {
        Failure::Problem { message, .. } => message,
        _ => format!("{place}: cannot be read"),
    })?;
    if json.is_null() {
        return Ok(None);
    }
    let written: Written = serde_json::from_value(json).map_err(|error| format!("{place}: {error}"))?;
    let Written { kind, key, pipeline, tags, publish, spec } = written;
    let wrong = |member: &str| {
        Err(format!(
            "{place}: {} `{key}`: only features{} have `{member}`",
            kind.as_str(),
            match member {
                "pipeline" => " and segments",
                _ => "",
            }
        ))
    };
    if pipeline.is_some() && !matches!(kind, Kind::Feature | Kind::Segment) {
        return wrong("pipeline");
    }
    if tags.is_some() && kind != Kind::Feature {
        return wrong("tags");
    }
    if publish.is_some() && kind != Kind::Pipeline {
        return Err(format!("{place}: {} `{key}`: only pipelines have `publish`", kind.as_str()));
    }
    // An environment may well have nothing to say.
    let spec = match spec {
        Json::Null if kind == Kind::Environment => Json::Object(Map::new()),
        spec => spec,
    };
    let spec = kind.normal(&spec).map_err(|error| format!("{place}: {} `{key}`: {error}", kind.as_str()))?;
    let tags = tags.map(|mut tags| {
        tags.sort();
        tags.dedup();
        tags
    });
    Ok(Some(Document {
        kind,
        key,
        spec,
        pipeline,
        tags,
        publish: publish.unwrap_or(true),
        place: place.clone(),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_split_at_its_marks_and_places_are_those_of_first_words() {
        let text = "# head\n---\n\nkind: a\n---\n# nothing\n--- # more\nkind: b\n";
        let parts: Vec<(usize, String)> =
            split("f", text).into_iter().map(|(place, text)| (place.line, text)).collect();
        assert_eq!(parts, [(4, "kind: a\n".to_owned()), (8, "kind: b\n".to_owned())]);
    }

    #[test]
    fn what_is_default_does_not_count() {
        let place = Place { file: "f".into(), line: 1 };
        let one = read(&place, "kind: feature\nkey: a\nspec: {kind: gate, enabled: true, rules: []}\n")
            .unwrap()
            .unwrap();
        let two = read(&place, "{\"kind\": \"feature\", \"key\": \"a\", \"spec\": {\"kind\": \"gate\"}}")
            .unwrap()
            .unwrap();
        assert_eq!(one.spec, two.spec);
        assert_eq!(one.pipeline, None);
        let detached =
            read(&place, "kind: feature\nkey: a\npipeline: null\nspec: {kind: gate}\n").unwrap().unwrap();
        assert_eq!(detached.pipeline, Some(None));
    }

    #[test]
    fn errors_name_file_and_line() {
        let place = Place { file: "f.yaml".into(), line: 7 };
        for (text, wanted) in [
            ("kind: flag\nkey: a\n", "f.yaml:7: unknown variant `flag`"),
            (
                "kind: feature\nkey: a\nspec: {kind: gate, rule: []}\n",
                "f.yaml:7: feature `a`: unknown field `rule`",
            ),
            (
                "kind: environment\nkey: a\npipeline: p\n",
                "f.yaml:7: environment `a`: only features and segments have `pipeline`",
            ),
            (
                "kind: feature\nkey: a\nspec: {kind: gate}\npublish: true\n",
                "f.yaml:7: feature `a`: only pipelines have `publish`",
            ),
            ("kind: feature\n  key: a\n", "f.yaml:8:"),
        ] {
            let error = read(&place, text).unwrap_err();
            assert!(error.starts_with(wanted), "{error}");
        }
    }
}
