//! The decisions that an engine has made in one program: each distinct one has a number, and JavaScript has an object for it.
//!
//! ```text
//!  decide ─▶ raw ─▶ known ───────▶ its number                       nothing else crosses the boundary
//!                └─▶ not known ──▶ !number ─▶ lib: describe(number) ─▶ JSON text ─▶ an object, kept by number
//! ```
//! It counts as known when it was described, so that JavaScript never takes an object of an older program for it.

use tidegate::eval::Raw;
use tidegate::{Decision, Value};

/// The distinct decisions of one program.
#[derive(Default)]
pub(crate) struct Outcomes {
    pub(crate) epoch: u64,
    /// By the feature's number.
    features: Vec<Vec<(Raw, i32)>>,
    /// By the decision's number: whose it is; none: it is known.
    asked: Vec<Option<(u32, Raw)>>,
}

impl Outcomes {
    pub(crate) fn new(epoch: u64) -> Self {
        Self { epoch, ..Self::default() }
    }

    /// The number of a decision, `!number` if JavaScript does not know it yet.
    #[inline]
    pub(crate) fn number(&mut self, feature: u32, raw: Raw) -> i32 {
        let found =
            self.features.get(feature as usize).and_then(|own| own.iter().find(|(known, _)| *known == raw));
        match found {
            Some((_, number)) => *number,
            None => self.add(feature, raw),
        }
    }

    #[cold]
    fn add(&mut self, feature: u32, raw: Raw) -> i32 {
        let index = feature as usize;
        if self.features.len() <= index {
            self.features.resize_with(index + 1, Vec::new);
        }
        let Ok(number) = i32::try_from(self.asked.len()) else { return 0 };
        self.asked.push(Some((feature, raw)));
        if let Some(own) = self.features.get_mut(index) {
            own.push((raw, !number));
        }
        !number
    }

    /// What a number stands for.
    pub(crate) fn asked(&self, number: i32) -> Option<(u32, Raw)> {
        *self.asked.get(usize::try_from(number).ok()?)?
    }

    /// JavaScript has the object of a number now.
    pub(crate) fn described(&mut self, number: i32) {
        let place = usize::try_from(number).ok().and_then(|index| self.asked.get_mut(index));
        let Some((feature, raw)) = place.and_then(Option::take) else { return };
        for (known, own) in self.features.get_mut(feature as usize).into_iter().flatten() {
            if *known == raw {
                *own = number;
            }
        }
    }
}

/// A decision as JSON text; `some` says whether there is a value, which may be `null`, and `on` what `check` says.
pub(crate) fn text(decision: &Decision<'_>) -> Result<String, crate::failure::Failure> {
    #[derive(serde::Serialize)]
    struct Text<'d> {
        #[serde(flatten)]
        text: tidegate::eval::DecisionText<'d>,
        some: bool,
        on: bool,
        /// The value as JSON text, where JavaScript's numbers would not hold it.
        #[serde(skip_serializing_if = "Option::is_none")]
        exact: Option<String>,
    }
    let exact = decision.value().filter(|value| !is_safe(value)).map(crate::call::json).transpose()?;
    let (some, on) = (decision.value().is_some(), decision.is_on());
    crate::call::json(&Text { text: decision.text(), some, on, exact })
}

/// Whether all integers in a value are doubles as well.
fn is_safe(value: &Value) -> bool {
    match value {
        Value::Int(value) => value.unsigned_abs() <= 1 << 53,
        Value::List(list) => list.iter().all(is_safe),
        Value::Object(members) => members.iter().all(|(_, member)| is_safe(member)),
        _ => true,
    }
}
