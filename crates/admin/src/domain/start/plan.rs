//! The plan of a release: the pipeline's phases, with what their environments ask for worked in.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use tidegate::model::{self, EnvironmentBlock, Key, PatchKind, Percent, PipelineRef, ReleaseRamp, Target};
use tidegate::release::{
    self, Approvals, Change, Coverage, Now, Permission, Phase, PhaseStatus, Pipeline, Plan, State, Status,
    Transition, Windows,
};

use super::{Ask, Start, Wanted};
use crate::domain::entity::{Kind, ReleaseState};
use crate::domain::{Code, Problem, Row, Tx, World, digest, effects, index, references, validate};

/// Where a release goes.
pub(super) struct Place {
    /// The pipeline.
    pub(super) pipeline: Key,
    /// The environments that the change touches and that take part in pipelines.
    pub(super) touched: Vec<Key>,
    /// Those that it touches outside pipelines.
    pub(super) opted_out: Vec<Key>,
}

/// The plan of a release, and the touched environments that no phase covers.
pub(super) fn of(
    tx: &Tx,
    ask: &Ask,
    id: &Key,
    place: &Place,
) -> Result<(Plan, Vec<(Key, Coverage)>), Problem> {
    let world = tx.world();
    let (version, pipeline) = published(world, &place.pipeline)?;
    let mut environments: Vec<Vec<Key>> =
        pipeline.phases.iter().map(|phase| environments(world, phase)).collect();
    leave_to_last(&mut environments, &place.touched);
    let windows = environments.iter().map(|names| windows(world, &pipeline, names)).collect();
    let phases = pipeline.phases.iter().zip(&environments);
    let phases = phases.map(|(phase, names)| taking_part(world, with_floors(world, phase, names)));
    let phases: Vec<Phase> = phases.collect();
    let start_at = start_at(&phases, &ask.start)?;
    let features = ask.features.iter().map(|(key, wanted)| {
        let base = world.features.get(key).and_then(|row| row.body.definition.clone());
        (Key::clone(key), Change { base, candidate: wanted.candidate() })
    });
    let segments = ask.segments.iter().map(|(key, wanted)| {
        let base = world.segments.get(key).and_then(|row| row.body.definition.clone());
        (Key::clone(key), Change { base, candidate: wanted.candidate() })
    });
    let unit = ask.start.ramp.as_ref().map(|ramp| Key::clone(&ramp.unit));
    let mut plan = Plan {
        id: Key::clone(id),
        description: ask.start.description.clone(),
        pipeline: PipelineRef { key: Key::clone(&place.pipeline), version },
        phases,
        environments,
        windows,
        start_at,
        features: features.collect(),
        segments: segments.collect(),
        ramp: ReleaseRamp { unit, salt: None },
        opted_out: if ask.features.values().any(|wanted| *wanted == Wanted::Patched) {
            Vec::new()
        } else {
            place.opted_out.clone()
        },
        requires: ask.start.requires.clone(),
        author: Key::clone(&tx.actor.id),
        starter: Key::clone(&tx.actor.id),
        digest: String::new(),
    };
    check_patches(&plan)?;
    check_ramp(&plan)?;
    check_requirements(world, &plan)?;
    plan.digest = digest::of(world, &plan);
    let live = plan.phases.get(start_at..).unwrap_or_default();
    let mut uncovered = release::coverage(live, &place.touched);
    uncovered.retain(|(_, coverage)| *coverage != Coverage::Covered);
    Ok((plan, uncovered))
}

/// The version of a pipeline that new releases run.
fn published(world: &World, key: &Key) -> Result<(u32, Arc<Pipeline>), Problem> {
    let row = world.pipelines.get(key).ok_or_else(|| Problem::not_found("pipeline", key).at("/pipeline"))?;
    if row.body.archived {
        let text = format!("pipeline `{key}` is archived");
        return Err(Problem::new(Code::WrongState, text).hint("attach another pipeline"));
    }
    let version = row.body.published.and_then(|version| {
        let row = world.pipeline_versions.get(&*references::version_key(key, version))?;
        Some((version, Arc::clone(&row.body.body)))
    });
    version.ok_or_else(|| {
        let text = format!("pipeline `{key}` is not published");
        Problem::new(Code::WrongState, text).hint("publish it, or attach another")
    })
}

/// The environments that the phases of a pipeline concern.
pub(super) fn covered(world: &World, pipeline: &str) -> Vec<Key> {
    let Ok((_, pipeline)) = published(world, &pipeline.into()) else { return Vec::new() };
    pipeline.phases.iter().flat_map(|phase| environments(world, phase)).collect()
}

/// The environments of a phase, sorted: those that its target names, else all that take part in pipelines.
fn environments(world: &World, phase: &Phase) -> Vec<Key> {
    let every =
        || world.environments.iter().filter(|(_, row)| row.body.pipelines).map(|(key, _)| Key::clone(key));
    let mut names = BTreeSet::new();
    match &phase.target {
        None => names.extend(every()),
        Some(entries) => {
            for entry in entries {
                match &entry.environments {
                    None => names.extend(every()),
                    Some(some) => names.extend(some.iter().cloned()),
                }
            }
        }
    }
    names.into_iter().collect()
}

/// Environments that no phase is for get the change when the last one is over: what they ask for counts there, else a pipeline
/// that passes them by would pass their floors by as well.
fn leave_to_last(phases: &mut [Vec<Key>], touched: &[Key]) {
    let left: Vec<Key> =
        touched.iter().filter(|name| !phases.iter().any(|names| names.contains(name))).cloned().collect();
    if let Some(last) = phases.last_mut() {
        last.extend(left);
        last.sort_unstable();
    }
}

/// The windows of a phase besides its own: the pipeline's, and those of its environments.
fn windows(world: &World, pipeline: &Pipeline, environments: &[Key]) -> Vec<Windows> {
    let floors =
        environments.iter().filter_map(|name| Some(world.environments.get(name)?.body.floor.windows.clone()));
    std::iter::once(pipeline.windows.clone()).chain(floors).filter(|windows| !windows.is_empty()).collect()
}

/// A phase with what its environments ask for at least; the stricter counts.
fn with_floors(world: &World, phase: &Phase, environments: &[Key]) -> Phase {
    let floors =
        environments.iter().filter_map(|name| world.environments.get(name)).map(|row| &row.body.floor);
    let (mut least, mut no_self) = (0, false);
    for floor in floors {
        least = least.max(floor.approvals);
        no_self |= floor.no_self_approval;
    }
    let mut phase = phase.clone();
    if least > 0 {
        let none =
            Approvals { count: 0, role: None, services: Vec::new(), self_approval: false, deadline: None };
        let approvals = phase.entry.approvals.get_or_insert(none);
        approvals.count = approvals.count.max(least);
    }
    if let Some(approvals) = &mut phase.entry.approvals {
        approvals.self_approval &= !no_self;
    }
    phase
}

/// A phase that patches everywhere, but for the environments that opted out; those have their candidates already, and nothing
/// else is done to them.
fn taking_part(world: &World, mut phase: Phase) -> Phase {
    let patches = phase.patches.iter().flatten().any(|patch| patch.patch != PatchKind::Apply);
    if !patches || world.environments.values().all(|row| row.body.pipelines) {
        return phase;
    }
    let every = world.environments.iter().filter(|(_, row)| row.body.pipelines);
    let every: Vec<Key> = every.map(|(key, _)| Key::clone(key)).collect();
    for entry in phase.target.get_or_insert_with(|| vec![Target::default()]) {
        entry.environments.get_or_insert_with(|| every.clone());
    }
    phase
}

fn start_at(phases: &[Phase], start: &Start) -> Result<usize, Problem> {
    let Some(wanted) = &start.start_at else { return Ok(0) };
    phases.iter().position(|phase| phase.id == *wanted).ok_or_else(|| {
        let names: Vec<&str> = phases.iter().map(|phase| &*phase.id).collect();
        let text = format!("the pipeline has no phase `{wanted}`");
        Problem::new(Code::Invalid, text)
            .at("/start/start_at")
            .hint(format!("it has `{}`", names.join("`, `")))
    })
}

/// Each change must be touched by some phase; else nobody would ever be served it.
fn check_patches(plan: &Plan) -> Result<(), Problem> {
    let live = || plan.phases.iter().skip(plan.start_at);
    let applies = |key: Option<&Key>| {
        live().any(|phase| match &phase.patches {
            None => true,
            Some(patches) => patches.iter().any(|patch| {
                patch.patch == PatchKind::Apply && (patch.feature.is_none() || patch.feature.as_ref() == key)
            }),
        })
    };
    let unserved = |what: &str, key: &Key| {
        let text =
            format!("no phase of pipeline `{}` applies the change of {what} `{key}`", plan.pipeline.key);
        Problem::new(Code::Invalid, text).hint("use a pipeline with a phase that applies candidates")
    };
    for (key, change) in &plan.features {
        if change.candidate.is_some() {
            if !applies(Some(key)) {
                return Err(unserved("feature", key));
            }
            continue;
        }
        let patched = |phase: &Phase| {
            phase.patches.iter().flatten().any(|patch| {
                patch.patch != PatchKind::Apply && patch.feature.as_ref().is_none_or(|feature| feature == key)
            })
        };
        if !live().any(patched) {
            let text =
                format!("no phase of pipeline `{}` does anything to feature `{key}`", plan.pipeline.key);
            return Err(
                Problem::new(Code::Invalid, text).hint("give its phases `enable`, `disable` or `set`")
            );
        }
    }
    match plan.segments.keys().find(|_| !applies(None)) {
        Some(key) => Err(unserved("segment", key)),
        None => Ok(()),
    }
}

/// Several subjects that grow together need one unit.
fn check_ramp(plan: &Plan) -> Result<(), Problem> {
    let single = plan.features.len() == 1 && plan.segments.is_empty();
    let grows = |phase: &Phase| {
        let steps = phase.ramp.iter().flat_map(release::Ramp::steps);
        steps.into_iter().any(|step| step.percent < Percent::ALL)
    };
    if single || plan.ramp.unit.is_some() || !plan.phases.iter().any(grows) {
        return Ok(());
    }
    Err(Problem::new(
        Code::Invalid,
        "the ramps of the pipeline need a unit that everything in the release shares",
    )
    .at("/start/ramp")
    .hint("send `start.ramp.unit`, such as `user_id`"))
}

/// What is required must exist, still be able to come, and not wait for this release itself.
fn check_requirements(world: &World, plan: &Plan) -> Result<(), Problem> {
    for (place, requirement) in plan.requires.iter().enumerate() {
        let at = |member: &str| format!("/start/requires/{place}/{member}");
        let invalid = |member: &str, text: String| Problem::new(Code::Invalid, text).at(at(member));
        let other = &requirement.release;
        let Ok(run) = effects::find(world, other) else {
            return Err(invalid("release", format!("there is no release `{other}`")));
        };
        if matches!(run.state.state.status, Status::Aborted | Status::Reverted) {
            return Err(invalid(
                "release",
                format!("release `{other}` has ended; it cannot get there any more"),
            ));
        }
        if let Some(phase) = &requirement.reached
            && !run.release.plan.phases.iter().any(|known| known.id == *phase)
        {
            return Err(invalid("reached", format!("release `{other}` has no phase `{phase}`")));
        }
        if let Some(phase) = &requirement.phase
            && !plan.phases.iter().any(|known| known.id == *phase)
        {
            return Err(invalid("phase", format!("the pipeline has no phase `{phase}`")));
        }
        if waits_for(world, other, &plan.id) {
            return Err(invalid(
                "release",
                format!("release `{other}` waits for this one: neither would go on"),
            ));
        }
    }
    Ok(())
}

/// Whether a release waits for another, itself or by what it waits for.
fn waits_for(world: &World, release: &Key, wanted: &Key) -> bool {
    let mut seen = BTreeSet::new();
    let mut ahead = vec![Key::clone(release)];
    while let Some(id) = ahead.pop() {
        if id == *wanted {
            return true;
        }
        if seen.insert(Key::clone(&id))
            && let Ok(run) = effects::find(world, &id)
        {
            ahead
                .extend(run.release.plan.requires.iter().map(|requirement| Key::clone(&requirement.release)));
        }
    }
    false
}

/// A start at a later phase must not pass over approvals unmarked.
pub(super) fn check_start(tx: &Tx, plan: &Plan, start: &Start) -> Result<(), Problem> {
    if !release::start_needs_bypass(plan) {
        return Ok(());
    }
    if !start.bypass {
        let text = "a phase before `start_at` needs approvals or other releases";
        return Err(Problem::new(Code::NeedsBypass, text)
            .at("/start/start_at")
            .hint("start at an earlier phase, or send `start.bypass: true` and a reason"));
    }
    if start.reason.as_deref().is_none_or(|reason| reason.trim().is_empty()) {
        return Err(Problem::new(Code::ReasonRequired, "a bypass needs a reason").at("/start/reason"));
    }
    let skipped: Vec<Key> = plan.environments.iter().take(plan.start_at).flatten().cloned().collect();
    if tx.actor.may(Permission::Bypass, &skipped) {
        return Ok(());
    }
    Err(Problem::new(Code::Forbidden, format!("`{}` may not pass over approvals", tx.actor.id)))
}

/// Puts a release that is about to start into a world that is only looked at.
pub(super) fn running(world: &mut World, id: &Key, transition: &Transition) {
    let state = State { status: Status::Running, ..transition.state.clone() };
    let body = ReleaseState {
        state: Arc::new(state),
        next_wake: transition.next_wake,
        updated_at: 0,
        ended_at: None,
        completed_revisions: BTreeMap::new(),
    };
    world.release_states.insert(Key::clone(id), Row { revision: 0, body: Arc::new(body) });
    world.reindex(Kind::ReleaseState, id);
}

/// Checks the definitions that a release would leave behind, after those that it waits for have, and itself on its way.
pub(super) fn foresee(
    world: &World,
    plan: &Plan,
    transition: &Transition,
    now: Now,
    places: &validate::Places<'_>,
) -> Result<(), Problem> {
    let mut after = world.clone();
    for requirement in plan.requires.iter().filter(|r| r.phase.is_none() && r.reached.is_none()) {
        if let Ok(run) = effects::find(world, &requirement.release)
            && run.state.state.status == Status::Running
        {
            let other = &run.release.plan;
            effects::overlay(&mut after, &effects::folded(world, other, &done(other, now)));
        }
    }
    let mut way = after.clone();
    effects::overlay(&mut after, &effects::folded(world, plan, &done(plan, now)));
    validate::definitions_at(&effects::bases(&after, index::subjects(plan)), places)?;
    // On the way there as well: what another release is still making may not be there where a phase goes live.
    running(&mut way, &plan.id, transition);
    effects::alone(&way, plan)
}

/// The state of a plan that went through all its phases.
pub(super) fn done(plan: &Plan, now: Now) -> State {
    let mut state = release::start(plan, now).state;
    state.status = Status::Completed;
    for (phase, planned) in state.phases.iter_mut().zip(&plan.phases).skip(plan.start_at) {
        phase.status = PhaseStatus::Done;
        let steps = planned.ramp.as_ref().map(release::Ramp::steps).unwrap_or_default();
        phase.percent = steps.last().map_or(Percent::ALL, |step| step.percent);
    }
    state
}

/// Makes a definition serve in an environment as another does.
pub(super) fn settle_block(definition: &mut model::Feature, like: &model::Feature, environment: &Key) {
    let block = like.environments.get(environment);
    let enabled = block.and_then(|block| block.enabled).unwrap_or(like.enabled);
    let implied = |feature: &model::Feature| (feature.kind == model::Kind::Gate).then(|| Key::from("off"));
    let shared = |feature: &model::Feature| feature.default.clone().or_else(|| implied(feature));
    let default = block.and_then(|block| block.default.clone()).or_else(|| shared(like));
    let rules = block.and_then(|block| block.rules.as_ref()).unwrap_or(&like.rules);
    let own = EnvironmentBlock {
        description: block.and_then(|block| block.description.clone()),
        enabled: (enabled != definition.enabled).then_some(enabled),
        default: default.filter(|default| Some(default) != shared(definition).as_ref()),
        rules: (*rules != definition.rules).then(|| rules.clone()),
    };
    if own == EnvironmentBlock::default() {
        definition.environments.remove(environment);
    } else {
        definition.environments.insert(Key::clone(environment), own);
    }
}
