//! Regular expressions with the feature `regex`.
//!
//! ```text
//!  text ─ parse ─▶ NFA (≤ 1 MiB, else refused) ─▶ dense DFA ≤ 256 KiB ──────────▶ matching never allocates
//!                                              └▶ larger: meta::Regex ──────────▶ linear time, caches per thread
//! ```
//! A Unicode `\b` keeps both: the DFA gives up at the first byte that is not ASCII, and meta::Regex takes over.

use std::error::Error as _;
use std::fmt;

use regex_automata::Input;
use regex_automata::dfa::{Automaton, StartKind, dense};
use regex_automata::meta;
use regex_automata::nfa::thompson::{self, NFA, WhichCaptures};
use regex_automata::util::syntax;

/// Bounds the syntax tree, in which two bytes (`\w`) can stand for kilobytes.
const MAX_TEXT: usize = 10_000;
const MAX_NESTING: u32 = 100;
const MAX_NFA: usize = 1 << 20;
const MAX_DFA: usize = 256 << 10;
const MAX_DETERMINIZE: usize = 512 << 10;
const MAX_CACHE: usize = 1 << 20;

/// A regular expression in the syntax of the crate `regex`, searched for anywhere in a text.
///
/// # Examples
/// ```
/// use tidegate::operand::pattern::Pattern;
///
/// let pattern = Pattern::new(r"^qa-\d+@")?;
/// assert!(pattern.is_match("qa-7@corp.example"));
/// assert!(Pattern::new("(").is_err());
/// # Ok::<(), String>(())
/// ```
#[derive(Clone)]
pub struct Pattern {
    machine: Machine,
}

#[derive(Clone)]
enum Machine {
    Dense(Box<dense::DFA<Vec<u32>>>),
    Meta(Box<meta::Regex>),
    /// The first gives up where a text is not ASCII.
    DenseThenMeta(Box<dense::DFA<Vec<u32>>>, Box<meta::Regex>),
}

impl Pattern {
    /// Compiles a pattern, in bounded time and memory.
    ///
    /// # Errors
    /// What is wrong with the pattern, on one line.
    pub fn new(text: &str) -> Result<Self, String> {
        if text.len() > MAX_TEXT {
            return Err(format!("expected a pattern of at most {MAX_TEXT} bytes, found {}", text.len()));
        }
        let syntax = syntax::Config::new().nest_limit(MAX_NESTING);
        let limits =
            thompson::Config::new().nfa_size_limit(Some(MAX_NFA)).which_captures(WhichCaptures::None);
        let nfa =
            NFA::compiler().syntax(syntax).configure(limits).build(text).map_err(|error| explain(&error))?;
        let by_word = nfa.look_set_any().contains_word_unicode();
        let machine = match (dense(&nfa, by_word), by_word) {
            (Some(dfa), false) => Machine::Dense(dfa),
            (Some(dfa), true) => Machine::DenseThenMeta(dfa, meta(text, syntax)?),
            (None, _) => Machine::Meta(meta(text, syntax)?),
        };
        Ok(Self { machine })
    }

    /// Whether it is found anywhere in the text.
    #[must_use]
    pub fn is_match(&self, text: &str) -> bool {
        match &self.machine {
            Machine::Dense(dfa) => search(dfa, text).unwrap_or(false),
            Machine::Meta(meta) => meta.is_match(text),
            Machine::DenseThenMeta(dfa, meta) => search(dfa, text).unwrap_or_else(|| meta.is_match(text)),
        }
    }

    /// An estimate of the bytes on the heap.
    #[must_use]
    pub fn memory_usage(&self) -> usize {
        match &self.machine {
            Machine::Dense(dfa) => size_of_val(&**dfa) + dfa.memory_usage(),
            Machine::Meta(meta) => size_of_val(&**meta) + meta.memory_usage(),
            Machine::DenseThenMeta(dfa, meta) => {
                size_of_val(&**dfa) + dfa.memory_usage() + size_of_val(&**meta) + meta.memory_usage()
            }
        }
    }
}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let machine = match self.machine {
            Machine::Dense(_) => "dense",
            Machine::Meta(_) => "meta",
            Machine::DenseThenMeta(..) => "dense, then meta",
        };
        f.debug_struct("Pattern")
            .field("machine", &machine)
            .field("memory_usage", &self.memory_usage())
            .finish()
    }
}

/// `None` if the DFA gave up.
fn search(dfa: &dense::DFA<Vec<u32>>, text: &str) -> Option<bool> {
    let input = Input::new(text).earliest(true);
    dfa.try_search_fwd(&input).ok().map(|found| found.is_some())
}

/// `None` if it would be too large.
fn dense(nfa: &NFA, by_word: bool) -> Option<Box<dense::DFA<Vec<u32>>>> {
    let limits = dense::Config::new()
        .start_kind(StartKind::Unanchored)
        .dfa_size_limit(Some(MAX_DFA))
        .determinize_size_limit(Some(MAX_DETERMINIZE))
        .unicode_word_boundary(by_word);
    dense::Builder::new().configure(limits).build_from_nfa(nfa).ok().map(Box::new)
}

fn meta(text: &str, syntax: syntax::Config) -> Result<Box<meta::Regex>, String> {
    let limits = meta::Config::new()
        .nfa_size_limit(Some(MAX_NFA))
        .which_captures(WhichCaptures::None)
        .hybrid_cache_capacity(MAX_CACHE)
        .dfa(false)
        .onepass(false);
    let built = meta::Builder::new().configure(limits).syntax(syntax).build(text);
    built.map(Box::new).map_err(|error| match error.size_limit() {
        Some(_) => too_large(),
        None => last_line(&error.to_string()),
    })
}

fn explain(error: &thompson::BuildError) -> String {
    match error.source() {
        Some(cause) => last_line(&cause.to_string()),
        None if error.size_limit().is_some() => too_large(),
        None => last_line(&error.to_string()),
    }
}

fn too_large() -> String {
    format!("compiled pattern is larger than {MAX_NFA} bytes")
}

/// The cause; the lines before it draw an arrow below the pattern.
fn last_line(message: &str) -> String {
    let line = message.lines().last().unwrap_or_default();
    line.strip_prefix("error: ").unwrap_or(line).to_owned()
}
