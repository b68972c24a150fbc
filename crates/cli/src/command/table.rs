//! Decisions as a table, for people.

use tidegate::eval::DecisionText;

use crate::failure::Failure;
use crate::output::{Output, STRONG, printable};

/// Longer cells are shortened.
const LONGEST: usize = 48;
const HEAD: [&str; 7] = ["FEATURE", "VALUE", "VARIANT", "REASON", "RULE", "RELEASE", "PHASE"];

pub(crate) fn print(output: &mut Output, decisions: &[DecisionText<'_>]) -> Result<(), Failure> {
    let rows: Vec<[String; 7]> = decisions.iter().map(row).collect();
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count());
        cells.max().unwrap_or(0)
    };
    // What is nowhere is not shown; the first four always are.
    let columns: Vec<(usize, usize)> = HEAD
        .iter()
        .enumerate()
        .filter(|(column, _)| {
            *column < 4 || rows.iter().any(|row| row.get(*column).is_some_and(|cell| cell != "-"))
        })
        .map(|(column, name)| (column, width(column).max(name.len())))
        .collect();
    output.styled(STRONG, line(&HEAD, &columns).trim_end())?;
    output.text("\n")?;
    for row in &rows {
        let cells: Vec<&str> = row.iter().map(String::as_str).collect();
        output.text(line(&cells, &columns).trim_end())?;
        output.text("\n")?;
    }
    Ok(())
}

fn line(cells: &[&str], columns: &[(usize, usize)]) -> String {
    let mut text = String::new();
    for (column, width) in columns {
        let cell = cells.get(*column).copied().unwrap_or_default();
        let padding = width.saturating_sub(cell.chars().count()).saturating_add(2);
        text.push_str(cell);
        text.extend(std::iter::repeat_n(' ', padding));
    }
    text
}

fn row(decision: &DecisionText<'_>) -> [String; 7] {
    let value = match decision.value {
        Some(value) => serde_json::to_string(value).unwrap_or_default(),
        None => "(the caller's default)".to_owned(),
    };
    let phase = match (decision.phase, decision.indirect) {
        (Some(phase), true) => format!("{phase} (indirect)"),
        (phase, _) => phase.unwrap_or("-").to_owned(),
    };
    let or_dash = |text: Option<&str>| cell(text.unwrap_or("-"));
    [
        cell(decision.feature),
        cell(&value),
        or_dash(decision.variant),
        cell(decision.reason),
        or_dash(decision.rule),
        or_dash(decision.release),
        cell(&phase),
    ]
}

fn cell(text: &str) -> String {
    let text = printable(text).replace('\n', "\\n");
    if text.chars().count() <= LONGEST {
        return text;
    }
    text.chars().take(LONGEST - 1).chain(['…']).collect()
}
