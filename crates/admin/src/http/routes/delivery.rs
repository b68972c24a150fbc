//! SDK keys, and the keys that snapshots are signed with.

use serde_json::json;
use tidegate::release::Permission::Administer;
use tidegate::wire::SdkKey;

use super::Span;
use crate::auth;
use crate::domain::Problem;
use crate::domain::command::access::Because;
use crate::domain::command::sdk_key::{self, CreateSdkKey, NewSdkKey};
use crate::domain::command::signing_key::{self, Rotate};
use crate::domain::entity::Kind;
use crate::domain::view::{self, SdkKeyView, SigningKeyView};
use crate::http::app::App;
use crate::http::operation::Access::May;
use crate::http::operation::{Operation, get, post};
use crate::http::page::{self, Page};
use crate::http::schema::{Empty, NewSecret};
use crate::publisher;

pub(super) fn sdk_keys() -> Vec<Operation> {
    vec![
        get("/sdk-keys", "list_sdk_keys", May(Administer), "SDK keys of the environments that you administer")
            .answer::<Page>(200, "a page of SDK keys")
            .fetch(|ask, span: Span| async move {
                let used = super::principal::last_used(&ask).await?;
                let (world, actor) = (&ask.world, &ask.caller()?.actor);
                page::table(&world.sdk_keys, span.after.as_deref(), span.limit, |key, row| {
                    let may = actor.may(Administer, [&row.body.environment]);
                    let shown = || json!(view::sdk_key(world, key));
                    may.then(|| super::principal::with_last_used(shown(), used.get(&**key)))
                })
            }),
        post("/sdk-keys", "create_sdk_key", May(Administer), "Make an SDK key of an environment")
            .about("The `secret` is the connection string: address, SDK key, environment and the public key to pin in one line, which is all that an SDK needs. It is shown once, in this answer.")
            .example(json!({ "environment": "prod", "description": "checkout service" }))
            .answer::<NewSecret>(201, "the SDK key, with its connection string as `secret`")
            .prepared(
                |app, body: &CreateSdkKey| {
                    let mut random = [0_u8; 32];
                    auth::fill(&mut random)?;
                    let key = SdkKey::from_bytes(&random);
                    let new = NewSdkKey::of(key.secret());
                    let connection =
                        app.delivery.connection(&body.environment, body.url.as_deref(), key)?;
                    Ok((new, Some(connection)))
                },
                |tx, _, body, new| sdk_key::create(tx, body, new),
            ),
        post("/sdk-keys/{id}/revoke", "revoke_sdk_key", May(Administer), "Revoke an SDK key")
            .about("Requests with it are refused from now on; its streams end at once.")
            .of(Kind::SdkKey)
            .answer::<SdkKeyView>(200, "it was revoked")
            .command(|tx, call, body: Because| sdk_key::revoke(tx, call.key(), body)),
    ]
}

pub(super) fn signing_keys() -> Vec<Operation> {
    vec![
        get("/signing-keys", "list_signing_keys", May(Administer), "The keys that snapshots are signed with")
            .answer::<Page>(200, "a page of signing keys, without their secrets")
            .view(|ask, span: Span| span.of(&ask.world, &ask.world.signing_keys, view::signing_key)),
        post("/signing-keys", "create_signing_key", May(Administer), "Make the next signing key")
            .about("Clients learn of it at once, endorsed by the active key, and it signs after the next rotation.")
            .answer::<SigningKeyView>(201, "the key")
            .prepared(
                |app, _: &Empty| Ok((made(app, false)?, None)),
                |tx, _, _, new| signing_key::create(tx, new),
            ),
        post("/signing-keys/rotate", "rotate_signing_key", May(Administer), "Sign with another key from now on")
            .about("The next key becomes active, or a new one if there is none. The one before is `retiring`: connection strings that pin it are still good, since clients follow its endorsement. `lost`: its secret is gone, so that it endorses nothing; clients must be given new connection strings.")
            .example(json!({ "reason": "yearly" }))
            .answer::<SigningKeyView>(200, "the key that signs now")
            .prepared(
                |app, body: &Rotate| Ok((made(app, body.lost)?, None)),
                |tx, _, body, new| signing_key::rotate(tx, body, new),
            ),
        post("/signing-keys/{id}/retire", "retire_signing_key", May(Administer), "Forget the secret of a key that does not sign")
            .about("What it endorsed stays endorsed.")
            .of(Kind::SigningKey)
            .answer::<SigningKeyView>(200, "it was retired")
            .command(|tx, call, body: Because| signing_key::retire(tx, call.key(), body)),
    ]
}

/// A new signing key, endorsed by the one that is active now.
fn made(app: &App, lost: bool) -> Result<signing_key::NewSigningKey, Problem> {
    publisher::make(&app.keys, &app.writer.world(), app.writer.now().wall, lost)
}
