//! The count of this moment, in what a release waits for.

use serde_json::{Value as Json, json};
use tidegate::release::{Applied, Wait};

/// Puts what is counted now in the place of what the release heard last, in `waiting_for` of a release that is shown.
pub(crate) fn show(release: &mut Json, now: &Applied) {
    let waits = release.get_mut("waiting_for").and_then(Json::as_array_mut);
    for json in waits.into_iter().flatten() {
        let Ok(mut wait) = serde_json::from_value::<Wait>(json.clone()) else { continue };
        let Wait::Propagation { applied, targeted, holding, .. } = &mut wait else { continue };
        (*applied, *targeted) = (now.applied, now.targeted);
        holding.clone_from(&now.holding);
        let text = wait.to_string();
        *json = json!(wait);
        if let Json::Object(members) = json {
            members.insert("text".to_owned(), json!(text));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_counted_now_is_shown_in_numbers_and_in_words() {
        let timer =
            json!({"wait": "timer", "phase": "prod", "timer": "bake", "remaining_ms": 5, "text": "t"});
        let heard = json!({"wait": "propagation", "phase": "prod", "step": 1, "applied": 1, "targeted": 4, "percent": 90,
            "holding": [], "remaining_ms": 60_000, "overdue": false, "text": "old"});
        let mut shown = json!({"waiting_for": [timer, heard]});
        show(&mut shown, &Applied { targeted: 5, applied: 3, holding: Vec::new() });
        assert_eq!(shown["waiting_for"][0], timer);
        let wait = &shown["waiting_for"][1];
        assert_eq!(
            (&wait["applied"], &wait["targeted"], &wait["remaining_ms"]),
            (&json!(3), &json!(5), &json!(60_000))
        );
        let text = "phase `prod` propagates: 3 of 5 instances have applied it, 90 % must; the timeout is in 1 min 0 s";
        assert_eq!(wait["text"], text);
    }
}
