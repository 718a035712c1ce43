use super::*;

fn pointer(segments: &[&str]) -> IdentitySource {
    IdentitySource::Pointer(segments.iter().map(|&segment| segment.to_owned()).collect())
}

#[test]
fn a_pointer_names_its_segments_unescaped() {
    assert_eq!(IdentitySource::parse("/id"), Some(pointer(&["id"])));
    assert_eq!(IdentitySource::parse("/a/0/b"), Some(pointer(&["a", "0", "b"])));
    assert_eq!(IdentitySource::parse("/a~1b/~0~01"), Some(pointer(&["a/b", "~~1"])));
    assert_eq!(IdentitySource::parse("/"), Some(pointer(&[""])));
}

#[test]
fn a_header_is_named_after_its_prefix() {
    assert_eq!(IdentitySource::parse("header:event-id"), Some(IdentitySource::Header("event-id".into())));
    assert_eq!(IdentitySource::parse("header:/a"), Some(IdentitySource::Header("/a".into())));
}

#[test]
fn anything_else_is_refused() {
    for text in ["", "id", "$.id", "header:", "Header:x", "/a~2", "/a~"] {
        assert_eq!(IdentitySource::parse(text), None, "{text:?}");
    }
}
