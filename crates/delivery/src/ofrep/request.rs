//! What is asked: the context of a request, read leniently where the protocol is and exactly where it is not.
//!
//! ```text
//!   {"context": {"targetingKey": "u-1", "plan": "pro"}} ─▶ Asked ─▶ Context { targeting_key, user_id: u-1, plan: pro }
//! ```
//! Each member of the context is the attribute of its name. `targetingKey` is also `targeting_key`, and `user_id`, unless the
//! context has these itself. Without a `targetingKey` nothing is refused: a missing unit is outside each share (SEMANTICS 5.2).

use tidegate::Engine;
use tidegate::context::Context;
use tidegate::value::{self, Value};

use super::answer::{ErrorCode, Failure};

/// OpenFeature's name of the subject.
const TARGETING_KEY: &str = "targetingKey";
/// The attributes that the subject's name becomes, where they are absent.
const SUBJECT: [&str; 2] = ["targeting_key", "user_id"];

/// The context that was sent.
#[derive(Debug)]
pub(super) struct Asked {
    members: Vec<(Box<str>, Value)>,
}

impl Asked {
    /// From the body of a request.
    ///
    /// # Errors
    /// `PARSE_ERROR` if it is not JSON, `INVALID_CONTEXT` if it has no context or one of another form.
    pub(super) fn parse(body: &[u8]) -> Result<Self, Failure> {
        let parsed = value::parse(body)
            .map_err(|error| Failure::new(ErrorCode::ParseError, format!("expected JSON: {error}")))?;
        let root = parsed.root;
        let invalid = |details: String| Failure::new(ErrorCode::InvalidContext, details);
        if root.as_object().is_none() {
            let found = root.json_type();
            return Err(invalid(format!("expected an object with `context`, found {found}")));
        }
        let context = root.get("context").map_or(Value::Null, value::Node::to_value);
        let members = match context {
            Value::Object(members) => members,
            Value::Null => return Err(invalid("expected an object in `context`, found none".to_owned())),
            other => {
                let found = other.json_type();
                return Err(invalid(format!("expected an object in `context`, found {found}")));
            }
        };
        let asked = Self { members };
        match asked.member(TARGETING_KEY) {
            None | Some(Value::Null | Value::Str(_)) => Ok(asked),
            Some(other) => {
                let found = other.json_type();
                Err(invalid(format!("expected a string in `context.{TARGETING_KEY}`, found {found}")))
            }
        }
    }

    fn member(&self, name: &str) -> Option<&Value> {
        self.members.iter().find(|(key, _)| **key == *name).map(|(_, value)| value)
    }

    /// The context for an engine. Names that no document of the engine uses are left out: nothing tests them, and strangers'
    /// names shall not fill its table.
    pub(super) fn context(&self, engine: &Engine) -> Context<'_> {
        let attributes = engine.attributes();
        let mut context = Context::with_capacity(self.members.len().saturating_add(SUBJECT.len()));
        if let Some(subject) = self.member(TARGETING_KEY) {
            for name in SUBJECT.into_iter().filter_map(|name| attributes.find(name)) {
                context.set(name, subject);
            }
        }
        for (name, value) in &self.members {
            let given = !(value.is_null() && SUBJECT.contains(&&**name));
            if let Some(key) = attributes.find(name).filter(|_| given) {
                context.set(key, value);
            }
        }
        context
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ofrep::answer::ErrorCode::{InvalidContext, ParseError};

    #[test]
    fn what_is_no_context_is_refused_and_says_where() {
        for (body, code, details) in [
            ("", ParseError, "expected JSON: EOF while parsing a value (line 1, column 0)"),
            (
                r#"{"context": {"n": 1e999}}"#,
                ParseError,
                "expected JSON: /context/n: expected a number that fits a double, found a larger one (line 1, column 23)",
            ),
            ("[]", InvalidContext, "expected an object with `context`, found list"),
            ("{}", InvalidContext, "expected an object in `context`, found none"),
            (r#"{"context": null}"#, InvalidContext, "expected an object in `context`, found none"),
            (r#"{"context": "u-1"}"#, InvalidContext, "expected an object in `context`, found string"),
            (
                r#"{"context": {"targetingKey": 7}}"#,
                InvalidContext,
                "expected a string in `context.targetingKey`, found number",
            ),
        ] {
            let failure = Asked::parse(body.as_bytes()).unwrap_err();
            assert_eq!((failure.error_code, &*failure.error_details), (code, details), "{body}");
        }
    }

    #[test]
    fn a_context_needs_no_targeting_key() {
        for body in [r#"{"context": {}}"#, r#"{"context": {"targetingKey": null}, "more": 1}"#] {
            assert!(Asked::parse(body.as_bytes()).is_ok(), "{body}");
        }
    }

    #[test]
    fn the_targeting_key_is_the_user_unless_the_context_names_one() {
        let engine = Engine::new();
        let gate = |name: &str, attribute: &str, value: &str| {
            format!(
                r#""{name}": {{"kind": "gate", "rules": [{{"id": "r", "variant": "on",
                    "if": {{"attribute": "{attribute}", "op": "eq", "value": "{value}"}}}}]}}"#
            )
        };
        let features = [
            gate("user", "user_id", "u-1"),
            gate("other", "user_id", "u-2"),
            gate("key", "targeting_key", "u-1"),
            gate("own", "targetingKey", "u-1"),
            gate("plan", "plan", "pro"),
        ];
        let document =
            format!(r#"{{"schema_version": 1, "version": 1, "features": {{{}}}}}"#, features.join(","));
        engine.load(document.as_bytes()).unwrap();
        let on = |context: &str| -> Vec<&str> {
            let asked = Asked::parse(format!(r#"{{"context": {context}}}"#).as_bytes()).unwrap();
            let context = asked.context(&engine);
            let gates = ["user", "other", "key", "own", "plan"];
            gates.into_iter().filter(|gate| engine.check(gate, &context)).collect()
        };
        assert_eq!(on(r#"{"targetingKey": "u-1", "plan": "pro"}"#), ["user", "key", "own", "plan"]);
        assert_eq!(on(r#"{"targetingKey": "u-1", "user_id": "u-2"}"#), ["other", "key", "own"]);
        assert_eq!(on(r#"{"user_id": "u-2", "targetingKey": "u-1"}"#), ["other", "key", "own"]);
        assert_eq!(on(r#"{"targetingKey": "u-1", "user_id": null}"#), ["user", "key", "own"]);
        assert!(on(r#"{"plan": "free", "unheard_of": 1}"#).is_empty());
        assert_eq!(engine.attributes().find("unheard_of"), None, "a stranger's name was kept");
    }
}
