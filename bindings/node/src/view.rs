//! Views: one version and one instant for several decisions.

use std::cell::RefCell;
use std::rc::Rc;

use napi_derive::napi;
use tidegate::Feature;

use crate::call::guarded;
use crate::engine::features;
use crate::failure::Failure;
use crate::outcome::{Outcomes, text};
use crate::state::{self, ViewSlot};

/// A view of what is served now, as JSON: `[handle, epoch, version, now]`.
#[napi]
fn view_new(handle: i32) -> napi::Result<Vec<f64>> {
    guarded(|| {
        state::with(|state| {
            let engine = state.engine_mut(handle)?;
            let view = engine.engine.view();
            let epoch = view.epoch();
            if engine.reader.refresh() == epoch && engine.outcomes.borrow().epoch != epoch {
                engine.outcomes = Rc::new(RefCell::new(Outcomes::new(epoch)));
            }
            // The engine's decisions are the view's, if both are of one program.
            let outcomes = match engine.outcomes.borrow().epoch == epoch {
                true => Rc::clone(&engine.outcomes),
                false => Rc::new(RefCell::new(Outcomes::new(epoch))),
            };
            let (version, now) = (view.version() as f64, view.now_ms() as f64);
            let slot = ViewSlot { engine: handle, view, outcomes };
            let full = || Failure::limit("expected at most four million views at once");
            let view = state.views.insert(slot).ok_or_else(full)?;
            Ok(vec![f64::from(view), epoch as f64, version, now])
        })
    })
}

#[napi]
fn view_free(view: i32) -> napi::Result<()> {
    guarded(|| {
        let freed = state::with(|state| Ok(state.views.remove(view)))?;
        drop(freed);
        Ok(())
    })
}

/// As `engineFeatures`.
#[napi]
fn view_features(view: i32) -> napi::Result<String> {
    guarded(|| {
        state::with(|state| {
            let slot = state.views.find(view).ok_or_else(|| Failure::closed("view"))?;
            features(slot.view.epoch(), slot.view.program())
        })
    })
}

#[napi]
fn view_has(view: i32, name: String) -> napi::Result<bool> {
    guarded(|| {
        state::with(|state| {
            let program = state.views.find(view).ok_or_else(|| Failure::closed("view"))?.view.program();
            Ok(program.feature(&name).is_some_and(|number| program.entry(number).is_present()))
        })
    })
}

/// Why a view cannot decide; nothing if it can.
#[napi]
fn view_problem(view: i32, context: i32) -> napi::Result<()> {
    guarded(|| {
        state::with(|state| {
            let slot = state.views.find(view).ok_or_else(|| Failure::closed("view"))?;
            match state.contexts.find(context) {
                Some(context) if context.engine == slot.engine => Ok(()),
                Some(_) => Err(Failure::other_engine("context")),
                None => Err(Failure::closed("context")),
            }
        })
    })
}

/// A decision as JSON text, by the number that `viewDecide` gave.
#[napi]
fn view_describe(view: i32, number: i32) -> napi::Result<String> {
    guarded(|| {
        state::with(|state| {
            let slot = state.views.find(view).ok_or_else(|| Failure::closed("view"))?;
            let mut outcomes = slot.outcomes.borrow_mut();
            let (feature, raw) = outcomes.asked(number).ok_or_else(|| Failure::defect("no such decision"))?;
            let text = text(&slot.view.recall(Feature::from_number(feature), raw))?;
            outcomes.described(number);
            Ok(text)
        })
    })
}
