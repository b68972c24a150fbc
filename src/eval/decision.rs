//! The decision in words.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::run::{INDIRECT, Raw};
use crate::program::{FeatureMeta, Program, Reason, Served};
use crate::value::Value;

/// What was decided for a feature and a context (SEMANTICS 6.4); everything in it is borrowed from the snapshot.
#[derive(Clone, Copy, Debug)]
pub struct Decision<'p> {
    program: &'p Program,
    feature: &'p str,
    raw: Raw,
}

impl<'p> Decision<'p> {
    pub(crate) fn new(program: &'p Program, feature: &'p str, raw: Raw) -> Self {
        Self { program, feature, raw }
    }

    fn served(&self) -> Served {
        Served::unpack(self.raw.a, self.raw.b)
    }

    fn meta(&self) -> Option<&'p FeatureMeta> {
        self.program.chunks.get(self.raw.chunk as usize)?.metas.get((self.raw.b >> 32) as usize)
    }

    fn entry(&self) -> Option<(&'p str, &'p Value)> {
        let variant = self.served().variant?;
        let (name, value) = self.meta()?.variants.get(usize::from(variant))?;
        Some((name, value))
    }

    fn attribution(&self) -> Option<(&'p str, &'p str)> {
        let chunk = (self.raw.attribution & !INDIRECT) >> 32;
        let index = (self.raw.attribution as u32).checked_sub(1)?;
        let (release, phase) = self.program.chunks.get(chunk as usize)?.attributions.get(index as usize)?;
        Some((release, phase))
    }

    /// As the program has it: equal for equal decisions of one feature in one program. For hosts that keep what they made
    /// of a decision.
    #[must_use]
    pub fn raw(&self) -> Raw {
        self.raw
    }

    /// The feature's key.
    #[must_use]
    pub fn feature(&self) -> &'p str {
        self.feature
    }

    /// The value; `None` where the caller's default is to be served.
    #[must_use]
    pub fn value(&self) -> Option<&'p Value> {
        self.entry().map(|(_, value)| value)
    }

    /// The value as a type of the host's; `None` if there is none, an error if it does not fit.
    ///
    /// # Errors
    /// If the value does not have the type's form.
    pub fn parse<T: DeserializeOwned>(&self) -> Result<Option<T>, crate::error::Error> {
        let Some(value) = self.value() else { return Ok(None) };
        T::deserialize(value).map(Some).map_err(|error| crate::error::Error::other_form(self.feature, &error))
    }

    /// Whether the value is `true`.
    #[must_use]
    pub fn is_on(&self) -> bool {
        self.raw.is_on()
    }

    /// The variant's name.
    #[must_use]
    pub fn variant(&self) -> Option<&'p str> {
        self.entry().map(|(name, _)| name)
    }

    /// Why.
    #[must_use]
    pub fn reason(&self) -> Reason {
        self.served().reason
    }

    /// The rule that decided.
    #[must_use]
    pub fn rule(&self) -> Option<&'p str> {
        let rule = self.served().rule?;
        self.meta()?.rules.get(rule as usize).map(|rule| &**rule)
    }

    /// The release that the decision is attributed to (SEMANTICS §8).
    #[must_use]
    pub fn release(&self) -> Option<&'p str> {
        self.attribution().map(|(release, _)| release)
    }

    /// The phase that the decision is attributed to.
    #[must_use]
    pub fn phase(&self) -> Option<&'p str> {
        self.attribution().map(|(_, phase)| phase)
    }

    /// Whether a reference brought the attribution.
    #[must_use]
    pub fn is_indirect(&self) -> bool {
        self.raw.attribution & INDIRECT != 0
    }

    /// The version of the snapshot.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.program.version
    }

    /// The same, to be written as JSON.
    #[must_use]
    pub fn text(&self) -> DecisionText<'p> {
        DecisionText {
            feature: self.feature,
            value: self.value(),
            variant: self.variant(),
            reason: self.reason().as_str(),
            rule: self.rule(),
            release: self.release(),
            phase: self.phase(),
            indirect: self.is_indirect(),
            version: self.version(),
        }
    }
}

impl Serialize for Decision<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.text().serialize(serializer)
    }
}

/// A decision as JSON has it (SEMANTICS 6.4).
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[expect(missing_docs, reason = "SEMANTICS 6.4 says what each is, under the same name")]
pub struct DecisionText<'p> {
    pub feature: &'p str,
    pub value: Option<&'p Value>,
    pub variant: Option<&'p str>,
    pub reason: &'p str,
    pub rule: Option<&'p str>,
    pub release: Option<&'p str>,
    pub phase: Option<&'p str>,
    pub indirect: bool,
    pub version: u64,
}
