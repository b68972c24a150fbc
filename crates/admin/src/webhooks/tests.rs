//! With a real receiver over HTTP, an outbox in memory and a clock moved by hand.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use axum::Router;
use axum::body::Bytes;
use axum::extract::State as Extract;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::post;
use parking_lot::Mutex;
use serde_json::{Value as Json, json};
use standardwebhooks::Webhook as Verifier;
use tidegate::release::ActorKind;

use super::*;
use crate::clock::{Clock, ManualClock};
use crate::domain::event::{AuditEvent, Subject};

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
/// When the tests are played; receivers check the timestamp against it.
const START: i64 = 1_700_000_000_000;

/// "Encrypted" with a prefix.
struct Prefix;

impl Secrets for Prefix {
    fn open(&self, sealed: &str) -> Result<String, String> {
        sealed.strip_prefix("sealed:").map(str::to_owned).ok_or_else(|| "sealed under another key".to_owned())
    }
}

#[derive(Clone, Debug, PartialEq)]
struct Row {
    webhook: String,
    seq: u64,
    status: &'static str,
    attempts: u32,
    next_at: i64,
    error: String,
}

#[derive(Default)]
struct Memory {
    rows: Mutex<BTreeMap<String, Row>>,
    events: Mutex<BTreeMap<u64, AuditEvent>>,
    /// The server dies before it can note an attempt.
    dies: AtomicBool,
}

impl Memory {
    fn add(&self, webhook: &str, seq: u64) -> String {
        let event = AuditEvent {
            seq,
            at: START,
            uptime: 0,
            actor: "ann".into(),
            actor_kind: ActorKind::Person,
            token: None,
            action: "release.paused".to_owned(),
            subject: Subject { kind: Kind::Release, key: "r".into() },
            reason: None,
            request: None,
            facts: vec![fact("release.paused")],
            changes: Vec::new(),
        };
        self.events.lock().insert(seq, event);
        let id = format!("dlv_{seq}_0_{webhook}");
        let row = Row {
            webhook: webhook.to_owned(),
            seq,
            status: "pending",
            attempts: 0,
            next_at: START,
            error: String::new(),
        };
        self.rows.lock().insert(id.clone(), row);
        id
    }

    fn row(&self, id: &str) -> Row {
        self.rows.lock()[id].clone()
    }

    fn statuses(&self) -> Vec<&'static str> {
        self.rows.lock().values().map(|row| row.status).collect()
    }
}

#[async_trait]
impl Outbox for Memory {
    async fn due(&self, webhook: &str, now: i64, limit: u32) -> Result<Vec<Due>, OutboxError> {
        let rows = self.rows.lock();
        let mut due: Vec<_> = rows
            .iter()
            .filter(|(_, row)| row.webhook == webhook && row.status == "pending" && row.next_at <= now)
            .collect();
        due.sort_by_key(|(_, row)| (row.next_at, row.seq));
        let due = due.into_iter().take(usize::try_from(limit).expect("few"));
        Ok(due
            .map(|(id, row)| Due { id: id.clone(), seq: row.seq, fact: 0, attempts: row.attempts })
            .collect())
    }

    async fn event(&self, seq: u64) -> Result<Option<AuditEvent>, OutboxError> {
        Ok(self.events.lock().get(&seq).cloned())
    }

    async fn attempted(&self, id: &str, attempt: Attempt) -> Result<bool, OutboxError> {
        if self.dies.load(Ordering::SeqCst) {
            return Err(OutboxError("the server was killed".to_owned()));
        }
        let mut rows = self.rows.lock();
        let Some(row) =
            rows.get_mut(id).filter(|row| row.status == "pending" && row.attempts + 1 == attempt.attempts)
        else {
            return Ok(false);
        };
        row.attempts = attempt.attempts;
        match attempt.result {
            AttemptResult::Delivered => row.status = "delivered",
            AttemptResult::Dead { error } => (row.status, row.error) = ("dead", error),
            AttemptResult::Later { next_at, error } => (row.next_at, row.error) = (next_at, error),
        }
        Ok(true)
    }
}

fn fact(name: &str) -> Fact {
    Fact {
        name: name.to_owned(),
        flagsmith: None,
        release: Some("r".into()),
        features: Vec::new(),
        environments: Vec::new(),
        text: "It happened.".to_owned(),
        data: json!({"n": 1}),
    }
}

/// What the receiver got, and what it is to answer; when that list is empty: 204.
#[derive(Default)]
struct Receiver {
    got: Mutex<Vec<(HeaderMap, String)>>,
    answers: Mutex<VecDeque<Response>>,
}

impl Receiver {
    async fn start() -> (String, Arc<Self>) {
        async fn take(
            Extract(receiver): Extract<Arc<Receiver>>,
            headers: HeaderMap,
            body: Bytes,
        ) -> Response {
            receiver.got.lock().push((headers, String::from_utf8(body.to_vec()).expect("UTF-8")));
            let answer = receiver.answers.lock().pop_front();
            answer.unwrap_or_else(|| StatusCode::NO_CONTENT.into_response())
        }
        let receiver = Arc::new(Self::default());
        let app = Router::new()
            .route("/hook", post(take))
            .route("/hang", post(std::future::pending::<()>))
            .with_state(Arc::clone(&receiver));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}/hook", listener.local_addr().expect("bound"));
        tokio::spawn(async move { axum::serve(listener, app).await });
        (url, receiver)
    }

    fn answer(&self, answer: impl IntoResponse) {
        self.answers.lock().push_back(answer.into_response());
    }

    /// The ids that it got since the last time, after checking each signature as the receiver should.
    fn ids(&self) -> Vec<String> {
        let got = std::mem::take(&mut *self.got.lock());
        got.iter().map(|(headers, body)| checked(headers, body)).collect()
    }
}

/// The id of a delivery whose signature holds.
fn checked(headers: &HeaderMap, body: &str) -> String {
    let header = |name: &str| headers[name].to_str().expect("text").to_owned();
    let (id, at) = (header("webhook-id"), header("webhook-timestamp").parse().expect("seconds"));
    let signed = Verifier::new(SECRET).expect("a secret").sign(&id, at, body.as_bytes()).expect("signed");
    assert_eq!(header("webhook-signature"), signed);
    assert_eq!(header("content-type"), "application/json");
    id
}

struct Bench {
    clock: Arc<ManualClock>,
    writer: Writer,
    outbox: Arc<Memory>,
}

impl Bench {
    fn new() -> Self {
        Self::at(START)
    }

    fn at(start: i64) -> Self {
        let clock = Arc::new(ManualClock::new(start));
        Self { writer: Writer::in_memory(Arc::clone(&clock) as _), clock, outbox: Arc::default() }
    }

    fn sender(&self) -> Webhooks {
        let outbox = Arc::clone(&self.outbox) as _;
        Webhooks::new(self.writer.clone(), outbox, Arc::new(Prefix), Duration::from_millis(500))
            .expect("a client")
    }

    async fn hook(&self, id: &str, url: &str) {
        self.put(id, Some(endpoint(url))).await;
    }

    async fn put(&self, id: &str, webhook: Option<Webhook>) {
        let key: Key = id.into();
        let command: Command = Box::new(move |tx: &mut Tx| -> Result<Outcome, Problem> {
            match webhook {
                Some(webhook) => drop(tx.put(&key, webhook)?),
                None => tx.remove::<Webhook>(&key)?,
            }
            Ok(Outcome::new("webhook.put", Kind::Webhook, &key, ()))
        });
        let request = Request::system(command);
        self.writer.run(request).await.expect("written");
    }

    async fn round(&self, sender: &mut Webhooks) {
        sender.send_due();
        sender.settle().await;
    }
}

fn endpoint(url: &str) -> Webhook {
    Webhook {
        url: url.to_owned(),
        facts: BTreeSet::new(),
        secret: format!("sealed:{SECRET}"),
        disabled: false,
        created_at: START,
    }
}

#[tokio::test]
async fn a_receiver_can_verify_what_it_gets() {
    // The verifier looks at the machine's clock.
    let now = jiff::Timestamp::now().as_millisecond();
    let bench = Bench::at(now);
    let (url, receiver) = Receiver::start().await;
    bench.hook("w", &url).await;
    bench.outbox.add("w", 7);
    bench.round(&mut bench.sender()).await;

    let (headers, body) = receiver.got.lock()[0].clone();
    Verifier::new(SECRET).expect("a secret").verify(body.as_bytes(), &headers).expect("verified");
    assert_eq!(checked(&headers, &body), "dlv_7_0_w");
    let body: Json = serde_json::from_str(&body).expect("JSON");
    assert_eq!(body["type"], "release.paused");
    assert_eq!(body["data"]["details"], json!({"n": 1}));
    assert_eq!(bench.outbox.statuses(), ["delivered"]);
    // Delivered is over.
    bench.round(&mut bench.sender()).await;
    assert!(receiver.got.lock().len() == 1);
}

#[tokio::test]
async fn a_failed_delivery_comes_again_later_under_its_id() {
    let bench = Bench::new();
    let (url, receiver) = Receiver::start().await;
    bench.hook("w", &url).await;
    let id = bench.outbox.add("w", 1);
    let mut sender = bench.sender();
    receiver.answer((StatusCode::INTERNAL_SERVER_ERROR, "database\nis away"));
    receiver.answer(Redirect::temporary("/hook"));

    bench.round(&mut sender).await;
    let row = bench.outbox.row(&id);
    assert_eq!((row.status, row.attempts), ("pending", 1));
    assert_eq!(row.error, "500 Internal Server Error: database is away");
    assert!((5_000..=5_500).contains(&(row.next_at - START)), "{}", row.next_at - START);

    bench.clock.advance(4_999);
    bench.round(&mut sender).await;
    assert_eq!(receiver.ids(), [id.as_str()]);
    bench.clock.advance(501);
    bench.round(&mut sender).await;
    assert_eq!(bench.outbox.row(&id).error, "307 Temporary Redirect; redirects are not followed");
    assert_eq!(receiver.ids(), [id.as_str()]);

    bench.clock.advance(33_000);
    bench.round(&mut sender).await;
    assert_eq!(receiver.ids(), [id.as_str()]);
    assert_eq!(bench.outbox.row(&id).status, "delivered");
}

#[tokio::test]
async fn a_receiver_may_ask_for_time() {
    let bench = Bench::new();
    let (url, receiver) = Receiver::start().await;
    bench.hook("w", &url).await;
    let id = bench.outbox.add("w", 1);
    bench.outbox.add("w", 2);
    receiver.answer((StatusCode::TOO_MANY_REQUESTS, [("retry-after", "90")]));
    bench.round(&mut bench.sender()).await;
    assert_eq!(bench.outbox.row(&id).next_at, START + 90_000);
    // The next one waits for the next round, at least.
    assert_eq!(receiver.ids(), [id.as_str()]);
}

#[tokio::test]
async fn after_three_days_it_is_dead_and_can_be_sent_again() {
    let bench = Bench::new();
    // A port where nobody listens.
    let closed =
        std::net::TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).expect("a free port");
    bench.hook("w", &format!("http://{closed}/hook")).await;
    let id = bench.outbox.add("w", 1);
    let mut sender = bench.sender();
    for _ in 0..12 {
        bench.round(&mut sender).await;
        let now = bench.clock.now().wall;
        bench.clock.advance(u64::try_from(bench.outbox.row(&id).next_at - now).unwrap_or(0));
    }
    let row = bench.outbox.row(&id);
    assert_eq!((row.status, row.attempts), ("dead", 12));
    assert!(row.error.starts_with("Connection refused"), "{}", row.error);
    let days = (bench.clock.now().wall - START) / 86_400_000;
    assert!((2..4).contains(&days), "{days} days");
    bench.round(&mut sender).await;
    assert_eq!(bench.outbox.row(&id), row);

    let (url, receiver) = Receiver::start().await;
    bench.hook("w", &url).await;
    // As the store's `resend` does.
    let again = Row { status: "pending", attempts: 0, next_at: bench.clock.now().wall, ..row };
    bench.outbox.rows.lock().insert(id.clone(), again);
    bench.round(&mut sender).await;
    assert_eq!(receiver.ids(), [id.as_str()]);
    assert_eq!(bench.outbox.row(&id).status, "delivered");
}

#[tokio::test]
async fn a_crash_before_the_note_repeats_the_id() {
    let bench = Bench::new();
    let (url, receiver) = Receiver::start().await;
    bench.hook("w", &url).await;
    let id = bench.outbox.add("w", 1);
    bench.outbox.dies.store(true, Ordering::SeqCst);
    bench.round(&mut bench.sender()).await;
    assert_eq!(receiver.ids(), [id.as_str()]);
    bench.outbox.dies.store(false, Ordering::SeqCst);
    // The server after it.
    let mut sender = bench.sender();
    bench.round(&mut sender).await;
    assert_eq!(receiver.ids(), [id.as_str()]);
    bench.round(&mut sender).await;
    assert!(receiver.ids().is_empty());
}

#[tokio::test]
async fn a_deposed_server_takes_nothing_back() {
    let bench = Bench::new();
    let (url, receiver) = Receiver::start().await;
    bench.hook("w", &url).await;
    let id = bench.outbox.add("w", 1);
    let due = bench.outbox.due("w", START, 1).await.expect("due").remove(0);
    bench.round(&mut bench.sender()).await;
    receiver.answer(StatusCode::BAD_GATEWAY);
    let deposed = bench.sender();
    let go_on = deposed.sender.deliver(&"w".into(), &endpoint(&url), &due).await.expect("noted");
    assert!(!go_on);
    assert_eq!(bench.outbox.row(&id).status, "delivered");
}

#[tokio::test]
async fn gone_disables_the_endpoint() {
    let bench = Bench::new();
    let (url, receiver) = Receiver::start().await;
    bench.hook("w", &url).await;
    let mut events = bench.writer.events();
    bench.outbox.add("w", 1);
    bench.outbox.add("w", 2);
    receiver.answer(StatusCode::GONE);
    let mut sender = bench.sender();
    bench.round(&mut sender).await;
    bench.round(&mut sender).await;
    assert_eq!(receiver.ids().len(), 1);
    assert_eq!(bench.outbox.statuses(), ["dead", "pending"]);
    assert!(bench.writer.world().webhooks["w"].body.disabled);
    let event = events.recv().await.expect("an event");
    assert_eq!(
        (event.action.as_str(), event.facts[0].name.as_str()),
        ("webhook.disabled", "webhook.changed")
    );
    assert_eq!(event.reason.as_deref(), Some("it answered 410 Gone"));

    // Enabled again, it gets what it missed.
    bench.hook("w", &url).await;
    bench.round(&mut sender).await;
    assert_eq!(receiver.ids(), ["dlv_2_0_w"]);
}

#[tokio::test]
async fn disabled_and_removed_endpoints_get_nothing() {
    let bench = Bench::new();
    let (url, receiver) = Receiver::start().await;
    bench.put("w", Some(Webhook { disabled: true, ..endpoint(&url) })).await;
    bench.hook("gone", &url).await;
    bench.put("gone", None).await;
    bench.outbox.add("w", 1);
    bench.outbox.add("gone", 1);
    bench.round(&mut bench.sender()).await;
    assert!(receiver.ids().is_empty());
    assert_eq!(bench.outbox.statuses(), ["pending", "pending"]);
}

#[tokio::test]
async fn endpoints_do_not_wait_for_one_another() {
    let bench = Bench::new();
    let (url, receiver) = Receiver::start().await;
    bench.hook("a-hangs", &url.replace("/hook", "/hang")).await;
    bench.hook("b", &url).await;
    let slow = bench.outbox.add("a-hangs", 1);
    for seq in 1..=120 {
        bench.outbox.add("b", seq);
    }
    let mut sender = bench.sender();
    sender.send_due();
    // A second wake while the first is under way sends nothing twice.
    sender.send_due();
    sender.settle().await;
    assert_eq!(receiver.ids().len(), 120);
    assert_eq!(bench.outbox.row(&slow).error, "no answer in time");
}

#[tokio::test]
async fn what_cannot_be_sent_says_why() {
    let bench = Bench::new();
    let cases = [
        (
            "address",
            Webhook { url: "ftp://x/".to_owned(), ..endpoint("") },
            "the URL must begin with `http://` or `https://`, not `ftp:`",
        ),
        (
            "key",
            Webhook { secret: "other".to_owned(), ..endpoint("http://127.0.0.1:9/") },
            "sealed under another key",
        ),
        (
            "secret",
            Webhook { secret: "sealed:whsec_%".to_owned(), ..endpoint("http://127.0.0.1:9/") },
            "the secret is not `whsec_` and base64: rotate it",
        ),
    ];
    for (id, webhook, error) in cases {
        bench.put(id, Some(webhook)).await;
        let delivery = bench.outbox.add(id, 1);
        bench.round(&mut bench.sender()).await;
        let row = bench.outbox.row(&delivery);
        assert_eq!((row.status, row.error.as_str()), ("pending", error));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_wakes_the_task_and_it_stops_when_told() {
    let bench = Bench::new();
    let (url, receiver) = Receiver::start().await;
    let task = tokio::spawn(bench.sender().run());
    bench.outbox.add("w", 1);
    bench.hook("w", &url).await;
    while bench.outbox.statuses() != ["delivered"] {
        tokio::task::yield_now().await;
    }
    assert_eq!(receiver.ids(), ["dlv_1_0_w"]);
    bench.writer.close().await;
    task.await.expect("it ended");
}
