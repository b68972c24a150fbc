//! Into a directory: what is written, what is refused.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use serde_json::{Value as Json, json};
use tidegate::wire::{Sha256, Token};

use crate::origin::{document, head, key, ring, sdk_key};
use crate::{Origin, command, directory, follow, publish};

fn files(directory: &Path) -> Vec<String> {
    let names =
        fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.collect();
    names.sort();
    names
}

#[test]
fn clients_can_follow_what_is_written() {
    let (origin, directory) = (Origin::of(12), directory().join("deep/er"));
    let (connection, to) = (origin.connection(key(1).public()), directory.display().to_string());

    let said = publish(&connection, &to, &[]).ok();
    assert_eq!(said, format!("published version 12 of prod to {to}: snapshot.json, keys.json, head\n"));
    let (head, bytes) = follow(&directory, &ring());
    assert_eq!((head.version, bytes), (12, document("prod", 12)));
    assert_eq!(files(&directory), ["head", "keys.json", "snapshot.json"]);
    for name in files(&directory) {
        let mode = fs::metadata(directory.join(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o644, "the web server reads it");
    }

    // Nothing new: nothing is written.
    assert_eq!(publish(&connection, &to, &[]).ok(), format!("version 12 of prod is at {to} already\n"));

    // A renewed head: the head alone.
    origin.renew(2_000, &key(1));
    let said: Json = serde_json::from_str(&publish(&connection, &to, &["--format", "json"]).ok()).unwrap();
    let sha256 = Sha256::of(&document("prod", 12));
    let expected = json!({"environment": "prod", "version": 12, "sha256": sha256, "at": 2_000, "to": to, "written": ["head"]});
    assert_eq!(said, expected);
    assert_eq!(follow(&directory, &ring()).0.at, 2_000);

    // A new version: not the keys.
    origin.publish(13, &key(1));
    let said = publish(&connection, &to, &[]).ok();
    assert_eq!(said, format!("published version 13 of prod to {to}: snapshot.json, head\n"));
    assert_eq!(follow(&directory, &ring()).0.version, 13);

    // A file that was spoilt or removed is put right.
    fs::write(directory.join("snapshot.json"), "{}").unwrap();
    fs::remove_file(directory.join("keys.json")).unwrap();
    let said = publish(&connection, &to, &[]).ok();
    assert_eq!(said, format!("published version 13 of prod to {to}: snapshot.json, keys.json\n"));
    follow(&directory, &ring());
}

#[test]
fn an_older_version_is_refused() {
    let directory = directory();
    let to = directory.display().to_string();
    publish(&Origin::of(12).connection(key(1).public()), &to, &[]).ok();
    let before = fs::read(directory.join("head")).unwrap();

    let said = publish(&Origin::of(11).connection(key(1).public()), &to, &[]).fails(5);
    assert!(
        said.contains("has version 12 of `prod`, and the server gives version 11, which is older"),
        "{said}"
    );
    assert_eq!(fs::read(directory.join("head")).unwrap(), before);
    assert_eq!(follow(&directory, &ring()).0.version, 12);

    // The same version with other content is a sign of two servers.
    let origin = Origin::new();
    let other = br#"{"schema_version":1,"version":12,"environment":"prod","features":{}}"#.to_vec();
    origin.publish_as(&head("prod", 12, Sha256::of(&other)), other, &key(1));
    let said = publish(&origin.connection(key(1).public()), &to, &[]).fails(5);
    assert!(said.contains("with other content"), "{said}");
    assert_eq!(follow(&directory, &ring()).1, document("prod", 12));
}

#[test]
fn a_newer_head_of_the_same_document_stays() {
    let (origin, directory) = (Origin::of(12), directory());
    let to = directory.display().to_string();
    origin.renew(5_000, &key(1));
    publish(&origin.connection(key(1).public()), &to, &[]).ok();
    let said = publish(&Origin::of(12).connection(key(1).public()), &to, &[]).ok();
    assert!(said.contains("already"), "{said}");
    assert_eq!(follow(&directory, &ring()).0.at, 5_000);
}

#[test]
fn a_head_that_does_not_verify_is_replaced_and_told() {
    let (origin, directory) = (Origin::of(12), directory());
    let to = directory.display().to_string();
    fs::create_dir_all(&directory).unwrap();
    let newer = head("prod", 99, Sha256::of(b""));
    for there in [Token::unsigned(&newer).into_string(), key(2).sign(&newer).into_string(), "\u{0}".into()] {
        fs::write(directory.join("head"), there).unwrap();
        let run = publish(&origin.connection(key(1).public()), &to, &[]);
        let warned = format!("warning: the head at {to} does not verify, and is replaced: error[TG60");
        assert!(run.stderr.starts_with(&warned), "{run:?}");
        assert_eq!(run.code, Some(0));
        assert_eq!(follow(&directory, &ring()).0.version, 12);
    }
}

#[test]
fn each_environment_has_a_place_of_its_own() {
    let (origin, directory) = (Origin::of(12), directory());
    fs::create_dir_all(&directory).unwrap();
    let there = key(1).sign(&head("dev", 3, Sha256::of(b""))).into_string();
    fs::write(directory.join("head"), &there).unwrap();
    let to = directory.display().to_string();
    let said = publish(&origin.connection(key(1).public()), &to, &[]).fails(5);
    assert!(said.contains("is of another environment than `prod`"), "{said}");
    assert_eq!(files(&directory), ["head"]);
    assert_eq!(fs::read_to_string(directory.join("head")).unwrap(), there);
}

#[test]
fn what_does_not_verify_is_not_written() {
    let directory = directory();
    let to = directory.display().to_string();
    let refused = |origin: &Origin, connection: &str, part: &str| {
        let said = publish(connection, &to, &[]).fails(6);
        assert!(said.contains(part), "{said}");
        assert!(!directory.exists(), "{said}");
        assert!(!said.contains(sdk_key().secret()) && said.contains(&origin.url));
    };

    let origin = Origin::of(12);
    refused(&origin, &origin.connection(key(2).public()), "error[TG6013] at /kid");
    refused(
        &origin,
        &origin.connection_of("dev", &key(1).public().to_string()),
        "error[TG6015] at /environment",
    );

    let spoilt = Origin::new();
    spoilt.publish_as(&head("prod", 12, Sha256::of(b"another")), document("prod", 12), &key(1));
    refused(&spoilt, &spoilt.connection(key(1).public()), "the snapshot of");

    // An endorsement that says to be by a trusted key, and is not.
    let forged = key(1).endorse(&key(2).public(), 0).into_string();
    let signature = key(1).endorse(&key(3).public(), 0).into_string();
    let (input, signature) =
        (forged.rsplit_once('.').unwrap().0, signature.rsplit_once('.').unwrap().1.to_owned());
    origin.hub.set_endorsements(&[format!("{input}.{signature}")]);
    refused(&origin, &origin.connection(key(1).public()), "error[TG6014]");
}

#[test]
fn unsigned_heads_are_published_where_it_was_asked_for() {
    let (origin, directory) = (Origin::new(), directory());
    let to = directory.display().to_string();
    let head = head("prod", 12, Sha256::of(&document("prod", 12)));
    let document = document("prod", 12).into();
    let publication =
        tidegate_delivery::Publication::new(head.clone(), Token::unsigned(&head), document, None);
    assert!(origin.hub.publish(publication.unwrap()));
    publish(&origin.connection(key(1).public()), &to, &[]).fails(6);
    publish(&origin.connection_of("prod", "none"), &to, &[]).ok();
    assert_eq!(fs::read_to_string(directory.join("head")).unwrap(), Token::unsigned(&head).into_string());
}

#[test]
fn keys_lead_from_any_pinned_one_to_the_one_that_signs() {
    let (origin, directory) = (Origin::new(), directory());
    let to = directory.display().to_string();
    let chain = [
        key(1).endorse(&key(2).public(), 0).into_string(),
        key(2).endorse(&key(3).public(), 0).into_string(),
    ];
    origin.hub.set_endorsements(&chain);
    origin.publish(12, &key(3));
    // Whoever publishes has pinned a later key than some of the clients.
    publish(&origin.connection(key(2).public()), &to, &[]).ok();
    for pinned in [1, 2, 3] {
        follow(&directory, &tidegate::wire::KeyRing::pinned(key(pinned).public()));
    }
}

#[test]
fn failures_say_what_to_do() {
    let (origin, directory) = (Origin::of(12), directory());
    let (connection, to) = (origin.connection(key(1).public()), directory.display().to_string());

    let other = connection.replace("abab", "cdcd");
    let said = publish(&other, &to, &[]).fails(5);
    assert!(said.contains("refused the SDK key") && said.contains("hint:"), "{said}");

    let gone = connection.replace(origin.url.rsplit_once(':').unwrap().1, "1");
    assert!(publish(&gone, &to, &[]).fails(6).contains("cannot reach the server http://127.0.0.1:1"));

    for (bad, code) in [
        (connection.replace("key=", "kye="), "TG6019"),
        (connection.replace("tgs_", "tgs-"), "TG6018"),
        (connection.replace("&key=", "&key=x"), "TG6017"),
    ] {
        let said = publish(&bad, &to, &[]).fails(2);
        assert!(said.contains(code) && !said.contains("abababab"), "{said}");
        let said = command(&to, &["--connect", &bad]).output().map(crate::Run::from).unwrap().fails(2);
        assert!(said.contains(code) && !said.contains("abababab"), "{said}");
    }
    let of_files = "tidegate+static+https://cdn.example/prod?environment=prod&key=none";
    assert!(publish(of_files, &to, &[]).fails(2).contains("found one of static hosting"));
    assert!(command(&to, &[]).output().map(crate::Run::from).unwrap().fails(2).contains("--connect"));
    assert!(publish(&connection, "ftp://host/x", &[]).fails(2).contains("found `ftp://…`"));
    assert!(publish(&connection, "s3:///x", &[]).fails(2).contains("no bucket"));
    assert!(publish(&connection, &to, &["--watch", "--every", "2m"]).fails(2).contains("between 1s and 60s"));

    // A file where the directory should be.
    assert!(!directory.exists());
    fs::write(&directory, "").unwrap();
    assert!(
        publish(&connection, &to, &[])
            .fails(4)
            .contains(&format!("cannot read {to}/head: a part of the path is a file"))
    );
}
