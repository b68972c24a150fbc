use serde_json::{Value as Json, json};

use super::super::fixture::{Fixture, WALL, body, users};
use super::{archive, clone, create, delete, publish, unpublish, update};
use crate::domain::command::access::Because;
use crate::domain::{Code, Outcome, Problem, view};

fn two() -> Json {
    json!([
        {"id": "dev", "target": [{"environments": ["dev"]}]},
        {"id": "prod", "target": [{"environments": ["prod"]}], "entry": {"approvals": {"count": 1}}}
    ])
}

fn make(fixture: &mut Fixture, key: &str, phases: Json) -> Result<Outcome, Problem> {
    fixture.run("ed", |tx| create(tx, body(json!({"key": key, "body": {"phases": phases}}))))
}

fn publish_it(fixture: &mut Fixture, key: &str) -> Result<Outcome, Problem> {
    fixture.run("ed", |tx| publish(tx, key, body(json!({}))))
}

fn revision(fixture: &Fixture, key: &str) -> u64 {
    fixture.world.pipelines.get(key).unwrap().revision
}

fn flagsmith(fixture: &Fixture) -> Option<&str> {
    fixture.last.as_ref()?.facts.last()?.flagsmith.as_deref()
}

#[test]
fn from_draft_to_published() {
    let mut fixture = Fixture::new();
    let made = make(&mut fixture, "p", json!([])).unwrap();
    assert_eq!((made.status, &made.body["state"]), (201, &json!("draft")));
    assert_eq!(flagsmith(&fixture), Some("RELEASE_PIPELINE_CREATED_MESSAGE"));
    assert_eq!(fixture.last.as_ref().unwrap().facts[0].text, "Release Pipeline: p created");
    let refused = publish_it(&mut fixture, "p").unwrap_err();
    assert_eq!((refused.code, refused.pointer.as_deref()), (Code::Invalid, Some("/phases")));
    let base = revision(&fixture, "p");
    let change = json!({"body": {"phases": two()}, "base_revision": base});
    fixture.run("ed", |tx| update(tx, "p", body(change))).unwrap();
    assert_eq!(flagsmith(&fixture), Some("RELEASE_PIPELINE_UPDATED_MESSAGE"));
    let published = publish_it(&mut fixture, "p").unwrap();
    assert_eq!(flagsmith(&fixture), Some("RELEASE_PIPELINE_PUBLISHED_MESSAGE"));
    assert_eq!(
        (&published.body["state"], &published.body["published"]["version"]),
        (&json!("published"), &json!(1))
    );
    let again = publish_it(&mut fixture, "p").unwrap_err();
    assert_eq!((again.code, &again.more["version"]), (Code::AlreadyPublished, &json!(1)));
}

#[test]
fn a_version_never_changes() {
    let mut fixture = Fixture::new();
    make(&mut fixture, "p", two()).unwrap();
    publish_it(&mut fixture, "p").unwrap();
    let first = view::version(&fixture.world, "p", 1).unwrap();
    let write = |fixture: &mut Fixture, phases: Json| {
        let base = revision(fixture, "p");
        let change = json!({"body": {"phases": phases}, "base_revision": base});
        fixture.run("ed", |tx| update(tx, "p", body(change))).unwrap()
    };
    let drafted = write(&mut fixture, json!([{"id": "all"}]));
    assert_eq!(
        (&drafted.body["published"]["version"], &drafted.body["draft"]["phases"][0]["id"]),
        (&json!(1), &json!("all"))
    );
    // Written back, there is nothing to publish.
    write(&mut fixture, two());
    assert_eq!(publish_it(&mut fixture, "p").unwrap_err().code, Code::AlreadyPublished);
    write(&mut fixture, json!([{"id": "all"}]));
    publish_it(&mut fixture, "p").unwrap();
    assert_eq!(view::version(&fixture.world, "p", 1).unwrap(), first);
    let shown = view::pipeline(&fixture.world, "p", WALL).unwrap();
    assert_eq!(shown.versions.iter().map(|v| v.version).collect::<Vec<_>>(), [2, 1]);
}

#[test]
fn revisions_are_asked_for() {
    let mut fixture = Fixture::new();
    make(&mut fixture, "p", two()).unwrap();
    let without = fixture.run("ed", |tx| update(tx, "p", body(json!({"body": {"phases": []}})))).unwrap_err();
    assert_eq!(without.code, Code::RevisionRequired);
    let other = json!({"body": {"phases": []}, "base_revision": 1});
    let stale = fixture.run("ed", |tx| update(tx, "p", body(other))).unwrap_err();
    assert_eq!((stale.code, &stale.more["revision"]), (Code::Stale, &json!(revision(&fixture, "p"))));
    let stale = fixture.run("ed", |tx| publish(tx, "p", body(json!({"base_revision": 1})))).unwrap_err();
    assert_eq!(stale.code, Code::Stale);
}

#[test]
fn what_is_wrong_is_told_where_it_is() {
    let mut fixture = Fixture::new();
    let refused = make(&mut fixture, "p", json!([{"id": "a"}, {"id": "a"}])).unwrap_err();
    assert_eq!((refused.code, refused.pointer.as_deref()), (Code::Invalid, Some("/body/phases/1/id")));
    assert_eq!(refused.more["problems"][0]["pointer"], "/body/phases/1/id");
    let many: Vec<Json> = (0..101).map(|n| json!({"id": n.to_string()})).collect();
    assert_eq!(make(&mut fixture, "p", json!(many)).unwrap_err().code, Code::Invalid);
    let target = json!([{"id": "a", "target": [{"if": {"segment": "no"}}]},
        {"id": "b", "patches": [{"patch": "enable", "for": "none"}]},
        {"id": "c", "target": [{"environments": ["nowhere"]}]}]);
    make(&mut fixture, "p", target).unwrap();
    let refused = publish_it(&mut fixture, "p").unwrap_err();
    let places: Vec<_> =
        refused.more["problems"].as_array().unwrap().iter().map(|p| p["pointer"].clone()).collect();
    assert!(places.iter().any(|p| p.as_str().unwrap().starts_with("/phases/0/target/0/if")), "{places:?}");
    assert!(places.iter().any(|p| p.as_str().unwrap().starts_with("/phases/1/patches/0")), "{places:?}");
    assert!(places.iter().any(|p| p.as_str().unwrap().starts_with("/phases/2/target/0")), "{places:?}");
    let services = json!([{"id": "a", "entry": {"approvals": {"count": 1, "services": ["bot"]}},
        "patches": [{"patch": "enable", "feature": "no"}]}]);
    make(&mut fixture, "q", services).unwrap();
    let refused = publish_it(&mut fixture, "q").unwrap_err();
    let codes: Vec<_> =
        refused.more["problems"].as_array().unwrap().iter().map(|p| p["code"].clone()).collect();
    assert_eq!(codes, ["unknown_feature", "unknown_principal"]);
}

#[test]
fn uncovered_environments_are_refused_unless_allowed() {
    let mut fixture = Fixture::new();
    make(&mut fixture, "p", json!([{"id": "dev", "target": [{"environments": ["dev"]}]}])).unwrap();
    let refused = publish_it(&mut fixture, "p").unwrap_err();
    assert_eq!((refused.code, &refused.more["uncovered"]), (Code::Invalid, &json!(["prod"])));
    assert_eq!(refused.more["problems"][0]["code"], "uncovered");
    // One that opts out need not be covered.
    let out = json!({"production": true, "pipelines": false});
    let mut other = fixture.clone();
    other.run("ann", |tx| super::super::environment::update(tx, "prod", body(out))).unwrap();
    publish_it(&mut other, "p").unwrap();
    let base = revision(&fixture, "p");
    let allowed = json!({"base_revision": base, "body": {"allow_uncovered": true,
        "phases": [{"id": "dev", "target": [{"environments": ["dev"]}]}]}});
    fixture.run("ed", |tx| update(tx, "p", body(allowed))).unwrap();
    publish_it(&mut fixture, "p").unwrap();
}

#[test]
fn while_used_it_stays() {
    let mut fixture = Fixture::new();
    make(&mut fixture, "p", two()).unwrap();
    publish_it(&mut fixture, "p").unwrap();
    fixture.feature("f", json!({"kind": "gate"}));
    fixture.attach("f", "p");
    fixture.release("r", "p", "f", json!({"kind": "gate", "enabled": false}), "running");
    type Verb = fn(&mut crate::domain::Tx, &str, Because) -> Result<Outcome, Problem>;
    for verb in [unpublish as Verb, archive, delete] {
        let refused = fixture.run("ed", |tx| verb(tx, "p", Because::default())).unwrap_err();
        assert_eq!(refused.code, Code::InUse);
        assert_eq!(users(&refused), ["release r /pipeline", "feature f /pipeline"]);
    }
    let shown = view::pipeline(&fixture.world, "p", WALL).unwrap();
    assert_eq!(
        (&*shown.active[0].release, &*shown.active[0].phase, shown.versions[0].active),
        ("r", "dev", 1)
    );
    assert_eq!(shown.attached.features, ["f".into()]);
}

#[test]
fn unpublished_cloned_archived_deleted() {
    let mut fixture = Fixture::new();
    make(&mut fixture, "p", two()).unwrap();
    publish_it(&mut fixture, "p").unwrap();
    let taken = fixture.run("ed", |tx| unpublish(tx, "p", Because::default())).unwrap();
    assert_eq!(flagsmith(&fixture), Some("RELEASE_PIPELINE_UNPUBLISHED_MESSAGE"));
    assert_eq!((&taken.body["state"], &taken.body["draft"]["phases"]), (&json!("draft"), &json!(two())));
    let again = fixture.run("ed", |tx| unpublish(tx, "p", Because::default())).unwrap_err();
    assert_eq!(again.code, Code::WrongState);
    assert_eq!(publish_it(&mut fixture, "p").unwrap().body["published"]["version"], 2);
    let copied = fixture.run("ed", |tx| clone(tx, "p", body(json!({"key": "q"})))).unwrap();
    assert_eq!((&copied.body["draft"]["phases"], &copied.body["cloned_from"]), (&json!(two()), &json!("p")));
    assert_eq!(flagsmith(&fixture), Some("RELEASE_PIPELINE_CLONED_MESSAGE"));
    let taken = fixture.run("ed", |tx| clone(tx, "p", body(json!({"key": "q"})))).unwrap_err();
    assert_eq!(taken.code, Code::AlreadyExists);
    fixture.run("ed", |tx| archive(tx, "p", Because::default())).unwrap();
    let base = revision(&fixture, "p");
    let change = json!({"body": {"phases": []}, "base_revision": base});
    assert_eq!(fixture.run("ed", |tx| update(tx, "p", body(change))).unwrap_err().code, Code::WrongState);
    fixture.run("ed", |tx| delete(tx, "p", Because::default())).unwrap();
    assert_eq!(flagsmith(&fixture), Some("RELEASE_PIPELINE_DELETED_MESSAGE"));
    assert!(!fixture.world.pipelines.contains_key("p") && fixture.world.pipeline_versions.is_empty());
}

#[test]
fn versions_that_releases_ran_are_not_given_again() {
    let mut fixture = Fixture::new();
    make(&mut fixture, "p", two()).unwrap();
    publish_it(&mut fixture, "p").unwrap();
    fixture.feature("f", json!({"kind": "gate"}));
    fixture.release("r", "p", "f", json!({"kind": "gate", "enabled": false}), "completed");
    let shown = view::pipeline(&fixture.world, "p", WALL).unwrap();
    assert_eq!((shown.active.len(), &*shown.launched[0].release), (0, "r"));
    let later = view::pipeline(&fixture.world, "p", WALL + 30 * 86_400_000).unwrap();
    assert!(later.launched.is_empty());
    fixture.run("ed", |tx| delete(tx, "p", Because::default())).unwrap();
    make(&mut fixture, "p", two()).unwrap();
    assert_eq!(publish_it(&mut fixture, "p").unwrap().body["published"]["version"], 2);
}

#[test]
fn who_may_write_where_it_goes() {
    let mut fixture = Fixture::new();
    let dan = json!({"id": "dan", "kind": "person", "grants": [{"role": "editor", "environments": ["dev"]}]});
    fixture.system(|tx| super::super::principal::create(tx, body(dan))).unwrap();
    let only_dev =
        json!({"key": "d", "body": {"phases": [{"id": "dev", "target": [{"environments": ["dev"]}]}]}});
    fixture.run("dan", |tx| create(tx, body(only_dev))).unwrap();
    for phases in [two(), json!([{"id": "everywhere"}]), json!([])] {
        let new = json!({"key": "x", "body": {"phases": phases}});
        assert_eq!(fixture.run("dan", |tx| create(tx, body(new))).unwrap_err().code, Code::Forbidden);
    }
    make(&mut fixture, "p", two()).unwrap();
    let base = revision(&fixture, "p");
    let change = json!({"base_revision": base, "body": {"phases": []}});
    assert_eq!(fixture.run("dan", |tx| update(tx, "p", body(change))).unwrap_err().code, Code::Forbidden);
    let refused = make(&mut fixture, "a@1", two()).unwrap_err();
    assert_eq!(refused.pointer.as_deref(), Some("/key"));
}
