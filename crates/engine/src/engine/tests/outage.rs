//! The end of an outage.

use super::*;

/// `count` keys that fail four times each, while nothing succeeds: each now waits for eight seconds. Before that so much
/// has succeeded that the gate stays open.
fn outage(count: i64) -> Bench {
    let mut bench = Bench::new(Settings { max_concurrency: 1_000, max_uncommitted: 1_000, ..quick() });
    let end = |bench: &mut Bench, outcome: &Outcome| {
        let settlement = |call: Dispatch| Settlement { event: call.event, outcome: outcome.clone() };
        let all = bench.dispatched().into_iter().map(settlement).collect();
        bench.step(Input::Settled(all));
    };
    let keys: Vec<_> = (0..1_000 + count).map(|key| format!("k{key}")).collect();
    let record = |offset: i64| (offset, keys[offset as usize].as_str());
    bench.records(EPOCH, &(0..1_000).map(record).collect::<Vec<_>>());
    end(&mut bench, &Outcome::Success);
    bench.records(EPOCH, &(1_000..1_000 + count).map(record).collect::<Vec<_>>());
    for wait in [1, 2, 4] {
        end(&mut bench, &failed());
        bench.wait(Duration::from_secs(wait));
        assert_eq!(bench.offsets().len(), count as usize);
    }
    end(&mut bench, &failed());
    assert_eq!(bench.engine.parked_keys(), count as usize);
    bench
}

fn succeed(bench: &mut Bench, offset: i64) {
    bench.records(EPOCH, &[(offset, "new")]);
    let call = bench.dispatched()[0].event;
    bench.settle(call, Outcome::Success);
}

fn healed(bench: &Bench) -> bool {
    let healed = |action: &Action| matches!(action, Action::Observe(what) if matches!(**what, Observation::Healed { .. }));
    bench.actions.iter().any(healed)
}

#[test]
fn deferred_keys_wait_no_longer_than_the_base_delay_after_the_success_that_ends_an_outage() {
    let mut bench = outage(20);
    succeed(&mut bench, 1_020);
    assert!(healed(&bench));
    bench.wait(Duration::from_millis(999));
    assert_eq!(bench.offsets(), [0_i64; 0]);
    bench.wait(Duration::from_millis(1));
    assert_eq!(bench.offsets().len(), 20);
}

#[test]
fn a_further_success_cuts_nothing_short() {
    let mut bench = outage(20);
    succeed(&mut bench, 1_020);
    bench.wait(Duration::from_secs(1));
    let first = bench.dispatched()[0].event;
    bench.settle(first, failed());
    succeed(&mut bench, 1_021);
    assert!(!healed(&bench));
    bench.wait(Duration::from_secs(7));
    assert_eq!(bench.offsets(), [0_i64; 0]);
    bench.wait(Duration::from_secs(1));
    assert_eq!(bench.offsets().len(), 1);
}

#[test]
fn fewer_keys_that_fail_are_no_outage_and_keep_their_waits() {
    let mut bench = outage(19);
    succeed(&mut bench, 1_019);
    assert!(!healed(&bench));
    bench.wait(Duration::from_millis(7_999));
    assert_eq!(bench.offsets(), [0_i64; 0]);
    bench.wait(Duration::from_millis(1));
    assert_eq!(bench.offsets().len(), 19);
}

#[test]
fn what_a_handler_has_asked_for_is_waited_for_all_the_same() {
    let settings = Settings { max_concurrency: 64, max_uncommitted: 64, ..quick() };
    let mut bench = Bench::new(settings);
    let keys: Vec<_> = (0..40).map(|key| format!("k{key}")).collect();
    let records: Vec<_> =
        keys.iter().enumerate().map(|(offset, key)| (offset as i64, key.as_str())).collect();
    bench.records(EPOCH, &records);
    let calls = bench.dispatched();
    for call in &calls[..38] {
        bench.settle(call.event, failed());
    }
    let busy = Failure { text: "429".into(), retry_after: Some(Duration::from_secs(60)) };
    bench.settle(calls[38].event, Outcome::Transient(Box::new(busy)));
    bench.settle(calls[39].event, Outcome::Success);
    bench.wait(Duration::from_secs(59));
    assert!(bench.offsets().len() > 20 && !bench.offsets().contains(&38), "{:?}", bench.offsets());
    for call in bench.dispatched() {
        bench.settle(call.event, Outcome::Success);
    }
    bench.wait(Duration::from_secs(1));
    assert_eq!(bench.offsets(), [38]);
}
