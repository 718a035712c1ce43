use prosody_identity::Place;
use prosody_model::RecordParts;

use super::*;

const P0: PartitionIndex = PartitionIndex(0);

fn settings() -> settings::Intake {
    settings::Intake {
        ids: vec![Place::Pointer(vec!["id".into()])],
        types: vec![Place::Pointer(vec!["type".into()])],
        remembered_ids: 8,
        version: "1".into(),
        ..settings::Intake::default()
    }
}

fn record(key: Option<&str>, value: &str) -> Record {
    let (key, value) = (key.map(str::as_bytes), Some(value.as_bytes()));
    Record::new(RecordParts { key, value, ..RecordParts::default() }, [])
}

/// The id of a record on partition 0 of `topic`.
fn id_in(
    group: &str,
    settings: &settings::Intake,
    topic: &str,
    key: Option<&str>,
    value: &str,
) -> Option<u128> {
    let mut intake = Intake::new(group, settings);
    intake.name(P0, topic);
    match intake.look(P0, &record(key, value)) {
        Entry::Run { id, .. } => id,
        Entry::Skip(_) => None,
    }
}

fn id(settings: &settings::Intake, topic: &str, key: Option<&str>, value: &str) -> Option<u128> {
    id_in("g", settings, topic, key, value)
}

#[test]
fn an_id_belongs_to_its_group_topic_key_and_version() {
    let own = settings();
    let one = id(&own, "t", Some("k"), r#"{"id":"1"}"#);
    assert!(one.is_some());
    assert_eq!(one, id(&own, "t", Some("k"), r#"{ "x": 2, "id": "\u0031" }"#));
    let others = [
        id(&own, "t", Some("k"), r#"{"id":"2"}"#),
        id(&own, "u", Some("k"), r#"{"id":"1"}"#),
        id(&own, "t", Some("l"), r#"{"id":"1"}"#),
        id(&own, "t", Some(""), r#"{"id":"1"}"#),
        id(&own, "t", None, r#"{"id":"1"}"#),
        id(&own, "t", None, r#"{"id":"k1"}"#),
        id(&own, "t", Some("k1"), r#"{"id":"1"}"#),
        id(&own, "t", Some(""), r#"{"id":"k1"}"#),
        id(&settings::Intake { version: "2".into(), ..settings() }, "t", Some("k"), r#"{"id":"1"}"#),
        id_in("h", &own, "t", Some("k"), r#"{"id":"1"}"#),
        // The same letters, cut elsewhere.
        id_in(
            "g1",
            &settings::Intake { version: String::new(), ..settings() },
            "t",
            Some("k"),
            r#"{"id":"1"}"#,
        ),
    ];
    for (place, other) in others.iter().enumerate() {
        assert!(other.is_some() && !others[..place].contains(other) && *other != one, "{place}");
    }
}

#[test]
fn partitions_of_a_topic_share_their_ids() {
    let mut intake = Intake::new("g", &settings());
    intake.name(P0, "t");
    intake.name(PartitionIndex(5), "t");
    intake.name(PartitionIndex(3), "u");
    let record = record(Some("k"), r#"{"id":7}"#);
    assert_eq!(intake.look(P0, &record), intake.look(PartitionIndex(5), &record));
    assert_ne!(intake.look(P0, &record), intake.look(PartitionIndex(3), &record));
}

#[test]
fn the_hash_of_an_id_means_the_same_in_every_version() {
    let digest = id(&settings(), "topic", Some("key"), r#"{"id":"an-id"}"#);
    assert_eq!(
        digest.map(|digest| format!("{digest:032x}")).as_deref(),
        Some("703eaa2d692b502ba10f828e44ec2e73")
    );
}

#[test]
fn nothing_is_looked_for_that_nobody_asked_for() {
    let off = settings::Intake { remembered_ids: 0, ..settings() };
    assert_eq!(id(&off, "t", Some("k"), r#"{"id":"1"}"#), None);
    let mut intake = Intake::new("g", &off);
    let run = Entry::Run { id: None, run_if_seen: false };
    assert_eq!(intake.look(P0, &record(None, r#"{"type":"x"}"#)), run);
}

#[test]
fn a_type_passes_by_its_prefix() {
    let allowed_events = vec!["order.".to_owned(), "é".to_owned()];
    let mut intake = Intake::new("g", &settings::Intake { allowed_events, remembered_ids: 0, ..settings() });
    let mut runs = |value: &str| intake.look(P0, &record(None, value)) != Entry::Skip(Skip::Type);
    assert!(runs(r#"{"type":"order.created"}"#) && runs(r#"{"type":"\u00e9t\u00e9"}"#));
    assert!(
        !runs(r#"{"type":"orders"}"#) && !runs(r#"{"type":""}"#) && !runs(r#"{"type":"x","type":"Order."}"#)
    );
    // No type, and none that is a text.
    for value in ["{}", r#"{"type":null}"#, r#"{"type":7}"#, r#"{"type":["x"]}"#, "no json", ""] {
        assert!(runs(value), "{value}");
    }
}

#[test]
fn what_the_own_group_has_sent_is_skipped() {
    let mut intake = Intake::new("g", &settings());
    let mut look = |sources: &[Option<&str>]| {
        let headers = sources.iter().map(|source| (&b"source-system"[..], source.map(str::as_bytes)));
        intake.look(P0, &Record::new(RecordParts::default(), headers)) == Entry::Skip(Skip::Source)
    };
    assert!(look(&[Some("g")]) && look(&[Some("h"), Some("g")]));
    assert!(!look(&[]) && !look(&[None]) && !look(&[Some("")]) && !look(&[Some("gg")]));
    assert!(!look(&[Some("g"), Some("h")]) && !look(&[Some("g"), None]));
}

#[test]
fn what_was_sent_again_runs_in_its_group_whatever_is_known_of_its_id() {
    let mut intake = Intake::new("g", &settings());
    let mut look = |group: &str| {
        let headers = [("source-system", "g"), ("replay-group", group), ("replay-id", "7")];
        let headers = headers.map(|(name, value)| (name.as_bytes(), Some(value.as_bytes())));
        let parts = RecordParts { value: Some(br#"{"id":"1"}"#), ..RecordParts::default() };
        intake.look(P0, &Record::new(parts, headers))
    };
    assert!(matches!(look("g"), Entry::Run { id: Some(_), run_if_seen: true }));
    assert_eq!(look("h"), Entry::Skip(Skip::Addressee));
}
