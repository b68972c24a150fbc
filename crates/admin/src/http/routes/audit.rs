//! The audit log.

use axum::body::Body;
use axum::http::header;
use axum::response::IntoResponse as _;
use futures_util::stream;
use serde::Deserialize;
use serde_json::{Value as Json, json};
use tidegate::release::Permission::Read;
use utoipa::IntoParams;

use crate::domain::{Code, Problem};
use crate::http::operation::Access::May;
use crate::http::operation::{Operation, get};
use crate::http::page::{self, Page};
use crate::http::schema::{AuditEvent, Verified};
use crate::http::view::{Nothing, Shown};
use crate::store::{Entry, LogFilter, StoreError};

/// Which events.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
struct Which {
    /// By this principal.
    actor: Option<String>,
    /// This action; with `*` at its end: all that begin so (`release.*`).
    action: Option<String>,
    /// About this kind of thing (`release`, `feature`, …).
    kind: Option<String>,
    /// About the thing with this key.
    key: Option<String>,
    /// Not before this instant (ms).
    since: Option<i64>,
    /// Before this instant (ms).
    until: Option<i64>,
    /// The newest first; false if absent.
    newest_first: Option<bool>,
    /// How many items, from 1 to 500; 50 if absent.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<usize>,
    /// The `next` of the page before: the number of an event.
    after: Option<u64>,
}

/// What the log is checked against.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
struct Noted {
    /// The hash of an event that was noted before (64 hexadecimal digits): the log must hold it.
    head: Option<String>,
}

/// Events that are read at once for the export.
const CHUNK: u32 = 500;

pub(super) fn operations() -> Vec<Operation> {
    vec![
        get("/audit", "list_audit", May(Read), "What was done, by whom, with before and after")
            .answer::<Page>(200, "a page of events, each with its hash")
            .fetch(|ask, which: Which| async move {
                let size = page::size(which.limit)?;
                let newest_first = which.newest_first.unwrap_or(false);
                let (after, before) = if newest_first { (None, which.after) } else { (which.after, None) };
                let filter = LogFilter {
                    after,
                    before,
                    actor: which.actor,
                    action: which.action,
                    subject_kind: which.kind,
                    subject_key: which.key,
                    from: which.since,
                    until: which.until,
                    newest_first,
                    // One more, to know whether there is another page.
                    limit: u32::try_from(size + 1).unwrap_or(u32::MAX),
                };
                let entries = ask.app.store.log(&filter).await.map_err(|e| e.problem())?;
                let items: Vec<(String, Json)> = entries
                    .iter()
                    .map(|entry| Ok((entry.seq.to_string(), shown(entry)?)))
                    .collect::<Result<_, Problem>>()?;
                Ok(page::page(items, which.limit)?.into())
            }),
        get("/audit/verify", "verify_audit", May(Read), "Whether the log is whole and leads to the present state")
            .about("Every hash is computed anew. Give the `head` that you noted elsewhere before, to see that the log was not rewritten.")
            .answer::<Verified>(200, "it is")
            .fetch(|ask, noted: Noted| async move {
                if noted.head.as_deref().is_some_and(|head| head.len() != 64 || !head.bytes().all(|b| b.is_ascii_hexdigit())) {
                    return Err(Problem::new(Code::BadRequest, "expected `head` to be 64 hexadecimal digits"));
                }
                let verified = match ask.app.store.verify(noted.head.as_deref()).await {
                    Ok(verified) => verified,
                    Err(StoreError::Damaged(why)) => {
                        return Ok(json!({ "whole": false, "why": why }).into());
                    }
                    Err(e) => return Err(e.problem()),
                };
                Ok(json!({ "whole": true, "events": verified.events, "head": verified.head }).into())
            }),
        get("/audit/export", "export_audit", May(Read), "The whole log, an event a line (JSONL), each with its hash")
            .stream::<Nothing, _, _>("application/jsonl", |ask, _, _| async move {
                let store = ask.app.store.clone();
                // Up to where the log is now: an export of a busy server ends.
                let last = ask.world.seq;
                let lines = stream::try_unfold(0_u64, move |after| {
                    let store = store.clone();
                    async move {
                        if after >= last {
                            return Ok(None);
                        }
                        let filter = LogFilter {
                            after: Some(after),
                            before: Some(last + 1),
                            limit: CHUNK,
                            ..LogFilter::default()
                        };
                        let entries = store.log(&filter).await.map_err(std::io::Error::other)?;
                        let Some(end) = entries.last() else { return Ok(None) };
                        let text: String = entries.iter().map(line).collect();
                        Ok::<_, std::io::Error>(Some((text, end.seq)))
                    }
                });
                let headers = [(header::CONTENT_TYPE, "application/jsonl")];
                Ok((headers, Body::from_stream(lines)).into_response())
            }),
        get("/audit/{seq}", "show_audit_event", May(Read), "An event of the log")
            .answer::<AuditEvent>(200, "the event")
            .fetch(|ask, _: Nothing| async move {
                let missing = || Problem::not_found("event", ask.key());
                let seq = ask.key().parse().map_err(|_| missing())?;
                let entry = ask.app.store.entry(seq).await.map_err(|e| e.problem())?.ok_or_else(missing)?;
                Ok(Shown::Json(shown(&entry)?))
            }),
    ]
}

/// An event with its hashes.
fn shown(entry: &Entry) -> Result<Json, Problem> {
    let mut event: Json =
        serde_json::from_str(&entry.body).map_err(|e| Problem::new(Code::Internal, e.to_string()))?;
    if let Some(fields) = event.as_object_mut() {
        fields.insert("hash".to_owned(), json!(entry.hash));
        fields.insert("prev_hash".to_owned(), json!(entry.prev_hash));
    }
    Ok(event)
}

/// A line of the export: the event as a string, since its exact bytes are what was hashed.
fn line(entry: &Entry) -> String {
    json!({ "seq": entry.seq, "prev_hash": entry.prev_hash, "hash": entry.hash, "event": entry.body })
        .to_string()
        + "\n"
}
