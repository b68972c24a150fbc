use super::*;

#[test]
fn reads_the_forms_of_rfc_3339() {
    let table = [
        ("1970-01-01T00:00:00Z", 0),
        ("1970-01-01t00:00:00z", 0),
        ("1970-01-01 00:00:00Z", 0),
        ("1970-01-01T00:00:00-00:00", 0),
        ("1970-01-01T00:00:00.1Z", 100),
        ("1970-01-01T00:00:00.123456789Z", 123),
        ("1970-01-01T00:00:00.0009Z", 0),
        ("1969-12-31T23:59:59.9999Z", -1),
        ("1970-01-01T02:30:00+02:30", 0),
        ("1969-12-31T00:01:00-23:59", 0),
        ("2026-01-01T00:00:00Z", 1_767_225_600_000),
        ("2024-02-29T12:00:00Z", 1_709_208_000_000),
        ("2000-02-29T00:00:00Z", 951_782_400_000),
        ("0000-01-01T00:00:00Z", -62_167_219_200_000),
        ("0000-01-01T00:00:00+23:59", -62_167_305_540_000),
        ("9999-12-31T23:59:59.999Z", 253_402_300_799_999),
        ("1985-04-12T23:20:50.52Z", 482_196_050_520),
        ("1996-12-19T16:39:57-08:00", 851_042_397_000),
    ];
    for (text, ms) in table {
        assert_eq!(parse_instant(text), Some(ms), "{text}");
    }
}

#[test]
fn refuses_everything_else() {
    let wrong = [
        "",
        "1970-01-01",
        "1970-01-01T00:00:00",
        "1970-01-01T00:00Z",
        "1970-01-01T00:00:00.Z",
        "1970-01-01T00:00:00.1234567890Z",
        "1970-01-01T00:00:60Z",
        "1990-12-31T23:59:60Z",
        "1970-01-01T24:00:00Z",
        "1970-01-01T00:60:00Z",
        "1970-00-01T00:00:00Z",
        "1970-13-01T00:00:00Z",
        "1970-01-00T00:00:00Z",
        "1970-01-32T00:00:00Z",
        "1970-04-31T00:00:00Z",
        "2023-02-29T00:00:00Z",
        "1900-02-29T00:00:00Z",
        "1970-01-01T00:00:00+0000",
        "1970-01-01T00:00:00+00",
        "1970-01-01T00:00:00+24:00",
        "1970-01-01T00:00:00+00:60",
        "1970-01-01T00:00:00Z ",
        " 1970-01-01T00:00:00Z",
        "1970-1-01T00:00:00Z",
        "+1970-01-01T00:00:00Z",
        "10000-01-01T00:00:00Z",
        "-001-01-01T00:00:00Z",
        "1970-01-01_00:00:00Z",
        "1970-01-01T00:00:00,5Z",
        "1970-01-01T00:00:00−01:00",
        "١٩٧٠-01-01T00:00:00Z",
        "1970-01-01T00:00:00ZZ",
        "1970-01-01  00:00:00Z",
    ];
    for text in wrong {
        assert_eq!(parse_instant(text), None, "{text}");
    }
}

#[test]
fn format_is_the_inverse_of_parse() {
    let mut ms = -62_167_219_200_000;
    while ms < 253_402_300_800_000 {
        let text = format_instant(ms);
        assert_eq!(parse_instant(&text), Some(ms), "{text}");
        ms += 9_999_999_937;
    }
    assert_eq!(format_instant(0), "1970-01-01T00:00:00.000Z");
    assert_eq!(format_instant(1_709_208_000_007), "2024-02-29T12:00:00.007Z");
    assert_eq!(format_instant(253_402_300_800_000), "+010000-01-01T00:00:00.000Z");
    assert_eq!(format_instant(-62_167_219_200_001), "-000001-12-31T23:59:59.999Z");
    for extreme in [i64::MIN, i64::MAX] {
        assert!(format_instant(extreme).ends_with('Z'));
    }
}

#[test]
fn numbers_are_instants_within_limits() {
    assert_eq!(instant_from_int(MAX_INSTANT), Some(MAX_INSTANT));
    assert_eq!(instant_from_int(-MAX_INSTANT), Some(-MAX_INSTANT));
    assert_eq!(instant_from_int(MAX_INSTANT + 1), None);
    assert_eq!(instant_from_int(i64::MIN), None);
    assert_eq!(instant_from_float(8.64e15), Some(MAX_INSTANT));
    assert_eq!(instant_from_float(-8.64e15), Some(-MAX_INSTANT));
    assert_eq!(instant_from_float(8.640_000_000_000_001e15), None);
    assert_eq!(instant_from_float(-0.0), Some(0));
    assert_eq!(instant_from_float(1.5), None);
    assert_eq!(instant_from_float(f64::NAN), None);
    assert_eq!(instant_from_float(f64::INFINITY), None);
}
