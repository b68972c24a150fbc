//! A trace as a tree of text, for people.
//!
//! ```text
//!  checkout = true (variant `on`) because rule `beta` matched  [release rel_7, phase prod-us-west]  snapshot 42
//!  ├─ release rel_7
//!  │  └─ phase prod-us-west: apply for everyone — took part
//!  └─ rules of the candidate
//!     └─ rule `beta`: plan eq "beta" ✓ → `on`
//! ```

use std::fmt::{self, Write as _};

use super::tree::{Draw, Node, Outcome, PatchNode, Share, Source, Step};
use super::{Decision, Reason, Trace};
use crate::model::{Key, Op, PatchKind, Percent};
use crate::value::Value;

/// Longer texts are shortened.
const LONG: usize = 80;
/// So many elements of a list are shown.
const ELEMENTS: usize = 4;

impl fmt::Display for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_decision(f, &self.decision)?;
        write_nodes(f, &self.steps, &mut String::new())
    }
}

fn write_decision(f: &mut fmt::Formatter<'_>, decision: &Decision) -> fmt::Result {
    match &decision.variant {
        Some(variant) => {
            write!(f, "{} = {} (variant `{variant}`)", decision.feature, shortened(&decision.value))?
        }
        None => write!(f, "{} = the caller's default", decision.feature)?,
    }
    let rule = decision.rule.as_deref();
    match (decision.reason, rule) {
        (Reason::Archived, _) => f.write_str(" because it is archived")?,
        (Reason::Default, Some(rule)) => write!(f, " because the unit is outside of rule `{rule}`")?,
        (Reason::Default, None) => f.write_str(" because no rule served")?,
        (Reason::Disabled, _) => f.write_str(" because it is disabled")?,
        (Reason::InvalidDefinition, _) => f.write_str(" because its definition is invalid")?,
        (Reason::Killed, _) => f.write_str(" because it is killed")?,
        (Reason::Rule, rule) => write!(f, " because rule `{}` matched", rule.unwrap_or_default())?,
        (Reason::Split, rule) => {
            write!(f, " because rule `{}` matched and serves the unit", rule.unwrap_or_default())?
        }
        (Reason::UnknownFeature, _) => f.write_str(" because there is no such feature")?,
    }
    if let (Some(release), Some(phase)) = (&decision.release, &decision.phase) {
        let indirect = if decision.indirect { ", indirect" } else { "" };
        write!(f, "  [release {release}, phase {phase}{indirect}]")?;
    }
    writeln!(f, "  snapshot {}", decision.version)
}

fn write_nodes(f: &mut fmt::Formatter<'_>, nodes: &[Node], indent: &mut String) -> fmt::Result {
    for (index, node) in nodes.iter().enumerate() {
        let last = index + 1 == nodes.len();
        write!(f, "{indent}{}", if last { "└─ " } else { "├─ " })?;
        let inlined = inlined(node);
        write_line(f, node, inlined)?;
        f.write_char('\n')?;
        let length = indent.len();
        indent.push_str(if last { "   " } else { "│  " });
        if inlined.is_none() {
            write_nodes(f, &node.children, indent)?;
        }
        indent.truncate(length);
    }
    Ok(())
}

/// A rule, an entry of a target or a segment has room on its line for its only part.
fn inlined(node: &Node) -> Option<&Node> {
    let room = matches!(node.step, Step::Rule { .. } | Step::Segment { .. } | Step::Target { .. });
    match node.children.as_slice() {
        [child] if room && child.children.is_empty() && child.outcome != Outcome::Note => Some(child),
        _ => None,
    }
}

fn write_line(f: &mut fmt::Formatter<'_>, node: &Node, inlined: Option<&Node>) -> fmt::Result {
    write_step(f, node)?;
    if let Some(child) = inlined {
        f.write_str(": ")?;
        write_line(f, child, None)?;
        let agree = (child.outcome == Outcome::Holds) == (node.outcome == Outcome::Holds);
        if !agree {
            write_outcome(f, node)?;
        }
    } else {
        write_outcome(f, node)?;
    }
    match &node.step {
        Step::Rule { serves: Some(variant), .. } if node.holds() => write!(f, " → `{variant}`"),
        Step::Rule { serves: Some(variant), .. } => write!(f, " → the default, `{variant}`"),
        _ => Ok(()),
    }
}

fn write_outcome(f: &mut fmt::Formatter<'_>, node: &Node) -> fmt::Result {
    if let Step::Patch(patch) = &node.step {
        return f.write_str(match node.outcome {
            Outcome::Holds => " — took part",
            Outcome::Skipped if !patch.live => " — not live",
            Outcome::Skipped => " — not examined, a later patch decided",
            _ => " — did not take part",
        });
    }
    match node.outcome {
        Outcome::Fails => f.write_str(" ✗")?,
        Outcome::Holds => f.write_str(" ✓")?,
        Outcome::NotApplicable => f.write_str(" ✗")?,
        Outcome::Note => {}
        Outcome::Skipped => return f.write_str(" · not evaluated"),
    }
    write_seen(f, node)?;
    if node.as_above { f.write_str(" (as above)") } else { Ok(()) }
}

/// What was looked at, where that says more than ✓ and ✗.
fn write_seen(f: &mut fmt::Formatter<'_>, node: &Node) -> fmt::Result {
    let inapplicable = node.outcome == Outcome::NotApplicable;
    let process = if node.folded { "process: " } else { "" };
    match &node.step {
        Step::Test { seen: None, .. } => write!(f, " ({process}missing)"),
        Step::Test { seen: Some(seen), .. } if inapplicable => {
            write!(f, " ({process}saw {seen}, not of the type that is asked for)")
        }
        Step::Test { attribute, seen: Some(seen), .. } if node.folded => {
            write!(f, " (process: {attribute} = {seen})")
        }
        Step::Test { seen: Some(seen), .. } => write!(f, " (saw {seen})"),
        Step::Environments { seen: Some(seen), .. } if node.folded => {
            write!(f, " (process: environment = {seen:?})")
        }
        Step::Environments { seen: Some(seen), .. } => write!(f, " (saw {seen:?})"),
        Step::Environments { seen: None, .. } => f.write_str(" (no environment)"),
        Step::Feature { seen: Some(seen), .. } => write!(f, " (decided `{seen}`)"),
        Step::Feature { seen: None, .. } => f.write_str(" (not applicable: no variant)"),
        Step::Segment { .. } if inapplicable => f.write_str(" (not applicable: no such segment)"),
        Step::Time { now, .. } => write!(f, " (now {now})"),
        Step::All { .. } | Step::Any { .. } | Step::Share { .. } if node.folded => f.write_str(" (process)"),
        _ => Ok(()),
    }
}

fn write_step(f: &mut fmt::Formatter<'_>, node: &Node) -> fmt::Result {
    match &node.step {
        Step::All { of } => write!(f, "all of {of}"),
        Step::Any { of } => write!(f, "any of {of}"),
        Step::Definition { source, enabled, archived, default } => {
            write!(f, "definition: {}", source_name(*source))?;
            match enabled {
                Some(true) => f.write_str(", enabled")?,
                Some(false) => f.write_str(", disabled")?,
                None => {}
            }
            if *archived {
                f.write_str(", archived")?;
            }
            default.iter().try_for_each(|default| write!(f, ", default `{default}`"))
        }
        Step::Deeper => f.write_str("… deeper than is shown"),
        Step::Environments { environments, .. } => write!(f, "environments [{}]", joined(environments)),
        Step::Feature { feature, variants, negated, .. } => {
            write!(f, "{}feature `{feature}` is one of [{}]", not(*negated), joined(variants))
        }
        Step::Killed { environment, reason } => {
            write!(f, "killed in {environment}")?;
            reason.iter().try_for_each(|reason| write!(f, ", because {}", quoted(reason)))
        }
        Step::More { count } => write!(f, "{count} more"),
        Step::Patch(patch) => write_patch(f, patch),
        Step::Release { release } => write!(f, "release {release}"),
        Step::Rule { rule, .. } => write!(f, "rule `{rule}`"),
        Step::Rules { source } => write!(f, "rules of {}", source_name(*source)),
        Step::Segment { segment, negated } => write!(f, "{}segment `{segment}`", not(*negated)),
        Step::Share { of, negated, draw } => write_share(f, *of, *negated, draw),
        Step::Target { target } => write!(f, "target {target}"),
        Step::Test { attribute, op, operand, ignore_case, negated, .. } => {
            write!(f, "{}{attribute} {}", not(*negated), op_name(*op))?;
            if *ignore_case {
                f.write_str(" (ignoring case)")?;
            }
            if operand.is_empty() { Ok(()) } else { write!(f, " {operand}") }
        }
        Step::Time { from, to, negated, .. } => {
            write!(f, "{}time", not(*negated))?;
            from.iter().try_for_each(|from| write!(f, " from {from}"))?;
            to.iter().try_for_each(|to| write!(f, " to {to}"))
        }
    }
}

fn write_patch(f: &mut fmt::Formatter<'_>, patch: &PatchNode) -> fmt::Result {
    let name = match patch.patch {
        PatchKind::Apply => "apply",
        PatchKind::Disable => "disable",
        PatchKind::Enable => "enable",
        PatchKind::Set => "set",
    };
    write!(f, "phase {}: {name}", patch.phase)?;
    patch.variant.iter().try_for_each(|variant| write!(f, " `{variant}`"))?;
    match &patch.audience {
        Some(segment) => write!(f, " for segment `{segment}`"),
        None => f.write_str(" for everyone"),
    }
}

fn write_share(f: &mut fmt::Formatter<'_>, of: Share, negated: bool, draw: &Draw) -> fmt::Result {
    let name = match of {
        Share::Allocation => "allocation",
        Share::Bucket => "bucket",
        Share::Exclusion => "exclusion range",
        Share::Ramp => "ramp",
        Share::Rollout => "rollout",
        Share::Split => "split",
    };
    let percent = Percent(draw.to.saturating_sub(draw.from));
    write!(f, "{}{name} {percent} %: ", not(negated))?;
    let (unit, salt) = (&draw.unit, &draw.salt);
    match (&draw.text, draw.bucket) {
        (Some(text), Some(bucket)) => {
            let text = quoted(text);
            write!(f, "bucket {bucket} of {unit} {text} with salt {salt:?}")?;
        }
        _ => write!(f, "bucket of {unit} with salt {salt:?}")?,
    }
    match draw.from {
        0 => write!(f, " < {}", draw.to)?,
        from => write!(f, " in {from}..{}", draw.to)?,
    }
    if draw.text.is_none() { f.write_str(" (missing unit)") } else { Ok(()) }
}

fn source_name(source: Source) -> &'static str {
    match source {
        Source::Base => "the base",
        Source::Candidate => "the candidate",
        Source::Invalid => "an invalid base",
        Source::Tombstone => "none (a tombstone)",
    }
}

fn not(negated: bool) -> &'static str {
    if negated { "not " } else { "" }
}

fn joined(keys: &[Key]) -> String {
    let shown: Vec<&str> = keys.iter().take(ELEMENTS * 2).map(|key| &**key).collect();
    match keys.len().checked_sub(shown.len()) {
        Some(more @ 1..) => format!("{}, … {more} more", shown.join(", ")),
        _ => shown.join(", "),
    }
}

/// The name in a document.
fn op_name(op: Op) -> String {
    match serde_json::to_value(op) {
        Ok(serde_json::Value::String(name)) => name,
        _ => format!("{op:?}"),
    }
}

/// A value on one line; the ends of long lists, objects and texts are left out.
pub(super) fn shortened(value: &Value) -> String {
    match value {
        Value::Str(text) => quoted(text),
        Value::Strings(list) => elements(list.iter().map(quoted), list.len()),
        Value::List(values) => elements(values.iter().map(shortened), values.len()),
        Value::Object(members) => {
            let shown =
                members.iter().take(ELEMENTS).map(|(key, value)| format!("{key:?}: {}", shortened(value)));
            let text = shown.collect::<Vec<_>>().join(", ");
            let more = if members.len() > ELEMENTS { ", …" } else { "" };
            truncated(&format!("{{{text}{more}}}"))
        }
        scalar => format!("{scalar:?}"),
    }
}

fn elements(shown: impl Iterator<Item = String>, count: usize) -> String {
    let text = truncated(&shown.take(ELEMENTS).collect::<Vec<_>>().join(", "));
    match count.checked_sub(ELEMENTS) {
        Some(more @ 1..) => format!("[{text}, … {more} more]"),
        _ => format!("[{text}]"),
    }
}

/// In quotes; what has no glyph is escaped, so that a text cannot draw the tree.
fn quoted(text: &str) -> String {
    format!("{:?}", truncated(text))
}

fn truncated(text: &str) -> String {
    match text.char_indices().nth(LONG) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}
