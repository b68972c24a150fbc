//! A document in a file instead of a server: looked at each interval, served when it changed.
//!
//! By its time and length, not by the system's notices: those do not come from network and container mounts, and a
//! `ConfigMap` is replaced by a link far from the file.

use std::path::Path;
use std::time::{Duration, SystemTime};

use tokio::time::sleep;

use super::intake::{Intake, unreadable};
use crate::wire::Source;

/// What tells one content of a file from the next.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Look {
    modified: Option<SystemTime>,
    length: u64,
    #[cfg(unix)]
    inode: u64,
}

/// Watches for ever.
pub(super) async fn watch(path: &Path, interval: Duration, mut intake: Intake) {
    let mut seen: Option<Result<Look, std::io::ErrorKind>> = None;
    loop {
        let look = look(path);
        let now = look.as_ref().map(|look| *look).map_err(std::io::Error::kind);
        if seen != Some(now) {
            match look.and_then(|_| std::fs::read(path)) {
                Ok(document) => intake.serve_trusted(&document, Source::File),
                Err(error) => intake.fail(unreadable(path, &error)),
            }
            seen = Some(now);
            // A start without the file is one with what was bundled.
            intake.fall_back();
        }
        sleep(interval).await;
    }
}

fn look(path: &Path) -> std::io::Result<Look> {
    let found = std::fs::metadata(path)?;
    Ok(Look {
        modified: found.modified().ok(),
        length: found.len(),
        #[cfg(unix)]
        inode: std::os::unix::fs::MetadataExt::ino(&found),
    })
}
