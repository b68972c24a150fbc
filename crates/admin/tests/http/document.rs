//! The OpenAPI document: the one that is checked in is the one that is served.

use std::path::Path;

use serde_json::Value as Json;

use crate::common::Harness;

#[test]
fn the_document_that_is_checked_in_is_what_the_server_serves() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/openapi.json");
    let now = tidegate_admin::http::openapi().unwrap();
    if std::env::var_os("UPDATE_OPENAPI").is_some() {
        std::fs::write(&path, &now).unwrap();
    }
    let checked_in = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(checked_in == now, "docs/openapi.json is out of date: run the test with UPDATE_OPENAPI=1");
}

#[test]
fn every_operation_says_who_may_what_it_answers_and_how_it_refuses() {
    let document: Json = serde_json::from_str(&tidegate_admin::http::openapi().unwrap()).unwrap();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    let mut ids = std::collections::BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let id = operation["operationId"].as_str().unwrap();
            assert!(ids.insert(id.to_owned()), "{id} twice");
            let place = format!("{method} {path}");
            assert!(operation["x-permission"].is_string(), "{place}");
            assert!(operation["security"].is_array(), "{place}");
            assert!(!operation["summary"].as_str().unwrap().is_empty(), "{place}");
            let answers = operation["responses"].as_object().unwrap();
            assert!(answers.keys().any(|status| status.starts_with('2')), "{place}");
            for status in ["400", "401", "403", "429", "500", "503"] {
                assert!(answers.contains_key(status), "{place} lacks {status}");
            }
            let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
            let in_path = parameters.iter().filter(|parameter| parameter["in"] == "path").count();
            assert_eq!(in_path, path.matches('{').count(), "{place}");
            if operation["requestBody"].is_object() {
                let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
                assert_eq!(schema["additionalProperties"], false, "{place} takes unknown fields");
                // A preview changes nothing, and to resend twice is to resend once: they can be repeated anyway.
                let repeats = parameters.iter().any(|parameter| parameter["name"] == "Idempotency-Key");
                let harmless = id.starts_with("preview_") || id == "resend_delivery";
                assert_eq!(repeats, !harmless, "{place}");
            }
        }
    }
    // Every reference leads somewhere.
    let text = document.to_string();
    for reference in text.split("\"$ref\":\"#").skip(1).map(|rest| rest.split('"').next().unwrap()) {
        assert!(document.pointer(reference).is_some(), "{reference} leads nowhere");
    }
}

#[tokio::test]
async fn the_document_and_the_page_are_served_without_a_token() {
    let harness = Harness::start().await;
    let served = harness.call("", "GET", "/openapi.json", None).await.expect(200);
    assert_eq!(served.body, serde_json::from_str::<Json>(&tidegate_admin::http::openapi().unwrap()).unwrap());
    let page = harness.call("", "GET", "/docs/", None).await.expect(200);
    assert!(page.header("content-type").unwrap().starts_with("text/html"), "{page:?}");
    let page = page.body.as_str().unwrap().to_owned();
    for file in ["swagger-ui.css", "swagger-ui-bundle.js"] {
        assert!(page.contains(file), "{page}");
        harness.call("", "GET", &format!("/docs/{file}"), None).await.expect(200);
    }
    let settings = harness.call("", "GET", "/docs/swagger-initializer.js", None).await.expect(200);
    assert!(settings.body.as_str().unwrap().contains("/api/v1/openapi.json"), "{settings:?}");
    harness.call("", "GET", "/docs/../../etc/passwd", None).await.problem(404, "not_found");
    harness.stop().await;
}
