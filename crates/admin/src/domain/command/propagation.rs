//! Who has applied a share of a release: counted by the server.

use tidegate::model::Key;
use tidegate::release::{Applied, Input};

use crate::domain::entity::Kind;
use crate::domain::{Outcome, Problem, Tx, effects};

/// Tells a release who has applied the share (`step` of the ramp) of a phase; nothing happens if it is at another by now.
///
/// # Errors
/// `NotFound`, `Terminal`.
pub fn applied(
    tx: &mut Tx,
    release: &str,
    phase: &str,
    step: usize,
    heard: Applied,
) -> Result<Outcome, Problem> {
    let id: Key = release.into();
    effects::drive(tx, &id, Input::Applied { phase: phase.into(), step, heard })?;
    let run = effects::find(tx.world(), release)?;
    let summary = effects::summary(&run.release.plan, &run.state.state);
    Ok(Outcome::new("propagation.applied", Kind::Release, &id, summary))
}
