//! When to stream, and when to poll: a state machine without I/O or clock.
//!
//! ```text
//!            ┌────────── backoff 0.2 … 30 s ◀─ unreachable, or ended after it had proven itself
//!            ▼                                                    │
//!  start ─▶ Stream ───────────────────────────────────────────────┤
//!            ▲                                                    ▼ answered, but no event came (a proxy that holds it back)
//!            └───────── each 10 s … 5 min ◀──────────────── Poll, each interval ± 20 %; backoff when it fails
//! ```

use std::time::Duration;

use super::backoff::Backoff;
use super::uptime::Chance;

/// What to do next.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Step {
    Poll,
    Stream,
    Wait(Duration),
}

/// How an attempt ended.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Ended {
    /// Something answered; else no connection was made.
    pub(super) reached: bool,
    /// Of a stream: a head was verified. Of a poll: it succeeded.
    pub(super) proven: bool,
    /// How long a stream was open.
    pub(super) lived: Duration,
    /// How long the server asked to wait.
    pub(super) asked: Option<Duration>,
}

/// The course of a client.
#[derive(Clone, Debug)]
pub(super) struct Course {
    chance: Chance,
    poll_interval: Duration,
    /// None: no streams are wanted.
    next_stream: Option<Duration>,
    /// None: streams do.
    next_poll: Option<Duration>,
    reconnect: Backoff,
    retry_stream: Backoff,
    retry_poll: Backoff,
}

/// A stream that lived this long was no accident.
const HEALTHY: Duration = Duration::from_secs(5);
const SHORTEST: Duration = Duration::from_millis(200);
const LONGEST: Duration = Duration::from_secs(30);

impl Course {
    pub(super) fn new(streams: bool, poll_interval: Duration, chance: Chance) -> Self {
        Self {
            chance,
            poll_interval,
            next_stream: streams.then_some(Duration::ZERO),
            next_poll: (!streams).then_some(Duration::ZERO),
            reconnect: Backoff::new(SHORTEST, LONGEST),
            retry_stream: Backoff::new(poll_interval.min(LONGEST / 3), LONGEST * 10),
            retry_poll: Backoff::new(SHORTEST, LONGEST),
        }
    }

    pub(super) fn next(&self, now: Duration) -> Step {
        let is_due = |at: Option<Duration>| at.is_some_and(|at| at <= now);
        if is_due(self.next_poll) {
            return Step::Poll;
        }
        if is_due(self.next_stream) {
            return Step::Stream;
        }
        let next = [self.next_poll, self.next_stream].into_iter().flatten().min();
        Step::Wait(next.map_or(self.poll_interval, |next| next.saturating_sub(now)))
    }

    pub(super) fn stream_ended(&mut self, ended: Ended, now: Duration) {
        if ended.proven && ended.lived >= HEALTHY {
            self.reconnect.reset();
            self.retry_stream.reset();
        }
        if ended.proven {
            self.next_poll = None;
        }
        let is_held_back = ended.reached && !ended.proven;
        if is_held_back && self.next_poll.is_none() {
            // A server that asked to be left alone is not polled at once either.
            let wait = ended.asked.map(|asked| self.retry_poll.next(Some(asked), &mut self.chance));
            self.next_poll = Some(now.saturating_add(wait.unwrap_or_default()));
        }
        let backoff = if self.next_poll.is_some() { &mut self.retry_stream } else { &mut self.reconnect };
        let wait = backoff.next(ended.asked, &mut self.chance);
        self.next_stream = Some(now.saturating_add(wait));
    }

    pub(super) fn polled(&mut self, ended: Ended, now: Duration) {
        let wait = if ended.proven {
            self.retry_poll.reset();
            self.chance.around(self.poll_interval, 0.2)
        } else {
            self.retry_poll.next(ended.asked, &mut self.chance)
        };
        self.next_poll = Some(now.saturating_add(wait));
    }

    /// A stream proved itself: polls are no longer needed.
    pub(super) fn stream_proven(&mut self) {
        self.next_poll = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLL: Duration = Duration::from_secs(10);

    fn course() -> Course {
        Course::new(true, POLL, Chance::new(Some(3)))
    }

    fn waited(course: &Course, now: Duration) -> Duration {
        match course.next(now) {
            Step::Wait(wait) => wait,
            _ => Duration::ZERO,
        }
    }

    #[test]
    fn a_start_streams_and_a_client_without_streams_polls() {
        assert_eq!(course().next(Duration::ZERO), Step::Stream);
        let mut polling = Course::new(false, POLL, Chance::new(Some(3)));
        assert_eq!(polling.next(Duration::ZERO), Step::Poll);
        polling.polled(Ended { reached: true, proven: true, ..Ended::default() }, Duration::ZERO);
        let wait = waited(&polling, Duration::ZERO);
        assert!((POLL * 8 / 10..=POLL * 12 / 10).contains(&wait), "{wait:?}");
        assert_eq!(polling.next(wait), Step::Poll);
    }

    #[test]
    fn an_unreachable_server_is_asked_for_streams_only_with_growing_waits() {
        let (mut course, mut now, mut waits) = (course(), Duration::ZERO, Vec::new());
        for _ in 0..40 {
            assert_eq!(course.next(now), Step::Stream);
            course.stream_ended(Ended::default(), now);
            let wait = waited(&course, now);
            assert!((SHORTEST..=LONGEST).contains(&wait), "{wait:?}");
            now += wait;
            waits.push(wait);
        }
        assert!(waits[0] <= Duration::from_secs(1));
        assert!(waits[30..].iter().sum::<Duration>() > Duration::from_secs(30));
    }

    #[test]
    fn streams_that_are_held_back_give_way_to_polls_and_are_tried_again() {
        let mut course = course();
        let held_back = Ended { reached: true, ..Ended::default() };
        course.stream_ended(held_back, Duration::ZERO);
        let (mut now, mut polls, mut streams) = (Duration::ZERO, 0, 0);
        while now < Duration::from_secs(600) {
            match course.next(now) {
                Step::Poll => {
                    polls += 1;
                    course.polled(Ended { reached: true, proven: true, ..Ended::default() }, now);
                }
                Step::Stream => {
                    streams += 1;
                    course.stream_ended(held_back, now);
                }
                Step::Wait(wait) => now += wait.max(Duration::from_millis(1)),
            }
        }
        assert!((50..=75).contains(&polls), "{polls}");
        assert!((2..=40).contains(&streams), "{streams}");
        course.stream_ended(Ended { reached: true, proven: true, lived: HEALTHY, asked: None }, now);
        assert!(waited(&course, now) <= Duration::from_secs(1));
        now += Duration::from_secs(1);
        assert_eq!(course.next(now), Step::Stream);
    }

    #[test]
    fn a_stream_that_lived_is_taken_up_soon_and_one_that_flaps_is_not() {
        let (mut healthy, mut flapping) = (course(), course());
        for (course, lived) in [(&mut healthy, HEALTHY), (&mut flapping, Duration::ZERO)] {
            for _ in 0..30 {
                course
                    .stream_ended(Ended { reached: true, proven: true, lived, asked: None }, Duration::ZERO);
            }
        }
        assert!(waited(&healthy, Duration::ZERO) <= Duration::from_secs(1));
        let flaps: Duration = (0..30)
            .map(|_| {
                flapping
                    .stream_ended(Ended { reached: true, proven: true, ..Ended::default() }, Duration::ZERO);
                waited(&flapping, Duration::ZERO)
            })
            .sum();
        assert!(flaps > Duration::from_secs(30), "{flaps:?}");
    }

    #[test]
    fn a_server_that_asks_to_be_left_alone_is() {
        let asked = Duration::from_secs(60);
        let busy = Ended { reached: true, asked: Some(asked), ..Ended::default() };
        let mut course = course();
        course.stream_ended(busy, Duration::ZERO);
        assert!(waited(&course, Duration::ZERO) >= asked);
        let mut polling = Course::new(false, POLL, Chance::new(Some(3)));
        polling.polled(busy, Duration::ZERO);
        assert!(waited(&polling, Duration::ZERO) >= asked);
    }
}
