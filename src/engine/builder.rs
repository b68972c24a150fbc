//! How engines and contexts are made.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use parking_lot::Mutex;

use super::clock::{Clock, SystemClock};
use super::{Engine, Inner, Source, Writer};
use crate::compile::Compiler;
use crate::context::{AttributeValue, Attributes, Context};
use crate::model::Mode;
use crate::value::Value;

/// Builds an [`Engine`].
#[must_use]
pub struct EngineBuilder {
    process: BTreeMap<String, Value>,
    mode: Mode,
    clock: Arc<dyn Clock>,
    counters: bool,
    source: bool,
}

impl fmt::Debug for EngineBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EngineBuilder")
            .field("process", &self.process)
            .field("mode", &self.mode)
            .finish_non_exhaustive()
    }
}

impl Default for EngineBuilder {
    fn default() -> Self {
        Self {
            process: BTreeMap::new(),
            mode: Mode::Lenient,
            clock: Arc::new(SystemClock),
            counters: false,
            source: false,
        }
    }
}

impl EngineBuilder {
    /// Sets a process attribute (SEMANTICS 1.4), such as `environment` or `region`.
    pub fn process(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.process.insert(name.to_owned(), value.into());
        self
    }

    /// A process attribute that was set.
    #[cfg(feature = "http")]
    pub(crate) fn process_attribute(&self, name: &str) -> Option<&Value> {
        self.process.get(name)
    }

    /// What an error in a document does: isolate (lenient, the default) or refuse (strict).
    pub fn mode(mut self, mode: Mode) -> Self {
        self.mode = mode;
        self
    }

    /// The clock; default the system's.
    pub fn clock(mut self, clock: impl Clock + 'static) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Whether exposures are counted by variant and phase; default not.
    pub fn counters(mut self, counters: bool) -> Self {
        self.counters = counters;
        self
    }

    /// Whether the document is kept in memory, so that [`Engine::trace`] works; default not.
    pub fn keep_source(mut self, keep: bool) -> Self {
        self.source = keep;
        self
    }

    /// The engine.
    #[must_use]
    #[inline(never)]
    pub fn build(self) -> Engine {
        let attributes = Arc::new(Attributes::default());
        let compiler = Compiler::new(Arc::clone(&attributes), self.process.clone(), self.mode);
        let writer = Writer {
            compiler,
            compiled: Arc::default(),
            overrides: BTreeMap::new(),
            retired: Vec::new(),
            source: self.source.then(Source::default),
        };
        let inner = Inner {
            shared: Arc::default(),
            attributes,
            clock: self.clock,
            counters: self.counters.then(Arc::default),
            process: self.process,
            writer: Mutex::new(writer),
            listeners: Mutex::default(),
            untold: Mutex::default(),
        };
        Engine { inner: Arc::new(inner) }
    }
}

/// A context in the making; names are looked up in the engine.
#[derive(Debug)]
#[must_use]
pub struct ContextBuilder<'e, 'a> {
    attributes: &'e Attributes,
    context: Context<'a>,
}

impl<'e, 'a> ContextBuilder<'e, 'a> {
    pub(super) fn new(attributes: &'e Attributes) -> Self {
        Self { attributes, context: Context::with_capacity(8) }
    }

    /// Sets an attribute; strings are copied.
    #[inline(always)]
    pub fn with<'v>(mut self, name: &str, value: impl Into<AttributeValue<'v>>) -> Self {
        self.set(name, value);
        self
    }

    /// As [`with`](Self::with), in place: for loops, in which the builder would be moved in each round.
    #[inline(always)]
    pub fn set<'v>(&mut self, name: &str, value: impl Into<AttributeValue<'v>>) {
        if let Some(key) = self.attributes.find_or_add(name) {
            self.context.set_owned(key, value);
        }
    }

    /// Sets all members of an object; no other value has any.
    pub fn with_object(mut self, object: &Value) -> Self {
        for (name, value) in object.as_object().unwrap_or_default() {
            self.set(name, value);
        }
        self
    }

    /// The context.
    #[must_use]
    #[inline]
    pub fn build(self) -> Context<'a> {
        self.context
    }
}
