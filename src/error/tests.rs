use super::*;

#[test]
fn codes_are_unique_and_ascending() {
    let numbers: Vec<&str> = Code::all().iter().map(|c| c.as_str()).collect();
    let mut sorted = numbers.clone();
    sorted.sort_unstable();
    sorted.dedup();
    assert_eq!(numbers, sorted);
    assert!(numbers.iter().all(|n| n.len() == 6 && n.starts_with("TG")));
}

#[test]
fn meanings_follow_the_grammar_of_messages() {
    for code in Code::all() {
        let meaning = code.meaning();
        assert!(
            meaning.starts_with(char::is_lowercase) && !meaning.ends_with('.') && !meaning.contains('\n'),
            "{meaning}"
        );
    }
}

#[test]
fn error_is_one_word_and_names_the_first_error() {
    assert_eq!(size_of::<Error>(), size_of::<usize>());
    let warning = Diagnostic::new(Code::RuleNeverReached, "/a", "w");
    let error =
        Diagnostic::new(Code::UnknownVariant, "/features/x/rules/0/variant", "`red` is not a variant");
    let error = Error::from_diagnostics(vec![warning, error.with_hint(Some("did you mean `read`?".into()))]);
    assert_eq!(error.code(), Code::UnknownVariant);
    assert!(error.is_definition() && !error.is_document());
    assert_eq!(
        error.to_string(),
        "error[TG2003] at /features/x/rules/0/variant: `red` is not a variant (and 1 more)"
    );
    assert_eq!(
        error.diagnostics()[1].to_string(),
        "error[TG2003] at /features/x/rules/0/variant: `red` is not a variant\n  hint: did you mean `read`?"
    );
    assert_eq!(Error::from_diagnostics(vec![]).to_string(), "TG1000: the document is refused");
    assert_eq!(Error::new(Code::NotJson, "", "x").to_string(), "error[TG1001]: x");
}

#[test]
fn diagnostic_serialises_with_its_code_as_text() {
    let json = serde_json::to_string(&Diagnostic::new(Code::Cycle, "/a~1b", "m")).unwrap();
    assert_eq!(json, r#"{"code":"TG3003","severity":"error","pointer":"/a~1b","message":"m"}"#);
}

#[test]
fn diagnostics_are_bounded_and_counted() {
    let mut all = Diagnostics::default();
    for _ in 0..Diagnostics::MOST + 5 {
        all.push(Diagnostic::new(Code::Cycle, "", ""));
    }
    assert_eq!(all.errors(), Diagnostics::MOST + 5);
    assert!(!all.has_room());
    let all = all.into_vec();
    assert_eq!(all.len(), Diagnostics::MOST + 1);
    assert_eq!(all.last().unwrap().message, "5 more problems are not listed");
}

#[test]
fn nearest_finds_slips_and_nothing_else() {
    let names = ["attribute", "variants", "default", "in", "eq", "lte", "starts_with"];
    for (given, meant) in [
        ("variant", Some("variants")),
        ("atribute", Some("attribute")),
        ("defualt", Some("default")),
        ("Default", Some("default")),
        ("starts-with", Some("starts_with")),
        ("startsWith", Some("starts_with")),
        ("ni", Some("in")),
        ("x", None),
        ("completely_else", None),
        ("", None),
    ] {
        assert_eq!(nearest(given, names), meant, "{given}");
    }
    assert_eq!(nearest(&"x".repeat(65), names), None);
}

#[test]
fn pointers_escape_and_quotes_are_one_line() {
    let mut pointer = String::new();
    push_step(&mut pointer, "a/b~c");
    push_step(&mut pointer, "");
    assert_eq!(pointer, "/a~1b~0c/");
    assert_eq!(quote("a\nb"), "`a\\nb`");
    assert_eq!(quote(&"é".repeat(100)).chars().count(), 83);
    let mut pointer = String::new();
    push_step(&mut pointer, &"é".repeat(100_000));
    assert!(pointer.len() < 1_100);
}
