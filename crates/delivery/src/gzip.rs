//! Gzip (RFC 1952) in parts that are compressed once and sent to many.
//!
//! ```text
//!   file   = header ─ blocks(a) ─ end(crc of a)
//!   stream = header ─ blocks(a) ─ blocks(b) ─ blocks(d) ─ … ─ end(crc of a, b, d, …)
//! ```
//! The blocks of a part refer to nothing before them and end at a byte, flushed: so parts can follow each other as they come,
//! and each can be read when it has arrived. It is one member, as not every client reads on after the first.

use std::io;

use axum::body::Bytes;
use flate2::{Compress, Compression, Crc, FlushCompress};

/// No name, no time, of an unknown system.
pub(crate) const HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
/// A last block that is empty, as the others do not say that they are the last; then sum and length.
const END: usize = 10;
/// By which a file grows while it is made.
const ROOM: usize = 16_384;

/// A text, compressed.
#[derive(Debug, Default)]
pub(crate) struct Deflated {
    file: Bytes,
    crc: Crc,
}

impl Deflated {
    pub(crate) fn new(text: &[u8], level: u32) -> io::Result<Self> {
        let mut file = Vec::with_capacity(text.len().checked_div(4).unwrap_or_default().saturating_add(ROOM));
        file.extend_from_slice(&HEADER);
        let mut compress = Compress::new(Compression::new(level), false);
        let mut rest = text;
        loop {
            let before = compress.total_in();
            compress.compress_vec(rest, &mut file, FlushCompress::Sync).map_err(io::Error::other)?;
            let taken = usize::try_from(compress.total_in().saturating_sub(before)).unwrap_or(usize::MAX);
            rest = rest.get(taken..).unwrap_or_default();
            // With room left, all that there was is there. (The encoders of `flate2` do not flush all of what is large.)
            if rest.is_empty() && file.len() < file.capacity() {
                break;
            }
            file.reserve(ROOM);
        }
        let mut crc = Crc::new();
        crc.update(text);
        file.extend_from_slice(&end(&crc));
        Ok(Self { file: file.into(), crc })
    }

    /// As a file of its own.
    pub(crate) fn file(&self) -> &Bytes {
        &self.file
    }

    /// As a part of a stream.
    pub(crate) fn blocks(&self) -> Bytes {
        self.file.slice(HEADER.len().min(self.file.len())..self.file.len().saturating_sub(END))
    }

    /// The sum of the text.
    pub(crate) fn crc(&self) -> &Crc {
        &self.crc
    }
}

/// The end of a file or stream whose text has this sum.
pub(crate) fn end(crc: &Crc) -> [u8; END] {
    let [a, b, c, d] = crc.sum().to_le_bytes();
    let [e, f, g, h] = crc.amount().to_le_bytes();
    [3, 0, a, b, c, d, e, f, g, h]
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use flate2::read::GzDecoder;

    use super::*;

    fn read(file: &[u8]) -> io::Result<Vec<u8>> {
        let mut text = Vec::new();
        GzDecoder::new(file).read_to_end(&mut text).map(|_| text)
    }

    #[test]
    fn a_file_and_a_stream_of_parts_give_the_text_back() {
        let large: Vec<u8> = (0..200_000_u32).flat_map(|n| (n % 977).to_le_bytes()).collect();
        let noise: Vec<u8> = (0..300_000).map(|_| fastrand::u8(b'a'..=b'p')).collect();
        let texts: [&[u8]; 6] = [b"first", b"", &large, b"first", &noise, b"\n\n"];
        let (mut stream, mut crc) = (HEADER.to_vec(), Crc::new());
        for text in texts {
            let part = Deflated::new(text, 6).unwrap();
            assert_eq!(read(part.file()).unwrap(), text);
            stream.extend_from_slice(&part.blocks());
            crc.combine(part.crc());
            // What has come so far can be read, before the end has.
            let mut so_far = vec![0; texts.concat().len()];
            let mut decoder = GzDecoder::new(stream.as_slice());
            let mut at = 0;
            while let Ok(n @ 1..) = decoder.read(&mut so_far[at..]) {
                at += n;
            }
            assert!(so_far[..at].ends_with(text));
        }
        stream.extend_from_slice(&end(&crc));
        assert_eq!(read(&stream).unwrap(), texts.concat());
        *stream.last_mut().unwrap() ^= 1;
        assert!(read(&stream).is_err(), "the sum is not looked at");
    }

    #[test]
    fn the_default_has_no_blocks() {
        assert!(Deflated::default().blocks().is_empty());
    }
}
