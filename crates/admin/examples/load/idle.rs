//! A server with a thousand running releases that wait: what does it cost to do nothing?

use std::thread::sleep;
use std::time::Duration;

use serde_json::json;

use crate::server::{Fails, Server};
use crate::{Options, Row, usage, world};

pub(crate) fn run(server: &Server, options: &Options) -> Fails<Vec<Row>> {
    let mut admin = server.connect()?;
    world::environments(&mut admin)?;
    let mut rows = Vec::new();
    for (key, every_s, timers) in [("calm", 86_400, "none due"), ("brisk", 60, "17 due a second")] {
        // Of the second pipeline the shares grow every minute, all releases together about 17 times a second.
        let ramp = json!({"start": 1, "step": 0.5, "every_s": every_s});
        world::pipeline(&mut admin, key, &json!([{"id": "everywhere", "ramp": ramp, "bake_s": 86_400}]))?;
        for n in 0..world::FEATURES {
            world::release(&mut admin, &format!("{key}-{n}"), key, n)?;
            if every_s == 60 {
                // So that they do not all grow in the same moment.
                sleep(Duration::from_millis(55));
            }
        }
        // What writing them left to do.
        sleep(Duration::from_secs(3));
        let (events, (before, _)) = (world::events(&mut admin)?, usage::of(server)?);
        sleep(Duration::from_secs(options.seconds));
        let ((after, memory), fired) = (usage::of(server)?, world::events(&mut admin)? - events);
        let seconds = options.seconds as f64;
        let share = (after - before) / seconds * 100.0;
        rows.push(Row {
            what: format!("{} running releases with timers, {timers}: CPU of the server", world::FEATURES),
            measured: format!("{share:.1} % of a core ({fired} timers in {seconds} s; {memory:.0} MB)"),
            bar: "< 5 %",
            met: share < 5.0,
        });
        if every_s != 60 {
            // The calm ones go, so that there are a thousand again.
            for n in 0..world::FEATURES {
                let path = format!("/api/v1/releases?feature={key}-{n}&status=running");
                let found = admin.send("GET", &path, None)?.ok()?;
                if let Some(id) = found.pointer("/items/0/key").and_then(serde_json::Value::as_str) {
                    let path = format!("/api/v1/releases/{id}/abort");
                    admin.send("POST", &path, Some(&json!({"reason": "measured"})))?.ok()?;
                }
            }
        }
    }
    Ok(rows)
}
