use std::time::{Duration, Instant};

use super::Pattern;

#[test]
fn finds_anywhere_unless_anchored() {
    let table = [
        ("b+", "abbc", true),
        ("^b", "abc", false),
        ("c$", "abc", true),
        ("", "", true),
        ("^$", "", true),
        ("^$", "a", false),
        (r"^\d{3}$", "١٢٣", true),
        (r"(?-u:\d)", "١", false),
        ("(?i)ÄB", "xäb", true),
        (".", "\n", false),
        ("(?s).", "\n", true),
        (r"\bfoo\b", "a foo b", true),
        (r"\bfoo\b", "afoob", false),
        (r"\bfoo\b", "éfoo", false),
        (r"\bfoo\b", "é foo", true),
        (r"\B", "é", false),
        ("a|b|", "zzz", true),
        (r"^\p{Greek}+$", "ΌΣΟΣ", true),
        ("x*", "yyy", true),
        (r"\w+@", "josé@", true),
        (r"(?m)^b$", "a\nb\nc", true),
    ];
    for (pattern, text, expected) in table {
        assert_eq!(Pattern::new(pattern).unwrap().is_match(text), expected, "{pattern} on {text}");
    }
}

#[test]
fn large_patterns_match_too() {
    let words: Vec<String> = (0..2000).map(|word| format!("word{word}x")).collect();
    let pattern = Pattern::new(&words.join("|")[..9999]).unwrap();
    assert!(pattern.is_match("a word77x b"));
    assert!(!pattern.is_match("a word77 b"));
    let far = Pattern::new("[ab]*a[ab]{20}c").unwrap();
    assert!(far.is_match(&("a".repeat(30) + "c")));
    assert!(far.memory_usage() < 4 << 20);
    // A lazy DFA gives up at what is not ASCII beside a `\b`, and where it makes states faster than it uses them.
    let bounded = Pattern::new(&format!(r"\b(?:{})\b", words[..1000].join("|"))).unwrap();
    assert!(bounded.is_match("é word77x b") && bounded.is_match("a word77x b"));
    assert!(!bounded.is_match("éword77x b"));
    let random: String =
        (0_u64..200_000).map(|i| if i * i % 7 < 3 || i % 11 == 5 { 'a' } else { 'b' }).collect();
    assert!(!far.is_match(&random) && far.is_match(&(random + &"a".repeat(21) + "c")));
}

#[test]
fn bombs_are_refused_quickly() {
    let before = Instant::now();
    for bomb in [
        "(a{1000}){1000}",
        "((a{100}){100}){100}",
        r"\w{10000}",
        r"(\pL{100}){100}",
        "a{4294967295}",
        "(?:(?:){1000}){1000000}x{100000}",
        "(((((x{50}){50}){50}){50}){50})",
        "(?i)[ä-ü]{99999}",
    ] {
        let error = Pattern::new(bomb).unwrap_err();
        assert!(!error.is_empty() && !error.contains('\n'), "{bomb}: {error}");
    }
    let nested = "(".repeat(4000) + &")".repeat(4000);
    assert!(Pattern::new(&nested).is_err());
    assert!(Pattern::new(&"a".repeat(10_001)).is_err());
    assert!(before.elapsed() < Duration::from_secs(5), "{:?}", before.elapsed());
}

#[test]
fn patterns_are_bounded_in_time_and_memory() {
    for pattern in [
        r"\w\w\w\w\w",
        r"(\w+\s){10}",
        ".*.*.*.*=.*",
        "(a*)*b",
        r"(?i)[\pL\d]{20}",
        r"\W*\w*\W*",
        r"^(\w|\d|\s)+$",
    ] {
        let before = Instant::now();
        let compiled = Pattern::new(pattern).unwrap();
        assert!(compiled.memory_usage() < 8 << 20, "{pattern}: {}", compiled.memory_usage());
        let _ = compiled.is_match(&"ab1 é".repeat(1000));
        assert!(before.elapsed() < Duration::from_secs(3), "{pattern}: {:?}", before.elapsed());
    }
}

#[test]
fn errors_say_the_cause_on_one_line() {
    for (pattern, cause) in [
        ("(", "unclosed group"),
        ("a{2,1}", "repetition"),
        (r"\p{Foo}", "property"),
        ("(?=a)", "look-around"),
        ("a{1001}{1001}", "larger"),
    ] {
        let error = Pattern::new(pattern).unwrap_err();
        assert!(error.contains(cause) && !error.contains('\n'), "{pattern}: {error}");
    }
}

#[test]
fn properties_without_tables_are_refused() {
    for pattern in [
        r"\p{Age=6.0}",
        r"x\P{age:3.0}",
        r"\p{ G C B = Extend}",
        r"\\\p{word-break!=X}",
        r"[\p{sb=sp}]",
        r"\p{isAge=6.0}",
        r"(?x)\p {Age=6.0}",
        r"\p{Age}",
    ] {
        let error = Pattern::new(pattern).unwrap_err();
        assert!(error.contains("not offered"), "{pattern}: {error}");
    }
    for pattern in [r"\\p{2}", r"\pL\p{Greek}\p{sc=Latin}\P{Lu}\p{Emoji}\w\d\b", "age", r"\", r"\p"] {
        let outcome = Pattern::new(pattern);
        assert!(!outcome.is_err_and(|error| error.contains("not offered")), "{pattern}");
    }
}
