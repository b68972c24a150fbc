use super::*;

const TEXTS: [&str; 24] = [
    "",
    "a",
    "A",
    "Ada",
    "ADA@Corp.Example",
    "İ",
    "i\u{307}",
    "\u{212a}",
    "k",
    "ΌΣΟΣ",
    "σ",
    "ς",
    "Σ",
    "ß",
    "ẞ",
    "Straße",
    "STRASSE",
    "ǅ",
    "Ⱥ",
    "ⱥ",
    "aİb\u{212a}C",
    "😀A",
    "\u{307}",
    "aAaAaAb",
];

#[test]
fn everything_is_as_over_the_folded_text() {
    for text in TEXTS {
        let lower = fold(text);
        assert_eq!(lower, text.chars().flat_map(char::to_lowercase).collect::<String>());
        assert_eq!(hash_folded(text), xxh3_64(lower.as_bytes()), "{text}");
        for operand in TEXTS.iter().map(|operand| fold(operand)) {
            assert_eq!(eq_folded(text, &operand), lower == operand, "{text} = {operand}");
            assert_eq!(
                starts_with_folded(text, &operand),
                lower.starts_with(&operand),
                "{text} starts {operand}"
            );
            assert_eq!(ends_with_folded(text, &operand), lower.ends_with(&operand), "{text} ends {operand}");
            assert_eq!(
                contains_folded(text, &operand),
                lower.contains(&operand),
                "{text} contains {operand}"
            );
        }
    }
}

#[test]
fn every_part_of_a_text_is_found_in_it() {
    let text = "xAİ\u{212a}ΣbAab";
    let lower: Vec<char> = fold(text).chars().collect();
    for from in 0..=lower.len() {
        for to in from..=lower.len() {
            let part: String = lower[from..to].iter().collect();
            assert!(contains_folded(text, &part), "{part}");
            assert_eq!(starts_with_folded(text, &part), fold(text).starts_with(&part), "{part}");
            assert_eq!(ends_with_folded(text, &part), fold(text).ends_with(&part), "{part}");
        }
    }
    assert!(!contains_folded(text, "xaİ"), "an operand that was not folded is not found");
}

#[test]
fn long_texts_hash_alike() {
    for length in [127, 128, 129, 239, 240, 241, 255, 256, 257, 1023, 1024, 1025, 5000] {
        let ascii = "aB".repeat(length)[..length].to_owned();
        assert_eq!(hash_folded(&ascii), xxh3_64(fold(&ascii).as_bytes()), "{length}");
        let mixed = "Éa\u{212a}".repeat(length);
        assert_eq!(hash_folded(&mixed), xxh3_64(fold(&mixed).as_bytes()), "{length}");
    }
}

#[test]
fn a_search_that_almost_matches_everywhere_stays_linear() {
    let text = "A".repeat(1_000_000);
    let needle = "a".repeat(500_000) + "b";
    assert!(!contains_folded(&text, &needle));
    assert!(contains_folded(&text, &needle[..500_000]));
}
