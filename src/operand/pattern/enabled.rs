//! Regular expressions with the feature `regex`.
//!
//! ```text
//!  text ─ parse ─▶ NFA (≤ 1 MiB, else refused) ─▶ dense DFA ≤ 256 KiB ──────────▶ matching never allocates
//!                                              └▶ larger: lazy DFA, else NFA ───▶ linear time, caches of whoever searches
//! ```
//! What all patterns of a document take together is limited where they are compiled (`compile`), by `memory_usage`.
//! At a Unicode `\b` a DFA gives up at the first byte that is not ASCII, and the NFA takes over. Not `meta::Regex`, which would
//! do this too: with its literal searchers it is a tenth of the C library.

use std::error::Error as _;
use std::fmt;
use std::sync::Arc;

use regex_automata::Input;
use regex_automata::dfa::{Automaton, StartKind, dense};
use regex_automata::hybrid;
use regex_automata::nfa::thompson::pikevm::{self, PikeVM};
use regex_automata::nfa::thompson::{self, NFA, WhichCaptures};
use regex_automata::util::pool::Pool;
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
    Lazy(Arc<Lazy>),
    /// The first gives up where a text is not ASCII.
    DenseThenLazy(Box<dense::DFA<Vec<u32>>>, Arc<Lazy>),
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
        if let Some(property) = left_out(text) {
            return Err(format!("expected a Unicode property other than {property}, which is not offered"));
        }
        let syntax = syntax::Config::new().nest_limit(MAX_NESTING);
        let limits =
            thompson::Config::new().nfa_size_limit(Some(MAX_NFA)).which_captures(WhichCaptures::None);
        let nfa =
            NFA::compiler().syntax(syntax).configure(limits).build(text).map_err(|error| explain(&error))?;
        let by_word = nfa.look_set_any().contains_word_unicode();
        let machine = match (dense(&nfa, by_word), by_word) {
            (Some(dfa), false) => Machine::Dense(dfa),
            (Some(dfa), true) => Machine::DenseThenLazy(dfa, Arc::new(Lazy::new(nfa, None)?)),
            (None, _) => {
                let dfa = lazy(&nfa);
                Machine::Lazy(Arc::new(Lazy::new(nfa, dfa)?))
            }
        };
        Ok(Self { machine })
    }

    /// Whether it is found anywhere in the text.
    #[must_use]
    pub fn is_match(&self, text: &str) -> bool {
        match &self.machine {
            Machine::Dense(dfa) => search(dfa, text).unwrap_or(false),
            Machine::Lazy(lazy) => lazy.is_match(text),
            Machine::DenseThenLazy(dfa, lazy) => search(dfa, text).unwrap_or_else(|| lazy.is_match(text)),
        }
    }

    /// An estimate of the bytes on the heap.
    #[must_use]
    pub fn memory_usage(&self) -> usize {
        match &self.machine {
            Machine::Dense(dfa) => size_of_val(&**dfa) + dfa.memory_usage(),
            Machine::Lazy(lazy) => lazy.memory_usage(),
            Machine::DenseThenLazy(dfa, lazy) => {
                size_of_val(&**dfa) + dfa.memory_usage() + lazy.memory_usage()
            }
        }
    }
}

/// Of Unicode's properties, those whose tables would be 50 KB and that nobody asks for (SEMANTICS 4.6). They are looked for here, as
/// another crate in the same program may have the tables.
fn left_out(pattern: &str) -> Option<&str> {
    const NAMES: [&str; 7] = ["age", "gcb", "graphemeclusterbreak", "wb", "wordbreak", "sb", "sentencebreak"];
    let mut rest = pattern;
    while let Some((_, escaped)) = rest.split_once('\\') {
        let mut after = escaped.chars();
        let kind = after.next()?;
        rest = after.as_str();
        // With `x`, spaces do not count.
        let Some(property) = rest.trim_start().strip_prefix('{').filter(|_| matches!(kind, 'p' | 'P')) else {
            continue;
        };
        let name = property.split(['}', '=', ':', '!']).next().unwrap_or_default();
        let letters =
            name.chars().filter(char::is_ascii_alphabetic).map(|letter| letter.to_ascii_lowercase());
        let is_prefixed = |own: &&str| "is".chars().chain(own.chars()).eq(letters.clone());
        if NAMES.iter().any(|own| own.chars().eq(letters.clone()) || is_prefixed(own)) {
            return Some(name);
        }
    }
    None
}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let machine = match self.machine {
            Machine::Dense(_) => "dense",
            Machine::Lazy(_) => "lazy",
            Machine::DenseThenLazy(..) => "dense, then lazy",
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
    // Of an NFA as large as that, a DFA would hardly be smaller; to find out takes as long as all else.
    if nfa.memory_usage() > MAX_DFA {
        return None;
    }
    let limits = dense::Config::new()
        .start_kind(StartKind::Unanchored)
        .dfa_size_limit(Some(MAX_DFA))
        .determinize_size_limit(Some(MAX_DETERMINIZE))
        .unicode_word_boundary(by_word);
    dense::Builder::new().configure(limits).build_from_nfa(nfa).ok().map(Box::new)
}

/// `None` if its cache would be too small for it.
fn lazy(nfa: &NFA) -> Option<hybrid::dfa::DFA> {
    let limits = hybrid::dfa::Config::new()
        .cache_capacity(MAX_CACHE)
        .unicode_word_boundary(true)
        // It gives up where it makes states faster than it uses them.
        .minimum_cache_clear_count(Some(3))
        .minimum_bytes_per_state(Some(10));
    hybrid::dfa::Builder::new().configure(limits).build_from_nfa(nfa.clone()).ok()
}

/// Searches without a DFA made ahead.
struct Lazy {
    dfa: Option<hybrid::dfa::DFA>,
    nfa: PikeVM,
    caches: Pool<Caches>,
}

/// What a search needs to be alone with; made when it is first needed.
#[derive(Default)]
struct Caches {
    dfa: Option<hybrid::dfa::Cache>,
    nfa: Option<pikevm::Cache>,
}

impl Lazy {
    fn new(nfa: NFA, dfa: Option<hybrid::dfa::DFA>) -> Result<Self, String> {
        let nfa = PikeVM::new_from_nfa(nfa).map_err(|error| explain(&error))?;
        Ok(Self { dfa, nfa, caches: Pool::new(Caches::default) })
    }

    fn is_match(&self, text: &str) -> bool {
        let input = Input::new(text).earliest(true);
        let mut caches = self.caches.get();
        let Caches { dfa, nfa } = &mut *caches;
        let found = self.dfa.as_ref().and_then(|machine| {
            let cache = dfa.get_or_insert_with(|| machine.create_cache());
            machine.try_search_fwd(cache, &input).ok().map(|found| found.is_some())
        });
        found.unwrap_or_else(|| {
            let cache = nfa.get_or_insert_with(|| self.nfa.create_cache());
            self.nfa.is_match(cache, input)
        })
    }

    /// Without the caches.
    fn memory_usage(&self) -> usize {
        let dfa = self.dfa.as_ref().map_or(0, hybrid::dfa::DFA::memory_usage);
        size_of_val(self) + dfa + self.nfa.get_nfa().memory_usage()
    }
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
