//! What must be done so that the server has what the documents say.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};
use similar::{ChangeTag, TextDiff};

use super::super::Session;
use super::super::client::encode;
use super::super::json::{at, items, pretty, strings, text};
use super::super::preview::release_of;
use super::document::{Document, Kind};
use crate::failure::{Exit, Failure};

/// What is done to something.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Verb {
    Create,
    Delete,
    Unchanged,
    Update,
}

/// What is done to one thing.
#[derive(Debug)]
pub(super) struct Step {
    pub(super) verb: Verb,
    pub(super) kind: Kind,
    pub(super) key: String,
    /// What it is to be; none where it is deleted.
    pub(super) document: Option<Document>,
    /// What the server has.
    pub(super) before: Option<Json>,
    /// Its spec differs.
    pub(super) changes_spec: bool,
    /// Its pipeline differs.
    pub(super) attaches: bool,
    /// Its labels differ.
    pub(super) tags: bool,
    /// Of a pipeline: its draft is to be published.
    pub(super) publishes: bool,
    diff: Vec<String>,
    note: Option<String>,
}

impl Step {
    /// In lines, for people.
    pub(super) fn lines(&self) -> String {
        let sign = match self.verb {
            Verb::Create => '+',
            Verb::Delete => '-',
            Verb::Unchanged => '=',
            Verb::Update => '~',
        };
        let mut out = format!("{sign} {} {}", self.kind.as_str(), self.key);
        if let Some(document) = &self.document {
            out.push_str(&format!("  ({})", document.place));
        }
        for line in self.diff.iter().chain(&self.note) {
            out.push_str(&format!("\n    {line}"));
        }
        out
    }

    /// For machines.
    pub(super) fn to_json(&self) -> Json {
        let action = match self.verb {
            Verb::Create => "create",
            Verb::Delete => "delete",
            Verb::Unchanged => "unchanged",
            Verb::Update => "update",
        };
        json!({
            "action": action,
            "kind": self.kind.as_str(),
            "key": self.key,
            "place": self.document.as_ref().map(|document| document.place.to_string()),
            "diff": self.diff,
        })
    }
}

/// All steps: what is made and changed in order of kinds, then what is deleted, the other way round.
pub(super) fn plan(session: &Session, documents: Vec<Document>, prune: bool) -> Result<Vec<Step>, Failure> {
    let mut kinds: Vec<Kind> = documents.iter().map(|document| document.kind).collect();
    kinds.dedup();
    let mut there: BTreeMap<(Kind, String), Json> = BTreeMap::new();
    for kind in &kinds {
        for one in session.client.list(kind.path(), None)? {
            let key = text(&one, "key").or_else(|| text(&one, "name")).or_else(|| text(&one, "id"));
            if let Some(key) = key.map(str::to_owned) {
                there.insert((*kind, key), one);
            }
        }
    }
    let mut steps = Vec::new();
    for document in documents {
        let listed = there.remove(&(document.kind, document.key.clone()));
        steps.push(step(session, document, listed)?);
    }
    if prune {
        let mut gone: Vec<Step> = there
            .into_iter()
            .filter(|(_, before)| !is_archived_pipeline(before))
            .map(|((kind, key), before)| Step {
                verb: Verb::Delete,
                kind,
                key,
                document: None,
                before: Some(before),
                changes_spec: false,
                attaches: false,
                tags: false,
                publishes: false,
                diff: Vec::new(),
                note: None,
            })
            .collect();
        gone.reverse();
        steps.append(&mut gone);
    }
    Ok(steps)
}

/// A pipeline that was published may only be archived, so it stays for ever.
fn is_archived_pipeline(before: &Json) -> bool {
    text(before, "state") == Some("archived")
}

fn step(session: &Session, document: Document, listed: Option<Json>) -> Result<Step, Failure> {
    let Some(listed) = listed else {
        let diff = marked('+', &document.spec);
        let note = match &document.pipeline {
            Some(Some(pipeline)) => Some(format!("in a release of pipeline {pipeline}")),
            _ => None,
        };
        let publishes = document.kind == Kind::Pipeline && document.publish;
        return Ok(Step {
            verb: Verb::Create,
            kind: document.kind,
            key: document.key.clone(),
            before: None,
            changes_spec: true,
            attaches: false,
            tags: document.tags.is_some(),
            publishes,
            diff,
            note,
            document: Some(document),
        });
    };
    // A list may leave out what is large.
    let before = session.client.get(&format!("{}/{}", document.kind.path(), encode(&document.key)));
    let before = match before {
        Ok(before) => before,
        Err(Failure::Problem { exit: Exit::Refused, .. } | Failure::Document { exit: Exit::Refused, .. }) => {
            listed
        }
        Err(failure) => return Err(failure),
    };
    let was = spec_of(session, document.kind, &document.key, &before)?;
    let was = was.map(|was| document.kind.normal(&was).unwrap_or(was));
    let changes_spec = was.as_ref() != Some(&document.spec);
    let pipeline = text(&before, "pipeline");
    let attaches = document.pipeline.as_ref().is_some_and(|wanted| wanted.as_deref() != pipeline);
    let mut had = strings(&before, "tags");
    had.sort();
    let tags = document.tags.as_ref().is_some_and(|tags| *tags != had);
    let is_draft = at(&before, "/draft").is_some() || at(&before, "/published").is_none();
    let publishes = document.kind == Kind::Pipeline && document.publish && (changes_spec || is_draft);
    let mut diff = Vec::new();
    if changes_spec {
        diff = unified(was.as_ref().unwrap_or(&Json::Null), &document.spec);
    }
    if attaches {
        let name = |pipeline: Option<&str>| pipeline.unwrap_or("none").to_owned();
        let wanted = document.pipeline.as_ref().and_then(|wanted| wanted.as_deref());
        diff.push(format!("pipeline: {} -> {}", name(pipeline), name(wanted)));
    }
    if tags {
        diff.push(format!(
            "tags: {} -> {}",
            had.join(","),
            document.tags.as_ref().map(|tags| tags.join(",")).unwrap_or_default()
        ));
    }
    if publishes && !changes_spec {
        diff.push("publish the draft".to_owned());
    }
    let through = match &document.pipeline {
        Some(wanted) => wanted.as_deref(),
        None => pipeline,
    };
    let note =
        through.filter(|_| changes_spec).map(|pipeline| format!("in a release of pipeline {pipeline}"));
    let verb = if changes_spec || attaches || tags || publishes { Verb::Update } else { Verb::Unchanged };
    Ok(Step {
        verb,
        kind: document.kind,
        key: document.key.clone(),
        before: Some(before),
        changes_spec,
        attaches,
        tags,
        publishes,
        diff,
        note,
        document: Some(document),
    })
}

/// What something is to be once all that runs has ended: the candidate of its release, else its definition.
fn spec_of(session: &Session, kind: Kind, key: &str, before: &Json) -> Result<Option<Json>, Failure> {
    Ok(match kind {
        Kind::Feature | Kind::Segment => {
            if let Some(release) = release_of(before) {
                let release = session.client.get(&super::super::release::path(&release))?;
                let change =
                    at(&release, "/plan").and_then(|plan| plan.get(format!("{}s", kind.as_str()))?.get(key));
                if let Some(candidate) = change.and_then(|change| change.get("candidate")) {
                    return Ok(Some(candidate.clone()).filter(|candidate| !candidate.is_null()));
                }
            }
            at(before, "/definition").cloned()
        }
        Kind::Pipeline => {
            let pointers = ["/draft", "/published/body"];
            pointers
                .into_iter()
                .find_map(|pointer| at(before, pointer))
                .filter(|body| !items(body, "phases").is_empty())
                .cloned()
        }
        Kind::Attribute | Kind::Environment | Kind::ExclusionGroup => {
            let mut spec = at(before, "/body").unwrap_or(before).clone();
            if let Json::Object(members) = &mut spec {
                for name in ["key", "name", "revision", "created_at", "updated_at", "author"] {
                    members.remove(name);
                }
            }
            // What a view adds beyond the entity is not part of what was written.
            if kind == Kind::Environment
                && let Json::Object(members) = &mut spec
            {
                members.retain(|name, _| {
                    matches!(name.as_str(), "description" | "production" | "pipelines" | "floor")
                });
            }
            Some(spec)
        }
    })
}

fn marked(sign: char, spec: &Json) -> Vec<String> {
    pretty(spec).lines().map(|line| format!("{sign} {line}")).collect()
}

/// A unified diff with two lines around.
fn unified(before: &Json, after: &Json) -> Vec<String> {
    let (before, after) = (pretty(before), pretty(after));
    let diff = TextDiff::from_lines(&before, &after);
    let mut out = Vec::new();
    for (number, group) in diff.grouped_ops(2).iter().enumerate() {
        if number > 0 {
            out.push("…".to_owned());
        }
        for change in group.iter().flat_map(|op| diff.iter_changes(op)) {
            let sign = match change.tag() {
                ChangeTag::Delete => '-',
                ChangeTag::Equal => ' ',
                ChangeTag::Insert => '+',
            };
            out.push(format!("{sign} {}", change.value().trim_end_matches('\n')));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_diff_shows_what_changes_and_two_lines_around() {
        let before = json!({"a": 1, "b": 2, "c": 3, "d": 4, "e": 5});
        let mut after = before.clone();
        after["c"] = json!(30);
        let wanted =
            ["  \"a\": 1,", "  \"b\": 2,", "  \"c\": 3,", "  \"c\": 30,", "  \"d\": 4,", "  \"e\": 5"];
        let lines = unified(&before, &after);
        let signs: String = lines.iter().map(|line| line.chars().next().unwrap()).collect();
        assert_eq!(signs, "  -+  ");
        for (line, wanted) in lines.iter().zip(wanted) {
            assert_eq!(line[2..], *wanted);
        }
    }
}
