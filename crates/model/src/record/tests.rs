#![allow(clippy::unwrap_used)]

use super::*;

#[test]
fn a_record_gives_back_what_it_was_made_of() {
    let headers: [(&[u8], Option<&[u8]>); 3] = [(b"a", Some(b"1")), (b"a", None), (b"\xff", Some(b""))];
    let parts = RecordParts { offset: 7, timestamp: -1, key: Some(b"k"), value: Some(b"value") };
    let record = Record::new(parts, headers);
    assert_eq!(record.key(), Some(&b"k"[..]));
    assert_eq!(record.value(), Some(&b"value"[..]));
    assert_eq!(record.headers().iter().collect::<Vec<_>>(), headers);
    assert_eq!(record.headers().last(b"a"), Some(None));
    assert_eq!(record.headers().last(b"b"), None);
}

#[test]
fn null_and_empty_are_told_apart() {
    let none = Record::new(RecordParts::default(), []);
    assert_eq!((none.key(), none.value()), (None, None));
    let empty = Record::new(RecordParts { key: Some(b""), value: Some(b""), ..RecordParts::default() }, []);
    assert_eq!((empty.key(), empty.value()), (Some(&b""[..]), Some(&b""[..])));
}

#[test]
fn damaged_headers_end_early() {
    assert_eq!(Headers::new(&[9, 0, 0, 0, 1]).iter().count(), 0);
    assert_eq!(Headers::new(&[1, 0, 0, 0, b'n', 5, 0, 0, 0, 1]).iter().count(), 0);
}
