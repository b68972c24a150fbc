//! Compressed forms of documents, and which of them a client wants (RFC 9110 §12.5.3).

use std::io;

use axum::body::Bytes;
use axum::http::{HeaderMap, HeaderValue, header};

use crate::gzip::Deflated;

/// A content coding.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Encoding {
    /// `br` (RFC 7932).
    Brotli,
    /// `gzip` (RFC 1952).
    Gzip,
    /// `zstd` (RFC 8878).
    Zstd,
}

/// Below this a compressed form is not worth its while.
pub(crate) const WORTH_BYTES: usize = 1_024;

// Documents are compressed once a version and sent to many. Levels above these cost several times the CPU for a few percent.
const BROTLI_QUALITY: i32 = 5;
const BROTLI_WINDOW_BITS: i32 = 22;
pub(crate) const GZIP_LEVEL: u32 = 6;
const ZSTD_LEVEL: i32 = 6;

impl Encoding {
    /// All, the best first.
    pub const ALL: [Self; 3] = [Self::Zstd, Self::Brotli, Self::Gzip];

    /// As it stands in `Content-Encoding`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Brotli => "br",
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
        }
    }

    pub(crate) fn header(self) -> HeaderValue {
        HeaderValue::from_static(self.as_str())
    }

    pub(crate) fn compress(self, bytes: &[u8]) -> io::Result<Bytes> {
        match self {
            Self::Brotli => {
                let params = brotli::enc::BrotliEncoderParams {
                    quality: BROTLI_QUALITY,
                    lgwin: BROTLI_WINDOW_BITS,
                    size_hint: bytes.len(),
                    ..Default::default()
                };
                let mut out = Vec::new();
                let mut input = bytes;
                brotli::BrotliCompress(&mut input, &mut out, &params)?;
                Ok(out.into())
            }
            Self::Gzip => Deflated::new(bytes, GZIP_LEVEL).map(|deflated| deflated.file().clone()),
            Self::Zstd => zstd::bulk::compress(bytes, ZSTD_LEVEL).map(Bytes::from),
        }
    }
}

/// The best coding that the client takes; none: as it is.
pub(crate) fn wanted(headers: &HeaderMap) -> Option<Encoding> {
    let mut best: Option<(u16, Encoding)> = None;
    for encoding in Encoding::ALL {
        let quality = quality(headers, encoding.as_str());
        if quality > best.map_or(0, |(quality, _)| quality) {
            best = Some((quality, encoding));
        }
    }
    best.map(|(_, encoding)| encoding)
}

/// Whether the client takes gzip.
pub(crate) fn takes_gzip(headers: &HeaderMap) -> bool {
    quality(headers, Encoding::Gzip.as_str()) > 0
}

/// How much a coding is liked, in thousandths; 0: it is not taken.
fn quality(headers: &HeaderMap, coding: &str) -> u16 {
    let mut any = 0;
    let lines = headers.get_all(header::ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    for item in lines.flat_map(|line| line.split(',')) {
        let (name, parameters) = item.split_once(';').unwrap_or((item, ""));
        let name = name.trim();
        if name.eq_ignore_ascii_case(coding) {
            return thousandths(parameters);
        }
        if name == "*" {
            any = thousandths(parameters);
        }
    }
    any
}

/// The weight `q=0.5` of a list item, in thousandths. What is no weight counts as 0: better too little than what nobody asked for.
fn thousandths(parameters: &str) -> u16 {
    let parameters = parameters.trim();
    if parameters.is_empty() {
        return 1_000;
    }
    let weight = parameters.strip_prefix("q=").or_else(|| parameters.strip_prefix("Q="));
    let weight: f32 = weight.and_then(|weight| weight.trim().parse().ok()).unwrap_or(0.0);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is in 0..=1000")]
    let thousandths = (weight.clamp(0.0, 1.0) * 1_000.0) as u16;
    thousandths
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(line: &str) -> HeaderMap {
        HeaderMap::from_iter([(header::ACCEPT_ENCODING, HeaderValue::from_str(line).unwrap())])
    }

    #[test]
    fn the_best_coding_that_is_taken_wins() {
        let table = [
            ("gzip, deflate, br, zstd", Some(Encoding::Zstd)),
            ("gzip, br", Some(Encoding::Brotli)),
            ("GZIP", Some(Encoding::Gzip)),
            ("gzip;q=1.0, br;q=0.5", Some(Encoding::Gzip)),
            ("*", Some(Encoding::Zstd)),
            ("zstd;q=0, *;q=0.1", Some(Encoding::Brotli)),
            ("identity", None),
            ("gzip;q=0", None),
            ("gzip;q=NaN", None),
            ("gzip;level=9", None),
            ("", None),
        ];
        for (line, expected) in table {
            assert_eq!(wanted(&headers(line)), expected, "{line}");
        }
        assert_eq!(wanted(&HeaderMap::new()), None);
    }

    #[test]
    fn several_lines_are_one_list() {
        let mut lines = headers("gzip;q=0.2");
        lines.append(header::ACCEPT_ENCODING, HeaderValue::from_static("br;q=0.9"));
        assert_eq!(wanted(&lines), Some(Encoding::Brotli));
        assert!(takes_gzip(&lines));
    }
}
