//! Random documents and contexts for the property tests.
//!
//! Documents are small and valid. Segment `s0` refers to nothing, `s1` to `s0`, and the features `a` to `d` to what
//! comes before them; the release `left` is over `b` and creates `e`, the release `right` is over `s1` and `d`. What a
//! phase targets is `s0` or attributes, so that there is no cycle (SEMANTICS 2.8).

use std::fmt;
use std::ops::{Deref, DerefMut};

use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use serde::Serialize;
use serde_json::{Map, Value as Json, json};

pub(crate) const ENVIRONMENTS: [&str; 3] = ["dev", "staging", "prod"];
/// All features that a document may have, and one that none has.
pub(crate) const FEATURES: [&str; 6] = ["a", "b", "c", "d", "e", "no_such_feature"];
/// Attributes that the tests give to the process now and then.
pub(crate) const PROCESS: [&str; 3] = ["environment", "region", "plan"];

/// Shown as the JSON that it is when a property fails.
#[derive(Clone)]
pub(crate) struct Shown<T>(pub(crate) T);

impl<T: Serialize> fmt::Debug for Shown<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&serde_json::to_string(&self.0).map_err(|_| fmt::Error)?)
    }
}

impl<T> Deref for Shown<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> DerefMut for Shown<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.0
    }
}

/// Strings and numbers that attributes have and conditions ask for; many of them meet.
fn pool(attribute: &str) -> Vec<Json> {
    match attribute {
        "user_id" => (0..24)
            .map(|n| json!(format!("u{n}")))
            .chain([json!(7), json!(7.0), json!("7"), json!(1.5)])
            .collect(),
        "org" => vec![json!("o1"), json!("o2"), json!(5), json!(5.0), json!("")],
        "plan" => vec![json!("free"), json!("pro"), json!("Pro"), json!("straße")],
        "region" => vec![json!("us-west"), json!("eu"), json!("EU"), json!("")],
        "age" => vec![
            json!(-1),
            json!(0),
            json!(17),
            json!(18),
            json!(18.0),
            json!(18.5),
            json!(9_007_199_254_740_993_i64),
        ],
        "app" => {
            ["1.2.0", "1.2.3", "v1.2", "1.2.3-rc.1", "1.2.3-rc.11", "2.0.0", "nope"].map(Json::from).into()
        }
        "at" => vec![
            json!("2023-11-14T22:13:20Z"),
            json!("2023-11-14T23:13:19+01:00"),
            json!(1_700_000_000_000_i64),
            json!(0),
        ],
        "ip" => ["10.1.2.3", "10.2.0.0", "::ffff:10.1.2.3", "2001:db8::1", "nope"].map(Json::from).into(),
        "environment" => ENVIRONMENTS.map(Json::from).into(),
        "tags" => vec![json!([]), json!(["a"]), json!(["a", "b", 1]), json!([1.0]), json!([true, null, "b"])],
        _ => vec![json!(true), json!(false), json!({}), json!({"n": 1}), Json::Null],
    }
}

const ATTRIBUTES: [&str; 11] =
    ["user_id", "org", "plan", "region", "age", "app", "at", "ip", "environment", "tags", "other"];

fn any_value() -> BoxedStrategy<Json> {
    select(&ATTRIBUTES[..]).prop_flat_map(|name| select(pool(name))).boxed()
}

/// A value of the attribute's own kind, mostly.
fn value_of(attribute: &'static str) -> BoxedStrategy<Json> {
    prop_oneof![9 => select(pool(attribute)), 1 => any_value()].boxed()
}

/// Some attributes, each mostly of its own kind.
pub(crate) fn context() -> BoxedStrategy<Shown<Map<String, Json>>> {
    let members: Vec<_> = ATTRIBUTES
        .into_iter()
        .map(|name| option::weighted(0.85, value_of(name)).prop_map(move |value| (name, value)))
        .collect();
    members
        .prop_map(|members| {
            Shown(members.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect())
        })
        .boxed()
}

pub(crate) fn contexts() -> BoxedStrategy<Vec<Shown<Map<String, Json>>>> {
    vec(context(), 6).boxed()
}

/// Percents of up to four decimals, in buckets.
pub(crate) fn buckets() -> BoxedStrategy<u32> {
    prop_oneof![Just(0), Just(1), Just(500_000), Just(999_999), Just(1_000_000), 0..=1_000_000_u32].boxed()
}

pub(crate) fn percent(buckets: u32) -> Json {
    json!(f64::from(buckets) / 10_000.0)
}

fn texts(attribute: &'static str) -> Vec<String> {
    let own = pool(attribute).into_iter().filter_map(|value| value.as_str().map(str::to_owned));
    own.chain(["", "p", "o", "U", "1", "SS", "ß"].map(str::to_owned)).collect()
}

const TEXTUAL: [&str; 4] = ["user_id", "plan", "region", "app"];

fn textual() -> BoxedStrategy<(&'static str, Vec<String>, bool)> {
    select(&TEXTUAL[..])
        .prop_flat_map(|name| (Just(name), vec(select(texts(name)), 0..4), any::<bool>()))
        .boxed()
}

fn with_case(mut leaf: Json, ignore: bool) -> Json {
    if ignore {
        leaf["ignore_case"] = json!(true);
    }
    leaf
}

/// A leaf on one attribute, with any operator.
fn test() -> BoxedStrategy<Json> {
    let equal = select(&ATTRIBUTES[..])
        .prop_flat_map(|name| (Just(name), value_of(name), any::<bool>()))
        .prop_filter("eq compares no list, object or null", |(_, value, _)| {
            !(value.is_array() || value.is_object() || value.is_null())
        })
        .prop_map(|(name, value, ignore)| {
            let ignore = ignore && value.is_string();
            with_case(json!({"attribute": name, "op": "eq", "value": value}), ignore)
        });
    let one_of = select(&["user_id", "org", "age", "plan"][..])
        .prop_flat_map(|name| (Just(name), vec(select(pool(name)), 0..5)))
        .prop_map(|(name, list)| json!({"attribute": name, "op": "in", "value": list}));
    let one_of_texts = textual().prop_map(|(name, list, ignore)| {
        with_case(json!({"attribute": name, "op": "in", "value": list}), ignore)
    });
    let parts = (select(&["contains", "starts_with", "ends_with"][..]), textual()).prop_map(
        |(op, (name, list, ignore))| with_case(json!({"attribute": name, "op": op, "value": list}), ignore),
    );
    let pattern = (select(&TEXTUAL[..]), select(&["^u1", "(?i)PRO", "a|e", "^$", "[0-9]+$"][..]))
        .prop_map(|(name, pattern)| json!({"attribute": name, "op": "matches", "value": pattern}));
    let order = (select(&["lt", "lte", "gt", "gte"][..]), select(pool("age")))
        .prop_map(|(op, value)| json!({"attribute": "age", "op": op, "value": value}));
    let between = (0..20_i64, 0..20_i64)
        .prop_map(|(low, more)| json!({"attribute": "age", "op": "between", "value": [low, low + more]}));
    let modulo = (1..5_i64, 0..5_i64).prop_map(|(divisor, remainder)| {
        json!({"attribute": "age", "op": "modulo", "value": {"divisor": divisor, "remainder": remainder % divisor}})
    });
    let comparison = select(&["eq", "lt", "lte", "gt", "gte"][..]);
    let version = (
        select(&["semver", "version"][..]),
        comparison,
        select(&["1.2.0", "1.2.3-rc.2", "1.2.3", "2.0.0"][..]),
    )
        .prop_map(
            |(family, op, value)| json!({"attribute": "app", "op": format!("{family}_{op}"), "value": value}),
        );
    let instant = (select(&["before", "after"][..]), select(pool("at")))
        .prop_map(|(op, value)| json!({"attribute": "at", "op": op, "value": value}));
    let networks = ["10.0.0.0/8", "10.1.2.3", "2001:db8::/32", "::ffff:10.1.0.0/112"];
    let network = vec(select(networks.map(str::to_owned).to_vec()), 0..3)
        .prop_map(|list| json!({"attribute": "ip", "op": "in_cidr", "value": list}));
    let elements = vec![json!("a"), json!("b"), json!(1), json!("")];
    let list = (select(&["contains_any", "contains_all", "contains_none"][..]), vec(select(elements), 0..3))
        .prop_map(|(op, list)| json!({"attribute": "tags", "op": op, "value": list}));
    let types = ["string", "number", "integer", "boolean", "list", "object"];
    let is_type = (select(&ATTRIBUTES[..]), select(types.to_vec()))
        .prop_map(|(name, value)| json!({"attribute": name, "op": "is_type", "value": value}));
    let is_set = select(&ATTRIBUTES[..]).prop_map(|name| json!({"attribute": name, "op": "is_set"}));
    prop_oneof![
        4 => equal, 2 => one_of, 2 => one_of_texts, 2 => parts, 1 => pattern, 2 => order, 1 => between, 1 => modulo,
        2 => version, 1 => instant, 1 => network, 2 => list, 1 => is_type, 2 => is_set,
    ]
    .boxed()
}

fn leaf(references: Vec<Json>) -> BoxedStrategy<Json> {
    let bucket = (select(&["user_id", "org"][..]), select(&["", "s"][..]), 0..900_000_u32, 1..100_000_u32)
        .prop_map(|(unit, salt, from, more)| json!({"bucket": {"unit": unit, "salt": salt, "from": from, "to": from + more}}));
    let time = (select(pool("at")), any::<bool>()).prop_map(|(at, from)| {
        if from { json!({"time": {"from": at}}) } else { json!({"time": {"to": at}}) }
    });
    if references.is_empty() {
        return prop_oneof![10 => test(), 1 => bucket, 1 => time].boxed();
    }
    prop_oneof![10 => test(), 4 => select(references), 1 => bucket, 1 => time].boxed()
}

/// A condition that may use the references.
pub(crate) fn condition(references: Vec<Json>) -> BoxedStrategy<Json> {
    leaf(references)
        .prop_recursive(3, 10, 3, |inner| {
            prop_oneof![
                vec(inner.clone(), 0..4).prop_map(|of| json!({"all": of})),
                vec(inner.clone(), 0..4).prop_map(|of| json!({"any": of})),
                inner.prop_map(|of| json!({"not": of})),
            ]
        })
        .boxed()
}

fn set(object: &mut Json, name: &str, value: Option<impl Into<Json>>) {
    if let Some(value) = value {
        object[name] = value.into();
    }
}

fn variant() -> BoxedStrategy<&'static str> {
    select(&["on", "off"][..]).boxed()
}

fn rules(kind: &'static str, references: Vec<Json>) -> BoxedStrategy<Json> {
    let rollout = (
        buckets(),
        option::weighted(0.2, select(&["org", "age"][..])),
        option::weighted(0.2, Just("shared")),
    )
        .prop_map(|(share, unit, salt)| {
            let mut rollout = json!({"percent": percent(share)});
            set(&mut rollout, "unit", unit);
            set(&mut rollout, "salt", salt);
            rollout
        });
    let splits = if kind == "experiment" { 0.7 } else { 0.2 };
    let split = buckets().prop_map(|at| {
        json!([{"variant": "on", "weight": percent(at)}, {"variant": "off", "weight": percent(1_000_000 - at)}])
    });
    let rule = (
        option::weighted(0.8, condition(references)),
        option::weighted(0.4, rollout),
        variant(),
        option::weighted(splits, split),
        option::weighted(0.3, select(&["next", "default"][..])),
    )
        .prop_map(|(condition, rollout, variant, split, otherwise)| {
            let mut rule = json!({});
            set(&mut rule, "if", condition);
            set(&mut rule, "rollout", rollout);
            set(&mut rule, "otherwise", otherwise);
            match split {
                Some(split) => rule["split"] = split,
                None => rule["variant"] = variant.into(),
            }
            rule
        });
    vec(rule, 0..4)
        .prop_map(|mut rules| {
            for (index, rule) in rules.iter_mut().enumerate() {
                rule["id"] = format!("r{index}").into();
            }
            rules.into()
        })
        .boxed()
}

fn definition(kind: &'static str, references: Vec<Json>) -> BoxedStrategy<Json> {
    let values = [json!(true), json!(3), json!(2.5), json!("x"), json!({"k": [1, null]}), Json::Null];
    let block = (
        option::weighted(0.3, any::<bool>()),
        option::weighted(0.4, variant()),
        option::weighted(0.6, rules(kind, references.clone())),
    )
        .prop_map(|(enabled, default, rules)| {
            let mut block = json!({});
            set(&mut block, "enabled", enabled);
            set(&mut block, "default", default);
            set(&mut block, "rules", rules);
            block
        });
    (
        (select(values.to_vec()), variant(), rules(kind, references)),
        (option::weighted(0.1, any::<bool>()), option::weighted(0.1, any::<bool>())),
        (option::weighted(0.2, Just("line")), option::weighted(0.2, select(&["org", "user_id"][..]))),
        option::weighted(0.4, btree_map(select(ENVIRONMENTS.map(str::to_owned).to_vec()), block, 1..3)),
        (option::weighted(0.5, buckets()), any::<bool>()),
    )
        .prop_map(
            move |(
                (value, default, rules),
                (enabled, archived),
                (salt, unit),
                blocks,
                (allocation, grouped),
            )| {
                let mut made = json!({"kind": kind, "default": default, "rules": rules});
                if kind != "gate" {
                    made["variants"] = json!({"on": value, "off": "other"});
                }
                set(&mut made, "enabled", enabled);
                set(&mut made, "archived", archived);
                set(&mut made, "salt", salt);
                set(&mut made, "unit", unit);
                set(&mut made, "environments", blocks.map(|blocks| json!(blocks)));
                if kind == "experiment" {
                    set(&mut made, "allocation", allocation.map(|share| json!({"percent": percent(share)})));
                    set(&mut made, "exclusion_group", grouped.then_some("group"));
                }
                made
            },
        )
        .boxed()
}

fn phases(patches: Vec<Json>) -> BoxedStrategy<Json> {
    let target = (
        option::of(subsequence(ENVIRONMENTS.to_vec(), 0..=3)),
        option::weighted(0.5, condition(vec![json!({"segment": "s0"})])),
    )
        .prop_map(|(environments, condition)| {
            let mut target = json!({});
            set(&mut target, "environments", environments);
            set(&mut target, "if", condition);
            target
        });
    let patch = (select(patches), any::<bool>()).prop_map(|(mut patch, audience)| {
        set(&mut patch, "for", audience.then_some("s0"));
        patch
    });
    let phase = (
        prop::bool::weighted(0.8),
        option::weighted(0.6, vec(target, 0..3)),
        option::weighted(0.4, buckets()),
        option::weighted(0.6, vec(patch, 0..4)),
    )
        .prop_map(|(live, target, share, patches)| {
            let mut phase = json!({"live": live});
            set(&mut phase, "target", target);
            set(&mut phase, "ramp", share.map(|share| json!({"percent": percent(share)})));
            set(&mut phase, "patches", patches);
            phase
        });
    vec(phase, 1..4)
        .prop_map(|mut phases| {
            for (index, phase) in phases.iter_mut().enumerate() {
                phase["id"] = format!("p{index}").into();
            }
            phases.into()
        })
        .boxed()
}

fn flags(feature: &str) -> Vec<Json> {
    vec![
        json!({"patch": "apply", "feature": feature}),
        json!({"patch": "enable", "feature": feature}),
        json!({"patch": "disable", "feature": feature}),
        json!({"patch": "set", "feature": feature, "variant": "on"}),
        json!({"patch": "set", "feature": feature, "variant": "off"}),
    ]
}

fn candidate(kind: &'static str, references: Vec<Json>) -> BoxedStrategy<Json> {
    prop_oneof![8 => definition(kind, references), 1 => Just(Json::Null)].boxed()
}

fn ramp() -> BoxedStrategy<Json> {
    (select(&["user_id", "org"][..]), option::of(Just("line")))
        .prop_map(|(unit, salt)| {
            let mut ramp = json!({"unit": unit});
            set(&mut ramp, "salt", salt);
            ramp
        })
        .boxed()
}

/// References to the first features (of `a` to `d`) and the segments.
fn references(features: usize) -> Vec<Json> {
    let before = ["a", "b", "c"].into_iter().take(features);
    [json!({"segment": "s0"}), json!({"segment": "s1"})]
        .into_iter()
        .chain(before.flat_map(|key| {
            [json!({"feature": key, "variants": ["on"]}), json!({"feature": key, "variants": ["off"]})]
        }))
        .collect()
}

/// The releases, each there or not.
pub(crate) fn releases() -> BoxedStrategy<Shown<Vec<Json>>> {
    let left = (
        candidate("config", references(1)),
        definition("gate", references(1)),
        ramp(),
        phases([flags("b"), flags("e")].concat()),
    )
        .prop_map(|(b, e, ramp, phases)| {
            let features = json!({"b": {"candidate": b}, "e": {"candidate": e}});
            json!({"id": "left", "features": features, "ramp": ramp, "phases": phases})
        });
    let segment = prop_oneof![
        6 => condition(vec![json!({"segment": "s0"})]).prop_map(|condition| json!({"if": condition})),
        1 => Just(Json::Null),
    ];
    let mut patches = flags("d");
    patches.push(json!({"patch": "apply", "segment": "s1"}));
    let right = (candidate("gate", references(3)), segment, ramp(), phases(patches)).prop_map(
        |(d, s1, ramp, phases)| {
            let (features, segments) = (json!({"d": {"candidate": d}}), json!({"s1": {"candidate": s1}}));
            json!({"id": "right", "features": features, "segments": segments, "ramp": ramp, "phases": phases})
        },
    );
    (option::weighted(0.7, left), option::weighted(0.7, right))
        .prop_map(|(left, right)| Shown(left.into_iter().chain(right).collect()))
        .boxed()
}

/// A document without releases.
pub(crate) fn plain() -> BoxedStrategy<Shown<Json>> {
    (
        (condition(vec![]), condition(vec![json!({"segment": "s0"})])),
        (definition("gate", references(0)), definition("config", references(1))),
        (definition("experiment", references(2)), definition("gate", references(3))),
        option::weighted(0.3, (select(&["a", "b", "c", "d"][..]), select(&ENVIRONMENTS[..]))),
    )
        .prop_map(|((s0, s1), (a, b), (c, d), kill)| {
            let mut document = json!({
                "schema_version": 1, "version": 1,
                "segments": {"s0": {"if": s0}, "s1": {"if": s1}},
                "features": {"a": a, "b": b, "c": c, "d": d},
                "exclusion_groups": {"group": {"ranges": {"c": {"from": 100_000, "to": 800_000}}}},
            });
            set(
                &mut document,
                "kills",
                kill.map(|(key, name)| json!([{"feature": key, "environment": name}])),
            );
            Shown(document)
        })
        .boxed()
}

pub(crate) fn with_releases(document: &Json, releases: &[Json]) -> Json {
    let mut document = document.clone();
    document["releases"] = releases.into();
    document
}

/// A document with up to two releases.
pub(crate) fn document() -> BoxedStrategy<Shown<Json>> {
    (plain(), releases()).prop_map(|(plain, releases)| Shown(with_releases(&plain, &releases))).boxed()
}

/// The JSON text, the members of each object in an order that the seed chooses.
pub(crate) fn shuffled(value: &Json, seed: u64) -> String {
    match value {
        Json::Object(members) => {
            let mut members: Vec<_> = members.iter().collect();
            members.sort_by_key(|(name, _)| xxhash_rust::xxh3::xxh3_64_with_seed(name.as_bytes(), seed));
            let texts: Vec<_> = members
                .iter()
                .map(|(name, value)| format!("{}:{}", Json::from(name.as_str()), shuffled(value, seed)))
                .collect();
            format!("{{{}}}", texts.join(","))
        }
        Json::Array(list) => {
            let texts: Vec<_> = list.iter().map(|value| shuffled(value, seed)).collect();
            format!("[{}]", texts.join(","))
        }
        other => other.to_string(),
    }
}
