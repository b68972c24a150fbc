use serde_json::json;

use crate::domain::command::fixture::{Fixture, body};
use crate::domain::entity::Schedule;
use crate::domain::references::{self, User};
use crate::domain::{Code, Outcome};

fn text(users: &[User]) -> Vec<String> {
    users.iter().map(|user| format!("{:?} {} {}", user.kind, user.key, user.place)).collect()
}

#[test]
fn definitions_and_candidates() {
    let mut fixture = Fixture::new();
    fixture.segment("s", json!({"not": {"any": [{"attribute": "plan", "op": "is_set"}]}}));
    fixture.feature("base", json!({"kind": "gate"}));
    fixture.feature(
        "f",
        json!({"kind": "gate", "unit": "org", "rules": [
        {"id": "a", "if": {"all": [{"segment": "s"}, {"feature": "base", "variants": ["on"]}]},
            "rollout": {"percent": 5, "unit": "host"}, "variant": "on"}],
        "environments": {"dev": {"rules": [{"id": "b", "if": {"segment": "s"}, "variant": "on"}]}}}),
    );
    fixture.pipeline(
        "p",
        json!([{"id": "one", "target": [{"if": {"segment": "s"}}],
        "patches": [{"patch": "enable", "for": "s"}, {"patch": "disable", "feature": "base"}]}]),
    );
    fixture.feature("g", json!({"kind": "gate"}));
    let candidate = json!({"kind": "gate", "rules": [
        {"id": "x", "if": {"bucket": {"unit": "org", "salt": "s", "from": 0, "to": 1}}, "variant": "on"},
        {"id": "y", "if": {"feature": "base", "variants": ["on"]}, "variant": "on"}]});
    fixture.release("r", "p", "g", candidate, "running");
    fixture.release("over", "p", "g", json!(null), "aborted");
    let world = &fixture.world;
    assert_eq!(
        text(&references::segment(world, "s")),
        [
            "Feature f /definition/rules/0/if/all/0/segment",
            "Feature f /definition/environments/dev/rules/0/if/segment",
            "Pipeline p /published/phases/0/target/0/if/segment",
            "Pipeline p /published/phases/0/patches/0/for",
            "Release r /phases/0/target/0/if/segment",
            "Release r /phases/0/patches/0/for",
        ]
    );
    assert_eq!(
        text(&references::feature(world, "base")),
        [
            "Feature f /definition/rules/0/if/all/1/feature",
            "Pipeline p /published/phases/0/patches/1/feature",
            "Release r /phases/0/patches/1/feature",
            "Release r /features/g/candidate/rules/1/if/feature",
        ]
    );
    assert_eq!(text(&references::feature(world, "g")), ["Release r /features/g"]);
    assert_eq!(
        text(&references::attribute(world, "org")),
        ["Feature f /definition/unit", "Release r /features/g/candidate/rules/0/if/bucket/unit",]
    );
    assert_eq!(text(&references::attribute(world, "host")), ["Feature f /definition/rules/0/rollout/unit"]);
    assert_eq!(text(&references::attribute(world, "plan")), ["Segment s /definition/if/not/any/0/attribute"]);
    assert_eq!(text(&references::pipeline(world, "p")), ["Release r /pipeline"]);
    assert!(references::segment(world, "none").is_empty());
}

#[test]
fn changes_that_wait() {
    let mut fixture = Fixture::new();
    let change = json!({"features": {"f": {"kind": "config", "variants": {"v": {"segment": "of the user"}},
        "rules": [{"id": "r", "if": {"segment": "s"}, "variant": "v"}]}}, "pipeline": "p"});
    for (id, status) in [("waits", "pending"), ("held", "suspended"), ("done", "applied")] {
        let schedule: Schedule =
            body(json!({"at": 1, "change": change, "base_revisions": {}, "status": status,
            "by": "ed", "created_at": 0}));
        fixture
            .system(|tx| {
                tx.put(&id.into(), schedule)?;
                Ok(Outcome::new("test", crate::domain::entity::Kind::Schedule, &id.into(), ()))
            })
            .unwrap();
    }
    let world = &fixture.world;
    assert_eq!(
        text(&references::segment(world, "s")),
        [
            "Schedule held /change/features/f/rules/0/if/segment",
            "Schedule waits /change/features/f/rules/0/if/segment",
        ]
    );
    assert_eq!(references::feature(world, "f").len(), 2);
    assert_eq!(references::pipeline(world, "p").len(), 2);
    assert!(references::segment(world, "of the user").is_empty());
}

#[test]
fn the_refusal_lists_them() {
    let mut fixture = Fixture::new();
    fixture.segment("s", json!({"segment": "t"}));
    let users = references::segment(&fixture.world, "t");
    let refused = references::unused("segment", "t", &users).unwrap_err();
    assert_eq!(refused.code, Code::InUse);
    assert_eq!(refused.detail, "segment `t` is used by segment `s` at /definition/if/segment");
    assert_eq!(refused.more["users"][0]["key"], "s");
    references::unused("segment", "u", &[]).unwrap();
}
