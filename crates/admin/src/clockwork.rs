//! Clockwork: what is due is done within 250 ms, by the server that leads.
//!
//! ```text
//!   world ──driver.next──▶ wake ──sleep (or a commit, or the lease moves)──▶ driver.due ──▶ commands ──▶ writer (fenced)
//! ```
//! It sleeps while nothing is due: a thousand waiting releases cost one look at the clock a second (five while one waits for
//! the wall clock, which may be set). After a commit the world is looked through again, but at most once each `CALM`.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use tidegate::release::{NextWake, Now};
use tokio::time::{Instant, sleep, sleep_until};

use crate::clock::has_come;
use crate::domain::World;
use crate::trouble::Trouble;
use crate::writer::{Request, Writer};

/// The least time between two looks through the world.
const CALM: Duration = Duration::from_millis(50);
/// How many commands are handed to the writer at once.
const CHUNK: usize = 64;
/// How long to wait if what is due could not be done: other timers become due meanwhile, and have 250 ms.
const REST: Duration = Duration::from_millis(150);

/// What there is to do, as a function of the world.
pub trait Driver: Send + Sync {
    /// What is due.
    fn due(&self, world: &World, now: Now) -> Vec<Request>;
    /// When something is due next, on either clock; both empty: never, until something changes.
    fn next(&self, world: &World) -> NextWake;
}

/// Runs until the writer is closed; only the server that leads does anything.
pub async fn run(writer: Writer, driver: Arc<dyn Driver>) {
    let stop = writer.stopped();
    tokio::select! {
        () = stop.cancelled() => {}
        () = turn(&writer, &*driver) => {}
    }
}

async fn turn(writer: &Writer, driver: &dyn Driver) {
    let mut leading = writer.leading();
    let mut changed = writer.changed();
    let late = Trouble::new("a timer could not run");
    loop {
        if leading.wait_for(Option::is_some).await.is_err() {
            return;
        }
        let looked = Instant::now();
        let seq = *changed.borrow_and_update();
        let next = driver.next(&writer.world());
        let wakes = async {
            while !has_come(next, writer.now()) {
                writer.clock().sleep(next).await;
            }
        };
        tokio::select! {
            biased;
            () = wakes => {}
            gone = changed.changed() => {
                if gone.is_err() {
                    return;
                }
                sleep_until(looked + CALM).await;
                continue;
            }
            gone = leading.changed() => {
                if gone.is_err() {
                    return;
                }
                continue;
            }
        }
        let refused = fire(writer, driver, &late).await;
        // Nothing moved although something is due: a refusal, or a store that is away. Not at full speed, then.
        if refused || *changed.borrow() == seq {
            sleep(REST).await;
        }
    }
}

/// Does what is due; whether some of it could not be done.
async fn fire(writer: &Writer, driver: &dyn Driver, late: &Trouble) -> bool {
    let mut requests = driver.due(&writer.world(), writer.now()).into_iter();
    let mut refused = false;
    loop {
        let chunk: Vec<_> =
            requests.by_ref().take(CHUNK).map(|request| writer.run_as_leader(request)).collect();
        if chunk.is_empty() {
            if !refused {
                late.is_over();
            }
            return refused;
        }
        for answer in join_all(chunk).await {
            if let Err(problem) = answer {
                late.came(&format_args!("{}: {}", problem.code.as_str(), problem.detail));
                refused = true;
            }
        }
    }
}
