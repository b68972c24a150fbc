//! How an engine is to be, as Python says it.

use pyo3::prelude::*;
use tidegate::Value;
use tidegate::engine::EngineBuilder;
use tidegate::error::Code;
use tidegate::model::Mode;

use crate::arguments::text;
use crate::error::{pointer, wrong_type, wrong_value};
use crate::value;

/// How an engine is to be.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wish {
    pub(crate) process: Vec<(String, Value)>,
    pub(crate) mode: Mode,
    pub(crate) counters: bool,
    pub(crate) keep_source: bool,
}

impl Wish {
    pub(crate) fn read(
        process: Option<&Bound<'_, PyAny>>,
        mode: &Bound<'_, PyAny>,
        counters: bool,
        keep_source: bool,
    ) -> PyResult<Self> {
        Ok(Self { process: process_attributes(process)?, mode: read_mode(mode)?, counters, keep_source })
    }

    pub(crate) fn builder(&self) -> EngineBuilder {
        let builder = tidegate::Engine::builder().mode(self.mode);
        let builder = builder.counters(self.counters).keep_source(self.keep_source);
        self.process.iter().fold(builder, |builder, (name, value)| builder.process(name, value.clone()))
    }
}

pub(crate) fn read_mode(mode: &Bound<'_, PyAny>) -> PyResult<Mode> {
    match text(mode, "/mode", "a str as mode")? {
        "lenient" => Ok(Mode::Lenient),
        "strict" => Ok(Mode::Strict),
        other => {
            let message = format!("expected the mode `lenient` or `strict`, found `{other}`");
            Err(wrong_value(mode.py(), Code::BadArgument, "/mode", &message))
        }
    }
}

pub(crate) fn process_attributes(process: Option<&Bound<'_, PyAny>>) -> PyResult<Vec<(String, Value)>> {
    let Some(given) = process else { return Ok(Vec::new()) };
    if !value::is_mapping(given)? {
        return Err(wrong_type(Code::BadArgument, "/process", "a mapping as process attributes", given));
    }
    let mut process = Vec::new();
    for (name, value) in value::items(given, Code::BadArgument, "/process")? {
        let name = value::name(&name, Code::BadArgument, "/process")?;
        let value = value::argument(&value, &pointer("/process", &name))?;
        process.push((name, value));
    }
    Ok(process)
}
