//! `If-None-Match` (RFC 9110 §13.1.2): does the client have it already?

use axum::http::{HeaderMap, HeaderValue, header};

/// Whether a condition of the request names the tag (weak comparison), so that the answer is 304.
pub(crate) fn has(headers: &HeaderMap, etag: &HeaderValue) -> bool {
    headers.get_all(header::IF_NONE_MATCH).iter().any(|line| {
        // Most clients send exactly what they got.
        line == etag || line.to_str().is_ok_and(|line| names(line, etag.to_str().unwrap_or_default()))
    })
}

/// Whether a list of tags names one. Our tags are hexadecimal, so a comma in a foreign tag at worst splits what cannot match.
fn names(list: &str, etag: &str) -> bool {
    list.split(',').map(str::trim).any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == etag)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_weak_tags_and_the_star_count() {
        let etag = HeaderValue::from_static("\"abc\"");
        let table = [
            ("\"abc\"", true),
            ("W/\"abc\"", true),
            ("\"x\", \"abc\"", true),
            ("\"x\",W/\"abc\"", true),
            ("*", true),
            ("\"x\"", false),
            ("abc", false),
            ("\"abcd\"", false),
            ("", false),
        ];
        for (line, expected) in table {
            let headers =
                HeaderMap::from_iter([(header::IF_NONE_MATCH, HeaderValue::from_str(line).unwrap())]);
            assert_eq!(has(&headers, &etag), expected, "{line}");
        }
        assert!(!has(&HeaderMap::new(), &etag));
    }
}
