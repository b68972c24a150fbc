//! A check in the parts that bindings do in functions of their own.

use super::*;
use crate::eval::{Brief, Left, decide_pair, decide_share, decide_walking, decide_walking_here};

#[test]
fn what_bindings_decide_in_parts_is_one_check() {
    let (engine, whole_checks) = (counting(), counting());
    let features = json!({
        "all": always(true),
        "share": {"kind": "gate", "unit": "id", "rules": [{"id": "r", "rollout": {"percent": 50}, "variant": "on"}]},
        "pair": {"kind": "gate", "rules": [{"id": "r", "if": {"all": [
            {"attribute": "plan", "op": "in", "value": ["pro", "team"]}, {"attribute": "country", "op": "eq", "value": "de"}]}, "variant": "on"}]},
        "walk": {"kind": "gate", "unit": "id", "rules": [
            {"id": "a", "if": {"attribute": "id", "op": "ends_with", "value": "-a-long-suffix"}, "variant": "on"},
            {"id": "b", "if": {"attribute": "plan", "op": "eq", "value": "pro"}, "rollout": {"percent": 30}, "variant": "on"}]},
        "time": {"kind": "gate", "rules": [{"id": "r", "if": {"time": {"from": "2001-01-01T00:00:00Z"}}, "variant": "on"}]},
    });
    let mut all: Json = serde_json::from_slice(&document(1, features)).unwrap();
    all["features"]["released"] = all["features"]["walk"].clone();
    all["releases"] = json!([{"id": "rel", "features": {"released": {}}, "phases": [{"id": "p", "live": true,
        "patches": [{"patch": "set", "feature": "released", "variant": "on", "for": "de"}]}]}]);
    all["segments"] = json!({"de": {"if": {"attribute": "country", "op": "eq", "value": "de"}}});
    engine.load(&bytes(&all)).unwrap();
    whole_checks.load(&bytes(&all)).unwrap();
    let (mut own, mut reader) = (engine.reader(), whole_checks.reader());
    let [mut at_once, mut shared, mut hashed, mut paired, mut walked, mut stopped] = [0; 6];
    for name in ["all", "share", "pair", "walk", "time", "released", "none"] {
        for user in 0..200 {
            let of = |engine: &Engine| {
                let context = engine.context().with("id", &format!("user-{user}")).with("country", "de");
                context.with("plan", if user % 3 == 0 { "pro" } else { "free" }).build()
            };
            let (context, other) = (of(&engine), of(&whole_checks));
            // The first time, the hash of a unit is not known; the second time, it is.
            for _ in 0..2 {
                let gate = engine.gate(name);
                let brief = match own.decide_at_once(gate) {
                    Ok(brief) => {
                        at_once += 1;
                        Ok(brief)
                    }
                    Err(Left::Share(chunk, inst)) => {
                        shared += 1;
                        let known = decide_share(chunk, inst, &context);
                        hashed += usize::from(known.is_some());
                        known.ok_or(None)
                    }
                    Err(Left::Pair(chunk, inst)) => {
                        paired += 1;
                        Ok(decide_pair(chunk, inst, &context).unwrap())
                    }
                    Err(Left::Walk(halt)) => decide_walking_here(halt, &context)
                        .inspect(|end| assert_eq!(decide_walking(halt, &context).unwrap(), *end))
                        .map(|end| {
                            walked += 1;
                            Brief::of_end(end).unwrap()
                        })
                        .map_err(Some),
                    Err(Left::All) => Err(None),
                };
                let found = match brief {
                    Ok(brief) => own.count(brief),
                    Err(Some(stop)) => {
                        stopped += 1;
                        own.check_from(gate, stop, &context)
                    }
                    Err(None) => own.check(gate, &context),
                };
                assert_eq!(found, reader.check(whole_checks.gate(name), &other), "{name} {user}");
            }
        }
    }
    assert!(
        [at_once, shared, hashed, paired] == [400, 400, 200, 400] && walked > 300 && stopped > 800,
        "{at_once} {shared} {hashed} {paired} {walked} {stopped}"
    );
    let counted = exposures(&engine);
    assert_eq!(counted, exposures(&whole_checks));
    let counts = counted.iter().map(|own| own.rsplit(' ').next().unwrap().parse::<u32>().unwrap());
    assert_eq!(counts.sum::<u32>(), 6 * 400, "each check once; of what does not exist none");
    let gate = engine.gate("all");
    let now = own.decide_at_once(gate);
    engine.load(&document(2, json!({"all": always(false)}))).unwrap();
    assert!(now.unwrap().is_on(), "that was before");
    let later = own.decide_at_once(gate);
    assert!(matches!(later, Err(Left::All)), "to be refreshed");
}
