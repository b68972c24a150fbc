//! Webhook endpoints: where facts are posted.

use std::collections::BTreeSet;

use reqwest::Url;
use serde::Deserialize;
use tidegate::model::Key;
use tidegate::release::Permission;

use super::access::{Because, allow};
use crate::domain::catalogue::{self, fact};
use crate::domain::entity::{Kind, Webhook};
use crate::domain::event::Fact;
use crate::domain::{Code, Outcome, Problem, Tx, view};

#[cfg(test)]
mod tests;

/// `POST /webhooks` and `PUT /webhooks/{id}`: what it becomes, as a whole.
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PutWebhook {
    /// Where deliveries are posted; `http` or `https`.
    pub url: String,
    /// The names of facts that it wants; empty: all.
    #[serde(default)]
    pub facts: BTreeSet<String>,
    /// Nothing is sent.
    #[serde(default)]
    pub disabled: bool,
}

/// Makes an endpoint; `secret` is its signing secret, encrypted. The caller adds the secret itself to the answer.
///
/// # Errors
/// `Forbidden`, `Invalid`, `AlreadyExists`.
pub fn create(tx: &mut Tx, id: &Key, body: PutWebhook, secret: String) -> Result<Outcome, Problem> {
    allow(tx, Permission::Administer, [], "make webhooks")?;
    check(&body)?;
    if tx.row::<Webhook>(id).is_some() {
        return Err(Problem::new(Code::AlreadyExists, format!("there is a webhook `{id}`")));
    }
    let PutWebhook { url, facts, disabled } = body;
    tx.put(id, Webhook { url, facts, secret, disabled, created_at: tx.now.wall })?;
    tell(tx, "webhook.created", id, "made");
    Ok(Outcome::new("webhook.created", Kind::Webhook, id, view::webhook(tx.world(), id)).created())
}

/// Changes an endpoint; its secret stays.
///
/// # Errors
/// `NotFound`, `Forbidden`, `Invalid`.
pub fn update(tx: &mut Tx, id: &str, body: PutWebhook) -> Result<Outcome, Problem> {
    let (key, before) = find(tx, id)?;
    check(&body)?;
    let PutWebhook { url, facts, disabled } = body;
    change(tx, key, Webhook { url, facts, disabled, ..before }, "changed", None)
}

/// Gives an endpoint another secret (encrypted); the caller adds the secret itself to the answer.
///
/// # Errors
/// `NotFound`, `Forbidden`.
pub fn rotate(tx: &mut Tx, id: &str, body: Because, secret: String) -> Result<Outcome, Problem> {
    let (key, before) = find(tx, id)?;
    change(tx, key, Webhook { secret, ..before }, "given another secret", body.reason)
}

/// Deletes an endpoint.
///
/// # Errors
/// `NotFound`, `Forbidden`.
pub fn delete(tx: &mut Tx, id: &str, body: Because) -> Result<Outcome, Problem> {
    let (key, _) = find(tx, id)?;
    tx.remove::<Webhook>(id)?;
    tell(tx, "webhook.deleted", &key, "deleted");
    Ok(Outcome::new("webhook.deleted", Kind::Webhook, &key, ()).because(body.reason))
}

/// Tells a fact `webhook.tested` that is for this endpoint alone (`data.webhook`), whatever it wants else.
///
/// # Errors
/// `NotFound`, `Forbidden`.
pub fn test(tx: &mut Tx, id: &str) -> Result<Outcome, Problem> {
    let (key, _) = find(tx, id)?;
    tell(tx, "webhook.tested", &key, "tested");
    let mut outcome = Outcome::new("webhook.tested", Kind::Webhook, &key, view::webhook(tx.world(), id));
    outcome.status = 202;
    Ok(outcome)
}

fn find(tx: &Tx, id: &str) -> Result<(Key, Webhook), Problem> {
    allow(tx, Permission::Administer, [], "change webhooks")?;
    let found = tx.find::<Webhook>(id).ok_or_else(|| Problem::not_found("webhook", id))?;
    Ok((id.into(), Webhook::clone(&found)))
}

fn change(
    tx: &mut Tx,
    id: Key,
    after: Webhook,
    done: &str,
    reason: Option<String>,
) -> Result<Outcome, Problem> {
    let before = tx.world().seq;
    if tx.put(&id, after)? > before {
        tell(tx, "webhook.changed", &id, done);
    }
    Ok(Outcome::new("webhook.changed", Kind::Webhook, &id, view::webhook(tx.world(), &id)).because(reason))
}

fn tell(tx: &mut Tx, name: &str, id: &Key, done: &str) {
    let data = serde_json::json!({ "webhook": id });
    tx.tell(Fact { data, ..fact(name, format!("webhook `{id}` was {done}")) });
}

fn check(body: &PutWebhook) -> Result<(), Problem> {
    let invalid = |detail: String| Problem::new(Code::Invalid, detail);
    let url: Url = body.url.parse().map_err(|e| invalid(format!("not a URL: {e}")).at("/url"))?;
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
        return Err(invalid(format!("`{}` is no scheme for webhooks", url.scheme()))
            .at("/url")
            .hint("`http` or `https`"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(invalid(
            "the URL has a user or password in it, and is shown to all who may read".to_owned(),
        )
        .at("/url")
        .hint("deliveries are signed: check the signature"));
    }
    match body.facts.iter().find(|name| !catalogue::known(name)) {
        None => Ok(()),
        Some(name) => {
            Err(invalid(format!("there is no fact `{name}`")).at("/facts").with("known", catalogue::NAMES))
        }
    }
}
