//! What is known of the instances: a pure core, without I/O; the clock is an argument.
//!
//! ```text
//!   report, relay report ─┐                                 ┌─▶ live(environment): members
//!   row of another server ┼─▶ environment ─▶ reporter ──────┼─▶ seen(environment): members and how they stand
//!   row of before a start ┘        └─▶ versions ◀─ published└─▶ propagation(environment)
//! ```
//! A reporter is live until three of its own intervals after its last report. One that is known from before a start is not
//! heard until it reports again, and is forgotten three intervals after the start: till then the book is not *settled*, so
//! that nobody concludes that there is none.
//! INVARIANT: all times are the server's uptime, which stands while the server is down and never goes back.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tidegate::model::Key;
use tidegate::release::Now;
use tidegate::wire::{IsolatedAt, NackedAt, RelayReport, Report};
use tidegate_delivery::fit;

use super::member::{Member, Seen, Standing};
use super::versions::{Propagation, Versions};

/// So many intervals after its last report, a reporter is not live any more.
const INTERVALS: u64 = 3;
/// The intervals that are believed, seconds.
const INTERVAL_S: std::ops::RangeInclusive<u32> = 1..=300;
/// How many reporters an environment can have.
const REPORTERS: usize = 100_000;
/// How many lists of operators are kept before those that nobody has are let go.
const OPERATORS: usize = 1_000;
/// How many instances a group can stand for.
const GROUP: u64 = 1_000_000_000;

/// What is known of the instances.
#[derive(Debug, Default)]
pub(super) struct Book {
    environments: BTreeMap<Key, Environment>,
    /// Lists of operators, each kept once: thousands of instances have the same.
    operators: HashSet<Arc<Vec<String>>>,
}

#[derive(Debug, Default)]
struct Environment {
    reporters: BTreeMap<Arc<str>, Reporter>,
    /// Of all reporters.
    weight: usize,
    versions: Versions,
}

#[derive(Debug)]
struct Reporter {
    /// One if it is an instance.
    members: Vec<Arc<Member>>,
    interval_ms: u64,
    /// Of its last report.
    seen: u64,
    /// Of its last report (wall, ms).
    wall: i64,
    /// Up to when it is live, or waited for.
    until: u64,
    /// Whether it reported since the start.
    heard: bool,
    /// Since when it is known.
    first: u64,
    /// The highest version that it acked and that was published.
    acked: u64,
    /// How many bytes its members are, roughly; 0: another server took them, and bounds them.
    weight: usize,
}

/// Who reported, and what was new in it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Noted {
    /// The environment and the id.
    pub(super) who: (Key, Arc<str>),
    /// Whether something differs but for the time.
    pub(super) changed: bool,
    /// Whether its operators are not known.
    pub(super) wants_operators: bool,
}

/// A reporter, as it is stored.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(super) struct Stored {
    pub(super) interval_ms: u64,
    pub(super) members: Vec<Arc<Member>>,
}

/// A stored reporter, and where it is.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Line {
    pub(super) environment: Key,
    pub(super) id: Arc<str>,
    pub(super) seen: u64,
    pub(super) wall: i64,
    pub(super) stored: Stored,
}

/// What a reporter said, as it is kept.
struct Said {
    members: Vec<Arc<Member>>,
    interval_ms: u64,
    weight: usize,
}

/// There are too many reporters, or they say too much.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Full;

impl Book {
    /// An instance reports.
    pub(super) fn report(&mut self, environment: &Key, report: Report, now: Now) -> Result<Noted, Full> {
        let weight = fit::weight(&report);
        let id: Arc<str> = format!("i:{}", report.instance).into();
        let before = self.member(environment, &id).cloned();
        let before = before.as_deref();
        let operators = match report.operators {
            Some(names) => self.intern(names),
            None => before.and_then(|before| before.operators.clone()),
        };
        let same = before.filter(|before| before.version == report.version);
        let one = |instance: &String| instance.clone();
        let instance = report.instance;
        let member = Member {
            environment: Key::clone(environment),
            relay: None,
            count: 1,
            process: report.process,
            sdk: report.sdk,
            schema_version: report.schema_version,
            operators,
            source: Some(report.source),
            version: report.version,
            unknown_version: None,
            since: same.map_or(now.uptime, |same| same.since),
            lag_ms: report.lag_ms.or_else(|| same.and_then(|same| same.lag_ms)),
            stale: report.stale.then(|| one(&instance)).into_iter().collect(),
            nacked: report.nack.map(|nack| NackedAt { instance: one(&instance), nack }).into_iter().collect(),
            isolated: (!report.isolated.is_empty())
                .then(|| IsolatedAt { instance: one(&instance), isolated: report.isolated })
                .into_iter()
                .collect(),
            instance,
        };
        let wants_operators = member.operators.is_none();
        let said =
            Said { members: vec![Arc::new(member)], interval_ms: interval_ms(report.interval_s), weight };
        let changed = self.hear(environment, &id, said, now)?;
        Ok(Noted { who: (Key::clone(environment), id), changed, wants_operators })
    }

    /// A relay reports what is behind it, all of it.
    pub(super) fn relay_report(
        &mut self,
        environment: &Key,
        report: RelayReport,
        now: Now,
    ) -> Result<Noted, Full> {
        let weight = fit::groups_weight(&report.groups);
        let id: Arc<str> = format!("r:{}", report.relay).into();
        let reporter = self.environments.get(environment).and_then(|known| known.reporters.get(&id));
        let before = reporter.map(|reporter| reporter.members.clone()).unwrap_or_default();
        let before: BTreeMap<_, _> = before.iter().map(|member| (member.group(), member)).collect();
        let mut members: Vec<Arc<Member>> = Vec::with_capacity(report.groups.len());
        for group in report.groups {
            if group.count == 0 {
                continue;
            }
            let mut member = Member {
                environment: Key::clone(environment),
                instance: String::new(),
                relay: Some(report.relay.clone()),
                count: group.count.min(GROUP),
                process: group.process,
                sdk: group.sdk,
                schema_version: group.schema_version,
                operators: group.operators.and_then(|names| self.intern(names)),
                source: None,
                version: group.version,
                unknown_version: None,
                since: now.uptime,
                lag_ms: None,
                stale: group.stale,
                nacked: group.nacked,
                isolated: group.isolated,
            };
            if let Some(same) = before.get(&member.group()) {
                member.since = same.since;
                member.operators = member.operators.or_else(|| same.operators.clone());
            }
            members.push(Arc::new(member));
        }
        let wants_operators = members.iter().any(|member| member.operators.is_none());
        let said = Said { members, interval_ms: interval_ms(report.interval_s), weight };
        let changed = self.hear(environment, &id, said, now)?;
        Ok(Noted { who: (Key::clone(environment), id), changed, wants_operators })
    }

    /// Another server heard a reporter; whether that is news.
    pub(super) fn observe(&mut self, line: Line, now: Now) -> Result<bool, Full> {
        let known = self.environments.get(&line.environment).and_then(|known| known.reporters.get(&line.id));
        if known.is_some_and(|known| known.heard && known.seen >= line.seen) {
            return Ok(false);
        }
        let interval_ms = line.stored.interval_ms;
        if expiry(line.seen, interval_ms) < now.uptime {
            return Ok(false);
        }
        let members = self.adopt(line.stored.members);
        // Its own time: by when it came here, propagation would be slower than it is.
        let heard = Now { wall: line.wall, uptime: line.seen };
        self.hear(&line.environment, &line.id, Said { members, interval_ms, weight: 0 }, heard)
    }

    /// What is stored of before the start: waited for.
    pub(super) fn restore(&mut self, line: Line, now: Now) {
        let interval_ms = line.stored.interval_ms;
        // It was gone already.
        if expiry(line.seen, interval_ms) < now.uptime {
            return;
        }
        let members = self.adopt(line.stored.members);
        let reporter = Reporter {
            acked: members.iter().map(|member| member.version).max().unwrap_or(0),
            members,
            interval_ms,
            seen: line.seen,
            wall: line.wall,
            until: expiry(now.uptime, interval_ms),
            heard: false,
            first: now.uptime,
            weight: 0,
        };
        self.environment(&line.environment).reporters.entry(line.id).or_insert(reporter);
    }

    /// The newest version of an environment, of which it is not known when it was published, nor which came before it.
    pub(super) fn begin(&mut self, environment: &Key, head: u64) {
        self.environment(environment).versions.begin(head);
    }

    /// A version of an environment was published; whether it is new.
    pub(super) fn published(&mut self, environment: &Key, version: u64, now: Now) -> bool {
        let Environment { reporters, versions, .. } = self.environment(environment);
        let Some(published) = versions.publish(version, now.uptime, now.wall) else { return false };
        for (id, reporter) in &*reporters {
            if reporter.heard && reporter.until >= now.uptime {
                let count = reporter.count();
                match id.starts_with("r:") {
                    true => published.expect(id, count),
                    false => published.live = published.live.saturating_add(count),
                }
            }
        }
        // Acks may come before the news that there is such a version: from a client of another server.
        for (id, reporter) in reporters {
            reporter.ack(id, versions);
        }
        true
    }

    /// The live members of an environment; what says a version that was never published has version 0, and who refused such a one
    /// refused nothing: else he could hold a phase for ever.
    pub(super) fn live(&self, environment: &str, now: Now) -> Vec<Arc<Member>> {
        let Some(known) = self.environments.get(environment) else { return Vec::new() };
        let live = known.reporters.values().filter(|reporter| reporter.is_live(now));
        let knows = |version| known.versions.knows(version);
        let believed = |member: &Arc<Member>| {
            let member = match knows(member.version) {
                true => Arc::clone(member),
                false => Arc::new(member.with_unknown_version()),
            };
            match member.nacked.iter().all(|one| knows(one.nack.version)) {
                true => member,
                false => Arc::new(member.without_unknown_nacks(knows)),
            }
        };
        live.flat_map(|reporter| &reporter.members).map(believed).collect()
    }

    /// The members of an environment that are live or waited for, in order of their ids.
    pub(super) fn seen(&self, environment: &str, now: Now) -> Vec<Seen> {
        let Some(known) = self.environments.get(environment) else { return Vec::new() };
        let mut seen = Vec::new();
        for (id, reporter) in known.reporters.iter().filter(|(_, reporter)| reporter.until >= now.uptime) {
            for (place, member) in reporter.members.iter().enumerate() {
                let standing = known.standing(reporter, member);
                let id = if member.relay.is_some() { format!("{id}/{place:06}") } else { id.to_string() };
                let member = match standing {
                    Standing::UnknownVersion => Arc::new(member.with_unknown_version()),
                    _ => Arc::clone(member),
                };
                seen.push(Seen {
                    id,
                    member,
                    standing,
                    at: reporter.seen,
                    interval_ms: reporter.interval_ms,
                });
            }
        }
        seen
    }

    /// Whether every reporter of before the start has reported again, or had the time to.
    pub(super) fn is_settled(&self, now: Now) -> bool {
        let mut reporters = self.environments.values().flat_map(|known| known.reporters.values());
        !reporters.any(|reporter| !reporter.heard && reporter.until >= now.uptime)
    }

    /// How long it takes at most until the book is settled (ms); 0: it is.
    pub(super) fn unsettled(&self, now: Now) -> u64 {
        let reporters = self.environments.values().flat_map(|known| known.reporters.values());
        let unheard = reporters.filter(|reporter| !reporter.heard && reporter.until >= now.uptime);
        let left = unheard.map(|reporter| (reporter.until - now.uptime).saturating_add(1));
        left.max().unwrap_or(0)
    }

    /// The newest version of an environment; 0: none is known.
    pub(super) fn head(&self, environment: &str) -> u64 {
        self.environments.get(environment).map_or(0, |known| known.versions.head())
    }

    /// How the versions of an environment reached its instances, the newest first.
    pub(super) fn propagation(&self, environment: &str, now: Now) -> Vec<Propagation> {
        let Some(known) = self.environments.get(environment) else { return Vec::new() };
        let live = self.live(environment, now);
        let fill = |mut one: Propagation| {
            one.live = live.iter().map(|member| member.count).sum();
            let applied = live.iter().filter(|member| member.version >= one.version);
            one.applied = applied.map(|member| member.count).sum();
            one
        };
        known.versions.history().map(fill).collect()
    }

    /// The environments of which something is known.
    pub(super) fn environments(&self) -> Vec<Key> {
        self.environments.keys().cloned().collect()
    }

    /// Forgets who is gone; whether there was any.
    pub(super) fn sweep(&mut self, now: Now) -> bool {
        let mut gone = false;
        for known in self.environments.values_mut() {
            known.reporters.retain(|_, reporter| {
                let stays = reporter.until >= now.uptime;
                gone |= !stays;
                if !stays {
                    known.weight = known.weight.saturating_sub(reporter.weight);
                }
                stays
            });
        }
        if gone {
            self.operators.retain(|names| Arc::strong_count(names) > 1);
        }
        gone
    }

    /// Reporters as they are stored, of those that are there.
    pub(super) fn lines(&self, who: impl IntoIterator<Item = (Key, Arc<str>)>) -> Vec<Line> {
        let line = |(environment, id): (Key, Arc<str>)| {
            let reporter = self.environments.get(&environment)?.reporters.get(&id)?;
            let stored = Stored { interval_ms: reporter.interval_ms, members: reporter.members.clone() };
            Some(Line { environment, id, seen: reporter.seen, wall: reporter.wall, stored })
        };
        who.into_iter().filter_map(line).collect()
    }

    /// How many lists of operators are kept.
    #[cfg(test)]
    pub(super) fn lists_of_operators(&self) -> usize {
        self.operators.len()
    }

    fn environment(&mut self, key: &Key) -> &mut Environment {
        self.environments.entry(Key::clone(key)).or_default()
    }

    /// The member that an instance is.
    fn member(&self, environment: &str, id: &str) -> Option<&Arc<Member>> {
        self.environments.get(environment)?.reporters.get(id)?.members.first()
    }

    /// The list that is kept; none: there are too many different ones, and what this instance knows is taken for not told.
    fn intern(&mut self, mut names: Vec<String>) -> Option<Arc<Vec<String>>> {
        names.sort_unstable();
        names.dedup();
        if let Some(known) = self.operators.get(&names) {
            return Some(Arc::clone(known));
        }
        // Else instances that tell others each time would fill the memory.
        if self.operators.len() >= OPERATORS {
            self.operators.retain(|names| Arc::strong_count(names) > 1);
        }
        if self.operators.len() >= OPERATORS {
            return None;
        }
        let names = Arc::new(names);
        self.operators.insert(Arc::clone(&names));
        Some(names)
    }

    /// Members that were read, with their operators kept once.
    fn adopt(&mut self, members: Vec<Arc<Member>>) -> Vec<Arc<Member>> {
        let adopt = |member: Arc<Member>| match &member.operators {
            Some(names) if !self.operators.contains(names) => {
                self.operators.insert(Arc::clone(names));
                member
            }
            Some(names) => {
                let names = self.operators.get(names).cloned();
                Arc::new(Member { operators: names, ..(*member).clone() })
            }
            None => member,
        };
        members.into_iter().map(adopt).collect()
    }

    /// A reporter was heard, with these members; whether anything differs but for the time.
    fn hear(
        &mut self,
        environment: &Key,
        id: &Arc<str>,
        Said { members, interval_ms, weight }: Said,
        now: Now,
    ) -> Result<bool, Full> {
        let Environment { reporters, versions, weight: all } = self.environment(environment);
        let until = expiry(now.uptime, interval_ms);
        let is_full = reporters.len() >= REPORTERS;
        let others = all.saturating_sub(reporters.get(id).map_or(0, |reporter| reporter.weight));
        let total = others.saturating_add(weight);
        // Who says less than before is always heard.
        if total > fit::ALL && total > *all {
            return Err(Full);
        }
        let changed = match reporters.get_mut(id) {
            Some(reporter) => {
                // One that was not heard of for too long begins anew: what it missed meanwhile is no propagation.
                if reporter.until < now.uptime {
                    reporter.first = now.uptime;
                }
                let changed =
                    !reporter.heard || reporter.interval_ms != interval_ms || reporter.members != members;
                if changed {
                    reporter.members = members;
                }
                (reporter.interval_ms, reporter.heard) = (interval_ms, true);
                (reporter.seen, reporter.wall) = (reporter.seen.max(now.uptime), now.wall);
                (reporter.until, reporter.weight) = (until, weight);
                reporter.ack(id, versions);
                changed
            }
            None if is_full => return Err(Full),
            None => {
                let (seen, wall, first) = (now.uptime, now.wall, now.uptime);
                let mut reporter = Reporter {
                    members,
                    interval_ms,
                    seen,
                    wall,
                    until,
                    heard: true,
                    first,
                    acked: 0,
                    weight,
                };
                reporter.ack(id, versions);
                reporters.insert(Arc::clone(id), reporter);
                true
            }
        };
        *all = total;
        Ok(changed)
    }
}

impl Environment {
    fn standing(&self, reporter: &Reporter, member: &Member) -> Standing {
        if !reporter.heard {
            Standing::NotHeard
        } else if !self.versions.knows(member.version) {
            Standing::UnknownVersion
        } else if member.version == self.versions.head() {
            Standing::Current
        } else {
            Standing::Behind
        }
    }
}

impl Reporter {
    fn is_live(&self, now: Now) -> bool {
        self.heard && self.until >= now.uptime
    }

    fn count(&self) -> u64 {
        self.members.iter().map(|member| member.count).sum()
    }

    /// Counts what it acked for the first time.
    fn ack(&mut self, id: &str, versions: &mut Versions) {
        if !self.heard {
            return;
        }
        if id.starts_with("r:") {
            let known: Vec<(u64, u64)> = self
                .members
                .iter()
                .filter(|member| versions.knows(member.version))
                .map(|member| (member.version, member.count))
                .collect();
            let applied =
                |version| known.iter().filter(|(of, _)| *of >= version).map(|(_, count)| count).sum();
            versions.relayed(id, self.seen, applied);
        } else if let Some(member) = self.members.first()
            && member.version > self.acked
            && versions.knows(member.version)
        {
            versions.ack(self.acked, member.version, self.first, member.since);
            self.acked = member.version;
        }
    }
}

fn interval_ms(interval_s: u32) -> u64 {
    u64::from(interval_s.clamp(*INTERVAL_S.start(), *INTERVAL_S.end())) * 1_000
}

fn expiry(seen: u64, interval_ms: u64) -> u64 {
    seen.saturating_add(interval_ms.saturating_mul(INTERVALS))
}
