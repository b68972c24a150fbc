//! What a client tells: to callbacks on its thread, and to channels.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Weak};
use std::time::Duration;

use parking_lot::Mutex;

use crate::error::Error;
use crate::model::Key;
use crate::wire::Source;

/// Something that happened to a client.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Event {
    /// Something is served for the first time. A [`Event::Changed`] follows.
    Ready {
        /// Where it came from.
        source: Source,
        /// Its version.
        version: u64,
    },
    /// Another version is served from now on.
    Changed {
        /// Where it came from.
        source: Source,
        /// Its version.
        version: u64,
        /// The features that may decide otherwise than before, sorted.
        features: Arc<[Key]>,
        /// From the arrival of its last byte to its being served.
        lag: Duration,
    },
    /// There was no proof of freshness for too long; serving goes on.
    Stale {
        /// How long ago the last proof came; none: none came since the start.
        age: Option<Duration>,
    },
    /// After [`Event::Stale`]: there is proof again.
    Fresh,
    /// Something went wrong: a version was refused, the server cannot be reached, nothing can be stored, ….
    Error(Error),
}

/// The most events that wait in a channel.
const MOST_WAITING: usize = 1_024;

pub(super) type Callback = Arc<dyn Fn(&Event) + Send + Sync>;

/// Whom events are told.
#[derive(Default)]
pub(super) struct Listeners {
    /// For good.
    fixed: Vec<Callback>,
    callbacks: Mutex<Vec<(u64, Callback)>>,
    channels: Mutex<Vec<SyncSender<Event>>>,
    next: AtomicU64,
}

impl fmt::Debug for Listeners {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Listeners")
    }
}

impl Listeners {
    pub(super) fn new(fixed: &[Callback]) -> Self {
        Self { fixed: fixed.to_vec(), ..Self::default() }
    }

    /// Calls all callbacks and fills all channels, with nothing locked; how many callbacks panicked.
    pub(super) fn tell(&self, event: &Event) -> usize {
        let panics = |callback: &Callback| catch_unwind(AssertUnwindSafe(|| callback(event))).is_err();
        let fixed = self.fixed.iter().filter(|callback| panics(callback)).count();
        let callbacks = self.callbacks.lock().clone();
        // One that was called may have ended the subscription of another.
        let is_subscribed = |number| self.callbacks.lock().iter().any(|(own, _)| *own == number);
        let others = callbacks.iter().filter(|(number, callback)| is_subscribed(*number) && panics(callback));
        let panics = fixed.saturating_add(others.count());
        // Who does not read loses what is newest, and is not waited for; who is gone is forgotten.
        self.channels
            .lock()
            .retain(|channel| !matches!(channel.try_send(event.clone()), Err(TrySendError::Disconnected(_))));
        panics
    }

    pub(super) fn add(self: &Arc<Self>, callback: Callback) -> Subscription {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        self.callbacks.lock().push((number, callback));
        Subscription { listeners: Arc::downgrade(self), number }
    }

    pub(super) fn channel(&self) -> Events {
        let (sender, receiver) = sync_channel(MOST_WAITING);
        self.channels.lock().push(sender);
        Events(receiver)
    }

    /// Ends all channels.
    pub(super) fn end(&self) {
        self.channels.lock().clear();
    }
}

/// Ends the calls of a callback when dropped.
#[derive(Debug)]
#[must_use = "dropping it ends the subscription"]
pub struct Subscription {
    listeners: Weak<Listeners>,
    number: u64,
}

impl Drop for Subscription {
    fn drop(&mut self) {
        let Some(listeners) = self.listeners.upgrade() else { return };
        let mut callbacks = listeners.callbacks.lock();
        let place = callbacks.iter().position(|(number, _)| *number == self.number);
        let callback = place.map(|place| callbacks.remove(place));
        // It may own a subscription itself, and is dropped when nothing is locked.
        drop(callbacks);
        drop(callback);
    }
}

/// Events as they come, from when this was made; ends when the client is closed.
///
/// Up to 1 024 wait; who reads more slowly loses the newest.
#[derive(Debug)]
pub struct Events(Receiver<Event>);

impl Events {
    /// The next event, or none within `timeout`, or none ever again.
    #[must_use]
    pub fn wait(&self, timeout: Duration) -> Option<Event> {
        self.0.recv_timeout(timeout).ok()
    }

    /// An event that is there already.
    #[must_use]
    pub fn try_next(&self) -> Option<Event> {
        self.0.try_recv().ok()
    }
}

impl Iterator for Events {
    type Item = Event;

    /// Waits for the next event.
    fn next(&mut self) -> Option<Event> {
        self.0.recv().ok()
    }
}
