//! What the instances behind a relay report, made into one report per environment.
//!
//! ```text
//!   Report ──────┐ members, by instance ─┐
//!   RelayReport ─┤ relays behind this one ├─ RelayReport ≤ 1 s after something changed, and each interval ─▶ upstream
//!   exposures ───┘ pending, unchanged ────┘                                     what is stored ◀───────────────┘
//! ```
//! A report replaces the one before, so a lost one costs nothing. Batches of exposures wait until the upstream says that they are
//! stored; only then is that said below, and until then they are sent again from there too: a relay may lose its memory, no count is lost.
//! INVARIANT: an instance has at most one batch here; it sends the next when it knows that this one is stored.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::ops::Bound;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tidegate::wire::{
    ExposureBatch, ExposureCount, Group, IsolatedAt, NackedAt, RelayReport, RelayedBatch, Report,
    ReportAnswer, Sdk, StoredBatch,
};
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::fit::{self, LIST};
use crate::service::ReportRefused;

/// The interval until the upstream asks for another one, seconds.
const INTERVAL_S: u32 = 10;
/// The most bytes of exposures in a report, roughly.
const BATCHES_BYTES: usize = 256 << 10;
/// The most batches that wait.
const MOST_PENDING: usize = 50_000;
/// The most instances.
const MOST_MEMBERS: usize = 100_000;
/// The most different lists of operators; what another instance understands is taken for not told.
const MOST_OPERATORS: usize = 1_000;
/// The most relays behind this one.
const MOST_RELAYS: usize = 1_000;
/// Who has not reported for so many of its intervals is gone.
const MISSED: u32 = 3;

/// The instances of one environment.
#[derive(Debug, Default)]
pub(super) struct Fleet {
    state: Mutex<State>,
    changed: Notify,
}

/// The operators that an instance understands; each list kept once, as thousands of instances have the same.
type Operators = Arc<Vec<String>>;

#[derive(Debug)]
struct State {
    members: HashMap<String, Member>,
    relays: HashMap<String, Relay>,
    operators: HashSet<Operators>,
    /// How many bytes all of them said of themselves, roughly.
    weight: usize,
    /// By instance.
    pending: BTreeMap<String, ExposureBatch>,
    /// The instance whose batch was sent last.
    last: String,
    /// By instance, for as long as it reports.
    stored: HashMap<String, Stored>,
    interval_s: u32,
    changed: bool,
}

#[derive(Debug)]
struct Stored {
    batch: u64,
    until: Instant,
}

#[derive(Debug)]
struct Member {
    /// Without operators.
    report: Report,
    operators: Option<Operators>,
    until: Instant,
    weight: usize,
}

#[derive(Debug)]
struct Relay {
    groups: Vec<Group>,
    until: Instant,
    weight: usize,
}

impl Default for State {
    fn default() -> Self {
        Self {
            members: HashMap::new(),
            relays: HashMap::new(),
            operators: HashSet::new(),
            weight: 0,
            pending: BTreeMap::new(),
            last: String::new(),
            stored: HashMap::new(),
            interval_s: INTERVAL_S,
            changed: false,
        }
    }
}

/// What makes instances one group: the text of the process attributes, SDK, version, schema version.
type Common = (String, Sdk, u64, u32);

impl Fleet {
    /// Takes the report of an instance.
    ///
    /// # Errors
    /// If there is no room for one more.
    pub(super) fn report(&self, mut report: Report) -> Result<ReportAnswer, ReportRefused> {
        let now = Instant::now();
        let mut state = self.state.lock();
        // It is told to report at this interval, so it must not be missed for what it planned before.
        let until = life(now, report.interval_s.max(state.interval_s));
        if state.members.len() >= MOST_MEMBERS && !state.members.contains_key(&report.instance) {
            return Err(ReportRefused::Unavailable(format!(
                "expected at most {MOST_MEMBERS} instances here"
            )));
        }
        let weight = fit::weight(&report);
        let before = state.members.get(&report.instance);
        // Operators are told now and then; they do not change.
        let known = before.and_then(|before| before.operators.clone());
        let before = before.map_or(0, |member| member.weight);
        state.weigh(before, weight)?;
        let operators = report.operators.take().map_or(known, |names| state.intern(names));
        if let Some(batch) = report.exposures.take() {
            state.take_batch(&report.instance, batch);
        }
        let before = state.members.get(&report.instance);
        let is_news = before.is_none_or(|before| {
            differs(&before.report, &report) || before.operators.is_some() != operators.is_some()
        });
        state.changed |= is_news;
        let answer = ReportAnswer {
            interval_s: state.interval_s,
            want_operators: operators.is_none(),
            stored_batch: state.stored_of(&report.instance, until),
            stored: Vec::new(),
        };
        state.members.insert(report.instance.clone(), Member { report, operators, until, weight });
        self.tell(&state);
        Ok(answer)
    }

    /// Takes the report of a relay behind this one.
    ///
    /// # Errors
    /// If there is no room for one more.
    pub(super) fn relay_report(&self, report: RelayReport) -> Result<ReportAnswer, ReportRefused> {
        let now = Instant::now();
        let mut state = self.state.lock();
        // It is told to report at this interval, so it must not be missed for what it planned before.
        let until = life(now, report.interval_s.max(state.interval_s));
        if state.relays.len() >= MOST_RELAYS && !state.relays.contains_key(&report.relay) {
            return Err(ReportRefused::Unavailable(format!("expected at most {MOST_RELAYS} relays here")));
        }
        let operators = report.groups.iter().map(|group| operators_weight(group.operators.as_ref()));
        let weight = operators.fold(fit::groups_weight(&report.groups), usize::saturating_add);
        let before = state.relays.get(&report.relay).map_or(0, |relay| relay.weight);
        state.weigh(before, weight)?;
        let instances: Vec<String> = report.exposures.iter().map(|batch| batch.instance.clone()).collect();
        for RelayedBatch { instance, batch } in report.exposures {
            state.take_batch(&instance, batch);
        }
        let before = state.relays.get(&report.relay);
        state.changed |= before.is_none_or(|before| before.groups != report.groups);
        let stored = |instance: String| {
            let batch = state.stored_of(&instance, until)?;
            Some(StoredBatch { instance, batch })
        };
        let stored = instances.into_iter().filter_map(stored).collect();
        let want_operators = report.groups.iter().any(|group| group.operators.is_none());
        state.relays.insert(report.relay, Relay { groups: report.groups, until, weight });
        self.tell(&state);
        Ok(ReportAnswer { interval_s: state.interval_s, want_operators, stored_batch: None, stored })
    }

    fn tell(&self, state: &State) {
        if state.changed {
            self.changed.notify_one();
        }
    }

    /// Waits until something changed, or an interval has passed.
    pub(super) async fn due(&self) {
        let interval = Duration::from_secs(u64::from(self.state.lock().interval_s.max(1)));
        let waiting = async {
            while !self.state.lock().changed {
                self.changed.notified().await;
            }
        };
        let _ = tokio::time::timeout(interval, waiting).await;
    }

    /// The report on all of them, and on who has been silent for too long no more.
    pub(super) fn drain(&self, relay: &str) -> RelayReport {
        let now = Instant::now();
        let mut state = self.state.lock();
        state.changed = false;
        state.members.retain(|_, member| now < member.until);
        state.relays.retain(|_, relay| now < relay.until);
        state.stored.retain(|_, stored| now < stored.until);
        state.operators.retain(|names| Arc::strong_count(names) > 1);
        let members = state.members.values().map(|member| member.weight);
        let relays = state.relays.values().map(|relay| relay.weight);
        state.weight = members.chain(relays).fold(0, usize::saturating_add);
        RelayReport {
            relay: relay.to_owned(),
            interval_s: state.interval_s,
            groups: state.groups(),
            exposures: state.batches(),
        }
    }

    /// The upstream answered.
    pub(super) fn answered(&self, answer: ReportAnswer) {
        let mut state = self.state.lock();
        if answer.interval_s > 0 {
            state.interval_s = answer.interval_s;
        }
        let until = life(Instant::now(), state.interval_s);
        for StoredBatch { instance, batch } in answer.stored {
            if state.pending.get(&instance).is_some_and(|pending| pending.batch <= batch) {
                state.pending.remove(&instance);
            }
            let stored = state.stored.entry(instance).or_insert(Stored { batch, until });
            stored.batch = stored.batch.max(batch);
            stored.until = stored.until.max(until);
        }
    }

    /// The upstream did not take it: it is to be told again.
    pub(super) fn failed(&self) {
        self.state.lock().changed = true;
    }
}

impl State {
    fn intern(&mut self, names: Vec<String>) -> Option<Operators> {
        if let Some(known) = self.operators.get(&names) {
            return Some(Arc::clone(known));
        }
        if self.operators.len() >= MOST_OPERATORS {
            return None;
        }
        let names = Arc::new(names);
        self.operators.insert(Arc::clone(&names));
        Some(names)
    }

    /// Counts what one who reports says now in the place of what it said before.
    fn weigh(&mut self, before: usize, now: usize) -> Result<(), ReportRefused> {
        let total = self.weight.saturating_sub(before).saturating_add(now);
        // Who says less than before is always heard.
        if total > fit::ALL && total > self.weight {
            let detail = format!("expected at most {} bytes of reports here", fit::ALL);
            return Err(ReportRefused::Unavailable(detail));
        }
        self.weight = total;
        Ok(())
    }

    /// A batch that waits to be stored; one that is stored is not sent again. Where there is no room, the instance keeps it.
    fn take_batch(&mut self, instance: &str, batch: ExposureBatch) {
        let is_stored = self.stored.get(instance).is_some_and(|stored| stored.batch >= batch.batch);
        let is_pending = self.pending.get(instance).is_some_and(|pending| pending.batch >= batch.batch);
        let has_room = self.pending.len() < MOST_PENDING || self.pending.contains_key(instance);
        if !is_stored && !is_pending && has_room {
            self.pending.insert(instance.to_owned(), batch);
            self.changed = true;
        }
    }

    /// Batches for one report, the instances in turn: what has no room goes with the next one, at once.
    fn batches(&mut self) -> Vec<RelayedBatch> {
        let after = std::mem::take(&mut self.last);
        let (first, then) = (Bound::Excluded(after.as_str()), Bound::Included(after.as_str()));
        let in_turn = self
            .pending
            .range::<str, _>((first, Bound::Unbounded))
            .chain(self.pending.range::<str, _>((Bound::Unbounded, then)));
        let (mut out, mut bytes) = (Vec::new(), 0_usize);
        for (instance, batch) in in_turn {
            bytes = bytes.saturating_add(size(batch));
            if bytes > BATCHES_BYTES && !out.is_empty() {
                self.changed = true;
                break;
            }
            out.push(RelayedBatch { instance: instance.clone(), batch: batch.clone() });
        }
        self.last = out.last().map(|batch| batch.instance.clone()).unwrap_or_default();
        out
    }

    /// Up to which batch the exposures of an instance are stored; it is remembered for as long as the instance lives.
    fn stored_of(&mut self, instance: &str, until: Instant) -> Option<u64> {
        let stored = self.stored.get_mut(instance)?;
        stored.until = stored.until.max(until);
        Some(stored.batch)
    }

    fn groups(&self) -> Vec<Group> {
        let mut groups: BTreeMap<Common, Group> = BTreeMap::new();
        for member in self.members.values() {
            merge(&mut groups, of_one(member));
        }
        for relay in self.relays.values() {
            for group in &relay.groups {
                merge(&mut groups, group.clone());
            }
        }
        if groups.len() > LIST {
            let groups = groups.len();
            tracing::warn!(
                groups,
                "too many kinds of instances (is a process attribute one of its own in each?): not all are reported"
            );
        }
        let mut groups: Vec<Group> = groups.into_values().take(LIST).collect();
        for group in &mut groups {
            group.stale.sort_unstable();
            group.nacked.sort_unstable_by(|a, b| a.instance.cmp(&b.instance));
            group.isolated.sort_unstable_by(|a, b| a.instance.cmp(&b.instance));
        }
        groups
    }
}

/// Whether the upstream is to know soon; the rest is told at the next interval.
fn differs(before: &Report, now: &Report) -> bool {
    let ok = |report: &Report| (report.version, report.stale);
    ok(before) != ok(now)
        || before.nack != now.nack
        || before.isolated != now.isolated
        || before.process != now.process
}

/// An instance, as a group of one.
fn of_one(Member { report, operators, .. }: &Member) -> Group {
    let instance = || report.instance.clone();
    let nacked = report.nack.clone().map(|nack| NackedAt { instance: instance(), nack });
    let isolated = (!report.isolated.is_empty())
        .then(|| IsolatedAt { instance: instance(), isolated: report.isolated.clone() });
    Group {
        process: report.process.clone(),
        sdk: report.sdk.clone(),
        version: report.version,
        count: 1,
        stale: report.stale.then(instance).into_iter().collect(),
        nacked: nacked.into_iter().collect(),
        isolated: isolated.into_iter().collect(),
        schema_version: report.schema_version,
        operators: operators.as_deref().cloned(),
    }
}

fn merge(groups: &mut BTreeMap<Common, Group>, more: Group) {
    let process = serde_json::to_string(&more.process).unwrap_or_default();
    let common = (process, more.sdk.clone(), more.version, more.schema_version);
    let Some(group) = groups.get_mut(&common) else {
        groups.insert(common, more);
        return;
    };
    group.count = group.count.saturating_add(more.count);
    group.stale.extend(more.stale);
    group.nacked.extend(more.nacked);
    group.isolated.extend(more.isolated);
    // What all of them understand; unknown if it is of one.
    group.operators = match (group.operators.take(), more.operators) {
        (Some(mut all), Some(more)) => {
            all.retain(|operator| more.contains(operator));
            Some(all)
        }
        _ => None,
    };
}

fn operators_weight(operators: Option<&Vec<String>>) -> usize {
    operators.map_or(0, |names| names.iter().fold(0, |sum, name| sum + name.len() + 24))
}

/// How long a batch is as JSON, roughly.
fn size(batch: &ExposureBatch) -> usize {
    let text = |text: &Option<String>| text.as_ref().map_or(0, String::len);
    let count = |count: &ExposureCount| {
        let names = [count.feature.len(), text(&count.variant), text(&count.release), text(&count.phase)];
        names.into_iter().fold(80, usize::saturating_add)
    };
    batch.counts.iter().map(count).fold(80, usize::saturating_add)
}

/// Until when one who reports at this interval counts as live.
fn life(now: Instant, interval_s: u32) -> Instant {
    let life = Duration::from_secs(u64::from(interval_s.clamp(1, 3_600))).saturating_mul(MISSED);
    now.checked_add(life).unwrap_or(now)
}

#[cfg(test)]
mod tests {
    use tidegate::wire::{Isolated, Nack, Source};

    use super::*;

    fn report(instance: &str, region: &str, version: u64) -> Report {
        Report {
            instance: instance.to_owned(),
            sdk: Sdk { name: "rust".to_owned(), version: "1".to_owned() },
            process: BTreeMap::from([("region".to_owned(), region.into())]),
            schema_version: 1,
            operators: None,
            interval_s: 10,
            source: Source::Stream,
            version,
            lag_ms: None,
            stale: false,
            isolated: Vec::new(),
            nack: None,
            exposures: None,
        }
    }

    fn batch(number: u64) -> Option<ExposureBatch> {
        Some(ExposureBatch { batch: number, lost: 0, counts: Vec::new() })
    }

    fn counts(report: &RelayReport) -> Vec<(String, u64, u64)> {
        let region = |group: &Group| group.process["region"].as_str().unwrap().to_owned();
        report.groups.iter().map(|group| (region(group), group.version, group.count)).collect()
    }

    #[tokio::test(start_paused = true)]
    async fn instances_are_counted_by_what_they_have_in_common() {
        let fleet = Fleet::default();
        for instance in ["a", "b", "c"] {
            fleet.report(report(instance, "eu", 7)).unwrap();
        }
        fleet.report(report("d", "us", 7)).unwrap();
        fleet.report(report("a", "eu", 8)).unwrap();
        let bad = Isolated { feature: "f".into(), code: "TG2002".into(), message: "m".into() };
        let nack = Nack { version: 8, code: "TG1001".into(), message: "m".into(), pointer: None };
        fleet
            .report(Report {
                stale: true,
                nack: Some(nack.clone()),
                isolated: vec![bad.clone()],
                ..report("b", "eu", 7)
            })
            .unwrap();
        let drained = fleet.drain("r");
        assert_eq!(counts(&drained), [("eu".into(), 7, 2), ("eu".into(), 8, 1), ("us".into(), 7, 1)]);
        let group = &drained.groups[0];
        assert_eq!(group.stale, ["b"]);
        assert_eq!(group.nacked, [NackedAt { instance: "b".into(), nack }]);
        assert_eq!(group.isolated, [IsolatedAt { instance: "b".into(), isolated: vec![bad] }]);
    }

    #[tokio::test(start_paused = true)]
    async fn what_instances_say_of_themselves_is_bounded_in_all() {
        let fleet = Fleet::default();
        let long = "x".repeat(1 << 20);
        let taken =
            (0..1_000).take_while(|n| fleet.report(report(&format!("i{n}"), &long, 7)).is_ok()).count();
        assert!((200..256).contains(&taken), "{taken}");
        // Who is there goes on, and who is gone makes room.
        fleet.report(report("i0", &long, 8)).unwrap();
        tokio::time::advance(Duration::from_secs(30)).await;
        assert!(fleet.drain("r").groups.is_empty());
        fleet.report(report("another", &long, 7)).unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn lists_of_operators_are_kept_once_and_are_not_without_end() {
        let fleet = Fleet::default();
        let of = |n: usize| Report {
            operators: Some(vec![format!("op{n}")]),
            ..report(&format!("i{n}"), "eu", 7)
        };
        for n in 0..MOST_OPERATORS {
            assert!(!fleet.report(of(n)).unwrap().want_operators);
        }
        assert!(fleet.report(of(MOST_OPERATORS)).unwrap().want_operators);
        let same = Report { operators: Some(vec!["op1".to_owned()]), ..report("same", "us", 7) };
        assert!(!fleet.report(same).unwrap().want_operators);
        assert!(!fleet.report(report("same", "us", 8)).unwrap().want_operators);
        let drained = fleet.drain("r");
        assert_eq!(drained.groups.last().unwrap().operators, Some(vec!["op1".to_owned()]));
        tokio::time::advance(Duration::from_secs(30)).await;
        fleet.drain("r");
        assert!(!fleet.report(of(MOST_OPERATORS)).unwrap().want_operators);
    }

    #[tokio::test(start_paused = true)]
    async fn who_is_silent_for_three_intervals_is_gone() {
        let fleet = Fleet::default();
        fleet.report(report("a", "eu", 7)).unwrap();
        tokio::time::advance(Duration::from_secs(20)).await;
        fleet.report(report("b", "eu", 7)).unwrap();
        tokio::time::advance(Duration::from_secs(9)).await;
        assert_eq!(counts(&fleet.drain("r")), [("eu".into(), 7, 2)]);
        tokio::time::advance(Duration::from_secs(1)).await;
        assert_eq!(counts(&fleet.drain("r")), [("eu".into(), 7, 1)]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_batch_is_stored_below_only_when_it_is_above() {
        let fleet = Fleet::default();
        let first = Report { exposures: batch(1), ..report("a", "eu", 7) };
        assert_eq!(fleet.report(first.clone()).unwrap().stored_batch, None);
        assert_eq!(fleet.drain("r").exposures.len(), 1);
        fleet.failed();
        let again = fleet.drain("r");
        assert_eq!(again.exposures.len(), 1, "what was not taken is sent again");
        fleet.answered(ReportAnswer {
            interval_s: 10,
            stored: vec![StoredBatch { instance: "a".into(), batch: 1 }],
            ..ReportAnswer::default()
        });
        assert!(fleet.drain("r").exposures.is_empty());
        assert_eq!(fleet.report(first).unwrap().stored_batch, Some(1), "sent again, and stored already");
        assert!(fleet.drain("r").exposures.is_empty());
        let second = Report { exposures: batch(2), ..report("a", "eu", 7) };
        assert_eq!(fleet.report(second).unwrap().stored_batch, Some(1));
        assert_eq!(fleet.drain("r").exposures[0].batch.batch, 2);
    }

    #[tokio::test(start_paused = true)]
    async fn a_relay_behind_a_relay_adds_its_counts_and_passes_batches_on() {
        let (below, above) = (Fleet::default(), Fleet::default());
        below
            .report(Report {
                exposures: batch(1),
                operators: Some(vec!["eq".into(), "in".into()]),
                ..report("a", "eu", 7)
            })
            .unwrap();
        above
            .report(Report { operators: Some(vec!["eq".into(), "new".into()]), ..report("b", "eu", 7) })
            .unwrap();
        let answer = above.relay_report(below.drain("below")).unwrap();
        assert_eq!((answer.stored.len(), answer.want_operators), (0, false));
        let drained = above.drain("above");
        assert_eq!(counts(&drained), [("eu".into(), 7, 2)]);
        assert_eq!(drained.groups[0].operators, Some(vec!["eq".to_owned()]));
        let stored = vec![StoredBatch { instance: "a".into(), batch: 1 }];
        above.answered(ReportAnswer { interval_s: 5, stored: stored.clone(), ..ReportAnswer::default() });
        let answer = above.relay_report(below.drain("below")).unwrap();
        assert_eq!((answer.interval_s, &answer.stored), (5, &stored));
        below.answered(answer);
        assert!(below.drain("below").exposures.is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn many_batches_go_in_turn() {
        let count = ExposureCount { feature: "f".repeat(10_000), ..ExposureCount::default() };
        let batch = ExposureBatch { batch: 1, lost: 0, counts: vec![count; 10] };
        let fleet = Fleet::default();
        for instance in ["a", "b", "c", "d"] {
            fleet.report(Report { exposures: Some(batch.clone()), ..report(instance, "eu", 7) }).unwrap();
        }
        let sent = || -> String { fleet.drain("r").exposures.into_iter().map(|one| one.instance).collect() };
        assert_eq!([sent(), sent(), sent()], ["ab", "cd", "ab"]);
        fleet.answered(ReportAnswer {
            stored: vec![StoredBatch { instance: "c".into(), batch: 1 }],
            ..ReportAnswer::default()
        });
        assert_eq!([sent(), sent()], ["da", "bd"]);
        assert!(timeout_now(fleet.due()).await, "what had no room is due at once");
    }

    #[test]
    fn relays_below_are_so_many_and_no_more() {
        let fleet = Fleet::default();
        let of = |name: String| RelayReport { relay: name, interval_s: 10, ..RelayReport::default() };
        for n in 0..MOST_RELAYS {
            fleet.relay_report(of(n.to_string())).unwrap();
        }
        fleet.relay_report(of("one more".to_owned())).unwrap_err();
        fleet.relay_report(of("7".to_owned())).unwrap();
    }

    async fn timeout_now(due: impl Future<Output = ()>) -> bool {
        tokio::time::timeout(Duration::from_millis(1), due).await.is_ok()
    }

    #[tokio::test(start_paused = true)]
    async fn a_report_is_due_when_something_changed_and_once_an_interval() {
        let fleet = Fleet::default();
        let started = Instant::now();
        fleet.report(report("a", "eu", 7)).unwrap();
        fleet.due().await;
        assert_eq!(started.elapsed(), Duration::ZERO);
        fleet.drain("r");
        fleet.report(report("a", "eu", 7)).unwrap();
        fleet.due().await;
        assert_eq!(started.elapsed().as_secs(), 10, "the same again is no change");
    }
}
