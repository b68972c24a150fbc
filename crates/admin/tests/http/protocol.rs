//! What HTTP itself asks: health, ids, tokens, limits, ETags, preconditions, repetitions, problems.

use std::time::Duration;

use serde_json::json;
use tidegate_admin::config::{Limits, Rate};

use crate::common::{Harness, START, generous, reply};

#[tokio::test]
async fn health_readiness_and_metrics_are_told() {
    let harness = Harness::start().await;
    harness.call("", "GET", "//healthz", None).await.expect(200);
    harness.call("", "GET", "//readyz", None).await.expect(200);
    harness.get("/environments").await.expect(200);
    harness.call("", "GET", "/environments", None).await.expect(401);
    let metrics = harness.call("", "GET", "//metrics", None).await.expect(200);
    let text = metrics.body.as_str().unwrap();
    for line in [
        "tidegate_http_requests_total{route=\"/api/v1/environments\",method=\"GET\",status=\"200\"} 1",
        "tidegate_http_requests_total{route=\"/api/v1/environments\",method=\"GET\",status=\"401\"} 1",
        "tidegate_releases{status=\"running\"} 0",
        "tidegate_writer_queue 0",
        "tidegate_timer_lag_seconds 0",
    ] {
        assert!(text.contains(line), "no `{line}` in\n{text}");
    }
    assert!(text.ends_with("# EOF\n"));
    assert!(!text.contains(&harness.admin));
    harness.stop().await;
}

#[tokio::test]
async fn a_sane_request_id_is_kept_and_another_is_made_anew() {
    let harness = Harness::start().await;
    let sane = reply(harness.request("", "GET", "//healthz").header("x-request-id", "abc-1.2_3")).await;
    assert_eq!(sane.header("x-request-id"), Some("abc-1.2_3"));
    for odd in ["a b", "a/b", &"x".repeat(129), "<script>"] {
        let made = reply(harness.request("", "GET", "//healthz").header("x-request-id", odd)).await;
        let id = made.header("x-request-id").unwrap();
        assert_eq!(id.len(), 36, "{id}");
    }
    let made = reply(
        harness
            .request(&harness.admin, "POST", "/environments")
            .header("x-request-id", "req-7")
            .json(&json!({ "name": "dev" })),
    )
    .await;
    made.expect(201);
    let log = harness.get("/audit?kind=environment&key=dev").await.expect(200);
    assert_eq!(log.body["items"][0]["request"], "req-7", "{log:?}");
    harness.stop().await;
}

#[tokio::test]
async fn unknown_routes_and_methods_are_problems() {
    let harness = Harness::start().await;
    let admin = harness.admin.clone();
    for path in [
        "/nothing",
        "//",
        "//api",
        "//api/v2/environments",
        "/environments/",
        "/environments/a/b/c",
        "//%2e%2e/etc/passwd",
    ] {
        harness.call(&admin, "GET", path, None).await.problem(404, "not_found");
    }
    for (method, path) in
        [("PATCH", "/environments"), ("DELETE", "/audit"), ("POST", "//healthz"), ("TRACE", "/me")]
    {
        let refused = harness.call(&admin, method, path, None).await;
        refused.problem(405, "method_not_allowed");
        assert!(refused.header("allow").is_some(), "{refused:?}");
    }
    let bad = harness.call(&admin, "GET", "/environments/%ff", None).await;
    bad.problem(400, "bad_request");
    harness.call(&admin, "GET", "/environments/a%00b", None).await.problem(400, "bad_request");
    harness.stop().await;
}

#[tokio::test]
async fn tokens_are_asked_for_end_and_are_shown_once() {
    let harness = Harness::start().await;
    let none = harness.call("", "GET", "/me", None).await;
    none.problem(401, "unauthenticated");
    assert_eq!(none.header("www-authenticate"), Some("Bearer"));
    harness.call("tg_0000", "GET", "/me", None).await.problem(401, "unauthenticated");
    // The one-time token is spent.
    harness.call(&harness.once, "GET", "/me", None).await.problem(401, "unauthenticated");

    let me = harness.get("/me").await.expect(200);
    assert_eq!(me.body["principal"]["key"], "admin", "{me:?}");

    let ana = harness.person("ana", json!([{ "role": "viewer" }])).await;
    harness.call(&ana, "GET", "/me", None).await.expect(200);
    // Whatever is shown, it is no secret and no hash.
    let tokens = harness.get("/tokens").await.expect(200).body;
    let text = tokens.to_string();
    assert!(!text.contains("hash") && !text.contains("tg_"), "{text}");
    assert!(tokens["items"].as_array().unwrap().iter().any(|token| token["last_used"] == START), "{text}");
    let log = harness.get("/audit?limit=500").await.expect(200).body.to_string();
    assert!(!log.contains(&ana) && !log.contains(&harness.admin));

    // One's own tokens are seen and made and revoked; not others'.
    let own = harness.call(&ana, "GET", "/tokens", None).await.expect(200).body;
    assert!(own["items"].as_array().unwrap().iter().all(|token| token["principal"] == "ana"), "{own}");
    let other =
        tokens["items"].as_array().unwrap().iter().find(|token| token["principal"] == "admin").unwrap();
    let other = other["key"].as_str().unwrap();
    harness.call(&ana, "GET", &format!("/tokens/{other}"), None).await.problem(404, "not_found");
    harness.post_as(&ana, &format!("/tokens/{other}/revoke"), json!({})).await.problem(403, "forbidden");
    harness.post_as(&ana, "/tokens", json!({ "principal": "admin" })).await.problem(403, "forbidden");
    let second = harness.post_as(&ana, "/tokens", json!({ "expires_at": START + 1_000 })).await.expect(201);
    let (id, secret) = (second.body["key"].as_str().unwrap(), second.body["secret"].as_str().unwrap());
    harness.call(secret, "GET", "/me", None).await.expect(200);
    harness.clock.advance(1_000);
    harness.call(secret, "GET", "/me", None).await.problem(401, "unauthenticated");
    let third = harness.post_as(&ana, "/tokens", json!({})).await.expect(201);
    let (third_id, third) = (third.body["key"].as_str().unwrap(), third.body["secret"].as_str().unwrap());
    harness.call(third, "GET", "/me", None).await.expect(200);
    harness.post_as(&ana, &format!("/tokens/{third_id}/revoke"), json!({})).await.expect(200);
    harness.call(third, "GET", "/me", None).await.problem(401, "unauthenticated");
    harness.post_as(&ana, &format!("/tokens/{id}/revoke"), json!({})).await.expect(200);

    // A principal that is disabled takes its tokens along.
    harness.post("/principals/ana/disable", json!({})).await.expect(200);
    harness.call(&ana, "GET", "/me", None).await.problem(401, "unauthenticated");
    harness.stop().await;
}

#[tokio::test]
async fn a_restart_makes_no_other_admin_and_keeps_tokens_and_their_last_use() {
    let mut harness = Harness::start().await;
    harness.get("/me").await.expect(200);
    harness.restart().await;
    assert_eq!(harness.server().admin_token(), None);
    let tokens = harness.call(&harness.admin, "GET", "/tokens", None).await.expect(200);
    assert!(
        tokens.body["items"].as_array().unwrap().iter().any(|token| token["last_used"] == START),
        "{tokens:?}"
    );
    harness.stop().await;
}

#[tokio::test]
async fn who_asks_too_often_waits() {
    let limits = Limits { principal: Rate::new(1, 5), stranger: Rate::new(1, 3), ..generous() };
    let harness = Harness::start_with(limits).await;
    let mut refused = None;
    for _ in 0..20 {
        let asked = harness.get("/me").await;
        if asked.status == 429 {
            refused = Some(asked);
            break;
        }
        asked.expect(200);
    }
    let refused = refused.expect("twenty requests at once are too many");
    refused.problem(429, "rate_limited");
    let wait: u64 = refused.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=5).contains(&wait), "{refused:?}");
    let mut statuses = Vec::new();
    for _ in 0..10 {
        statuses.push(harness.call("tg_guess", "GET", "/me", None).await.status);
    }
    assert_eq!(statuses.first(), Some(&401));
    assert_eq!(statuses.last(), Some(&429), "{statuses:?}");
    // Health is not limited.
    for _ in 0..20 {
        harness.call("", "GET", "//healthz", None).await.expect(200);
    }
    harness.stop().await;
}

#[tokio::test]
async fn entities_have_etags_for_reading_and_writing() {
    let harness = Harness::start().await;
    let made = harness.post("/environments", json!({ "name": "dev" })).await.expect(201);
    assert_eq!(made.header("location"), Some("/api/v1/environments/dev"));
    let shown = harness.get("/environments/dev").await.expect(200);
    let etag = shown.header("etag").unwrap().to_owned();
    assert_eq!(made.header("etag"), Some(&*etag));
    let known =
        reply(harness.request(&harness.admin, "GET", "/environments/dev").header("if-none-match", &etag))
            .await;
    assert_eq!((known.status, known.body), (304, json!("")));
    assert_eq!(known.headers.get("etag").unwrap().to_str().unwrap(), etag);

    let put = |tag: String, text: &'static str| {
        let request = harness.request(&harness.admin, "PUT", "/environments/dev").header("if-match", tag);
        reply(request.json(&json!({ "description": text })))
    };
    let before = harness.seq();
    put("\"99\"".to_owned(), "a").await.problem(412, "precondition_failed");
    put("nonsense".to_owned(), "a").await.problem(412, "precondition_failed");
    assert_eq!(harness.seq(), before);
    put(etag.clone(), "a").await.expect(200);
    put(etag.clone(), "b").await.problem(412, "precondition_failed");
    let revision = harness.get("/environments/dev").await.body["revision"].as_u64().unwrap();
    put(format!("\"{revision}\""), "b").await.expect(200);
    put("*".to_owned(), "c").await.expect(200);
    let fresh =
        reply(harness.request(&harness.admin, "GET", "/environments/dev").header("if-none-match", &etag))
            .await;
    assert_eq!((fresh.status, &fresh.body["description"]), (200, &json!("c")));
    let missing = harness.request(&harness.admin, "PUT", "/environments/none").header("if-match", "*");
    reply(missing.json(&json!({}))).await.problem(412, "precondition_failed");
    harness.stop().await;
}

#[tokio::test]
async fn a_repetition_gets_the_first_answer_and_does_nothing() {
    let harness = Harness::start().await;
    let post = |key: &'static str, body: serde_json::Value| {
        let request = harness.request(&harness.admin, "POST", "/environments").header("idempotency-key", key);
        reply(request.json(&body))
    };
    let first = post("k1", json!({ "name": "dev" })).await.expect(201);
    assert_eq!(first.header("idempotency-replayed"), None);
    let seq = harness.seq();
    let again = post("k1", json!({ "name": "dev" })).await.expect(201);
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    assert_eq!((again.body, harness.seq()), (first.body, seq));
    post("k1", json!({ "name": "prod" })).await.problem(422, "idempotency_reused");
    post("k2", json!({ "name": "dev" })).await.problem(409, "already_exists");
    post("", json!({ "name": "dev" })).await.problem(400, "bad_request");
    // Keys are each principal's own.
    let eve = harness.person("eve", json!([{ "role": "admin" }])).await;
    let theirs = harness.request(&eve, "POST", "/environments").header("idempotency-key", "k1");
    reply(theirs.json(&json!({ "name": "stage" }))).await.expect(201);

    // A secret is not shown again.
    let token = |key: &'static str| {
        reply(
            harness
                .request(&harness.admin, "POST", "/tokens")
                .header("idempotency-key", key)
                .json(&json!({})),
        )
    };
    let first = token("t1").await.expect(201);
    assert!(first.body["secret"].is_string());
    let again = token("t1").await.expect(201);
    assert_eq!((&again.body["key"], &again.body["secret"]), (&first.body["key"], &json!(null)));
    harness.clock.advance(25 * 60 * 60 * 1_000);
    let late = token("t1").await.expect(201);
    assert_ne!(late.body["key"], first.body["key"]);
    harness.stop().await;
}

#[tokio::test]
async fn bodies_that_are_no_json_say_where_they_are_wrong() {
    let harness = Harness::start().await;
    let post = |media: &'static str, body: Vec<u8>| {
        let request = harness.request(&harness.admin, "POST", "/environments").header("content-type", media);
        reply(request.body(body))
    };
    let json = "application/json";
    let before = harness.seq();
    let broken = post(json, b"{\"name\": \"dev\",\n \"production\": tru}".to_vec()).await;
    broken.problem(400, "bad_request");
    assert!(broken.body["detail"].as_str().unwrap().contains("line 2"), "{broken:?}");
    let wrong = post(json, b"{\"name\": \"dev\", \"production\": 1}".to_vec()).await;
    wrong.problem(422, "invalid");
    assert_eq!(wrong.body["pointer"], "/production", "{wrong:?}");
    let unknown = post(json, b"{\"name\": \"dev\", \"colour\": 1}".to_vec()).await;
    unknown.problem(422, "invalid");
    assert!(unknown.body["detail"].as_str().unwrap().contains("colour"), "{unknown:?}");
    post(json, b"{\"name\": \"\xff\"}".to_vec()).await.problem(400, "bad_request");
    post(json, b"{\"name\": \"dev\"} {}".to_vec()).await.problem(400, "bad_request");
    post(json, b"[]".to_vec()).await.problem(422, "invalid");
    post(json, "[".repeat(200_000).into_bytes()).await.problem(422, "invalid");
    post(json, "{\"floor\":".repeat(200_000).into_bytes()).await.problem(422, "invalid");
    post("text/plain", b"{\"name\": \"dev\"}".to_vec()).await.problem(415, "unsupported_media");
    post(json, vec![b' '; 10 << 20]).await.problem(413, "too_large");
    let mut large = b"{\"name\": \"dev\", \"description\": \"".to_vec();
    large.resize(10 << 20, b'x');
    post(json, large).await.problem(413, "too_large");
    assert_eq!(harness.seq(), before);
    harness.call(&harness.admin, "GET", "/environments?nonsense=1", None).await.problem(400, "bad_request");
    harness.call(&harness.admin, "GET", "/environments?limit=0", None).await.problem(400, "bad_request");
    harness.call(&harness.admin, "GET", "/environments?limit=x", None).await.problem(400, "bad_request");
    harness
        .call(&harness.admin, "POST", "/environments?a=b", Some(json!({ "name": "x" })))
        .await
        .problem(400, "bad_request");
    assert_eq!(harness.seq(), before);
    harness.stop().await;
}

#[tokio::test]
async fn lists_come_in_pages_that_lose_nothing() {
    let harness = Harness::start().await;
    for n in 0..7 {
        harness.post("/environments", json!({ "name": format!("e{n}") })).await.expect(201);
    }
    let (mut seen, mut after) = (Vec::new(), String::new());
    loop {
        let page = harness.get(&format!("/environments?limit=3{after}")).await.expect(200).body;
        seen.extend(
            page["items"].as_array().unwrap().iter().map(|item| item["key"].as_str().unwrap().to_owned()),
        );
        match page["next"].as_str() {
            Some(next) => after = format!("&after={next}"),
            None => break,
        }
    }
    assert_eq!(seen, (0..7).map(|n| format!("e{n}")).collect::<Vec<_>>());
    let newest = harness.get("/audit?newest_first=true&limit=2&action=environment.*").await.expect(200).body;
    assert_eq!(newest["items"][0]["subject"]["key"], "e6", "{newest}");
    let next = newest["next"].as_str().unwrap();
    let older = harness
        .get(&format!("/audit?newest_first=true&limit=2&action=environment.*&after={next}"))
        .await
        .body;
    assert_eq!(older["items"][0]["subject"]["key"], "e4", "{older}");
    harness.stop().await;
}

#[tokio::test]
async fn a_coded_body_is_refused_by_its_name() {
    let harness = Harness::start().await;
    let request = harness
        .request(&harness.admin, "POST", "/environments")
        .header("content-encoding", "gzip")
        .json(&json!({ "name": "dev" }));
    let refused = crate::common::reply(request).await;
    refused.problem(415, "unsupported_media");
    assert!(harness.get("/environments/dev").await.status == 404);
    harness.stop().await;
}

#[cfg(unix)]
#[tokio::test]
async fn the_store_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let harness = Harness::start().await;
    for file in ["tidegate.db", "tidegate.db-wal"] {
        let mode = std::fs::metadata(harness.folder().join(file)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{file}");
    }
    harness.stop().await;
}

#[tokio::test]
async fn the_log_is_verified_and_exported() {
    let harness = Harness::start().await;
    harness.post("/environments", json!({ "name": "dev" })).await.expect(201);
    let verified = harness.get("/audit/verify").await.expect(200).body;
    assert_eq!(
        (&verified["whole"], &verified["events"]),
        (&json!(true), &json!(harness.seq())),
        "{verified}"
    );
    let head = verified["head"].as_str().unwrap();
    // A snapshot carries it, so that whoever keeps snapshots can tell whether the log was rewritten.
    for path in ["/snapshot", "/snapshots/dev"] {
        let shown = harness.get(path).await.expect(200);
        assert_eq!(shown.headers["tidegate-audit-head"], head, "{path}");
    }
    let noted = harness.get(&format!("/audit/verify?head={head}")).await.expect(200).body;
    assert_eq!(noted["whole"], true, "{noted}");
    let other = harness.get(&format!("/audit/verify?head={}", "1".repeat(64))).await.expect(200).body;
    assert_eq!(other["whole"], false, "{other}");
    harness.get("/audit/verify?head=abc").await.problem(400, "bad_request");
    let export = harness.get("/audit/export").await.expect(200);
    let lines: Vec<&str> = export.body.as_str().unwrap().lines().collect();
    assert_eq!(lines.len() as u64, harness.seq());
    let last: serde_json::Value = serde_json::from_str(lines.last().unwrap()).unwrap();
    assert_eq!(last["hash"], head);
    let event = harness.get(&format!("/audit/{}", harness.seq())).await.expect(200).body;
    assert_eq!((&event["hash"], &event["action"]), (&json!(head), &json!("environment.created")));
    harness.get("/audit/999").await.problem(404, "not_found");
    harness.stop().await;
}

#[tokio::test]
async fn a_webhook_has_its_secret_shown_once_and_stored_encrypted() {
    let harness = Harness::start().await;
    let made = harness.post("/webhooks", json!({ "url": "http://127.0.0.1:9/hook" })).await.expect(201).body;
    let (id, secret) = (made["key"].as_str().unwrap(), made["secret"].as_str().unwrap());
    assert!(secret.starts_with("whsec_"), "{made}");
    let rotated = harness.post(&format!("/webhooks/{id}/rotate"), json!({})).await.expect(200).body;
    assert_ne!(rotated["secret"], secret);
    let shown = harness.get(&format!("/webhooks/{id}")).await.expect(200).body;
    assert_eq!(shown["secret"], json!(null), "{shown}");
    let log = harness.get("/audit?kind=webhook&limit=500").await.expect(200).body.to_string();
    assert!(!log.contains(secret) && !log.contains(rotated["secret"].as_str().unwrap()));
    harness.post(&format!("/webhooks/{id}/test"), json!({})).await.expect(202);
    let deliveries = harness.get(&format!("/webhooks/{id}/deliveries?limit=500")).await.expect(200).body;
    let delivery = deliveries["items"][0]["id"].as_str().unwrap().to_owned();
    harness.get(&format!("/deliveries/{delivery}")).await.expect(200);
    harness.post(&format!("/deliveries/{delivery}/resend"), json!({})).await.expect(202);
    harness.post("/deliveries/none/resend", json!({})).await.problem(404, "not_found");
    harness.get("/deliveries?status=dead").await.expect(200);
    harness.get("/deliveries?status=lost").await.problem(400, "bad_request");
    harness.stop().await;
}

#[tokio::test]
async fn a_request_that_takes_too_long_is_told_so() {
    let limits = Limits { request: Duration::from_millis(1), ..generous() };
    let harness = Harness::start().await;
    harness.stop().await;
    // The body never ends: the head says ten bytes, five come.
    let harness = Harness::start_with(Limits { request: Duration::from_millis(300), ..limits }).await;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let mut socket = tokio::net::TcpStream::connect(harness.server().address()).await.unwrap();
    let head = format!(
        "POST /api/v1/environments HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\ncontent-type: application/json\r\ncontent-length: 10\r\nconnection: close\r\n\r\n{{\"nam",
        harness.admin
    );
    socket.write_all(head.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    let _ = socket.read_to_end(&mut answer).await;
    let answer = String::from_utf8_lossy(&answer);
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    assert!(answer.contains("\"code\":\"timeout\""), "{answer}");
    harness.stop().await;
}
