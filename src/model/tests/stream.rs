//! What is read from the stream is what is decoded from the tree.

use std::fs;
use std::path::Path;

use super::*;
use crate::value::Node;

/// The documents of all table cases, valid or not.
fn documents() -> Vec<String> {
    let mut documents = Vec::new();
    for directory in ["cases", "invalid"] {
        let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata").join(directory);
        let mut files: Vec<_> = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).collect();
        files.sort();
        for file in files {
            let table: Json = serde_json::from_slice(&fs::read(file).unwrap()).unwrap();
            for case in table["cases"].as_array().unwrap() {
                let document = ["snapshot", "document"].into_iter().find_map(|name| case.get(name));
                documents.extend(document.map(Json::to_string));
            }
        }
    }
    documents.sort();
    documents.dedup();
    assert!(documents.len() > 500, "{}", documents.len());
    documents
}

/// Reads a document in both ways; whether the stream did, too.
fn compare(document: &str, mode: Mode) -> bool {
    let Some(read) = read(document.as_bytes(), mode) else { return false };
    let tree = parse(document.as_bytes()).expect("what is read is JSON");
    assert!(tree.duplicates.is_empty(), "{document}");
    let of_tree = tree.root.get("features").and_then(Node::as_object).unwrap();
    let hashes: Vec<_> = of_tree.iter().map(|(key, node)| (key.clone(), node.structural_hash())).collect();
    let of_stream: Vec<_> = read.features.iter().map(|feature| (feature.key.clone(), feature.hash)).collect();
    assert_eq!(of_stream, hashes, "{document}");
    let decoded = decode(tree, mode);
    let Some(streamed) = decode_read(read, &[]) else {
        assert!(decoded.diagnostics.iter().any(|own| own.severity == Severity::Error), "{document}");
        return false;
    };
    assert_eq!(streamed.snapshot, decoded.snapshot, "{document}");
    assert_eq!(streamed.diagnostics, decoded.diagnostics, "{document}");
    assert_eq!(streamed.refused, decoded.refused, "{document}");
    assert_eq!(streamed.tombstone_features, decoded.tombstone_features, "{document}");
    assert_eq!(streamed.tombstone_segments, decoded.tombstone_segments, "{document}");
    assert_eq!(streamed.invalid_segments, decoded.invalid_segments, "{document}");
    assert!(decoded.invalid_features.is_empty() && decoded.unchanged.is_empty(), "{document}");
    true
}

#[test]
fn the_stream_is_the_tree_for_all_cases() {
    for mode in [Mode::Strict, Mode::Lenient] {
        let documents = documents();
        let streamed = documents.iter().filter(|document| compare(document, mode)).count();
        assert!(streamed * 10 > documents.len() * 5, "{streamed} of {}", documents.len());
    }
}

#[test]
fn the_stream_is_the_tree_for_damaged_documents() {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut random = |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % below
    };
    const PIECES: [&str; 24] = [
        "1",
        "0",
        "null",
        "true",
        "[]",
        "{}",
        "\"x\"",
        "\"on\"",
        "-1",
        "1.5",
        "1e3",
        ",",
        ":",
        "\"id\":1,",
        "\"if\":{},",
        "\"kind\":\"gate\",",
        "\"rules\":[],",
        "\"value\":[1,\"a\"],",
        "\"ignore_case\":true,",
        "\"op\":\"eq\",",
        "\"x\":{\"a\":1,\"a\":2},",
        "\\u00e9",
        "\"attribute\":\"a\",",
        "\"all\":[],",
    ];
    let mut streamed = 0;
    let documents = documents();
    for document in &documents {
        for _ in 0..10 {
            let places: Vec<usize> =
                document.match_indices(['"', '{', '[', ',', ':']).map(|(at, _)| at).collect();
            let from = places[random(places.len())] + random(2);
            let to = if random(2) == 0 { from } else { places[random(places.len())].max(from) };
            let to = if to > from + 40 { from } else { to };
            let mut damaged = String::from(document.get(..from).unwrap_or_default());
            damaged.push_str(PIECES[random(PIECES.len())]);
            damaged.push_str(document.get(to..).unwrap_or_default());
            streamed += usize::from(compare(&damaged, Mode::Lenient));
        }
    }
    assert!(streamed > 100, "{streamed}");
}

#[test]
fn what_is_not_in_order_is_left_to_the_tree() {
    let whole = |features: &str| format!(r#"{{"schema_version":1,"version":1,"features":{features}}}"#);
    let rule = |rule: &str| whole(&format!(r#"{{"f":{{"kind":"gate","rules":[{rule}]}}}}"#));
    let condition = |condition: &str| rule(&format!(r#"{{"id":"r","variant":"on","if":{condition}}}"#));
    let test = r#""attribute":"a","op":"eq""#;
    assert!(compare(&condition(&format!(r#"{{"value":1,{test}}}"#)), Mode::Strict));
    let deep = |levels: usize| {
        condition(&format!("{}{{\"value\":1,{test}}}{}", r#"{"not":"#.repeat(levels), "}".repeat(levels)))
    };
    assert!(compare(&deep(63), Mode::Strict));
    for document in [
        "",
        "[]",
        "{}",
        &whole("[]"),
        &whole("{}x"),
        &whole(r#"{"f":{"kind":"gate"},"f":{"kind":"gate"}}"#),
        &whole(r#"{"f":{"kind":"gate","kind":"gate"}}"#),
        &whole(r#"{"f":{"kind":"gate","rules":[],"rules":[]}}"#),
        &whole(r#"{"f":{"kind":"gate","rules":{}}}"#),
        &whole(r#"{"f":{"kind":"gate","colour":1}}"#),
        &whole(r#"{"f":{"kind":"config","default":"a","variants":{"a":{"x":1,"x":2}}}}"#),
        &whole(r#"{"f":{"kind":"gate"}},"features":{}"#),
        &whole(r#"{"f":{"kind":"gate"}},"version":2"#),
        &whole(r#"{"f":{"kind":"gate"}},"attributes":{"a":{"type":"number"}}"#),
        &whole(r#"{"f":{"kind":"gate"}},"environments":{"dev":{}}"#),
        &rule(r#"{"id":"r"}"#),
        &rule(r#"{"variant":"on"}"#),
        &rule(r#"{"id":"r","id":"s","variant":"on"}"#),
        &rule(r#"{"id":"r","variant":"maybe"}"#),
        &rule(r#"{"id":"r","variant":"on","split":[]}"#),
        &rule(r#"{"id":"r","variant":"on","if":{"all":[]},"if":{"all":[]}}"#),
        &rule(r#"{"id":"r","variant":"on"},{"id":"r","variant":"on"}"#),
        &rule(r#"{"id":"r","variant":"on","rollout":{"percent":101}}"#),
        &condition(r#"{"all":[],"any":[]}"#),
        &condition(r#"{"all":[],"all":[]}"#),
        &condition(&format!(r#"{{"all":[],{test},"value":1}}"#)),
        &condition(&format!(r#"{{{test}}}"#)),
        &condition(&format!(r#"{{{test},"value":1,"value":2}}"#)),
        &condition(&format!(r#"{{{test},"value":1,"ignore_case":true}}"#)),
        &condition(&format!(r#"{{{test},"value":1,"more":true}}"#)),
        &condition(r#"{"attribute":"a","op":"equals","value":1}"#),
        &condition("{}"),
        &deep(64),
    ] {
        assert!(!compare(document, Mode::Lenient), "{document}");
        assert!(!compare(document, Mode::Strict), "{document}");
    }
}
