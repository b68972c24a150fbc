//! Snapshots: what engines evaluate.

use serde_json::json;
use sha2::{Digest as _, Sha256};
use tidegate::model::Key;
use tidegate::release::Permission::Read;

use crate::domain::{Code, Problem, snapshot};
use crate::http::operation::Access::May;
use crate::http::operation::{Operation, get};
use crate::http::schema::Snapshot;
use crate::http::view::{Nothing, Shown};

pub(super) fn operations() -> Vec<Operation> {
    vec![
        get("/snapshot", "show_snapshot", May(Read), "The whole document: all environments, phases and published pipelines")
            .about("For the command line and offline evaluation. The ETag is the SHA-256 of the bytes.")
            .answer::<Snapshot>(200, "the document")
            .view(|ask, _: Nothing| Ok(document(snapshot::full_document(&ask.world)))),
        get("/snapshots/{environment}", "show_environment_snapshot", May(Read), "The document of an environment")
            .about("Definitions, live phases and their shares, exactly the bytes that engines get. The ETag is the SHA-256 of the bytes.")
            .answer::<Snapshot>(200, "the document")
            .view(|ask, _: Nothing| {
                let name = Key::from(ask.key());
                let actor = &ask.caller()?.actor;
                if !actor.may(Read, [&name]) {
                    let detail = format!("`{}` may not read `{name}`", actor.id);
                    return Err(Problem::new(Code::Forbidden, detail).with("permission", json!(Read)));
                }
                if !ask.world.environments.contains_key(&name) {
                    return Err(Problem::not_found("environment", &name));
                }
                Ok(document(snapshot::document(&ask.world, &name)))
            }),
    ]
}

fn document(bytes: Vec<u8>) -> Shown {
    let etag = hex::encode(Sha256::digest(&bytes));
    Shown::Document(bytes, "application/json", etag)
}
