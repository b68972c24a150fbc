//! `listing`: the compiled program as text.

use serde::Serialize;
use tidegate::program::Program;

use super::mode;
use crate::args::{Listing, TextFormat};
use crate::document::{Document, Outline};
use crate::failure::{Exit, Failure};
use crate::output::Output;
use crate::warnings;

#[derive(Serialize)]
struct Listed {
    version: u64,
    listing: String,
}

pub(crate) fn run(args: &Listing) -> Result<Exit, Failure> {
    let process = args.process.attributes()?;
    let document = Document::read(&args.file)?;
    let engine = document.serve(&process, mode(args.lenient))?;
    let outline = Outline::of(&document.bytes);
    warnings::of_process(&outline, &process);
    let program = engine.program();
    let listing = if args.features.is_empty() {
        adapter::whole(&program)
    } else {
        let keys = outline.select(&args.features)?;
        keys.iter().map(|key| adapter::feature(&program, key)).collect::<Vec<_>>().join("\n")
    };
    let mut output = Output::new();
    match args.format {
        TextFormat::Json => output.json(&Listed { version: program.version, listing })?,
        TextFormat::Text => {
            output.text(&listing)?;
            if !listing.ends_with('\n') {
                output.text("\n")?;
            }
        }
    }
    output.flush()?;
    Ok(Exit::Done)
}

/// Between this verb and the library's listing.
mod adapter {
    use super::Program;

    pub(super) fn whole(program: &Program) -> String {
        let mut keys: Vec<&str> = program.present().map(|(_, key)| key).collect();
        keys.sort_unstable();
        keys.iter().map(|key| feature(program, key)).collect::<Vec<_>>().join("\n")
    }

    pub(super) fn feature(program: &Program, key: &str) -> String {
        match program.feature(key) {
            Some(number) => format!("{key}: {:?}\n", program.entry(number)),
            None => format!("{key}: absent\n"),
        }
    }
}
