use super::*;
use crate::operand::test::Comparison;

const CHAIN: [&str; 16] = [
    "0.0.0",
    "0.0.1",
    "0.1.0",
    "1.0.0-0",
    "1.0.0-2",
    "1.0.0-10",
    "1.0.0-alpha",
    "1.0.0-alpha.1",
    "1.0.0-alpha.beta",
    "1.0.0-beta",
    "1.0.0-beta.2",
    "1.0.0-beta.11",
    "1.0.0-rc.1",
    "1.0.0",
    "1.1048576.0",
    "99999999999999999999999.0.0",
];

#[test]
fn precedence_is_that_of_semver_org() {
    for (i, left) in CHAIN.iter().enumerate() {
        for (j, right) in CHAIN.iter().enumerate() {
            let order = Semver::parse(left).unwrap().cmp(&Semver::parse(right).unwrap());
            assert_eq!(order, i.cmp(&j), "{left} ? {right}");
        }
    }
}

#[test]
fn build_metadata_is_ignored() {
    let version = |text| Semver::parse(text).unwrap();
    assert!(version("1.0.0+a").cmp(&version("1.0.0+b.01.-")).is_eq());
    assert!(version("1.0.0-x+a").cmp(&version("1.0.0-x")).is_eq());
    assert!(version("1.0.0+a-b").cmp(&version("1.0.0")).is_eq());
}

#[test]
fn strict_refuses_what_is_not_semver() {
    let wrong = [
        "",
        "1",
        "1.2",
        "1.2.3.4",
        "v1.2.3",
        "01.2.3",
        "1.02.3",
        "1.2.03",
        "1.2.3-",
        "1.2.3-a..b",
        "1.2.3-01",
        "1.2.3+",
        "1.2.3+a..b",
        "1.2.3-a+b+c",
        " 1.2.3",
        "1.2.3 ",
        "1.2.3-ä",
        "-1.2.3",
        "1.-2.3",
        "1.2.3-a_b",
        "1..3",
        "1.2.",
        ".1.2",
        "00.0.0",
        "1.2.x",
        "1.2.3-+b",
        "+1.2.3",
    ];
    for text in wrong {
        assert!(Semver::parse(text).is_none(), "{text}");
        assert_eq!(pack(text.as_bytes()), Packed::INVALID, "{text}");
    }
    for text in ["1.2.3-0a", "1.2.3--", "1.2.3---1.-", "1.2.3-0+00", "1.2.3-a-b", "1.2.3+01"] {
        assert!(Semver::parse(text).is_some(), "{text}");
        assert_eq!(pack(text.as_bytes()), Packed::COMPLEX, "{text}");
    }
}

#[test]
fn packed_agrees_with_both_comparisons() {
    let plain =
        ["0.0.0", "0.0.1", "0.0.1048575", "0.1.0", "0.1048575.9", "1.0.0", "2.9.30", "2.10.1", "1048575.0.0"];
    for (i, left) in plain.iter().enumerate() {
        let packed = pack(left.as_bytes());
        assert!(packed.is_plain(), "{left}");
        for (j, right) in plain.iter().enumerate() {
            assert_eq!(packed.cmp(&pack(right.as_bytes())), i.cmp(&j), "{left} ? {right}");
            assert_eq!(
                Dotted::parse(left).unwrap().cmp(&Dotted::parse(right).unwrap()),
                i.cmp(&j),
                "{left} ? {right}"
            );
        }
    }
    assert_eq!(pack(b"1.2.3").get(), (1 << 63) | (1 << 40) | (2 << 20) | 3);
    for (left, right) in plain.iter().flat_map(|left| plain.iter().map(move |right| (left, right))) {
        let (own, operand) = (pack(left.as_bytes()), pack(right.as_bytes()));
        for comparison in [Comparison::Eq, Comparison::Gt, Comparison::Gte, Comparison::Lt, Comparison::Lte] {
            let wanted = comparison.admits(own.cmp(&operand));
            for negated in [false, true] {
                let reach = Reach::new(comparison, operand, negated);
                assert_eq!(
                    reach.holds(own),
                    wanted != negated,
                    "{left} {} {right}, {negated}",
                    comparison.sign()
                );
            }
        }
    }
    for complex in ["1048576.0.0", "0.0.1048576", "1.2.99999999999999999999999", "1.0.0-a", "1.0.0+a"] {
        assert_eq!(pack(complex.as_bytes()), Packed::COMPLEX, "{complex}");
    }
    for invalid in ["1048576.0", "9999999999.01.0", "1.2.3\u{0}", "1.2.٣"] {
        assert_eq!(pack(invalid.as_bytes()), Packed::INVALID, "{invalid}");
    }
}

#[test]
fn dotted_forms_and_order() {
    let version = |text| Dotted::parse(text).unwrap_or_else(|| panic!("{text}"));
    let equal = [
        ("1.2", "1.2.0"),
        ("v1.2", "V1.2"),
        ("1", "1.0.0.0.0"),
        ("01.002", "1.2"),
        ("1.2-rc1", "1.2"),
        ("1.2+b", "1.2"),
        ("1.2 (beta)", "1.2"),
        ("0", "000.0"),
        ("1.2 -+", "1.2"),
        ("1.2-v.x..y", "1.2"),
    ];
    for (left, right) in equal {
        assert!(version(left).cmp(&version(right)).is_eq(), "{left} = {right}");
        assert!(version(right).cmp(&version(left)).is_eq(), "{right} = {left}");
    }
    let less = [
        ("1.2", "1.2.1"),
        ("1.9", "1.10"),
        ("99999999999999999999", "100000000000000000000"),
        ("0", "0.0.1"),
        ("1.2.9", "1.3"),
        ("0.9", "01"),
    ];
    for (left, right) in less {
        assert!(version(left).cmp(&version(right)).is_lt(), "{left} < {right}");
        assert!(version(right).cmp(&version(left)).is_gt(), "{right} > {left}");
    }
}

#[test]
fn dotted_refuses_what_is_none() {
    for text in
        ["", "v", "vv1", "1.", ".1", "1..2", "1.x", "-1", " 1", "+1", "1.2a", "٣", "1,2", "v 1", "\t1"]
    {
        assert!(Dotted::parse(text).is_none(), "{text}");
    }
}
