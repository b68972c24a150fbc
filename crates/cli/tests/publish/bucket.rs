//! Into buckets: the order of writes, and what is said about the objects.

use crate::origin::{document, key};
use crate::store::Bucket;
use crate::{Origin, Run, command};

const AT: &str = "/flags/eu/prod";

/// Publishes into `s3://flags/eu/prod`.
fn s3(origin: &Origin, bucket: &Bucket) -> Run {
    command("s3://flags/eu/prod/", &[])
        .env("TIDEGATE_CONNECTION", origin.connection(key(1).public()))
        .env("AWS_ENDPOINT_URL", &bucket.url)
        .env("AWS_ALLOW_HTTP", "true")
        .env("AWS_REGION", "eu-central-1")
        .env("AWS_ACCESS_KEY_ID", "AKIA")
        .env("AWS_SECRET_ACCESS_KEY", "secret")
        .output()
        .unwrap()
        .into()
}

fn paths(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| format!("{AT}/{name}")).collect()
}

#[test]
fn s3_gets_the_head_last() {
    let (origin, bucket) = (Origin::of(12), Bucket::new());
    let said = s3(&origin, &bucket).ok();
    assert_eq!(said, "published version 12 of prod to s3://flags/eu/prod/: snapshot.json, keys.json, head\n");
    assert_eq!(bucket.written(), paths(&["snapshot.json", "keys.json", "head"]));
    let objects = bucket.shelf().objects.clone();
    let of = |name: &str| objects[&format!("{AT}/{name}")].clone();
    assert_eq!(of("snapshot.json").bytes, document("prod", 12));
    assert_eq!(
        (of("snapshot.json").content_type, of("snapshot.json").cache_control),
        ("application/json".into(), "public, no-cache".into())
    );
    assert_eq!(
        (of("keys.json").content_type, of("keys.json").bytes),
        ("application/json".into(), b"[]".to_vec())
    );
    assert_eq!(
        (of("head").content_type, of("head").cache_control),
        ("application/jose".into(), "public, max-age=5".into())
    );
    assert!(of("head").authorization.starts_with("AWS4-HMAC-SHA256 Credential=AKIA/"));

    assert!(s3(&origin, &bucket).ok().contains("already"));
    assert_eq!(bucket.written(), paths(&[]));
    origin.renew(2_000, &key(1));
    s3(&origin, &bucket).ok();
    assert_eq!(bucket.written(), paths(&["head"]));
    origin.publish(13, &key(1));
    s3(&origin, &bucket).ok();
    assert_eq!(bucket.written(), paths(&["snapshot.json", "head"]));
    s3(&Origin::of(12), &bucket).fails(5);
    assert_eq!(bucket.written(), paths(&[]));
}

#[test]
fn the_head_stays_as_it_was_if_the_snapshot_cannot_be_written() {
    let (origin, bucket) = (Origin::of(12), Bucket::new());
    s3(&origin, &bucket).ok();
    bucket.written();
    let head = bucket.shelf().objects[&format!("{AT}/head")].bytes.clone();

    origin.publish(13, &key(1));
    bucket.shelf().locked.insert(format!("{AT}/snapshot.json"));
    let said = s3(&origin, &bucket).fails(4);
    assert!(
        said.contains("cannot write s3://flags/eu/prod/snapshot.json:") && said.contains("AccessDenied"),
        "{said}"
    );
    assert!(said.contains("hint:"), "{said}");
    assert_eq!(said.trim_end().lines().count(), 3, "{said}");
    assert_eq!(bucket.written(), paths(&[]));
    assert_eq!(bucket.shelf().objects[&format!("{AT}/head")].bytes, head);
}

#[test]
fn google_cloud_storage_gets_the_head_last() {
    let (origin, bucket) = (Origin::of(12), Bucket::new());
    let account = crate::directory().with_extension("json");
    let text = serde_json::json!({
        "private_key": "", "private_key_id": "", "client_email": "", "disable_oauth": true, "gcs_base_url": bucket.url,
    });
    std::fs::write(&account, text.to_string()).unwrap();
    let run = || -> Run {
        command("gs://flags/eu/prod", &["--connect", &origin.connection(key(1).public())])
            .env("GOOGLE_SERVICE_ACCOUNT", &account)
            .env("GOOGLE_ALLOW_HTTP", "true")
            .output()
            .unwrap()
            .into()
    };
    run().ok();
    assert_eq!(bucket.written(), paths(&["snapshot.json", "keys.json", "head"]));
    assert_eq!(bucket.shelf().objects[&format!("{AT}/head")].cache_control, "public, max-age=5");
    assert!(run().ok().contains("already"));
    assert_eq!(bucket.written(), paths(&[]));
}
