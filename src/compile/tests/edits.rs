//! Random edits: after any of them the decisions are those of a fresh compiler.

use super::*;

struct Dice(u64);

impl Dice {
    /// Splitmix.
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % sides as u64) as usize
    }

    fn of<'a>(&mut self, list: &'a [String]) -> &'a str {
        let index = self.roll(list.len());
        &list[index]
    }

    fn test(&mut self) -> Json {
        match self.roll(4) {
            0 => at_least(self.roll(50)),
            1 => {
                json!({"attribute": "plan", "op": "in", "value": (["pro", "team", "free"][..=self.roll(3)])})
            }
            2 => json!({"attribute": "country", "op": "eq", "value": (["CA", "DE", "US"][self.roll(3)])}),
            _ => {
                json!({"not": {"attribute": "app_version", "op": "semver_lt", "value": format!("{}.0.0", self.roll(5))}})
            }
        }
    }

    /// A condition; references lead to lower numbers but for one in thirty.
    fn condition(&mut self, own: usize) -> Json {
        let below = if self.roll(30) == 0 { FEATURES } else { own.max(1) };
        match self.roll(5) {
            0 => json!({"segment": segment_key(self.roll(SEGMENTS))}),
            1 => json!({"feature": feature_key(self.roll(below)), "variants": ["on", "a"]}),
            2 => json!({"any": [self.test(), {"not": {"segment": segment_key(self.roll(SEGMENTS))}}]}),
            _ => json!({"all": [self.test(), self.test()]}),
        }
    }

    fn feature(&mut self, own: usize) -> Json {
        let percent = self.roll(101);
        let mut feature = match self.roll(6) {
            0 => gate(self.condition(own)),
            1 => {
                json!({"kind": "config", "variants": {"a": self.roll(9), "b": [1], "c": "x"}, "default": "b", "rules": [
                {"id": "r", "if": self.condition(own), "variant": "a"},
                {"id": "s", "if": self.test(), "split": [{"variant": "a", "weight": 30}, {"variant": "c", "weight": 70}]}]})
            }
            2 => json!({"kind": "gate", "enabled": (self.roll(4) > 0), "rules": [
                {"id": "r", "if": self.test(), "rollout": {"percent": percent}, "variant": "on"}]}),
            3 => json!({"kind": "gate", "rules": [{"id": "r", "if": self.test(), "variant": "on"}],
                "environments": {"prod": {"rules": [{"id": "p", "if": self.condition(own), "variant": "on"}]}}}),
            4 => json!({"kind": "gate", "archived": (self.roll(9) == 0), "default": "on", "rules": [
                {"id": "r", "if": self.test(), "variant": "off", "otherwise": "default", "rollout": {"percent": percent}}]}),
            _ => gate(self.test()),
        };
        if self.roll(25) == 0 {
            feature["default"] = json!("no such variant");
        }
        if EXPERIMENTS.contains(&own) {
            feature = json!({"kind": "experiment", "exclusion_group": "group", "allocation": {"percent": percent},
                "variants": {"a": 1, "b": 2}, "default": "b", "rules": [{"id": "r", "if": self.test(),
                    "split": [{"variant": "a", "weight": 50}, {"variant": "b", "weight": 50}]}]});
        }
        feature
    }

    fn group(&mut self) -> Json {
        let split = 200_000 + self.roll(10) * 10_000;
        json!({"ranges": {"f10": {"from": 0, "to": split}, "f11": {"from": split, "to": 900_000}}})
    }

    /// Release k has features of its own, so that none is in two.
    fn release(&mut self, k: usize) -> Json {
        let mut features = Map::new();
        for _ in 0..=self.roll(2) {
            // A few are new: they are only in the release.
            let own = self.roll(FEATURES / RELEASES + 1) * RELEASES + k;
            let candidate = match self.roll(10) {
                0 => json!({"candidate": null}),
                1 => json!({}),
                _ => json!({"candidate": self.feature(own)}),
            };
            features.insert(feature_key(own), candidate);
        }
        let mut segments = Map::new();
        if self.roll(3) == 0 {
            segments.insert(
                segment_key(self.roll(SEGMENTS / RELEASES) * RELEASES + k),
                json!({"candidate": {"if": self.test()}}),
            );
        }
        let phases: Vec<Json> = (0..=self.roll(4))
            .map(|i| {
                let target = match self.roll(4) {
                    0 => json!([{"if": self.condition(0)}]),
                    1 => json!([{"environments": ["dev"]}, {"if": self.test()}]),
                    _ => json!([{"environments": ["prod"]}]),
                };
                json!({"id": format!("p{i}"), "live": (self.roll(3) > 0), "target": target,
                    "ramp": {"percent": ([100, 50, 10][self.roll(3)])}})
            })
            .collect();
        json!({"id": format!("rel{k}"), "features": features, "segments": segments, "ramp": {"unit": "user_id"},
            "phases": phases})
    }

    fn start(&mut self) -> Json {
        let features: Map<String, Json> = (0..FEATURES).map(|i| (feature_key(i), self.feature(i))).collect();
        let segments: Map<String, Json> =
            (0..SEGMENTS).map(|i| (segment_key(i), json!({"if": self.test()}))).collect();
        let releases: Vec<Json> = (0..2).map(|k| self.release(k)).collect();
        json!({"schema_version": 1, "version": 1, "features": features, "segments": segments, "releases": releases,
            "exclusion_groups": {"group": self.group()}, "kills": []})
    }

    fn edit(&mut self, document: &mut Json) -> String {
        let present: Vec<String> = keys(&document["features"]).collect();
        match self.roll(12) {
            0..=3 => {
                let i = self.roll(FEATURES);
                document["features"][feature_key(i)] = self.feature(i);
                format!("{} changed", feature_key(i))
            }
            4 => {
                let name = self.of(&present).to_owned();
                document["features"].as_object_mut().unwrap().remove(&name);
                format!("{name} removed")
            }
            5 => {
                let i = self.roll(SEGMENTS);
                document["segments"][segment_key(i)] = match self.roll(3) {
                    0 => json!({"if": {"any": [{"segment": segment_key(self.roll(SEGMENTS))}, self.test()]}}),
                    _ => json!({"if": self.test()}),
                };
                format!("{} changed", segment_key(i))
            }
            6 => {
                let i = self.roll(SEGMENTS);
                document["segments"].as_object_mut().unwrap().remove(&segment_key(i));
                format!("{} removed", segment_key(i))
            }
            7 | 8 => {
                let k = self.roll(RELEASES);
                let release = self.release(k);
                let list = document["releases"].as_array_mut().unwrap();
                match list.iter_mut().find(|own| own["id"] == release["id"]) {
                    Some(own) => *own = release,
                    None => list.push(release),
                }
                format!("rel{k} changed")
            }
            9 => {
                let k = self.roll(RELEASES);
                document["releases"].as_array_mut().unwrap().retain(|own| own["id"] != format!("rel{k}"));
                format!("rel{k} removed")
            }
            10 => {
                let kills: Vec<Json> = (0..self.roll(3))
                    .map(|_| json!({"feature": self.of(&present), "environment": "prod"}))
                    .collect();
                document["kills"] = json!(kills);
                "kills changed".to_owned()
            }
            _ => {
                document["exclusion_groups"]["group"] = self.group();
                "group changed".to_owned()
            }
        }
    }
}

const FEATURES: usize = 40;
const SEGMENTS: usize = 12;
const RELEASES: usize = 4;
const EXPERIMENTS: [usize; 2] = [10, 11];

fn feature_key(i: usize) -> String {
    format!("f{i:02}")
}

fn segment_key(i: usize) -> String {
    format!("s{i:02}")
}

/// The delta between two documents, with every definition that it concerns.
fn delta(from: &Json, to: &Json) -> Json {
    let mut delta = json!({"from": from["version"], "version": to["version"]});
    let mut concerned = BTreeSet::new();
    let mut releases = Vec::new();
    let by_id = |document: &Json, id: &Json| {
        document["releases"].as_array().into_iter().flatten().find(|release| release["id"] == *id).cloned()
    };
    let all = |document: &Json| document["releases"].as_array().cloned().unwrap_or_default();
    for release in all(to) {
        let old = by_id(from, &release["id"]);
        if old.as_ref() != Some(&release) {
            concerned.extend(keys(&release["features"]));
            releases.push(release);
        }
    }
    let gone: Vec<Json> =
        all(from).iter().map(|own| own["id"].clone()).filter(|id| by_id(to, id).is_none()).collect();
    if !releases.is_empty() {
        delta["releases"] = json!(releases);
    }
    if !gone.is_empty() {
        delta["removed_releases"] = json!(gone);
    }
    for section in ["kills", "exclusion_groups", "attributes", "environments"] {
        if from[section] != to[section] {
            delta[section] = to[section].clone();
        }
    }
    if from["kills"] != to["kills"] {
        concerned.extend(
            to["kills"]
                .as_array()
                .into_iter()
                .flatten()
                .map(|kill| kill["feature"].as_str().unwrap().to_owned()),
        );
    }
    if from["exclusion_groups"] != to["exclusion_groups"] {
        for group in to["exclusion_groups"].as_object().into_iter().flat_map(|groups| groups.values()) {
            concerned.extend(keys(&group["ranges"]));
        }
    }
    for section in ["features", "segments"] {
        for key in keys(&from[section]).chain(keys(&to[section])).collect::<BTreeSet<_>>() {
            let (old, new) = (&from[section][&key], &to[section][&key]);
            if old != new || (section == "features" && concerned.contains(&key) && !new.is_null()) {
                delta[section][&key] = new.clone();
            }
        }
    }
    delta
}

/// The decisions of a program at one version, to be compared with those of another.
fn unversioned(mut text: DecisionText<'_>) -> DecisionText<'_> {
    text.version = 0;
    text
}

/// What a run of random edits found wrong, one line a feature; empty if nothing.
fn random_edits(seed: u64, by_delta: bool) -> Vec<String> {
    let mut dice = Dice(seed);
    let mut document = dice.start();
    let mut rig = Rig::loaded(Mode::Lenient, &document);
    let contexts = rig.contexts();
    let mut wrong = Vec::new();
    for step in 0..40 {
        let mut edited = next(&document);
        let what = format!("seed {seed}, step {step}: {}", dice.edit(&mut edited));
        let before = Arc::clone(&rig.program);
        let compiled = match by_delta {
            true => rig.apply(&delta(&document, &edited)),
            false => rig.load(&edited),
        };
        let compiled = compiled.unwrap_or_else(|error| panic!("{what}: {error:?}"));
        let fresh = Rig::loaded(Mode::Lenient, &edited);
        let fresh_contexts = fresh.contexts();
        for name in features_of(&document).union(&features_of(&edited)) {
            let found = contexts.iter().map(|context| text(&rig.program, name, context));
            let expected = fresh_contexts.iter().map(|context| text(&fresh.program, name, context));
            if let Some((at, (found, expected))) =
                found.zip(expected).enumerate().find(|(_, (found, expected))| found != expected)
            {
                wrong
                    .push(format!("{what}: {name} for context {at}: expected {expected:?}, found {found:?}"));
            }
            let changed = contexts.iter().any(|context| {
                unversioned(text(&before, name, context)) != unversioned(text(&rig.program, name, context))
            });
            if changed && !compiled.changed.iter().any(|key| **key == **name) {
                wrong.push(format!("{what}: {name} decides otherwise and is not listed as changed"));
            }
        }
        document = edited;
    }
    wrong
}

fn assert_no_differences(by_delta: bool) {
    let wrong: Vec<String> = (1..=8).flat_map(|seed| random_edits(seed, by_delta)).collect();
    assert!(wrong.is_empty(), "{} differences:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn after_any_load_the_decisions_are_those_of_a_fresh_compiler() {
    assert_no_differences(false);
}

#[test]
fn after_any_delta_the_decisions_are_those_of_a_fresh_compiler() {
    assert_no_differences(true);
}
