//! What a server's process uses, as Linux tells.

use std::fs;

use crate::server::{Fails, Server};

/// Seconds of CPU so far, and resident memory in MB.
pub(crate) fn of(server: &Server) -> Fails<(f64, f64)> {
    let process = format!("/proc/{}", server.process.id());
    let stat = fs::read_to_string(format!("{process}/stat"))?;
    // After the name, which may contain spaces: state is the first; utime and stime the 12th and 13th, in hundredths.
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |at: usize| fields.get(at).and_then(|field| field.parse::<f64>().ok()).unwrap_or(0.0);
    let status = fs::read_to_string(format!("{process}/status"))?;
    let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kb = resident.and_then(|text| text.split_whitespace().next()?.parse::<f64>().ok()).unwrap_or(0.0);
    Ok(((ticks(11) + ticks(12)) / 100.0, kb / 1024.0))
}
