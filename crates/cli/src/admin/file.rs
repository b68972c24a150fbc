//! Documents that people write: JSON or YAML, from a file or stdin.

use std::fs;
use std::io::{self, Read as _};
use std::path::Path;

use serde_json::Value as Json;

use crate::failure::{Exit, Failure, reason};

/// The largest file that is read, in bytes; that of the server's bodies.
const LARGEST: u64 = 8 << 20;

/// The one document of a file; `-` is stdin.
pub(crate) fn read_document(path: &Path) -> Result<Json, Failure> {
    let text = read_text(path)?;
    parse(&text, &name(path), 1)
}

/// The text of a file; `-` is stdin.
pub(super) fn read_text(path: &Path) -> Result<String, Failure> {
    let unreadable =
        |error: io::Error| Failure::new(Exit::Io, format!("cannot read {}: {}", name(path), reason(&error)));
    let mut text = String::new();
    if path == Path::new("-") {
        io::stdin().lock().take(LARGEST + 1).read_to_string(&mut text).map_err(unreadable)?;
    } else {
        let file = fs::File::open(path).map_err(unreadable)?;
        file.take(LARGEST + 1).read_to_string(&mut text).map_err(unreadable)?;
    }
    if text.len() as u64 > LARGEST {
        return Err(Failure::new(Exit::Document, format!("{} is larger than 8 MiB", name(path))));
    }
    Ok(text)
}

/// JSON if it looks like it, else YAML. `line`: the number of its first line, for errors.
pub(super) fn parse(text: &str, name: &str, line: usize) -> Result<Json, Failure> {
    let bad = |at: usize, column: usize, message: &str| {
        Failure::new(Exit::Document, format!("{name}:{}:{column}: {message}", at.max(1) + line - 1))
    };
    if text.trim_start().starts_with(['{', '[']) {
        if let Ok(json) = serde_json::from_str(text) {
            return Ok(json);
        }
        // It may still be YAML in flow style.
        return yaml(text).map_err(|_| match serde_json::from_str::<Json>(text) {
            Err(error) => bad(error.line(), error.column(), &without_place(&error.to_string())),
            Ok(_) => bad(1, 1, "is neither JSON nor YAML"),
        });
    }
    yaml(text).map_err(|error| {
        let at = error.location();
        let line = at.map_or(1, |at| usize::try_from(at.line()).unwrap_or(1));
        let column = at.map_or(1, |at| usize::try_from(at.column()).unwrap_or(1));
        let message = error.without_snippet().to_string();
        bad(line, column, &without_place(message.lines().next().unwrap_or_default()))
    })
}

fn yaml(text: &str) -> Result<Json, serde_saphyr::Error> {
    // `on`, `off`, `yes` and `no` are names of variants more often than booleans.
    serde_saphyr::from_str_with_options(text, serde_saphyr::options! { strict_booleans: true })
}

fn without_place(message: &str) -> String {
    message.split(" at line ").next().unwrap_or(message).to_owned()
}

/// As it is told.
pub(super) fn name(path: &Path) -> String {
    if path == Path::new("-") { "stdin".to_owned() } else { path.display().to_string() }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn yaml_and_json_say_the_same() {
        let yaml = "kind: gate\nrules:\n  - id: r\n    variant: on\n    rollout: {percent: 12.5}\nenabled: true\nn: 3\n";
        let json = json!({"kind": "gate", "rules": [{"id": "r", "variant": "on", "rollout": {"percent": 12.5}}], "enabled": true, "n": 3});
        assert_eq!(parse(yaml, "f", 1).unwrap(), json);
        assert_eq!(parse(&json.to_string(), "f", 1).unwrap(), json);
        assert_eq!(parse("{kind: gate}", "f", 1).unwrap(), json!({"kind": "gate"}));
    }

    #[test]
    fn errors_name_the_line() {
        for (text, start) in
            [("{\"a\": 1,\n \"b\" 2}", "f:11:"), ("a: 1\nb: [1\n", "f:1"), ("a: 1\na: 2\n", "f:11:")]
        {
            let Failure::Problem { exit, message, .. } = parse(text, "f", 10).unwrap_err() else { panic!() };
            assert_eq!(exit, Exit::Document);
            assert!(message.starts_with(start), "{message}");
        }
    }
}
