//! The fleet over HTTP: filters, summary, propagation, counts, metrics, who may see what.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};
use tidegate::wire::{
    ExposureBatch, ExposureCount, Group, Isolated, Nack, NackedAt, RelayReport, Report, Sdk, Source,
};
use tidegate_delivery::{Admission, Reports as _};

use crate::common::{Harness, START};
use crate::world::World;

fn who(environment: &str) -> Admission {
    Admission { environment: environment.into(), key_id: "k".to_owned() }
}

fn process(region: &str) -> BTreeMap<String, tidegate::Value> {
    [("region", region), ("service", "api")]
        .map(|(k, v)| (k.to_owned(), tidegate::Value::Str(v.into())))
        .into()
}

fn report(instance: &str, version: u64) -> Report {
    Report {
        instance: instance.to_owned(),
        sdk: Sdk { name: "rust".to_owned(), version: "1.2.0".to_owned() },
        process: process("eu"),
        schema_version: 1,
        operators: Some(vec!["eq".to_owned()]),
        interval_s: 10,
        source: Source::Stream,
        version,
        lag_ms: Some(4),
        stale: false,
        isolated: Vec::new(),
        nack: None,
        exposures: None,
    }
}

fn head(h: &Harness, environment: &str) -> u64 {
    h.server().writer().world().snapshot_heads[environment].body.version
}

/// Ids of the members of a page, in order.
fn names(page: &Json) -> Vec<&str> {
    let items = page["items"].as_array().unwrap().iter();
    items.map(|one| one["instance"].as_str().or_else(|| one["relay"].as_str()).unwrap()).collect()
}

/// Five instances, one of each kind of trouble, and a relay with seven.
async fn people(world: &World) -> (u64, u64) {
    let h = &world.harness;
    let first = head(h, "prod");
    let fleet = h.server().fleet();
    for instance in ["behind", "good", "isolated", "nacked", "stale"] {
        fleet.report(&who("prod"), report(instance, first)).await.unwrap();
    }
    let group = |version, count| Group {
        process: process("us"),
        sdk: Sdk { name: "go".to_owned(), version: "2.0.0".to_owned() },
        version,
        count,
        ..Group::default()
    };
    let relay =
        |groups| RelayReport { relay: "edge".to_owned(), interval_s: 10, groups, exposures: Vec::new() };
    fleet.relay_report(&who("prod"), relay(vec![group(first, 7)])).await.unwrap();
    h.clock.advance(1_000);
    world.feature().await;
    let second = head(h, "prod");
    assert!(second > first);
    // The fleet hears of it by the log.
    let mut changed = fleet.changed();
    while fleet.head("prod") < second {
        changed.changed().await.unwrap();
    }
    let nack = Nack { version: second, code: "TG1001".to_owned(), message: "no".to_owned(), pointer: None };
    let isolated = Isolated { feature: "f".to_owned(), code: "TG2".to_owned(), message: "old".to_owned() };
    h.clock.advance(40);
    fleet.report(&who("prod"), report("good", second)).await.unwrap();
    let one = Report { isolated: vec![isolated], ..report("isolated", second) };
    fleet.report(&who("prod"), one).await.unwrap();
    h.clock.advance(60);
    fleet.report(&who("prod"), Report { nack: Some(nack.clone()), ..report("nacked", first) }).await.unwrap();
    fleet.report(&who("prod"), Report { stale: true, ..report("stale", second) }).await.unwrap();
    let bad = NackedAt { instance: "bad".to_owned(), nack };
    let last = Group { nacked: vec![bad], ..group(first, 2) };
    fleet.relay_report(&who("prod"), relay(vec![last, group(second, 5)])).await.unwrap();
    fleet.report(&who("dev"), report("liar", 7_000_000_000_000)).await.unwrap();
    (first, second)
}

#[tokio::test]
async fn the_fleet_is_listed_filtered_and_summed_up() {
    let world = World::new().await;
    let h = &world.harness;
    let (first, second) = people(&world).await;
    let cases = [
        ("", vec!["liar", "behind", "good", "isolated", "nacked", "stale", "edge", "edge"]),
        ("?environment=dev", vec!["liar"]),
        ("?environment=prod&process=region:us", vec!["edge", "edge"]),
        (
            "?process=region:eu,service:api&environment=prod",
            vec!["behind", "good", "isolated", "nacked", "stale"],
        ),
        ("?service=web", vec![]),
        ("?service=api&state=behind", vec!["behind", "nacked", "edge"]),
        ("?state=current", vec!["good", "isolated", "stale", "edge"]),
        ("?state=stale", vec!["stale"]),
        ("?state=nacked", vec!["nacked", "edge"]),
        ("?state=isolated", vec!["isolated"]),
        ("?state=unknown", vec!["liar"]),
        ("?sdk=go", vec!["edge", "edge"]),
        ("?sdk=rust/1.2.1", vec![]),
        ("?relay=edge&state=current", vec!["edge"]),
        ("?version=7000000000000", vec!["liar"]),
    ];
    for (query, expected) in cases {
        let page = h.get(&format!("/fleet{query}")).await.expect(200).body;
        assert_eq!(names(&page), expected, "{query}");
    }
    let page = h.get(&format!("/fleet?version={first}")).await.expect(200).body;
    assert_eq!(names(&page), ["behind", "nacked", "edge"]);
    // By pages.
    let (mut all, mut after) = (Vec::new(), String::new());
    loop {
        let page = h.get(&format!("/fleet?environment=prod&limit=2{after}")).await.expect(200).body;
        all.extend(names(&page).into_iter().map(str::to_owned));
        let Some(next) = page["next"].as_str() else { break };
        after = format!("&after={}", next.replace('/', "%2F"));
    }
    assert_eq!(all, ["behind", "good", "isolated", "nacked", "stale", "edge", "edge"]);

    let page = h.get("/fleet").await.expect(200).body;
    assert_eq!(page["settled"], true);
    let prod = page["summary"].as_array().unwrap().iter().find(|one| one["environment"] == "prod").unwrap();
    for (name, expected) in [
        ("head", second),
        ("live", 12),
        ("current", 8),
        ("behind", 4),
        ("stale", 1),
        ("nacked", 2),
        ("isolated", 1),
        ("unknown", 0),
    ] {
        assert_eq!(prod[name], expected, "{name}");
    }
    let newest = &prod["propagation"][0];
    assert_eq!(
        (&newest["version"], &newest["applied"], &newest["live"]),
        (&json!(second), &json!(8), &json!(12))
    );
    let dev = page["summary"].as_array().unwrap().iter().find(|one| one["environment"] == "dev").unwrap();
    assert_eq!((&dev["live"], &dev["unknown"]), (&json!(1), &json!(1)));
    let liar = page["items"].as_array().unwrap().iter().find(|one| one["instance"] == "liar").unwrap();
    assert_eq!((&liar["unknown_version"], &liar["version"]), (&json!(true), &json!(7_000_000_000_000_u64)));
    let nacked = page["items"].as_array().unwrap().iter().find(|one| one["instance"] == "nacked").unwrap();
    assert_eq!(nacked["nacked"][0]["nack"]["code"], "TG1001");
    assert_eq!(nacked["seen_at"], START + 1_100);
    assert_eq!(nacked["version_at"], START);

    for (query, status) in [
        ("?environment=none", 404),
        ("?process=region", 400),
        ("?state=odd", 400),
        ("?limit=0", 400),
        ("?x=1", 400),
    ] {
        h.get(&format!("/fleet{query}")).await.expect(status);
    }
    world.harness.stop().await;
}

#[tokio::test]
async fn propagation_and_metrics_tell_the_same() {
    let world = World::new().await;
    let h = &world.harness;
    let (_, second) = people(&world).await;
    let found = h.get("/fleet/propagation?environment=prod").await.expect(200).body;
    let newest = &found["items"][0];
    assert_eq!(newest["version"], second);
    // Two after 40 ms, six after 100 ms; two of seven behind the relay, and two instances, have not.
    for (name, expected) in [
        ("live_then", 12),
        ("measured", 8),
        ("p50_ms", 100),
        ("p90_ms", 100),
        ("max_ms", 100),
        ("applied", 8),
    ] {
        assert_eq!(newest[name], expected, "{name}: {newest}");
    }
    assert_eq!(newest["published_at"], START + 1_000);
    let text = h.get("//metrics").await.expect(200).body;
    let text = text.as_str().unwrap();
    for line in [
        "tidegate_fleet_members{environment=\"prod\",state=\"live\"} 12",
        "tidegate_fleet_members{environment=\"prod\",state=\"nacked\"} 2",
        "tidegate_fleet_members{environment=\"dev\",state=\"unknown\"} 1",
        "tidegate_fleet_propagation_seconds{environment=\"prod\",quantile=\"0.99\"} 0.1",
        "tidegate_fleet_apply_seconds{environment=\"prod\",quantile=\"0.5\"} 0.004",
    ] {
        assert!(text.lines().any(|found| found == line), "{line}\n{text}");
    }
    world.harness.stop().await;
}

#[tokio::test]
async fn one_sees_the_environments_that_one_may_read() {
    let world = World::new().await;
    let h = &world.harness;
    people(&world).await;
    let viewer = h.person("viewer-dev", json!([{ "role": "viewer", "environments": ["dev"] }])).await;
    let get = |path: &'static str| h.call(&viewer, "GET", path, None);
    let page = get("/fleet").await.expect(200).body;
    assert_eq!(names(&page), ["liar"]);
    assert_eq!(page["summary"].as_array().unwrap().len(), 1);
    get("/fleet?environment=prod").await.problem(403, "forbidden");
    get("/fleet/propagation?environment=prod").await.problem(403, "forbidden");
    world.harness.stop().await;
}

#[tokio::test]
async fn a_release_and_a_feature_tell_what_was_served() {
    let mut world = World::new().await;
    let (release, _) = world.waiting().await;
    let shown = world.harness.get(&format!("/releases/{release}")).await.expect(200).body;
    let phase = shown["plan"]["phases"][0]["id"].as_str().unwrap().to_owned();
    let feature = shown["plan"]["features"].as_object().unwrap().keys().next().unwrap().clone();
    assert_eq!(shown["exposures"]["phases"][0], json!({ "phase": phase, "count": 0, "counts": [] }));
    let batch = |batch, count| ExposureBatch {
        batch,
        lost: 3,
        counts: vec![ExposureCount {
            feature: feature.clone(),
            variant: Some("on".to_owned()),
            release: Some(release.clone()),
            phase: Some(phase.clone()),
            count,
        }],
    };
    let send = async |world: &World, batch: ExposureBatch| {
        let sent = Report { exposures: Some(batch), ..report("a", 0) };
        world.harness.server().fleet().report(&who("prod"), sent).await.unwrap().stored_batch
    };
    assert_eq!(send(&world, batch(1, 40)).await, Some(1));
    // The answer was lost, and the server was restarted meanwhile.
    world.harness.restart().await;
    assert_eq!(send(&world, batch(1, 40)).await, Some(1));
    assert_eq!(send(&world, batch(2, 2)).await, Some(2));
    // A key of an environment that the phase is not for may name it; it does not count there.
    let forged = Report { exposures: Some(batch(1, 1_000)), ..report("b", 0) };
    world.harness.server().fleet().report(&who("elsewhere"), forged).await.unwrap();
    let shown = world.harness.get(&format!("/releases/{release}")).await.expect(200).body;
    let served = &shown["exposures"]["phases"][0];
    assert_eq!((&served["count"], &served["counts"][0]["variant"]), (&json!(42), &json!("on")));
    assert_eq!(shown["exposures"]["lost"], json!({ "prod": 6 }));
    let counts = world.harness.get(&format!("/features/{feature}/exposures")).await.expect(200).body;
    let mut of = counts["items"].as_array().unwrap().iter().map(|one| (&one["environment"], &one["count"]));
    assert!(of.any(|one| one == (&json!("prod"), &json!(42))), "{counts}");
    world.harness.get("/features/none/exposures").await.problem(404, "not_found");
    world.harness.stop().await;
}

#[tokio::test]
async fn after_a_restart_the_fleet_is_not_settled_until_all_have_reported() {
    let mut world = World::new().await;
    let version = head(&world.harness, "prod");
    for instance in ["a", "b"] {
        let fleet = world.harness.server().fleet();
        fleet.report(&who("prod"), report(instance, version)).await.unwrap();
    }
    world.harness.restart().await;
    let h = &world.harness;
    let page = h.get("/fleet?environment=prod").await.expect(200).body;
    assert_eq!(
        (&page["settled"], &page["summary"][0]["live"], &page["summary"][0]["unknown"]),
        (&json!(false), &json!(0), &json!(2))
    );
    h.server().fleet().report(&who("prod"), report("a", version)).await.unwrap();
    let page = h.get("/fleet?environment=prod").await.expect(200).body;
    assert_eq!(
        (&page["settled"], &page["summary"][0]["live"], &page["summary"][0]["unknown"]),
        (&json!(false), &json!(1), &json!(1))
    );
    h.clock.advance(30_001);
    h.server().fleet().report(&who("prod"), report("a", version)).await.unwrap();
    let page = h.get("/fleet?environment=prod").await.expect(200).body;
    assert_eq!((&page["settled"], &page["summary"][0]["live"]), (&json!(true), &json!(1)));
    world.harness.stop().await;
}
