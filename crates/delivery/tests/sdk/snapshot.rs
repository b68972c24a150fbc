//! `GET /sdk/v1/snapshot`, `keys`, `me` and the reports, over sockets.

use std::io::Read as _;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::ConnectInfo;
use parking_lot::Mutex;
use serde_json::{Value as Json, json};
use tidegate::wire::{Sha256, SigningKey};
use tidegate_delivery::{Limits, Listener, Timeouts, serve};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use crate::support::{DEV, PROD, SOON, Server, gate};

#[tokio::test(flavor = "multi_thread")]
async fn a_snapshot_is_the_exact_bytes_with_their_hash_and_a_signed_head() {
    let server = Server::new().await;
    server.publish("prod", 7, &[("checkout", gate("a", 10))]);
    let response = server.get("/sdk/v1/snapshot", PROD).send().await.unwrap();
    assert_eq!(response.status(), 200);
    let headers = response.headers().clone();
    let bytes = response.bytes().await.unwrap();
    assert_eq!(bytes, server.document("prod"));
    assert_eq!(headers["content-type"], "application/json");
    assert_eq!(headers["cache-control"], "no-cache");
    assert_eq!(headers["etag"], format!("\"{}\"", Sha256::of(&bytes)));
    let token = headers["tidegate-head"].to_str().unwrap();
    let head = server.ring().verify(token, &"prod".into()).unwrap();
    assert_eq!((head.version, head.sha256), (7, Sha256::of(&bytes)));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_it_gets_304_with_the_head_as_renewed_last() {
    let server = Server::new().await;
    server.publish("prod", 7, &[("checkout", gate("a", 10))]);
    let etag = format!("\"{}\"", Sha256::of(&server.document("prod")));
    // The clock of the heartbeats stands still: each head is later than the one before all the same.
    for ((condition, expected), at) in [
        (etag.clone(), 304),
        (format!("W/{etag}"), 304),
        (format!("\"other\", {etag}"), 304),
        ("*".to_owned(), 304),
        ("\"other\"".to_owned(), 200),
    ]
    .into_iter()
    .zip(99..)
    {
        server.hub.beat(Some(server.pen.as_ref()), 99).unwrap();
        let request = server.get("/sdk/v1/snapshot", PROD).header("if-none-match", &condition);
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), expected, "{condition}");
        assert_eq!(response.headers()["etag"], etag);
        let token = response.headers()["tidegate-head"].to_str().unwrap();
        assert_eq!(server.ring().verify(token, &"prod".into()).unwrap().at, at);
        assert_eq!(response.bytes().await.unwrap().is_empty(), expected == 304);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_coding_gives_the_exact_bytes_back() {
    let server = Server::new().await;
    server.publish("prod", 7, &[("checkout", gate("a", 60_000))]);
    let document = server.document("prod");
    for coding in ["br", "gzip", "zstd"] {
        for _ in 0..2 {
            let request = server.get("/sdk/v1/snapshot", PROD).header("accept-encoding", coding);
            let response = request.send().await.unwrap();
            assert_eq!(response.headers()["content-encoding"], coding);
            assert!(response.headers()["vary"].to_str().unwrap().contains("accept-encoding"));
            let bytes = response.bytes().await.unwrap();
            assert!(bytes.len() < document.len());
            let mut plain = Vec::new();
            match coding {
                "br" => brotli::BrotliDecompress(&mut bytes.as_ref(), &mut plain).unwrap(),
                "gzip" => {
                    flate2::read::MultiGzDecoder::new(bytes.as_ref())
                        .read_to_end(&mut plain)
                        .map(drop)
                        .unwrap();
                }
                _ => plain = zstd::stream::decode_all(bytes.as_ref()).unwrap(),
            }
            assert_eq!(plain, document, "{coding}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_small_document_is_not_compressed() {
    let server = Server::new().await;
    server.publish("prod", 7, &[]);
    let request = server.get("/sdk/v1/snapshot", PROD).header("accept-encoding", "gzip, br, zstd");
    let response = request.send().await.unwrap();
    assert!(!response.headers().contains_key("content-encoding"));
    assert_eq!(response.bytes().await.unwrap(), server.document("prod"));
}

#[tokio::test(flavor = "multi_thread")]
async fn many_who_want_the_same_coding_at_once_get_the_same() {
    let server = Server::new().await;
    server.publish("prod", 7, &[("checkout", gate("a", 400_000))]);
    let ask = || async {
        let request = server.get("/sdk/v1/snapshot", PROD).header("accept-encoding", "br");
        request.send().await.unwrap().bytes().await.unwrap()
    };
    let answers = futures_util::future::join_all((0..16).map(|_| ask())).await;
    assert!(answers.windows(2).all(|pair| pair[0] == pair[1]));
    let mut plain = Vec::new();
    brotli::BrotliDecompress(&mut answers[0].as_ref(), &mut plain).unwrap();
    assert_eq!(plain, server.document("prod"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_sees_its_own_environment_only() {
    let server = Server::new().await;
    server.publish("prod", 7, &[("checkout", gate("of prod", 10))]);
    server.publish("dev", 8, &[("checkout", gate("of dev", 10))]);
    for (key, environment) in [(PROD, "prod"), (DEV, "dev")] {
        let bytes = server.get("/sdk/v1/snapshot", key).send().await.unwrap().bytes().await.unwrap();
        assert_eq!(bytes, server.document(environment));
        let me: Json = server.get("/sdk/v1/me", key).send().await.unwrap().json().await.unwrap();
        assert_eq!(me, json!({ "environment": environment, "key_id": environment }));
        let mut stream = server.stream(key, None).await;
        let first = stream.next().await.unwrap();
        assert_eq!(first.lines().1.as_bytes(), server.document(environment));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_without_a_good_key() {
    let server = Server::new().await;
    server.publish("prod", 7, &[]);
    for path in ["snapshot", "stream", "keys", "me"] {
        let url = format!("{}/sdk/v1/{path}", server.url);
        let requests = [
            server.client.get(&url),
            server.client.get(&url).bearer_auth("tgs_wrong"),
            server.client.get(&url).bearer_auth(""),
            server.client.get(&url).header("authorization", format!("Basic {PROD}")),
            server.client.get(&url).header("authorization", [0xff_u8, 0xfe].as_slice()),
        ];
        for request in requests {
            let response = request.send().await.unwrap();
            assert_eq!(response.status(), 401, "{path}");
            assert_eq!(response.headers()["www-authenticate"], "Bearer");
            assert_eq!(response.headers()["content-type"], "application/problem+json");
            let problem: Json = response.json().await.unwrap();
            assert_eq!((&problem["status"], &problem["code"]), (&json!(401), &json!("unauthenticated")));
        }
        let response = server.client.get(&url).header("x-api-key", PROD).send().await.unwrap();
        assert_eq!(response.status(), 200, "{path}");
    }
    let response = server.client.post(format!("{}/sdk/v1/report", server.url)).json(&json!({})).send().await;
    assert_eq!(response.unwrap().status(), 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_there_yet_is_unavailable_with_a_time_of_its_own_to_come_again() {
    let server = Server::new().await;
    let mut waits = std::collections::BTreeSet::new();
    for _ in 0..40 {
        let response = server.get("/sdk/v1/snapshot", PROD).send().await.unwrap();
        assert_eq!(response.status(), 503);
        waits.insert(response.headers()["retry-after"].to_str().unwrap().to_owned());
    }
    assert!(waits.len() > 2, "all come again at once: {waits:?}");
    *server.wallet.unavailable.lock() = true;
    let response = server.get("/sdk/v1/me", PROD).send().await.unwrap();
    assert_eq!(response.status(), 503);
    assert!(response.headers().contains_key("retry-after"));
}

#[tokio::test(flavor = "multi_thread")]
async fn endorsements_are_a_list() {
    let server = Server::new().await;
    let ask = || async {
        server.get("/sdk/v1/keys", PROD).send().await.unwrap().json::<Vec<String>>().await.unwrap()
    };
    assert!(ask().await.is_empty());
    let new = SigningKey::from_seed(&[8; 32]).unwrap().public();
    let endorsement = server.pen.0.lock().endorse(&new, 5).into_string();
    server.hub.set_endorsements(std::slice::from_ref(&endorsement));
    assert_eq!(ask().await, [endorsement]);
}

fn report() -> Json {
    json!({
        "instance": "i-1", "sdk": { "name": "rust", "version": "0.1.0" }, "process": { "region": "eu" },
        "schema_version": 1, "interval_s": 30, "source": "stream", "version": 7, "stale": false,
        "exposures": { "batch": 3, "counts": [{ "feature": "checkout", "variant": "on", "count": 5 }] },
        "what a newer client says": true,
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_goes_to_who_keeps_them_with_who_sent_it() {
    let server = Server::new().await;
    let response = server.post("/sdk/v1/report", PROD).json(&report()).send().await.unwrap();
    assert_eq!(response.status(), 200);
    let answer: Json = response.json().await.unwrap();
    assert_eq!((&answer["interval_s"], &answer["stored_batch"]), (&json!(30), &json!(3)));
    let kept = server.mailbox.reports.lock().clone();
    assert_eq!((&*kept[0].0.environment, &*kept[0].1.instance), ("prod", "i-1"));

    let relayed = json!({ "relay": "r-1", "interval_s": 10, "groups": [],
        "exposures": [{ "instance": "i-2", "batch": { "batch": 4 } }] });
    let response = server.post("/sdk/v1/relay-report", DEV).json(&relayed).send().await.unwrap();
    let answer: Json = response.json().await.unwrap();
    assert_eq!(answer["stored"], json!([{ "instance": "i-2", "batch": 4 }]));
    let kept = server.mailbox.relayed.lock().clone();
    assert_eq!((&*kept[0].0.environment, &*kept[0].1.relay), ("dev", "r-1"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_that_is_wrong_is_refused_with_the_place() {
    let server = Server::new().await;
    let with = |name: &str, value: Json| {
        let mut report = report();
        report[name] = value;
        report.to_string().into_bytes()
    };
    let broken = report().to_string().replace("\"count\":5", "\"count\":\"five\"").into_bytes();
    let table: [(Vec<u8>, u16, &str, Json); 9] = [
        (b"{".to_vec(), 400, "bad_request", json!("")),
        (b"".to_vec(), 400, "bad_request", json!("")),
        (b"[1]".to_vec(), 422, "invalid", json!("")),
        (b"{\"instance\":\"\xff\"}".to_vec(), 400, "bad_request", Json::Null),
        (b"{} {}".to_vec(), 422, "invalid", json!("")),
        (with("version", json!(-1)), 422, "invalid", json!("/version")),
        (broken, 422, "invalid", json!("/exposures/counts/0/count")),
        (with("interval_s", json!(0)), 422, "invalid", json!("/interval_s")),
        (with("instance", json!("x".repeat(2 << 20))), 413, "too_large", Json::Null),
    ];
    for (body, status, code, pointer) in table {
        let text = String::from_utf8_lossy(&body[..body.len().min(60)]).into_owned();
        let request =
            server.post("/sdk/v1/report", PROD).header("content-type", "application/json").body(body);
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), status, "{text}");
        let problem: Json = response.json().await.unwrap();
        assert_eq!((&problem["code"], &problem["pointer"]), (&json!(code), &pointer), "{text}: {problem}");
    }
    let response = server.post("/sdk/v1/report", PROD).body(report().to_string()).send().await.unwrap();
    assert_eq!(response.status(), 415);
    let full = with("instance", json!("full"));
    let request = server.post("/sdk/v1/report", PROD).header("content-type", "application/json").body(full);
    let response = request.send().await.unwrap();
    assert_eq!(response.status(), 503);
    assert!(response.headers().contains_key("retry-after"));
    assert!(server.mailbox.reports.lock().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn another_method_is_a_problem_and_head_has_no_body() {
    let server = Server::new().await;
    server.publish("prod", 7, &[]);
    let response = server.post("/sdk/v1/snapshot", PROD).send().await.unwrap();
    assert_eq!(response.status(), 405);
    assert_eq!(response.headers()["content-type"], "application/problem+json");
    let request = server.client.head(format!("{}/sdk/v1/snapshot", server.url)).bearer_auth(PROD);
    let response = request.send().await.unwrap();
    assert_eq!(response.status(), 200);
    assert!(response.headers().contains_key("tidegate-head"));
    assert!(response.bytes().await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_huge_header_is_refused_and_harms_nobody_else() {
    let server = Server::new().await;
    server.publish("prod", 7, &[]);
    let huge = "x".repeat(1 << 20);
    let sent = server.get("/sdk/v1/snapshot", PROD).header("x-huge", huge).send().await;
    assert!(sent.is_err() || sent.is_ok_and(|response| response.status() == 431));
    assert_eq!(server.get("/sdk/v1/snapshot", PROD).send().await.unwrap().status(), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_that_does_not_come_and_a_connection_that_says_nothing_are_closed() {
    let short = Duration::from_millis(150);
    let server =
        Server::with(Limits::default(), Timeouts { head: short, idle: short, ..Timeouts::default() }).await;
    server.publish("prod", 7, &[]);
    let address = server.url.trim_start_matches("http://");
    // A head that never ends.
    let mut socket = tokio::net::TcpStream::connect(address).await.unwrap();
    socket.write_all(b"GET /sdk/v1/me HTTP/1.1\r\nhost: x\r\n").await.unwrap();
    let mut answer = Vec::new();
    let end = tokio::time::timeout(SOON, socket.read_to_end(&mut answer)).await.expect("still open");
    assert!(end.is_err() || answer.is_empty(), "{}", String::from_utf8_lossy(&answer));
    // One that was answered, and says nothing more.
    let mut socket = tokio::net::TcpStream::connect(address).await.unwrap();
    socket.write_all(b"GET /sdk/v1/me HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    let end = tokio::time::timeout(SOON, socket.read_to_end(&mut answer)).await.expect("still open");
    assert!(end.is_err() || answer.starts_with(b"HTTP/1.1 401"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_stops_gives_the_answer_that_it_is_at() {
    let (began, begun) = tokio::sync::oneshot::channel();
    let (go_on, gone_on) = tokio::sync::oneshot::channel::<()>();
    let once = Arc::new(Mutex::new(Some((began, gone_on))));
    let slow = move |peer: ConnectInfo<SocketAddr>| async move {
        let (began, gone_on) = once.lock().take().unwrap();
        began.send(peer.0).unwrap();
        gone_on.await.unwrap();
        "done"
    };
    let socket = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("http://{}", socket.local_addr().unwrap());
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let router = axum::Router::new().route("/", axum::routing::get(slow));
    let stopped = async { stopped.await.unwrap() };
    let server = tokio::spawn(serve(Listener::new(socket, Timeouts::default()), router, stopped));
    let client = Server::new().await.client.clone();
    let asked = tokio::spawn(client.get(&url).send());
    assert!(begun.await.unwrap().ip().is_loopback());
    stop.send(()).unwrap();
    // No more connections, while the one that there is goes on.
    while client.get(&url).send().await.is_ok() {}
    assert!(!server.is_finished());
    go_on.send(()).unwrap();
    assert_eq!(asked.await.unwrap().unwrap().text().await.unwrap(), "done");
    tokio::time::timeout(SOON, server).await.expect("the server does not end").unwrap();
}
