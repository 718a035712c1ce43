//! The offset tracker against a model that keeps every offset in a set.
#![allow(clippy::unwrap_used, clippy::panic)]

use proptest::prelude::*;
use prosody_engine::offsets::{Admission, Commit, Seq, Tracker, decode};
use std::collections::{BTreeMap, BTreeSet};

#[derive(Debug, Clone)]
enum Step {
    /// Deliver this many records, each so many offsets above the one before (in a log that is already written,
    /// whatever comes next there).
    Deliver(Vec<i64>),
    /// Finish some open record.
    Finish(prop::sample::Index),
    /// Deliver an offset that was delivered before.
    Repeat(prop::sample::Index),
    /// Commit, and have it acknowledged.
    Commit,
    /// Start again from the last acknowledged commit.
    Restart,
    /// A record that is to be delivered is gone from the log.
    Delete(prop::sample::Index),
    /// The log start moves so far beyond the position.
    SkipTo(i64),
    Parked(Option<u32>),
}

fn step() -> impl Strategy<Value = Step> {
    let gap = || prop_oneof![20 => Just(1_i64), 5 => 2..5_i64, 1 => 5..300_i64];
    prop_oneof![
        8 => prop::collection::vec(gap(), 1..8).prop_map(Step::Deliver),
        12 => any::<prop::sample::Index>().prop_map(Step::Finish),
        1 => any::<prop::sample::Index>().prop_map(Step::Repeat),
        3 => Just(Step::Commit),
        1 => Just(Step::Restart),
        1 => any::<prop::sample::Index>().prop_map(Step::Delete),
        1 => (1..30_i64).prop_map(Step::SkipTo),
        1 => prop::option::of(any::<u32>()).prop_map(Step::Parked),
    ]
}

const START: i64 = 1_000;

struct Model {
    limit: usize,
    tracker: Tracker,
    open: BTreeMap<i64, Seq>,
    /// Every finished offset from the start on.
    done: BTreeSet<i64>,
    /// One past the highest offset that a handler or a restored map has finished.
    top: i64,
    restored_end: i64,
    position: i64,
    /// Every record that was ever in the log, and is still.
    log: BTreeSet<i64>,
    log_end: i64,
    parked: Option<u32>,
    acknowledged: Commit,
}

impl Model {
    fn new(limit: usize) -> Self {
        let tracker = Tracker::new(START, None, limit);
        Self {
            limit,
            acknowledged: tracker.snapshot(),
            tracker,
            open: BTreeMap::new(),
            done: BTreeSet::new(),
            top: START,
            restored_end: START,
            position: START,
            log: BTreeSet::new(),
            log_end: START,
            parked: None,
        }
    }

    fn watermark(&self) -> i64 {
        (START..i64::MAX).find(|offset| !self.done.contains(offset)).unwrap()
    }

    fn pass(&mut self, offset: i64) {
        self.done.extend((self.position..offset).filter(|passed| !self.open.contains_key(passed)));
        self.position = self.position.max(offset);
    }

    /// Whether the bound allows one more, computed the slow way.
    fn has_room(&self, offset: i64) -> bool {
        let watermark = self.watermark();
        let end = self.restored_end.max(offset + 1);
        let unfinished = (watermark..end).filter(|offset| !self.done.contains(offset)).count() as i64;
        let gaps = end - watermark - unfinished;
        let list = (0..40).map(|k| unfinished * (k + 1) + (gaps >> k)).min().unwrap();
        self.open.is_empty() || 45 + 37 + 6 + list <= 15 * self.limit as i64
    }

    fn deliver(&mut self, gap: i64) {
        let next = self.log.range(self.position..).next().copied();
        let offset = next.unwrap_or_else(|| {
            let offset = self.log_end.max(self.position) + gap - 1;
            self.log.insert(offset);
            self.log_end = offset + 1;
            offset
        });
        self.pass(offset);
        let admission = self.tracker.admit(offset);
        if self.done.contains(&offset) {
            assert_eq!(admission, Admission::AlreadyDone, "{offset}");
        } else if !self.has_room(offset) {
            assert_eq!(admission, Admission::NoRoom, "{offset}");
            return;
        } else {
            let Admission::Open(seq) = admission else { panic!("{offset}: {admission:?}") };
            self.open.insert(offset, seq);
        }
        self.position = offset + 1;
    }

    fn step(&mut self, step: Step) {
        match step {
            Step::Deliver(gaps) => gaps.into_iter().for_each(|gap| self.deliver(gap)),
            Step::Finish(index) if !self.open.is_empty() => {
                let offset = *self.open.keys().nth(index.index(self.open.len())).unwrap();
                let seq = self.open.remove(&offset).unwrap();
                assert!(self.tracker.finish(seq));
                assert!(!self.tracker.finish(seq));
                self.done.insert(offset);
                self.top = self.top.max(offset + 1);
            }
            Step::Repeat(index) if self.position > START => {
                let offset = START + index.index((self.position - START) as usize) as i64;
                let expected =
                    if offset < self.watermark() { Admission::AlreadyDone } else { Admission::Stale };
                assert_eq!(self.tracker.admit(offset), expected);
            }
            Step::Commit => {
                self.acknowledged = self.tracker.snapshot();
                self.tracker.committed(self.acknowledged.revision);
                assert!(!self.tracker.is_dirty());
            }
            Step::Restart => self.restart(),
            Step::Delete(index) => {
                let coming: Vec<i64> = self.log.range(self.position..).copied().collect();
                if !coming.is_empty() {
                    self.log.remove(&coming[index.index(coming.len())]);
                }
            }
            Step::SkipTo(by) => {
                let offset = self.position + by;
                self.tracker.skip_to(offset);
                self.pass(offset);
                self.log = self.log.split_off(&offset);
            }
            Step::Parked(parked) => {
                self.tracker.set_parked(parked);
                self.parked = parked;
            }
            Step::Finish(_) | Step::Repeat(_) => {}
        }
    }

    fn restart(&mut self) {
        let commit = &self.acknowledged;
        let map = decode(&commit.metadata, commit.offset);
        self.done = (START..commit.offset).collect();
        self.top = commit.offset;
        self.parked = None;
        if let Some(map) = &map {
            let unfinished: BTreeSet<i64> = map.holes().iter().cloned().flatten().collect();
            self.done.extend((commit.offset..map.end()).filter(|offset| !unfinished.contains(offset)));
            self.top = map.end();
            self.parked = map.parked();
        }
        self.restored_end = self.top;
        self.position = commit.offset;
        self.open.clear();
        self.tracker = Tracker::new(commit.offset, map, self.limit);
        let again = self.tracker.snapshot();
        assert_eq!((again.offset, &again.metadata), (commit.offset, &commit.metadata));
        assert!(!self.tracker.is_dirty());
    }

    fn check(&self) {
        let tracker = &self.tracker;
        let commit = tracker.snapshot();
        let watermark = self.watermark();
        assert_eq!((tracker.watermark(), commit.offset), (watermark, watermark));
        assert_eq!(tracker.open_count(), self.open.len());
        assert!(tracker.open_offsets().eq(self.open.keys().copied()));
        assert_eq!(tracker.position(), self.position);
        assert!(
            tracker.is_dirty()
                || (commit.offset, &commit.metadata)
                    == (self.acknowledged.offset, &self.acknowledged.metadata)
        );

        assert!(commit.metadata.encode_utf16().count() <= self.limit);
        let map = decode(&commit.metadata, watermark);
        if !commit.complete {
            assert!(self.limit < 6 && self.parked.is_some(), "only the number of parked keys may not fit");
            return;
        }
        assert_eq!(map.as_ref().and_then(prosody_engine::offsets::Map::parked), self.parked);
        let unfinished: Vec<i64> =
            (watermark..self.top).filter(|offset| !self.done.contains(offset)).collect();
        match map {
            Some(map) => {
                assert_eq!(map.end(), self.top.max(watermark));
                assert!(map.holes().iter().cloned().flatten().eq(unfinished));
            }
            None => assert!(self.top <= watermark && self.parked.is_none() && commit.metadata.is_empty()),
        }
    }
}

fn run(limit: usize, steps: Vec<Step>) {
    let mut model = Model::new(limit);
    for step in steps {
        model.step(step);
        model.check();
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn the_tracker_is_its_model_with_room(steps in prop::collection::vec(step(), 1..150)) {
        run(4_096, steps);
    }

    #[test]
    fn the_tracker_is_its_model_in_a_tiny_limit(limit in 0..17_usize, steps in prop::collection::vec(step(), 1..200)) {
        run(limit, steps);
    }
}
