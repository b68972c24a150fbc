//! Bad input: a clear error with a code and a pointer, bounded memory, never a panic, and the running snapshot untouched.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on must fail"
)]

mod mutations;
mod patterns;
mod references;
mod releases;
mod sizes;
mod text;

use parking_lot::{Mutex, MutexGuard};
use tidegate::error::{Code, Error};
use tidegate::model::Mode;
use tidegate::{Engine, Update};

/// One test at a time, so that the peak of memory is that of the test.
static ALONE: Mutex<()> = Mutex::new(());

/// The memory that a test takes at its peak, where the system tells (Linux).
struct Peak {
    start_kb: Option<u64>,
    _alone: MutexGuard<'static, ()>,
}

impl Peak {
    fn start() -> Self {
        let alone = ALONE.lock();
        // Resets the peak to what is used now.
        let reset = std::fs::write("/proc/self/clear_refs", "5").is_ok();
        Self { start_kb: if reset { status_kb("VmRSS:") } else { None }, _alone: alone }
    }

    fn grown_kb(&self) -> u64 {
        match (self.start_kb, status_kb("VmHWM:")) {
            (Some(start), Some(peak)) => peak.saturating_sub(start),
            _ => 0,
        }
    }

    fn assert_below_mb(&self, limit: u64) {
        let grown = self.grown_kb() / 1_024;
        assert!(grown < limit, "expected less than {limit} MB at the peak, found {grown} MB");
    }
}

fn status_kb(name: &str) -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    status.lines().find_map(|line| line.strip_prefix(name))?.split_whitespace().next()?.parse().ok()
}

/// An engine that serves something.
fn running(mode: Mode) -> Engine {
    let engine = Engine::builder().mode(mode).build();
    engine.load(br#"{"schema_version": 1, "version": 1, "features": {"running": {"kind": "gate", "default": "on"}}}"#).unwrap();
    engine
}

fn assert_untouched(engine: &Engine) {
    assert_eq!(engine.version(), 1);
    assert!(engine.check("running", &engine.context().build()));
    assert_eq!(engine.view().evaluate_all(&engine.context().build()).count(), 1);
}

/// What an error must be, whatever it is about: it has a code and says where, in few words.
fn assert_clear(error: &Error, what: &str) {
    assert!(Code::all().contains(&error.code()), "{what}");
    assert!(!error.diagnostics().is_empty() && error.diagnostics().len() <= 1_001, "{what}");
    for own in error.diagnostics() {
        assert!(own.pointer.is_empty() || own.pointer.starts_with('/'), "{what}: {}", own.pointer);
        assert!(!own.message.is_empty() && !own.message.contains('\n'), "{what}: {}", own.message);
        assert!(own.message.len() < 1_000, "{what}: a message of {} bytes", own.message.len());
        assert!(own.pointer.len() < 10_000, "{what}: a pointer of {} bytes", own.pointer.len());
    }
    let size: usize = error.diagnostics().iter().map(|own| own.message.len() + own.pointer.len()).sum();
    assert!(size < 10_000_000, "{what}: {size} bytes of problems");
}

/// Refused in both modes.
fn refused(document: &[u8]) -> Error {
    for mode in [Mode::Lenient, Mode::Strict] {
        let engine = running(mode);
        let error = engine.load(document).expect_err("the document must be refused");
        assert_clear(&error, "refused");
        assert_untouched(&engine);
        if mode == Mode::Strict {
            return error;
        }
    }
    unreachable!()
}

/// Refused in strict mode, isolated in lenient mode.
fn isolated(document: &[u8]) -> (Error, Update) {
    let engine = running(Mode::Strict);
    let error = engine.load(document).expect_err("the document must be refused");
    assert_clear(&error, "isolated");
    assert_untouched(&engine);
    let lenient = Engine::builder().mode(Mode::Lenient).build();
    (error, lenient.load(document).unwrap())
}

fn first(error: &Error) -> String {
    let own = error.diagnostics().iter().find(|own| own.code == error.code()).unwrap();
    format!("{} {}", own.code, own.pointer)
}

fn all(error: &Error) -> Vec<String> {
    error.diagnostics().iter().map(|own| format!("{} {}", own.code, own.pointer)).collect()
}

/// So many that what compares each with each takes many minutes, and what is in proportion seconds. Nothing is timed: a test that
/// does not end fails.
const SO_MANY: usize = if cfg!(debug_assertions) { 300_000 } else { 1_000_000 };

fn gates(features: &str) -> String {
    format!(r#"{{"schema_version": 1, "version": 2, "features": {{{features}}}}}"#)
}

/// A document of a gate `f` whose rule has the condition.
fn conditioned(condition: &str) -> String {
    gates(&format!(
        r#""f": {{"kind": "gate", "rules": [{{"id": "r", "if": {condition}, "variant": "on"}}]}}"#
    ))
}

fn tested(op: &str, value: &str) -> String {
    conditioned(&format!(r#"{{"attribute": "a", "op": "{op}", "value": {value}}}"#))
}

const VALUE: &str = "/features/f/rules/0/if/value";
