//! Pages of lists: `?limit=` and `?after=`.

use std::ops::Bound;

use serde::Serialize;
use serde_json::{Value as Json, json};
use tidegate::model::Key;
use utoipa::ToSchema;

use super::view::Shown;
use crate::domain::{Code, Problem, Row, Table};

/// Items of a page, unless told otherwise.
const DEFAULT: usize = 50;
/// The most items of a page.
const MOST: usize = 500;

/// A page of a list.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Page {
    /// The items.
    pub(crate) items: Vec<Json>,
    /// What to give as `after` to get the next page; `null` on the last.
    pub(crate) next: Option<String>,
}

/// How many items a page has.
///
/// # Errors
/// If more are asked than a page can have, or none.
pub(crate) fn size(limit: Option<usize>) -> Result<usize, Problem> {
    match limit {
        None => Ok(DEFAULT),
        Some(limit) if (1..=MOST).contains(&limit) => Ok(limit),
        Some(limit) => {
            let detail = format!("expected `limit` from 1 to {MOST}, found {limit}");
            Err(Problem::new(Code::BadRequest, detail))
        }
    }
}

/// A page of items that come in order of their cursors and after the cursor that was asked for.
///
/// # Errors
/// See [`size`].
pub(crate) fn page<I>(items: I, limit: Option<usize>) -> Result<Json, Problem>
where
    I: IntoIterator<Item = (String, Json)>,
{
    let size = size(limit)?;
    let mut items = items.into_iter();
    let (mut shown, mut last) = (Vec::new(), None);
    for (cursor, item) in items.by_ref().take(size) {
        last = Some(cursor);
        shown.push(item);
    }
    let next = if items.next().is_some() { last } else { None };
    Ok(json!(Page { items: shown, next }))
}

/// A page of a table, in order of the keys; what is not shown is passed over.
///
/// # Errors
/// See [`size`].
pub(crate) fn table<T, V: Serialize>(
    table: &Table<T>,
    after: Option<&str>,
    limit: Option<usize>,
    mut show: impl FnMut(&Key, &Row<T>) -> Option<V>,
) -> Result<Shown, Problem> {
    let start = after.map_or(Bound::Unbounded, Bound::Excluded);
    let rows = table.range::<_, str>((start, Bound::Unbounded));
    let page = page(rows.filter_map(|(key, row)| Some((key.to_string(), json!(show(key, row)?)))), limit)?;
    Ok(Shown::Json(page))
}
