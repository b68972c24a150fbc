//! Bad input at every operation: refused with a problem document that says what to do; nothing changed.

use serde_json::{Value as Json, json};

use crate::common::{Reply, START, reply};
use crate::requests::{fill, operations, request};
use crate::world::World;

/// What was not refused as it should have been.
struct Sweep<'w> {
    world: &'w World,
    wrong: Vec<String>,
}

impl<'w> Sweep<'w> {
    fn of(world: &'w World) -> Self {
        Self { world, wrong: Vec::new() }
    }

    fn check(&mut self, what: &str, before: u64, answer: &Reply, statuses: &[u16]) {
        let is_problem = answer.header("content-type") == Some("application/problem+json")
            && answer.body["status"] == answer.status
            && ["type", "title", "code", "detail", "instance"]
                .iter()
                .all(|name| answer.body[name].is_string());
        let unchanged = self.world.harness.seq() == before;
        if !(is_problem && unchanged && statuses.contains(&answer.status)) {
            let text: String = answer.body.to_string().chars().take(300).collect();
            self.wrong.push(format!("{what}: {} (changed: {}) {text}", answer.status, !unchanged));
        }
    }

    fn done(self) {
        assert!(self.wrong.is_empty(), "{}", self.wrong.join("\n"));
    }
}

/// There is no such thing (404), or it is no name (422); 409: a feature that is not in that pipeline.
const NOWHERE: &[u16] = &[404, 409, 422];

/// A value of another type.
fn another_type(value: &Json) -> Json {
    match value {
        Json::String(_) => json!({ "no": "string" }),
        _ => json!("no such thing"),
    }
}

#[tokio::test]
async fn bodies_of_wrong_types_and_unknown_fields_are_refused() {
    let world = World::new().await;
    let h = &world.harness;
    let mut sweep = Sweep::of(&world);
    for (id, (method, path)) in operations() {
        let (keys, Some(body)) = request(&world, &id).await else { continue };
        let path = fill(&path, &keys);
        let before = h.seq();
        let mut bodies = vec![
            ("a list".to_owned(), json!([])),
            ("a text".to_owned(), json!("x")),
            ("a number".to_owned(), json!(7)),
            ("null".to_owned(), Json::Null),
        ];
        let mut more = body.clone();
        more["colour"] = json!("blue");
        bodies.push(("an unknown field".to_owned(), more));
        for (name, value) in body.as_object().unwrap() {
            let mut other = body.clone();
            other[name] = another_type(value);
            bodies.push((format!("`{name}` of another type"), other));
        }
        for (what, body) in bodies {
            let answer = h.call(&h.admin, &method, &path, Some(body)).await;
            sweep.check(&format!("{id} with {what}"), before, &answer, &[400, 422]);
        }
    }
    sweep.done();
    world.harness.stop().await;
}

#[tokio::test]
async fn bodies_that_are_too_large_not_utf8_not_json_or_not_said_to_be_are_refused() {
    let world = World::new().await;
    let h = &world.harness;
    let mut sweep = Sweep::of(&world);
    let mut large = b"{\"reason\": \"".to_vec();
    large.resize(10 << 20, b'x');
    for (id, (method, path)) in operations() {
        let (keys, Some(body)) = request(&world, &id).await else { continue };
        let path = fill(&path, &keys);
        let before = h.seq();
        let good = body.to_string().into_bytes();
        let mut odd = good.clone();
        odd.insert(1, 0xff);
        let half = good[..good.len() - 1].to_vec();
        for (what, media, body, status) in [
            ("10 MB", "application/json", large.clone(), 413),
            ("invalid UTF-8", "application/json", odd, 400),
            ("half of it", "application/json", half, 400),
            ("a form", "application/x-www-form-urlencoded", good, 415),
        ] {
            let sent = h.request(&h.admin, &method, &path).header("content-type", media).body(body);
            sweep.check(&format!("{id} with {what}"), before, &reply(sent).await, &[status]);
        }
    }
    sweep.done();
    world.harness.stop().await;
}

#[tokio::test]
async fn unknown_ids_and_path_tricks_lead_nowhere() {
    let world = World::new().await;
    let h = &world.harness;
    let mut sweep = Sweep::of(&world);
    let long = "x".repeat(5_000);
    for (id, (method, path)) in operations() {
        if !path.contains('{') {
            continue;
        }
        let (keys, body) = request(&world, &id).await;
        let keys: Vec<String> = keys.iter().map(|key| key.split('/').next().unwrap().to_owned()).collect();
        // Attributes and groups may be called nearly anything, and what does not exist yet is made.
        let makes = id.starts_with("put_");
        let before = h.seq();
        for place in 0..keys.len() {
            for (trick, statuses) in [
                ("%00", [400].as_slice()),
                ("%ff%fe", &[400]),
                ("a%0d%0ax-evil:%201", NOWHERE),
                (&long, NOWHERE),
                ("no-such-thing", NOWHERE),
                ("..%2F..%2Fetc%2Fpasswd", NOWHERE),
                ("%2e%2e%2f", NOWHERE),
                ("%F0%9F%8C%8A", NOWHERE),
                ("'%20OR%201=1%20--", NOWHERE),
            ] {
                if makes && trick == "no-such-thing" {
                    break;
                }
                let mut keys = keys.clone();
                keys[place] = trick.to_owned();
                let mut filled = fill(&path, &keys);
                if id == "preview_release_action" {
                    filled.push_str("?action=pause");
                }
                let mut sent = h.request(&h.admin, &method, &filled);
                if let Some(body) = &body {
                    sent = sent.json(body);
                }
                let what: String = format!("{id} of `{trick}`").chars().take(80).collect();
                sweep.check(&what, before, &reply(sent).await, statuses);
            }
        }
    }
    sweep.done();
    world.harness.stop().await;
}

#[tokio::test]
async fn missing_and_stale_revisions_and_expired_tokens_are_refused() {
    let world = World::new().await;
    let h = &world.harness;
    let mut sweep = Sweep::of(&world);
    let soon = h.post("/tokens", json!({ "expires_at": START + 1 })).await.expect(201);
    let expired = soon.body["secret"].as_str().unwrap().to_owned();
    h.clock.advance(2);
    for (id, (method, path)) in operations() {
        let (keys, body) = request(&world, &id).await;
        let path = fill(&path, &keys);
        let before = h.seq();
        let mut sent = h.request(&expired, &method, &path);
        if let Some(body) = &body {
            sent = sent.json(body);
        }
        sweep.check(&format!("{id} with an expired token"), before, &reply(sent).await, &[401]);
        let Some(body) = body else { continue };
        for name in ["base_revision", "base_revisions", "revision"] {
            if body[name].is_null() {
                continue;
            }
            // What is published is the draft as it is; who wants to be sure of it says so.
            if id != "publish_pipeline" {
                let mut without = body.clone();
                without.as_object_mut().unwrap().remove(name);
                let answer = h.call(&h.admin, &method, &path, Some(without)).await;
                sweep.check(&format!("{id} without `{name}`"), before, &answer, &[428]);
            }
            let mut stale = body.clone();
            stale[name] = match &body[name] {
                Json::Object(all) => all.keys().map(|key| (key.clone(), json!(999))).collect(),
                _ => json!(999),
            };
            let answer = h.call(&h.admin, &method, &path, Some(stale)).await;
            sweep.check(&format!("{id} with a stale `{name}`"), before, &answer, &[409]);
        }
    }
    sweep.done();
    world.harness.stop().await;
}

#[tokio::test]
async fn a_query_that_is_not_asked_for_is_refused() {
    let world = World::new().await;
    let h = &world.harness;
    let mut sweep = Sweep::of(&world);
    for (id, (method, path)) in operations() {
        let (keys, body) = request(&world, &id).await;
        let path = fill(&path, &keys);
        let before = h.seq();
        let with = if path.contains('?') { '&' } else { '?' };
        let mut sent = h.request(&h.admin, &method, &format!("{path}{with}no-such-thing=1"));
        if let Some(body) = &body {
            sent = sent.json(body);
        }
        sweep.check(&format!("{id} with an unknown query"), before, &reply(sent).await, &[400]);
    }
    sweep.done();
    world.harness.stop().await;
}
