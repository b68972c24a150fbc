//! Local overrides: what tests and support staff serve instead of the snapshot's answer (SEMANTICS 6.1 step 1).

use std::sync::Arc;

use super::Engine;
use crate::compile::{Serves, variant_value};
use crate::error::{Code, Error, quote};
use crate::model::Key;
use crate::value::Value;

/// An override of a feature: of a variant or a value, for everyone or for one unit.
///
/// # Examples
/// ```
/// use tidegate::{Engine, Override};
///
/// let engine = Engine::new();
/// engine.set_override("checkout", Override::value(true).for_unit("user_id", "u-1"))?;
/// assert!(engine.check("checkout", &engine.context().with("user_id", "u-1").build()));
/// assert!(!engine.check("checkout", &engine.context().with("user_id", "u-2").build()));
/// # Ok::<(), tidegate::error::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Override {
    serves: Serves,
    unit: Option<(Key, Key)>,
}

impl Override {
    /// Serves a variant of the feature.
    #[must_use]
    pub fn variant(name: &str) -> Self {
        Self { serves: Serves::Variant(name.into()), unit: None }
    }

    /// Serves a value; the variant is called `override`.
    #[must_use]
    pub fn value(value: impl Into<Value>) -> Self {
        Self { serves: Serves::Value(value.into()), unit: None }
    }

    /// Only where the attribute `unit` is `id`.
    #[must_use]
    pub fn for_unit(mut self, unit: &str, id: &str) -> Self {
        self.unit = Some((unit.into(), id.into()));
        self
    }
}

impl Engine {
    /// Sets an override; it stays over swaps until it is cleared.
    ///
    /// # Errors
    /// If it names a variant that the feature does not have.
    pub fn set_override(&self, feature: &str, wanted: Override) -> Result<(), Error> {
        let mut writer = self.inner.writer.lock();
        if let Serves::Variant(variant) = &wanted.serves
            && variant_value(&writer.compiled, feature, variant).is_none()
        {
            let message =
                format!("expected a variant of feature {}, found {}", quote(feature), quote(variant));
            return Err(Error::new(Code::BadOverride, "", message));
        }
        let _ = writer.compiler.feature(feature);
        let overrides = writer.overrides.entry(feature.into()).or_default();
        match wanted.unit {
            Some(unit) => drop(overrides.units.insert(unit, wanted.serves)),
            None => overrides.everyone = Some(wanted.serves),
        }
        self.swap(&mut writer);
        Ok(())
    }

    /// Clears all overrides of a feature.
    pub fn clear_override(&self, feature: &str) {
        let mut writer = self.inner.writer.lock();
        if writer.overrides.remove(feature).is_some() {
            self.swap(&mut writer);
        }
    }

    /// Clears all overrides.
    pub fn clear_overrides(&self) {
        let mut writer = self.inner.writer.lock();
        writer.overrides.clear();
        self.swap(&mut writer);
    }

    /// The features that are overridden, sorted.
    #[must_use]
    pub fn overridden(&self) -> Vec<Arc<str>> {
        self.inner.writer.lock().overrides.keys().cloned().collect()
    }
}
