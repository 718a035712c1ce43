//! When a commit is made, and what a refusal teaches.

use super::*;

const OTHER: Epoch = Epoch(2);

impl Bench {
    fn answer(&mut self, epoch: Epoch, result: CommitResult) {
        self.step(Input::Committed { epoch, offset: 0, result });
    }

    fn limits(&self) -> Vec<usize> {
        let limit = |action: &Action| match action {
            Action::Observe(observation) => match **observation {
                Observation::MetadataLimit { units } => Some(units),
                _ => None,
            },
            _ => None,
        };
        self.actions.iter().filter_map(limit).collect()
    }
}

/// Two partitions, each with a commit on its way that has a map in it.
fn two_maps_on_their_way() -> (Bench, Vec<Commit>) {
    let mut bench = Bench::new(Settings { max_concurrency: 8, ..quick() });
    bench.assign_partition(PartitionIndex(1), OTHER, 0);
    for epoch in [EPOCH, OTHER] {
        bench.records(epoch, &[(0, "a"), (1, "b")]);
        let second = bench.dispatched()[1].event;
        bench.settle(second, Outcome::Success);
    }
    bench.wait(Duration::from_secs(1));
    let commits = bench.commits();
    assert!(commits.len() == 2 && commits.iter().all(|commit| !commit.metadata.is_empty()), "{commits:?}");
    (bench, commits)
}

#[test]
fn commits_refused_for_the_same_limit_lower_it_once() {
    let (mut bench, commits) = two_maps_on_their_way();
    bench.answer(EPOCH, CommitResult::MetadataTooLarge);
    let limits = bench.limits();
    assert_eq!(limits.len(), 1);
    assert!(limits[0] < commits[0].metadata.encode_utf16().count(), "{limits:?}");
    bench.answer(OTHER, CommitResult::MetadataTooLarge);
    assert!(bench.limits().is_empty(), "it was made before the limit was learned: {:?}", bench.actions);
}

#[test]
fn a_commit_refused_for_its_size_is_made_again_with_less() {
    let (mut bench, commits) = two_maps_on_their_way();
    bench.answer(EPOCH, CommitResult::MetadataTooLarge);
    bench.answer(OTHER, CommitResult::Accepted);
    bench.wait(Duration::from_secs(1));
    let again = bench.commits();
    assert_eq!((again[0].epoch, again[0].offset), (EPOCH, commits[0].offset));
    assert!(again[0].metadata.len() < commits[0].metadata.len(), "{again:?}");
}

#[test]
fn an_offset_without_metadata_teaches_nothing_about_the_limit() {
    let mut bench = Bench::new(quick());
    bench.records(EPOCH, &[(0, "a")]);
    let event = bench.dispatched()[0].event;
    bench.settle(event, Outcome::Success);
    bench.wait(Duration::from_secs(1));
    assert_eq!(bench.commits()[0].metadata, "");
    bench.answer(EPOCH, CommitResult::MetadataTooLarge);
    assert!(bench.limits().is_empty());
    bench.wait(Duration::from_secs(1));
    assert_eq!(bench.commits()[0].offset, 1);
}

#[test]
fn once_all_is_committed_nothing_wakes_the_engine() {
    let mut bench = Bench::new(quick());
    bench.records(EPOCH, &[(0, "a")]);
    let event = bench.dispatched()[0].event;
    bench.settle(event, Outcome::Success);
    bench.wait(Duration::from_secs(1));
    assert_eq!(bench.commits().len(), 1);
    assert_eq!(bench.engine.wake_at(), None, "the answer is an input");
    bench.answer(EPOCH, CommitResult::Accepted);
    assert_eq!(bench.engine.wake_at(), None);
}

#[test]
fn an_idle_consumer_commits_within_a_tenth_of_the_interval() {
    let mut bench = Bench::new(quick());
    bench.wait(Duration::from_secs(9));
    bench.records(EPOCH, &[(0, "a"), (1, "b")]);
    let events: Vec<_> = bench.dispatched().iter().map(|call| call.event).collect();
    bench.settle(events[0], Outcome::Success);
    bench.wait(Duration::ZERO);
    assert_eq!(bench.commits()[0].offset, 1);
    bench.answer(EPOCH, CommitResult::Accepted);
    bench.settle(events[1], Outcome::Success);
    bench.wait(Duration::from_millis(99));
    assert!(bench.commits().is_empty());
    bench.wait(Duration::from_millis(1));
    assert_eq!(bench.commits()[0].offset, 2);
}

#[test]
fn a_partition_that_is_being_given_up_is_committed_meanwhile() {
    let mut bench = Bench::new(quick());
    bench.records(EPOCH, &[(0, "a"), (1, "b")]);
    let events: Vec<_> = bench.dispatched().iter().map(|call| call.event).collect();
    let at = |seconds| bench.now.mono.after(Duration::from_secs(seconds));
    let drain = Input::Drain { abort_at: at(24), deadline: at(30) };
    bench.step(drain);
    bench.settle(events[0], Outcome::Success);
    bench.wait(Duration::from_secs(1));
    assert_eq!(
        bench.commits()[0].offset,
        1,
        "a kill during a long drain repeats one interval's work at most"
    );
}

#[test]
fn a_refused_commit_is_not_made_again_at_once_however_short_the_interval() {
    let mut bench = Bench::new(Settings { commit_interval: Duration::from_millis(10), ..quick() });
    bench.records(EPOCH, &[(0, "a")]);
    let event = bench.dispatched()[0].event;
    bench.settle(event, Outcome::Success);
    bench.wait(Duration::from_millis(10));
    assert_eq!(bench.commits().len(), 1);
    bench.step(Input::Committed { epoch: EPOCH, offset: 1, result: CommitResult::Refused });
    bench.wait(Duration::from_millis(99));
    assert_eq!(bench.commits().len(), 0);
    bench.wait(Duration::from_millis(1));
    assert_eq!(bench.commits().len(), 1);
}
