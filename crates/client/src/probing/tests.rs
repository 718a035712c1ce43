use prosody_broker::BrokerError;

use super::*;

const SOON: Mono = Mono(1_000_000_000);

fn partition(number: i32) -> TopicPartition {
    TopicPartition::new("orders", number)
}

fn heard(facts: &[Fact]) -> Known {
    let mut known = Known::default();
    for fact in facts {
        known.hear(fact, || SOON);
    }
    known
}

fn error(code: ErrorCode) -> BrokerError {
    BrokerError::new(code, "no broker answers")
}

fn unreachable() -> Fact {
    Fact::Warning(error(ErrorCode::Unreachable))
}

#[test]
fn a_partition_stays_stopped_until_it_is_given_up() {
    let stopped = |number| Fact::Stopped { partition: partition(number), error: error(ErrorCode::Other) };
    let assigned = Fact::Assigned(vec![partition(0), partition(1)]);
    let facts = [assigned, stopped(0), stopped(1), stopped(7), Fact::Revoked(vec![partition(0)])];
    let known = heard(&facts);
    assert_eq!(known.stopped.keys().cloned().collect::<Vec<_>>(), [partition(1)]);
    assert_eq!(known.held.len(), 1);
    assert!(known.joined);
    let known = heard(&[Fact::Assigned(vec![partition(1)]), stopped(1), Fact::Lost(vec![partition(1)])]);
    assert!(known.stopped.is_empty() && known.held.is_empty());
}

#[test]
fn kafka_is_away_from_a_warning_until_something_comes_from_it_or_nothing_more_is_said() {
    let mut known = heard(&[unreachable()]);
    assert_eq!(known.away(SOON).as_deref(), Some("no broker answers"));
    assert!(known.away(SOON.after(AWAY)).is_none());
    known.tally.counters.admitted += 1;
    assert!(known.away(SOON).is_none());
    assert!(heard(&[unreachable(), Fact::Assigned(vec![partition(0)])]).away(SOON).is_none());
    assert!(heard(&[Fact::Warning(error(ErrorCode::UnknownTopic))]).away(SOON).is_none());
}
