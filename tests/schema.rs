//! `docs/snapshot.schema.json` is the schema of the model; `UPDATE_SCHEMA=1` rewrites it.

#![cfg(feature = "schema")]

#[test]
fn schema_in_docs_is_that_of_the_model() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/snapshot.schema.json");
    let schema = serde_json::to_string_pretty(&tidegate::model::schema()).expect("a schema is JSON") + "\n";
    if std::env::var_os("UPDATE_SCHEMA").is_some_and(|v| v == "1") {
        std::fs::write(path, &schema).expect("the schema can be written");
    }
    let written = std::fs::read_to_string(path).unwrap_or_default();
    assert!(written == schema, "docs/snapshot.schema.json is stale: run with UPDATE_SCHEMA=1");
}
