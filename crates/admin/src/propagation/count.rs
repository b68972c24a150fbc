//! Who has applied a share: pure.

use std::collections::BTreeMap;

use tidegate::release::{Applied, Holding, HoldingReason, Plan};
use tidegate::value::Value;
use tidegate::wire::{IsolatedAt, NackedAt};

use super::spread::Spread;

/// So many instances that hold a phase are named; more tell nobody more.
const NAMED: usize = 20;
/// The longest detail, in characters.
const DETAIL: usize = 300;

/// An instance that is live, or several behind one relay that are alike.
pub trait Instance: Send + Sync {
    /// How many.
    fn count(&self) -> u64;
    /// The process attributes.
    fn process(&self) -> &BTreeMap<String, Value>;
    /// The version that is applied; 0: none that was published.
    fn version(&self) -> u64;
    /// The instances among them that refused a version.
    fn nacked(&self) -> &[NackedAt];
    /// The instances among them that isolated features.
    fn isolated(&self) -> &[IsolatedAt];
}

/// What is counted of a share, environment by environment.
#[derive(Debug, Default)]
pub(super) struct Count {
    targeted: u64,
    applied: u64,
    holding: Vec<Holding>,
}

impl Count {
    /// Counts an instance that the phase is for; `needed` is the version that has the share.
    pub(super) fn add(&mut self, plan: &Plan, needed: u64, instance: &dyn Instance) {
        self.targeted = self.targeted.saturating_add(instance.count());
        let has = instance.version() >= needed;
        if has {
            self.applied = self.applied.saturating_add(instance.count());
        }
        for refused in instance.nacked().iter().filter(|refused| refused.nack.version >= needed) {
            let nack = &refused.nack;
            let pointer = nack.pointer.as_ref().map(|pointer| format!(" at {pointer}")).unwrap_or_default();
            let detail = format!("{}: {}{pointer}", nack.code, nack.message);
            self.hold(&refused.instance, HoldingReason::Nack, &detail);
        }
        // Of an older version it says nothing about this one.
        for at in instance.isolated().iter().filter(|_| has) {
            let of_release =
                at.isolated.iter().find(|isolated| plan.features.contains_key(&*isolated.feature));
            if let Some(isolated) = of_release {
                let detail = format!("`{}`, {}: {}", isolated.feature, isolated.code, isolated.message);
                self.hold(&at.instance, HoldingReason::Isolated, &detail);
            }
        }
    }

    fn hold(&mut self, instance: &str, why: HoldingReason, detail: &str) {
        let detail = detail.chars().take(DETAIL).collect();
        self.holding.push(Holding { instance: instance.to_owned(), why, detail });
    }

    /// What a release is told.
    pub(super) fn finish(mut self) -> Applied {
        let number = |count: u64| u32::try_from(count).unwrap_or(u32::MAX);
        // In one order, so that the same instances make the same list.
        self.holding.sort_unstable();
        self.holding.dedup();
        self.holding.truncate(NAMED);
        Applied { targeted: number(self.targeted), applied: number(self.applied), holding: self.holding }
    }
}

/// Whether a release that heard one thing last must hear another: because it decides otherwise, or somebody else holds it. More
/// instances on the way to enough are no news.
pub(super) fn is_news(spread: &Spread, now: &Applied) -> bool {
    let decision = |applied: &Applied| (applied.is_enough(&spread.asked), applied.targeted == 0);
    match &spread.recorded {
        Some(recorded) => decision(recorded) != decision(now) || recorded.holding != now.holding,
        None => now.is_enough(&spread.asked) || now.targeted == 0 || !now.holding.is_empty(),
    }
}
