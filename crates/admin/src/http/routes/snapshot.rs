//! Snapshots: what engines evaluate.

use serde_json::json;
use sha2::{Digest as _, Sha256};
use tidegate::model::Key;
use tidegate::release::Permission::Read;

use crate::domain::{Code, Problem, snapshot};
use crate::http::operation::Access::May;
use crate::http::operation::{Operation, get};
use crate::http::schema::Snapshot;
use crate::http::view::{Ask, Nothing, Shown};

pub(super) fn operations() -> Vec<Operation> {
    vec![
        get("/snapshot", "show_snapshot", May(Read), "The whole document: all environments, phases and published pipelines")
            .about("For the command line and offline evaluation. The ETag is the SHA-256 of the bytes. `tidegate-audit-head` in the head of the answer is the hash of the last event of the log that is in it: note it, and verify the log against it later.")
            .answer::<Snapshot>(200, "the document")
            .fetch(|ask, _: Nothing| async move { document(&ask, snapshot::full_document(&ask.world)).await }),
        get("/snapshots/{environment}", "show_environment_snapshot", May(Read), "The document of an environment")
            .about("Definitions, live phases and their shares, exactly the bytes that engines get. The ETag is the SHA-256 of the bytes; `tidegate-audit-head` as for the whole document.")
            .answer::<Snapshot>(200, "the document")
            .fetch(|ask, _: Nothing| async move {
                let name = Key::from(ask.key());
                let actor = &ask.caller()?.actor;
                if !actor.may(Read, [&name]) {
                    let detail = format!("`{}` may not read `{name}`", actor.id);
                    return Err(Problem::new(Code::Forbidden, detail).with("permission", json!(Read)));
                }
                if !ask.world.environments.contains_key(&name) {
                    return Err(Problem::not_found("environment", &name));
                }
                document(&ask, snapshot::document(&ask.world, &name)).await
            }),
    ]
}

async fn document(ask: &Ask, bytes: Vec<u8>) -> Result<Shown, Problem> {
    let etag = hex::encode(Sha256::digest(&bytes));
    // The world that is shown is the fold of the log up to this event.
    let last = ask.app.store.entry(ask.world.seq).await.map_err(|e| e.problem())?;
    Ok(Shown::Document(bytes, "application/json", etag, last.map(|entry| entry.hash)))
}
