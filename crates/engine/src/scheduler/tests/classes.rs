//! Two classes, in virtual time.

use std::{cmp::Reverse, collections::BinaryHeap};

use super::*;

const MS: u64 = 1_000_000;

/// Keys of both classes that always have another call to make.
struct Contest {
    bench: Bench,
    slots: usize,
    now: u64,
    running: BinaryHeap<Reverse<(u64, u32, u64)>>,
    /// Whether a lane is of the retry class, and what its next calls take; without calls it stays away.
    lanes: BTreeMap<u32, (bool, Vec<u64>)>,
    calls: usize,
    /// (end, whether a retry, handler time) of settled calls.
    settled: Vec<(u64, bool, u64)>,
    /// Most slots held by retries after a start of one while fresh keys waited.
    most: usize,
}

impl Contest {
    fn new(slots: usize, weight: f64) -> Self {
        let fairness = Fairness { failure_weight: weight, ..Fairness::default() };
        let bench = Bench { scheduler: Scheduler::new(fairness, slots), lanes: Lanes::new(0) };
        Self {
            bench,
            slots,
            now: 0,
            running: BinaryHeap::new(),
            lanes: BTreeMap::new(),
            calls: 0,
            settled: Vec::new(),
            most: 0,
        }
    }

    /// Keys of one class, each with calls that take these times in turn.
    fn keys(&mut self, count: usize, retry: bool, costs: &[u64]) -> Vec<u32> {
        let mut lanes = Vec::new();
        for _ in 0..count {
            let hash = self.lanes.len() as u64;
            let lane = self.bench.lanes.create(PartitionIndex(0), hash, Some(b"key"));
            self.lanes.insert(lane, (retry, costs.to_vec()));
            lanes.push(lane);
        }
        for &lane in &lanes {
            self.enter(lane);
        }
        lanes
    }

    fn enter(&mut self, lane: u32) {
        let class = if self.lanes[&lane].0 { Class::Retry } else { Class::Fresh };
        self.bench.scheduler.enter(lane, class, &mut self.bench.lanes, Mono(self.now));
    }

    /// These make no more calls after their next one.
    fn stop(&mut self, lanes: &[u32]) {
        for lane in lanes {
            self.lanes.get_mut(lane).unwrap().1.clear();
        }
    }

    fn holds_retries(&self) -> usize {
        self.running.iter().filter(|Reverse((_, lane, _))| self.lanes[lane].0).count()
    }

    fn run(&mut self, until: u64) {
        loop {
            while self.running.len() < self.slots
                && let Some(turn) = self.bench.scheduler.pick(&mut self.bench.lanes, Mono(self.now))
            {
                let charged = self.bench.scheduler.started(turn);
                self.bench.lanes.get_mut(turn.lane).unwrap().state = State::Running { charged };
                let (retry, costs) = &self.lanes[&turn.lane];
                self.calls += 1;
                let cost = costs.get(self.calls % costs.len().max(1)).copied().unwrap_or(MS);
                self.running.push(Reverse((self.now + cost, turn.lane, self.now)));
                if *retry && self.bench.scheduler.fresh.len() > 0 {
                    self.most = self.most.max(self.holds_retries());
                }
            }
            let Some(&Reverse((end, lane, start))) = self.running.peek() else { break };
            if end > until {
                break;
            }
            self.running.pop();
            self.now = end;
            let time = Duration::from_nanos(end - start);
            self.bench.scheduler.settled(self.bench.lanes.get_mut(lane).unwrap(), time);
            self.settled.push((end, self.lanes[&lane].0, end - start));
            if !self.lanes[&lane].1.is_empty() {
                self.enter(lane);
            }
        }
        self.now = until;
    }

    /// The share of handler time of retries among settled calls.
    fn share(settled: &[(u64, bool, u64)]) -> f64 {
        let sum = |retry: bool| {
            settled.iter().filter(|call| call.1 || !retry).map(|call| call.2 as f64).sum::<f64>()
        };
        sum(true) / sum(false)
    }

    /// The least and the greatest share over a hundred settlements since `from`.
    fn extremes(&self, from: u64) -> (f64, f64) {
        let settled: Vec<_> = self.settled.iter().filter(|call| call.0 > from).copied().collect();
        assert!(settled.len() >= 200, "{}", settled.len());
        let shares = settled.windows(100).map(Self::share);
        shares.fold((1.0, 0.0), |(least, most): (f64, f64), share| (least.min(share), most.max(share)))
    }
}

const SLOTS: [usize; 6] = [1, 2, 3, 4, 10, 32];

#[test]
fn retries_get_their_share_over_any_hundred_settlements_on_any_number_of_slots() {
    for slots in SLOTS {
        for weight in [0.1, 0.3, 0.5, 0.8] {
            let mut contest = Contest::new(slots, weight);
            contest.keys(80, false, &[10 * MS]);
            contest.keys(80, true, &[10 * MS]);
            contest.run(4_000 * MS);
            let (least, most) = contest.extremes(20 * MS);
            assert!(least >= weight - 0.05 && most <= weight + 0.05, "{slots} {weight}: {least} {most}");
            let cap = (weight * slots as f64).ceil() as usize;
            assert!(contest.most <= cap, "{slots} {weight}: {} of {cap}", contest.most);
        }
    }
}

#[test]
fn retries_get_their_share_of_time_whatever_their_calls_take() {
    let mixes: [(&[u64], &[u64]); 5] = [
        (&[MS], &[7 * MS]),
        (&[7 * MS], &[MS]),
        (&[MS, 2 * MS, 9 * MS], &[4 * MS]),
        (&[3 * MS], &[MS, MS, MS, 20 * MS]),
        (&[MS, MS, MS, MS, 50 * MS], &[MS, 12 * MS]),
    ];
    for slots in SLOTS {
        for (fresh, retry) in mixes {
            let mut contest = Contest::new(slots, 0.3);
            contest.keys(80, false, fresh);
            contest.keys(80, true, retry);
            contest.run(10_000 * MS);
            let share = Contest::share(&contest.settled);
            assert!((0.27..=0.33).contains(&share), "{slots} {fresh:?} {retry:?}: {share}");
        }
    }
}

#[test]
fn a_burst_of_retries_leaves_the_fresh_class_its_share_at_once() {
    for slots in SLOTS {
        let mut contest = Contest::new(slots, 0.3);
        contest.keys(80, false, &[10 * MS]);
        contest.run(600_000 * MS);
        let from = contest.now;
        contest.keys(200, true, &[10 * MS]);
        contest.run(from + 1_000 * MS);
        let burst: Vec<_> = contest.settled.iter().filter(|call| call.0 > from).copied().collect();
        let share = Contest::share(&burst);
        assert!(share <= 0.32, "{slots}: fresh records got {}", 1.0 - share);
        assert!(share >= 0.25, "{slots}: retries got {share}");
    }
}

#[test]
fn fresh_records_get_their_share_at_once_after_minutes_of_retries_alone() {
    for slots in SLOTS {
        let mut contest = Contest::new(slots, 0.3);
        contest.keys(80, true, &[10 * MS]);
        contest.run(600_000 * MS);
        let from = contest.now;
        contest.keys(200, false, &[10 * MS]);
        contest.run(from + 20_000 * MS);
        // Calls that had started when the first fresh record came take their time.
        let (least, most) = contest.extremes(from + 20 * MS);
        assert!(least >= 0.25 && most <= 0.35, "{slots}: {least} {most}");
    }
}

#[test]
fn either_class_uses_every_slot_while_it_is_alone() {
    for retry in [false, true] {
        let mut contest = Contest::new(8, 0.3);
        contest.keys(20, retry, &[10 * MS]);
        contest.run(1_000 * MS);
        assert_eq!((contest.running.len(), contest.settled.len()), (8, 800));
    }
}

#[test]
fn a_class_that_comes_and_goes_saves_up_nothing() {
    for slots in [1, 2, 3, 32] {
        let mut contest = Contest::new(slots, 0.3);
        contest.keys(80, false, &[10 * MS]);
        for round in 0..20 {
            let from = round * 10_000 * MS;
            contest.run(from + 8_000 * MS);
            let retries = contest.keys(50, true, &[10 * MS]);
            let before = contest.settled.len();
            contest.run(from + 10_000 * MS);
            let share = Contest::share(&contest.settled[before + slots..]);
            assert!((0.25..=0.35).contains(&share), "{slots} slots, round {round}: {share}");
            contest.stop(&retries);
        }
    }
}

#[test]
fn long_retries_that_had_started_alone_do_not_give_those_behind_them_more_than_their_share() {
    let mut contest = Contest::new(2, 0.3);
    let long = contest.keys(2, true, &[10_000 * MS]);
    contest.run(100 * MS);
    contest.stop(&long);
    contest.keys(40, false, &[10 * MS]);
    contest.keys(40, true, &[10 * MS]);
    contest.run(20_000 * MS);
    let (least, most) = contest.extremes(10_100 * MS);
    assert!(least >= 0.25 && most <= 0.35, "{least} {most}");
}

#[test]
fn without_a_share_retries_run_only_alone() {
    let mut contest = Contest::new(2, 0.0);
    let fresh = contest.keys(10, false, &[10 * MS]);
    contest.keys(10, true, &[10 * MS]);
    contest.run(1_000 * MS);
    assert!(contest.settled.iter().all(|call| !call.1));
    contest.stop(&fresh);
    contest.run(2_000 * MS);
    assert!(Contest::share(&contest.settled) > 0.45);
}

#[test]
fn with_the_whole_share_retries_go_first() {
    let mut contest = Contest::new(2, 1.0);
    contest.keys(10, true, &[10 * MS]);
    contest.keys(10, false, &[10 * MS]);
    contest.run(1_000 * MS);
    assert!(contest.settled.iter().all(|call| call.1));
}

#[test]
fn a_key_that_changes_class_keeps_what_it_is_ahead_and_nothing_else() {
    let mut contest = Contest::new(1, 0.3);
    // One key's retries have taken the retry class far; another one's first retry starts there.
    contest.keys(1, true, &[1_000 * MS]);
    contest.run(100_000 * MS);
    contest.keys(4, false, &[10 * MS]);
    let failed = contest.keys(1, true, &[10 * MS])[0];
    contest.run(110_000 * MS);
    contest.lanes.get_mut(&failed).unwrap().0 = false;
    let from = contest.now;
    contest.run(from + 10_000 * MS);
    let calls = contest.settled.iter().filter(|call| call.0 > from && !call.1).count();
    let lane = contest.bench.lanes.get(failed).unwrap();
    let ahead = lane.virtual_time.saturating_sub(contest.bench.scheduler.fresh.floor());
    assert!(lane.class == Class::Fresh && calls > 0 && ahead < 100 * MS, "{calls} {ahead}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_mix_of_calls_shares_by_weight_and_keeps_under_the_cap(
        slots in 1..12_usize,
        weight in 0.1..0.9_f64,
        fresh in vec(1..20_u64, 1..6),
        retry in vec(1..20_u64, 1..6),
    ) {
        let costs = |costs: Vec<u64>| costs.into_iter().map(|cost| cost * MS).collect::<Vec<_>>();
        let mut contest = Contest::new(slots, weight);
        contest.keys(40, false, &costs(fresh));
        contest.keys(40, true, &costs(retry));
        contest.run(10_000 * MS);
        let share = Contest::share(&contest.settled);
        prop_assert!((share - weight).abs() < 0.05, "{}", share);
        prop_assert!(contest.most <= (weight * slots as f64).ceil() as usize);
        // And the rest of it is used: nobody idles.
        prop_assert_eq!(contest.running.len(), slots);
    }
}
