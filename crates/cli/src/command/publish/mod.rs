//! `publish`: an environment's snapshot as files, for clients that poll any web server or CDN.
//!
//! ```text
//!  server ─ snapshot, head, keys ─▶ verify ─▶ is what is there older? ─▶ snapshot.json, keys.json, then head
//!             (source)                              (place)
//! ```
//! INVARIANT: `head` is written last, so that what it stands for is there already; nothing is written that did not verify,
//! and nothing over a newer version.

use std::thread;
use std::time::{Duration, Instant};

use clap::Args;
use serde_json::json;
use tidegate::error::Code;
use tidegate::wire::{Connection, Head, Sha256};

use self::place::Place;
use self::source::{ASK_EVERY, Publication, Source};
use crate::admin::duration;
use crate::args::{EXIT_CODES, Format};
use crate::failure::{Exit, Failure};
use crate::output::{self, Output};
use crate::secret::Secret;

mod place;
mod source;

/// The largest document that engines take.
const MOST_BYTES: u64 = 256 << 20;

const HELP: &str = "\
The files are snapshot.json, keys.json and head. A client follows them with
`tidegate+static+https://host/dir?environment=…&key=…`; it needs no SDK key.

A bucket's credentials, region and endpoint are those of the variables of its cloud: AWS_ACCESS_KEY_ID, AWS_REGION,
AWS_ENDPOINT_URL, …; GOOGLE_SERVICE_ACCOUNT, ….

Without --watch the head is signed once, and clients say that they are stale after 90 seconds.";

/// Writes an environment's signed snapshot as files, for static hosting
#[derive(Args, Debug)]
#[command(after_help = EXIT_CODES, after_long_help = format!("{HELP}\n\n{EXIT_CODES}"))]
pub(crate) struct Publish {
    /// Where to: a directory, s3://BUCKET/PREFIX or gs://BUCKET/PREFIX
    #[arg(long, value_name = "PLACE")]
    to: String,
    /// The connection string of the server or relay; better in the variable than here, as the SDK key is in it
    #[arg(long, value_name = "CONNECTION", env = "TIDEGATE_CONNECTION", hide_env_values = true)]
    connect: Secret,
    /// Go on: publish each new version, and renew the head
    #[arg(long)]
    watch: bool,
    /// How often the head is renewed with --watch: 1s to 60s
    #[arg(long, value_name = "DURATION", default_value = "30s", value_parser = interval)]
    every: Duration,
    /// How to print
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

/// A file of static hosting.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Item {
    Snapshot,
    Keys,
    Head,
}

impl Item {
    const fn name(self) -> &'static str {
        match self {
            Self::Snapshot => "snapshot.json",
            Self::Keys => "keys.json",
            Self::Head => "head",
        }
    }

    const fn content_type(self) -> &'static str {
        match self {
            Self::Snapshot | Self::Keys => "application/json",
            Self::Head => "application/jose",
        }
    }

    /// A head may be a few seconds old, and one answer of the bucket then serves many clients. What it stands for must be asked
    /// for: an old copy under a new head would not verify.
    const fn cache_control(self) -> &'static str {
        match self {
            Self::Snapshot | Self::Keys => "public, no-cache",
            Self::Head => "public, max-age=5",
        }
    }
}

pub(crate) fn run(args: &Publish) -> Result<Exit, Failure> {
    // Not by clap, which would print the text with the SDK key in it.
    let connection: Connection = args.connect.text().trim().parse().map_err(|error: tidegate::Error| {
        Failure::usage(format!("the connection string cannot be used: {error}"))
            .hint("`tidegate sdk-key new` prints one; it is `--connect` or TIDEGATE_CONNECTION")
    })?;
    let mut publisher = Publisher {
        source: Source::new(connection)?,
        place: Place::new(&args.to)?,
        last: None,
        output: Output::new(),
        format: args.format,
    };
    let done = publisher.round(Renewal::Due)?;
    publisher.tell(&done, Telling::All)?;
    if args.watch {
        publisher.watch(args.every)?;
    }
    Ok(Exit::Done)
}

fn interval(text: &str) -> Result<Duration, String> {
    let ms = duration(text)?;
    if !(1_000..=60_000).contains(&ms) {
        return Err(format!("`{text}` is not between 1s and 60s; clients are stale after 90s"));
    }
    Ok(Duration::from_millis(ms))
}

struct Publisher {
    source: Source,
    place: Place,
    /// What is there, as far as it is known.
    last: Option<There>,
    output: Output,
    format: Format,
}

/// What is at the place.
#[derive(Clone)]
struct There {
    token: Vec<u8>,
    document: Option<Sha256>,
    keys: Option<Vec<u8>>,
}

/// Whether a head is written although nothing changed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Renewal {
    Due,
    NotYet,
}

/// What is worth a line.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Telling {
    /// Also that there was nothing to do.
    All,
    News,
}

/// What a round did.
struct Done {
    head: Head,
    written: Vec<Item>,
}

impl Publisher {
    /// Publishes until something ends the process. Failures are told, once each, and tried again.
    fn watch(&mut self, every: Duration) -> Result<(), Failure> {
        let ask = ASK_EVERY.min(every);
        let mut renewed = Instant::now();
        let mut told: Option<String> = None;
        loop {
            thread::sleep(ask);
            let due = if renewed.elapsed() >= every { Renewal::Due } else { Renewal::NotYet };
            match self.round(due) {
                Ok(done) => {
                    if done.written.contains(&Item::Head) {
                        renewed = Instant::now();
                    }
                    if told.take().is_some() {
                        output::note("publishing again");
                    }
                    self.tell(&done, Telling::News)?;
                }
                Err(Failure::Problem { message, hint, .. }) => {
                    if told.as_ref() != Some(&message) {
                        output::error(&message, hint.as_deref());
                        told = Some(message);
                    }
                }
                Err(other) => return Err(other),
            }
        }
    }

    /// Asks once, and writes what differs.
    fn round(&mut self, renewal: Renewal) -> Result<Done, Failure> {
        let environment = self.source.environment().to_owned();
        let Publication { head, token, keys } = self.source.fetch()?;
        let same = self
            .last
            .as_ref()
            .is_some_and(|last| last.document == Some(head.sha256) && last.keys.as_deref() == Some(&*keys));
        if same && renewal == Renewal::NotYet {
            return Ok(Done { head, written: Vec::new() });
        }

        let there = self.look()?;
        let mut written = Vec::new();
        let newest = match &there {
            Some(there) => self.check(&environment, &head, &there.token)?,
            None => Newest::Ours,
        };
        // Forgotten until all is written: after a failure, it is looked at anew.
        self.last = None;
        if there.as_ref().and_then(|there| there.document) != Some(head.sha256) {
            self.place.write(Item::Snapshot, self.source.document())?;
            written.push(Item::Snapshot);
        }
        if there.as_ref().and_then(|there| there.keys.as_deref()) != Some(&*keys) {
            self.place.write(Item::Keys, &keys)?;
            written.push(Item::Keys);
        }
        let mut token = token.into_bytes();
        match (newest, there) {
            (Newest::Theirs, Some(there)) => token = there.token,
            (_, Some(there)) if there.token == token => {}
            _ => {
                self.place.write(Item::Head, &token)?;
                written.push(Item::Head);
            }
        }
        self.last = Some(There { token, document: Some(head.sha256), keys: Some(keys) });
        Ok(Done { head, written })
    }

    /// What is at the place; none if there is no head.
    fn look(&self) -> Result<Option<There>, Failure> {
        let token = self.place.read(Item::Head)?;
        if let (Some(token), Some(last)) = (&token, &self.last)
            && last.token == *token
        {
            return Ok(self.last.clone());
        }
        let document = self.place.read(Item::Snapshot)?.map(|document| Sha256::of(&document));
        let keys = self.place.read(Item::Keys)?;
        match (token, &document, &keys) {
            (None, None, None) => Ok(None),
            (token, ..) => Ok(Some(There { token: token.unwrap_or_default(), document, keys })),
        }
    }

    /// Whether a head may be written over what is there.
    fn check(&self, environment: &str, head: &Head, there: &[u8]) -> Result<Newest, Failure> {
        if there.is_empty() {
            return Ok(Newest::Ours);
        }
        let name = self.place.name();
        let refused = |message: String| Err(Failure::new(Exit::Refused, message));
        let token = String::from_utf8_lossy(there);
        let there = match self.source.verify(&token) {
            Ok(there) => there,
            Err(error) if error.code() == Code::OtherHead => {
                return refused(format!(
                    "the head at {name} is of another environment than `{environment}`: {error}"
                ))
                .map_err(|failure| failure.hint("each environment needs a place of its own"));
            }
            Err(error) => {
                let message = format!("the head at {name} does not verify, and is replaced: {error}");
                output::warning(&message, None);
                return Ok(Newest::Ours);
            }
        };
        if there.version > head.version {
            return refused(format!(
                "{name} has version {} of `{environment}`, and the server gives version {}, which is older",
                there.version, head.version
            ))
            .map_err(|failure| {
                failure.hint("is the server restored from a backup? clients would refuse the older version")
            });
        }
        if there.version == head.version && there.sha256 != head.sha256 {
            return refused(format!(
                "{name} has version {} of `{environment}` with other content than the server gives",
                there.version
            ))
            .map_err(|failure| {
                failure
                    .hint("are there two servers? clients keep what they have until there is a newer version")
            });
        }
        let newer = there.version == head.version && there.at > head.at;
        Ok(if newer { Newest::Theirs } else { Newest::Ours })
    }

    fn tell(&mut self, done: &Done, telling: Telling) -> Result<(), Failure> {
        let Done { head, written } = done;
        let names: Vec<&str> = written.iter().map(|item| item.name()).collect();
        let only_renewed = !written.iter().any(|item| *item != Item::Head);
        let (environment, version, place) = (&head.environment, head.version, self.place.name());
        match self.format {
            Format::Json if telling == Telling::All || !written.is_empty() => {
                self.output.json_line(&json!({
                    "environment": environment, "version": version, "sha256": head.sha256, "at": head.at,
                    "to": place, "written": names,
                }))?;
            }
            Format::Table if written.is_empty() && telling == Telling::All => {
                self.output.text(&format!("version {version} of {environment} is at {place} already\n"))?;
            }
            Format::Table if telling == Telling::All || !only_renewed => {
                let names = names.join(", ");
                self.output
                    .text(&format!("published version {version} of {environment} to {place}: {names}\n"))?;
            }
            Format::Json | Format::Table => {}
        }
        self.output.flush()
    }
}

/// Whose head of the same document is the newer one.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Newest {
    Ours,
    Theirs,
}
