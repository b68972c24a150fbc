//! Decisions as C sees them: a struct of borrowed texts.

use std::ffi::c_void;

use tidegate::{Decision, Reason};

use crate::text::tg_str;
use crate::value::{tg_type, tg_value};

/// Why a decision is as it is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(i32)]
pub enum tg_reason {
    /// A local override.
    Override = 0,
    /// There is no such feature: the caller's default is to be served.
    UnknownFeature = 1,
    /// The emergency switch.
    Killed = 2,
    /// The definition is archived.
    Archived = 3,
    /// The definition is not enabled.
    Disabled = 4,
    /// A rule matched.
    Rule = 5,
    /// A rule matched, and the unit's bucket decided.
    Split = 6,
    /// No rule served.
    Default = 7,
    /// This library can't evaluate the definition: the caller's default is to be served.
    InvalidDefinition = 8,
}

impl From<Reason> for tg_reason {
    fn from(reason: Reason) -> Self {
        match reason {
            Reason::Override => Self::Override,
            Reason::UnknownFeature => Self::UnknownFeature,
            Reason::Killed => Self::Killed,
            Reason::Archived => Self::Archived,
            Reason::Disabled => Self::Disabled,
            Reason::Rule => Self::Rule,
            Reason::Split => Self::Split,
            Reason::Default => Self::Default,
            Reason::InvalidDefinition => Self::InvalidDefinition,
            // There is no other; the test below says so.
            _ => Self::Default,
        }
    }
}

/// The reason's name, as in JSON: `unknown_feature`. Valid for ever; empty for a number that is no reason.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_reason_text(reason: i32) -> tg_str {
    boundary!(or tg_str::NONE; {
        let index = usize::try_from(reason).ok();
        index.and_then(|index| Reason::ALL.get(index)).map_or(tg_str::NONE, |reason| tg_str::of(reason.as_str()))
    })
}

/// What was decided. All of it is borrowed from the reader or view that decided: valid until that is used again or freed.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct tg_decision {
    /// The feature's key.
    pub feature: tg_str,
    /// The value; NULL where the caller's default is to be served.
    pub value: *const tg_value,
    /// What the value is.
    pub r#type: tg_type,
    /// Why.
    pub reason: tg_reason,
    /// The variant that is served.
    pub variant: tg_str,
    /// The rule that decided.
    pub rule: tg_str,
    /// The release that took part.
    pub release: tg_str,
    /// Its phase.
    pub phase: tg_str,
    /// The version of the snapshot; 0 if there is none.
    pub version: u64,
    /// Whether the value is `true`.
    pub on: bool,
    /// Whether the release took part only in what the feature refers to.
    pub indirect: bool,
}

impl tg_decision {
    pub(crate) fn of(decision: &Decision<'_>) -> Self {
        let value = decision.value();
        Self {
            feature: tg_str::of(decision.feature()),
            value: value.map_or(std::ptr::null(), tg_value::of),
            r#type: tg_type::of(value),
            reason: decision.reason().into(),
            variant: tg_str::of_option(decision.variant()),
            rule: tg_str::of_option(decision.rule()),
            release: tg_str::of_option(decision.release()),
            phase: tg_str::of_option(decision.phase()),
            version: decision.version(),
            on: decision.is_on(),
            indirect: decision.is_indirect(),
        }
    }
}

/// Is given each decision of `tg_reader_each` and `tg_view_each`; the decision is valid during the call. It must not use the
/// reader or view that calls it (`TG_STATUS_BUSY`), and must not throw.
pub type tg_decision_fn = Option<unsafe extern "C" fn(userdata: *mut c_void, decision: *const tg_decision)>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_have_the_numbers_of_the_engine() {
        for (number, reason) in (0..).zip(Reason::ALL) {
            assert_eq!((tg_reason::from(reason) as i32, reason as i32), (number, number), "{reason:?}");
        }
    }
}
