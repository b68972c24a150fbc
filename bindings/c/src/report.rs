//! Reports: what the last load did, and all that is wrong with a document.

use std::cell::RefCell;
use std::ffi::c_void;
use std::sync::Arc;

use tidegate::engine::{Subscription, Update};
use tidegate::error::{Code, Diagnostic, Error, Severity};
use tidegate::model::Key;

use crate::boundary::{Handle, Mark, free, out};
use crate::engine::tg_engine;
use crate::status::tg_status;
use crate::text::{tg_str, tg_text};

/// What the last load, delta or other refused use came to.
#[derive(Debug)]
pub(crate) struct Report {
    pub(crate) update: tg_update,
    changed: Vec<Key>,
    isolated: Vec<Key>,
    diagnostics: Vec<Diagnostic>,
}

impl Default for Report {
    fn default() -> Self {
        let update = tg_update {
            status: tg_status::Ok,
            from: 0,
            version: 0,
            recompiled: 0,
            changed: 0,
            isolated: 0,
            diagnostics: 0,
        };
        Self { update, changed: Vec::new(), isolated: Vec::new(), diagnostics: Vec::new() }
    }
}

impl Report {
    pub(crate) fn of_update(done: Update) -> Self {
        let Update { from, version, changed, recompiled, diagnostics, isolated, .. } = done;
        let update = tg_update {
            status: tg_status::Ok,
            from,
            version,
            recompiled,
            changed: changed.len(),
            isolated: isolated.len(),
            diagnostics: diagnostics.len(),
        };
        Self { update, changed, isolated, diagnostics }
    }

    pub(crate) fn of_error(error: &Error, version: u64) -> Self {
        Self::of_problems(error.into(), error.diagnostics().to_vec(), version)
    }

    fn of_problems(status: tg_status, diagnostics: Vec<Diagnostic>, version: u64) -> Self {
        let update = tg_update {
            status,
            from: version,
            version,
            diagnostics: diagnostics.len(),
            ..Self::default().update
        };
        Self { update, diagnostics, ..Self::default() }
    }

    pub(crate) fn unreadable(version: u64) -> Self {
        let update =
            tg_update { status: tg_status::Unreadable, from: version, version, ..Self::default().update };
        Self { update, ..Self::default() }
    }

    pub(crate) fn diagnostics(&self) -> &[Diagnostic] {
        &self.diagnostics
    }
}

/// A report. What is borrowed from it is valid until it is freed, or until the callback that was given it returns.
#[cfg_attr(all(), repr(C))]
pub struct tg_report {
    mark: Mark,
    /// INVARIANT: that of a callback is, as no `Box` holds it.
    is_lent: bool,
    report: Arc<Report>,
}
handle!(tg_report, b"TGrp"; lent: is_lent);

impl tg_report {
    pub(crate) fn new(report: Arc<Report>) -> Self {
        Self { mark: Mark::live::<Self>(), is_lent: false, report }
    }

    /// One for the time of a callback.
    fn lent(report: Report) -> Self {
        Self { is_lent: true, ..Self::new(Arc::new(report)) }
    }
}

/// What a load did.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct tg_update {
    /// `TG_STATUS_OK`, or why it was refused.
    pub status: tg_status,
    /// The version before; 0 if there was none.
    pub from: u64,
    /// The version that is served now.
    pub version: u64,
    /// How many definitions were compiled.
    pub recompiled: usize,
    /// How many features may decide otherwise than before (`tg_report_changed`).
    pub changed: usize,
    /// How many features are isolated (`tg_report_isolated`).
    pub isolated: usize,
    /// How many problems there are (`tg_report_diagnostic`).
    pub diagnostics: usize,
}

/// How bad a problem is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(i32)]
pub enum tg_severity {
    /// Refused by a strict engine, isolated by another.
    Error = 0,
    /// Only told.
    Warning = 1,
}

/// A problem of a document; its texts are borrowed from the report.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct tg_diagnostic {
    /// The code as a status.
    pub status: tg_status,
    /// How bad it is.
    pub severity: tg_severity,
    /// The code as a text, such as `TG2003`.
    pub code: tg_str,
    /// The place in the document, a JSON pointer.
    pub pointer: tg_str,
    /// What was expected, and what was found.
    pub message: tg_str,
    /// What may have been meant; or no text.
    pub hint: tg_str,
}

/// What the last load of an engine did, or why the last call that was refused for more than its arguments was. Free it with
/// `tg_report_free`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_engine_report(
    engine: *const tg_engine,
    report: *mut *mut tg_report,
) -> tg_status {
    boundary!(shared engine {
        // SAFETY: an out-parameter.
        let report = unsafe { out(report) }?;
        report.set(tg_report::new(Arc::clone(&engine.report.lock())).give());
        Ok(())
    })
}

thread_local! {
    static LAST: RefCell<Option<Arc<Report>>> = const { RefCell::new(None) };
}

/// Has `tg_last_report` say on this thread what was wrong; its status.
#[cold]
#[inline(never)]
pub(crate) fn noted(error: Error) -> tg_status {
    tell(Report::of_error(&error, 0))
}

/// As [`noted`], of JSON that is not an object.
#[cold]
#[inline(never)]
pub(crate) fn no_object() -> tg_status {
    let problem = Diagnostic::new(Code::BadContext, "", "expected a JSON object of attributes");
    tell(Report::of_problems(tg_status::BadContext, vec![problem], 0))
}

fn tell(report: Report) -> tg_status {
    let status = report.update.status;
    // A thread that is ending has no place for it any more.
    let _ = LAST.try_with(|last| last.replace(Some(Arc::new(report))));
    status
}

/// What was wrong with JSON, a connection string or a client's options that a call of this thread was last refused for: code, place, what was
/// expected and found. It is for `tg_engine_new`, `tg_engine_connect`, `tg_engine_set_override`, `tg_context_set_json` and those like it, which have no
/// report of an engine; ask right after the refusal. Of a refusal for which the status says all, such as `TG_STATUS_NULL_POINTER`, nothing is
/// kept: what `tg_report_update` gives has the status of the call that it is of. `TG_STATUS_NO_VALUE` if there was none. Free it with
/// `tg_report_free`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_last_report(report: *mut *mut tg_report) -> tg_status {
    boundary!({
        // SAFETY: an out-parameter.
        let report = unsafe { out(report) }?;
        let last = LAST.try_with(|last| last.borrow().clone()).ok().flatten();
        report.set(tg_report::new(last.ok_or(tg_status::NoValue)?).give());
        Ok(())
    })
}

/// Frees a report; NULL is fine. One that a callback was given is the library's: nothing happens to it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_report_free(report: *mut tg_report) {
    boundary!(or (); {
        // SAFETY: the caller gives it up.
        unsafe { free(report) }
    })
}

/// What was done, in numbers.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_report_update(report: *const tg_report, update: *mut tg_update) -> tg_status {
    boundary!(shared report {
        // SAFETY: an out-parameter.
        let update = unsafe { out(update) }?;
        update.set(report.report.update);
        Ok(())
    })
}

/// A feature that may decide otherwise than before.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_report_changed(
    report: *const tg_report,
    index: usize,
    feature: *mut tg_str,
) -> tg_status {
    boundary!(shared report {
        // SAFETY: an out-parameter.
        let feature = unsafe { out(feature) }?;
        feature.set(tg_str::of(report.report.changed.get(index).ok_or(tg_status::NoSuchIndex)?));
        Ok(())
    })
}

/// A feature that is isolated: this library could not evaluate its definition or a release of it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_report_isolated(
    report: *const tg_report,
    index: usize,
    feature: *mut tg_str,
) -> tg_status {
    boundary!(shared report {
        // SAFETY: an out-parameter.
        let feature = unsafe { out(feature) }?;
        feature.set(tg_str::of(report.report.isolated.get(index).ok_or(tg_status::NoSuchIndex)?));
        Ok(())
    })
}

/// A problem.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_report_diagnostic(
    report: *const tg_report,
    index: usize,
    diagnostic: *mut tg_diagnostic,
) -> tg_status {
    boundary!(shared report {
        // SAFETY: an out-parameter.
        let diagnostic = unsafe { out(diagnostic) }?;
        let found = report.report.diagnostics.get(index).ok_or(tg_status::NoSuchIndex)?;
        diagnostic.set(tg_diagnostic {
            status: found.code.into(),
            severity: match found.severity {
                Severity::Error => tg_severity::Error,
                Severity::Warning => tg_severity::Warning,
            },
            code: tg_str::of(found.code.as_str()),
            pointer: tg_str::of(&found.pointer),
            message: tg_str::of(&found.message),
            hint: tg_str::of_option(found.hint.as_deref()),
        });
        Ok(())
    })
}

/// The problems as JSON: a list of `{code, severity, pointer, message, hint}`. Free it with `tg_text_free`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_report_json(report: *const tg_report, json: *mut *mut tg_text) -> tg_status {
    boundary!(shared report {
        // SAFETY: an out-parameter.
        let json = unsafe { out(json) }?;
        json.set(crate::value::json(&report.report.diagnostics)?);
        Ok(())
    })
}

/// Frees what a callback was given, when it is called no more. May be NULL.
pub type tg_free_fn = Option<unsafe extern "C" fn(userdata: *mut c_void)>;

/// Is given the report of each update, on the thread that made it; the report is valid during the call, and not to be freed. It must
/// not throw.
pub type tg_update_fn = Option<unsafe extern "C" fn(userdata: *mut c_void, report: *const tg_report)>;

/// What C gave to be given back to its callback; freed with it.
pub(crate) struct Userdata {
    pub(crate) pointer: *mut c_void,
    free: tg_free_fn,
}

// SAFETY: who gives a callback promises that it and its userdata may be used on the threads that the callback's documentation
// names.
unsafe impl Send for Userdata {}
// SAFETY: as above.
unsafe impl Sync for Userdata {}

impl Userdata {
    pub(crate) const fn new(pointer: *mut c_void, free: tg_free_fn) -> Self {
        Self { pointer, free }
    }
}

impl Drop for Userdata {
    fn drop(&mut self) {
        if let Some(free) = self.free {
            // SAFETY: given for this pointer, and called once.
            unsafe { free(self.pointer) }
        }
    }
}

/// What ends with a subscription.
pub(crate) enum Ended {
    #[cfg(feature = "http")]
    Events(#[expect(dead_code, reason = "held")] tidegate::client::Subscription),
    Updates(#[expect(dead_code, reason = "held")] Subscription),
}

impl tg_subscription {
    pub(crate) fn new(ended: Ended) -> Self {
        Self { mark: Mark::live::<Self>(), _ended: ended }
    }
}

/// A callback that is called until this is freed.
#[cfg_attr(all(), repr(C))]
pub struct tg_subscription {
    mark: Mark,
    _ended: Ended,
}
handle!(tg_subscription, b"TGsu");

/// Calls `callback` after each update, until the subscription is freed or the engine ends; then `free` is called once, and
/// perhaps later, when a call that is under way returns. Where the status is not `TG_STATUS_OK`, `free` is not called.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_engine_on_update(
    engine: *const tg_engine,
    callback: tg_update_fn,
    userdata: *mut c_void,
    free: tg_free_fn,
    subscription: *mut *mut tg_subscription,
) -> tg_status {
    boundary!(shared engine {
        // SAFETY: an out-parameter.
        let subscription = unsafe { out(subscription) }?;
        let callback = callback.ok_or(tg_status::NullPointer)?;
        let userdata = Userdata::new(userdata, free);
        let listener = move |update: &Update| {
            let report = tg_report::lent(Report::of_update(update.clone()));
            let userdata: &Userdata = &userdata;
            // SAFETY: the caller's function with the caller's userdata.
            unsafe { callback(userdata.pointer, &raw const report) }
        };
        let ended = Ended::Updates(engine.engine.on_update(listener));
        subscription.set(tg_subscription::new(ended).give());
        Ok(())
    })
}

/// Ends a subscription; NULL is fine. A call on another thread may go on for longer; `free` is called once none does.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_subscription_free(subscription: *mut tg_subscription) {
    boundary!(or (); {
        // SAFETY: the caller gives it up.
        unsafe { free(subscription) }
    })
}
