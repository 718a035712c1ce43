#![allow(clippy::unwrap_used)]

use super::*;

fn canonical(text: &str) -> String {
    let mut out = Vec::new();
    Number::new(text.as_bytes()).unwrap().write(&mut out);
    String::from_utf8(out).unwrap()
}

#[test]
fn a_number_is_printed_as_javascript_prints_it() {
    let examples = [
        ("0", "0"),
        ("-0", "0"),
        ("0.000e5", "0"),
        ("7", "7"),
        ("-7.50", "-7.5"),
        ("1.0", "1"),
        ("10e-1", "1"),
        ("1E+2", "100"),
        ("0.1e3", "100"),
        ("0.001", "0.001"),
        ("0.000001", "0.000001"),
        ("0.0000001", "1e-7"),
        ("123e-10", "1.23e-8"),
        ("100000000000000000000", "100000000000000000000"),
        ("1e21", "1e+21"),
        ("12.5e30", "1.25e+31"),
        ("1200", "1200"),
        ("12.034", "12.034"),
        ("1e00000000000000000000000000003", "1000"),
    ];
    for (text, printed) in examples {
        assert_eq!(canonical(text), printed, "{text}");
    }
}

#[test]
fn no_digit_is_lost() {
    assert_eq!(canonical("9007199254740993"), "9007199254740993");
    assert_eq!(canonical("0.10000000000000000000000000001"), "0.10000000000000000000000000001");
}

#[test]
fn an_exponent_beyond_all_measure_is_no_id() {
    assert_eq!(Number::new(b"1e1000000000"), None);
    assert_eq!(canonical("1e999999999"), "1e+999999999");
    assert_eq!(canonical("1e-999999999"), "1e-999999999");
}
