//! How a release starts: the options that every change of something attached to a pipeline has.

use clap::Args;
use serde_json::{Map, Value as Json, json};

use crate::args::instant;
use crate::failure::Failure;

/// How the release starts that the change makes, if it makes one
#[derive(Args, Debug, Default)]
#[group(id = "starting")]
#[command(next_help_heading = "Release")]
pub(crate) struct Start {
    /// What the release is for
    #[arg(long, value_name = "TEXT")]
    pub(crate) release_description: Option<String>,
    /// The phase to start at; those before are skipped
    #[arg(long, value_name = "PHASE")]
    pub(crate) start_at: Option<String>,
    /// Make the change later: RFC 3339, or milliseconds since 1970
    #[arg(long, value_name = "INSTANT", value_parser = instant)]
    pub(crate) at: Option<i64>,
    /// A release that must have completed, repeatable; PHASE: must be over there; of phase OURS: only that phase waits
    #[arg(long = "require", value_name = "[OURS:]RELEASE[@PHASE]")]
    pub(crate) requires: Vec<String>,
    /// The attribute that ramps bucket by, for several features at once
    #[arg(long, value_name = "ATTRIBUTE")]
    pub(crate) ramp_unit: Option<String>,
    /// Why
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: Option<String>,
    /// Pass over approvals and windows that --start-at skips; marked as a bypass
    #[arg(long)]
    pub(crate) bypass: bool,
}

impl Start {
    /// As the server reads it; `null` if nothing is given.
    pub(crate) fn to_json(&self) -> Result<Json, Failure> {
        let mut start = Map::new();
        let mut put = |name: &str, value: Json| {
            if !value.is_null() {
                start.insert(name.to_owned(), value);
            }
        };
        put("description", json!(self.release_description));
        put("start_at", json!(self.start_at));
        put("at", json!(self.at));
        if !self.requires.is_empty() {
            put("requires", self.requires.iter().map(|text| requirement(text)).collect::<Result<Json, _>>()?);
        }
        if let Some(unit) = &self.ramp_unit {
            put("ramp", json!({ "unit": unit }));
        }
        put("reason", json!(self.reason));
        if self.bypass {
            put("bypass", json!(true));
        }
        Ok(if start.is_empty() { Json::Null } else { Json::Object(start) })
    }
}

fn requirement(text: &str) -> Result<Json, Failure> {
    let (phase, rest) = match text.split_once(':') {
        Some((phase, rest)) => (Some(phase), rest),
        None => (None, text),
    };
    let (release, reached) = match rest.split_once('@') {
        Some((release, reached)) => (release, Some(reached)),
        None => (rest, None),
    };
    if release.is_empty() || phase == Some("") || reached == Some("") {
        return Err(Failure::usage(format!("`{text}` names no release"))
            .hint("expected RELEASE, RELEASE@PHASE, or OURS:RELEASE@PHASE"));
    }
    Ok(super::json::object([
        ("phase", json!(phase)),
        ("release", json!(release)),
        ("reached", json!(reached)),
    ]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_given_is_sent_and_nothing_else() {
        assert_eq!(Start::default().to_json().unwrap(), Json::Null);
        let start = Start {
            start_at: Some("prod".into()),
            at: Some(5),
            requires: vec!["r-1".into(), "prod:r-2@staging".into()],
            bypass: true,
            ..Start::default()
        };
        assert_eq!(
            start.to_json().unwrap(),
            json!({"start_at": "prod", "at": 5, "bypass": true,
                "requires": [{"release": "r-1"}, {"phase": "prod", "release": "r-2", "reached": "staging"}]})
        );
        for bad in ["", "@p", ":r", "r@"] {
            assert!(requirement(bad).is_err(), "{bad}");
        }
    }
}
