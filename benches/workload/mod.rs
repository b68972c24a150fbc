//! The workload of `testdata/bench/workload.py`: users, gates and documents, and a naive evaluation of the gates.
//!
//! What the engine decides is compared with [`Gate::decide`], for every user and gate, before anything is timed.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Deserialize;
use serde_json::Value as Json;
use tidegate::bucket::{bucket, salt_hash, unit_hash};
use tidegate::{AttributeKey, Context, Engine};

/// Users in a list; a power of two.
pub(crate) const USERS: usize = 1_024;

/// The contexts of all users; an array, so that an index below [`USERS`] needs no check.
pub(crate) type Contexts = Box<[Context<'static>; USERS]>;

/// The attributes of a user.
#[derive(Debug, Deserialize)]
pub(crate) struct User {
    pub(crate) id: String,
    pub(crate) email: String,
    pub(crate) country: String,
    pub(crate) plan: String,
    pub(crate) app_version: String,
    pub(crate) region: String,
}

impl User {
    pub(crate) const ATTRIBUTES: [&str; 6] = ["id", "email", "country", "plan", "app_version", "region"];

    pub(crate) fn values(&self) -> [&str; 6] {
        [&self.id, &self.email, &self.country, &self.plan, &self.app_version, &self.region]
    }

    fn value(&self, attribute: &str) -> &str {
        let index = Self::ATTRIBUTES.iter().position(|name| *name == attribute).unwrap();
        self.values()[index]
    }
}

/// A condition of a neutral gate.
#[derive(Debug)]
pub(crate) enum Condition {
    EndsWith(String, String),
    Eq(String, String),
    IdIn(HashSet<String>),
    In(String, Vec<String>),
    SemverGte(String, String),
}

impl Condition {
    fn holds(&self, user: &User) -> bool {
        match self {
            Self::EndsWith(attribute, suffix) => user.value(attribute).ends_with(suffix.as_str()),
            Self::Eq(attribute, value) => user.value(attribute) == value,
            Self::IdIn(ids) => ids.contains(&user.id),
            Self::In(attribute, values) => values.iter().any(|value| value == user.value(attribute)),
            Self::SemverGte(attribute, version) => numbers(user.value(attribute)) >= numbers(version),
        }
    }
}

/// The workload has versions of three numbers only.
fn numbers(version: &str) -> Vec<u32> {
    version.split('.').map(|number| number.parse().unwrap()).collect()
}

impl From<Json> for Condition {
    fn from(json: Json) -> Self {
        let text = |index: usize| json[index].as_str().unwrap().to_owned();
        let texts = |index: usize| -> Vec<String> { serde_json::from_value(json[index].clone()).unwrap() };
        match text(0).as_str() {
            "ends" => Self::EndsWith(text(1), text(2)),
            "eq" => Self::Eq(text(1), text(2)),
            "id_in" => Self::IdIn(texts(1).into_iter().collect()),
            "in" => Self::In(text(1), texts(2)),
            "semver_gte" => Self::SemverGte(text(1), text(2)),
            other => panic!("no such condition: {other}"),
        }
    }
}

/// A rule of a neutral gate.
#[derive(Debug, Deserialize)]
pub(crate) struct Rule {
    #[serde(rename = "conds", deserialize_with = "conditions")]
    pub(crate) conditions: Vec<Condition>,
    #[serde(rename = "pct")]
    pub(crate) percent: u32,
}

fn conditions<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Vec<Condition>, D::Error> {
    Ok(Vec::<Json>::deserialize(deserializer)?.into_iter().map(Condition::from).collect())
}

/// A neutral gate.
#[derive(Debug, Deserialize)]
pub(crate) struct Gate {
    pub(crate) name: String,
    pub(crate) rules: Vec<Rule>,
}

impl Gate {
    /// Whether it is on, as plainly as it can be said.
    pub(crate) fn decide(&self, user: &User) -> bool {
        self.rules.iter().enumerate().any(|(number, rule)| {
            let share = |percent: u32| {
                let salt = salt_hash(&format!("rollout/{}/r{number}", self.name));
                bucket(salt, unit_hash(user.id.as_bytes())) < percent * 10_000
            };
            rule.conditions.iter().all(|condition| condition.holds(user))
                && (rule.percent == 100 || share(rule.percent))
        })
    }
}

/// The neutral gates.
#[derive(Debug, Deserialize)]
pub(crate) struct Gates {
    pub(crate) small: Vec<Gate>,
    pub(crate) big: Vec<Gate>,
    pub(crate) bigs: Vec<Gate>,
}

/// Everything that the script makes.
#[derive(Debug)]
pub(crate) struct Workload {
    directory: PathBuf,
    pub(crate) users: &'static [User],
    pub(crate) match_users: &'static [User],
}

impl Workload {
    /// Reads the workload, and has it made if there is none.
    pub(crate) fn open() -> Self {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/bench/workload.py");
        let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("bench-data");
        let wanted = fs::read_to_string(script).unwrap();
        let wanted = wanted.lines().find_map(|line| line.strip_prefix("VERSION = ")).unwrap();
        let found = fs::read_to_string(directory.join("stamp")).unwrap_or_default();
        if wanted.trim_matches('"') != found {
            let made =
                Command::new("python3").arg(script).arg(&directory).status().is_ok_and(|s| s.success());
            assert!(made, "python3 {script} failed");
        }
        let users = |name: &str| -> &'static [User] {
            serde_json::from_slice::<Vec<User>>(&fs::read(directory.join(name)).unwrap()).unwrap().leak()
        };
        let (users, match_users) = (users("users.json"), users("match_users.json"));
        assert!(users.len() == USERS && match_users.len() == USERS);
        Self { directory, users, match_users }
    }

    /// One of our documents: `small`, `big` or `bigs`.
    pub(crate) fn document(&self, name: &str) -> Vec<u8> {
        fs::read(self.directory.join(name).with_extension("json")).unwrap()
    }

    /// The gates in their neutral form.
    pub(crate) fn gates(&self) -> Gates {
        serde_json::from_slice(&fs::read(self.directory.join("gates.json")).unwrap()).unwrap()
    }

    /// A document of 100,000 gates: those of `bigs`, a hundred times.
    pub(crate) fn document_of_100_000(&self) -> Vec<u8> {
        let document: Json = serde_json::from_slice(&self.document("bigs")).unwrap();
        let features: Vec<(String, String)> = document["features"]
            .as_object()
            .unwrap()
            .iter()
            .map(|(k, v)| (k.clone(), v.to_string()))
            .collect();
        let copies = (0..100).flat_map(|copy| {
            features.iter().map(move |(name, feature)| format!("\"{copy:02}_{name}\":{feature}"))
        });
        let features: Vec<String> = copies.collect();
        format!("{{\"schema_version\":1,\"version\":1,\"features\":{{{}}}}}", features.join(",")).into_bytes()
    }
}

/// The keys of the users' attributes, in an engine.
pub(crate) fn keys(engine: &Engine) -> [AttributeKey; 6] {
    User::ATTRIBUTES.map(|name| engine.attribute(name).unwrap())
}

/// The contexts of users, for an engine.
pub(crate) fn contexts(engine: &Engine, users: &'static [User]) -> Contexts {
    let keys = keys(engine);
    let contexts: Vec<Context<'static>> = users
        .iter()
        .map(|user| {
            let mut context = Context::with_capacity(keys.len());
            for (key, value) in keys.into_iter().zip(user.values()) {
                context.set(key, value);
            }
            context
        })
        .collect();
    contexts.into_boxed_slice().try_into().unwrap_or_else(|_| panic!("expected {USERS} users"))
}

/// Asserts that an engine decides all gates for all users as the naive evaluation does; returns the gates' handles.
pub(crate) fn verified(
    engine: &Engine,
    gates: &[Gate],
    users: &[User],
    contexts: &Contexts,
) -> Vec<tidegate::Gate> {
    let mut reader = engine.reader();
    let mut counts = [0_usize; 2];
    let handles = gates.iter().map(|gate| {
        let handle = engine.gate(&gate.name);
        for (user, context) in users.iter().zip(contexts.iter()) {
            let wanted = gate.decide(user);
            counts[usize::from(wanted)] += 1;
            assert_eq!(reader.check(handle, context), wanted, "{} for {user:?}", gate.name);
            assert_eq!(reader.check_name(&gate.name, context), wanted, "{} by name for {user:?}", gate.name);
            assert_eq!(reader.decide(handle, context).is_on(), wanted, "{} decided for {user:?}", gate.name);
        }
        handle
    });
    let handles = handles.collect();
    assert_eq!(counts[0] + counts[1], gates.len() * users.len());
    handles
}

/// Steele and Vigna's xorshift64*: a pair that nothing can predict, in a nanosecond.
#[derive(Debug)]
pub(crate) struct Random(pub(crate) u64);

impl Random {
    #[inline(always)]
    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// Below `bound`.
    #[inline(always)]
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        ((u128::from(self.next()) * bound as u128) >> 64) as usize
    }
}

/// How many steps a sequence of [`users_in_random_order`] or [`pairs`] has; a power of two.
pub(crate) const STEPS: usize = 1 << 16;

/// 64 k indexes of users, shuffled.
pub(crate) fn users_in_random_order() -> Box<[u16; STEPS]> {
    let mut random = Random(20_261_120);
    let mut order: Box<[u16; STEPS]> = vec![0; STEPS].into_boxed_slice().try_into().unwrap();
    for (index, place) in order.iter_mut().enumerate() {
        *place = (index % USERS) as u16;
    }
    for index in (1..STEPS).rev() {
        order.swap(index, random.below(index + 1));
    }
    order
}

/// 64 k pairs of a gate's and a user's index.
pub(crate) fn pairs(gates: usize) -> Box<[(u16, u16); STEPS]> {
    let mut random = Random(20_261_120);
    let mut pairs: Box<[(u16, u16); STEPS]> = vec![(0, 0); STEPS].into_boxed_slice().try_into().unwrap();
    for pair in pairs.iter_mut() {
        *pair = (random.below(gates) as u16, random.below(USERS) as u16);
    }
    pairs
}

/// Prints a number, and keeps it for `scripts/bench_table.py`.
pub(crate) fn report(group: &str, name: &str, number: f64, unit: &str) {
    println!("{group}/{name:<24} {number:>12.2} {unit}");
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("bench-results").join(group);
    fs::create_dir_all(&directory).unwrap();
    fs::write(directory.join(name), format!("{number}\n")).unwrap();
}
