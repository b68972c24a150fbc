//! Plays the release of `examples/snapshots/checkout.json` phase by phase: who sees what, why, and at what cost.
//!
//!     cargo run --release --example demo_offline [-- --no-pause]
//!
//! Each step is the document with other phases live, loaded into five engines, one for each environment.

#![expect(
    clippy::indexing_slicing,
    reason = "indexing a JSON value by name never panics when the value is an object"
)]

use std::collections::BTreeMap;
use std::hint::black_box;
use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

use serde_json::{Value as Json, json};
use tidegate::engine::View;
use tidegate::program::Program;
use tidegate::{Context, Engine, Reason, Value};

const DOCUMENT: &str = include_str!("snapshots/checkout.json");
const GATE: &str = "checkout";
const CONFIG: &str = "checkout-limits";
const EXPERIMENT: &str = "checkout-button";
/// Environment and region of each process.
const PROCESSES: [(&str, &str); 5] = [
    ("dev", "eu-central-1"),
    ("staging", "eu-central-1"),
    ("prod-us-west", "us-west-2"),
    ("prod-us-east", "us-east-1"),
    ("prod-eu", "eu-central-1"),
];
const USERS: u64 = 1_000;
const WIDTH: usize = 94;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut stage = Stage::new()?;
    stage.opening()?;
    let steps = [
        Step::live("no phase is live", 0, 0),
        Step::live("dev", 1, 0),
        Step::live("staging", 2, 0),
        Step::live("prod-us-west, a quarter", 3, 25),
        Step::live("prod-us-west, all but enterprise", 3, 100),
        Step::live("prod-us-east", 4, 100),
        Step::live("prod-eu: every phase is live", 5, 100),
        Step { title: "complete: the candidates are the definitions now", course: Course::Completed },
        Step { title: "or else: aborted, no phase is live any more", course: Course::Aborted },
    ];
    for (number, step) in steps.iter().enumerate() {
        stage.play(number, steps.len(), step)?;
    }
    stage.closing()?;
    Ok(())
}

struct Step {
    title: &'static str,
    course: Course,
}

#[derive(Clone, Copy, PartialEq)]
enum Course {
    /// So many phases are live, and the share of the third.
    Live {
        phases: usize,
        percent: u64,
    },
    Completed,
    Aborted,
}

impl Step {
    const fn live(title: &'static str, phases: usize, percent: u64) -> Self {
        Self { title, course: Course::Live { phases, percent } }
    }

    /// The document of this step.
    fn document(&self, base: &Json, version: u64) -> Json {
        let mut document = base.clone();
        document["version"] = version.into();
        let (live, percent) = match self.course {
            Course::Live { phases, percent } => (phases, percent),
            Course::Aborted => (0, 0),
            Course::Completed => {
                let features = document["releases"][0]["features"].take();
                for (key, entry) in features.as_object().into_iter().flatten() {
                    document["features"][key] = entry["candidate"].clone();
                }
                document["releases"] = json!([]);
                return document;
            }
        };
        let phases = document["releases"][0]["phases"].as_array_mut();
        for (index, phase) in phases.into_iter().flatten().enumerate() {
            phase["live"] = (index < live).into();
            if phase.get("ramp").is_some() {
                phase["ramp"]["percent"] = if index == 2 { percent } else { 100 }.into();
            }
        }
        document
    }
}

/// The engines, the users, and what was seen so far.
struct Stage {
    document: Json,
    version: u64,
    engines: Vec<Engine>,
    users: Vec<Value>,
    loads: Vec<Duration>,
    /// All decisions before the release began.
    before: Vec<String>,
    /// The rows of the last step.
    rows: Vec<String>,
    paint: Paint,
    pause: bool,
    out: io::Stdout,
}

impl Stage {
    fn new() -> Result<Self, serde_json::Error> {
        let document: Json = serde_json::from_str(DOCUMENT)?;
        let engine = |(environment, region): (&str, &str)| {
            let builder = Engine::builder().process("environment", environment).process("region", region);
            builder.keep_source(true).build()
        };
        let out = io::stdout();
        let terminal = out.is_terminal();
        let colours = terminal && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        Ok(Self {
            version: document["version"].as_u64().unwrap_or(0),
            document,
            engines: PROCESSES.into_iter().map(engine).collect(),
            users: (0..USERS).map(user).collect::<Result<_, _>>()?,
            loads: Vec::new(),
            before: Vec::new(),
            rows: Vec::new(),
            paint: Paint { colours },
            pause: terminal && !std::env::args().any(|argument| argument == "--no-pause"),
            out,
        })
    }

    fn opening(&mut self) -> io::Result<()> {
        let paint = self.paint;
        let release = self.document["releases"][0]["id"].as_str().unwrap_or_default();
        writeln!(self.out, "\n  {}  {release}", paint.bold("Tidegate"))?;
        writeln!(
            self.out,
            "  {}",
            paint.dim(
                "A gate, a config and an experiment go to five environments: one engine and 1 000 users each."
            )
        )?;
        writeln!(
            self.out,
            "  {} see the candidates, {} see the base; {} marks what changed.",
            paint.fresh("███"),
            paint.dim("░░░"),
            paint.fresh("▸"),
        )
    }

    fn play(&mut self, number: usize, steps: usize, step: &Step) -> Result<(), Box<dyn std::error::Error>> {
        self.version += 1;
        let document = serde_json::to_vec(&step.document(&self.document, self.version))?;
        for engine in &self.engines {
            let start = Instant::now();
            engine.load(&document)?;
            self.loads.push(start.elapsed());
        }
        let crowds = self.crowds();
        self.heading(number, steps, step)?;
        let completed = step.course == Course::Completed;
        let rows: Vec<String> = PROCESSES
            .iter()
            .zip(&crowds)
            .map(|((name, _), crowd)| crowd.row(name, completed, self.paint))
            .collect();
        for (index, row) in rows.iter().enumerate() {
            let changed = self.rows.get(index).is_some_and(|before| before != row);
            writeln!(self.out, "{} {row}", if changed { self.paint.fresh("▸") } else { " ".to_owned() })?;
        }
        self.rows = rows;
        let mixed: usize = crowds.iter().map(|crowd| crowd.mixed).sum();
        if mixed > 0 {
            return Err(format!("{mixed} users see a mix of base and candidates").into());
        }
        match step.course {
            Course::Live { phases: 0, .. } => {
                self.before = crowds.into_iter().flat_map(|crowd| crowd.decisions).collect()
            }
            Course::Live { phases: 3, percent: 25 } => self.explain()?,
            Course::Aborted => {
                let now = crowds.iter().flat_map(|crowd| &crowd.decisions);
                let same = now.zip(&self.before).filter(|(now, before)| now == before).count();
                let text = format!(
                    "{same} of {} decisions are what they were before the release",
                    self.before.len()
                );
                writeln!(self.out, "\n  {} {text}", self.paint.fresh("✓"))?;
            }
            _ => {}
        }
        self.out.flush()?;
        if self.pause {
            std::thread::sleep(Duration::from_millis(900));
        }
        Ok(())
    }

    fn heading(&mut self, number: usize, steps: usize, step: &Step) -> io::Result<()> {
        let left = format!("── {number}/{} ", steps - 1);
        let right = format!(" snapshot {} ──", self.version);
        let used = left.chars().count() + step.title.chars().count() + right.chars().count() + 1;
        let line = "─".repeat(WIDTH.saturating_sub(used));
        let paint = self.paint;
        let heading = format!(
            "{}{} {}",
            paint.dim(&left),
            paint.bold(step.title),
            paint.dim(&format!("{line}{right}"))
        );
        writeln!(self.out, "\n{heading}")?;
        let columns = format!(
            "  {:<13} {:<13} {:<17} {:<8} {:<25} {}",
            "environment", "phase", "candidates", GATE, CONFIG, EXPERIMENT
        );
        writeln!(self.out, "{}", paint.dim(&columns))
    }

    /// Decides all features for all users in all environments.
    fn crowds(&self) -> Vec<Crowd> {
        let crowd = |engine: &Engine| {
            let view = engine.view();
            let mut crowd = Crowd::default();
            for user in &self.users {
                crowd.add(&view, &engine.context().with_object(user).build());
            }
            crowd
        };
        self.engines.iter().map(crowd).collect()
    }

    /// One user of the quarter, step by step.
    fn explain(&mut self) -> Result<(), Box<dyn std::error::Error>> {
        let Some(engine) = self.engines.get(2) else { return Ok(()) };
        let served = |user: &&Value| {
            let context = engine.context().with_object(user).build();
            let view = engine.view();
            let decision = view.decide_name(GATE, &context);
            decision.release().is_some() && decision.rule() == Some("ready-apps")
        };
        let Some(user) = self.users.iter().find(served) else { return Ok(()) };
        let members = user.as_object().unwrap_or_default();
        let context: BTreeMap<String, Value> =
            members.iter().map(|(name, value)| (name.to_string(), value.clone())).collect();
        let trace = engine.trace(GATE, &context)?.to_string();
        let who = context.get("user_id").and_then(Value::as_str).unwrap_or_default();
        let paint = self.paint;
        writeln!(self.out, "\n  {}", paint.dim(&format!("why {who} sees it in prod-us-west:")))?;
        // What did not matter is left out.
        let idle = |line: &&str| {
            [" — not live", " a later patch decided", " not evaluated"].iter().any(|end| line.ends_with(end))
        };
        for (index, line) in trace.lines().filter(|line| !idle(line)).enumerate() {
            if let (0, Some((decision, served_by))) = (index, line.split_once("  [")) {
                writeln!(self.out, "  {}\n  {}", paint.bold(decision), paint.dim(&format!("[{served_by}")))?;
            } else {
                writeln!(self.out, "  {}", shortened(line, WIDTH - 2))?;
            }
        }
        Ok(())
    }

    fn closing(&mut self) -> Result<(), Box<dyn std::error::Error>> {
        let paint = self.paint;
        let Some(engine) = self.engines.get(2) else { return Ok(()) };
        let live = Step::live("", 3, 25).document(&self.document, self.version + 1).to_string();
        engine.load(live.as_bytes())?;
        let contexts: Vec<Context<'_>> =
            self.users.iter().map(|user| engine.context().with_object(user).build()).collect();
        let mut reader = engine.reader();
        let gate = engine.gate(GATE);
        writeln!(self.out, "\n{}", paint.dim(&"─".repeat(WIDTH)))?;
        let how = format!("prod-us-west at 25 %, 1 000 contexts in turn, median of {BATCHES} batches");
        writeln!(self.out, "  {}  {}", paint.bold("One decision"), paint.dim(&how))?;
        let mut rows = vec![(GATE, "check", cost(&contexts, |context| reader.check(gate, context)))];
        for key in [CONFIG, EXPERIMENT] {
            let feature = engine.feature(key);
            rows.push((
                key,
                "decide",
                cost(&contexts, |context| reader.decide(feature, context).variant().is_some()),
            ));
        }
        for (key, verb, nanoseconds) in rows {
            writeln!(self.out, "    {verb:<7} {key:<16} {}", paint.fresh(&format!("{nanoseconds:>8.1} ns")))?;
        }
        self.loads.sort();
        let median = self.loads.get(self.loads.len() / 2).copied().unwrap_or_default().as_secs_f64() * 1e6;
        let how = format!(
            "median of {}: parse {:.1} kB, check, compile what changed, swap",
            self.loads.len(),
            live.len() as f64 / 1e3
        );
        writeln!(self.out, "  {}    {}", paint.bold("One update"), paint.dim(&how))?;
        writeln!(self.out, "    {:<24} {}\n", "load and swap", paint.fresh(&format!("{median:>8.1} µs")))?;
        Ok(())
    }
}

const BATCHES: usize = 15;
const ROUNDS: usize = 20;

/// The median of several batches, in nanoseconds a decision.
fn cost(contexts: &[Context<'_>], mut decide: impl FnMut(&Context<'_>) -> bool) -> f64 {
    let mut batch = || {
        let start = Instant::now();
        for _ in 0..ROUNDS {
            for context in contexts {
                black_box(decide(context));
            }
        }
        start.elapsed().as_secs_f64() * 1e9 / (ROUNDS * contexts.len()) as f64
    };
    let mut times: Vec<f64> = std::iter::repeat_with(&mut batch).take(BATCHES).collect();
    times.sort_by(f64::total_cmp);
    times.get(BATCHES / 2).copied().unwrap_or_default()
}

/// What the users of one environment see.
#[derive(Default)]
struct Crowd {
    users: usize,
    /// By phase: how many users see the candidates.
    phases: BTreeMap<String, usize>,
    on: usize,
    variants: BTreeMap<String, usize>,
    tested: usize,
    /// Users that see a candidate of one feature and the base of another.
    mixed: usize,
    decisions: Vec<String>,
}

impl Crowd {
    fn add(&mut self, view: &View<'_, std::sync::Arc<Program>>, context: &Context<'_>) {
        let decisions = [GATE, CONFIG, EXPERIMENT].map(|key| view.decide_name(key, context));
        let [gate, config, experiment] = decisions;
        self.users += 1;
        self.on += usize::from(gate.is_on());
        self.tested += usize::from(experiment.reason() == Reason::Split);
        *self.variants.entry(config.variant().unwrap_or("none").to_owned()).or_default() += 1;
        if let Some(phase) = gate.phase() {
            *self.phases.entry(phase.to_owned()).or_default() += 1;
        }
        self.mixed += usize::from(decisions.iter().any(|decision| decision.release() != gate.release()));
        self.decisions.extend(decisions.iter().map(|decision| {
            format!(
                "{:?} {:?} {:?} {:?}",
                decision.variant(),
                decision.value(),
                decision.reason(),
                decision.rule()
            )
        }));
    }

    fn percent(&self, count: usize) -> usize {
        (count * 100 + self.users / 2) / self.users.max(1)
    }

    fn row(&self, environment: &str, completed: bool, paint: Paint) -> String {
        let served = if completed { self.users } else { self.phases.values().sum() };
        let phase = self.phases.keys().next().map_or("—", String::as_str);
        let percent = self.percent(served);
        let full = if served == 0 { 0 } else { (percent / 10).max(1) };
        let bar = format!("{}{}", paint.fresh(&"█".repeat(full)), paint.dim(&"░".repeat(10 - full)));
        let mut variants: Vec<_> = self.variants.iter().collect();
        variants.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
        let config: Vec<String> = variants
            .iter()
            .take(2)
            .map(|(name, count)| format!("{name} {}", self.percent(**count)))
            .collect();
        let tested = if self.tested == 0 {
            "off".to_owned()
        } else {
            format!("{:>2} % in test", self.percent(self.tested))
        };
        format!(
            "{environment:<13} {phase:<13} {bar} {percent:>3} %  on {:>3} % {:<25} {tested}",
            self.percent(self.on),
            config.join(" · "),
        )
    }
}

/// A user, the same in every run.
fn user(number: u64) -> Result<Value, serde_json::Error> {
    let mut state = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x5bf0_3635;
    let mut draw = |below: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    let plan = match draw(100) {
        0..60 => "free",
        60..85 => "pro",
        85..95 => "team",
        _ => "enterprise",
    };
    let country = match draw(10) {
        0..4 => "US",
        4 => "CA",
        5 => "DE",
        6 => "FR",
        7 => "GB",
        8 => "MX",
        _ => "JP",
    };
    let mail = if draw(50) == 0 { "corp.example" } else { "mail.example" };
    let groups: &[&str] = if draw(12) == 0 { &["beta"] } else { &[] };
    let version = format!("{}.{}.0", 3 + draw(2), draw(4));
    serde_json::from_value(json!({
        "user_id": format!("u-{number:04}"), "email": format!("u{number}@{mail}"), "country": country, "plan": plan,
        "app_version": version, "groups": groups, "cart_items": 1 + draw(120),
    }))
}

fn shortened(line: &str, width: usize) -> String {
    if line.chars().count() <= width {
        return line.to_owned();
    }
    let kept: String = line.chars().take(width - 1).collect();
    format!("{kept}…")
}

/// Colours, on a terminal only.
#[derive(Clone, Copy)]
struct Paint {
    colours: bool,
}

impl Paint {
    fn with(self, code: &str, text: &str) -> String {
        if self.colours && !text.is_empty() { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }

    fn bold(self, text: &str) -> String {
        self.with("1", text)
    }

    fn dim(self, text: &str) -> String {
        self.with("2", text)
    }

    fn fresh(self, text: &str) -> String {
        self.with("36", text)
    }
}
