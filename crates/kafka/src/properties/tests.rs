use super::*;

fn names(properties: &[(&str, &str)]) -> Vec<(String, bool)> {
    refused(properties.iter().copied()).into_iter().map(|refusal| (refusal.name, refusal.unknown)).collect()
}

#[test]
fn what_librdkafka_takes_is_not_refused() {
    let taken = [
        ("debug", "broker,topic"),
        ("linger.ms", "5"),
        ("queue.buffering.max.ms", "0.5"),
        ("client.rack", "a"),
        ("compression.codec", "zstd"),
        ("partitioner", "consistent"),
        ("max.in.flight", "1"),
    ];
    assert_eq!(names(&taken), []);
}

#[test]
fn an_unknown_name_and_a_bad_value_are_refused_apart() {
    let bad = [
        ("linger", "5"),
        ("debug", "bogus"),
        ("socket.timeout.ms", "-3"),
        ("client.rack", "a"),
        ("a\0b", "c"),
    ];
    let expected = [("linger", true), ("debug", false), ("socket.timeout.ms", false), ("a\0b", true)];
    assert_eq!(names(&bad), expected.map(|(name, unknown)| (name.to_owned(), unknown)));
    let reason = refused([("socket.timeout.ms", "-3")]).remove(0).reason;
    assert!(reason.contains("range"), "{reason}");
}

#[test]
fn no_library_is_loaded_to_find_out() {
    assert_eq!(names(&[("plugin.library.paths", "no-such-library")]), []);
}
