//! The loop of a client that has a server: streams, polls, and what to do when either fails.

use std::cell::{RefCell, RefMut};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::Notify;
use tokio::time::sleep;

use super::course::{Course, Ended, Step};
use super::http::{Answer, Failed, Http, MOST_DOCUMENT, Polled};
use super::intake::{Intake, Offer, Upkeep, Verdict};
use super::options::{ConnectOptions, Streaming};
use super::shared::Shared;
use super::sse::{Message, Parser};
use super::status::Connected;
use super::uptime::Chance;
use crate::error::{Code, Error};
use crate::wire::{Connection, Kind, Sha256, Source};

/// Keeps the engine current.
pub(super) struct Feed {
    shared: Arc<Shared>,
    http: Http,
    /// Borrowed between awaits only.
    intake: RefCell<Intake>,
    course: RefCell<Course>,
    chance: RefCell<Chance>,
    kind: Kind,
    network_first: Duration,
    first_event: Duration,
    read_stall: Duration,
    upkeep: Notify,
}

/// A token beside a document of up to its most bytes.
const MOST_EVENT: usize = MOST_DOCUMENT + (64 << 10);
/// A server that wants clients to stay away longer than this has no say in it.
const LONGEST_RETRY: Duration = Duration::from_secs(60);

impl Feed {
    pub(super) fn new(
        options: &ConnectOptions,
        connection: &Connection,
        shared: &Arc<Shared>,
        http: &Http,
        mut intake: Intake,
        mut chance: Chance,
    ) -> Self {
        intake.open();
        let streams = connection.kind == Kind::Live && options.streaming == Streaming::On;
        let course = Course::new(streams, options.poll_interval, chance.fork());
        Self {
            shared: Arc::clone(shared),
            http: http.clone(),
            intake: RefCell::new(intake),
            course: RefCell::new(course),
            chance: RefCell::new(chance),
            kind: connection.kind,
            network_first: options.network_first,
            first_event: options.answer_timeout,
            read_stall: options.read_stall,
            upkeep: Notify::new(),
        }
    }

    pub(super) async fn run(&self) {
        tokio::join!(self.go(), self.fall_back_later(), self.keep_up());
    }

    async fn go(&self) {
        loop {
            let step = self.course.borrow().next(self.shared.now());
            match step {
                Step::Wait(wait) => {
                    // Nothing to wait for at a start: what was stored is served meanwhile.
                    self.intake().fall_back();
                    // In pieces: the clock of the waits may be another one than that of this timer.
                    sleep(wait.clamp(Duration::from_millis(1), Duration::from_millis(500))).await;
                }
                Step::Stream => {
                    let ended = self.stream().await;
                    self.shared.connected(Connected::No);
                    self.course.borrow_mut().stream_ended(ended, self.shared.now());
                }
                Step::Poll => {
                    let ended = self.poll().await;
                    self.course.borrow_mut().polled(ended, self.shared.now());
                }
            }
        }
    }

    async fn fall_back_later(&self) {
        sleep(self.network_first).await;
        self.intake().fall_back();
    }

    fn intake(&self) -> RefMut<'_, Intake> {
        self.intake.borrow_mut()
    }

    /// Streams until that fails.
    async fn stream(&self) -> Ended {
        let opened = Instant::now();
        let mut ended = Ended::default();
        let mut parser = Parser::new(MOST_EVENT);
        let version = self.intake().version();
        let outcome = match self.http.stream(version).await {
            Ok(answer) => {
                ended.reached = true;
                self.read(answer, &mut parser, &mut ended).await
            }
            Err(failed) => Err(failed),
        };
        ended.lived = opened.elapsed();
        ended.asked = parser.retry().map(|retry| retry.min(LONGEST_RETRY));
        if let Err(failed) = outcome {
            ended.reached |= failed.reached;
            ended.asked = failed.asked.max(ended.asked);
            self.shared.fail(failed.error);
        }
        ended
    }

    /// Reads events until the stream ends.
    async fn read(&self, mut answer: Answer, parser: &mut Parser, ended: &mut Ended) -> Result<(), Failed> {
        let mut messages = Vec::new();
        loop {
            let patience = if ended.proven { self.read_stall } else { self.first_event.min(self.read_stall) };
            let Some(piece) = self.http.piece(&mut answer, patience).await? else { return Ok(()) };
            let arrived = Instant::now();
            if parser.push(&piece, &mut messages).is_err() {
                let message = format!("expected events of at most {MOST_EVENT} bytes, found a larger one");
                return Err(broken(message));
            }
            for message in messages.drain(..) {
                if self.message(&message, arrived).await && !ended.proven {
                    ended.proven = true;
                    self.course.borrow_mut().stream_proven();
                    self.shared.connected(Connected::Stream);
                }
            }
        }
    }

    /// Takes in an event; whether it had a head that verified, and what is served is what it says.
    async fn message(&self, message: &Message, arrived: Instant) -> bool {
        let claimed = message.id.as_deref().and_then(|id| id.parse().ok()).unwrap_or(0);
        let split = message.data.iter().position(|byte| *byte == b'\n');
        let (token, rest) = message.data.split_at(split.unwrap_or(message.data.len()));
        let bytes = rest.get(1..).unwrap_or_default();
        let Ok(token) = std::str::from_utf8(token) else {
            self.shared.fail(Error::new(Code::BadAnswer, "", "expected text in an event, found other bytes"));
            return false;
        };
        let offer = Offer { token, bytes, claimed, arrived, source: Source::Stream };
        let verdict = match &*message.event {
            "snapshot" => self.offer(claimed, || self.intake().whole(offer)).await,
            "delta" => self.offer(claimed, || self.intake().delta(offer)).await,
            "head" => self.offer(0, || self.intake().head(token, Source::Stream)).await,
            "keys" => {
                match serde_json::from_slice::<Vec<String>>(&message.data) {
                    Ok(endorsements) => self.intake().keys(&endorsements),
                    Err(error) => self.shared.fail(Error::new(
                        Code::BadAnswer,
                        "",
                        format!("expected a list of endorsements: {error}"),
                    )),
                }
                return false;
            }
            // Of a later time.
            _ => return false,
        };
        match verdict {
            Verdict::Current => true,
            Verdict::NeedWhole => self.fetch_whole(Source::Stream).await,
            // A version that does not compile came over a stream that works.
            Verdict::Refused => self.intake().version() > 0,
            Verdict::NeedKeys(_) => false,
        }
    }

    /// Offers something to the intake; if that does not trust the key, a second time with the server's endorsements.
    async fn offer(&self, claimed: u64, offer: impl Fn() -> Verdict) -> Verdict {
        let first = offer();
        if !matches!(first, Verdict::NeedKeys(_)) {
            return self.noted(first);
        }
        match self.http.keys().await {
            Ok(endorsements) => self.intake().keys(&endorsements),
            Err(failed) => self.shared.fail(failed.error),
        }
        match offer() {
            Verdict::NeedKeys(error) => {
                self.intake().untrusted(claimed, error);
                Verdict::Refused
            }
            verdict => self.noted(verdict),
        }
    }

    /// Wakes who keeps the cache up, if there is something to do.
    fn noted(&self, verdict: Verdict) -> Verdict {
        if self.intake.borrow().needs_upkeep() {
            self.upkeep.notify_one();
        }
        verdict
    }

    /// Gets the whole document after something did not fit.
    async fn fetch_whole(&self, source: Source) -> bool {
        let known = self.intake().known();
        match self.ask(&known).await {
            Ok(Some((token, document))) => {
                let arrived = Instant::now();
                let offer =
                    Offer { token: &token, bytes: &document, claimed: 0, arrived, source: Source::Poll };
                let verdict = self.offer(0, || self.intake().whole(offer)).await;
                if matches!(verdict, Verdict::Current) {
                    self.shared.confirmed_by(source);
                }
                matches!(verdict, Verdict::Current)
            }
            Ok(None) => true,
            Err(failed) => {
                self.shared.fail(failed.error);
                false
            }
        }
    }

    async fn poll(&self) -> Ended {
        let known = self.intake().known();
        let outcome = match self.ask(&known).await {
            Ok(Some((token, document))) => {
                let arrived = Instant::now();
                let offer =
                    Offer { token: &token, bytes: &document, claimed: 0, arrived, source: Source::Poll };
                Ok(self.offer(0, || self.intake().whole(offer)).await)
            }
            Ok(None) => Ok(Verdict::Current),
            Err(failed) => Err(failed),
        };
        match outcome {
            Ok(verdict) => {
                self.shared.connected(Connected::Poll);
                // Refused or not: the next is asked for at the usual time.
                let is_settled = matches!(verdict, Verdict::Current | Verdict::Refused);
                Ended { reached: true, proven: is_settled, ..Ended::default() }
            }
            Err(Failed { error, reached, asked }) => {
                self.shared.connected(Connected::No);
                self.shared.fail(error);
                Ended { reached, asked, ..Ended::default() }
            }
        }
    }

    /// Asks once for what is not known; none: there is nothing else.
    async fn ask(&self, known: &[Sha256]) -> Result<Option<(String, Vec<u8>)>, Failed> {
        let token = match self.kind {
            Kind::Live => match self.http.snapshot(known).await? {
                Polled::Whole { token, document } => return Ok(Some((token, document))),
                Polled::Same { token } => token,
            },
            Kind::Static => self.http.static_head().await?,
        };
        match (self.offer(0, || self.intake().head(&token, Source::Poll)).await, self.kind) {
            (Verdict::NeedWhole, Kind::Static) => {
                let document = self.http.static_document().await?;
                Ok(Some((token, document)))
            }
            (Verdict::NeedWhole, Kind::Live) => {
                Err(broken("expected a document, found `not modified` for one that is not there".to_owned()))
            }
            _ => Ok(None),
        }
    }

    /// Does for the cache what is not urgent, a while after the update that asked for it: the ack goes first.
    async fn keep_up(&self) {
        loop {
            self.upkeep.notified().await;
            let wait = self.chance.borrow_mut().between(Duration::from_millis(500), Duration::from_secs(5));
            sleep(wait).await;
            let upkeep = self.intake().upkeep();
            match upkeep {
                Upkeep::None => {}
                Upkeep::Compact => self.intake().compact(),
                Upkeep::Whole => {
                    // One that fails is asked for again by the next delta.
                    if let Ok(Polled::Whole { token, document }) = self.http.snapshot(&[]).await {
                        self.intake().refill(&token, &document);
                    }
                }
            }
        }
    }
}

fn broken(message: String) -> Failed {
    Failed { error: Error::new(Code::BadAnswer, "", message), reached: true, asked: None }
}
