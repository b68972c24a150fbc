//! What the SDKs that are live understand, and the refusal of what one of them could not compile.
//!
//! ```text
//!   fleet ─ reports ─▶ Capabilities ─▶ writer ─▶ Tx ─┐
//!   rows that a command changed, candidates of a release that it started ─ operators ─┴─▶ lacking? ─▶ 409, or forced with a reason
//! ```
//! Only changes that people make are looked at, and never those that take something back: abort, pause, kill, revert.
//! INVARIANT: a member that has not told its operators yet holds nothing up.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::json;
use tidegate::model::{Key, SCHEMA_VERSION};
use tidegate::release;

use super::catalogue::fact;
use super::entity::{Kind, Release};
use super::event::Fact;
use super::{Code, Problem, SnapshotRow, Tx, effects, references, snapshot};

#[cfg(test)]
mod tests;

/// The most members that a refusal names.
const NAMED: usize = 20;
/// The longest reason (bytes).
const REASON: usize = 500;
/// What is never refused: it takes back, or stops.
const NEVER_REFUSED: &[&str] = &["feature.killed", "release.aborted", "release.paused", "release.reverted"];

/// What a live member of the fleet understands; members that are alike may be told as one.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize)]
pub struct Capable {
    /// The instance; of several, one of them.
    pub instance: String,
    /// The SDK's name.
    pub sdk: String,
    /// The SDK's version.
    pub version: String,
    /// How many members it stands for.
    pub count: u64,
    /// The newest form of documents that it reads; 0: not known.
    pub schema_version: u32,
    /// The operators that its engine has; `None`: not told yet.
    #[serde(skip)]
    pub operators: Option<BTreeSet<String>>,
}

/// What the live members of the fleet understand, by environment.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Capabilities {
    environments: BTreeMap<Key, Vec<Capable>>,
}

impl Capabilities {
    /// Of members and their environments.
    #[must_use]
    pub fn new(members: impl IntoIterator<Item = (Key, Capable)>) -> Self {
        let mut environments: BTreeMap<Key, Vec<Capable>> = BTreeMap::new();
        for (environment, member) in members {
            environments.entry(environment).or_default().push(member);
        }
        Self { environments }
    }

    /// Whether nobody is live.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.environments.is_empty()
    }

    /// The members of an environment.
    #[must_use]
    pub fn of(&self, environment: &str) -> &[Capable] {
        self.environments.get(environment).map_or(&[], Vec::as_slice)
    }
}

/// A member that lacks something.
#[derive(Debug, Serialize)]
struct Lacking<'m> {
    environment: &'m Key,
    #[serde(flatten)]
    member: &'m Capable,
    /// The operators that it does not know.
    operators: Vec<&'m str>,
    /// It reads only older documents.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    schema: bool,
}

/// The reason for a change that SDKs which are live cannot compile, as it was given.
///
/// # Errors
/// `ReasonRequired` if it is empty or too long.
pub fn reason(text: &str) -> Result<String, Problem> {
    let text = text.trim();
    if text.is_empty() || text.len() > REASON {
        let detail = format!("expected a reason of 1 to {REASON} bytes in `tidegate-force`");
        return Err(Problem::new(Code::ReasonRequired, detail));
    }
    Ok(text.to_owned())
}

/// Refuses what a live SDK cannot compile; if the change is forced, tells so instead (fact `sdk.forced`, with the reason).
///
/// `rows` are the rows that the command changed.
///
/// # Errors
/// `SdkTooOld`, with the members and what each of them lacks.
pub(crate) fn check(tx: &mut Tx, action: &str, rows: &[SnapshotRow]) -> Result<(), Problem> {
    if tx.fleet.is_empty() || NEVER_REFUSED.contains(&action) {
        return Ok(());
    }
    let needed = needed(tx, rows);
    let fleet = std::sync::Arc::clone(&tx.fleet);
    let mut lacking: Vec<Lacking<'_>> = Vec::new();
    for (environment, operators) in &needed {
        for member in fleet.of(environment) {
            let known = member.operators.as_ref();
            let unknown = |name: &&&str| known.is_some_and(|known| !known.contains(**name));
            let operators: Vec<&str> = operators.iter().filter(unknown).copied().collect();
            let schema = (1..SCHEMA_VERSION).contains(&member.schema_version);
            if schema || !operators.is_empty() {
                lacking.push(Lacking { environment, member, operators, schema });
            }
        }
    }
    let Some(first) = lacking.first() else { return Ok(()) };
    let count = lacking.iter().fold(0_u64, |sum, it| sum.saturating_add(it.member.count.max(1)));
    let operators: BTreeSet<&str> = lacking.iter().flat_map(|it| it.operators.iter().copied()).collect();
    let environments: BTreeSet<&Key> = lacking.iter().map(|it| it.environment).collect();
    let named: Vec<_> = lacking.iter().take(NAMED).map(|it| json!(it)).collect();
    let what = if operators.is_empty() {
        format!("schema version {SCHEMA_VERSION}")
    } else {
        operators.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
    };
    if let Some(reason) = tx.force.clone() {
        let environments = environments.into_iter().cloned().collect();
        let text = format!("{count} live SDKs that do not know {what} were passed over: {reason}");
        let data = json!({ "reason": reason, "count": count, "operators": operators, "members": named });
        tx.tell(Fact { environments, data, ..fact("sdk.forced", text) });
        return Ok(());
    }
    let detail = format!(
        "expected that all live SDKs can compile the change; found {count} that do not know {what}, such as {} {} of `{}` in `{}`",
        first.member.sdk, first.member.version, first.member.instance, first.environment,
    );
    Err(Problem::new(Code::SdkTooOld, detail)
        .hint("update these SDKs first; or send it with a reason in the header `tidegate-force` (`--force-sdk`): they then serve what they can")
        .with("operators", operators)
        .with("count", count)
        .with("members", named))
}

/// The operators that each environment needs for what a command changed, by environment.
fn needed(tx: &Tx, rows: &[SnapshotRow]) -> BTreeMap<Key, BTreeSet<&'static str>> {
    let world = tx.world();
    let mut needed: BTreeMap<Key, BTreeSet<&'static str>> = BTreeMap::new();
    for row in rows.iter().filter(|row| row.body.is_some()) {
        if tx.fleet.of(&row.environment).is_empty() {
            continue;
        }
        let operators = match row.kind {
            Kind::Feature => {
                world.features.get(&row.key).and_then(|feature| feature.body.definition.as_deref()).map(
                    |it| references::operators_of_feature(&snapshot::own_block(it, Some(&row.environment))),
                )
            }
            Kind::Segment => world
                .segments
                .get(&row.key)
                .and_then(|segment| segment.body.definition.as_deref())
                .map(|it| references::operators_of_condition(&it.condition)),
            Kind::Release => snapshot::served(world, Some(&row.environment), &row.key)
                .map(|release| references::operators_of_release(&release)),
            _ => None,
        };
        needed.entry(Key::clone(&row.environment)).or_default().extend(operators.unwrap_or_default());
    }
    // What a release that starts now will bring later is looked at now, when somebody can still do something about it.
    let started =
        tx.changes().iter().filter(|change| change.kind == Kind::Release && change.before.is_null());
    for change in started {
        let Some(release) = tx.find::<Release>(&change.key) else { continue };
        for environment in effects::environments(&release.plan) {
            if !tx.fleet.of(&environment).is_empty() {
                let operators = of_plan(&release.plan, &environment);
                needed.entry(environment).or_default().extend(operators);
            }
        }
    }
    needed
}

/// The operators of a plan's candidates and phases, for an environment.
fn of_plan(plan: &release::Plan, environment: &Key) -> BTreeSet<&'static str> {
    let mut operators = references::operators_of_phases(&plan.phases);
    for candidate in plan.features.values().filter_map(|change| change.candidate.as_ref()?.as_deref()) {
        let own = snapshot::own_block(candidate, Some(environment));
        operators.extend(references::operators_of_feature(&own));
    }
    for candidate in plan.segments.values().filter_map(|change| change.candidate.as_ref()?.as_deref()) {
        operators.extend(references::operators_of_condition(&candidate.condition));
    }
    operators
}
