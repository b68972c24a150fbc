//! The text of a program, for people: what is left of a feature after folding, in the order in which it runs.
//!
//! ```text
//!  feature checkout
//!     0  country in [CA, DE, GB, US]              ? 1 : 4
//!     1  plan = "pro"                             ? 3 : 4
//! ```

use std::fmt::Write as _;

use super::{Chunk, Entry, Fork, Inst, Program, Served};
use crate::bucket::bucket_of;
use crate::context::{AttributeKey, Attributes};
use crate::operand::set::{NO_SHORT, NO_WORD};
use crate::operand::test::{Affix, AttributeTest, Comparison, Quantifier};
use crate::operand::word;
use crate::value::{Number, Value, order};

/// So many values of a list are shown.
const SHOWN: usize = 8;

impl Program {
    /// The text of all features, sorted by name, and of the segments that they use.
    #[must_use]
    pub fn listing(&self, attributes: &Attributes) -> String {
        let mut names: Vec<(u32, &str)> = self.present().collect();
        order::sort_by(&mut names, |(_, a), (_, b)| a.cmp(b));
        let mut lister =
            Lister { program: self, attributes, out: String::new(), segments: Vec::new(), tests: Vec::new() };
        let _ = writeln!(lister.out, "program of version {}, features: {}", self.version, names.len());
        for (number, name) in names {
            lister.feature(number, name);
        }
        lister.rest();
        lister.out
    }

    /// The text of one feature, and of the segments that it uses; `None` if there is no such feature.
    #[must_use]
    pub fn listing_of(&self, feature: &str, attributes: &Attributes) -> Option<String> {
        let number = self.feature(feature).filter(|number| self.entry(*number).is_present())?;
        let mut lister =
            Lister { program: self, attributes, out: String::new(), segments: Vec::new(), tests: Vec::new() };
        lister.feature(number, feature);
        lister.rest();
        Some(lister.out)
    }
}

struct Lister<'p> {
    program: &'p Program,
    attributes: &'p Attributes,
    out: String,
    /// Segments in the order of their first mention: number, negated.
    segments: Vec<(u32, bool)>,
    /// Of the definition at hand: tests whose operand is not shown, in the order of their first mention.
    tests: Vec<u32>,
}

impl Lister<'_> {
    fn feature(&mut self, number: u32, name: &str) {
        let _ = writeln!(self.out, "\nfeature {name}");
        self.code(self.program.entry(number));
    }

    /// The segments mentioned so far, and those that they mention.
    fn rest(&mut self) {
        let mut index = 0;
        while let Some(&(number, negated)) = self.segments.get(index) {
            let name = self.program.segment_names.name(number).unwrap_or("?");
            let _ = writeln!(self.out, "\n{}segment {name}", if negated { "not " } else { "" });
            let entries = self.program.segments.get(number as usize).copied().unwrap_or([Entry::ABSENT; 2]);
            let [plain, opposite] = entries;
            self.code(if negated { opposite } else { plain });
            index = index.saturating_add(1);
        }
    }

    fn code(&mut self, entry: Entry) {
        let Some(chunk) = self.program.chunks.get(entry.chunk as usize) else {
            let _ = writeln!(self.out, "  (none)");
            return;
        };
        self.tests.clear();
        let mut todo = std::collections::BTreeSet::from([entry.pc]);
        while let Some(pc) = todo.pop_first() {
            let Some(inst) = chunk.code.get(pc as usize) else { continue };
            let place = |pc: u32| pc.wrapping_sub(entry.pc);
            let mut next = Vec::new();
            let text = self.inst(chunk, inst, &mut next);
            let _ = write!(self.out, "{:>4}  ", place(pc));
            match next.as_slice() {
                [] => {
                    let _ = writeln!(self.out, "{text}");
                }
                [one] => {
                    let _ = writeln!(self.out, "{text:<56} → {}", place(*one));
                }
                [then, or] => {
                    let _ = writeln!(self.out, "{text:<56} ? {} : {}", place(*then), place(*or));
                }
                many => {
                    let many: Vec<String> = many.iter().map(|pc| place(*pc).to_string()).collect();
                    let _ = writeln!(self.out, "{text:<56} → {}", many.join(" | "));
                }
            }
            todo.extend(next);
        }
    }

    fn name(&self, key: AttributeKey) -> &str {
        self.attributes.name(key).unwrap_or("?")
    }

    /// The text of an instruction; its targets are pushed onto `next`.
    fn inst(&mut self, chunk: &Chunk, inst: &Inst, next: &mut Vec<u32>) -> String {
        let test = |lister: &Self, fork: Fork, text: String, next: &mut Vec<u32>| {
            next.extend([fork.then, fork.or]);
            format!("{}{} {text}", if fork.negated { "not " } else { "" }, lister.name(fork.slot))
        };
        let and = if inst.is_joined() { " and" } else { "" };
        match *inst {
            Inst::Return { a, b, attribution } => returned(chunk, a, b, attribution),
            Inst::String { fork } => test(self, fork, "is a string".to_owned(), next),
            Inst::Word { fork, word } | Inst::WordAnd { fork, word } => {
                test(self, fork, format!("= {}{and}", word_text(word)), next)
            }
            Inst::Words4 { fork, at } => {
                let words = chunk.tables.fours.get(at as usize).copied().unwrap_or_default();
                test(self, fork, format!("in {}", words_text(words.into_iter())), next)
            }
            Inst::PairReturn { fork, at, other, word } => {
                let mut words = chunk.tables.fours.get(at as usize).copied().unwrap_or_default().to_vec();
                words.dedup();
                let both = format!(
                    "in {} and {} = {}",
                    words_text(words.into_iter()),
                    self.name(other),
                    word_text(word)
                );
                test(self, fork, both, next)
            }
            Inst::ShortTable { fork, at, shift, .. } => {
                let size = 1_usize << (64_u32.saturating_sub(u32::from(shift))).min(20);
                let shorts = chunk.tables.shorts.iter().skip(at as usize).take(size).copied();
                let words = shorts.filter(|short| *short != NO_SHORT).map(word::of_short);
                test(self, fork, format!("in {}", words_text(words)), next)
            }
            Inst::WordTable { fork, at, shift, .. } => {
                let size = 1_usize << (64_u32.saturating_sub(u32::from(shift))).min(20);
                let words = chunk.tables.words.iter().skip(at as usize).take(size).copied();
                let words = words.filter(|word| *word != NO_WORD);
                test(self, fork, format!("in {}", words_text(words)), next)
            }
            Inst::TextSet { fork, set, .. } => {
                let count = chunk.tables.sets.get(set as usize).map_or(0, |set| set.len());
                test(self, fork, format!("in a set of {count}"), next)
            }
            Inst::Suffix { whole, fork, text, .. } => {
                let text = chunk.tables.texts.get(text as usize).map_or("", |text| text);
                test(self, fork, format!("{} {text:?}", if whole { "=" } else { "ends with" }), next)
            }
            Inst::Version { fork, test: index, .. }
            | Inst::VersionAnd { fork, test: index, .. }
            | Inst::Test { fork, test: index } => {
                let own = chunk.tables.tests.get(index as usize);
                let text = own.map_or_else(String::new, |own| {
                    test_text(own, &mut || {
                        let known = self.tests.iter().position(|known| *known == index);
                        known.unwrap_or_else(|| {
                            self.tests.push(index);
                            self.tests.len().saturating_sub(1)
                        })
                    })
                });
                test(self, fork, format!("{text}{and}"), next)
            }
            Inst::Share { fork, last, .. } | Inst::ShareReturn { fork, last, .. } => {
                test(self, fork, format!("bucket < {}", bucket_of(last).saturating_add(1)), next)
            }
            Inst::Range { fork, span, .. } => {
                let (from, to) = chunk.tables.spans.get(span as usize).map_or((0, 0), |span| span.buckets());
                test(self, fork, format!("bucket in {from}..{to}"), next)
            }
            Inst::Split { fork, arms, count, .. } => {
                let arms = chunk.tables.arms.iter().skip(arms as usize).take(count as usize);
                let ends: Vec<String> = arms
                    .map(|arm| {
                        next.push(arm.next);
                        bucket_of(arm.last).saturating_add(1).to_string()
                    })
                    .collect();
                next.push(fork.or);
                format!("{} split at {}, else", self.name(fork.slot), ends.join(", "))
            }
            Inst::Switch { fork, arms, count } => {
                let arms = chunk.tables.arms.iter().skip(arms as usize).take(count as usize);
                next.extend(arms.map(|arm| arm.next));
                next.push(fork.or);
                format!("{} is looked up, else", self.name(fork.slot))
            }
            Inst::Time { then, or, from, to } => {
                next.extend([then, or]);
                let end = |ms: i64| match ms {
                    i64::MIN | i64::MAX => String::new(),
                    ms => crate::operand::instant::format_instant(ms),
                };
                format!("now in {}..{}", end(from), end(to))
            }
            Inst::Segment { then, or, segment, negated } => {
                next.extend([then, or]);
                if !self.segments.contains(&(segment, negated)) {
                    self.segments.push((segment, negated));
                }
                let name = self.program.segment_names.name(segment).unwrap_or("?");
                format!("{}segment {name}", if negated { "not " } else { "" })
            }
            Inst::Feature { then, or, feature, variants, negated } => {
                next.extend([then, or]);
                let name = self.program.names.name(feature).unwrap_or("?");
                let variants = chunk
                    .tables
                    .variants
                    .get(variants as usize)
                    .map(|list| list.join(", "))
                    .unwrap_or_default();
                format!("{}feature {name} serves {variants}", if negated { "not " } else { "" })
            }
            Inst::Served { attribution, next: after, .. } => {
                next.push(after);
                format!("served by {}", attribution_text(chunk, attribution))
            }
            Inst::Jump { to } => {
                next.push(to);
                format!("go on at {to}")
            }
            Inst::Memo { large, next: after } => {
                next.push(after);
                format!("remember references{}", if large { " (many)" } else { "" })
            }
            Inst::Goto { chunk, pc } => format!("go on at chunk {chunk}, {pc}"),
            Inst::Unit { fork, text, .. } => {
                let text = chunk.tables.texts.get(text as usize).map_or("", |text| text);
                test(self, fork, format!("is unit {text:?}"), next)
            }
        }
    }
}

fn attribution_text(chunk: &Chunk, attribution: u32) -> String {
    let entry = attribution.checked_sub(1).and_then(|index| chunk.attributions.get(index as usize));
    entry.map_or_else(String::new, |(release, phase)| format!("{release} / {phase}"))
}

fn returned(chunk: &Chunk, a: u64, b: u64, attribution: u32) -> String {
    if a & super::HOLDS != 0 {
        return if a & super::ON != 0 { "holds" } else { "does not hold" }.to_owned();
    }
    let served = Served::unpack(a, b);
    let meta = chunk.metas.get(served.meta as usize);
    let variant = served.variant.and_then(|variant| meta?.variants.get(usize::from(variant)));
    let rule = served.rule.and_then(|rule| meta?.rules.get(rule as usize));
    let mut text = match variant {
        Some((name, value)) => format!("serve {name} = {}", shortened(value)),
        None => "serve the caller's default".to_owned(),
    };
    if meta.is_some() {
        let _ = write!(text, " ({}", served.reason.as_str());
        if let Some(rule) = rule {
            let _ = write!(text, " {rule}");
        }
        text.push(')');
    }
    if attribution != 0 {
        let _ = write!(text, " by {}", attribution_text(chunk, attribution));
    }
    text
}

fn shortened(value: &Value) -> String {
    let text = format!("{value:?}");
    match text.char_indices().nth(60) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text,
    }
}

fn word_text(word: u64) -> String {
    match word {
        word::FALSE => "false".to_owned(),
        word::TRUE => "true".to_owned(),
        word if word::is_long(word) => "(nothing)".to_owned(),
        word => format!("{:?}", word::text(word)),
    }
}

fn words_text(words: impl Iterator<Item = u64>) -> String {
    let mut texts: Vec<String> = words.map(word::text).collect();
    order::sort(&mut texts);
    texts.dedup();
    list_text(&texts)
}

fn list_text(texts: &[String]) -> String {
    let shown = texts.iter().take(SHOWN).cloned().collect::<Vec<_>>().join(", ");
    match texts.len().checked_sub(SHOWN) {
        Some(more @ 1..) => format!("[{shown}, … {more} more]"),
        _ => format!("[{shown}]"),
    }
}

fn number_text(number: Number) -> String {
    match number {
        Number::Int(value) => value.to_string(),
        Number::Float(value) => value.to_string(),
    }
}

fn affix_text(affix: Affix) -> &'static str {
    match affix {
        Affix::Contains => "contains",
        Affix::Ends => "ends with",
        Affix::Starts => "starts with",
    }
}

/// Tests whose operand is not shown have a number in their definition: equal ones are one test.
fn test_text(test: &AttributeTest, number: &mut dyn FnMut() -> usize) -> String {
    match test {
        AttributeTest::Affix { affix, texts, folded } => {
            let texts: Vec<String> = texts.iter().map(|text| format!("{text:?}")).collect();
            format!(
                "{} {}{}",
                affix_text(*affix),
                list_text(&texts),
                if *folded { " ignoring case" } else { "" }
            )
        }
        AttributeTest::Between(low, high) => {
            format!("between {} and {}", number_text(*low), number_text(*high))
        }
        AttributeTest::Bool(value) => format!("= {value}"),
        AttributeTest::Cidr(_) => format!("in networks {}", number()),
        AttributeTest::Dotted(comparison, text) => format!("version {} {text}", comparison.sign()),
        AttributeTest::Semver(comparison, text) => format!("semver {} {text}", comparison.sign()),
        AttributeTest::Instant(comparison, ms) => {
            let side = if *comparison == Comparison::Lt { "before" } else { "after" };
            format!("{side} {}", crate::operand::instant::format_instant(*ms))
        }
        AttributeTest::IsSet => "is set".to_owned(),
        AttributeTest::IsType(kind) => format!("is {kind:?}").to_lowercase(),
        AttributeTest::List { quantifier, .. } => {
            let name = match quantifier {
                Quantifier::All => "all",
                Quantifier::Any => "any",
                Quantifier::None => "none",
            };
            format!("contains {name} of list {}", number())
        }
        AttributeTest::Modulo { divisor, remainder } => format!("mod {divisor} = {remainder}"),
        AttributeTest::Number(comparison, number) => {
            format!("{} {}", comparison.sign(), number_text(*number))
        }
        AttributeTest::Numbers(numbers) => {
            let texts: Vec<String> = numbers.iter().map(|number| number_text(*number)).collect();
            format!("in {}", list_text(&texts))
        }
        AttributeTest::Pattern(_) => format!("matches pattern {}", number()),
        AttributeTest::Texts(_) => format!("in set {}, ignoring case", number()),
    }
}
