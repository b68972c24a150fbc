//! Many clients in this process: some whole, most simulated. All note when they have a version, by one clock.

use std::collections::BTreeMap;
use std::sync::mpsc::{self, Receiver, Sender};
use std::time::{Duration, Instant};

use tidegate::Engine;
use tidegate::client::{Client, ConnectOptions, Event};
use tidegate::wire::Connection;
use tokio::runtime::{Builder, Runtime};

use super::stream::{Reports, Seen, Stream};
use crate::server::Fails;

/// How long is waited for all.
const PATIENCE: Duration = Duration::from_secs(20);

/// Clients, and what they say.
pub(crate) struct Crowd {
    /// All have it.
    version: u64,
    size: usize,
    whole: Vec<Client>,
    said: Receiver<Result<Seen, String>>,
    say: Sender<Result<Seen, String>>,
    // One thread besides the driver's: the processors are shared with the server.
    runtime: Runtime,
}

/// What became of an action: how long it took to be answered, and to reach each client.
pub(crate) struct Round {
    pub(crate) answered: Duration,
    pub(crate) reached: Vec<Duration>,
    /// Of each simulated client.
    pub(crate) bytes: Vec<usize>,
}

impl Crowd {
    /// Nobody yet, where `version` is served.
    pub(crate) fn new(version: u64) -> Fails<Self> {
        let (say, said) = mpsc::channel();
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        Ok(Self { version, size: 0, whole: Vec::new(), said, say, runtime })
    }

    /// Adds simulated clients; those that report have a second connection for it.
    pub(crate) fn simulate(&mut self, server: &Connection, count: usize, report: bool) -> Fails<()> {
        for _ in 0..count {
            let (client, say, version) = (self.size, self.say.clone(), self.version);
            let instance = format!("simulated-{}-{version}-{client}", std::process::id());
            let (mut stream, mut reports) = self.runtime.block_on(async {
                let stream = Stream::open(server, version).await?;
                let reports = if report { Some(Reports::open(server).await?) } else { None };
                Ok::<_, Box<dyn std::error::Error + Send + Sync>>((stream, reports))
            })?;
            self.runtime.spawn(async move {
                loop {
                    if let Some(reports) = &mut reports
                        && let Err(error) = reports.send(&instance, stream.version).await
                    {
                        let _ = say.send(Err(format!("client {client}: {error}")));
                        return;
                    }
                    let seen = stream.changed(client).await;
                    let is_last = seen.is_err();
                    let seen = seen.map_err(|error| format!("client {client}: {error}"));
                    if say.send(seen).is_err() || is_last {
                        return;
                    }
                }
            });
            self.size += 1;
        }
        Ok(())
    }

    /// Adds whole clients: each with an engine, a thread, and process attributes.
    pub(crate) fn add(&mut self, server: &Connection, count: usize) -> Fails<()> {
        for _ in 0..count {
            let (client, say) = (self.size, self.say.clone());
            let options = ConnectOptions::new(server.clone())
                .process("region", "eu-central-1")
                .process("service", format!("shop-{client}").as_str());
            let whole = Engine::connect(options)?;
            whole.wait_ready(PATIENCE)?;
            let version = whole.status().version;
            if version != self.version {
                return Err(format!("client {client} has version {version}, not {}", self.version).into());
            }
            // For good: the subscription ends with the client.
            std::mem::forget(whole.on_event(move |event| {
                if let Event::Changed { version, .. } = event {
                    let _ = say.send(Ok(Seen { client, version: *version, at: Instant::now(), bytes: 0 }));
                }
            }));
            self.whole.push(whole);
            self.size += 1;
        }
        Ok(())
    }

    /// Acts, and waits until all clients have what came of it.
    pub(crate) fn act(&mut self, action: impl FnOnce() -> Fails<()>) -> Fails<Round> {
        let began = Instant::now();
        action()?;
        let answered = began.elapsed();
        let (mut reached, mut bytes, mut led_to) = (BTreeMap::new(), Vec::new(), None);
        while reached.len() < self.size {
            let patience = PATIENCE.saturating_sub(began.elapsed());
            let Ok(seen) = self.said.recv_timeout(patience) else {
                return Err(format!("{} of {} clients have it", reached.len(), self.size).into());
            };
            let seen = seen?;
            if seen.version == self.version {
                // A whole client's first version, told late.
                continue;
            }
            // What one gets, all get: an action is one version.
            let version = *led_to.get_or_insert(seen.version);
            if seen.version != version {
                return Err(format!("expected version {version}, found {}", seen.version).into());
            }
            if seen.bytes > 0 {
                bytes.push(seen.bytes);
            }
            if reached.insert(seen.client, seen.at.saturating_duration_since(began)).is_some() {
                return Err(format!("client {} has version {version} twice", seen.client).into());
            }
        }
        self.version = led_to.unwrap_or(self.version);
        Ok(Round { answered, reached: reached.into_values().collect(), bytes })
    }
}
