//! Views: one snapshot and one instant for several decisions, so that a request never sees a mix.

use std::ffi::{c_char, c_void};
use std::sync::Arc;

use tidegate::View;
use tidegate::program::Program;

use crate::boundary::{Handle, Mark, Owner, free, out};
use crate::context::{of_engine, tg_context};
use crate::decision::{tg_decision, tg_decision_fn};
use crate::engine::{tg_engine, tg_feature};
use crate::status::tg_status;
use crate::text::text;

/// One snapshot at one instant: for a request that decides several features. It is the thread's that uses it first.
#[cfg_attr(all(), repr(C))]
pub struct tg_view {
    mark: Mark,
    engine: u32,
    owner: Owner,
    view: View<'static, Arc<Program>>,
}
handle!(tg_view, b"TGvw", owner);
owned!(tg_view);

/// A view of what is served now. Free it with `tg_view_free`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_view_new(engine: *const tg_engine, view: *mut *mut tg_view) -> tg_status {
    boundary!(shared engine {
        // SAFETY: an out-parameter.
        let view = unsafe { out(view) }?;
        view.set(tg_view {
            mark: Mark::live::<tg_view>(),
            engine: engine.id,
            owner: Owner::nobody(),
            view: engine.engine.view(),
        }.give());
        Ok(())
    })
}

/// Frees a view; NULL is fine. Any thread may, when no call is under way.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_view_free(view: *mut tg_view) {
    boundary!(or (); {
        // SAFETY: the caller gives it up.
        unsafe { free(view) }
    })
}

/// The version of the snapshot, 0 if there is none, and the instant in milliseconds since 1970.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_view_version(
    view: *mut tg_view,
    version: *mut u64,
    now_ms: *mut i64,
) -> tg_status {
    boundary!(mine view {
        // SAFETY: out-parameters.
        let (version, now_ms) = unsafe { (out(version)?, out(now_ms)?) };
        version.set(view.view.version());
        now_ms.set(view.view.now_ms());
        Ok(())
    })
}

/// Whether a gate is on. Of an unknown gate it is false.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_view_check(
    view: *mut tg_view,
    gate: tg_feature,
    context: *const tg_context,
    on: *mut bool,
) -> tg_status {
    boundary!(mine view {
        // SAFETY: an out-parameter, and a context of the caller's.
        let (on, context) = unsafe { (out(on)?, of_engine(context, view.engine)?) };
        on.set(view.view.check(gate.gate_of(view.engine)?, context));
        Ok(())
    })
}

/// The decision of a feature. What it borrows is valid until the view is freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_view_decide(
    view: *mut tg_view,
    feature: tg_feature,
    context: *const tg_context,
    decision: *mut tg_decision,
) -> tg_status {
    boundary!(mine view {
        // SAFETY: an out-parameter, and a context of the caller's.
        let (decision, context) = unsafe { (out(decision)?, of_engine(context, view.engine)?) };
        decision.set(tg_decision::of(&view.view.decide(feature.of_engine(view.engine)?, context)));
        Ok(())
    })
}

/// As `tg_view_decide`, by name; the decision's `feature` is the caller's own text.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_view_decide_name(
    view: *mut tg_view,
    feature: *const c_char,
    feature_len: usize,
    context: *const tg_context,
    decision: *mut tg_decision,
) -> tg_status {
    boundary!(mine view {
        // SAFETY: an out-parameter, a text and a context of the caller's.
        let (decision, feature, context) =
            unsafe { (out(decision)?, text(feature, feature_len)?, of_engine(context, view.engine)?) };
        decision.set(tg_decision::of(&view.view.decide_name(feature, context)));
        Ok(())
    })
}

/// Gives the decisions of all features, in no particular order, to a callback.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_view_each(
    view: *mut tg_view,
    context: *const tg_context,
    callback: tg_decision_fn,
    userdata: *mut c_void,
) -> tg_status {
    boundary!(mine view {
        // SAFETY: a context of the caller's.
        let context = unsafe { of_engine(context, view.engine) }?;
        let callback = callback.ok_or(tg_status::NullPointer)?;
        let _busy = view.owner.busy();
        for decision in view.view.evaluate_all(context) {
            let decision = tg_decision::of(&decision);
            // SAFETY: the caller's function with the caller's userdata.
            unsafe { callback(userdata, &raw const decision) }
        }
        Ok(())
    })
}
