//! A service: a process of its own that links the SDK and checks the gate for its users, all the time.
//!
//! It prints JSON lines: `applied` when it serves another snapshot, `served` ten times a second.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver, Sender};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde_json::{Value as Json, json};
use tidegate::client::ConnectOptions;
use tidegate::{Context, Engine};

use crate::server::Fails;
use crate::story::FEATURE;

/// Where a service finds its connection string: not among its arguments, which everybody on the machine can read.
const CONNECTION: &str = "TIDEGATE_CONNECTION";
const USERS: u32 = 1_000;
const SERVED: Duration = Duration::from_millis(100);

/// What is known of a service.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen {
    /// The version that it serves; 0 if none.
    pub(crate) version: u64,
    /// When it began to serve it (µs since 1970).
    pub(crate) applied_at: u64,
    /// The share of its users that get the candidate, in percent.
    pub(crate) on: u32,
    /// Decisions so far.
    pub(crate) decisions: u64,
}

/// The services, as this process sees them.
#[derive(Debug)]
pub(crate) struct Fleet {
    pub(crate) services: Vec<Seen>,
    processes: Vec<Child>,
    lines: Receiver<(usize, Json)>,
    told: Sender<(usize, Json)>,
}

impl Default for Fleet {
    fn default() -> Self {
        let (told, lines) = mpsc::channel();
        Self { services: Vec::new(), processes: Vec::new(), lines, told }
    }
}

impl Fleet {
    /// Starts a service.
    pub(crate) fn start(&mut self, environment: &str, region: &str, connection: &str) -> Fails<()> {
        let mut process = Command::new(std::env::current_exe()?)
            .args(["service", environment, region])
            .env(CONNECTION, connection)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()?;
        let (number, told) = (self.services.len(), self.told.clone());
        if let Some(out) = process.stdout.take() {
            std::thread::spawn(move || {
                for line in BufReader::new(out).lines().map_while(Result::ok) {
                    let said = serde_json::from_str(&line).unwrap_or(Json::Null);
                    if told.send((number, said)).is_err() {
                        return;
                    }
                }
            });
        }
        self.services.push(Seen::default());
        self.processes.push(process);
        Ok(())
    }

    /// Reads what the services say, for so long.
    pub(crate) fn read(&mut self, span: Duration) -> Fails<()> {
        let until = Instant::now() + span;
        while let Ok((number, said)) =
            self.lines.recv_timeout(until.saturating_duration_since(Instant::now()))
        {
            let Some(seen) = self.services.get_mut(number) else { continue };
            let field = |name: &str| said.get(name).and_then(Json::as_u64);
            if let Some(version) = field("version").filter(|version| *version > seen.version) {
                seen.version = version;
                seen.applied_at = field("at").unwrap_or(0);
            }
            seen.on = field("on").and_then(|on| u32::try_from(on).ok()).unwrap_or(seen.on);
            seen.decisions = field("decisions").unwrap_or(seen.decisions);
        }
        for process in &mut self.processes {
            if let Some(status) = process.try_wait()? {
                return Err(format!("a service ended: {status}").into());
            }
        }
        Ok(())
    }

    /// Reads until something holds.
    pub(crate) fn wait(&mut self, patience: Duration, holds: impl Fn(&[Seen]) -> bool) -> Fails<()> {
        let deadline = Instant::now() + patience;
        while !holds(&self.services) {
            self.read(Duration::from_millis(10))?;
            if Instant::now() > deadline {
                return Err(format!("the services did not get there: {:?}", self.services).into());
            }
        }
        Ok(())
    }
}

impl Drop for Fleet {
    fn drop(&mut self) {
        for process in &mut self.processes {
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}

/// Microseconds since 1970: all processes run on one machine, by one clock.
pub(crate) fn micros() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_micros()).unwrap_or(u64::MAX)
}

/// `service <environment> <region>`: follows its server and checks the gate, until its parent is gone.
pub(crate) fn run(environment: &str, region: &str) -> Fails<()> {
    let connection = std::env::var(CONNECTION).map_err(|_| format!("{CONNECTION} is not set"))?;
    let options = ConnectOptions::from_connection(&connection)?
        .process("region", region)
        .process("service", "shop")
        .report_interval(Duration::from_secs(1));
    let client = Engine::connect(options)?;
    client.wait_ready(Duration::from_secs(20))?;
    let engine = client.engine();
    let (gate, user_id) = (engine.gate(FEATURE), engine.attribute("user_id")?);
    let mut reader = engine.reader();
    let users: Vec<_> = (0..USERS)
        .map(|number| {
            let mut user = Context::new();
            user.set_owned(user_id, format!("user-{number}").as_str());
            user
        })
        .collect();
    let mut out = std::io::stdout();
    let (mut version, mut decisions, mut next) = (0, 0_u64, Instant::now());
    loop {
        let served = engine.version();
        let on = users.iter().filter(|user| reader.check(gate, *user)).count();
        decisions += u64::from(USERS);
        if served == engine.version() && (served != version || Instant::now() >= next) {
            version = served;
            next = Instant::now() + SERVED;
            let on = u32::try_from(on).unwrap_or(USERS) * 100 / USERS;
            let said = json!({"at": micros(), "version": version, "on": on, "decisions": decisions, "environment": environment});
            if writeln!(out, "{said}").and_then(|()| out.flush()).is_err() {
                return Ok(());
            }
        }
        // A thousand users each millisecond: a busy service, but not one that takes a core from the others.
        std::thread::sleep(Duration::from_millis(1));
    }
}
