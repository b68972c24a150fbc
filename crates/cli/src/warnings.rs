//! What is not wrong but probably not meant: a misspelt attribute, an environment that nothing is for.

use std::collections::BTreeMap;

use tidegate::Value;

use crate::document::Outline;
use crate::nearest::nearest;
use crate::output::{some_of, warning};

const ENVIRONMENT: &str = "environment";

/// Warns of process attributes.
pub(crate) fn of_process(outline: &Outline, process: &BTreeMap<String, Value>) {
    misspelt(outline, process);
    if let Some(Value::Str(name)) = process.get(ENVIRONMENT) {
        unknown_environment(outline, name);
    }
}

/// Warns of a context that a person typed.
pub(crate) fn of_context(
    outline: &Outline,
    process: &BTreeMap<String, Value>,
    context: &BTreeMap<String, Value>,
) {
    misspelt(outline, context);
    for name in context.keys() {
        let fixed = match (process.get(name), &outline.environment) {
            (Some(_), _) => true,
            (None, environment) => name == ENVIRONMENT && environment.is_some(),
        };
        if fixed {
            warning(&format!("`{name}` is a process attribute: that of the context is not read"), None);
        }
    }
    let given = [process, context].iter().any(|map| map.contains_key(ENVIRONMENT));
    if !given && outline.environment.is_none() && !outline.environments.is_empty() {
        let names = some_of(outline.environments.iter().map(String::as_str));
        warning(
            "no environment is given: what is for an environment does not apply",
            Some(&format!("--process environment=…, one of {names}")),
        );
    }
    if let (None, Some(Value::Str(name))) = (process.get(ENVIRONMENT), context.get(ENVIRONMENT)) {
        unknown_environment(outline, name);
    }
}

fn misspelt(outline: &Outline, attributes: &BTreeMap<String, Value>) {
    for name in attributes.keys().filter(|name| !outline.attributes.contains(*name)) {
        if let Some(near) = nearest(name, outline.attributes.iter().map(String::as_str)) {
            warning(
                &format!("nothing in the document reads `{name}`"),
                Some(&format!("did you mean `{near}`?")),
            );
        }
    }
}

fn unknown_environment(outline: &Outline, name: &str) {
    if outline.environments.is_empty() || outline.environments.contains(name) {
        return;
    }
    let names = || outline.environments.iter().map(String::as_str);
    let hint = match nearest(name, names()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("it has {}", some_of(names().collect::<Vec<_>>().into_iter())),
    };
    warning(&format!("the document has no environment `{name}`"), Some(&hint));
}
