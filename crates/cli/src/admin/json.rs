//! Looking at JSON whose shape is the server's, and printing lists of it.

use serde_json::{Map, Value as Json};

use crate::failure::Failure;
use crate::output::{Output, STRONG, printable};

/// Longer cells are cut.
const LONGEST: usize = 100;

/// What a pointer names, unless it is `null`.
pub(crate) fn at<'a>(json: &'a Json, pointer: &str) -> Option<&'a Json> {
    json.pointer(pointer).filter(|found| !found.is_null())
}

/// A member that is a string.
pub(crate) fn text<'a>(json: &'a Json, name: &str) -> Option<&'a str> {
    json.get(name).and_then(Json::as_str)
}

/// A member that is a list of strings; else none.
pub(crate) fn strings(json: &Json, name: &str) -> Vec<String> {
    let items = json.get(name).and_then(Json::as_array);
    items.map(|items| items.iter().map(scalar).collect()).unwrap_or_default()
}

/// A list of objects; else none.
pub(crate) fn items<'a>(json: &'a Json, name: &str) -> &'a [Json] {
    json.get(name).and_then(Json::as_array).map(Vec::as_slice).unwrap_or_default()
}

/// A string or a number, as a string.
pub(crate) fn as_text(json: &Json) -> Option<String> {
    match json {
        Json::String(text) => Some(text.clone()),
        Json::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// A value in one line; a string without its quotes.
pub(crate) fn scalar(json: &Json) -> String {
    match json {
        Json::Null => "-".to_owned(),
        Json::String(text) => text.clone(),
        Json::Array(items) if items.iter().all(|item| !item.is_object()) => {
            if items.is_empty() {
                "-".to_owned()
            } else {
                items.iter().map(scalar).collect::<Vec<_>>().join(",")
            }
        }
        other => other.to_string(),
    }
}

/// How far a phase must propagate.
pub(crate) fn propagation(asked: &Json) -> String {
    let percent = at(asked, "/percent").map_or_else(|| "100".to_owned(), scalar);
    let timeout = asked.get("timeout_s").and_then(Json::as_u64);
    let timeout = timeout.map(|timeout| format!(" in {}", super::time::span(timeout.saturating_mul(1000))));
    format!("propagates to {percent} %{}", timeout.unwrap_or_default())
}

/// A value in several lines.
pub(crate) fn pretty(json: &Json) -> String {
    match json {
        Json::String(text) => text.clone(),
        other => format!("{other:#}"),
    }
}

/// Without the members that are `null`.
pub(crate) fn object<const N: usize>(members: [(&str, Json); N]) -> Json {
    let given = members.into_iter().filter(|(_, value)| !value.is_null());
    Json::Object(given.map(|(name, value)| (name.to_owned(), value)).collect::<Map<_, _>>())
}

/// A table.
#[derive(Debug)]
pub(crate) struct Grid {
    head: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Grid {
    pub(crate) fn new<const N: usize>(head: [&str; N]) -> Self {
        Self { head: head.map(str::to_owned).to_vec(), rows: Vec::new() }
    }

    pub(crate) fn row<const N: usize>(&mut self, cells: [String; N]) {
        self.rows.push(cells.iter().map(|text| cell(text)).collect());
    }

    pub(crate) fn print(&self, output: &mut Output) -> Result<(), Failure> {
        let widths: Vec<usize> = (0..self.head.len())
            .map(|column| {
                let cells = std::iter::once(&self.head).chain(&self.rows);
                cells.filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0)
            })
            .collect();
        output.styled(STRONG, &line(&self.head, &widths))?;
        output.text("\n")?;
        for row in &self.rows {
            output.text(&line(row, &widths))?;
            output.text("\n")?;
        }
        Ok(())
    }
}

fn line(cells: &[String], widths: &[usize]) -> String {
    let mut out = String::new();
    for (cell, width) in cells.iter().zip(widths) {
        out.push_str(cell);
        let padding = width.saturating_sub(cell.chars().count()).saturating_add(2);
        out.extend(std::iter::repeat_n(' ', padding));
    }
    out.trim_end().to_owned()
}

fn cell(text: &str) -> String {
    let text = printable(text).replace('\n', " ");
    if text.is_empty() {
        return "-".to_owned();
    }
    if text.chars().count() <= LONGEST {
        return text;
    }
    text.chars().take(LONGEST - 1).chain(['…']).collect()
}
