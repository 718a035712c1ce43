//! Records on their way to the failure topic.

use super::*;
use crate::{DeadLetter, DeadLetterResult, DeadLettered, Mode, Skip};

fn settings() -> Settings {
    let retry =
        crate::Backoff { base: Duration::from_secs(1), max: Duration::from_secs(8), jitter: Jitter::None };
    Settings { failure_topic: Some("dead".into()), group: "g".into(), retry, ..quick() }
}

fn never() -> Outcome {
    Outcome::Permanent(Failure::new("never"))
}

fn refused() -> DeadLetterResult {
    DeadLetterResult::Failed("not now".into())
}

fn too_large() -> DeadLetterResult {
    DeadLetterResult::TooLarge("1 MB is too much".into())
}

impl Bench {
    /// Delivers these records of one key each, and fails the first for good.
    fn with_letter(settings: Settings, records: &[(i64, &str)]) -> (Self, EventId) {
        let mut bench = Self::new(settings);
        bench.records(EPOCH, records);
        let first = bench.dispatched()[0].event;
        bench.settle(first, never());
        let ticket = bench.letters()[0].ticket;
        (bench, ticket)
    }

    pub(super) fn letters(&self) -> Vec<DeadLetter> {
        let letter = |action: &Action| match action {
            Action::DeadLetter(letter) => Some((**letter).clone()),
            _ => None,
        };
        self.actions.iter().filter_map(letter).collect()
    }

    pub(super) fn reply(&mut self, ticket: EventId, result: DeadLetterResult) {
        self.step(Input::DeadLettered(vec![DeadLettered { ticket, result }]));
    }

    fn observed(&self, wanted: impl Fn(&Observation) -> bool) -> bool {
        self.actions.iter().any(|action| matches!(action, Action::Observe(seen) if wanted(seen)))
    }

    fn is_empty(&self) -> bool {
        let engine = &self.engine;
        engine.records() + engine.keys() + engine.bytes() + engine.uncommitted() + engine.parked_keys() == 0
    }
}

#[test]
fn an_offset_is_finished_only_once_its_dead_letter_is_acknowledged() {
    let (mut bench, ticket) = Bench::with_letter(settings(), &[(0, "a"), (1, "a"), (2, "b")]);
    let letter = &bench.letters()[0];
    assert_eq!((letter.record.offset, letter.attempts, letter.reason.as_str()), (0, 1, "never"));
    assert_eq!(bench.offsets(), [0_i64; 0], "its key waits");
    bench.wait(Duration::from_secs(60));
    assert_eq!(bench.commits(), []);
    bench.reply(ticket, DeadLetterResult::Acknowledged);
    assert_eq!(bench.offsets(), [1]);
    assert!(bench.observed(|seen| matches!(seen, Observation::DeadLettered { offset: 0, attempts: 1, .. })));
    bench.wait(Duration::from_secs(1));
    assert_eq!(bench.commits()[0].offset, 1);
}

#[test]
fn a_letter_on_its_way_holds_no_slot_and_no_place() {
    let limits = Settings { max_concurrency: 1, max_uncommitted: 1, ..settings() };
    let (mut bench, _) = Bench::with_letter(limits, &[(0, "a"), (1, "b")]);
    assert_eq!(bench.offsets(), [1]);
    assert_eq!((bench.engine.open_calls(), bench.engine.uncommitted()), (1, 0));
    bench.records(EPOCH, &[(2, "c")]);
    assert_eq!(bench.engine.uncommitted(), 1);
}

#[test]
fn while_sending_fails_the_key_waits_and_others_go_on() {
    let (mut bench, ticket) = Bench::with_letter(settings(), &[(0, "a"), (1, "a"), (2, "b")]);
    bench.reply(ticket, refused());
    assert!(bench.observed(|seen| matches!(seen, Observation::DeadLetterDelayed { offset: 0, .. })));
    assert_eq!((bench.letters().len(), bench.offsets()), (0, vec![]));
    bench.records(EPOCH, &[(3, "c")]);
    assert_eq!(bench.offsets(), [3]);
    // The backoff doubles: 1 s, then 2 s.
    bench.wait(Duration::from_secs(1));
    let again = bench.letters()[0].ticket;
    bench.reply(again, refused());
    bench.wait(Duration::from_secs(1));
    assert!(bench.letters().is_empty());
    bench.wait(Duration::from_secs(1));
    assert_eq!(bench.letters()[0].record.offset, 0);
    bench.reply(again, DeadLetterResult::Acknowledged);
    assert_eq!(bench.offsets(), [1], "the handler was not called again for the first one");
}

#[test]
fn a_letter_is_sent_again_though_every_slot_is_taken() {
    let (mut bench, ticket) =
        Bench::with_letter(Settings { max_concurrency: 1, ..settings() }, &[(0, "a"), (1, "b")]);
    bench.reply(ticket, refused());
    assert_eq!(bench.engine.open_calls(), 1);
    bench.wait(Duration::from_secs(1));
    assert_eq!(bench.letters().len(), 1);
}

#[test]
fn a_letter_too_large_for_its_topic_stops_its_partition_alone() {
    let other = Epoch(7);
    let mut bench = Bench::new(settings());
    bench.assign_partition(PartitionIndex(1), other, 0);
    bench.records(EPOCH, &[(0, "a"), (1, "a"), (2, "b"), (3, "b"), (4, "c")]);
    let calls = bench.dispatched();
    bench.settle(calls[0].event, never());
    let ticket = bench.letters()[0].ticket;
    for _ in 0..3 {
        bench.reply(ticket, too_large());
        assert!(bench.letters().is_empty() && bench.engine.reads(EPOCH));
        bench.wait(Duration::from_secs(1));
        assert_eq!(bench.letters().len(), 1, "it may have been refused for its neighbour in a batch");
    }
    bench.reply(ticket, too_large());
    let stops: Vec<_> =
        bench.actions.iter().filter(|action| matches!(action, Action::Stop { .. })).cloned().collect();
    assert!(matches!(&stops[..], [Action::Stop { epoch: EPOCH, offset: 0, .. }]), "{stops:?}");
    assert!(!bench.engine.reads(EPOCH) && bench.engine.reads(other));
    // What runs still ends, and its offset counts; nothing new starts.
    bench.settle(calls[1].event, Outcome::Success);
    bench.settle(calls[2].event, failed());
    assert_eq!(bench.offsets(), [0_i64; 0]);
    bench.records(EPOCH, &[(5, "d")]);
    assert_eq!(bench.offsets(), [0_i64; 0]);
    assert!(bench.is_empty());
    bench.records(other, &[(0, "a")]);
    assert_eq!(bench.offsets(), [0]);
    bench.step(Input::Revoking(vec![EPOCH]));
    assert_eq!(bench.commits()[0].offset, 0, "never past the record");
}

#[test]
fn a_partition_that_leaves_waits_for_its_letters_until_its_deadline() {
    let (mut bench, ticket) = Bench::with_letter(settings(), &[(0, "a"), (1, "a")]);
    bench.step(Input::Revoking(vec![EPOCH]));
    assert_eq!(bench.releases(), []);
    bench.reply(ticket, DeadLetterResult::Acknowledged);
    assert_eq!((bench.releases(), bench.commits()[0].offset), (vec![EPOCH], 1));

    let (mut bench, ticket) = Bench::with_letter(settings(), &[(0, "a"), (1, "a")]);
    bench.step(Input::Revoking(vec![EPOCH]));
    bench.wait(Duration::from_secs(5));
    assert_eq!((bench.releases(), bench.commits()), (vec![EPOCH], vec![]));
    assert!(bench.is_empty());
    bench.reply(ticket, DeadLetterResult::Acknowledged);
    assert_eq!((bench.actions.len(), bench.engine.counters().outdated), (0, 1));
}

#[test]
fn an_answer_after_a_loss_says_nothing_of_the_next_epoch() {
    let (mut bench, ticket) = Bench::with_letter(settings(), &[(0, "a"), (1, "a")]);
    bench.step(Input::Lost(vec![EPOCH]));
    assert!(bench.is_empty());
    bench.assign(Epoch(2), 0);
    bench.records(Epoch(2), &[(0, "a")]);
    assert_eq!(bench.offsets(), [0], "a letter of an earlier epoch holds no key");
    bench.reply(ticket, DeadLetterResult::Acknowledged);
    bench.wait(Duration::from_secs(60));
    assert_eq!(bench.commits(), []);
}

#[test]
fn a_drain_waits_for_letters_and_ends_in_its_time() {
    for answered in [true, false] {
        let (mut bench, ticket) = Bench::with_letter(settings(), &[(0, "a")]);
        let deadline = bench.now.mono.after(Duration::from_secs(3));
        bench.step(Input::Drain { abort_at: deadline, deadline });
        assert_eq!(bench.releases(), []);
        if answered {
            bench.reply(ticket, DeadLetterResult::Acknowledged);
            assert_eq!(bench.commits()[0].offset, 1);
        } else {
            bench.wait(Duration::from_secs(3));
            assert_eq!(bench.commits(), []);
        }
        assert!(matches!(bench.actions.last(), Some(Action::Drained { unfinished_calls: 0 })));
    }
}

#[test]
fn a_letter_that_fails_while_its_partition_leaves_is_left_to_the_next_owner() {
    for answer in [refused(), too_large()] {
        let (mut bench, ticket) = Bench::with_letter(settings(), &[(0, "a")]);
        bench.step(Input::Revoking(vec![EPOCH]));
        bench.reply(ticket, answer);
        assert_eq!((bench.releases(), bench.commits()), (vec![EPOCH], vec![]));
        assert!(bench.is_empty());
    }
}

#[test]
fn a_letter_that_nobody_wants_is_said_and_counts_as_done() {
    let (mut bench, ticket) = Bench::with_letter(settings(), &[(0, "a"), (1, "a")]);
    bench.reply(ticket, DeadLetterResult::Unwanted);
    assert!(bench.observed(|seen| matches!(seen, Observation::Disposed { offset: 0, .. })));
    assert_eq!(bench.offsets(), [1]);
}

#[test]
fn low_latency_sends_the_letter_after_its_last_attempt() {
    let mode = Mode::LowLatency { max_retries: 1 };
    let mut bench = Bench::new(Settings { mode, ..settings() });
    bench.records(EPOCH, &[(0, "a")]);
    let first = bench.dispatched()[0].event;
    bench.settle(first, failed());
    assert!(bench.letters().is_empty());
    bench.wait(Duration::from_secs(1));
    let second = bench.dispatched()[0].event;
    bench.settle(second, failed());
    assert_eq!(bench.letters()[0].attempts, 2);
}

#[test]
fn a_record_sent_again_for_another_group_is_skipped_and_counted() {
    let mut bench = Bench::new(settings());
    let record = |offset, group: &'static [u8]| {
        let parts = RecordParts { offset, timestamp: 0, key: Some(b"a"), value: Some(b"v") };
        let headers: [(&[u8], Option<&[u8]>); 2] =
            [(b"replay-group", Some(group)), (b"replay-id", Some(b"1"))];
        Record::new(parts, headers)
    };
    bench.step(Input::Records { epoch: EPOCH, records: vec![record(0, b"other"), record(1, b"g")] });
    assert_eq!(bench.offsets(), [1]);
    assert!(bench.observed(|seen| matches!(seen, Observation::Skipped { reason: Skip::Addressee, record, .. } if record.offset == 0)));
    assert_eq!(bench.engine.counters().misaddressed, 1);
    bench.wait(Duration::from_secs(1));
    assert_eq!(bench.commits()[0].offset, 1);
}
