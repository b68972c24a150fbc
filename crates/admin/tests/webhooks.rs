//! Webhooks end to end: a command's facts, the outbox in a SQLite file, a real receiver; across restarts.

#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "a test")]

use std::collections::{BTreeSet, VecDeque};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use std::{env, fs, process};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State as Extract;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use parking_lot::Mutex;
use serde_json::{Value as Json, json};
use standardwebhooks::Webhook as Verifier;
use tidegate::model::Key;
use tidegate_admin::clock::{Clock, ManualClock};
use tidegate_admin::domain::entity::{Kind, Webhook};
use tidegate_admin::domain::event::Fact;
use tidegate_admin::domain::{Command, Outcome, Problem, Tx, command};
use tidegate_admin::store::{DeliveryFilter, DeliveryStatus, Store};
use tidegate_admin::webhooks::{Secrets, Webhooks};
use tidegate_admin::writer::{Options, Request, Writer};

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

struct Plain;

impl Secrets for Plain {
    fn open(&self, sealed: &str) -> Result<String, String> {
        Ok(sealed.to_owned())
    }
}

/// Takes deliveries; answers what it is told, then 200.
#[derive(Default)]
struct Receiver {
    got: Mutex<Vec<(HeaderMap, Bytes)>>,
    answers: Mutex<VecDeque<StatusCode>>,
}

impl Receiver {
    async fn start() -> (String, Arc<Self>) {
        async fn take(
            Extract(receiver): Extract<Arc<Receiver>>,
            headers: HeaderMap,
            body: Bytes,
        ) -> StatusCode {
            receiver.got.lock().push((headers, body));
            receiver.answers.lock().pop_front().unwrap_or(StatusCode::OK)
        }
        let receiver = Arc::new(Self::default());
        let app = Router::new().route("/", post(take)).with_state(Arc::clone(&receiver));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}/", listener.local_addr().expect("bound"));
        tokio::spawn(async move { axum::serve(listener, app).await });
        (url, receiver)
    }

    fn answer(&self, status: u16, times: usize) {
        let status = StatusCode::from_u16(status).expect("a status");
        self.answers.lock().extend(std::iter::repeat_n(status, times));
    }

    /// What came since the last time: ids and bodies, each verified as a receiver should.
    fn take(&self) -> Vec<(String, Json)> {
        let verifier = Verifier::new(SECRET).expect("a secret");
        let verified = |(headers, body): (HeaderMap, Bytes)| {
            let header = |name: &str| headers[name].to_str().expect("text").to_owned();
            let (id, at) = (header("webhook-id"), header("webhook-timestamp").parse().expect("seconds"));
            assert_eq!(header("webhook-signature"), verifier.sign(&id, at, &body).expect("signed"));
            (id, serde_json::from_slice(&body).expect("JSON"))
        };
        std::mem::take(&mut *self.got.lock()).into_iter().map(verified).collect()
    }

    fn ids(&self) -> Vec<String> {
        self.take().into_iter().map(|(id, _)| id).collect()
    }
}

/// A folder of the test's own, removed at the end.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("tidegate-webhooks-{}-{}", process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let folder = env::temp_dir().join(name);
        fs::create_dir_all(&folder).expect("a folder");
        Self(folder)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

struct Server {
    writer: Writer,
    sender: Webhooks,
}

impl Server {
    async fn start(folder: &Folder, clock: &Arc<ManualClock>) -> Self {
        let address = format!("sqlite:{}", folder.0.join("tidegate.db").display());
        let store = Arc::new(Store::open(&address).await.expect("a store"));
        let writer = Writer::open(Arc::clone(&store), Arc::clone(clock) as _, Options::default());
        let writer = writer.await.expect("a writer");
        let sender = Webhooks::new(writer.clone(), store, Arc::new(Plain), Duration::from_secs(5));
        Self { writer, sender: sender.expect("a client") }
    }

    async fn round(&mut self) {
        self.sender.send_due();
        self.sender.settle().await;
    }

    async fn run(&self, command: Command) {
        let request = Request::system(command);
        self.writer.run(request).await.expect("done");
    }

    async fn put(&self, id: &str, webhook: Webhook) {
        let key: Key = id.into();
        self.run(Box::new(move |tx: &mut Tx| -> Result<Outcome, Problem> {
            tx.put(&key, webhook)?;
            Ok(Outcome::new("webhook.put", Kind::Webhook, &key, ()))
        }))
        .await;
    }

    /// A command that tells these.
    async fn tell(&self, names: &[&str]) {
        let facts: Vec<Fact> = names.iter().map(|name| fact(name)).collect();
        self.run(Box::new(move |tx: &mut Tx| -> Result<Outcome, Problem> {
            facts.into_iter().for_each(|fact| tx.tell(fact));
            Ok(Outcome::new("release.moved", Kind::Release, &"r".into(), ()))
        }))
        .await;
    }

    async fn statuses(&self) -> Vec<(String, DeliveryStatus)> {
        let all = self.writer.store().deliveries(&DeliveryFilter::default()).await.expect("deliveries");
        all.into_iter().rev().map(|delivery| (delivery.id, delivery.status)).collect()
    }
}

fn fact(name: &str) -> Fact {
    Fact {
        name: name.to_owned(),
        flagsmith: None,
        release: Some("r".into()),
        features: vec!["checkout".into()],
        environments: vec!["prod".into()],
        text: format!("It was told of {name}."),
        data: json!({"phase": "eu"}),
    }
}

fn endpoint(url: &str, facts: &[&str]) -> Webhook {
    Webhook {
        url: url.to_owned(),
        facts: facts.iter().map(|fact| (*fact).to_owned()).collect::<BTreeSet<String>>(),
        secret: SECRET.to_owned(),
        disabled: false,
        created_at: 1,
    }
}

fn clock() -> Arc<ManualClock> {
    Arc::new(ManualClock::new(1_700_000_000_000))
}

#[tokio::test]
async fn each_endpoint_gets_the_facts_that_it_wants() {
    let folder = Folder::new();
    let (all_url, all) = Receiver::start().await;
    let (some_url, some) = Receiver::start().await;
    let mut server = Server::start(&folder, &clock()).await;
    server.put("all", endpoint(&all_url, &[])).await;
    server.put("some", endpoint(&some_url, &["guard.breached", "release.aborted"])).await;
    server.tell(&["phase.started", "release.aborted"]).await;
    server.round().await;

    let got = all.take();
    let ids: Vec<&str> = got.iter().map(|(id, _)| id.as_str()).collect();
    assert_eq!(ids, ["msg_3_0_all", "msg_3_1_all"]);
    let expected = json!({
        "type": "release.aborted", "timestamp": "2023-11-14T22:13:20.000Z",
        "data": {
            "event": 3, "actor": "system", "actor_kind": "system", "action": "release.moved", "release": "r",
            "features": ["checkout"], "environments": ["prod"], "text": "It was told of release.aborted.",
            "details": {"phase": "eu"},
        },
    });
    assert_eq!(got[1].1, expected);
    assert_eq!(some.ids(), ["msg_3_1_some"]);
    server.round().await;
    assert!(all.take().is_empty() && some.take().is_empty());
}

#[tokio::test]
async fn a_trial_goes_to_its_endpoint_alone() {
    let folder = Folder::new();
    let (url, receiver) = Receiver::start().await;
    let mut server = Server::start(&folder, &clock()).await;
    server.put("one", endpoint(&url, &["release.aborted"])).await;
    server.put("all", endpoint(&url, &[])).await;
    server.run(Box::new(|tx: &mut Tx| command::webhook::test(tx, "one"))).await;
    server.round().await;
    let got = receiver.take();
    assert_eq!(got.len(), 1);
    assert_eq!((got[0].0.as_str(), &got[0].1["type"]), ("msg_3_0_one", &json!("webhook.tested")));
}

#[tokio::test]
async fn a_restart_loses_nothing_and_goes_on_with_the_wait() {
    let folder = Folder::new();
    let clock = clock();
    let (url, receiver) = Receiver::start().await;
    let mut server = Server::start(&folder, &clock).await;
    server.put("w", endpoint(&url, &[])).await;
    server.tell(&["release.paused"]).await;
    receiver.answer(503, 1);
    server.round().await;
    assert_eq!(receiver.ids(), ["msg_2_0_w"]);
    server.tell(&["release.completed"]).await;
    server.writer.close().await;
    drop(server);

    let mut server = Server::start(&folder, &clock).await;
    server.round().await;
    // The one that failed waits its five seconds, the new one does not.
    assert_eq!(receiver.ids(), ["msg_3_0_w"]);
    clock.advance(6_000);
    server.round().await;
    assert_eq!(receiver.ids(), ["msg_2_0_w"]);
    let delivered = DeliveryStatus::Delivered;
    let expected = [("msg_2_0_w".to_owned(), delivered), ("msg_3_0_w".to_owned(), delivered)];
    assert_eq!(server.statuses().await, expected);
}

#[tokio::test]
async fn a_dead_delivery_is_listed_and_can_be_sent_again_after_a_restart() {
    let folder = Folder::new();
    let clock = clock();
    let (url, receiver) = Receiver::start().await;
    let mut server = Server::start(&folder, &clock).await;
    server.put("w", endpoint(&url, &[])).await;
    server.tell(&["release.paused"]).await;
    receiver.answer(500, 12);
    for _ in 0..40 {
        server.round().await;
        clock.advance(8 * 3_600_000);
    }
    let ids = receiver.ids();
    assert_eq!(ids, vec!["msg_2_0_w"; 12]);
    let dead = DeliveryFilter { status: Some(DeliveryStatus::Dead), ..DeliveryFilter::default() };
    let listed = server.writer.store().deliveries(&dead).await.expect("deliveries");
    assert_eq!(listed.len(), 1);
    assert_eq!(
        (listed[0].attempts, listed[0].last_error.as_deref()),
        (12, Some("500 Internal Server Error"))
    );
    server.writer.close().await;
    drop(server);

    let mut server = Server::start(&folder, &clock).await;
    assert!(server.writer.store().resend("msg_2_0_w", clock.now().wall).await.expect("sent again"));
    server.round().await;
    assert_eq!(receiver.ids(), ["msg_2_0_w"]);
    assert_eq!(server.statuses().await, [("msg_2_0_w".to_owned(), DeliveryStatus::Delivered)]);
}

#[tokio::test]
async fn gone_disables_the_endpoint_for_good() {
    let folder = Folder::new();
    let clock = clock();
    let (url, receiver) = Receiver::start().await;
    let mut server = Server::start(&folder, &clock).await;
    server.put("w", endpoint(&url, &[])).await;
    server.tell(&["release.paused", "release.aborted"]).await;
    receiver.answer(410, 1);
    server.round().await;
    server.tell(&["release.started"]).await;
    server.writer.close().await;
    drop(server);

    let mut server = Server::start(&folder, &clock).await;
    assert!(server.writer.world().webhooks["w"].body.disabled);
    server.round().await;
    assert_eq!(receiver.ids(), ["msg_2_0_w"]);
    // What was told after it was disabled is not kept for it.
    let expected =
        [("msg_2_0_w".to_owned(), DeliveryStatus::Dead), ("msg_2_1_w".to_owned(), DeliveryStatus::Pending)];
    assert_eq!(server.statuses().await, expected);
    let log =
        server.writer.store().entry(3).await.expect("the log").expect("an entry").event().expect("an event");
    assert_eq!((log.action.as_str(), &*log.actor), ("webhook.disabled", "system"));
}

#[tokio::test]
async fn two_servers_that_both_send_deliver_one_delivery() {
    // As after a lease was lost unnoticed: both tasks work on one outbox.
    let folder = Folder::new();
    let (url, receiver) = Receiver::start().await;
    let mut server = Server::start(&folder, &clock()).await;
    server.put("w", endpoint(&url, &[])).await;
    server.tell(&["release.paused"]).await;
    let store = Arc::clone(server.writer.store());
    let other = Webhooks::new(server.writer.clone(), store, Arc::new(Plain), Duration::from_secs(5));
    let mut other = other.expect("a client");
    // One of them is refused, whichever; what the other noted stands.
    receiver.answer(500, 1);
    other.send_due();
    server.sender.send_due();
    other.settle().await;
    server.sender.settle().await;
    let ids: BTreeSet<String> = receiver.ids().into_iter().collect();
    assert_eq!(ids, BTreeSet::from(["msg_2_0_w".to_owned()]));
    assert_eq!(server.statuses().await.len(), 1);
}
