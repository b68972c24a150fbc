use std::sync::Arc;

use serde_json::{Value as Json, json};
use tidegate::wire::KeyRing;
use tidegate_delivery::Hub;

use super::{Book, Signer, SigningTime, make};
use crate::clock::ManualClock;
use crate::domain::command::access::Because;
use crate::domain::command::fixture::{Fixture, WALL, body};
use crate::domain::command::{
    attribute, environment, exclusion, feature, kill, release, segment, signing_key,
};
use crate::domain::{Outcome, Problem, snapshot};
use crate::keyfile::KeyFile;

/// A world with snapshots and a signing key, and the book of it.
fn begin() -> (Fixture, Book) {
    let mut fixture = Fixture::default();
    fixture.adopt(Fixture::new());
    let keys = KeyFile::for_test(1);
    let first = make(&keys, &fixture.world, WALL, false).unwrap();
    fixture.system(|tx| signing_key::bootstrap(tx, first)).unwrap();
    let mut book = Book {
        hub: Arc::new(Hub::new()),
        signer: Arc::new(Signer::new(keys, false)),
        time: Arc::new(SigningTime::after(None, Arc::new(ManualClock::new(WALL)))),
        told: Arc::new(|_, _, _| {}),
        world: Arc::default(),
        lines: std::collections::BTreeMap::new(),
        published: 0,
    };
    book.follow(Arc::new(fixture.world.clone()));
    (fixture, book)
}

/// Every environment is served exactly its document, signed; and no other is served.
fn check(fixture: &Fixture, book: &Book) {
    let ring = KeyRing::pinned(book.signer.public().unwrap());
    let mut served = book.hub.environments();
    served.sort_unstable();
    assert!(served.iter().eq(fixture.world.environments.keys()), "{served:?}");
    for environment in fixture.world.environments.keys() {
        let publication = book.hub.current(environment).unwrap();
        let document = snapshot::document(&fixture.world, environment);
        assert!(
            *publication.document() == document,
            "{environment}:\n{}\n{}",
            String::from_utf8_lossy(publication.document()),
            String::from_utf8_lossy(&document)
        );
        let head = ring.verify(publication.token().as_str(), environment).unwrap();
        head.matches(&document).unwrap();
    }
}

/// Numbers that are the same in each run (xorshift).
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % n
    }

    fn one<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[usize::try_from(self.below(of.len() as u64)).unwrap()]
    }
}

const FEATURES: &[&str] = &["a", "b", "c", "piped"];
const ENVIRONMENTS: &[&str] = &["dev", "prod", "trial"];

fn definition(dice: &mut Dice) -> Json {
    let country = dice.one(&["de", "us", "jp"]);
    let condition = match dice.below(3) {
        0 => json!({"attribute": "country", "op": "eq", "value": country}),
        1 => json!({"segment": dice.one(&["s", "t"])}),
        _ => json!({"not": {"attribute": "country", "op": "in", "value": [country, "fr"]}}),
    };
    let mut definition = json!({"kind": "gate", "rules": [{"id": "r", "if": condition, "variant": "on"}]});
    if dice.below(2) == 0 {
        definition["environments"] = json!({dice.one(ENVIRONMENTS): {"enabled": dice.below(2) == 0}});
    }
    definition
}

/// Something that somebody does; it may be refused.
fn act(fixture: &mut Fixture, dice: &mut Dice) -> Result<Outcome, Problem> {
    let (key, place) = (dice.one(FEATURES), dice.one(ENVIRONMENTS));
    let because = || body(json!({"reason": "test"}));
    fixture.clock.0 += i64::try_from(dice.below(3)).unwrap();
    match dice.below(14) {
        0 | 1 => {
            let new = json!({"key": key, "definition": definition(dice)});
            fixture.run("ann", |tx| feature::create(tx, body(new)))
        }
        2..=4 => {
            let revision = fixture.world.features.get(key).map_or(0, |row| row.body.definition_revision);
            let change = json!({"definition": definition(dice), "base_revision": revision});
            fixture.run("ann", |tx| feature::save(tx, key, body(change)))
        }
        5 => fixture.run("ann", |tx| feature::delete(tx, key, body(json!({})))),
        6 => {
            let it = json!({"environment": place, "reason": "now"});
            fixture.run("ann", |tx| kill::kill(tx, key, body(it)))
        }
        7 => fixture.run("ann", |tx| kill::unkill(tx, key, body(json!({"environment": place})))),
        8 => {
            let condition = json!({"attribute": "plan", "op": "eq", "value": dice.below(9).to_string()});
            let new = json!({"key": dice.one(&["s", "t"]), "definition": {"if": condition}});
            fixture.run("ann", |tx| segment::create(tx, body(new)))
        }
        9 => {
            let new = json!({"type": dice.one(&["string", "number"])});
            fixture.run("ann", |tx| attribute::put(tx, dice.one(&["x", "y"]), body(new)))
        }
        10 => {
            let new = json!({"description": dice.one(&["one", "two"]), "ranges": {}});
            fixture.run("ann", |tx| exclusion::put(tx, "group", body(new)))
        }
        11 => {
            let new = json!({"name": "trial", "pipelines": false});
            fixture.run("ann", |tx| environment::create(tx, body(new)))
        }
        12 => fixture.run("ann", |tx| environment::delete(tx, "trial", Because::default())),
        _ => {
            let Some(id) = fixture.world.running().next().cloned() else {
                // What goes through it from now on is released.
                return match fixture.world.features.contains_key("piped") {
                    true => {
                        fixture.attach("piped", "slow");
                        fixture.run("ann", |tx| feature::resalt(tx, "piped", body(json!({}))))
                    }
                    false => {
                        let new = json!({"key": "piped", "definition": {"kind": "gate"}});
                        fixture.run("ann", |tx| feature::create(tx, body(new)))
                    }
                };
            };
            match dice.below(3) {
                0 => fixture.run("ann", |tx| release::abort(tx, &id, because())),
                1 => fixture.run("ann", |tx| release::pause(tx, &id, because())),
                _ => {
                    let state = &fixture.world.release_states.get(&id).unwrap().body.state;
                    let seen = json!({"revision": state.revision, "reason": "test", "bypass": true});
                    fixture.run("ann", |tx| release::full_roll_out(tx, &id, body(seen)))
                }
            }
        }
    }
}

#[test]
fn what_is_served_is_the_document_after_whatever_was_done() {
    let (mut fixture, mut book) = begin();
    check(&fixture, &book);
    fixture
        .system(|tx| feature::create(tx, body(json!({"key": "piped", "definition": {"kind": "gate"}}))))
        .unwrap();
    fixture.pipeline(
        "slow",
        json!([
            {"id": "first", "target": [{"environments": ["dev"]}]},
            {"id": "second", "target": [{"environments": ["prod"]}], "entry": {"approvals": {"count": 1}}},
        ]),
    );
    fixture.attach("piped", "slow");
    let mut dice = Dice(0x5eed);
    let (mut done, mut released) = (0, 0);
    for _ in 0..600 {
        done += u32::from(act(&mut fixture, &mut dice).is_ok());
        released += u32::from(fixture.world.running().next().is_some());
        // Now and then several commits are one step of the publisher.
        if dice.below(3) > 0 {
            book.follow(Arc::new(fixture.world.clone()));
            check(&fixture, &book);
        }
    }
    // It was no idle test.
    assert!(done > 200 && released > 20, "{done} {released}");
}

#[test]
fn versions_only_grow_and_what_did_not_change_is_not_published() {
    let (mut fixture, mut book) = begin();
    let version = |book: &Book, name: &str| book.hub.current(&name.into()).unwrap().version();
    let before = (version(&book, "dev"), version(&book, "prod"));
    let only_dev = json!({"key": "a", "definition": {"kind": "gate"}});
    fixture.run("ann", |tx| feature::create(tx, body(only_dev))).unwrap();
    book.follow(Arc::new(fixture.world.clone()));
    let after = (version(&book, "dev"), version(&book, "prod"));
    assert!(after.0 > before.0 && after.1 > before.1);
    let killed = json!({"environment": "prod", "reason": "now"});
    let earlier = Arc::new(fixture.world.clone());
    fixture.run("ann", |tx| kill::kill(tx, "a", body(killed))).unwrap();
    book.follow(Arc::new(fixture.world.clone()));
    assert_eq!(version(&book, "dev"), after.0);
    let last = version(&book, "prod");
    assert!(last > after.1);
    // A world of before, should one ever come, takes nothing back.
    book.follow(earlier);
    assert_eq!(version(&book, "prod"), last);
}

#[test]
fn nothing_is_published_until_there_is_a_key() {
    let mut fixture = Fixture::default();
    fixture.adopt(Fixture::new());
    let keys = KeyFile::for_test(1);
    let (_, mut book) = begin();
    book.hub = Arc::new(Hub::new());
    book.signer = Arc::new(Signer::new(keys.clone(), false));
    (book.lines, book.world) = (std::collections::BTreeMap::new(), Arc::default());
    book.follow(Arc::new(fixture.world.clone()));
    assert!(book.hub.environments().is_empty());
    let first = make(&keys, &fixture.world, WALL, false).unwrap();
    fixture.system(|tx| signing_key::bootstrap(tx, first)).unwrap();
    book.follow(Arc::new(fixture.world.clone()));
    check(&fixture, &book);
}

/// How long it takes from a world to the hub: one gate of a thousand (1.2 MB) changes. Run it in the release profile, with `--nocapture`.
#[test]
#[ignore = "measures, and asserts nothing"]
fn speed_of_one_change_in_a_thousand_gates() {
    let (mut fixture, mut book) = begin();
    // Not looked at after each command: that would take most of the time.
    fixture.rows = None;
    let gate = |n: usize| {
        let rule = |r: usize| {
            let ids: Vec<String> = (0..10).map(|i| format!("user-{n:04}-{r}-{i:024}")).collect();
            json!({"id": format!("r{r}"), "if": {"attribute": "user_id", "op": "in", "value": ids}, "variant": "on"})
        };
        json!({"kind": "gate", "rules": [rule(0), rule(1), rule(2)]})
    };
    for n in 0..1_000 {
        fixture.feature(&format!("gate-{n:04}"), gate(n));
    }
    let head = |fixture: &mut Fixture, version: u64| {
        for name in ["dev", "prod"] {
            let head = crate::domain::entity::SnapshotHead { version };
            fixture
                .system(|tx| {
                    tx.put(&name.into(), head)?;
                    Ok(Outcome::new("test", crate::domain::entity::Kind::SnapshotHead, &name.into(), ()))
                })
                .unwrap();
        }
    };
    let first = 2_000_000_000_000;
    head(&mut fixture, first);
    book.follow(Arc::new(fixture.world.clone()));
    let mut took = Vec::new();
    for n in 1..=51 {
        fixture.feature("gate-0500", gate(n));
        head(&mut fixture, first + n as u64);
        let world = Arc::new(fixture.world.clone());
        let started = std::time::Instant::now();
        book.follow(world);
        took.push(started.elapsed());
    }
    took.sort_unstable();
    let bytes = book.hub.current(&"prod".into()).unwrap().document().len();
    println!("{bytes} bytes, two environments: median {:?}, most {:?}", took[25], took[50]);
}
