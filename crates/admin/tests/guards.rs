//! Pulled guards, asked of a real Prometheus. Without one on the PATH the tests say so, and skip.

#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "a test")]

use std::io::{self, Write};
use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::State as Extract;
use axum::routing::get;
use parking_lot::Mutex;
use serde_json::{Value as Json, json};
use tidegate::model::Key;
use tidegate::release::{self, Status, Verdict};
use tidegate_admin::clock::ManualClock;
use tidegate_admin::domain::command::guard::{self, Push};
use tidegate_admin::domain::entity::{self, Kind};
use tidegate_admin::domain::{Command, Outcome, Problem, Tx};
use tidegate_admin::guards::{GiveVerdict, Guards, Options};
use tidegate_admin::writer::{Request, Writer};

#[path = "support/prometheus.rs"]
mod prometheus;

use prometheus::Prometheus;

const RELEASE: &str = "r";

/// A service whose metrics the test writes.
#[derive(Default)]
struct Service(Mutex<String>);

impl Service {
    async fn start(metrics: &str) -> (SocketAddr, Arc<Self>) {
        let service = Arc::new(Self(Mutex::new(metrics.to_owned())));
        async fn metrics_of(Extract(service): Extract<Arc<Service>>) -> String {
            service.0.lock().clone()
        }
        let app = Router::new().route("/metrics", get(metrics_of)).with_state(Arc::clone(&service));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("bound");
        tokio::spawn(async move { axum::serve(listener, app).await });
        (address, service)
    }

    fn say(&self, metrics: &str) {
        metrics.clone_into(&mut self.0.lock());
    }
}

struct Server {
    clock: Arc<ManualClock>,
    writer: Writer,
    guards: Guards,
}

impl Server {
    async fn new(url: &str) -> Self {
        let clock = Arc::new(ManualClock::new(1_700_000_000_000));
        let writer = Writer::in_memory(Arc::clone(&clock) as _);
        writer.leading().wait_for(Option::is_some).await.expect("it leads");
        let give: GiveVerdict = Arc::new(give);
        let options = Options { prometheus: Some(url.to_owned()), ..Options::default() };
        let guards = Guards::new(writer.clone(), give, &options).expect("a client");
        Self { clock, writer, guards }
    }

    /// A release of one phase that bakes for a day under these guards.
    async fn start(&self, guards: &Json) {
        let plan = json!({
            "id": RELEASE, "pipeline": {"key": "p", "version": 1},
            "phases": [{"id": "everywhere", "bake_s": 86_400, "guards": guards}],
            "environments": [["prod"]], "windows": [[]], "author": "ann", "starter": "ann", "digest": "d",
        });
        let release = json!({"plan": plan, "created_at": 1, "trigger": "edit", "base_revisions": {}});
        let release: entity::Release = serde_json::from_value(release).expect("a release");
        let transition = release::start(&release.plan, self.writer.now());
        let state = state(transition.state, transition.next_wake);
        let command: Command = Box::new(move |tx: &mut Tx| -> Result<Outcome, Problem> {
            let key: Key = RELEASE.into();
            tx.put(&key, release)?;
            tx.put(&key, state)?;
            Ok(Outcome::new("release.started", Kind::Release, &key, ()))
        });
        let request = Request::system(command);
        self.writer.run(request).await.expect("started");
    }

    /// A second later: all is asked again.
    async fn round(&mut self) {
        self.clock.advance(1000);
        self.guards.ask_due();
        self.guards.settle().await;
    }

    fn status(&self) -> Status {
        self.writer.world().release_states[RELEASE].body.state.status
    }

    fn heard(&self, guard: &str) -> (Verdict, String) {
        let world = self.writer.world();
        let last = world.release_states[RELEASE].body.state.guards[guard].last.clone().expect("a verdict");
        assert_eq!(&*last.by, "system");
        (last.verdict, last.detail.expect("a detail"))
    }
}

fn state(state: release::State, next_wake: release::NextWake) -> entity::ReleaseState {
    let state = json!({"state": state, "next_wake": next_wake, "updated_at": 1});
    serde_json::from_value(state).expect("a state")
}

/// As the server does.
fn give(release: &Key, guard: &Key, verdict: Verdict, detail: String) -> Command {
    let (release, guard) = (Key::clone(release), Key::clone(guard));
    let body = Push { verdict, detail: Some(detail) };
    Box::new(move |tx: &mut Tx| guard::verdict(tx, &release, &guard, body))
}

fn pulled(id: &str, query: &str, most: f64) -> Json {
    json!({"id": id, "on_fail": "abort", "on_no_data": {"then": "go_on"}, "source": {"query": query, "pass": {"at_most": most}, "interval_s": 1}})
}

/// Starts a service and a Prometheus that scrapes it; `None`: there is no Prometheus.
async fn start(metrics: &str) -> Option<(Arc<Service>, Prometheus)> {
    let (address, service) = Service::start(metrics).await;
    let prometheus = Prometheus::start(&address.to_string()).await.expect("Prometheus starts");
    if prometheus.is_none() {
        // Not eprintln!, which the test harness swallows when the test passes.
        writeln!(io::stderr(), "no `prometheus` on the PATH: pulled guards are not tested against it")
            .expect("stderr");
    }
    prometheus.map(|prometheus| (service, prometheus))
}

#[tokio::test]
async fn a_rising_error_rate_aborts_the_release() {
    let Some((service, prometheus)) =
        start("errors{version=\"old\"} 0.01\nerrors{version=\"new\"} 0.02\n").await
    else {
        return;
    };
    prometheus.sees("errors", "\"0.02\"]").await.expect("scraped");
    let mut server = Server::new(&prometheus.url).await;
    server.start(&json!([pulled("error-rate", "errors", 0.05)])).await;

    server.round().await;
    let well = "2 series, the worst errors{instance=";
    let (verdict, detail) = server.heard("error-rate");
    assert!(verdict == Verdict::Pass && detail.starts_with(well), "{verdict:?}: {detail}");
    assert_eq!(server.status(), Status::Running);

    service.say("errors{version=\"old\"} 0.01\nerrors{version=\"new\"} 0.4\n");
    prometheus.sees("errors", "\"0.4\"]").await.expect("scraped");
    server.round().await;
    let (verdict, detail) = server.heard("error-rate");
    assert_eq!(verdict, Verdict::Fail);
    assert!(
        detail.starts_with("1 of 2 series: errors{") && detail.ends_with("= 0.4; expected at most 0.05"),
        "{detail}"
    );
    assert_eq!(server.status(), Status::Aborted);

    // Nothing is asked of a release that has ended.
    let seq = server.writer.world().seq;
    server.round().await;
    assert_eq!(server.writer.world().seq, seq);
}

#[tokio::test]
async fn what_prometheus_answers_is_understood() {
    let Some((_service, prometheus)) = start("requests 0\nerrors 0\nload 0.7\n").await else { return };
    prometheus.sees("load", "\"0.7\"]").await.expect("scraped");
    let cases = [
        ("scalar", "scalar(load)", Verdict::Pass, "0.7; expected at most 1"),
        ("vector", "sum(load)", Verdict::Pass, "0.7; expected at most 1"),
        ("infinite", "vector(1) / 0", Verdict::Fail, "inf; expected at most 1"),
        (
            "nothing-to-divide-by",
            "sum(errors) / sum(requests)",
            Verdict::NoData,
            "NaN: there was nothing to divide by",
        ),
        ("nothing", "no_such_metric", Verdict::NoData, "the query gives no series"),
        ("filtered", "load > 1", Verdict::NoData, "the query gives no series"),
        ("matrix", "load[1m]", Verdict::NoData, "the query gives a matrix; expected an instant vector"),
        ("text", "\"load\"", Verdict::NoData, "the query gives a string; expected an instant vector"),
        (
            "syntax",
            "sum(load",
            Verdict::NoData,
            "400 Bad Request: bad_data: invalid parameter \"query\": 1:9: parse error",
        ),
        (
            "escaped",
            "load{job=\"a&b=c#d %2B\"} or vector(0.5 + 0.25)",
            Verdict::Pass,
            "0.75; expected at most 1",
        ),
    ];
    let mut guards: Vec<Json> = cases.iter().map(|(id, query, ..)| pulled(id, query, 1.0)).collect();
    for guard in &mut guards {
        guard["on_fail"] = json!("hold");
    }
    let mut server = Server::new(&prometheus.url).await;
    server.start(&json!(guards)).await;
    server.round().await;
    for (id, query, verdict, detail) in cases {
        let heard = server.heard(id);
        assert!(heard.0 == verdict && heard.1.starts_with(detail), "{query}: {heard:?}");
    }
    assert_eq!(server.status(), Status::Running);
}

#[tokio::test]
async fn a_prometheus_that_is_gone_is_no_data() {
    let Some((_service, prometheus)) = start("load 0.7\n").await else { return };
    prometheus.sees("load", "\"0.7\"]").await.expect("scraped");
    let mut server = Server::new(&prometheus.url).await;
    server.start(&json!([pulled("g", "load", 1.0)])).await;
    server.round().await;
    assert_eq!(server.heard("g").0, Verdict::Pass);
    prometheus.stop().await.expect("stopped");
    server.round().await;
    let (verdict, detail) = server.heard("g");
    assert!(verdict == Verdict::NoData && detail.starts_with("Connection refused"), "{verdict:?}: {detail}");
}
