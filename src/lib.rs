//! Tidegate: the release-pipeline engine that you link into your service.

pub mod bucket;
pub mod compile;
pub mod context;
pub mod engine;
pub mod error;
pub mod eval;
pub mod model;
pub mod operand;
pub mod program;
pub mod trace;
pub mod value;

pub use context::{AttributeKey, AttributeValue, Context, Subject};
pub use engine::{Engine, Feature, Gate, Override, Reader, Update, View};
pub use error::Error;
pub use eval::Decision;
pub use program::Reason;
pub use value::Value;

/// The version of the semantics (docs/SEMANTICS.md) that this crate implements.
pub const SEMANTICS: u32 = 1;
