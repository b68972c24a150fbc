//! `release`: starting, looking, acting, watching.

use clap::{Args, Subcommand};
use serde_json::{Map, json};

use self::act::{act, approve, decide, start};
use self::show::{phase_of, pipeline, show, what_happened};
use super::client::{encode, query};
use super::json::{at, object, scalar, text};
use super::start::Start;
use super::time::{duration, instant_of};
use super::{Noun, Remote, Session, watch};
use crate::failure::{Exit, Failure};

mod act;
mod show;

pub(super) use self::show::{allowed_actions, changes, id_of, phase_lines, status, waiting_lines};

/// Releases: one run of a pipeline for a change
#[derive(Args, Debug)]
pub(crate) struct Releases {
    #[command(flatten)]
    remote: Remote,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Lists them, the latest first
    List(List),
    /// Shows one: its phases, what it waits for, what may be done
    Show {
        /// Its id
        id: String,
    },
    /// Starts one for several features and segments at once
    Start(Set),
    /// Approves the entering phase, as it was shown
    Approve {
        /// Its id
        id: String,
        /// What to say with it
        #[arg(long)]
        comment: Option<String>,
    },
    /// Holds the entering phase, until you approve it or it is aborted
    Reject {
        /// Its id
        id: String,
        /// Why
        #[arg(long)]
        reason: String,
    },
    /// Stops everything that moves by itself; what is served stays served
    Pause(Act),
    /// Goes on, with the time that was left
    Unpause(Act),
    /// Ends the current phase: a live one stays live, an entering one is skipped
    Skip(Act),
    /// Ends it; the base is served again everywhere
    Abort {
        /// Its id
        id: String,
        /// Why
        #[arg(long)]
        reason: String,
    },
    /// Completes it now, everywhere
    FullRollOut {
        /// Its id
        id: String,
        /// Why
        #[arg(long)]
        reason: String,
        /// Although approvals, windows or requirements do not hold; marked as a bypass
        #[arg(long)]
        bypass: bool,
    },
    /// Takes a completed release back: the definition before it is live everywhere at once
    Revert {
        /// Its id
        id: String,
        /// Why
        #[arg(long)]
        reason: String,
        /// As a release of its own, phase by phase
        #[arg(long)]
        staged: bool,
    },
    /// Aborts it and starts another from the old base, in one transaction
    Supersede {
        /// Its id
        id: String,
        #[command(flatten)]
        set: Set,
    },
    /// Lists what happened, in order
    History {
        /// Its id
        id: String,
    },
    /// Follows it live, until it ends
    Watch {
        /// Its id
        id: String,
        /// Leave after so long, with exit code 9
        #[arg(long, value_name = "DURATION", value_parser = duration)]
        timeout: Option<u64>,
    },
    /// Tells a verdict of a guard, as a CI job or an alert manager does
    Verdict {
        /// Its id
        id: String,
        /// The guard
        guard: String,
        /// What it is
        #[arg(value_parser = ["pass", "fail", "no_data"])]
        verdict: String,
        /// The number seen, a link, a message
        #[arg(long)]
        detail: Option<String>,
    },
}

#[derive(Args, Debug)]
struct List {
    /// Only in this status: running, completed, aborted, reverted
    #[arg(long)]
    status: Option<String>,
    /// Only of this feature
    #[arg(long)]
    feature: Option<String>,
    /// Only those that touch this environment
    #[arg(long, alias = "env")]
    environment: Option<String>,
    /// Only started or written by them
    #[arg(long)]
    actor: Option<String>,
    /// Only of this pipeline
    #[arg(long)]
    pipeline: Option<String>,
    /// Only started at or after: RFC 3339, or milliseconds since 1970
    #[arg(long, value_parser = crate::args::instant)]
    since: Option<i64>,
    /// Only started before
    #[arg(long, value_parser = crate::args::instant)]
    until: Option<i64>,
    /// Only those that wait for what you can do
    #[arg(long)]
    waiting_for_me: bool,
    /// At most so many
    #[arg(long)]
    limit: Option<usize>,
}

#[derive(Args, Debug)]
struct Act {
    /// Its id
    id: String,
    /// Why
    #[arg(long)]
    reason: Option<String>,
    /// Although approvals, windows or requirements do not hold; marked as a bypass
    #[arg(long)]
    bypass: bool,
}

#[derive(Args, Debug)]
struct Set {
    /// A feature and the file with its new definition, repeatable; KEY= deletes it
    #[arg(long = "feature", value_name = "KEY=FILE", required_unless_present = "segments")]
    features: Vec<String>,
    /// A segment and the file with its new definition, repeatable; KEY= deletes it
    #[arg(long = "segment", value_name = "KEY=FILE", id = "segments")]
    segments: Vec<String>,
    /// The pipeline; left out, the one that all of them are attached to
    #[arg(long)]
    pipeline: Option<String>,
    /// Abort the releases of them that run, and start from the old bases
    #[arg(long)]
    supersede: bool,
    /// Only show what would happen
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    start: Start,
}

impl Noun for Releases {
    fn remote(&self) -> &Remote {
        &self.remote
    }

    fn act(&self, session: &mut Session) -> Result<Exit, Failure> {
        match &self.verb {
            Verb::List(args) => list(session, args),
            Verb::Show { id } => {
                let body = session.client.get(&path(id))?;
                session.print_one(&body, show)
            }
            Verb::Start(set) => start(session, set, None),
            Verb::Supersede { id, set } => start(session, set, Some(id)),
            Verb::Approve { id, comment } => approve(session, id, comment.as_deref()),
            Verb::Reject { id, reason } => {
                decide(session, id, "reject", Map::from_iter([("reason".into(), json!(reason))]))
            }
            Verb::Pause(args) => act(session, args, "pause"),
            Verb::Unpause(args) => act(session, args, "unpause"),
            Verb::Skip(args) => act(session, args, "skip"),
            Verb::Abort { id, reason } => {
                decide(session, id, "abort", Map::from_iter([("reason".into(), json!(reason))]))
            }
            Verb::FullRollOut { id, reason, bypass } => {
                let mut body = Map::from_iter([("reason".into(), json!(reason))]);
                if *bypass {
                    body.insert("bypass".into(), json!(true));
                }
                decide(session, id, "full-roll-out", body)
            }
            Verb::Revert { id, reason, staged } => {
                let mut body = Map::from_iter([("reason".into(), json!(reason))]);
                if *staged {
                    body.insert("staged".into(), json!(true));
                }
                decide(session, id, "revert", body)
            }
            Verb::History { id } => history(session, &format!("{}/history", path(id))),
            Verb::Watch { id, timeout } => watch::run(session, id, *timeout),
            Verb::Verdict { id, guard, verdict, detail } => {
                let body = object([("verdict", json!(verdict)), ("detail", json!(detail))]);
                let path = format!("{}/guards/{}/verdict", path(id), encode(guard));
                let answer = session.client.post(&path, &body)?;
                session.print_answer(&answer, &format!("release {id}: guard {guard} says {verdict}"))
            }
        }
    }
}

/// What happened, as the server read it from the log.
pub(super) fn history(session: &mut Session, path: &str) -> Result<Exit, Failure> {
    let list = session.client.list(path, None)?;
    session.print_list(&list, ["AT", "WHO", "WHAT", "REASON"], |one| {
        [
            instant_of(one.get("at")),
            text(one, "actor").or_else(|| text(one, "by")).unwrap_or_default().to_owned(),
            what_happened(one),
            text(one, "reason").unwrap_or_default().to_owned(),
        ]
    })
}

pub(super) fn path(id: &str) -> String {
    format!("/releases/{}", encode(id))
}

fn list(session: &mut Session, args: &List) -> Result<Exit, Failure> {
    let query = query([
        ("status", args.status.clone()),
        ("feature", args.feature.clone()),
        ("environment", args.environment.clone()),
        ("actor", args.actor.clone()),
        ("pipeline", args.pipeline.clone()),
        ("since", args.since.map(|at| at.to_string())),
        ("until", args.until.map(|at| at.to_string())),
        ("waiting_for_me", args.waiting_for_me.then(|| "true".to_owned())),
    ]);
    let list = session.client.list(&format!("/releases{query}"), args.limit)?;
    session.print_list(
        &list,
        ["RELEASE", "CHANGES", "PIPELINE", "STATUS", "PHASE", "STARTED", "BY", "WAITING FOR"],
        |one| {
            [
                id_of(one),
                changes(one),
                pipeline(one),
                status(one),
                phase_of(one).unwrap_or_default(),
                instant_of(at(one, "/created_at")),
                at(one, "/plan/starter").or_else(|| at(one, "/starter")).map(scalar).unwrap_or_default(),
                waiting_lines(one.get("waiting_for")).first().cloned().unwrap_or_default(),
            ]
        },
    )
}
