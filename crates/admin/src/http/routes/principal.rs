//! Principals and tokens.

use serde_json::{Value as Json, json};
use tidegate::release::Permission::{Administer, Read};

use super::Span;
use crate::auth;
use crate::domain::command::access::Because;
use crate::domain::command::principal::{self, CreatePrincipal, UpdatePrincipal};
use crate::domain::command::token::{self, CreateToken, NewToken};
use crate::domain::entity::Kind;
use crate::domain::view::{self, PrincipalView, TokenView};
use crate::domain::{Code, Problem};
use crate::http::operation::Access::{Caller, May, Once};
use crate::http::operation::{Operation, delete, get, post, put};
use crate::http::page::{self, Page};
use crate::http::schema::{Empty, Me, NewSecret};
use crate::http::view::{Ask, Nothing, Shown};

pub(super) fn principals() -> Vec<Operation> {
    vec![
        get("/principals", "list_principals", May(Read), "People and service accounts")
            .answer::<Page>(200, "a page of principals")
            .view(|ask, span: Span| span.of(&ask.world, &ask.world.principals, view::principal)),
        post("/principals", "create_principal", May(Administer), "Make a person or service account")
            .example(json!({ "id": "ana", "kind": "person", "grants": [{ "role": "editor" }] }))
            .answer::<PrincipalView>(201, "it was made")
            .command(|tx, _, body: CreatePrincipal| principal::create(tx, body)),
        get("/principals/{id}", "show_principal", May(Read), "A principal")
            .answer::<PrincipalView>(200, "the principal")
            .view(|ask, _: Nothing| {
                Shown::of("principal", ask.key(), view::principal(&ask.world, ask.key()))
            }),
        put("/principals/{id}", "update_principal", May(Administer), "Change a principal")
            .of(Kind::Principal)
            .example(json!({ "grants": [{ "role": "releaser", "environments": ["staging"] }] }))
            .answer::<PrincipalView>(200, "it was changed")
            .command(|tx, call, body: UpdatePrincipal| principal::update(tx, call.key(), body)),
        post(
            "/principals/{id}/disable",
            "disable_principal",
            May(Administer),
            "Disable a principal, with all its tokens",
        )
        .of(Kind::Principal)
        .answer::<PrincipalView>(200, "it was disabled")
        .command(|tx, call, body: Because| principal::disable(tx, call.key(), body)),
        delete(
            "/principals/{id}",
            "delete_principal",
            May(Administer),
            "Delete a principal that nothing names",
        )
        .of(Kind::Principal)
        .answer::<Empty>(200, "it was deleted")
        .command(|tx, call, body: Because| principal::delete(tx, call.key(), body)),
    ]
}

pub(super) fn tokens() -> Vec<Operation> {
    vec![
        get("/me", "show_me", Caller, "Who the token speaks for, and what they may do")
            .answer::<Me>(200, "the principal and the token")
            .view(|ask, _: Nothing| {
                let caller = ask.caller()?;
                let principal = view::principal(&ask.world, &caller.actor.id);
                Ok(json!({ "principal": principal, "token": view::token(&ask.world, &caller.token) }).into())
            }),
        get("/tokens", "list_tokens", Caller, "Tokens: all of them for admins, else one's own")
            .answer::<Page>(200, "a page of tokens")
            .fetch(|ask, span: Span| async move {
                let used = last_used(&ask).await?;
                let caller = ask.caller()?;
                let all = caller.actor.may(Administer, []);
                let world = &ask.world;
                page::table(&world.tokens, span.after.as_deref(), span.limit, |key, row| {
                    let own = row.body.principal == caller.actor.id;
                    (all || own).then(|| with_last_used(json!(view::token(world, key)), used.get(&**key)))
                })
            }),
        post("/tokens", "create_token", Once, "Make a token: one's own, or for admins another's")
            .about("The secret is shown once, in this answer. A repetition with the same `Idempotency-Key` does not show it again.")
            .example(json!({ "principal": "ana", "description": "laptop", "expires_at": 1_900_000_000_000_i64 }))
            .answer::<NewSecret>(201, "the token, with its `secret`")
            .prepared(
                |_, _: &CreateToken| {
                    let secret = auth::new_secret()?;
                    Ok((NewToken::of(&secret), Some(secret)))
                },
                |tx, call, body, new| {
                    let owner = body.principal.as_ref().unwrap_or(&call.caller.actor.id);
                    if call.caller.once && *owner != call.caller.actor.id {
                        let detail = "the one-time token makes a token of its own principal only";
                        return Err(Problem::new(Code::Forbidden, detail).at("/principal"));
                    }
                    token::create(tx, body, new, Some(&call.caller.token))
                },
            ),
        get("/tokens/{id}", "show_token", Caller, "A token: for admins, else one's own")
            .answer::<TokenView>(200, "the token")
            .fetch(|ask, _: Nothing| async move {
                let used = last_used(&ask).await?;
                let caller = ask.caller()?;
                let seen = view::token(&ask.world, ask.key())
                    .filter(|token| token.principal == caller.actor.id || caller.actor.may(Administer, []))
                    .map(|token| with_last_used(json!(token), used.get(ask.key())));
                Shown::of("token", ask.key(), seen)
            }),
        post("/tokens/{id}/revoke", "revoke_token", Caller, "Revoke a token: one's own, or for admins another's")
            .of(Kind::Token)
            .answer::<TokenView>(200, "it was revoked, at once")
            .command(|tx, call, body: Because| token::revoke(tx, call.key(), body)),
    ]
}

/// When each token was last used (ms).
pub(super) async fn last_used(ask: &Ask) -> Result<std::collections::BTreeMap<String, i64>, Problem> {
    let mut used = ask.app.store.token_use().await.map_err(|e| e.problem())?;
    used.extend(ask.app.used.peek());
    Ok(used)
}

pub(super) fn with_last_used(mut token: Json, at: Option<&i64>) -> Json {
    if let (Some(fields), Some(at)) = (token.as_object_mut(), at) {
        fields.insert("last_used".to_owned(), json!(at));
    }
    token
}
