#![allow(clippy::unwrap_used)]

use std::{
    collections::{BTreeMap, btree_map::Entry},
    time::Duration,
};

use proptest::{collection::vec, prelude::*};
use prosody_model::PartitionIndex;

use super::*;

mod classes;
mod shares;

/// A scheduler with the lanes it chooses among.
struct Bench {
    scheduler: Scheduler,
    lanes: Lanes,
}

impl Bench {
    fn new(fairness: Fairness) -> Self {
        Self { scheduler: Scheduler::new(fairness, 4), lanes: Lanes::new(0) }
    }

    /// A key with records that was not in hand before.
    fn arrive(&mut self, hash: u64, now: Mono) -> u32 {
        let lane = self.lanes.create(PartitionIndex(0), hash, Some(b"key"));
        self.scheduler.welcome(self.lanes.get_mut(lane).unwrap());
        self.enter(lane, now);
        lane
    }

    /// A key's last record has ended.
    fn run_dry(&mut self, lane: u32) {
        self.scheduler.farewell(self.lanes.get(lane).unwrap());
        self.lanes.remove(lane);
    }

    fn enter(&mut self, lane: u32, now: Mono) {
        self.scheduler.enter(lane, Class::Fresh, &mut self.lanes, now);
    }

    fn pick(&mut self, now: Mono) -> Option<u32> {
        self.scheduler.pick(&mut self.lanes, now).map(|turn| turn.lane)
    }

    fn assert_bounded(&self, ready: usize) {
        let Ready { heap, waiting, urgent, .. } = &self.scheduler.fresh;
        let sizes = [heap.len(), waiting.len(), urgent.len()];
        assert!(sizes.iter().all(|&size| size <= 64 + 2 * ready), "{sizes:?}");
    }

    fn charge(&mut self, lane: u32, time: Duration) {
        self.lanes.get_mut(lane).unwrap().virtual_time += time.as_nanos() as u64;
    }
}

#[test]
fn keys_of_equal_time_start_in_the_order_in_which_they_became_ready() {
    let mut bench = Bench::new(Fairness::default());
    let lanes: Vec<_> = (0..5).map(|hash| bench.arrive(hash, Mono(0))).collect();
    let picked: Vec<_> = std::iter::from_fn(|| bench.pick(Mono(0))).collect();
    assert_eq!(picked, lanes);
}

#[test]
fn the_memory_of_virtual_times_has_a_fixed_size() {
    let mut bench = Bench::new(Fairness { remembered_keys: 1_000, ..Fairness::default() });
    for hash in 0..100_000_u64 {
        let lane = bench.arrive(hash.wrapping_mul(0x9e37_79b9_7f4a_7c15), Mono(0));
        bench.pick(Mono(0));
        bench.charge(lane, Duration::from_secs(hash));
        bench.run_dry(lane);
    }
    assert_eq!(bench.scheduler.memory.entries.len(), 1_024);
    assert_eq!(bench.lanes.len(), 0);
}

#[test]
fn a_key_that_ran_dry_ahead_of_the_others_is_still_ahead_when_it_comes_back() {
    let mut bench = Bench::new(Fairness::default());
    let busy = bench.arrive(1, Mono(0));
    bench.pick(Mono(0));
    bench.charge(busy, Duration::from_secs(30));
    bench.run_dry(busy);
    let back = bench.arrive(1, Mono(0));
    let fresh = bench.arrive(2, Mono(0));
    assert_eq!((bench.pick(Mono(0)), bench.pick(Mono(0))), (Some(fresh), Some(back)));
}

#[test]
fn entries_of_lanes_that_left_do_not_pile_up() {
    let mut bench = Bench::new(Fairness::default());
    let lanes: Vec<_> = (0..10).map(|hash| bench.arrive(hash, Mono(0))).collect();
    for round in 0..100_000 {
        let lane = lanes[round % lanes.len()];
        bench.scheduler.leave(lane, &mut bench.lanes);
        bench.enter(lane, Mono(0));
        bench.assert_bounded(lanes.len());
    }
}

#[test]
fn entries_of_lanes_picked_for_their_wait_do_not_pile_up() {
    // Every pick goes by waiting: the entry of the lane stays behind in the heap, void.
    let mut bench = Bench::new(Fairness { max_wait: Duration::from_nanos(1), ..Fairness::default() });
    let lanes: Vec<_> = (0..10).map(|hash| bench.arrive(hash, Mono(0))).collect();
    for round in 1..100_000 {
        let now = Mono(round * 10);
        let lane = bench.pick(now).unwrap();
        bench.charge(lane, Duration::from_micros(round % 7));
        bench.enter(lane, now);
        bench.assert_bounded(lanes.len());
    }
}

#[derive(Clone, Debug)]
enum Step {
    Enter { lane: usize, charge: u64, wait: u64 },
    Leave(usize),
    Pick(u64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0..12_usize, 0..40_u64, 0..20_u64)
            .prop_map(|(lane, charge, wait)| Step::Enter { lane, charge, wait }),
        1 => (0..12_usize).prop_map(Step::Leave),
        3 => (0..60_u64).prop_map(Step::Pick),
    ]
}

/// A ready lane: when it entered, as an instant and as a number, and its virtual time.
#[derive(Clone, Copy, Debug)]
struct Waiting {
    since: Mono,
    arrival: usize,
    virtual_time: u64,
}

proptest! {
    #[test]
    fn a_pick_is_the_best_of_the_least_the_longest_waiting_and_the_urgent(steps in vec(step(), 1..150)) {
        let max_wait = Duration::from_secs(20);
        let fairness = Fairness { max_wait, wait_weight: 30.0, remembered_keys: 16, ..Fairness::default() };
        let mut bench = Bench::new(fairness);
        let lanes: Vec<_> = (0..12).map(|hash| bench.lanes.create(PartitionIndex(0), hash, Some(b"key"))).collect();
        let mut ready: BTreeMap<u32, Waiting> = BTreeMap::new();
        let (mut now, mut floor) = (Mono(0), 0);
        for (arrival, step) in steps.into_iter().enumerate() {
            match step {
                Step::Enter { lane, charge, wait } => if let Entry::Vacant(entry) = ready.entry(lanes[lane]) {
                    now = now.after(Duration::from_secs(wait));
                    bench.charge(lanes[lane], Duration::from_secs(charge));
                    let virtual_time = bench.lanes.get(lanes[lane]).unwrap().virtual_time.max(floor);
                    bench.enter(lanes[lane], now);
                    entry.insert(Waiting { since: now, arrival, virtual_time });
                },
                Step::Leave(lane) => if ready.remove(&lanes[lane]).is_some() {
                    bench.scheduler.leave(lanes[lane], &mut bench.lanes);
                },
                Step::Pick(wait) => {
                    now = now.after(Duration::from_secs(wait));
                    let least = ready.iter().min_by_key(|(_, w)| (w.virtual_time, w.arrival)).map(|(lane, _)| *lane);
                    let full = |w: &Waiting| now.since(w.since) >= max_wait;
                    let longest =
                        ready.iter().filter(|(_, w)| !full(w)).min_by_key(|(_, w)| w.arrival).map(|(lane, _)| *lane);
                    let urgent = ready
                        .iter()
                        .filter(|(_, w)| full(w))
                        .min_by_key(|(_, w)| (w.virtual_time, w.arrival))
                        .map(|(lane, _)| *lane);
                    let effective = |lane: u32| {
                        let share = (now.since(ready[&lane].since).as_secs_f64() / 20.0).min(1.0);
                        ready[&lane].virtual_time.saturating_sub(floor) as f64 / 1e9 - 30.0 * share * share
                    };
                    let better = |best, lane| if effective(lane) < effective(best) { lane } else { best };
                    let expected = least.map(|least| longest.into_iter().chain(urgent).fold(least, better));
                    prop_assert_eq!(bench.pick(now), expected);
                    if let Some(picked) = expected {
                        if Some(picked) == least {
                            floor = floor.max(ready[&picked].virtual_time);
                        }
                        ready.remove(&picked);
                    }
                }
            }
            prop_assert_eq!(bench.scheduler.ready(), ready.len());
        }
        while bench.pick(now).is_some() {
            prop_assert!(bench.scheduler.ready() < ready.len());
            ready.pop_first();
        }
        prop_assert!(ready.is_empty());
    }
}
