//! What Prometheus is told at `/metrics`.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, AtomicU64};
use std::time::Duration;

use axum::http::Method;
use parking_lot::Mutex;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};
use tidegate::model::Key;
use tidegate::release::{Now, Status};

use crate::domain::World;
use crate::domain::event::AuditEvent;
use crate::fleet::{Fleet, State, percentile};
use crate::store::DeliveryStatus;

/// Bounds of the durations of requests, in seconds: an answer is due within 25 ms.
const BUCKETS: [f64; 12] = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0, 30.0];

/// The quantiles that are told of what the fleet does.
const QUANTILES: [(u64, &str); 3] = [(50, "0.5"), (90, "0.9"), (99, "0.99")];

type Seconds = Gauge<f64, AtomicU64>;
type Labels = Vec<(&'static str, String)>;

/// The metrics of a server.
pub(crate) struct Metrics {
    registry: Mutex<Registry>,
    requests: Family<Labels, Counter>,
    durations: Family<Labels, Histogram, fn() -> Histogram>,
    events: Family<Labels, Counter>,
    facts: Family<Labels, Counter>,
    verdicts: Family<Labels, Counter>,
    releases: Family<Labels, Gauge>,
    deliveries: Family<Labels, Gauge>,
    members: Family<Labels, Gauge>,
    propagation: Family<Labels, Seconds>,
    apply: Family<Labels, Seconds>,
    lag: Gauge<f64, AtomicU64>,
    seq: Gauge<i64, AtomicI64>,
    queue: Gauge<i64, AtomicI64>,
    streams: Gauge<i64, AtomicI64>,
    publications: Family<Labels, Histogram, fn() -> Histogram>,
    versions: Family<Labels, Gauge>,
    sdk_streams: Family<Labels, Gauge>,
}

/// What is counted when it is asked for.
pub(crate) struct Counts {
    /// Commands that wait for the writer.
    pub(crate) queue: usize,
    /// Open streams of events.
    pub(crate) streams: usize,
    /// Deliveries by status.
    pub(crate) deliveries: Vec<(DeliveryStatus, u64)>,
    /// By environment: the version that is served, and the streams of SDKs.
    pub(crate) snapshots: Vec<(Key, u64, usize)>,
}

impl Metrics {
    pub(crate) fn new() -> Self {
        let mut registry = Registry::with_prefix("tidegate");
        let histogram: fn() -> Histogram = || Histogram::new(BUCKETS);
        let durations = Family::new_with_constructor(histogram);
        let metrics = Self {
            requests: Family::default(),
            durations,
            events: Family::default(),
            facts: Family::default(),
            verdicts: Family::default(),
            releases: Family::default(),
            deliveries: Family::default(),
            members: Family::default(),
            propagation: Family::default(),
            apply: Family::default(),
            lag: Gauge::default(),
            seq: Gauge::default(),
            queue: Gauge::default(),
            streams: Gauge::default(),
            publications: Family::new_with_constructor(histogram),
            versions: Family::default(),
            sdk_streams: Family::default(),
            registry: Mutex::new(Registry::default()),
        };
        let r = &mut registry;
        r.register("http_requests", "Requests, by route, method and status", metrics.requests.clone());
        r.register_with_unit(
            "http_request_duration",
            "How long requests took",
            Unit::Seconds,
            metrics.durations.clone(),
        );
        r.register("events", "Committed events, by action", metrics.events.clone());
        r.register("facts", "What happened, by name", metrics.facts.clone());
        r.register("guard_verdicts", "Verdicts of guards", metrics.verdicts.clone());
        r.register("releases", "Releases, by status", metrics.releases.clone());
        r.register("webhook_deliveries", "Deliveries of webhooks, by status", metrics.deliveries.clone());
        r.register("fleet_members", "Instances, by environment and state", metrics.members.clone());
        r.register_with_unit(
            "fleet_propagation",
            "From the publication of the newest version to the reports of the instances",
            Unit::Seconds,
            metrics.propagation.clone(),
        );
        r.register_with_unit(
            "fleet_apply",
            "From the arrival of a version at an instance to its being served, of the live ones",
            Unit::Seconds,
            metrics.apply.clone(),
        );
        r.register_with_unit(
            "timer_lag",
            "How long the most overdue timer is due",
            Unit::Seconds,
            metrics.lag.clone(),
        );
        r.register("log_seq", "The number of the last event", metrics.seq.clone());
        r.register("writer_queue", "Commands that wait for the writer", metrics.queue.clone());
        r.register("event_streams", "Open streams of events", metrics.streams.clone());
        r.register_with_unit(
            "snapshot_publication",
            "How long it took to make a snapshot of what was committed and hand it to the streams, by environment",
            Unit::Seconds,
            metrics.publications.clone(),
        );
        r.register(
            "snapshot_version",
            "The version that is served, by environment",
            metrics.versions.clone(),
        );
        r.register("sdk_streams", "Open streams of SDKs, by environment", metrics.sdk_streams.clone());
        *metrics.registry.lock() = registry;
        metrics
    }

    /// Counts a request.
    pub(crate) fn request(&self, method: &Method, route: &str, status: u16, took: Duration) {
        // A method may be any word; only the known ones become a label.
        let method = match method.as_str() {
            known @ ("GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE" | "OPTIONS") => known,
            _ => "other",
        };
        let (route, method) = (("route", route.to_owned()), ("method", method.to_owned()));
        let status = ("status", status.to_string());
        self.requests.get_or_create(&vec![route.clone(), method.clone(), status]).inc();
        self.durations.get_or_create(&vec![route, method]).observe(took.as_secs_f64());
    }

    /// Counts an event.
    pub(crate) fn event(&self, event: &AuditEvent) {
        self.events.get_or_create(&vec![("action", event.action.clone())]).inc();
        for fact in &event.facts {
            self.facts.get_or_create(&vec![("name", fact.name.clone())]).inc();
            if fact.name == "guard.verdict" {
                let verdict = fact.data.get("verdict").and_then(|v| v.as_str()).unwrap_or("unknown");
                self.verdicts.get_or_create(&vec![("verdict", verdict.to_owned())]).inc();
            }
        }
    }

    /// What is told of publications.
    pub(crate) fn publications(&self) -> impl Fn(&Key, f64) + Send + Sync + use<> {
        let publications = self.publications.clone();
        move |environment, seconds| {
            let environment = vec![("environment", environment.to_string())];
            publications.get_or_create(&environment).observe(seconds);
        }
    }

    /// All of them as text, with what is told of the present world.
    ///
    /// # Errors
    /// If they cannot be written (never, in fact).
    pub(crate) fn text(&self, world: &World, now: Now, counts: &Counts) -> Result<String, std::fmt::Error> {
        self.of_world(world, now);
        self.queue.set(i64::try_from(counts.queue).unwrap_or(i64::MAX));
        self.streams.set(i64::try_from(counts.streams).unwrap_or(i64::MAX));
        for (status, count) in &counts.deliveries {
            let gauge = self.deliveries.get_or_create(&vec![("status", status.as_str().to_owned())]);
            gauge.set(i64::try_from(*count).unwrap_or(i64::MAX));
        }
        // An environment that is gone is not told any more.
        self.versions.clear();
        self.sdk_streams.clear();
        for (environment, version, streams) in &counts.snapshots {
            let environment = vec![("environment", environment.to_string())];
            self.versions.get_or_create(&environment).set(i64::try_from(*version).unwrap_or(i64::MAX));
            self.sdk_streams.get_or_create(&environment).set(i64::try_from(*streams).unwrap_or(i64::MAX));
        }
        let mut text = String::new();
        encode(&mut text, &self.registry.lock())?;
        Ok(text)
    }

    /// Tells of the fleet as it is.
    pub(crate) fn of_fleet(&self, world: &World, fleet: &Fleet) {
        // What is not told any more shall not stay.
        self.members.clear();
        self.propagation.clear();
        self.apply.clear();
        for environment in world.environments.keys() {
            let label = ("environment", environment.to_string());
            let seen = fleet.seen(environment);
            let gauge = |state: &str, count: u64| {
                let gauge = self.members.get_or_create(&vec![label.clone(), ("state", state.to_owned())]);
                gauge.set(i64::try_from(count).unwrap_or(i64::MAX));
            };
            gauge("live", seen.iter().filter(|one| one.is_live()).map(|one| one.member.count).sum());
            for state in State::ALL {
                gauge(state.as_str(), seen.iter().map(|one| one.count(state)).sum());
            }
            let mut lags: BTreeMap<u64, u64> = BTreeMap::new();
            for lag in seen.iter().filter(|one| one.is_live()).filter_map(|one| one.member.lag_ms) {
                *lags.entry(lag).or_default() += 1;
            }
            let newest = fleet.propagation(environment).into_iter().next();
            for (per_cent, quantile) in QUANTILES {
                let labels = vec![label.clone(), ("quantile", quantile.to_owned())];
                let reached = newest.as_ref().and_then(|newest| match per_cent {
                    50 => newest.p50_ms,
                    90 => newest.p90_ms,
                    _ => newest.p99_ms,
                });
                if let Some(ms) = reached {
                    self.propagation.get_or_create(&labels).set(Duration::from_millis(ms).as_secs_f64());
                }
                if let Some(ms) = percentile(&lags, per_cent) {
                    self.apply.get_or_create(&labels).set(Duration::from_millis(ms).as_secs_f64());
                }
            }
        }
    }

    fn of_world(&self, world: &World, now: Now) {
        self.seq.set(i64::try_from(world.seq).unwrap_or(i64::MAX));
        let statuses = [Status::Aborted, Status::Completed, Status::Reverted, Status::Running];
        let mut lag = 0_u64;
        let mut counts = [0_i64; 4];
        for row in world.release_states.values() {
            let status = row.body.state.status;
            for (count, known) in counts.iter_mut().zip(statuses) {
                *count += i64::from(known == status);
            }
            if status == Status::Running {
                let uptime = row.body.next_wake.uptime.map_or(0, |due| now.uptime.saturating_sub(due));
                let wall = row.body.next_wake.wall.map_or(0, |due| now.wall.saturating_sub(due).max(0));
                lag = lag.max(uptime).max(u64::try_from(wall).unwrap_or(0));
            }
        }
        for (count, status) in counts.into_iter().zip(statuses) {
            let name = serde_json::to_value(status).ok().and_then(|name| name.as_str().map(str::to_owned));
            self.releases.get_or_create(&vec![("status", name.unwrap_or_default())]).set(count);
        }
        self.lag.set(Duration::from_millis(lag).as_secs_f64());
    }
}
