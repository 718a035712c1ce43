use prosody_model::HeadersBuilder;

use super::*;

fn read(headers: &[(&str, Option<&str>)]) -> Replay {
    let mut packed = Vec::new();
    let mut builder = HeadersBuilder::new(&mut packed);
    for (name, value) in headers {
        builder.push(name.as_bytes(), value.map(str::as_bytes));
    }
    Replay::of(Headers::new(&packed), "billing")
}

#[test]
fn only_both_headers_together_say_whom_a_record_is_for() {
    let (ours, theirs, id) =
        (("replay-group", Some("billing")), ("replay-group", Some("audit")), ("replay-id", Some("7")));
    assert_eq!(read(&[]), Replay::No);
    assert_eq!(read(&[theirs]), Replay::No);
    assert_eq!(read(&[id]), Replay::No);
    assert_eq!(read(&[theirs, ("replay-id", None)]), Replay::No);
    assert_eq!(read(&[("source-group-id", Some("audit")), id]), Replay::No);
    assert_eq!(read(&[id, ours]), Replay::Ours);
    assert_eq!(read(&[theirs, id]), Replay::Theirs);
}

#[test]
fn the_last_of_several_counts() {
    let id = ("replay-id", Some("7"));
    let both = [("replay-group", Some("audit")), id, ("replay-group", Some("billing"))];
    assert_eq!(read(&both), Replay::Ours);
}
