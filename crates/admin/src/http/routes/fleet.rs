//! The fleet: who applied what, and how fast it got there.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value as Json, json};
use tidegate::model::Key;
use tidegate::release::Permission::Read;
use utoipa::IntoParams;

use crate::domain::{Code, Problem};
use crate::fleet::{Seen, Standing, State};
use crate::http::operation::Access::May;
use crate::http::operation::{Operation, get};
use crate::http::page;
use crate::http::schema::{FleetPage, PropagationList};
use crate::http::view::Ask;

/// How many of the last versions the summary tells of.
const LATEST: usize = 3;

/// Which members.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
struct Which {
    /// Of this environment.
    environment: Option<String>,
    /// With these process attributes: `region:eu`, several by commas.
    process: Option<String>,
    /// With the process attribute `service` of this value.
    service: Option<String>,
    /// That applied this version.
    version: Option<u64>,
    /// `behind`, `current`, `isolated`, `nacked`, `stale` or `unknown`.
    #[param(value_type = Option<String>)]
    state: Option<State>,
    /// Of this SDK: `rust`, or `rust/1.2.0`.
    sdk: Option<String>,
    /// Behind this relay.
    relay: Option<String>,
    /// How many items, from 1 to 500; 50 if absent.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<usize>,
    /// The `next` of the page before.
    after: Option<String>,
}

/// Of which environment.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
struct Where {
    /// The environment; all that the caller may read if absent.
    environment: Option<String>,
}

pub(super) fn operations() -> Vec<Operation> {
    vec![
        get("/fleet", "list_fleet", May(Read), "Live instances: what each applied, and a summary of each environment")
            .about("An instance is live until three of its intervals after its last report. Instances behind a relay are told in groups, with the ids of those that are stale, refused a version or isolated features. `unknown`: it says a version that was never published, or was live before this server started and has not reported since (`settled` is false meanwhile). Clients of static hosting do not report.")
            .answer::<FleetPage>(200, "a page of members, and the summary of each environment that was asked for")
            .view(|ask, which: Which| Ok(list(ask, &which)?.into())),
        get("/fleet/propagation", "list_propagation", May(Read), "How fast the last versions reached the instances that were live when each was published")
            .about("From the publication to the instance's report that it serves the version, by the clock of the server; nearest-rank percentiles. The latest first, at most 50 of each environment since the server started.")
            .answer::<PropagationList>(200, "a version an item")
            .view(|ask, of: Where| {
                let mut items = Vec::new();
                for environment in environments(ask, of.environment.as_deref())? {
                    for one in ask.app.fleet.propagation(&environment) {
                        items.push(with(json!(one), "environment", json!(environment)));
                    }
                }
                Ok(json!({ "items": items }).into())
            }),
    ]
}

fn with(mut object: Json, name: &str, value: Json) -> Json {
    if let Some(members) = object.as_object_mut() {
        members.insert(name.to_owned(), value);
    }
    object
}

/// The environments that are asked for and that the caller may read.
///
/// # Errors
/// 404 and 403 of one that was named.
fn environments(ask: &Ask, named: Option<&str>) -> Result<Vec<Key>, Problem> {
    let actor = &ask.caller()?.actor;
    let Some(name) = named else {
        let names = ask.world.environments.keys();
        return Ok(names.filter(|name| actor.may(Read, [*name])).cloned().collect());
    };
    let name = Key::from(name);
    if !actor.may(Read, [&name]) {
        let detail = format!("`{}` may not read `{name}`", actor.id);
        return Err(Problem::new(Code::Forbidden, detail).with("permission", json!(Read)));
    }
    if !ask.world.environments.contains_key(&name) {
        return Err(Problem::not_found("environment", &name));
    }
    Ok(vec![name])
}

fn list(ask: &Ask, which: &Which) -> Result<Json, Problem> {
    let attributes = attributes(which)?;
    let fleet = &ask.app.fleet;
    let (mut summary, mut found) = (Vec::new(), BTreeMap::new());
    for environment in environments(ask, which.environment.as_deref())? {
        let seen = fleet.seen(&environment);
        summary.push(sum(ask, &environment, &seen));
        for one in seen.into_iter().filter(|one| fits(one, which, &attributes)) {
            found.insert(format!("{environment}/{}", one.id), one);
        }
    }
    let after = found.into_iter().filter(|(id, _)| which.after.as_ref().is_none_or(|after| id > after));
    let page = page::page(after.map(|(id, one)| (id, shown(ask, &one))), which.limit)?;
    let page = with(page, "summary", Json::Array(summary));
    Ok(with(page, "settled", json!(fleet.settled())))
}

/// The process attributes that are asked for.
fn attributes(which: &Which) -> Result<Vec<(String, String)>, Problem> {
    let parts = which.process.iter().flat_map(|text| text.split(',')).filter(|part| !part.is_empty());
    let split = |part: &str| {
        let pair = part.split_once(':').map(|(name, value)| (name.to_owned(), value.to_owned()));
        pair.ok_or_else(|| {
            let detail = format!("expected `process` as `name:value`, found `{part}`");
            Problem::new(Code::BadRequest, detail).hint("as in `process=region:eu,service:api`")
        })
    };
    let mut attributes: Vec<(String, String)> = parts.map(split).collect::<Result<_, _>>()?;
    attributes.extend(which.service.clone().map(|service| ("service".to_owned(), service)));
    Ok(attributes)
}

fn fits(one: &Seen, which: &Which, attributes: &[(String, String)]) -> bool {
    let member = &one.member;
    let sdk = |wanted: &String| match wanted.split_once('/') {
        Some((name, version)) => member.sdk.name == name && member.sdk.version == version,
        None => member.sdk.name == *wanted,
    };
    let version = member.unknown_version.unwrap_or(member.version);
    attributes.iter().all(|(name, value)| member.attribute(name).is_some_and(|found| found == *value))
        && which.version.is_none_or(|wanted| wanted == version)
        && which.state.is_none_or(|state| one.count(state) > 0)
        && which.sdk.as_ref().is_none_or(sdk)
        && which.relay.as_ref().is_none_or(|relay| member.relay.as_ref() == Some(relay))
}

/// An environment in figures; all of them count instances.
fn sum(ask: &Ask, environment: &Key, seen: &[Seen]) -> Json {
    let count = |state| seen.iter().map(|one| one.count(state)).sum::<u64>();
    let live: u64 = seen.iter().filter(|one| one.is_live()).map(|one| one.member.count).sum();
    let mut latest = ask.app.fleet.propagation(environment);
    latest.truncate(LATEST);
    let mut out = json!({
        "environment": environment,
        "head": ask.app.fleet.head(environment),
        "live": live,
        "propagation": latest,
    });
    for state in State::ALL {
        out = with(out, state.as_str(), json!(count(state)));
    }
    out
}

fn shown(ask: &Ask, one: &Seen) -> Json {
    let member = &*one.member;
    let wall = |uptime: u64| ask.now.wall - i64::try_from(ask.now.uptime.saturating_sub(uptime)).unwrap_or(0);
    let states: Vec<State> = State::ALL.into_iter().filter(|state| one.count(*state) > 0).collect();
    json!({
        "environment": member.environment,
        "instance": (!member.instance.is_empty()).then_some(&member.instance),
        "relay": member.relay,
        "count": member.count,
        "process": member.process,
        "sdk": member.sdk,
        "schema_version": member.schema_version,
        "source": member.source,
        "version": member.unknown_version.unwrap_or(member.version),
        "unknown_version": one.standing == Standing::UnknownVersion,
        "heard": one.is_live(),
        "states": states,
        "version_at": wall(member.since),
        "seen_at": wall(one.at),
        "interval_s": one.interval_ms / 1_000,
        "lag_ms": member.lag_ms,
        "stale": member.stale,
        "nacked": member.nacked,
        "isolated": member.isolated,
    })
}
