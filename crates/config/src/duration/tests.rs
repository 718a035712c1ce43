#![allow(clippy::unwrap_used)]

use super::*;
use proptest::prelude::*;

#[test]
fn every_unit_is_known() {
    let cases = [
        ("100ms", 100),
        ("15s", 15 * SECOND),
        ("5m", 5 * MINUTE),
        ("1h", HOUR),
        ("7d", 7 * DAY),
        ("2w", 14 * DAY),
        ("1y", YEAR),
        ("0s", 0),
        (" 15 s ", 15 * SECOND),
        ("1h30m", 90 * MINUTE),
        ("1m 500ms", MINUTE + 500),
        ("0.5s", 500),
    ];
    for (text, milliseconds) in cases {
        assert_eq!(parse(text, 1), Some(milliseconds as f64), "{text}");
    }
}

#[test]
fn a_bare_number_counts_in_the_option_s_own_unit() {
    assert_eq!(parse("250", 1), Some(250.0));
    assert_eq!(parse("604800", SECOND), Some(7.0 * DAY as f64));
    assert_eq!(parse("1h", SECOND), Some(HOUR as f64), "a unit is a unit, whatever the option counts in");
}

#[test]
fn anything_else_is_no_duration() {
    for text in [
        "",
        " ",
        "s",
        "ms",
        "-1s",
        "+1s",
        "1e3",
        "1e3s",
        "inf",
        "NaN",
        "infinity",
        "5 minutes",
        "1us",
        "1M",
        "1h30",
        ".",
        ".5s",
        "5.",
        "1.2.3s",
        "15s!",
        "١s",
    ] {
        assert_eq!(parse(text, 1), None, "{text:?}");
    }
}

#[test]
fn a_duration_is_written_in_its_largest_unit() {
    let cases = [
        (0, "0ms"),
        (1, "1ms"),
        (1_500, "1500ms"),
        (SECOND, "1s"),
        (90 * SECOND, "90s"),
        (DAY, "1d"),
        (20 * YEAR, "20y"),
    ];
    for (milliseconds, text) in cases {
        assert_eq!(format(milliseconds), text);
    }
}

proptest! {
    #[test]
    fn what_is_written_reads_as_it_was(milliseconds in 0..=20 * YEAR) {
        prop_assert_eq!(parse(&format(milliseconds), 1), Some(milliseconds as f64));
    }

    #[test]
    fn no_text_is_a_negative_or_unbounded_duration(text in "[-+0-9a-z. ]{0,12}") {
        if let Some(milliseconds) = parse(&text, 1) {
            prop_assert!(milliseconds.is_finite() && milliseconds >= 0.0, "{}", milliseconds);
        }
    }

    #[test]
    fn any_text_can_be_tried(text in "\\PC{0,40}") {
        let _ = parse(&text, 1);
    }
}
