//! The boundary of the cold calls: no panic leaves it, and what failed becomes an error of JavaScript.

use std::panic::{AssertUnwindSafe, catch_unwind};

use serde::Serialize;

use crate::failure::Failure;

/// Runs the body of an export.
pub(crate) fn guarded<T>(work: impl FnOnce() -> Result<T, Failure>) -> napi::Result<T> {
    let done = catch_unwind(AssertUnwindSafe(work));
    Ok(done
        .unwrap_or_else(|_| Err(Failure::defect("the native code panicked; this is a defect of tidegate")))?)
}

/// JSON text of something that always can be one.
pub(crate) fn json(value: &impl Serialize) -> Result<String, Failure> {
    serde_json::to_string(value).map_err(|error| Failure::defect(&error.to_string()))
}
