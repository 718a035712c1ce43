//! The completion map fits its limit in whatever order the admitted records finish.

use proptest::prelude::*;
use prosody_engine::offsets::{Admission, Commit, Map, Seq, Tracker, encode};

fn units(commit: &Commit) -> usize {
    commit.metadata.encode_utf16().count()
}

/// Lets in what the limit allows of `offsets`.
fn filled(tracker: &mut Tracker, offsets: impl IntoIterator<Item = i64>) -> Vec<Seq> {
    let mut seqs = Vec::new();
    for offset in offsets {
        match tracker.admit(offset) {
            Admission::Open(seq) => seqs.push(seq),
            Admission::NoRoom => break,
            Admission::AlreadyDone | Admission::Stale => {}
        }
    }
    seqs
}

fn rising(gaps: &[i64]) -> Vec<i64> {
    gaps.iter().scan(0, |position, gap| Some(std::mem::replace(position, *position + gap))).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Every subset of the open records is what is left after some order.
    #[test]
    fn the_map_fits_in_every_order_of_a_few(
        restored_gaps in prop::collection::vec(1..60_i64, 0..5),
        gaps in prop::collection::vec(prop_oneof![1..4_i64, 1..5_000_i64], 1..11),
        limit in 0..20_usize,
    ) {
        let holes = rising(&restored_gaps);
        let end = holes.last().map_or(0, |last| last + 30);
        let map = Map::new(0, end, holes.iter().map(|hole| *hole..hole + 1), None);
        // Only a map that was written under the same limit has to fit it.
        let map = map.filter(|map| encode(map).encode_utf16().count() <= limit);
        let mut tracker = Tracker::new(0, map, limit);
        let seqs = filled(&mut tracker, rising(&gaps));
        for finished in 0..1_u32 << seqs.len() {
            let mut tracker = tracker.clone();
            for (index, seq) in seqs.iter().enumerate() {
                if finished >> index & 1 == 1 {
                    tracker.finish(*seq);
                }
            }
            let commit = tracker.snapshot();
            prop_assert!(commit.complete && units(&commit) <= limit);
        }
    }

    #[test]
    fn the_map_fits_in_hostile_orders_of_many(
        gaps in prop::collection::vec(prop_oneof![8 => 1..3_i64, 4 => 1..40_i64, 1 => 1..100_000_i64], 1..3_000),
        limit in 4..200_usize,
        every in 1..40_usize,
        order in any::<u64>(),
    ) {
        let mut tracker = Tracker::new(0, None, limit);
        tracker.set_parked(Some(u32::MAX));
        let mut seqs = filled(&mut tracker, rising(&gaps));
        // The last first, so that the map spans all; then every n-th, then the rest by a scrambled index.
        if let Some(last) = seqs.pop() {
            tracker.finish(last);
        }
        seqs.sort_by_key(|seq| {
            let scrambled = (seq.offset() as u64 ^ order).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32;
            ((seq.offset() as usize).is_multiple_of(every), scrambled)
        });
        for (index, seq) in seqs.iter().enumerate() {
            tracker.finish(*seq);
            if index % 7 == 0 || seqs.len() < 60 {
                let commit = tracker.snapshot();
                prop_assert!(commit.complete || limit < 6);
                prop_assert!(units(&commit) <= limit);
            }
        }
        prop_assert_eq!(tracker.open_count(), 0);
    }
}
