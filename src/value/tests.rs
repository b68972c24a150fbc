use std::cmp::Ordering;

use serde::Deserialize;

use super::*;
use crate::error::Code;

fn value(text: &str) -> Value {
    parse(text.as_bytes()).unwrap().root.into_value()
}

fn failure(text: &str) -> (Code, String, usize, usize) {
    let error = parse(text.as_bytes()).unwrap_err();
    (error.code, error.pointer, error.line, error.column)
}

const DOCUMENTS: [&str; 40] = [
    "null",
    " true ",
    "false",
    "0",
    "-0",
    "-0.0",
    "0e5",
    "1",
    "-1",
    "1.5",
    "1e3",
    "1E+3",
    "1e-3",
    "123456789012345678",
    "9223372036854775807",
    "9223372036854775808",
    "-9223372036854775808",
    "-9223372036854775809",
    "18446744073709551616",
    "1.7976931348623157e308",
    "5e-324",
    "1e-400",
    "0.1",
    "\"\"",
    "\"abc\"",
    "\"é😀\"",
    r#""\"\\\/\b\f\n\r\t\u0041\u00e9\uD83D\uDE00""#,
    "[]",
    "[ ]",
    "{}",
    "{ }",
    "[1, \"a\", null]",
    "[\"a\", 1, \"b\"]",
    "[\"a\", \"b\"]",
    "[\"a\", [\"b\"], {\"c\": [\"d\"]}]",
    "{\"a\": 1, \"b\": {\"c\": []}}",
    "{\"a\": 1, \"b\": 2, \"a\": 3}",
    "\n{\t\"a\" :\r[ 1 , 2 ] }\n",
    "[[[[[]]]]]",
    "[\"a long string that is longer than a word\", \"\\u0000\", \"x\\ny\"]",
];

const BROKEN: [&str; 54] = [
    "",
    " ",
    "nul",
    "nulll",
    "True",
    "01",
    "-",
    "-01",
    "+1",
    ".5",
    "1.",
    "1.e3",
    "1e",
    "1e+",
    "0x10",
    "1e400",
    "-1e400",
    "NaN",
    "Infinity",
    "-Infinity",
    "\"",
    "\"a",
    "\"\\",
    "\"\\x\"",
    "\"\\u12\"",
    "\"\\u12g4\"",
    "\"\\ud800\"",
    "\"\\udc00\"",
    "\"\\ud800\\ud800\"",
    "\"\\ud800\\n\"",
    "\"\\ud800x\"",
    "\"\n\"",
    "\"\u{1}\"",
    "[",
    "[1",
    "[1,",
    "[1,]",
    "[,1]",
    "[1 2]",
    "]",
    "{",
    "{\"a\"",
    "{\"a\":",
    "{\"a\":1",
    "{\"a\":1,",
    "{\"a\":1,}",
    "{a:1}",
    "{'a':1}",
    "{1:1}",
    "{\"a\" 1}",
    "{\"a\":1 \"b\":2}",
    "1 2",
    "{} []",
    "\u{feff}1",
];

#[test]
fn parse_reads_and_refuses_what_serde_json_does() {
    for text in DOCUMENTS {
        assert_eq!(value(text), serde_json::from_str(text).unwrap(), "{text}");
    }
    for text in BROKEN {
        assert!(serde_json::from_str::<Value>(text).is_err(), "{text}");
        assert!(parse(text.as_bytes()).is_err(), "{text}");
    }
}

#[test]
fn mutated_documents_are_read_or_refused_without_a_panic() {
    let mut state = 42_u64;
    let mut next = move |bound: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % bound
    };
    let alphabet = b"\"\\[]{},:0123456789.eE+-tfnu \nalsrd\x00\x80\xc3\xa9\xff";
    for _ in 0..60_000 {
        let mut bytes: Vec<u8> = DOCUMENTS[next(DOCUMENTS.len())].as_bytes().to_vec();
        for _ in 0..=next(3) {
            let at = next(bytes.len() + 1);
            let byte = alphabet[next(alphabet.len())];
            match next(3) {
                0 => bytes.insert(at, byte),
                1 if at < bytes.len() => bytes[at] = byte,
                _ if at < bytes.len() => drop(bytes.remove(at)),
                _ => {}
            }
        }
        let ours = parse(&bytes).map(|parsed| parsed.root.into_value()).ok();
        let theirs = serde_json::from_slice::<Value>(&bytes).ok();
        assert_eq!(ours, theirs, "{:?}", String::from_utf8_lossy(&bytes));
    }
}

#[test]
fn errors_say_where_they_are() {
    let cases = [
        (r#"{"a": [1, 1e400]}"#, Code::NumberOutOfRange, "/a/1", 1, 15),
        ("{\"a/b\": {\n \"c~d\": [\"x\", \"\\ud800\"]}}", Code::BadUnicode, "/a~1b/c~0d/1", 2, 22),
        ("[\"\\udc00\"]", Code::BadUnicode, "/0", 1, 8),
        ("[\"a\", \"b", Code::NotJson, "/1", 1, 8),
        ("{\"a\": 1,, \"b\": 2}", Code::NotJson, "", 1, 9),
        ("{\"a\" 1}", Code::NotJson, "/a", 1, 6),
        ("[0, [1, tru]]", Code::NotJson, "/1/1", 1, 12),
        ("[\"a\", 1, nul]", Code::NotJson, "/2", 1, 13),
        ("{} {}", Code::NotJson, "", 1, 4),
    ];
    let found = cases.map(|(text, ..)| failure(text));
    let wanted = cases.map(|(_, code, pointer, line, column)| (code, pointer.to_owned(), line, column));
    assert_eq!(found, wanted);
    let error = parse(b"{\"a\": [\"x\", \"\xff\"]}").unwrap_err();
    assert_eq!((error.code, error.pointer.as_str(), error.column), (Code::BadUnicode, "/a/1", 14));
    assert_eq!(parse(b"1 \xff").unwrap_err().code, Code::BadUnicode);
    assert_eq!(parse(b"[1 2 \xff").unwrap_err().code, Code::NotJson);
    let error = parse(b"[1 2]").unwrap_err();
    assert_eq!(error.to_string(), "expected `,` or `]` (line 1, column 4)");
}

#[test]
fn what_is_often_taken_for_json_is_named() {
    let mark = "save it as UTF-8 without a byte order mark";
    let number = "JSON has no NaN and no Infinity";
    for (text, message, hint) in [
        ("\u{feff}{}", "expected JSON, found a byte order mark (line 1, column 1)", Some(mark)),
        ("\u{feff}", "expected JSON, found a byte order mark (line 1, column 1)", Some(mark)),
        ("{\u{feff}}", "key must be a string (line 1, column 2)", None),
        ("NaN", "expected a number, found NaN (line 1, column 1)", Some(number)),
        ("{\"é\":\n [1, NaN]}", "expected a number, found NaN (line 2, column 6)", Some(number)),
        ("[Infinity]", "expected a number, found Infinity (line 1, column 2)", Some(number)),
        ("[0, -Infinity]", "expected a number, found Infinity (line 1, column 6)", Some(number)),
        ("{\"a\" NaN}", "expected `:` (line 1, column 6)", None),
        ("[Name]", "expected value (line 1, column 2)", None),
        ("", "EOF while parsing a value (line 1, column 0)", None),
    ] {
        let error = parse(text.as_bytes()).unwrap_err();
        assert_eq!(
            (error.code, error.message.as_str(), error.hint),
            (Code::NotJson, message, hint),
            "{text}"
        );
        let diagnostic = crate::error::Diagnostic::from(error);
        assert_eq!(diagnostic.hint.as_deref(), hint, "{text}");
    }
}

#[test]
fn depth_128_is_parsed_and_129_is_not() {
    let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
    assert!(parse(nested(128).as_bytes()).is_ok());
    let (code, pointer, _, column) = failure(&nested(129));
    // serde_json has looked at what comes after the bracket.
    assert_eq!((code, column), (Code::TooDeep, 130));
    assert_eq!(pointer, "/0".repeat(128));
    assert_eq!(failure(&"{\"a\":".repeat(200)).0, Code::TooDeep);
}

#[test]
fn depth_bomb_of_200_mb_returns_at_once() {
    let bomb = vec![b'['; 200 << 20];
    assert_eq!(parse(&bomb).unwrap_err().code, Code::TooDeep);
    assert_eq!(parse(&vec![b' '; MAX_BYTES + 1]).unwrap_err().code, Code::TooLarge);
}

#[test]
fn duplicates_are_reported_with_their_pointer_and_the_last_counts() {
    let parsed = parse(br#"{"a": 1, "x/y": [{"b": 1, "b": 2}, {"c": 1}], "a": 2, "a": 3}"#).unwrap();
    assert_eq!(parsed.duplicates, ["/x~1y/0/b", "/a", "/a"]);
    assert_eq!(parsed.root.to_value(), value(r#"{"x/y": [{"b": 2}, {"c": 1}], "a": 3}"#));
    let large: Vec<String> = (0..40).map(|i| format!("\"k{}\": {i}", i % 30)).collect();
    let text = format!("[0, {{{}}}]", large.join(","));
    let parsed = parse(text.as_bytes()).unwrap();
    assert_eq!(parsed.duplicates.len(), 10);
    assert_eq!(parsed.duplicates[0], "/1/k0");
    let Node::List(list) = &parsed.root else { panic!("a list") };
    assert_eq!((list[1].size(), list[1].get("k3")), (Some(30), Some(&Node::Int(33))));
    let many = "\"a\": 0, ".repeat(100_000);
    assert_eq!(parse(format!("{{{many} \"a\": 1}}").as_bytes()).unwrap().duplicates.len(), 1_000);
}

#[test]
fn lists_of_strings_are_compact_and_others_are_not() {
    assert!(matches!(value(r#"["a", "b\n"]"#), Value::Strings(list) if list.iter().eq(["a", "b\n"])));
    assert!(matches!(value("[]"), Value::List(list) if list.is_empty()));
    assert!(matches!(value(r#"["a", 1]"#), Value::List(list) if list.len() == 2));
    assert_eq!(value(r#"[["a", 1], ["b"]]"#), serde_json::from_str(r#"[["a", 1], ["b"]]"#).unwrap());
}

#[test]
fn numbers_are_exact_integers_or_doubles() {
    assert_eq!(value("9007199254740993"), Value::Int(9_007_199_254_740_993));
    assert_eq!(value("9223372036854775808"), Value::Float(9_223_372_036_854_775_808.0));
    assert_eq!(value("1.0"), Value::Float(1.0));
    assert_eq!(value("-0.0"), Value::Int(0));
    assert_eq!(value("-0"), Value::Int(0));
    assert_eq!(value("-9223372036854775808"), Value::Int(i64::MIN));
}

#[test]
fn numbers_compare_by_their_mathematical_value() {
    use Number::{Float, Int};
    assert_eq!(Int(1), Float(1.0));
    assert!(Int(9_007_199_254_740_993) > Float(9_007_199_254_740_992.0));
    assert!(Int(i64::MAX) < Float(9_223_372_036_854_775_808.0));
    assert_eq!(Int(i64::MIN), Float(-9_223_372_036_854_775_808.0));
    assert_eq!(compare_int_float(1, 1.5), Ordering::Less);
    assert_eq!(compare_int_float(-1, -1.5), Ordering::Greater);
    assert_eq!(compare_int_float(2, 1.5), Ordering::Greater);
    assert_eq!(compare_int_float(0, -0.0), Ordering::Equal);
    assert_eq!(compare_int_float(0, 5e-324), Ordering::Less);
    assert_eq!(compare_int_float(i64::MIN, f64::MIN), Ordering::Greater);
    let mut all = [Float(2.5), Int(3), Float(-1e300), Int(2), Float(1e300), Float(3.0)];
    all.sort();
    assert_eq!(all, [Float(-1e300), Int(2), Float(2.5), Int(3), Float(3.0), Float(1e300)]);
    assert!(Float(1e3).is_integral() && !Float(0.5).is_integral());
    assert_eq!(Float(1e3).as_integral_i64(), Some(1000));
    assert_eq!(Float(1e300).as_integral_i64(), None);
    let set: std::collections::HashSet<Number> = [Int(1), Float(1.0), Float(0.0), Float(-0.0)].into();
    assert_eq!(set.len(), 2);
}

#[test]
fn values_read_into_types_of_the_host() {
    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(rename_all = "snake_case")]
    enum Shape {
        Point,
        Circle(f64),
        Box { w: u32, h: u32 },
    }
    #[derive(Debug, Deserialize, PartialEq)]
    struct Config<'a> {
        name: &'a str,
        limits: Vec<u8>,
        tags: Vec<&'a str>,
        shapes: Vec<Shape>,
        none: Option<i64>,
        some: Option<i64>,
        ratio: f64,
    }
    let text = r#"{"name": "n", "limits": [1, 2], "tags": ["a", "b"], "none": null, "some": 5, "ratio": 1,
        "shapes": ["point", {"circle": 1.5}, {"box": {"w": 1, "h": 2}}]}"#;
    let value = value(text);
    let config = Config::deserialize(&value).unwrap();
    assert_eq!(config, serde_json::from_str::<Config<'_>>(text).unwrap());
    assert!(Vec::<u8>::deserialize(&Value::Str("x".into())).is_err());
    assert!(Vec::<u8>::deserialize(&super::tests::value("[256]")).is_err());
    assert!(Shape::deserialize(&Value::Int(1)).is_err());
}

#[test]
fn structural_hash_tells_values_apart() {
    let mut hashes: Vec<u128> = [
        "null",
        "0",
        "1",
        "\"1\"",
        "[]",
        "{}",
        "[\"a\"]",
        "[\"a\", \"b\"]",
        "[\"ab\"]",
        "[\"a\", 1]",
        "{\"a\": 1}",
        "{\"a\": 1, \"b\": 2}",
        "{\"b\": 2, \"a\": 1}",
        "[[], []]",
        "[[[]]]",
        "true",
        "false",
        "1.5",
        "\"\"",
    ]
    .iter()
    .map(|text| value(text).structural_hash())
    .collect();
    let all = hashes.len();
    hashes.sort_unstable();
    hashes.dedup();
    assert_eq!(hashes.len(), all);
    let ids: Vec<String> = (0..1_000).map(|i| format!("\"{i}\"")).collect();
    let list = value(&format!("[{}]", ids.join(",")));
    assert_eq!(list.structural_hash(), list.clone().structural_hash());
}
