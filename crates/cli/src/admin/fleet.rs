//! `fleet`: which instances are live, what each applied, and how fast it got there.

use clap::{Args, Subcommand};
use serde_json::{Value as Json, json};

use super::client::query;
use super::json::{Grid, as_text, at, items, scalar, strings, text};
use super::time::instant_of;
use super::{Noun, Remote, Session};
use crate::failure::{Exit, Failure};

/// Live instances: what each applied, and how fast it got there
#[derive(Args, Debug)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Fleet {
    #[command(flatten)]
    remote: Remote,
    #[command(flatten)]
    which: Which,
    #[command(subcommand)]
    verb: Option<Verb>,
}

#[derive(Args, Debug)]
struct Which {
    /// Only of this environment
    #[arg(long = "env", alias = "environment", value_name = "NAME")]
    environment: Option<String>,
    /// Only with this process attribute, repeatable
    #[arg(long, value_name = "NAME:VALUE")]
    process: Vec<String>,
    /// Only with this process attribute `service`
    #[arg(long)]
    service: Option<String>,
    /// Only where this version is applied
    #[arg(long = "applied", value_name = "VERSION")]
    version: Option<u64>,
    /// Only in this state: behind, current, isolated, nacked, stale, unknown
    #[arg(long, conflicts_with = "stale")]
    state: Option<String>,
    /// Only those without a proof that what they serve is fresh
    #[arg(long)]
    stale: bool,
    /// Only of this SDK: `rust`, or `rust/1.2.0`
    #[arg(long)]
    sdk: Option<String>,
    /// Only behind this relay
    #[arg(long)]
    relay: Option<String>,
    /// At most so many
    #[arg(long)]
    limit: Option<usize>,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// How fast the last versions reached the instances
    Propagation {
        /// Only of this environment
        #[arg(long = "env", alias = "environment", value_name = "NAME")]
        environment: Option<String>,
    },
}

impl Noun for Fleet {
    fn remote(&self) -> &Remote {
        &self.remote
    }

    fn act(&self, session: &mut Session) -> Result<Exit, Failure> {
        match &self.verb {
            Some(Verb::Propagation { environment }) => propagation(session, environment.clone()),
            None => list(session, &self.which),
        }
    }
}

fn list(session: &mut Session, which: &Which) -> Result<Exit, Failure> {
    let state = if which.stale { Some("stale".to_owned()) } else { which.state.clone() };
    let query = query([
        ("environment", which.environment.clone()),
        ("process", (!which.process.is_empty()).then(|| which.process.join(","))),
        ("service", which.service.clone()),
        ("version", which.version.map(|version| version.to_string())),
        ("state", state),
        ("sdk", which.sdk.clone()),
        ("relay", which.relay.clone()),
    ]);
    // The summary comes with each page.
    let mark = if query.is_empty() { '?' } else { '&' };
    let first = session.client.get(&format!("/fleet{query}{mark}limit=1"))?;
    let members = session.client.list(&format!("/fleet{query}"), which.limit)?;
    if session.is_json() {
        session.output.json(&json!({
            "summary": first.get("summary"),
            "settled": first.get("settled"),
            "items": members,
        }))?;
        return Ok(Exit::Done);
    }
    let mut grid = Grid::new([
        "ENVIRONMENT",
        "HEAD",
        "LIVE",
        "CURRENT",
        "BEHIND",
        "STALE",
        "NACKED",
        "ISOLATED",
        "UNKNOWN",
    ]);
    for one in items(&first, "summary") {
        let field = |name: &str| one.get(name).map(scalar).unwrap_or_default();
        grid.row([
            field("environment"),
            field("head"),
            field("live"),
            field("current"),
            field("behind"),
            field("stale"),
            field("nacked"),
            field("isolated"),
            field("unknown"),
        ]);
    }
    grid.print(&mut session.output)?;
    if first.get("settled") == Some(&Json::Bool(false)) {
        session.say("\nthe server started lately: some instances have not reported to it yet")?;
    }
    session.say("")?;
    session.print_list(
        &members,
        ["ENVIRONMENT", "INSTANCE", "PROCESS", "SDK", "VERSION", "STATE", "SEEN", "PROBLEM"],
        |one| {
            [
                text(one, "environment").unwrap_or_default().to_owned(),
                instance(one),
                process(one),
                sdk(one),
                one.get("version").map(scalar).unwrap_or_default(),
                strings(one, "states").join(","),
                instant_of(one.get("seen_at")),
                problem(one).unwrap_or_default(),
            ]
        },
    )
}

/// Its id; of a group, how many, and behind what.
fn instance(one: &Json) -> String {
    let count = one.get("count").and_then(as_text).unwrap_or_default();
    match (text(one, "instance"), text(one, "relay")) {
        (Some(id), _) => id.to_owned(),
        (None, Some(relay)) => format!("{count} behind {relay}"),
        (None, None) => count,
    }
}

fn process(one: &Json) -> String {
    let Some(Json::Object(members)) = one.get("process") else { return String::new() };
    members.iter().map(|(name, value)| format!("{name}={}", scalar(value))).collect::<Vec<_>>().join(" ")
}

fn sdk(one: &Json) -> String {
    let part = |name: &str| at(one, &format!("/sdk/{name}")).map(scalar).unwrap_or_default();
    format!("{} {}", part("name"), part("version")).trim().to_owned()
}

/// The first thing that is wrong with it.
fn problem(one: &Json) -> Option<String> {
    if one.get("unknown_version") == Some(&Json::Bool(true)) {
        return Some("unknown version: it was never published".to_owned());
    }
    if one.get("heard") == Some(&Json::Bool(false)) {
        return Some("not heard since the server started".to_owned());
    }
    if let Some(nack) = items(one, "nacked").first() {
        let part = |name: &str| at(nack, &format!("/nack/{name}")).map(scalar).unwrap_or_default();
        return Some(format!("refused {}: {} {}", part("version"), part("code"), part("message")));
    }
    let isolated = items(one, "isolated").first()?;
    let first = items(isolated, "isolated").first()?;
    let part = |name: &str| first.get(name).map(scalar).unwrap_or_default();
    Some(format!("isolated {}: {} {}", part("feature"), part("code"), part("message")))
}

fn propagation(session: &mut Session, environment: Option<String>) -> Result<Exit, Failure> {
    let query = query([("environment", environment)]);
    let found = session.client.get(&format!("/fleet/propagation{query}"))?;
    session.print_list(
        items(&found, "items"),
        ["ENVIRONMENT", "VERSION", "PUBLISHED", "APPLIED", "P50", "P90", "P99", "MAX"],
        |one| {
            let field = |name: &str| one.get(name).map(scalar).unwrap_or_default();
            let ms = |name: &str| at(one, &format!("/{name}")).map(|ms| format!("{} ms", scalar(ms)));
            [
                field("environment"),
                field("version"),
                instant_of(one.get("published_at")),
                format!("{} of {}", field("applied"), field("live")),
                ms("p50_ms").unwrap_or_default(),
                ms("p90_ms").unwrap_or_default(),
                ms("p99_ms").unwrap_or_default(),
                ms("max_ms").unwrap_or_default(),
            ]
        },
    )
}
