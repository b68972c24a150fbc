//! `listing`: the compiled program as text.

use serde::Serialize;

use super::mode;
use crate::args::{Listing, TextFormat};
use crate::document::{Document, Outline};
use crate::failure::{Exit, Failure};
use crate::output::{Output, printable};
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
    let attributes = engine.attributes();
    let listing = if args.features.is_empty() {
        program.listing(attributes)
    } else {
        let keys = outline.select(&args.features)?;
        let listed = keys.iter().map(|key| {
            // What only a release knows may be absent from the program.
            program.listing_of(key, attributes).unwrap_or_else(|| format!("feature {key}: absent\n"))
        });
        listed.map(|text| text.trim_start().to_owned()).collect::<Vec<_>>().join("\n")
    };
    let mut output = Output::new();
    match args.format {
        TextFormat::Json => output.json(&Listed { version: program.version, listing })?,
        TextFormat::Text => {
            output.text(&printable(&listing))?;
            if !listing.ends_with('\n') {
                output.text("\n")?;
            }
        }
    }
    output.flush()?;
    Ok(Exit::Done)
}
