//! Doing what a plan says, one thing after the other.
//!
//! What is refused is tried again after the rest, as long as anything gets done: what names something else waits until
//! that is there (an experiment and its exclusion group), and what is used goes after its users.

use std::collections::BTreeSet;

use serde_json::{Map, Value as Json, json};

use super::super::Session;
use super::super::client::{Answer, encode};
use super::super::json::object;
use super::super::preview::{outcome, release_of};
use super::document::{Document, Kind};
use super::plan::{Step, Verb};
use crate::failure::{Exit, Failure};

/// The member of a definition that names its exclusion group.
const GROUP: &str = "exclusion_group";

/// How changes are made that start releases.
pub(super) struct How {
    pub(super) start: Json,
    pub(super) supersede: bool,
}

/// Does all; answers what was done, an object each.
pub(super) fn execute(session: &mut Session, steps: &[Step], how: &How) -> Result<Vec<Json>, Failure> {
    let mut left: Vec<&Step> = steps.iter().filter(|step| step.verb != Verb::Unchanged).collect();
    let mut done = Vec::new();
    // An experiment names its group, and the group its experiments: those begin, or end, without it.
    let mut ungrouped: Option<BTreeSet<String>> = None;
    loop {
        let mut refused = Vec::new();
        let mut first = None;
        let before = left.len();
        for step in left {
            match one(session, step, how, ungrouped.as_ref().is_some_and(|some| some.contains(&step.key))) {
                Ok(answer) => {
                    let what = format!("{} {}", step.kind.as_str(), step.key);
                    session.say(&match step.verb {
                        Verb::Delete if release_of(&answer.body).is_none() => format!("{what}: deleted"),
                        _ => outcome(&what, &answer),
                    })?;
                    session.output.flush()?;
                    done.push(object([
                        ("kind", json!(step.kind.as_str())),
                        ("key", json!(step.key)),
                        ("release", json!(release_of(&answer.body))),
                    ]));
                }
                Err(failure) if is_refusal(&failure) => {
                    refused.push(step);
                    first = first.or(Some(failure));
                }
                Err(failure) => return Err(failure),
            }
        }
        match first {
            None => return Ok(done),
            Some(failure) if refused.len() == before => {
                if ungrouped.is_none() {
                    let some = ungroup(session, &refused)?;
                    let any = !some.is_empty();
                    ungrouped = Some(some);
                    if any {
                        left = refused;
                        continue;
                    }
                }
                if !done.is_empty() || refused.len() > 1 {
                    let names: Vec<String> =
                        refused.iter().map(|step| format!("{} {}", step.kind.as_str(), step.key)).collect();
                    crate::output::note(&format!("{} done; not done: {}", done.len(), names.join(", ")));
                }
                return Err(named(failure, refused.first().copied()));
            }
            Some(_) => left = refused,
        }
    }
}

/// Makes the experiments that wait for their exclusion group without it, or takes them out of it to be deleted; which ones.
///
/// Not those with a pipeline: this would be a release of its own.
fn ungroup(session: &Session, refused: &[&Step]) -> Result<BTreeSet<String>, Failure> {
    let mut done = BTreeSet::new();
    for step in refused.iter().filter(|step| step.kind == Kind::Feature) {
        let path = format!("{}/{}", step.kind.path(), encode(&step.key));
        match (&step.document, &step.before) {
            (Some(document), None)
                if document.pipeline.clone().flatten().is_none() && document.spec.get(GROUP).is_some() =>
            {
                let body = object([("key", json!(step.key)), ("definition", without_group(&document.spec))]);
                session.client.post(step.kind.path(), &body)?;
            }
            (None, Some(before)) if before.get("pipeline").is_none_or(Json::is_null) => {
                let definition = before.get("definition").unwrap_or(&Json::Null);
                if definition.get(GROUP).is_none() {
                    continue;
                }
                let base = before.get("definition_revision").unwrap_or(&Json::Null);
                let body = json!({ "definition": without_group(definition), "base_revision": base });
                session.client.put(&path, &body)?;
            }
            _ => continue,
        }
        done.insert(step.key.clone());
    }
    Ok(done)
}

fn without_group(definition: &Json) -> Json {
    let mut definition = definition.clone();
    if let Json::Object(members) = &mut definition {
        members.remove(GROUP);
    }
    definition
}

fn is_refusal(failure: &Failure) -> bool {
    matches!(
        failure,
        Failure::Problem { exit: Exit::Refused, .. } | Failure::Document { exit: Exit::Refused, .. }
    )
}

/// A refusal with what it is about, and where that is written.
fn named(failure: Failure, step: Option<&Step>) -> Failure {
    match (failure, step) {
        (Failure::Problem { exit, message, hint }, Some(step)) => {
            let place =
                step.document.as_ref().map(|document| format!("{}: ", document.place)).unwrap_or_default();
            let message = format!("{place}{} `{}`: {message}", step.kind.as_str(), step.key);
            Failure::Problem { exit, message, hint }
        }
        (failure, _) => failure,
    }
}

/// `is_ungrouped`: it was changed meanwhile, by [`ungroup`].
fn one(session: &Session, step: &Step, how: &How, is_ungrouped: bool) -> Result<Answer, Failure> {
    let path = format!("{}/{}", step.kind.path(), encode(&step.key));
    let Some(document) = &step.document else {
        return delete(session, step, &path, how, is_ungrouped);
    };
    match step.kind {
        Kind::Attribute | Kind::ExclusionGroup => put(session, step, &path, &document.spec),
        Kind::Environment if step.verb == Verb::Create => {
            session.client.post(step.kind.path(), &with(&document.spec, "name", json!(step.key)))
        }
        Kind::Environment => put(session, step, &path, &document.spec),
        Kind::Pipeline => pipeline(session, step, document, &path),
        Kind::Feature if is_ungrouped => {
            let now = session.client.get(&path)?;
            let base = now.get("definition_revision").unwrap_or(&Json::Null);
            let body = json!({ "definition": document.spec, "base_revision": base });
            let answer = session.client.put(&path, &body)?;
            if let Some(tags) = &document.tags {
                session.client.put(&format!("{path}/tags"), &json!({ "tags": tags }))?;
            }
            Ok(answer)
        }
        Kind::Feature | Kind::Segment => definition(session, step, document, &path, how),
    }
}

/// Over what the plan was made with, if there was anything.
fn put(session: &Session, step: &Step, path: &str, spec: &Json) -> Result<Answer, Failure> {
    match &step.before {
        Some(before) => session.client.put_over(path, spec, before),
        None => session.client.put(path, spec),
    }
}

fn delete(
    session: &Session,
    step: &Step,
    path: &str,
    how: &How,
    is_ungrouped: bool,
) -> Result<Answer, Failure> {
    let base = step.before.as_ref().and_then(|before| before.get("definition_revision")).cloned();
    let base = base.filter(|_| !is_ungrouped);
    let body = match step.kind {
        Kind::Feature | Kind::Segment => {
            Some(object([("base_revision", base.unwrap_or(Json::Null)), ("start", how.start.clone())]))
        }
        _ => None,
    };
    session.client.delete(path, body.as_ref())
}

fn pipeline(session: &Session, step: &Step, document: &Document, path: &str) -> Result<Answer, Failure> {
    let mut answer = None;
    if step.verb == Verb::Create {
        let body = json!({ "key": step.key, "body": document.spec });
        // Made in an earlier attempt, and then not published: it is there already.
        answer = match session.client.find(path)? {
            Some(_) => None,
            None => Some(session.client.post(step.kind.path(), &body)?),
        };
    } else if step.changes_spec {
        let revision =
            step.before.as_ref().and_then(|before| before.get("revision")).map_or(Json::Null, Json::clone);
        let body = json!({ "body": document.spec, "base_revision": revision });
        let now = session.client.get(path)?;
        let is_done = now
            .get("draft")
            .is_some_and(|draft| step.kind.normal(draft).ok().as_ref() == Some(&document.spec));
        answer = if is_done { None } else { Some(session.client.put(path, &body)?) };
    }
    if step.publishes {
        answer = Some(session.client.post(&format!("{path}/publish"), &object([]))?);
    }
    Ok(answer.unwrap_or(Answer { status: 200, body: Json::Null }))
}

fn definition(
    session: &Session,
    step: &Step,
    document: &Document,
    path: &str,
    how: &How,
) -> Result<Answer, Failure> {
    let start = how.start.clone();
    if step.verb == Verb::Create {
        let pipeline = document.pipeline.clone().flatten();
        let body = object([
            ("key", json!(step.key)),
            ("definition", document.spec.clone()),
            ("pipeline", json!(pipeline)),
            ("tags", json!(document.tags)),
            ("start", start),
        ]);
        return session.client.post(step.kind.path(), &body);
    }
    let mut answer = Answer { status: 200, body: Json::Null };
    if step.attaches {
        let pipeline = document.pipeline.clone().flatten();
        answer = session.client.put(&format!("{path}/pipeline"), &json!({ "pipeline": pipeline }))?;
    }
    if step.tags {
        answer = session.client.put(&format!("{path}/tags"), &json!({ "tags": document.tags }))?;
    }
    if step.changes_spec {
        let before = step.before.as_ref().and_then(|before| before.get("definition_revision")).cloned();
        let body = object([
            ("definition", document.spec.clone()),
            ("base_revision", before.unwrap_or(Json::Null)),
            ("start", start),
            ("supersede", if how.supersede { json!(true) } else { Json::Null }),
        ]);
        answer = session.client.put(path, &body)?;
    }
    Ok(answer)
}

fn with(spec: &Json, name: &str, value: Json) -> Json {
    let mut members = match spec {
        Json::Object(members) => members.clone(),
        _ => Map::new(),
    };
    members.insert(name.to_owned(), value);
    Json::Object(members)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_added_and_nothing_lost() {
        assert_eq!(with(&json!({"a": 1}), "name", json!("x")), json!({"a": 1, "name": "x"}));
        assert_eq!(with(&Json::Null, "name", json!("x")), json!({"name": "x"}));
    }
}
