//! The C ABI: the only `extern "C"` of the project, over the public API of `tidegate` alone.
//!
//! ```text
//!  C ── tg_reader_check(reader, feature, context, &on) ──▶ boundary! ─ handle alive? of this thread? of this engine?
//!                                                            │ yes                                   └▶ a status
//!                                                            ▼
//!                                                 tidegate::Reader::check ── a panic ──▶ this handle is poisoned
//! ```
//! Each export is one `boundary!`: what a pointer must be is checked once, in `boundary`, and no panic crosses into C
//! (`tests/header.rs` reads the sources and refuses an export without it). `include/tidegate.h` is generated from these files
//! by cbindgen, and checked in; its head says what holds for all functions.
//!
//! INVARIANT: an out-parameter is written only when the status is `Ok`, and last.

#![expect(non_camel_case_types, reason = "these are the names that C sees")]

#[macro_use]
mod boundary;

pub mod client;
pub mod context;
pub mod decision;
pub mod engine;
pub mod exposure;
mod further;
pub mod log;
pub mod overrides;
pub mod reader;
mod readers;
pub mod report;
pub mod status;
pub mod text;
mod thread;
pub mod trace;
pub mod value;
pub mod version;
pub mod view;
