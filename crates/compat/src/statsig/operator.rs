//! The operators of Statsig as cases of native tests; those on text here, those on numbers and time in `number`.
//!
//! A user's value has several views there: a boolean and a number are also their text, a string that reads as a number is
//! also that number, a list is also its JSON text, and nothing at all is the empty text. A view that has a native test
//! is a case; one that has none is false here, and is noted.

use serde_json::{Value, json};

use super::logic::{Cases, Cond, Subject};
use super::number;
use super::pattern::is_common;
use crate::report::Kind;

/// What an operator notes about what it cannot express.
pub(super) type Notes = Vec<(Kind, String)>;

/// The cases of an operator; `None` if there is no such operator.
pub(super) fn cases(op: &str, target: &Value, subject: &Subject, notes: &mut Notes) -> Option<Cases> {
    Some(match op {
        "any" | "any_case_sensitive" => membership(op == "any", target, subject, notes),
        "none" | "none_case_sensitive" => membership(op == "none", target, subject, notes).not(),
        "str_starts_with_any" => affix(Affix::Starts, target, subject, notes),
        "str_ends_with_any" => affix(Affix::Ends, target, subject, notes),
        "str_contains_any" => affix(Affix::Contains, target, subject, notes),
        "str_contains_none" => affix(Affix::Contains, target, subject, notes).not(),
        "str_matches" => matches(target, subject, notes),
        "gt" | "gte" | "lt" | "lte" => number::compare(op, target, subject, notes),
        "version_gt" | "version_gte" | "version_lt" | "version_lte" | "version_eq" | "version_neq" => {
            version(op, target, subject, notes)
        }
        "before" | "after" | "on" => number::instant(op, target, subject, notes),
        "eq" => equal(target, subject, notes),
        "neq" => equal(target, subject, notes).not(),
        "in_segment_list" | "not_in_segment_list" => {
            notes.push((Kind::IdList, format!("the id list {target} is taken as empty")));
            Cases::constant(op == "not_in_segment_list")
        }
        "array_contains_any" | "array_contains_all" | "array_contains_none" | "not_array_contains_all" => {
            elements(op, target, subject, notes)
        }
        _ => return None,
    })
}

/// The texts of a list operand, as Statsig keeps them: one for each lower-case form, the last one written.
fn texts(target: &Value) -> Vec<(String, String)> {
    let mut texts: Vec<(String, String)> = Vec::new();
    let mut places = std::collections::HashMap::new();
    for value in target.as_array().into_iter().flatten() {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let lower = text.to_lowercase();
        let place = *places.entry(lower.clone()).or_insert(texts.len());
        match texts.get_mut(place) {
            Some(earlier) => earlier.1 = text,
            None => texts.push((lower, text)),
        }
    }
    texts
}

fn membership(fold: bool, target: &Value, subject: &Subject, notes: &mut Notes) -> Cases {
    let needles = match target {
        Value::Object(keys) if fold => {
            keys.keys().filter(|key| key.to_lowercase() == **key).cloned().collect()
        }
        _ => texts(target).into_iter().map(|(lower, text)| if fold { lower } else { text }).collect(),
    };
    one_of(fold, needles, subject, notes)
}

/// Whether the text of the value is one of `needles` (in lower case if `fold`).
fn one_of(fold: bool, needles: Vec<String>, subject: &Subject, notes: &mut Notes) -> Cases {
    if fold {
        note_sigma(&needles, notes);
    }
    if needles.iter().any(|needle| needle.starts_with('[')) {
        notes.push((
            Kind::ValueAsText,
            "a list is compared as its JSON text there, and equals none here".to_owned(),
        ));
    }
    let numbers: Vec<Value> = needles.iter().filter_map(|needle| as_number(needle)).collect();
    let has = |text: &str| needles.iter().any(|needle| needle == text);
    let empty = Cond::constant(has(""));
    let boolean = truth(has("true"), has("false"), subject);
    let string = match needles.is_empty() {
        true => Cond::Never,
        false if fold && needles.iter().any(|needle| needle.chars().any(char::is_alphabetic)) => {
            subject.folded("in", json!(needles))
        }
        false => subject.test("in", json!(needles)),
    };
    let number = if numbers.is_empty() { Cond::Never } else { subject.test("in", json!(numbers)) };
    Cases { string, number, boolean, list: Cond::Never, object: empty.clone(), missing: empty }
}

fn truth(of_true: bool, of_false: bool, subject: &Subject) -> Cond {
    match (of_true, of_false) {
        (true, true) => Cond::Always,
        (false, false) => Cond::Never,
        (of_true, _) => subject.test("eq", Value::from(of_true)),
    }
}

/// The number whose text is `text`.
fn as_number(text: &str) -> Option<Value> {
    let number = text.parse::<f64>().ok().filter(|number| number.is_finite())?;
    (number.to_string() == text).then(|| number::exact(number))
}

fn note_sigma(needles: &[String], notes: &mut Notes) {
    if needles.iter().any(|needle| needle.contains(['σ', 'ς'])) {
        notes
            .push((Kind::CaseFolding, "`Σ` at the end of a word folds to `ς` there, to `σ` here".to_owned()));
    }
}

#[derive(Clone, Copy)]
enum Affix {
    Contains,
    Ends,
    Starts,
}

impl Affix {
    fn op(self) -> &'static str {
        match self {
            Self::Contains => "contains",
            Self::Ends => "ends_with",
            Self::Starts => "starts_with",
        }
    }

    fn is_in(self, text: &str, needle: &str) -> bool {
        match self {
            Self::Contains => text.contains(needle),
            Self::Ends => text.ends_with(needle),
            Self::Starts => text.starts_with(needle),
        }
    }

    fn may_be_in_list(self, needle: &str) -> bool {
        match self {
            Self::Contains => true,
            Self::Ends => needle.ends_with(']'),
            Self::Starts => needle.starts_with('['),
        }
    }
}

fn affix(affix: Affix, target: &Value, subject: &Subject, notes: &mut Notes) -> Cases {
    let needles: Vec<String> = texts(target).into_iter().map(|(lower, _)| lower).collect();
    if needles.is_empty() {
        return Cases::constant(false);
    }
    if needles.iter().any(String::is_empty) {
        return Cases::constant(true);
    }
    note_sigma(&needles, notes);
    let numeric = |needle: &String| needle.chars().all(|c| c.is_ascii_digit() || c == '.' || c == '-');
    if needles.iter().any(numeric) && !subject.text_only {
        notes.push((
            Kind::ValueAsText,
            "a number is searched as its text there, and has no text here".to_owned(),
        ));
    }
    if needles.iter().any(|needle| affix.may_be_in_list(needle)) && !subject.text_only {
        notes.push((
            Kind::ValueAsText,
            "a list is searched as its JSON text there, and has no text here".to_owned(),
        ));
    }
    let has = |text| needles.iter().any(|needle| affix.is_in(text, needle));
    let boolean = truth(has("true"), has("false"), subject);
    Cases { string: subject.folded(affix.op(), json!(needles)), boolean, ..Cases::constant(false) }
}

fn matches(target: &Value, subject: &Subject, notes: &mut Notes) -> Cases {
    let Some(pattern) = target.as_str() else {
        return Cases::constant(false);
    };
    if !is_common(pattern) {
        notes.push((
            Kind::RegexSyntax,
            format!("the pattern `{pattern}` is not surely valid here; it never matches"),
        ));
        return Cases::constant(false);
    }
    let test = subject.test("matches", Value::from(pattern));
    let string = match subject.empty_is_missing {
        true => Cond::all([test, subject.test("eq", Value::from("")).not()]),
        false => test,
    };
    if !subject.text_only {
        let message = "a number, boolean or list is matched as its text there, and never matches here";
        notes.push((Kind::ValueAsText, message.to_owned()));
    }
    Cases { string, ..Cases::constant(false) }
}

fn version(op: &str, target: &Value, subject: &Subject, notes: &mut Notes) -> Cases {
    let parts = target.as_str().map(|text| text.split('-').next().unwrap_or_default());
    let numbers: Option<Vec<u128>> = parts.and_then(|parts| {
        let number = |part: &str| part.trim().parse::<i128>().ok().and_then(|part| u128::try_from(part).ok());
        parts.split('.').map(number).collect()
    });
    let Some(numbers) = numbers else {
        return Cases::constant(false);
    };
    let text = numbers.iter().map(u128::to_string).collect::<Vec<_>>().join(".");
    notes.push((
        Kind::VersionSyntax,
        "of `v1.2`, `1.2+x`, `1.2 x` and digits beyond 127 bits only this side makes a version; of `1. 2` and `+1.2` only \
         the other"
            .to_owned(),
    ));
    if !subject.text_only {
        let message = "a number is a version as its text there, and is none here";
        notes.push((Kind::ValueAsText, message.to_owned()));
    }
    let string = match op {
        "version_neq" => subject.test("version_eq", Value::from(text)).not(),
        _ => subject.test(op, Value::from(text)),
    };
    Cases { string, ..Cases::constant(false) }
}

fn equal(target: &Value, subject: &Subject, notes: &mut Notes) -> Cases {
    match target {
        Value::Null => {
            let string = match subject.empty_is_missing {
                true => subject.test("eq", Value::from("")),
                false => Cond::Never,
            };
            Cases { string, missing: Cond::Always, ..Cases::constant(false) }
        }
        Value::Bool(_) => Cases { boolean: subject.test("eq", target.clone()), ..Cases::constant(false) },
        Value::Number(_) => number::compare("eq", target, subject, notes),
        Value::String(text) if text.is_empty() && subject.empty_is_missing => Cases::constant(false),
        Value::String(text) => {
            let cases = one_of(false, vec![text.clone()], subject, notes);
            Cases { object: Cond::Never, missing: Cond::Never, ..cases }
        }
        Value::Array(_) | Value::Object(_) => {
            notes.push((Kind::ListEquality, "equality with a list or object counts as false".to_owned()));
            Cases::constant(false)
        }
    }
}

fn elements(op: &str, target: &Value, subject: &Subject, notes: &mut Notes) -> Cases {
    if !target.is_array() {
        return Cases::constant(false);
    }
    // Each target as the values whose text it is; to hold one of them is to hold it.
    let texts: Vec<String> = texts(target).into_iter().map(|(_, text)| text).collect();
    let views: Vec<Vec<Value>> = texts
        .iter()
        .map(|text| [Some(Value::from(text.as_str())), as_number(text)].into_iter().flatten().collect())
        .collect();
    if texts.iter().any(|text| text == "true" || text == "false" || text.starts_with('[')) {
        let message =
            "an element that is a boolean or list is compared as its text there, and equals nothing here";
        notes.push((Kind::ValueAsText, message.to_owned()));
    }
    let flat: Vec<&Value> = views.iter().flatten().collect();
    let list = match op {
        "array_contains_any" => subject.test("contains_any", json!(flat)),
        "array_contains_none" => subject.test("contains_none", json!(flat)),
        "array_contains_all" if views.is_empty() => subject.test("is_type", Value::from("list")),
        "array_contains_all" => Cond::all(views.iter().map(|view| subject.test("contains_any", json!(view)))),
        _ => Cond::any(views.iter().map(|view| subject.test("contains_none", json!(view)))),
    };
    Cases { list, ..Cases::constant(false) }
}
