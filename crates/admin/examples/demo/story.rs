//! What the demo sets up and does over the admin API: environments, people, pipeline, feature, release, actions.

use serde_json::{Value as Json, json};

use crate::http::Connection;
use crate::server::{Fails, Server};

pub(crate) const FEATURE: &str = "new-checkout";
const PIPELINE: &str = "around-the-world";

/// A service: its environment, region and whether people's money is at stake there.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    pub(crate) environment: &'static str,
    pub(crate) region: &'static str,
    production: bool,
}

/// Where the services run, in the order of the phases.
pub(crate) const PLACES: [Place; 5] = [
    Place { environment: "dev", region: "eu-central-1", production: false },
    Place { environment: "staging", region: "eu-central-1", production: false },
    Place { environment: "prod-us-west", region: "us-west-2", production: true },
    Place { environment: "prod-us-east", region: "us-east-1", production: true },
    Place { environment: "prod-eu", region: "eu-central-1", production: true },
];

/// Who drives the release, and who approves.
#[derive(Debug)]
pub(crate) struct Story {
    admin: Connection,
    approver: Connection,
}

impl Story {
    /// Environments, an approver, the pipeline, and the gate, off for everyone.
    pub(crate) fn set_up(server: &Server) -> Fails<Self> {
        let mut admin = server.connect()?;
        for place in PLACES {
            let body = json!({"name": place.environment, "production": place.production});
            admin.send("POST", "/api/v1/environments", Some(&body))?.ok()?;
        }
        let riley =
            json!({"id": "riley", "kind": "person", "name": "Riley", "grants": [{"role": "approver"}]});
        admin.send("POST", "/api/v1/principals", Some(&riley))?.ok()?;
        let token = json!({"principal": "riley", "description": "the demo"});
        let token = admin.send("POST", "/api/v1/tokens", Some(&token))?.ok()?;
        let secret = token.get("secret").and_then(Json::as_str).ok_or("no secret")?;
        let approver = Connection::open(&server.url, secret)?;
        let made = admin.send("POST", "/api/v1/pipelines", Some(&pipeline()))?.ok()?;
        let publish = json!({"base_revision": made.get("revision")});
        let path = format!("/api/v1/pipelines/{PIPELINE}");
        admin.send("POST", &format!("{path}/publish"), Some(&publish))?.ok()?;
        let gate = json!({"key": FEATURE, "definition": {"kind": "gate"}});
        admin.send("POST", "/api/v1/features", Some(&gate))?.ok()?;
        let attach = json!({"pipeline": PIPELINE});
        admin.send("PUT", &format!("/api/v1/features/{FEATURE}/pipeline"), Some(&attach))?.ok()?;
        Ok(Self { admin, approver })
    }

    /// A connection string for the services of an environment.
    pub(crate) fn connection(&mut self, environment: &str) -> Fails<String> {
        let body = json!({"environment": environment, "description": "the demo's service"});
        let made = self.admin.send("POST", "/api/v1/sdk-keys", Some(&body))?.ok()?;
        let text = made.get("secret").and_then(Json::as_str);
        Ok(text.ok_or_else(|| format!("no connection string in {made}"))?.to_owned())
    }

    /// Saves the candidate: the gate is on for everyone; gives the release that this starts.
    pub(crate) fn start(&mut self) -> Fails<String> {
        let path = format!("/api/v1/features/{FEATURE}");
        let feature = self.admin.send("GET", &path, None)?.ok()?;
        let base = feature.get("definition_revision").cloned().unwrap_or_else(|| json!(1));
        let candidate = json!({"kind": "gate", "rules": [{"id": "everyone", "variant": "on"}]});
        let saved = json!({"definition": candidate, "base_revision": base});
        let started = self.admin.send("PUT", &path, Some(&saved))?.ok()?;
        let id = started.pointer("/release/key").or_else(|| started.get("release")).and_then(Json::as_str);
        Ok(id.ok_or_else(|| format!("no release was started: {started}"))?.to_owned())
    }

    /// The release as it is.
    pub(crate) fn release(&mut self, id: &str) -> Fails<Json> {
        Ok(self.admin.send("GET", &format!("/api/v1/releases/{id}"), None)?.ok()?)
    }

    /// Propagation of the snapshots of an environment.
    pub(crate) fn propagation(&mut self, environment: &str) -> Fails<Json> {
        let path = format!("/api/v1/fleet/propagation?environment={environment}");
        Ok(self.admin.send("GET", &path, None)?.ok()?)
    }

    /// Riley approves the phase that waits.
    pub(crate) fn approve(&mut self, id: &str, release: &Json) -> Fails<()> {
        let phase = release.pointer("/phase").or_else(|| release.pointer("/state/phase"));
        let body = json!({"revision": release.get("revision"), "phase": phase, "comment": "looks good"});
        self.approver.send("POST", &format!("/api/v1/releases/{id}/approve"), Some(&body))?.ok()?;
        Ok(())
    }

    /// Takes it back, everywhere.
    pub(crate) fn abort(&mut self, id: &str) -> Fails<()> {
        let body = json!({"reason": "the demo shows how fast everybody is back"});
        self.admin.send("POST", &format!("/api/v1/releases/{id}/abort"), Some(&body))?.ok()?;
        Ok(())
    }
}

/// One phase an environment, each begun in the one after when every instance has applied the snapshot.
fn pipeline() -> Json {
    let phase = |place: &Place| {
        let mut phase = json!({
            "id": place.environment,
            "target": [{"environments": [place.environment]}],
            "propagation": {"percent": 100, "timeout_s": 600, "then": "pause"},
            "bake_s": 90,
        });
        let steps = |percents: &[u32]| -> Json {
            let steps = percents.iter().map(|percent| json!({"percent": percent, "hold_s": 75}));
            json!({"steps": steps.collect::<Vec<_>>()})
        };
        let mut set = |name: &str, value: Json| {
            if let Some(fields) = phase.as_object_mut() {
                fields.insert(name.to_owned(), value);
            }
        };
        match place.environment {
            "prod-us-west" => {
                set("entry", json!({"approvals": {"count": 1, "role": "approver"}}));
                set("ramp", steps(&[10, 50, 100]));
            }
            "prod-us-east" => {
                set("entry", json!({"trigger": {"wait_for_s": 60}}));
                set("ramp", steps(&[25, 100]));
            }
            // It is aborted while it bakes.
            "prod-eu" => set("bake_s", json!(3_600)),
            _ => {}
        }
        phase
    };
    let phases: Vec<Json> = PLACES.iter().map(phase).collect();
    json!({"key": PIPELINE, "body": {"description": "dev, staging, then region by region", "phases": phases}})
}
