//! Engines: made, loaded, asked about, closed. Everything here is off the hot path, and speaks JSON text.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use napi::bindgen_prelude::{AsyncTask, Env, Function, Object, Uint8Array};
use napi::{JsValue, Task};
use napi_derive::napi;
use serde::{Deserialize, Serialize};
use tidegate::engine::EngineBuilder;
use tidegate::error::{Code, Diagnostic};
use tidegate::model::Mode;
use tidegate::{AttributeKey, Engine, Update, Value};

use crate::call::{guarded, json};
use crate::client::Feed;
use crate::context::attributes_of;
use crate::failure::Failure;
use crate::hot;
use crate::outcome::{Outcomes, text};
use crate::state::{self, EngineSlot, GateSlot, Plan, State};

/// A clock that JavaScript sets before it asks for a decision.
#[derive(Clone, Default)]
pub(crate) struct Clock(Arc<AtomicI64>);

impl tidegate::engine::Clock for Clock {
    fn now_ms(&self) -> i64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// How an engine is made.
#[derive(Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(crate) struct EngineOptions {
    pub(crate) process: BTreeMap<String, Value>,
    pub(crate) strict: bool,
    pub(crate) counters: bool,
    pub(crate) keep_source: bool,
    /// Whether JavaScript sets the time.
    pub(crate) clock: bool,
}

impl EngineOptions {
    pub(crate) fn builder(&self) -> EngineBuilder {
        let builder = Engine::builder()
            .mode(if self.strict { Mode::Strict } else { Mode::Lenient })
            .counters(self.counters)
            .keep_source(self.keep_source);
        self.process.iter().fold(builder, |builder, (name, value)| builder.process(name, value.clone()))
    }
}

impl EngineSlot {
    pub(crate) fn new(engine: Engine, clock: Option<Clock>) -> Self {
        let reader = engine.reader();
        let outcomes = Rc::new(RefCell::new(Outcomes::new(reader.epoch())));
        Self { engine, reader, clock, outcomes, gates: Vec::new(), shared: None, feed: None }
    }
}

/// Options as JSON text, which `lib/` has checked the types of.
pub(crate) fn options<T: for<'de> Deserialize<'de>>(text: &str) -> Result<T, Failure> {
    serde_json::from_str(text).map_err(|error| Failure::argument("options", error.to_string()))
}

/// Puts an engine into the state; its handle.
pub(crate) fn insert(state: &mut State, slot: EngineSlot) -> Result<i32, Failure> {
    state.engines.insert(slot).ok_or_else(|| Failure::limit("expected at most four million engines"))
}

#[napi(module_exports)]
fn init(exports: Object<'_>, env: Env) -> napi::Result<()> {
    // A client's thread may be at work after the last environment that loaded this is gone.
    napi::bindgen_prelude::retain_current_module_for_unload_safety();
    hot::register(env.raw(), exports.raw(), state::open())
}

/// `{version, semantics, reasons, codes}`
#[napi]
fn about() -> napi::Result<String> {
    #[derive(Serialize)]
    struct Reason {
        reason: &'static str,
        openfeature: &'static str,
        error: Option<&'static str>,
    }
    guarded(|| {
        let reasons = tidegate::program::Reason::ALL.map(|reason| Reason {
            reason: reason.as_str(),
            openfeature: reason.openfeature(),
            error: reason.openfeature_error(),
        });
        let codes: BTreeMap<&str, &str> =
            Code::all().iter().map(|code| (code.as_str(), code.meaning())).collect();
        json(&serde_json::json!({
            "version": env!("CARGO_PKG_VERSION"),
            "semantics": tidegate::SEMANTICS,
            "reasons": reasons.iter().map(serde_json::to_value).collect::<Result<Vec<_>, _>>().unwrap_or_default(),
            "codes": codes,
        }))
    })
}

#[napi]
fn engine_new(given: String) -> napi::Result<i32> {
    guarded(|| {
        let given: EngineOptions = options(&given)?;
        let clock = given.clock.then(Clock::default);
        let builder = match &clock {
            Some(clock) => given.builder().clock(clock.clone()),
            None => given.builder(),
        };
        state::with(|state| insert(state, EngineSlot::new(builder.build(), clock)))
    })
}

#[napi]
fn engine_close(handle: i32) -> napi::Result<()> {
    guarded(|| {
        let closed = state::with(|state| {
            let closed = state.engines.retire(handle);
            for gate in closed.iter().flat_map(|engine| &engine.gates) {
                state.gates.retire(*gate);
            }
            Ok(closed)
        })?;
        if let Some(token) = closed.as_ref().and_then(|engine| engine.shared) {
            shared().remove(&token.to_bits());
        }
        drop(closed);
        Ok(())
    })
}

#[napi]
fn engine_set_time(handle: i32, ms: f64) -> napi::Result<()> {
    guarded(|| {
        state::with(|state| {
            if let Some(clock) = &state.engine(handle)?.clock {
                clock.0.store(ms as i64, Ordering::Relaxed);
            }
            Ok(())
        })
    })
}

/// An engine of this environment, to be used without the state: what it does may call listeners.
pub(crate) fn engine(handle: i32) -> Result<Engine, Failure> {
    state::with(|state| Ok(state.engine(handle)?.engine.clone()))
}

/// An update as JSON text.
pub(crate) fn update_text(update: &Update) -> Result<String, Failure> {
    #[derive(Serialize)]
    struct Text<'u> {
        from: u64,
        version: u64,
        changed: &'u [tidegate::model::Key],
        recompiled: usize,
        diagnostics: &'u [Diagnostic],
        isolated: &'u [tidegate::model::Key],
    }
    json(&Text {
        from: update.from,
        version: update.version,
        changed: &update.changed,
        recompiled: update.recompiled,
        diagnostics: &update.diagnostics,
        isolated: &update.isolated,
    })
}

fn feed(engine: &Engine, document: &[u8], is_delta: bool) -> Result<String, Failure> {
    let update = if is_delta { engine.apply_delta(document) } else { engine.load(document) };
    update_text(&update?)
}

#[napi]
fn engine_load(handle: i32, document: &[u8], is_delta: bool) -> napi::Result<String> {
    guarded(|| feed(&engine(handle)?, document, is_delta))
}

/// A load on a thread of libuv's.
pub(crate) struct Load {
    engine: Engine,
    document: Vec<u8>,
    is_delta: bool,
}

impl Task for Load {
    type Output = String;
    type JsValue = String;

    fn compute(&mut self) -> napi::Result<String> {
        guarded(|| feed(&self.engine, &self.document, self.is_delta))
    }

    fn resolve(&mut self, _: Env, update: String) -> napi::Result<String> {
        Ok(update)
    }
}

#[napi]
fn engine_load_later(handle: i32, document: Uint8Array, is_delta: bool) -> napi::Result<AsyncTask<Load>> {
    // Copied: what the caller does to its bytes meanwhile is not ours to see.
    guarded(|| Ok(AsyncTask::new(Load { engine: engine(handle)?, document: document.to_vec(), is_delta })))
}

#[napi]
fn engine_version(handle: i32) -> napi::Result<f64> {
    guarded(|| Ok(engine(handle)?.version() as f64))
}

#[napi]
fn engine_memory(handle: i32) -> napi::Result<f64> {
    guarded(|| Ok(engine(handle)?.program().memory_usage() as f64))
}

/// `{epoch, version, features: [[number, name], …]}`, by name.
#[napi]
fn engine_features(handle: i32) -> napi::Result<String> {
    guarded(|| {
        state::with(|state| {
            let reader = &mut state.engine_mut(handle)?.reader;
            let epoch = reader.refresh();
            features(epoch, reader.program())
        })
    })
}

pub(crate) fn features(epoch: u64, program: &tidegate::program::Program) -> Result<String, Failure> {
    let mut features: Vec<(u32, &str)> = program.present().collect();
    features.sort_by_key(|(_, name)| *name);
    let mut reads: Vec<AttributeKey> =
        features.iter().flat_map(|(number, _)| program.reads(*number)).collect();
    reads.sort_unstable();
    reads.dedup();
    let reads: Vec<usize> = reads.into_iter().map(AttributeKey::index).collect();
    json(
        &serde_json::json!({"epoch": epoch, "version": program.version, "features": features, "reads": reads}),
    )
}

/// Whether there is such a feature now.
#[napi]
fn engine_has(handle: i32, name: String) -> napi::Result<bool> {
    guarded(|| {
        state::with(|state| {
            let reader = &mut state.engine_mut(handle)?.reader;
            reader.refresh();
            let program = reader.program();
            Ok(program.feature(&name).is_some_and(|number| program.entry(number).is_present()))
        })
    })
}

/// The handle of a feature, existing or not.
#[napi]
fn gate_new(handle: i32, name: String) -> napi::Result<i32> {
    guarded(|| {
        let feature = engine(handle)?.feature(&name);
        state::with(|state| {
            state.engine(handle)?;
            let slot = GateSlot { engine: handle, feature, plan: Plan::default() };
            let full = || Failure::limit("expected at most four million handles of features");
            let gate = state.gates.insert(slot).ok_or_else(full)?;
            state.engine_mut(handle)?.gates.push(gate);
            Ok(gate)
        })
    })
}

/// Plans what is read for a gate in the program that is served now, as JSON: the plan's number, which `checkRead` wants to see; the
/// program's epoch, 0 if nothing is served; and the attributes' names in the order in which it wants their values, `null` if there
/// are too many.
#[napi]
fn gate_plan(gate: i32) -> napi::Result<String> {
    #[derive(Serialize)]
    struct Text<'n> {
        number: i32,
        epoch: u64,
        names: Option<Vec<&'n str>>,
    }
    guarded(|| {
        state::with(|state| {
            let slot = state.gates.find_mut(gate).ok_or_else(|| Failure::closed("engine"))?;
            let engine = state.engines.find_mut(slot.engine).ok_or_else(|| Failure::closed("engine"))?;
            let epoch = engine.reader.refresh();
            let reads = engine.reader.program().reads(slot.feature.number());
            let attributes = engine.engine.attributes();
            let names = (reads.len() <= Plan::MOST)
                .then(|| reads.iter().map(|key| attributes.name(*key).unwrap_or_default()).collect());
            slot.plan.follow(epoch, reads.clone());
            json(&Text { number: slot.plan.number, epoch, names })
        })
    })
}

/// The indexes of the attributes that are read for a gate, as JSON, and of which epoch; of a view, if one is given.
#[napi]
fn gate_reads(gate: i32, view: i32) -> napi::Result<String> {
    #[derive(Serialize)]
    struct Text {
        epoch: u64,
        indexes: Vec<usize>,
    }
    guarded(|| {
        state::with(|state| {
            let slot = state.gates.find(gate).ok_or_else(|| Failure::closed("engine"))?;
            let number = slot.feature.number();
            let (epoch, reads) = match state.views.find(view) {
                Some(view) => (view.view.epoch(), view.view.program().reads(number)),
                None => {
                    let engine =
                        state.engines.find_mut(slot.engine).ok_or_else(|| Failure::closed("engine"))?;
                    (engine.reader.refresh(), engine.reader.program().reads(number))
                }
            };
            json(&Text { epoch, indexes: reads.into_iter().map(AttributeKey::index).collect() })
        })
    })
}

/// The epoch of the program that was used last.
#[napi]
fn engine_used(handle: i32) -> napi::Result<f64> {
    guarded(|| state::with(|state| Ok(state.engine(handle)?.reader.epoch() as f64)))
}

/// The index of an attribute; −1 if the engine knows as many from contexts as it can.
#[napi]
fn engine_attribute(handle: i32, name: String) -> napi::Result<i32> {
    guarded(|| {
        let found = engine(handle)?.attributes().find_or_add(&name);
        Ok(found.and_then(|key| i32::try_from(key.index()).ok()).unwrap_or(-1))
    })
}

#[napi]
fn engine_attribute_name(handle: i32, index: u16) -> napi::Result<String> {
    guarded(|| {
        let engine = engine(handle)?;
        Ok(engine.attributes().name(AttributeKey::from_index(index)).unwrap_or_default().to_owned())
    })
}

/// A decision as JSON text, by the number that `decide` gave.
#[napi]
fn describe(handle: i32, number: i32) -> napi::Result<String> {
    guarded(|| {
        state::with(|state| {
            let engine = state.engine(handle)?;
            let mut outcomes = engine.outcomes.borrow_mut();
            let asked = outcomes.asked(number).filter(|_| outcomes.epoch == engine.reader.epoch());
            let (feature, raw) = asked.ok_or_else(|| Failure::defect("no such decision"))?;
            let text = text(&engine.reader.recall(tidegate::Feature::from_number(feature), raw))?;
            outcomes.described(number);
            Ok(text)
        })
    })
}

/// The epoch of the decisions that `decide` gives the numbers of.
#[napi]
fn engine_epoch(handle: i32) -> napi::Result<f64> {
    guarded(|| state::with(|state| Ok(state.engine(handle)?.outcomes.borrow().epoch as f64)))
}

#[napi]
fn engine_exposures(handle: i32) -> napi::Result<String> {
    guarded(|| json(&engine(handle)?.drain_exposures()))
}

/// A trace as JSON, or as text for people.
#[napi]
fn engine_trace(handle: i32, feature: String, context: i32, is_text: bool) -> napi::Result<String> {
    guarded(|| {
        let (engine, attributes) = state::with(|state| {
            let engine = &state.engine(handle)?.engine;
            Ok((engine.clone(), attributes_of(engine, state.contexts.find(context), handle)?))
        })?;
        let trace = engine.trace(&feature, &attributes)?;
        if is_text { Ok(trace.render()) } else { json(&trace) }
    })
}

#[napi]
fn engine_listing(handle: i32, feature: Option<String>) -> napi::Result<Option<String>> {
    guarded(|| Ok(engine(handle)?.listing(feature.as_deref())))
}

#[napi]
fn engine_constant(handle: i32, gate: String) -> napi::Result<Option<bool>> {
    guarded(|| Ok(engine(handle)?.constant(&gate)))
}

/// Calls `callback` with each update, as JSON text, on the event loop; replaces the callback before.
#[napi]
fn engine_on_update(handle: i32, callback: Function<'_, String, ()>) -> napi::Result<()> {
    let listener = crate::client::listener(callback)?;
    guarded(|| {
        let engine = engine(handle)?;
        let subscription = engine.on_update(move |update| {
            if let Ok(text) = update_text(update) {
                listener(text);
            }
        });
        let before =
            state::with(|state| Ok(state.engine_mut(handle)?.feed.replace(Feed::Updates(subscription))))?;
        drop(before);
        Ok(())
    })
}

#[napi]
fn engine_off_update(handle: i32) -> napi::Result<()> {
    guarded(|| {
        let before = state::with(|state| Ok(state.engine_mut(handle)?.feed.take()))?;
        drop(before);
        Ok(())
    })
}

/// Engines that other environments of this process may use, by token.
static SHARED: Mutex<Option<HashMap<u64, Engine>>> = Mutex::new(None);
static TOKENS: AtomicU64 = AtomicU64::new(1);

struct Shared(std::sync::MutexGuard<'static, Option<HashMap<u64, Engine>>>);

fn shared() -> Shared {
    Shared(SHARED.lock().unwrap_or_else(PoisonError::into_inner))
}

impl Shared {
    fn remove(&mut self, token: &u64) {
        let removed = self.0.as_mut().and_then(|engines| engines.remove(token));
        drop(removed);
    }
}

/// A token by which another environment of this process can use the same engine.
#[napi]
fn engine_share(handle: i32) -> napi::Result<f64> {
    guarded(|| {
        state::with(|state| {
            let slot = state.engine_mut(handle)?;
            if let Some(token) = slot.shared {
                return Ok(token);
            }
            let token = TOKENS.fetch_add(1, Ordering::Relaxed) as f64;
            shared().0.get_or_insert_default().insert(token.to_bits(), slot.engine.clone());
            slot.shared = Some(token);
            Ok(token)
        })
    })
}

#[napi]
fn engine_shared(token: f64) -> napi::Result<i32> {
    guarded(|| {
        let engine = shared().0.as_ref().and_then(|engines| engines.get(&token.to_bits()).cloned());
        let engine = engine.ok_or_else(|| Failure::closed("engine that is shared by this token"))?;
        state::with(|state| insert(state, EngineSlot::new(engine, None)))
    })
}

impl Drop for EngineSlot {
    fn drop(&mut self) {
        // At the end of an environment, without a call of `engine_close`.
        if let Some(token) = self.shared.take() {
            shared().remove(&token.to_bits());
        }
    }
}

/// How many handles there are, for tests of leaks: engines, gates, contexts, views, clients.
#[napi]
fn handles() -> napi::Result<Vec<u32>> {
    guarded(|| {
        state::with(|state| {
            let State { engines, gates, contexts, views, clients, .. } = state;
            let counts = [engines.len(), gates.len(), contexts.len(), views.len(), clients.len()];
            Ok(counts.map(|count| u32::try_from(count).unwrap_or(u32::MAX)).to_vec())
        })
    })
}
