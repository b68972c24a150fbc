//! What is posted: a fact of the log, as JSON; the same bytes at every attempt.

use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value as Json, json};

use crate::domain::event::{AuditEvent, Fact};

/// The longest body, in bytes.
pub const LIMIT: usize = 64 * 1024;

/// What gives way in a body that is too long, in this order.
const MAY_GO: [&str; 5] = ["details", "features", "environments", "reason", "text"];

#[derive(Serialize)]
struct Message<'a> {
    r#type: &'a str,
    timestamp: String,
    data: &'a Map<String, Json>,
}

/// The body that tells a fact of an event: `{"type", "timestamp", "data"}` (Standard Webhooks).
///
/// `data`: `event` (its number in the log), `actor`, `actor_kind`, `action`, `text`, and where they are known `reason`, `release`,
/// `features`, `environments`, `flagsmith` (Flagsmith's name of the fact) and `details`. What made it longer than [`LIMIT`] is left
/// out and named in `truncated`; the log has it.
#[must_use]
pub fn message(event: &AuditEvent, fact: &Fact) -> String {
    let mut data = Map::new();
    let mut put = |name: &str, value: Json| {
        let empty = value.is_null() || value.as_array().is_some_and(Vec::is_empty);
        if !empty {
            data.insert(name.to_owned(), value);
        }
    };
    put("event", json!(event.seq));
    put("actor", json!(event.actor));
    put("actor_kind", json!(event.actor_kind));
    put("action", json!(event.action));
    put("text", json!(fact.text));
    put("reason", json!(event.reason));
    put("release", json!(fact.release));
    put("features", json!(fact.features));
    put("environments", json!(fact.environments));
    put("flagsmith", json!(fact.flagsmith));
    put("details", fact.data.clone());
    render(&fact.name, event.at, data)
}

fn render(name: &str, at: i64, mut data: Map<String, Json>) -> String {
    let timestamp = Timestamp::from_millisecond(at).map_or_else(|_| at.to_string(), |at| format!("{at:.3}"));
    let mut truncated: Vec<&str> = Vec::new();
    let mut may_go = MAY_GO.iter();
    loop {
        let message = Message { r#type: name, timestamp: timestamp.clone(), data: &data };
        // Maps with text keys can always be written.
        let body = serde_json::to_string(&message).unwrap_or_default();
        if body.len() <= LIMIT {
            return body;
        }
        let Some(next) = may_go.next() else { return body };
        if data.remove(*next).is_some() {
            truncated.push(next);
            data.insert("truncated".to_owned(), json!(truncated));
        }
    }
}

#[cfg(test)]
mod tests {
    use tidegate::release::ActorKind;

    use super::*;
    use crate::domain::entity::Kind;
    use crate::domain::event::Subject;

    fn event() -> AuditEvent {
        AuditEvent {
            seq: 42,
            at: 1_700_000_000_123,
            uptime: 5,
            actor: "ann".into(),
            actor_kind: ActorKind::Person,
            token: Some("t1".into()),
            action: "release.paused".to_owned(),
            subject: Subject { kind: Kind::Release, key: "r1".into() },
            reason: Some("errors".to_owned()),
            request: None,
            facts: Vec::new(),
            changes: Vec::new(),
        }
    }

    fn fact(details: Json) -> Fact {
        Fact {
            name: "release.paused".to_owned(),
            flagsmith: None,
            release: Some("r1".into()),
            features: vec!["checkout".into()],
            environments: Vec::new(),
            text: "Ann paused it.".to_owned(),
            data: details,
        }
    }

    #[test]
    fn tells_the_fact_and_whose_doing_it_was() {
        let body: Json =
            serde_json::from_str(&message(&event(), &fact(json!({"phase": "eu"})))).expect("JSON");
        let expected = json!({
            "type": "release.paused", "timestamp": "2023-11-14T22:13:20.123Z",
            "data": {
                "event": 42, "actor": "ann", "actor_kind": "person", "action": "release.paused", "text": "Ann paused it.",
                "reason": "errors", "release": "r1", "features": ["checkout"], "details": {"phase": "eu"},
            },
        });
        assert_eq!(body, expected);
    }

    #[test]
    fn a_long_body_says_what_it_leaves_out() {
        let mut fact = fact(json!("x".repeat(LIMIT)));
        let body = message(&event(), &fact);
        assert!(body.len() <= LIMIT);
        let body: Json = serde_json::from_str(&body).expect("JSON");
        assert_eq!(body["data"]["truncated"], json!(["details"]));
        assert_eq!(body["data"]["features"], json!(["checkout"]));

        fact.features = (0..9000).map(|n| format!("feature-{n}").into()).collect();
        let body = message(&event(), &fact);
        assert!(body.len() <= LIMIT);
        let body: Json = serde_json::from_str(&body).expect("JSON");
        assert_eq!(body["data"]["truncated"], json!(["details", "features"]));
        assert_eq!(body["data"]["text"], "Ann paused it.");
    }
}
