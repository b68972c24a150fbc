//! The listing of the example, by environment, against `testdata/listings` (`UPDATE_LISTINGS=1` writes it anew).

#![expect(clippy::unwrap_used, reason = "a test that cannot go on must fail")]

use std::path::Path;

use tidegate::Engine;

const ENVIRONMENTS: [(&str, Option<&str>); 6] = [
    ("dev", Some("us-west-2")),
    ("staging", Some("us-west-2")),
    ("prod-us-west", Some("us-west-2")),
    ("prod-us-east", Some("us-east-1")),
    ("prod-eu", Some("eu-central-1")),
    // Nothing is folded: the environment is read from the context.
    ("any", None),
];

fn listing(environment: &str, region: Option<&str>) -> String {
    let mut builder = Engine::builder();
    if let Some(region) = region {
        builder = builder.process("environment", environment).process("region", region);
    }
    let engine = builder.build();
    engine.load(include_bytes!("../examples/snapshots/checkout.json")).unwrap();
    engine.listing(None).unwrap()
}

#[test]
fn listings_of_the_example_are_as_checked_in() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/listings");
    let update = std::env::var_os("UPDATE_LISTINGS").is_some();
    let mut wrong = Vec::new();
    for (environment, region) in ENVIRONMENTS {
        let found = listing(environment, region);
        let path = folder.join(format!("checkout.{environment}.txt"));
        if update {
            std::fs::create_dir_all(&folder).unwrap();
            std::fs::write(&path, &found).unwrap();
        }
        let expected = std::fs::read_to_string(&path).unwrap_or_default();
        if expected != found {
            wrong.push(format!("--- {}\n{found}", path.display()));
        }
    }
    let advice = "if they are right, review them line by line and run with UPDATE_LISTINGS=1";
    assert!(wrong.is_empty(), "{advice}\n{}", wrong.join("\n"));
}

#[test]
fn conditions_that_recur_have_one_test() {
    let rule = |id: usize, op: &str, value: &str| {
        format!(
            r#"{{"id": "r{id}", "if": {{"any": [{{"attribute": "email", "op": "matches", "value": "^qa-[0-9]+@"}},
            {{"attribute": "a{id}", "op": "{op}", "value": {value}}}]}}, "variant": "on"}}"#
        )
    };
    let other: Vec<String> = (0..40).map(|id| rule(id, "matches", &format!("\"x{id}\""))).collect();
    let networks = r#"["10.0.0.0/8"]"#;
    let rules = [rule(90, "in_cidr", networks), other.join(","), rule(91, "in_cidr", networks)].join(",");
    let document = format!(
        r#"{{"schema_version": 1, "version": 1, "features": {{"f": {{"kind": "gate", "rules": [{rules}]}}}}}}"#
    );
    let engine = Engine::new();
    engine.load(document.as_bytes()).unwrap();
    let listing = engine.listing(None).unwrap();
    let of = |attribute: &str| -> Vec<String> {
        let tests = listing.lines().filter_map(|line| line.split_once(attribute)?.1.split('?').next());
        tests.map(|test| test.trim().to_owned()).collect()
    };
    let emails = of(" email ");
    assert_eq!(emails.len(), 42, "{listing}");
    assert!(
        emails.iter().all(|test| test.starts_with("matches pattern ") && *test == emails[0]),
        "{listing}"
    );
    assert_eq!(of(" a90 "), of(" a91 "), "{listing}");
    assert_ne!(of(" a1 "), of(" a2 "), "{listing}");
}

#[test]
fn listing_is_the_same_for_the_same_document() {
    for (environment, region) in ENVIRONMENTS {
        assert_eq!(listing(environment, region), listing(environment, region));
    }
}
