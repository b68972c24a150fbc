//! Published pipelines: shown, never evaluated.

use std::collections::{BTreeMap, HashSet};

use super::fields::Decoder;
use super::path::Path;
use crate::error::{Code, quote};
use crate::model::{
    Approvals, Entry, Guard, Key, Pipeline, PipelinePhase, Propagation, RampSchedule, RampStep, Trigger,
    limits,
};
use crate::value::Node;

const PHASE: [&str; 8] = ["id", "description", "target", "entry", "ramp", "propagation", "bake_s", "guards"];

impl Decoder {
    /// The pipelines that are sound.
    pub(super) fn pipelines(&mut self, value: Node<'_>, path: &Path<'_>) -> BTreeMap<Key, Pipeline> {
        let mut pipelines = BTreeMap::new();
        for (name, value) in self.section(value, path) {
            let path = path.key(&name);
            let Some(key) = self.name(&name, &path) else { continue };
            let before = self.hard;
            if let Some(pipeline) = self.pipeline(value, &path).filter(|_| self.hard == before) {
                pipelines.insert(key, pipeline);
            }
        }
        pipelines
    }

    fn pipeline(&mut self, value: Node<'_>, path: &Path<'_>) -> Option<Pipeline> {
        let mut fields = self.fields(value, path)?;
        let version = self.required(&mut fields, "version", path);
        let version = version.and_then(|v| self.integer(&v, 1, i64::from(u32::MAX), &path.key("version")));
        let description = self.description(&mut fields, path);
        let phases = self.required(&mut fields, "phases", path);
        let phases = phases.and_then(|value| self.list(value, limits::PHASES, &path.key("phases")));
        self.finish(fields, &["version", "description", "phases"], path);
        let path = path.key("phases");
        let phases = phases?.into_iter().enumerate();
        let phases: Vec<_> = phases.filter_map(|(i, v)| self.pipeline_phase(v, &path.index(i))).collect();
        self.unique_ids(phases.iter().map(|phase| &phase.id), "phase", &path);
        Some(Pipeline { version: u32::try_from(version?).ok()?, description, phases })
    }

    fn pipeline_phase(&mut self, value: Node<'_>, path: &Path<'_>) -> Option<PipelinePhase> {
        let mut fields = self.fields(value, path)?;
        let id = self.required(&mut fields, "id", path).and_then(|value| self.key(value, &path.key("id")));
        let description = self.description(&mut fields, path);
        let target = fields.take("target").and_then(|value| self.targets(value, &path.key("target")));
        let entry = fields.take("entry").and_then(|value| self.entry(value, &path.key("entry")));
        let ramp = fields.take("ramp").and_then(|value| self.schedule(value, &path.key("ramp")));
        let propagation = fields.take("propagation");
        let propagation = propagation.and_then(|value| self.propagation(value, &path.key("propagation")));
        let bake_s = fields.take("bake_s").and_then(|value| self.seconds(&value, &path.key("bake_s")));
        let guards = fields.take("guards").and_then(|value| self.guards(value, &path.key("guards")));
        self.finish(fields, &PHASE, path);
        let guards = guards.unwrap_or_default();
        Some(PipelinePhase { id: id?, description, target, entry, ramp, propagation, bake_s, guards })
    }

    fn entry(&mut self, value: Node<'_>, path: &Path<'_>) -> Option<Entry> {
        let mut fields = self.fields(value, path)?;
        let trigger = fields.take("trigger").and_then(|value| self.trigger(value, &path.key("trigger")));
        let approvals =
            fields.take("approvals").and_then(|value| self.approvals(value, &path.key("approvals")));
        let requires = fields.take("requires").and_then(|value| self.keys(value, &path.key("requires")));
        self.finish(fields, &["trigger", "approvals", "requires"], path);
        Some(Entry { trigger, approvals, requires: requires.unwrap_or_default() })
    }

    fn trigger(&mut self, value: Node<'_>, path: &Path<'_>) -> Option<Trigger> {
        let mut fields = self.fields(value, path)?;
        let wait = fields.take("wait_for_s");
        let wait_for_s = wait.and_then(|value| self.seconds(&value, &path.key("wait_for_s")));
        let at = self.text(&mut fields, "at", path);
        self.finish(fields, &["wait_for_s", "at"], path);
        Some(Trigger { wait_for_s, at })
    }

    fn approvals(&mut self, value: Node<'_>, path: &Path<'_>) -> Option<Approvals> {
        let mut fields = self.fields(value, path)?;
        let count = self.required(&mut fields, "count", path);
        let count = count.and_then(|value| self.unsigned(&value, u32::MAX, &path.key("count")));
        let role = self.optional_key(&mut fields, "role", path);
        self.finish(fields, &["count", "role"], path);
        Some(Approvals { count: count?, role })
    }

    fn schedule(&mut self, value: Node<'_>, path: &Path<'_>) -> Option<RampSchedule> {
        let mut fields = self.fields(value, path)?;
        let steps = self.required(&mut fields, "steps", path);
        self.finish(fields, &["steps"], path);
        let path = path.key("steps");
        let steps = self.list(steps?, limits::LIST_VALUES, &path)?.into_iter().enumerate();
        Some(RampSchedule { steps: steps.filter_map(|(i, v)| self.ramp_step(v, &path.index(i))).collect() })
    }

    fn ramp_step(&mut self, value: Node<'_>, path: &Path<'_>) -> Option<RampStep> {
        let mut fields = self.fields(value, path)?;
        let percent = self.required_percent(&mut fields, "percent", path);
        let hold_s = fields.take("hold_s").and_then(|value| self.seconds(&value, &path.key("hold_s")));
        self.finish(fields, &["percent", "hold_s"], path);
        Some(RampStep { percent: percent?, hold_s: hold_s.unwrap_or(0) })
    }

    fn propagation(&mut self, value: Node<'_>, path: &Path<'_>) -> Option<Propagation> {
        let mut fields = self.fields(value, path)?;
        let percent = self.required_percent(&mut fields, "percent", path);
        let timeout = fields.take("timeout_s");
        let timeout_s = timeout.and_then(|value| self.seconds(&value, &path.key("timeout_s")));
        self.finish(fields, &["percent", "timeout_s"], path);
        Some(Propagation { percent: percent?, timeout_s })
    }

    fn guards(&mut self, value: Node<'_>, path: &Path<'_>) -> Option<Vec<Guard>> {
        let elements = self.list(value, limits::LIST_VALUES, path)?.into_iter().enumerate();
        let guards: Vec<_> = elements.filter_map(|(i, value)| self.guard(value, &path.index(i))).collect();
        self.unique_ids(guards.iter().map(|guard| &guard.id), "guard", path);
        Some(guards)
    }

    fn guard(&mut self, value: Node<'_>, path: &Path<'_>) -> Option<Guard> {
        let mut fields = self.fields(value, path)?;
        let id = self.required(&mut fields, "id", path).and_then(|value| self.key(value, &path.key("id")));
        let description = self.description(&mut fields, path);
        self.finish(fields, &["id", "description"], path);
        Some(Guard { id: id?, description })
    }

    fn seconds(&mut self, value: &Node<'_>, path: &Path<'_>) -> Option<u64> {
        self.integer(value, 0, i64::MAX, path).and_then(|seconds| u64::try_from(seconds).ok())
    }

    /// Reports ids that come twice; the indices are right if every element was sound, else only near.
    fn unique_ids<'k>(&mut self, ids: impl Iterator<Item = &'k Key>, what: &str, path: &Path<'_>) {
        let mut seen = HashSet::new();
        for (i, id) in ids.enumerate().filter(|(_, id)| !seen.insert(Key::clone(id))) {
            let path = path.index(i);
            self.error(
                Code::DuplicateId,
                &path.key("id"),
                format_args!("{what} {} is in the list already", quote(id)),
            );
        }
    }
}
