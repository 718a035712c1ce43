//! The scanner against `serde_json`, which builds the tree that the scanner does not build.
#![allow(clippy::unwrap_used)]

use proptest::{collection::vec, prelude::*, sample::select};
use prosody_identity::{DEEPEST, Identity, Place};
use prosody_model::{Record, RecordParts};
use serde_json::Value;

fn record(value: &[u8]) -> Record {
    Record::new(RecordParts { value: Some(value), ..RecordParts::default() }, [])
}

fn pointer(path: &str) -> Place {
    Place::Pointer(path[1..].split('/').map(|s| s.replace("~1", "/").replace("~0", "~")).collect())
}

/// The id that the scanner finds at these pointers, as text.
fn scanned(paths: &[&str], value: &[u8]) -> Option<Vec<u8>> {
    let places: Vec<_> = paths.iter().map(|path| pointer(path)).collect();
    let record = record(value);
    let mut identity = Identity::new(&places, &[]);
    identity.look(&record).id.map(|id| {
        let mut out = Vec::new();
        id.write(&mut out);
        out
    })
}

/// What the tree has there.
fn expected(paths: &[&str], value: &[u8]) -> Option<Vec<u8>> {
    let tree: Value = serde_json::from_slice(value).ok()?;
    for path in paths {
        match tree.pointer(path) {
            None | Some(Value::Null) => {}
            Some(Value::String(text)) if text.is_empty() => {}
            Some(Value::String(text)) => return Some(text.as_bytes().to_vec()),
            Some(Value::Number(number)) => return Some(number.to_string().into_bytes()),
            Some(_) => return None,
        }
    }
    None
}

const PATHS: &[&str] = &[
    "/id", "/a", "/a/id", "/a/0", "/a/1/id", "/0", "/2/1", "/", "//id", "/ä/~1", "/~0", "/a/b/id", "/a/id/a",
];

fn name() -> impl Strategy<Value = String> {
    let plain = select(vec!["id", "a", "b", "0", "1", "2", "", "/", "~", "ä", "i", "idd"]);
    // Any of them with some of its characters as escapes.
    (plain, any::<u8>()).prop_map(|(name, escape)| {
        let escaped = |(place, c): (usize, char)| {
            if escape >> (place % 8) & 5 == 5 { format!("\\u{:04X}", c as u32) } else { c.to_string() }
        };
        name.chars().enumerate().map(escaped).collect()
    })
}

fn space() -> impl Strategy<Value = &'static str> {
    select(vec!["", "", "", " ", "\n\t", "  \r\n "])
}

fn scalar() -> impl Strategy<Value = String> {
    let text =
        "([ -!#-\\[\\]-~äß€😀]|\\\\(\"|\\\\|/|[bfnrt])|\\\\u00[0-9a-fA-F]{2}|\\\\ud83d\\\\uDE00){0,20}";
    prop_oneof![
        text.prop_map(|text| format!("\"{text}\"")),
        select(vec!["null", "true", "false", "0", "-12", "18446744073709551615", "\"\"", "\"x\""])
            .prop_map(str::to_owned),
    ]
}

/// Documents with few names, so that members meet again, and pointers something.
fn document() -> impl Strategy<Value = String> {
    scalar().prop_recursive(6, 60, 6, |inner| {
        let member = (space(), name(), space(), inner.clone(), space());
        let member = member.prop_map(|(a, name, b, value, c)| format!("{a}\"{name}\"{b}:{b}{value}{c}"));
        let element = (space(), inner, space()).prop_map(|(a, value, b)| format!("{a}{value}{b}"));
        prop_oneof![
            3 => (vec(member, 0..6), space()).prop_map(|(m, s)| format!("{{{s}{}}}", m.join(","))),
            1 => (vec(element, 0..4), space()).prop_map(|(e, s)| format!("[{s}{}]", e.join(","))),
        ]
    })
}

fn paths() -> impl Strategy<Value = Vec<&'static str>> {
    vec(select(PATHS), 1..4)
}

fn config() -> ProptestConfig {
    ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn what_is_found_is_what_the_tree_has(text in document(), paths in paths(), around in (space(), space())) {
        let text = format!("{}{text}{}", around.0, around.1);
        prop_assert_eq!(scanned(&paths, text.as_bytes()), expected(&paths, text.as_bytes()), "{}", text);
    }

    #[test]
    fn a_damaged_document_has_an_id_only_if_it_is_still_json(
        text in document(),
        paths in paths(),
        damage in vec((any::<prop::sample::Index>(), select(&b"{}[]\",:\\ 0n-.e\x00\x1f"[..])), 1..3),
        cut in any::<Option<prop::sample::Index>>(),
    ) {
        let mut bytes = text.into_bytes();
        for (place, byte) in damage {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        // Damage may leave half of a character or of a surrogate pair, which the tree refuses and we do not.
        let surrogates = String::from_utf8_lossy(&bytes).to_lowercase().contains("\\ud");
        // A number beyond all measure is JSON, and JavaScript reads it; the tree refuses the whole document.
        let tree = serde_json::from_slice::<serde_json::Value>(&bytes);
        let beyond = tree.is_err_and(|error| error.to_string().contains("out of range"));
        if std::str::from_utf8(&bytes).is_ok() && !surrogates && !beyond {
            let number = |id: Option<Vec<u8>>| id.filter(|id| !id.iter().any(|b| b"eE.".contains(b)));
            let (ours, theirs) = (scanned(&paths, &bytes), expected(&paths, &bytes));
            prop_assert_eq!(number(ours), number(theirs), "{}", String::from_utf8_lossy(&bytes));
        } else {
            scanned(&paths, &bytes);
        }
    }

    #[test]
    fn any_bytes_are_survived(bytes in vec(any::<u8>(), 0..200), paths in paths()) {
        scanned(&paths, &bytes);
    }

    #[test]
    fn a_number_is_one_id_however_it_is_spelt(
        digits in "[1-9][0-9]{0,30}",
        exponent in -40_i64..40,
        point in 0_usize..31,
        zeros in (0_usize..4, 0_usize..4),
        other in "[1-9][0-9]{0,30}",
    ) {
        let id = |text: String| scanned(&["/id"], format!("{{\"id\":{text}}}").as_bytes()).unwrap();
        let plain = id(format!("{digits}e{exponent}"));
        let point = point.min(digits.len() - 1) + 1;
        let (whole, fraction) = digits.split_at(point);
        let shifted = exponent + fraction.len() as i64;
        let (some, more) = ("0".repeat(zeros.0 + 1), "0".repeat(zeros.1));
        prop_assert_eq!(&plain, &id(format!("{whole}.{fraction}{some}E{shifted:+}")));
        let shifted = exponent + (digits.len() + zeros.1) as i64;
        prop_assert_eq!(&plain, &id(format!("0.{more}{digits}{more}e{shifted}")));
        let same = other.trim_end_matches('0') == digits.trim_end_matches('0')
            && other.len() == digits.len();
        prop_assert_eq!(plain == id(format!("{other}e{exponent}")), same);
    }
}

#[test]
fn of_members_with_one_name_the_last_wins_whole() {
    let id = |text: &str| scanned(&["/a/id"], text.as_bytes()).map(|id| String::from_utf8(id).unwrap());
    assert_eq!(id(r#"{"a":{"id":"1","id":"2"}}"#).as_deref(), Some("2"));
    assert_eq!(id(r#"{"a":{"id":"1"},"a":{"id":"3"}}"#).as_deref(), Some("3"));
    assert_eq!(id(r#"{"a":{"id":"1"},"a":{}}"#), None);
    assert_eq!(id(r#"{"a":{"id":"1"},"\u0061":7}"#), None);
}

#[test]
fn half_a_surrogate_pair_is_part_of_an_id() {
    let id = |text: &str| scanned(&["/id"], text.as_bytes()).unwrap();
    assert_eq!(id(r#"{"id":"\ud83d"}"#), [0xed, 0xa0, 0xbd]);
    assert_ne!(id(r#"{"id":"\ud83dx"}"#), id(r#"{"id":"\ud83ex"}"#));
    assert_eq!(id(r#"{"id":"\ud83d\u0041"}"#), [0xed, 0xa0, 0xbd, b'A']);
}

#[test]
fn nesting_is_bounded() {
    let nested = |depth: usize, open: &str, close: &str| {
        let inside = format!("{}1{}", open.repeat(depth), close.repeat(depth));
        scanned(&["/id"], format!("{{\"x\":{inside},\"id\":\"deep\"}}").as_bytes())
    };
    for (open, close) in [("[", "]"), (r#"{"id":"#, "}")] {
        assert_eq!(nested(DEEPEST - 1, open, close).as_deref(), Some(&b"deep"[..]));
        assert_eq!(nested(DEEPEST, open, close), None);
        assert_eq!(nested(1_000_000, open, close), None);
    }
}

#[test]
fn a_huge_value_is_passed_over() {
    let text = format!(r#"{{"x":"{}","id":7,"y":[{}0]}}"#, "x\\n".repeat(1 << 20), "[{}],".repeat(1 << 18));
    assert_eq!(scanned(&["/id"], text.as_bytes()).as_deref(), Some(&b"7"[..]));
    let id = "i".repeat(1 << 20);
    assert_eq!(scanned(&["/id"], format!(r#"{{"id":"{id}"}}"#).as_bytes()), Some(id.into_bytes()));
}

#[test]
fn what_is_no_json_has_no_id() {
    for text in [
        "",
        "{",
        "nothing",
        r#"{"id":"a"#,
        r#"{"id":"a"} {"id":"b"}"#,
        "{\"id\":\"a\"}\n{\"id\":\"b\"}",
        "\u{feff}{\"id\":\"a\"}",
        r#"{"id":"a",}"#,
        r#"{'id':"a"}"#,
        r#"{"id":01}"#,
        r#"{"id":"a","x":+1}"#,
        r#"{"id":"a","x":.5}"#,
        r#"{"id":"a","x":1.}"#,
        r#"{"id":"a","x":NaN}"#,
        r#"{"id":"a","x":"\q"}"#,
        r#"{"id":"a","x":"\u12g4"}"#,
        "{\"id\":\"a\",\"x\":\"\t\"}",
        r#"{"id":"a"]"#,
        r#"[{"id":"a"}"#,
        r#"{"id":"a"}}"#,
    ] {
        assert_eq!(scanned(&["/id", "/0/id"], text.as_bytes()), None, "{text}");
    }
}
