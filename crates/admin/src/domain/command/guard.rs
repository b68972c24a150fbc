//! Verdicts of guards: pushed by people and services, or asked of Prometheus by the server.

use serde::{Deserialize, Serialize};
use tidegate::model::Key;
use tidegate::release::{Input, Verdict};

use crate::domain::entity::Kind;
use crate::domain::{Outcome, Problem, Tx, effects};

/// A verdict.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Push {
    /// `pass`, `fail` or `no_data`.
    #[schema(value_type = String)]
    pub verdict: Verdict,
    /// The number seen, a link, a message.
    #[serde(default)]
    pub detail: Option<String>,
}

/// Gives a guard of a release a verdict.
///
/// # Errors
/// `NotFound`, `Forbidden`, `Terminal`, `WrongState` (its phase is not reached).
pub fn verdict(tx: &mut Tx, release: &str, guard: &str, body: Push) -> Result<Outcome, Problem> {
    let id: Key = release.into();
    let input = Input::Verdict {
        by: tx.actor.clone(),
        guard: guard.into(),
        verdict: body.verdict,
        detail: body.detail,
    };
    effects::drive(tx, &id, input)?;
    let run = effects::find(tx.world(), release)?;
    let summary = effects::summary(&run.release.plan, &run.state.state);
    Ok(Outcome::new("guard.verdict", Kind::Release, &id, summary))
}
