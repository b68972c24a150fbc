//! With a Prometheus that is played: which questions are asked when, and what comes of odd answers.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::extract::{Query, State as Extract};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use parking_lot::Mutex;
use serde_json::{Value as Json, json};

use super::*;
use crate::clock::{Clock, ManualClock};
use crate::domain::entity::{self, Kind};
use crate::domain::{Outcome, Problem, Tx};

/// What the played Prometheus was asked.
#[derive(Default)]
struct Asked {
    queries: Mutex<Vec<String>>,
    open: AtomicUsize,
    most_open: AtomicUsize,
}

async fn prometheus() -> (String, Arc<Asked>) {
    async fn query(
        Extract(asked): Extract<Arc<Asked>>,
        Query(args): Query<BTreeMap<String, String>>,
    ) -> Response {
        let query = args["query"].clone();
        asked.queries.lock().push(query.clone());
        let open = asked.open.fetch_add(1, Ordering::SeqCst) + 1;
        asked.most_open.fetch_max(open, Ordering::SeqCst);
        let number = |text: &str| {
            let result = json!([{"metric": {}, "value": [0, text]}]);
            axum::Json(json!({"status": "success", "data": {"resultType": "vector", "result": result}}))
                .into_response()
        };
        let answer = match query.as_str() {
            "bad" => number("0.5"),
            "hang" => std::future::pending().await,
            "unavailable" => (StatusCode::SERVICE_UNAVAILABLE, "no upstream").into_response(),
            "wrong" => (
                StatusCode::BAD_REQUEST,
                r#"{"status":"error","errorType":"bad_data","error":"1:1: parse error"}"#,
            )
                .into_response(),
            "elsewhere" => Redirect::temporary("/prom/api/v1/query?query=good").into_response(),
            "long" => "x".repeat(2 << 20).into_response(),
            _ => {
                // Others get their turn, so that `open` counts what really is.
                for _ in 0..50 {
                    tokio::task::yield_now().await;
                }
                number("0.01")
            }
        };
        asked.open.fetch_sub(1, Ordering::SeqCst);
        answer
    }
    let asked = Arc::new(Asked::default());
    let app = Router::new().route("/prom/api/v1/query", get(query)).with_state(Arc::clone(&asked));
    (format!("http://{}/prom/", serve(app).await), asked)
}

async fn serve(app: Router) -> SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("bound");
    tokio::spawn(async move { axum::serve(listener, app).await });
    address
}

struct Bench {
    clock: Arc<ManualClock>,
    writer: Writer,
    given: Arc<Mutex<Vec<String>>>,
}

impl Bench {
    async fn new() -> Self {
        let clock = Arc::new(ManualClock::new(1_700_000_000_000));
        let writer = Writer::in_memory(Arc::clone(&clock) as _);
        writer.leading().wait_for(Option::is_some).await.expect("it leads");
        Self { writer, clock, given: Arc::default() }
    }

    /// A task that notes the verdicts instead of giving them.
    fn guards(&self, options: &Options) -> Guards {
        let given = Arc::clone(&self.given);
        let give: GiveVerdict = Arc::new(move |release, guard, verdict, detail| {
            let (given, release, text) =
                (Arc::clone(&given), Key::clone(release), format!("{release}/{guard} {verdict:?}: {detail}"));
            Box::new(move |_| {
                given.lock().push(text);
                Ok(Outcome::new("noted", Kind::Release, &release, ()))
            })
        });
        Guards::new(self.writer.clone(), give, options).expect("a client")
    }

    /// Puts a release that is at its second phase, with guards that ask these queries; the first was skipped, the third is not reached.
    async fn release(&self, id: &str, status: &str, queries: &[&str], every_s: u64, url: Option<&str>) {
        let guard = |query: &&str| {
            let mut source = json!({"query": query, "pass": {"at_most": 0.05}, "interval_s": every_s});
            if let Some(url) = url {
                source["url"] = json!(url);
            }
            json!({"id": format!("g-{query}"), "source": source})
        };
        let mut guards: Vec<Json> = queries.iter().map(guard).collect();
        guards.push(json!({"id": "pushed"}));
        let skipped = json!({"id": "skipped", "guards": [guard(&"skipped")]});
        let later = json!({"id": "later", "guards": [guard(&"later")]});
        let plan = json!({
            "start_at": 1, "id": id, "pipeline": {"key": "p", "version": 1}, "phases": [skipped, {"id": "first", "guards": guards}, later],
            "environments": [[], [], []], "windows": [[], [], []], "author": "a", "starter": "a", "digest": "d",
        });
        let state = json!({
            "status": status, "revision": 1, "phase": 1,
            "phases": [{"status": "skipped"}, {"status": "baking", "entered_at": 1}, {"status": "pending"}],
        });
        let release = json!({"plan": plan, "created_at": 1, "trigger": "edit", "base_revisions": {}});
        let release: entity::Release = serde_json::from_value(release).expect("a release");
        let state = json!({"state": state, "next_wake": {}, "updated_at": 1});
        let state: entity::ReleaseState = serde_json::from_value(state).expect("a state");
        let key: Key = id.into();
        let command: Command = Box::new(move |tx: &mut Tx| -> Result<Outcome, Problem> {
            tx.put(&key, release)?;
            tx.put(&key, state)?;
            Ok(Outcome::new("made", Kind::Release, &key, ()))
        });
        let request = Request::system(command);
        self.writer.run(request).await.expect("a release");
    }

    fn given(&self) -> Vec<String> {
        let mut given = std::mem::take(&mut *self.given.lock());
        given.sort();
        given
    }

    /// At that uptime.
    async fn round(&self, guards: &mut Guards, ms: u64) -> Vec<String> {
        self.clock.at_least(ms);
        guards.ask_due();
        guards.settle().await;
        self.given()
    }
}

fn options(url: &str) -> Options {
    Options { prometheus: Some(url.to_owned()), ..Options::default() }
}

#[tokio::test]
async fn asks_reached_guards_of_running_releases_at_their_interval() {
    let (url, asked) = prometheus().await;
    let bench = Bench::new().await;
    bench.release("r1", "running", &["good", "bad"], 10, None).await;
    bench.release("r2", "completed", &["good"], 10, None).await;
    let mut guards = bench.guards(&options(&url));

    let first = ["r1/g-bad Fail: 0.5; expected at most 0.05", "r1/g-good Pass: 0.01; expected at most 0.05"];
    assert_eq!(bench.round(&mut guards, 400).await, first);
    assert_eq!(guards.watch.ids(), ["r1/g-bad", "r1/g-good"]);
    assert!(bench.round(&mut guards, 10_399).await.is_empty());
    assert_eq!(bench.round(&mut guards, 10_900).await.len(), 2);
    // On the grid of the first question, not of the late second.
    assert_eq!(bench.round(&mut guards, 20_400).await.len(), 2);
    // What was missed (30 400, 40 400) is not made up for.
    assert_eq!(bench.round(&mut guards, 47_000).await.len(), 2);
    assert!(bench.round(&mut guards, 50_399).await.is_empty());
    assert_eq!(bench.round(&mut guards, 50_400).await.len(), 2);
    assert_eq!(asked.queries.lock().len(), 10);

    bench.release("r1", "aborted", &["good", "bad"], 10, None).await;
    assert!(bench.round(&mut guards, 99_000).await.is_empty());
    assert!(guards.watch.ids().is_empty());
}

#[tokio::test]
async fn one_question_answers_all_guards_that_ask_it() {
    let (url, asked) = prometheus().await;
    let bench = Bench::new().await;
    for id in ["r1", "r2", "r3"] {
        bench.release(id, "running", &["good"], 10, None).await;
    }
    let mut guards = bench.guards(&options(&url));
    assert_eq!(bench.round(&mut guards, 0).await.len(), 3);
    assert_eq!(*asked.queries.lock(), ["good"]);
}

#[tokio::test]
async fn few_questions_are_open_at_once() {
    let (url, asked) = prometheus().await;
    let bench = Bench::new().await;
    let queries: Vec<String> = (0..20).map(|n| format!("q{n}")).collect();
    let queries: Vec<&str> = queries.iter().map(String::as_str).collect();
    bench.release("r", "running", &queries, 10, None).await;
    let mut guards = bench.guards(&Options { concurrency: 3, ..options(&url) });
    assert_eq!(bench.round(&mut guards, 0).await.len(), 20);
    assert_eq!(asked.most_open.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn a_guard_is_not_asked_again_while_it_is_asked() {
    let (url, asked) = prometheus().await;
    let bench = Bench::new().await;
    bench.release("r", "running", &["good"], 1, None).await;
    let mut guards = bench.guards(&options(&url));
    for second in 0..5 {
        bench.clock.at_least(second * 1000);
        guards.ask_due();
    }
    guards.settle().await;
    assert_eq!((asked.queries.lock().len(), bench.given().len()), (1, 1));
    assert_eq!(bench.round(&mut guards, 5000).await.len(), 1);
    assert_eq!(asked.queries.lock().len(), 2);
}

#[tokio::test]
async fn what_is_no_number_is_no_data_and_says_why() {
    let (url, asked) = prometheus().await;
    let bench = Bench::new().await;
    bench.release("r", "running", &["elsewhere", "hang", "long", "unavailable", "wrong"], 10, None).await;
    let closed = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        format!("http://{}", listener.local_addr().expect("bound"))
    };
    bench.release("s", "running", &["closed"], 10, Some(&closed)).await;
    bench.release("t", "running", &["file"], 10, Some("file:///etc/passwd")).await;
    bench.release("u", "running", &["relative"], 10, Some("prometheus")).await;
    let timeout = Duration::from_millis(300);
    let mut guards = bench.guards(&Options { timeout, ..options(&url) });
    let given = bench.round(&mut guards, 0).await;
    let expected = [
        "r/g-elsewhere NoData: 307 Temporary Redirect: the answer is not Prometheus'",
        "r/g-hang NoData: no answer in time",
        "r/g-long NoData: the answer is longer than 1048576 bytes: aggregate",
        "r/g-unavailable NoData: 503 Service Unavailable: the answer is not Prometheus'",
        "r/g-wrong NoData: 400 Bad Request: bad_data: 1:1: parse error",
        "s/g-closed NoData: Connection refused",
        "t/g-file NoData: the URL must begin with `http://` or `https://`, not `file:`",
        "u/g-relative NoData: `prometheus` is not an absolute URL",
    ];
    assert_eq!(given.len(), expected.len(), "{given:#?}");
    for (given, expected) in given.iter().zip(expected) {
        assert!(given.starts_with(expected), "{given}\n{expected}");
    }
    // The redirect was not followed.
    assert!(!asked.queries.lock().contains(&"good".to_owned()));
}

#[tokio::test]
async fn without_a_server_there_is_no_data() {
    let bench = Bench::new().await;
    bench.release("r", "running", &["good"], 10, None).await;
    let mut guards = bench.guards(&Options::default());
    let expected = ["r/g-good NoData: no Prometheus server is configured, and the guard names none"];
    assert_eq!(bench.round(&mut guards, 0).await, expected);
}

#[tokio::test]
async fn stops_when_told() {
    let (url, _) = prometheus().await;
    let bench = Bench::new().await;
    bench.release("r", "running", &["hang"], 1, None).await;
    let running = tokio::spawn(bench.guards(&options(&url)).run());
    bench.writer.close().await;
    running.await.expect("it ended");
}
