//! Conditions of our format as they are built, and the six cases of an attribute that make negation exact.
//!
//! A leaf of ours that is not applicable is false, and so is its negation; a Statsig test has a result for every value.
//! So a test is built as one condition for each JSON type and for a missing attribute, and negated case by case.
//! INVARIANT: a [`Cond::Test`] in a case is applicable only to that type, and to all of its values where it is negated.

use serde_json::{Value, json};

/// A condition, its constants apart.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Cond {
    Always,
    Never,
    Test(Value),
}

impl Cond {
    pub(super) fn constant(holds: bool) -> Self {
        if holds { Self::Always } else { Self::Never }
    }

    pub(super) fn all(members: impl IntoIterator<Item = Self>) -> Self {
        let mut tests = Vec::new();
        for member in members {
            match member {
                Self::Always => {}
                Self::Never => return Self::Never,
                Self::Test(test) => tests.push(test),
            }
        }
        match tests.len() {
            0 => Self::Always,
            1 => tests.pop().map_or(Self::Always, Self::Test),
            _ => Self::Test(json!({ "all": tests })),
        }
    }

    pub(super) fn any(members: impl IntoIterator<Item = Self>) -> Self {
        let mut tests = Vec::new();
        for member in members {
            match member {
                Self::Always => return Self::Always,
                Self::Never => {}
                Self::Test(test) => tests.push(test),
            }
        }
        match tests.len() {
            0 => Self::Never,
            1 => tests.pop().map_or(Self::Never, Self::Test),
            _ => Self::Test(json!({ "any": tests })),
        }
    }

    /// The negation; of a test only where all its leaves are applicable.
    pub(super) fn not(self) -> Self {
        match self {
            Self::Always => Self::Never,
            Self::Never => Self::Always,
            Self::Test(test) => Self::Test(json!({ "not": test })),
        }
    }

    /// The `if` of a rule; `None` where it can be left out.
    pub(super) fn into_if(self) -> Option<Value> {
        match self {
            Self::Always => None,
            Self::Never => Some(json!({ "any": [] })),
            Self::Test(test) => Some(test),
        }
    }
}

/// The attribute that a test reads.
#[derive(Clone, Debug)]
pub(super) struct Subject {
    /// The attribute; `None` if the condition names none, so that it is always missing.
    pub(super) attribute: Option<String>,
    /// Whether an empty string counts as missing, as Statsig has it for the fields of its user.
    pub(super) empty_is_missing: bool,
    /// Whether the attribute is a string wherever it is present.
    pub(super) text_only: bool,
}

impl Subject {
    /// A test on the attribute.
    pub(super) fn test(&self, op: &str, value: Value) -> Cond {
        Cond::Test(json!({ "attribute": self.attribute, "op": op, "value": value }))
    }

    /// The same, after folding case.
    pub(super) fn folded(&self, op: &str, value: Value) -> Cond {
        Cond::Test(json!({ "attribute": self.attribute, "op": op, "value": value, "ignore_case": true }))
    }

    fn has_type(&self, name: &str) -> Cond {
        self.test("is_type", Value::from(name))
    }

    fn is_set(&self) -> Cond {
        Cond::Test(json!({ "attribute": self.attribute, "op": "is_set" }))
    }
}

/// When a test holds, by the type of the attribute's value.
#[derive(Clone, Debug)]
pub(super) struct Cases {
    pub(super) string: Cond,
    pub(super) number: Cond,
    pub(super) boolean: Cond,
    pub(super) list: Cond,
    pub(super) object: Cond,
    pub(super) missing: Cond,
}

impl Cases {
    /// Holds for every value, or for none.
    pub(super) fn constant(holds: bool) -> Self {
        let case = || Cond::constant(holds);
        Self {
            string: case(),
            number: case(),
            boolean: case(),
            list: case(),
            object: case(),
            missing: case(),
        }
    }

    pub(super) fn not(self) -> Self {
        Self {
            string: self.string.not(),
            number: self.number.not(),
            boolean: self.boolean.not(),
            list: self.list.not(),
            object: self.object.not(),
            missing: self.missing.not(),
        }
    }

    pub(super) fn into_cond(mut self, subject: &Subject) -> Cond {
        if subject.attribute.is_none() {
            return self.missing;
        }
        if subject.text_only {
            let other = || Cond::constant(self.string == Cond::Always);
            (self.number, self.boolean, self.list, self.object) = (other(), other(), other(), other());
        }
        let absent = match self.missing {
            Cond::Always => subject.is_set().not(),
            _ => Cond::Never,
        };
        let others = [
            (self.number, "number"),
            (self.boolean, "boolean"),
            (self.list, "list"),
            (self.object, "object"),
        ];
        let others_always = others.iter().all(|(case, _)| *case == Cond::Always);
        if others_always && self.string == Cond::Always {
            return if absent == Cond::Never { subject.is_set() } else { Cond::Always };
        }
        let mut parts = Vec::new();
        if others_always {
            parts.extend([self.string, subject.has_type("string").not()]);
        } else {
            for (case, name) in [(self.string, "string")].into_iter().chain(others) {
                parts.push(if case == Cond::Always { subject.has_type(name) } else { case });
            }
        }
        parts.push(absent);
        Cond::any(parts)
    }
}
