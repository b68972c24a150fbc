//! Whether a pipeline can be published: all that is wrong with it, at once.

use std::collections::BTreeSet;

use super::served::OPTED_OUT;
use super::window::{check as check_windows, parse_instant};
use super::{
    Approvals, Guard, OnTimeout, Phase, PhasePatch, Pipeline, Propagation, Ramp, Threshold, Trigger, Windows,
};
use crate::error::{Code, Diagnostic};
use crate::model::{PatchKind, Percent, limits};

/// The most phases of a pipeline.
pub const MOST_PHASES: usize = 100;
/// The most steps of a ramp.
pub const MOST_STEPS: usize = 1_000;
/// The longest wait, hold, bake, deadline and grace, in seconds: a year.
pub const LONGEST_S: u64 = 366 * 86_400;

/// The least share of instances that a phase can ask for.
const ONE_PERCENT: Percent = Percent(10_000);

/// All that is wrong with a pipeline, each with a JSON pointer into it; empty: it can be published.
///
/// What depends on anything else (whether environments, segments and variants exist, what no phase covers) is not looked at.
#[must_use]
pub fn check_pipeline(pipeline: &Pipeline) -> Vec<Diagnostic> {
    let mut found = Found::default();
    if pipeline.phases.is_empty() || pipeline.phases.len() > MOST_PHASES {
        let message = format!("expected 1 to {MOST_PHASES} phases, found {}", pipeline.phases.len());
        found.push(Code::PhaseCount, "/phases", message, "add a phase, or split the pipeline");
    }
    found.windows("/windows", &pipeline.windows);
    let (mut phases, mut guards) = (BTreeSet::new(), BTreeSet::new());
    for (at, phase) in pipeline.phases.iter().enumerate() {
        let pointer = format!("/phases/{at}");
        found.id(&format!("{pointer}/id"), &phase.id, "phase", &mut phases);
        if *phase.id == *OPTED_OUT {
            let message = format!("`{OPTED_OUT}` is the phase of environments outside pipelines");
            found.push(Code::ReservedId, &format!("{pointer}/id"), message, "choose another id");
        }
        found.phase(&pointer, phase);
        for (at, guard) in phase.guards.iter().enumerate() {
            let pointer = format!("{pointer}/guards/{at}");
            found.id(&format!("{pointer}/id"), &guard.id, "guard", &mut guards);
            found.guard(&pointer, guard);
        }
    }
    found.0
}

#[derive(Default)]
struct Found(Vec<Diagnostic>);

impl Found {
    fn push(&mut self, code: Code, pointer: &str, message: impl Into<String>, hint: &str) {
        self.0.push(Diagnostic::new(code, pointer, message).with_hint(Some(hint.to_owned())));
    }

    fn id<'p>(&mut self, pointer: &str, id: &'p str, what: &str, seen: &mut BTreeSet<&'p str>) {
        if id.is_empty() {
            self.push(Code::MissingField, pointer, format!("the id of a {what} is empty"), "give it a name");
        } else if id.len() > limits::KEY_BYTES {
            let message =
                format!("expected an id of at most {} bytes, found {}", limits::KEY_BYTES, id.len());
            self.push(Code::Limit, pointer, message, "choose a shorter one");
        } else if !seen.insert(id) {
            let message = format!("a {what} with the id `{id}` stands before");
            self.push(Code::DuplicateId, pointer, message, "ids are unique within the pipeline");
        }
    }

    fn seconds(&mut self, pointer: &str, seconds: u64, least: u64) {
        if !(least..=LONGEST_S).contains(&seconds) {
            let message = format!("expected {least} to {LONGEST_S} seconds (a year), found {seconds}");
            self.push(Code::BadDuration, pointer, message, "durations are in seconds");
        }
    }

    fn windows(&mut self, pointer: &str, windows: &Windows) {
        for (below, message) in check_windows(windows) {
            let hint = "instants are RFC 3339, times `HH:MM`, time zones of the IANA database";
            self.push(Code::BadWindow, &format!("{pointer}{below}"), message, hint);
        }
    }

    fn phase(&mut self, pointer: &str, phase: &Phase) {
        let never = phase.target.as_ref().is_some_and(|entries| {
            entries.iter().all(|entry| entry.environments.as_ref().is_some_and(Vec::is_empty))
        });
        if never {
            let hint = "leave `target` out to mean everyone, everywhere";
            self.push(Code::EmptyTarget, &format!("{pointer}/target"), "the target matches nothing", hint);
        }
        self.trigger(&format!("{pointer}/entry/trigger"), &phase.entry.trigger);
        if let Some(approvals) = &phase.entry.approvals {
            self.approvals(&format!("{pointer}/entry/approvals"), approvals);
        }
        self.windows(&format!("{pointer}/entry/windows"), &phase.entry.windows);
        for (at, patch) in phase.patches.iter().flatten().enumerate() {
            self.patch(&format!("{pointer}/patches/{at}"), patch);
        }
        if let Some(ramp) = &phase.ramp {
            self.ramp(&format!("{pointer}/ramp"), ramp);
        }
        if let Some(propagation) = &phase.propagation {
            self.propagation(&format!("{pointer}/propagation"), propagation);
        }
        self.seconds(&format!("{pointer}/bake_s"), phase.bake_s, 0);
    }

    fn trigger(&mut self, pointer: &str, trigger: &Trigger) {
        if let Some(wait) = trigger.wait_for_s {
            self.seconds(&format!("{pointer}/wait_for_s"), wait, 0);
        } else if trigger.wait_after_approval {
            let message = "`wait_after_approval` says from when to wait, but not how long";
            self.push(Code::MissingField, pointer, message, "add `wait_for_s`");
        }
        if let Some(at) = trigger.at.as_deref().filter(|at| parse_instant(at).is_none()) {
            let message = format!("expected an instant, found `{at}`");
            self.push(
                Code::BadInstant,
                &format!("{pointer}/at"),
                message,
                "such as `2026-12-24T09:00:00+01:00`",
            );
        }
    }

    fn approvals(&mut self, pointer: &str, approvals: &Approvals) {
        if !(1..=100).contains(&approvals.count) {
            let message = format!("expected 1 to 100 approvals, found {}", approvals.count);
            self.push(
                Code::BadApprovals,
                &format!("{pointer}/count"),
                message,
                "leave `approvals` out to ask for none",
            );
        }
        if let Some(deadline) = approvals.deadline {
            self.seconds(&format!("{pointer}/deadline/after_s"), deadline.after_s, 1);
        }
    }

    fn patch(&mut self, pointer: &str, patch: &PhasePatch) {
        match (patch.patch, &patch.variant) {
            (PatchKind::Set, None) => {
                self.push(Code::BadPatch, pointer, "`set` lacks the variant that it sets", "add `variant`");
            }
            (PatchKind::Set, Some(_)) | (_, None) => {}
            (_, Some(_)) => {
                let pointer = format!("{pointer}/variant");
                self.push(
                    Code::BadPatch,
                    &pointer,
                    "only `set` has a variant",
                    "leave `variant` out, or use `set`",
                );
            }
        }
    }

    fn ramp(&mut self, pointer: &str, ramp: &Ramp) {
        match ramp {
            Ramp::Linear { start, step, every_s } => {
                self.seconds(&format!("{pointer}/every_s"), *every_s, 0);
                let left = Percent::ALL.0.saturating_sub(start.0);
                let steps = left.checked_div(step.0);
                if steps.is_none_or(|steps| steps as usize >= MOST_STEPS) {
                    let message = format!(
                        "expected a step above 0 that makes at most {MOST_STEPS} steps, found {step}"
                    );
                    self.push(Code::BadRamp, &format!("{pointer}/step"), message, "a larger step");
                }
            }
            Ramp::Steps { steps } => {
                if steps.is_empty() || steps.len() > MOST_STEPS {
                    let message = format!("expected 1 to {MOST_STEPS} steps, found {}", steps.len());
                    self.push(
                        Code::BadRamp,
                        &format!("{pointer}/steps"),
                        message,
                        "leave `ramp` out to mean everyone at once",
                    );
                }
                for (at, step) in steps.iter().enumerate() {
                    self.seconds(&format!("{pointer}/steps/{at}/hold_s"), step.hold_s, 0);
                }
                for (at, pair) in steps.windows(2).enumerate() {
                    if let [before, after] = pair
                        && before.percent >= after.percent
                    {
                        let message =
                            format!("expected more than {} %, found {} %", before.percent, after.percent);
                        let pointer = format!("{pointer}/steps/{}/percent", at.saturating_add(1));
                        self.push(Code::BadRamp, &pointer, message, "shares only grow");
                    }
                }
            }
        }
    }

    fn propagation(&mut self, pointer: &str, asked: &Propagation) {
        if !(ONE_PERCENT..=Percent::ALL).contains(&asked.percent) {
            let message = format!("expected 1 to 100 %, found {} %", asked.percent);
            let hint = "leave `propagation` out to wait for nobody";
            self.push(Code::BadPropagation, &format!("{pointer}/percent"), message, hint);
        }
        match asked.timeout_s {
            Some(timeout) => self.seconds(&format!("{pointer}/timeout_s"), timeout, 1),
            None if asked.then != OnTimeout::Hold => {
                let message = "`then` says what happens in the end, but not when";
                self.push(Code::BadPropagation, &format!("{pointer}/then"), message, "add `timeout_s`");
            }
            None => {}
        }
    }

    fn guard(&mut self, pointer: &str, guard: &Guard) {
        self.seconds(&format!("{pointer}/valid_s"), guard.valid_s, 1);
        self.seconds(&format!("{pointer}/on_no_data/grace_s"), guard.on_no_data.grace_s, 0);
        let Some(source) = &guard.source else { return };
        let pointer = format!("{pointer}/source");
        if source.query.trim().is_empty() {
            self.push(
                Code::BadGuard,
                &format!("{pointer}/query"),
                "the query is empty",
                "a PromQL query that gives a number",
            );
        }
        self.threshold(&format!("{pointer}/pass"), &source.pass);
        self.seconds(&format!("{pointer}/interval_s"), source.interval_s, 1);
        if source.interval_s > guard.valid_s {
            let message = format!(
                "expected at most {} seconds, as long as a verdict is valid, found {}",
                guard.valid_s, source.interval_s
            );
            self.push(
                Code::BadGuard,
                &format!("{pointer}/interval_s"),
                message,
                "ask more often, or raise `valid_s`",
            );
        }
        if let Some(url) = source.url.as_deref()
            && !["http://", "https://"].iter().any(|scheme| url.starts_with(scheme))
        {
            let message = format!("expected a URL of http or https, found `{url}`");
            self.push(Code::BadGuard, &format!("{pointer}/url"), message, "such as `http://prometheus:9090`");
        }
    }

    fn threshold(&mut self, pointer: &str, threshold: &Threshold) {
        match (threshold.at_most, threshold.at_least) {
            (Some(bound), None) | (None, Some(bound)) if bound.is_finite() => {}
            _ => {
                let message = "expected exactly one finite number, `at_most` or `at_least`";
                self.push(Code::BadThreshold, pointer, message, "when is the number of the query well?");
            }
        }
    }
}
