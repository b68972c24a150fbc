//! The stream of events.

use tidegate::release::Permission::Read;

use crate::http::events::{self, Wanted};
use crate::http::operation::Access::May;
use crate::http::operation::{Operation, get};

pub(super) fn operations() -> Vec<Operation> {
    vec![
        get("/events", "follow_events", May(Read), "What happens, as it happens")
            .about("Server-sent events: `id` is the number of the event in the log, `event` its action, `data` the event without what was \
before and after. `Last-Event-ID` (or `after`) goes on where a stream broke off.")
            .stream::<Wanted, _, _>("text/event-stream", events::follow),
    ]
}
