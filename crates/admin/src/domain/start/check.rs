//! What a change must be before it is let through: of the present, permitted, free of users, sound.

use std::collections::BTreeSet;

use tidegate::model::Key;
use tidegate::release::Permission;

use super::{Ask, Wanted, places};
use crate::domain::entity::Kind;
use crate::domain::{Code, Problem, Table, Tx, World, effects, index, references, validate};

/// Refuses what was written on another revision than the present one.
pub(super) fn check_revisions(world: &World, ask: &Ask) -> Result<(), Problem> {
    for (subject, seen) in &ask.base_revisions {
        let (now, definition) = match subject.strip_prefix("segment:") {
            Some(key) => {
                let row = world.segments.get(key).ok_or_else(|| Problem::not_found("segment", key))?;
                (row.body.definition_revision, serde_json::to_value(&row.body.definition))
            }
            None => {
                let row =
                    world.features.get(subject).ok_or_else(|| Problem::not_found("feature", subject))?;
                (row.body.definition_revision, serde_json::to_value(&row.body.definition))
            }
        };
        if now != *seen {
            let text = format!("`{subject}` is at revision {now}; the change was written on {seen}");
            return Err(Problem::new(Code::Stale, text)
                .at("/base_revision")
                .hint("look at the present definition, and send the change again with its revision")
                .with("revision", now)
                .with("definition", definition.unwrap_or_default()));
        }
    }
    Ok(())
}

/// Writing needs the permission where it is noticed; where nobody notices, anywhere.
pub(super) fn check_permission(tx: &Tx, touched: &[Key]) -> Result<(), Problem> {
    let may = if touched.is_empty() {
        tx.actor.grants.iter().any(|grant| grant.role.allows(Permission::Write))
    } else {
        tx.actor.may(Permission::Write, touched)
    };
    if may {
        return Ok(());
    }
    let text = format!("`{}` may not write what is served in all of {}", tx.actor.id, list(touched));
    Err(Problem::new(Code::Forbidden, text).with("environments", touched))
}

/// Refuses to touch an environment without a pipeline that asks for one.
pub(super) fn check_floor(world: &World, touched: &[Key]) -> Result<(), Problem> {
    let asks =
        |key: &&Key| world.environments.get(&***key).is_some_and(|row| row.body.floor.pipeline_required);
    let asking: Vec<Key> = touched.iter().filter(asks).cloned().collect();
    if asking.is_empty() {
        return Ok(());
    }
    Err(Problem::new(Code::PipelineRequired, format!("{} ask(s) for a pipeline", list(&asking)))
        .hint("attach a pipeline; then the change is released phase by phase")
        .with("environments", &asking))
}

/// Names, for people.
fn list(keys: &[Key]) -> String {
    let names: Vec<&str> = keys.iter().map(|key| &**key).collect();
    if names.is_empty() { "no environment".to_owned() } else { format!("`{}`", names.join("`, `")) }
}

/// Refuses to delete or archive what others use, and to use what is being deleted.
pub(super) fn check_users(world: &World, ask: &Ask) -> Result<(), Problem> {
    let own = |user: &references::User| match user.kind {
        Kind::Feature => ask.features.contains_key(&user.key),
        Kind::Segment => ask.segments.contains_key(&user.key),
        Kind::Schedule => ask.schedule.as_ref() == Some(&user.key),
        _ => false,
    };
    for (key, wanted) in &ask.features {
        let was = world.features.get(key).and_then(|row| row.body.definition.clone());
        let archives = match wanted {
            Wanted::Become(definition) => definition.archived && !was.is_some_and(|was| was.archived),
            Wanted::Gone => true,
            Wanted::Patched => false,
        };
        if archives {
            let mut users = references::feature(world, key);
            users.retain(|user| !own(user));
            references::unused("feature", key, &users)?;
        }
    }
    for (key, _) in ask.segments.iter().filter(|(_, wanted)| **wanted == Wanted::Gone) {
        let mut users = references::segment(world, key);
        users.retain(|user| !own(user));
        references::unused("segment", key, &users)?;
    }
    let mut referred = BTreeSet::new();
    for wanted in ask.features.values() {
        if let Wanted::Become(definition) = wanted {
            referred.extend(references::of_feature(definition));
        }
    }
    for wanted in ask.segments.values() {
        if let Wanted::Become(definition) = wanted {
            referred.extend(references::of_segment(definition));
        }
    }
    for subject in referred {
        let Some(id) = world.release_of(&subject) else { continue };
        let run = effects::find(world, id)?;
        let deletes = match subject.strip_prefix("segment:") {
            Some(key) => run.release.plan.segments.get(key).is_some_and(|c| c.candidate == Some(None)),
            None => run.release.plan.features.get(&subject).is_some_and(|c| c.candidate == Some(None)),
        };
        if deletes {
            let text = format!("release `{id}` is deleting `{subject}`, which the change refers to");
            return Err(Problem::new(Code::ReleaseActive, text).with("releases", [id]));
        }
    }
    Ok(())
}

/// Checks what a change can make invalid, with the running releases and without them.
pub(super) fn check_definitions(world: &World, ask: &Ask) -> Result<(), Problem> {
    let segments = ask.segments.keys().map(|key| index::segment(key));
    let part = world.around(ask.features.keys().cloned().chain(segments));
    validate::definitions_at(&part, &places(ask))?;
    if !part.release_states.is_empty() {
        let bare = World { release_states: Table::new(), ..part };
        validate::definitions_at(&bare, &places(ask))?;
    }
    Ok(())
}
