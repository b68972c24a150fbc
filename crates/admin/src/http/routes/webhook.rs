//! Webhooks and deliveries.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde::Deserialize;
use serde_json::{Value as Json, json};
use tidegate::model::Key;
use tidegate::release::Permission::{Administer, Read};
use utoipa::IntoParams;

use super::Span;
use crate::auth;
use crate::domain::command::access::Because;
use crate::domain::command::webhook::{self, PutWebhook};
use crate::domain::entity::Kind;
use crate::domain::view::{self, WebhookView};
use crate::domain::{Code, Problem};
use crate::http::app::App;
use crate::http::operation::Access::May;
use crate::http::operation::{Operation, delete, get, post, put};
use crate::http::page::{self, Page};
use crate::http::schema::{Delivery as DeliveryShown, Empty, NewSecret};
use crate::http::view::{Ask, Nothing, Shown};
use crate::store::{Delivery, DeliveryFilter, DeliveryStatus};

/// Which deliveries; the newest first.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
struct Which {
    /// `pending`, `delivered` or `dead`.
    #[param(value_type = Option<String>)]
    status: Option<DeliveryStatus>,
    /// How many items, from 1 to 500; 50 if absent.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<usize>,
    /// The `next` of the page before: the number of an event.
    after: Option<u64>,
}

pub(super) fn operations() -> Vec<Operation> {
    vec![
        get("/webhooks", "list_webhooks", May(Read), "Webhook endpoints")
            .answer::<Page>(200, "a page of webhooks")
            .view(|ask, span: Span| span.of(&ask.world, &ask.world.webhooks, view::webhook)),
        post("/webhooks", "create_webhook", May(Administer), "Have facts posted to a URL")
            .about("Signed as Standard Webhooks asks. The signing secret is shown once, in this answer.")
            .example(json!({ "url": "https://hooks.example.org/tidegate", "facts": ["release.awaiting_approval"] }))
            .answer::<NewSecret>(201, "the webhook, with its `secret`")
            .prepared(
                |app, _: &PutWebhook| {
                    let (sealed, secret) = signing_secret(app)?;
                    let id = Key::from(format!("wh_{}", uuid::Uuid::now_v7().simple()));
                    Ok(((id, sealed), Some(secret)))
                },
                |tx, _, body, (id, sealed)| webhook::create(tx, &id, body, sealed),
            ),
        get("/webhooks/{id}", "show_webhook", May(Read), "A webhook endpoint")
            .answer::<WebhookView>(200, "the webhook")
            .view(|ask, _: Nothing| Shown::of("webhook", ask.key(), view::webhook(&ask.world, ask.key()))),
        put("/webhooks/{id}", "update_webhook", May(Administer), "Change a webhook endpoint; its secret stays")
            .of(Kind::Webhook)
            .example(json!({ "url": "https://hooks.example.org/tidegate", "facts": [], "disabled": false }))
            .answer::<WebhookView>(200, "it was changed")
            .command(|tx, call, body: PutWebhook| webhook::update(tx, call.key(), body)),
        delete("/webhooks/{id}", "delete_webhook", May(Administer), "Delete a webhook endpoint")
            .of(Kind::Webhook)
            .answer::<Empty>(200, "it was deleted")
            .command(|tx, call, body: Because| webhook::delete(tx, call.key(), body)),
        post("/webhooks/{id}/rotate", "rotate_webhook", May(Administer), "Give a webhook another signing secret, shown once")
            .of(Kind::Webhook)
            .answer::<NewSecret>(200, "the webhook, with its new `secret`")
            .prepared(
                |app, _: &Because| {
                    let (sealed, secret) = signing_secret(app)?;
                    Ok((sealed, Some(secret)))
                },
                |tx, call, body, sealed| webhook::rotate(tx, call.key(), body, sealed),
            ),
        post("/webhooks/{id}/test", "test_webhook", May(Administer), "Post a trial to a webhook")
            .about("A fact `webhook.tested` goes to this webhook alone, through the outbox like any other.")
            .answer::<WebhookView>(202, "it will be posted")
            .command(|tx, call, _: Empty| webhook::test(tx, call.key())),
        get("/webhooks/{id}/deliveries", "list_webhook_deliveries", May(Read), "What was sent to a webhook, the newest first")
            .answer::<Page>(200, "a page of deliveries")
            .fetch(|ask, which: Which| async move {
                if !ask.world.webhooks.contains_key(ask.key()) {
                    return Err(Problem::not_found("webhook", ask.key()));
                }
                let webhook = Some(ask.key().to_owned());
                deliveries(&ask, which, webhook).await
            }),
        get("/deliveries", "list_deliveries", May(Read), "What was sent to webhooks, the newest first")
            .answer::<Page>(200, "a page of deliveries")
            .fetch(|ask, which: Which| async move { deliveries(&ask, which, None).await }),
        get("/deliveries/{id}", "show_delivery", May(Read), "A delivery")
            .answer::<DeliveryShown>(200, "the delivery")
            .fetch(|ask, _: Nothing| async move {
                let found = ask.app.store.delivery(ask.key()).await.map_err(|e| e.problem())?;
                Shown::of("delivery", ask.key(), found.as_ref().map(shown))
            }),
        post("/deliveries/{id}/resend", "resend_delivery", May(Administer), "Send a delivery again, under its same id")
            .answer::<DeliveryShown>(202, "it will be sent")
            .act(|app, call, bytes| {
                let _: Empty = crate::http::body::parse(&bytes)?;
                Ok(async move {
                    if !call.caller.actor.may(Administer, []) {
                        return Err(Problem::new(Code::Forbidden, "resending takes the permission `administer` everywhere"));
                    }
                    let (store, now) = (&app.store, app.writer.now().wall);
                    let missing = || Problem::not_found("delivery", call.key());
                    if !store.resend(call.key(), now).await.map_err(|e| e.problem())? {
                        return Err(missing());
                    }
                    let found = store.delivery(call.key()).await.map_err(|e| e.problem())?;
                    Ok((202, shown(&found.ok_or_else(missing)?)))
                })
            }),
    ]
}

/// A new signing secret: encrypted, and as it is shown once.
fn signing_secret(app: &App) -> Result<(String, String), Problem> {
    let mut random = [0_u8; 32];
    auth::fill(&mut random)?;
    let secret = format!("whsec_{}", BASE64_STANDARD.encode(random));
    let sealed = app.keys.seal(secret.as_bytes());
    Ok((sealed.map_err(|e| Problem::new(Code::Internal, e.to_string()))?, secret))
}

async fn deliveries(ask: &Ask, which: Which, webhook: Option<String>) -> Result<Shown, Problem> {
    let size = page::size(which.limit)?;
    // A page ends between events, so that the number of an event is enough to go on: what is of the last event, whole.
    let filter = DeliveryFilter {
        webhook,
        status: which.status,
        before: which.after,
        limit: u32::try_from(size + 1).unwrap_or(u32::MAX),
    };
    let mut found = ask.app.store.deliveries(&filter).await.map_err(|e| e.problem())?;
    let more = found.len() > size;
    if more {
        let first = found.first().map(|delivery| delivery.seq);
        let cut = found.last().map(|delivery| delivery.seq);
        if first == cut {
            let detail = "one event has more deliveries than a page: ask for a larger `limit`";
            return Err(Problem::new(Code::BadRequest, detail));
        }
        found.retain(|delivery| Some(delivery.seq) != cut);
    }
    let next = more.then(|| found.last().map(|delivery| delivery.seq.to_string())).flatten();
    Ok(json!({ "items": found.iter().map(shown).collect::<Vec<_>>(), "next": next }).into())
}

fn shown(delivery: &Delivery) -> Json {
    json!({
        "id": delivery.id,
        "event": delivery.seq,
        "fact": delivery.fact,
        "webhook": delivery.webhook,
        "status": delivery.status,
        "attempts": delivery.attempts,
        "next_at": (delivery.status == DeliveryStatus::Pending).then_some(delivery.next_at),
        "last_error": delivery.last_error,
        "created_at": delivery.created_at,
    })
}
