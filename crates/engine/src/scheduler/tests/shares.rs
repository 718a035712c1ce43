//! Who gets how much, in virtual time.

use std::{cmp::Reverse, collections::BinaryHeap};

use super::*;

const MS: u64 = 1_000_000;

/// Keys that always have another record, on a number of slots.
struct Load {
    bench: Bench,
    now: u64,
    idle: usize,
    /// (end, lane, start) of running calls.
    running: BinaryHeap<Reverse<(u64, u32, u64)>>,
    /// What one call of a key takes, by lane; a key that is not here any more runs dry.
    costs: BTreeMap<u32, u64>,
    /// Handler time used, by lane.
    used: BTreeMap<u32, u64>,
    /// Instants of starts, by lane.
    starts: BTreeMap<u32, Vec<u64>>,
}

impl Load {
    fn new(slots: usize, fairness: Fairness) -> Self {
        Self {
            bench: Bench::new(fairness),
            now: 0,
            idle: slots,
            running: BinaryHeap::new(),
            costs: BTreeMap::new(),
            used: BTreeMap::new(),
            starts: BTreeMap::new(),
        }
    }

    fn key(&mut self, hash: u64, cost: u64) -> u32 {
        let lane = self.bench.arrive(hash, Mono(self.now));
        self.costs.insert(lane, cost);
        lane
    }

    fn run(&mut self, until: u64) {
        loop {
            while self.idle > 0
                && let Some(lane) = self.bench.pick(Mono(self.now))
            {
                self.idle -= 1;
                self.starts.entry(lane).or_default().push(self.now);
                let cost = self.costs.get(&lane).copied().unwrap_or(MS);
                self.running.push(Reverse((self.now + cost, lane, self.now)));
            }
            let Some(&Reverse((end, lane, start))) = self.running.peek() else { break };
            if end > until {
                break;
            }
            self.running.pop();
            self.now = end;
            self.idle += 1;
            *self.used.entry(lane).or_default() += end - start;
            self.bench.charge(lane, Duration::from_nanos(end - start));
            if self.costs.contains_key(&lane) {
                self.bench.enter(lane, Mono(end));
            } else {
                self.bench.run_dry(lane);
            }
        }
        self.now = until;
    }

    /// The longest time without a start since `from`.
    fn longest_gap(&self, lane: u32, from: u64) -> u64 {
        let starts = self.starts[&lane].iter().copied().filter(|&at| at >= from);
        let times: Vec<_> = [from].into_iter().chain(starts).chain([self.now]).collect();
        times.windows(2).map(|pair| pair[1] - pair[0]).max().unwrap()
    }
}

/// Jain's index: 1 when all have the same, 1/n when one has it all.
fn jain(shares: impl Iterator<Item = u64> + Clone) -> f64 {
    let sum: f64 = shares.clone().map(|share| share as f64).sum();
    let squares: f64 = shares.clone().map(|share| (share as f64).powi(2)).sum();
    sum * sum / (shares.count() as f64 * squares)
}

#[test]
fn heavy_and_light_keys_get_the_same_time() {
    let mut load = Load::new(4, Fairness::default());
    for hash in 0..40 {
        load.key(hash, if hash % 2 == 0 { 20 * MS } else { MS });
    }
    load.run(20_000 * MS);
    let index = jain(load.used.values().copied());
    assert!(load.used.len() == 40 && index >= 0.95, "{index} {:?}", load.used);
    // Now, not only averaged over history: in each second as well.
    for second in 21..30 {
        let before = load.used.clone();
        load.run(second * 1_000 * MS);
        let index = jain(load.used.iter().map(|(lane, used)| used - before[lane]));
        assert!(index >= 0.9, "{index} in second {second}");
    }
}

/// Ten busy keys on two slots for a minute, then one more; what it gets, and the longest that another waited.
fn joined_by(load: &mut Load, hash: u64) -> (u64, u64) {
    let lane = load.key(hash, 10 * MS);
    let (from, before) = (load.now, load.used.get(&lane).copied().unwrap_or_default());
    load.run(from + 1_100 * MS);
    let others: Vec<_> = load.costs.keys().copied().filter(|other| *other != lane).collect();
    let gap = others.into_iter().map(|other| load.longest_gap(other, from)).max().unwrap();
    (load.used[&lane] - before, gap)
}

#[test]
fn a_newcomer_gets_its_share_and_starves_nobody() {
    let mut load = Load::new(2, Fairness::default());
    (0..10).for_each(|hash| _ = load.key(hash, 10 * MS));
    load.run(60_000 * MS);
    let (got, gap) = joined_by(&mut load, 99);
    // Two slots for eleven keys: 200 ms of 1,100.
    assert!((180 * MS..=220 * MS).contains(&got), "{got}");
    assert!(gap <= 80 * MS, "{gap}");
}

#[test]
fn a_key_that_was_idle_for_long_has_saved_up_nothing() {
    let mut load = Load::new(2, Fairness::default());
    (0..11).for_each(|hash| _ = load.key(hash, 10 * MS));
    load.run(1_000 * MS);
    load.costs.pop_last();
    load.run(600_000 * MS);
    load.used.clear();
    let (got, gap) = joined_by(&mut load, 10);
    assert!((180 * MS..=220 * MS).contains(&got), "{got}");
    assert!(gap <= 80 * MS, "{gap}");
}

/// How long a key waits whose last call took 150 s, beside ten busy keys on one slot.
fn wait_of_a_heavy_key(fairness: Fairness) -> u64 {
    let mut load = Load::new(1, fairness);
    let heavy = load.key(0, 150_000 * MS);
    load.run(0);
    (1..11).for_each(|hash| _ = load.key(hash, 10 * MS));
    load.run(150_000 * MS);
    load.costs.insert(heavy, MS);
    load.run(1_000_000 * MS);
    load.starts[&heavy].get(1).map_or(u64::MAX, |start| start - 150_000 * MS)
}

#[test]
fn a_heavy_key_is_started_for_its_wait() {
    let wait = wait_of_a_heavy_key(Fairness::default());
    assert!(wait <= 120_000 * MS, "{wait}");
    let patient = wait_of_a_heavy_key(Fairness { wait_weight: 0.0, ..Fairness::default() });
    assert!(patient > 400_000 * MS, "without urgency only virtual time counts: {patient}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_mix_of_busy_keys_shares_fairly(costs in vec(1..40_u64, 8..40), slots in 1..5_usize) {
        let mut load = Load::new(slots, Fairness::default());
        for (hash, cost) in costs.iter().enumerate() {
            load.key(hash as u64, cost * MS);
        }
        // Long enough for some forty calls of the heaviest.
        load.run(40 * 40 * costs.len() as u64 / slots as u64 * MS);
        let index = jain(load.used.values().copied());
        prop_assert!(load.used.len() == costs.len() && index >= 0.95, "{index} {:?}", load.used);
    }
}

#[test]
fn a_key_far_ahead_does_not_take_the_urgency_of_those_behind_it() {
    let mut load = Load::new(2, Fairness::default());
    let (far, heavy) = (load.key(0, 10_000_000 * MS), load.key(1, 100_000 * MS));
    load.run(0);
    load.idle = 0;
    (2..12).for_each(|hash| _ = load.key(hash, 10 * MS));
    // Both are done at one time, the first one ahead by far.
    load.running.clear();
    load.now = 100_000 * MS;
    load.bench.charge(far, Duration::from_secs(10_000));
    load.bench.charge(heavy, Duration::from_secs(100));
    for lane in [far, heavy] {
        load.costs.insert(lane, MS);
        load.bench.enter(lane, Mono(load.now));
    }
    load.idle = 1;
    load.run(400_000 * MS);
    let wait = load.starts[&heavy].get(1).map_or(u64::MAX, |start| start - 100_000 * MS);
    assert!(wait <= 120_000 * MS, "{wait}");
    assert_eq!(load.starts[&far].len(), 1, "full urgency makes up for 200 s, not for hours");
}
