//! One question to Prometheus.

use reqwest::Client;

use super::judge::{Reading, short};
use crate::outbound;

/// The most that is read of an answer, in bytes: a guard gives few numbers.
const LIMIT: usize = 1 << 20;

/// Asks `GET {url}/api/v1/query`.
///
/// # Errors
/// If there is no answer, or it is no number; for people.
pub(super) async fn ask(http: &Client, url: &str, query: &str) -> Result<Reading, String> {
    if url.is_empty() {
        return Err("no Prometheus server is configured, and the guard names none".to_owned());
    }
    let mut address = outbound::address(url)?;
    address.set_fragment(None);
    let path = format!("{}/api/v1/query", address.path().trim_end_matches('/'));
    address.set_path(&path);
    address.query_pairs_mut().clear().append_pair("query", query);
    let response = http.get(address).send().await.map_err(|error| outbound::reason(error).to_string())?;
    let status = response.status();
    let (body, whole) =
        outbound::body(response, LIMIT).await.map_err(|error| outbound::reason(error).to_string())?;
    if !whole {
        return Err(format!("the answer is longer than {LIMIT} bytes: aggregate, e.g. `sum(…)`"));
    }
    // Errors of Prometheus itself (400, 422, 503) are JSON as well; what is not comes from something before it.
    Reading::parse(&body)
        .map_err(|error| short(if status.is_success() { error } else { format!("{status}: {error}") }))
}
