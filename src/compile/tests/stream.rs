//! A document that is read from the stream compiles to what its tree compiles to.

use std::fs;
use std::path::Path;

use super::*;
use crate::model::read;
use crate::value::parse;

/// The documents of the table cases, in the order of their keys as they are written.
fn documents() -> Vec<Json> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/cases");
    let mut files: Vec<_> = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let tables = files.iter().map(|file| serde_json::from_slice(&fs::read(file).unwrap()).unwrap());
    let cases = tables.flat_map(|table: Json| table["cases"].as_array().unwrap().clone());
    cases.map(|case| case["snapshot"].clone()).collect()
}

fn outcome(compiled: Result<Compiled, Error>) -> Result<impl PartialEq + std::fmt::Debug, String> {
    let Compiled { program, changed, recompiled, diagnostics, isolated } =
        compiled.map_err(|error| error.to_string())?;
    Ok((format!("{program:?}"), changed, recompiled, diagnostics, isolated))
}

#[test]
fn a_streamed_document_is_compiled_as_its_tree() {
    let mut streamed = 0;
    for mut document in documents() {
        let mut by_stream = Rig::new(Mode::Lenient);
        let mut by_tree = Rig::new(Mode::Lenient);
        // Twice the same, then a version with spaces between: what was known of the first must be known of the last.
        for (version, spaced) in [(1, false), (2, false), (3, true)] {
            document["version"] = json!(version);
            let text = match spaced {
                true => serde_json::to_string_pretty(&document).unwrap(),
                false => document.to_string(),
            };
            streamed += usize::from(version == 1 && read(text.as_bytes(), Mode::Lenient).is_some());
            let first = outcome(by_stream.compiler.load(text.as_bytes()));
            let second = outcome(by_tree.compiler.load_parsed(parse(text.as_bytes()).unwrap()));
            assert_eq!(first, second, "{version}: {text}");
        }
        let served = (&by_stream.compiler.served, &by_tree.compiler.served);
        assert_eq!((&served.0.plain, &served.0.prints), (&served.1.plain, &served.1.prints), "{document}");
        assert_eq!(
            (&served.0.linked, &served.0.invalid),
            (&served.1.linked, &served.1.invalid),
            "{document}"
        );
    }
    assert!(streamed > 400, "{streamed}");
}

#[test]
fn a_delta_fits_a_streamed_document() {
    for document in documents() {
        let text = document.to_string();
        if read(text.as_bytes(), Mode::Lenient).is_none() {
            continue;
        }
        let delta = json!({
            "from": document["version"],
            "version": document["version"].as_u64().unwrap() + 1,
            "features": {"added": gate(at_least(3))},
        });
        let mut by_stream = Rig::new(Mode::Lenient);
        by_stream.compiler.load(text.as_bytes()).unwrap();
        let mut by_tree = Rig::new(Mode::Lenient);
        by_tree.compiler.load_parsed(parse(text.as_bytes()).unwrap()).unwrap();
        assert_eq!(outcome(by_stream.apply(&delta)), outcome(by_tree.apply(&delta)), "{document}");
    }
}
