//! Which of several places counts.
#![allow(clippy::unwrap_used)]

use prosody_identity::{Identity, Place};
use prosody_model::{Record, RecordParts};

type Header<'a> = (&'a [u8], Option<&'a [u8]>);

fn places(list: &[&str]) -> Vec<Place> {
    let place = |text: &&str| match text.strip_prefix("header:") {
        Some(name) => Place::Header(name.to_owned()),
        None => Place::Pointer(text[1..].split('/').map(str::to_owned).collect()),
    };
    list.iter().map(place).collect()
}

/// Id and type, as text.
fn look(
    ids: &[&str],
    types: &[&str],
    value: &str,
    headers: &[Header<'_>],
) -> (Option<String>, Option<String>) {
    let parts = RecordParts { value: Some(value.as_bytes()), ..RecordParts::default() };
    let record = Record::new(parts, headers.iter().copied());
    let mut identity = Identity::new(&places(ids), &places(types));
    let marks = identity.look(&record);
    let text = |write: &dyn Fn(&mut Vec<u8>)| {
        let mut out = Vec::new();
        write(&mut out);
        String::from_utf8(out).unwrap()
    };
    (marks.id.map(|id| text(&|out| id.write(out))), marks.event_type.map(|t| text(&|out| t.write(out))))
}

fn id(ids: &[&str], value: &str, headers: &[Header<'_>]) -> Option<String> {
    look(ids, &[], value, headers).0
}

#[test]
fn the_first_place_that_is_there_wins() {
    let event: Header<'_> = (b"event", Some(b"h"));
    assert_eq!(id(&["/id", "header:event"], r#"{"id":"v"}"#, &[event]).as_deref(), Some("v"));
    assert_eq!(id(&["/id", "header:event"], r#"{"no":"v"}"#, &[event]).as_deref(), Some("h"));
    assert_eq!(id(&["header:event", "/id"], r#"{"id":"v"}"#, &[event]).as_deref(), Some("h"));
    assert_eq!(id(&["header:event", "/id"], r#"{"id":"v"}"#, &[]).as_deref(), Some("v"));
    assert_eq!(id(&["/a", "/b"], r#"{"b":"2","a":"1"}"#, &[]).as_deref(), Some("1"));
}

#[test]
fn null_and_an_empty_id_are_as_good_as_none() {
    assert_eq!(id(&["/a", "/b"], r#"{"a":null,"b":"2"}"#, &[]).as_deref(), Some("2"));
    assert_eq!(id(&["/a", "/b"], r#"{"a":"","b":"2"}"#, &[]).as_deref(), Some("2"));
    assert_eq!(id(&["header:a", "/b"], r#"{"b":"2"}"#, &[(b"a", None)]).as_deref(), Some("2"));
    assert_eq!(id(&["header:a", "/b"], r#"{"b":"2"}"#, &[(b"a", Some(b""))]).as_deref(), Some("2"));
}

#[test]
fn what_is_there_and_no_id_leaves_the_message_without_one() {
    for value in [r#"{"a":true,"b":"2"}"#, r#"{"a":{"a":1},"b":"2"}"#, r#"{"a":[],"b":"2"}"#] {
        assert_eq!(id(&["/a", "/b"], value, &[]), None, "{value}");
    }
}

#[test]
fn a_type_is_a_text_or_nothing() {
    let event_type = |value: &str| look(&["/id"], &["/type", "/id"], value, &[]).1;
    assert_eq!(event_type(r#"{"type":"a.b","id":"1"}"#).as_deref(), Some("a.b"));
    assert_eq!(event_type(r#"{"type":"","id":"1"}"#).as_deref(), Some(""));
    assert_eq!(event_type(r#"{"type":7,"id":"1"}"#), None);
    assert_eq!(event_type(r#"{"id":"1"}"#).as_deref(), Some("1"));
}

#[test]
fn of_several_headers_of_one_name_the_last_counts() {
    let headers: [Header<'_>; 3] = [(b"id", Some(b"1")), (b"x", None), (b"id", Some(b"2"))];
    assert_eq!(id(&["header:id"], "no json", &headers).as_deref(), Some("2"));
}

#[test]
fn a_tombstone_has_what_its_headers_say() {
    let record = Record::new(RecordParts::default(), [(&b"id"[..], Some(&b"1"[..]))]);
    let mut identity = Identity::new(&places(&["/id", "header:id"]), &places(&["/type"]));
    let marks = identity.look(&record);
    assert!(marks.id.is_some() && marks.event_type.is_none());
}

#[test]
fn one_record_leaves_nothing_for_the_next() {
    let mut identity = Identity::new(&places(&["/id"]), &[]);
    for (value, there) in
        [(r#"{"id":"1"}"#, true), ("no json", false), (r#"{"id":"2""#, false), ("{}", false)]
    {
        let parts = RecordParts { value: Some(value.as_bytes()), ..RecordParts::default() };
        assert_eq!(identity.look(&Record::new(parts, [])).id.is_some(), there, "{value}");
    }
}

#[test]
fn a_prefix_is_compared_with_escapes_resolved() {
    let parts = |value| RecordParts { value: Some(value), ..RecordParts::default() };
    let mut identity = Identity::new(&[], &places(&["/type"]));
    let record = Record::new(parts(br#"{"type":"ord\u0065r\/\u00e4"}"#), []);
    let event_type = identity.look(&record).event_type.unwrap();
    assert!(event_type.starts_with(b"order/") && event_type.starts_with("order/ä".as_bytes()));
    assert!(event_type.starts_with(b"") && !event_type.starts_with("order/äx".as_bytes()));
    assert!(!event_type.starts_with(b"order."));
}
