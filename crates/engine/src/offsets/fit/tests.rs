use super::super::map::list_bits;
use super::*;
use proptest::prelude::*;
use std::ops::Range;

fn worst(unfinished: u64, gaps: u64, parameter: u32) -> u64 {
    unfinished * u64::from(parameter + 1) + (gaps >> parameter)
}

/// The holes of the map whose offset `i` is unfinished when bit `i` is set: the map ends at the highest
/// clear bit below `span`, and starts at the lowest set one.
fn holes(unfinished: u32, span: u32) -> (Vec<Range<i64>>, i64) {
    let end = (0..span).rev().find(|bit| unfinished >> bit & 1 == 0).map_or(0, |bit| bit + 1);
    let mut runs: Vec<Range<i64>> = Vec::new();
    for bit in (0..end).filter(|bit| unfinished >> bit & 1 == 1).map(i64::from) {
        match runs.last_mut() {
            Some(run) if run.end == bit => run.end += 1,
            _ => runs.push(bit..bit + 1),
        }
    }
    (runs, i64::from(end))
}

#[test]
fn no_map_of_a_small_span_exceeds_the_bound() {
    let span = 16;
    for unfinished in 1..1_u32 << span {
        let (runs, end) = holes(unfinished, span);
        let needed = list_bits(&runs, end).1;
        let count = u64::from(unfinished.count_ones());
        assert!(needed <= bound(count, u64::from(span)), "{unfinished:b}: {needed}");
    }
}

#[test]
fn the_bound_is_reached_by_some_map_of_most_small_spans() {
    let span = 14_u32;
    let mut most = vec![0; span as usize + 1];
    for unfinished in 1..1_u32 << span {
        let (runs, end) = holes(unfinished, span);
        let count = unfinished.count_ones() as usize;
        most[count] = list_bits(&runs, end).1.max(most[count]);
    }
    for (count, reached) in most.iter().enumerate().take(span as usize).skip(1) {
        let promised = bound(count as u64, u64::from(span));
        assert!(
            promised <= reached + 3,
            "{count} open in {span}: {promised} bits promised, {reached} needed"
        );
    }
}

#[test]
fn the_real_capacity_is_what_the_docs_say() {
    let room = Room::of_units(4096);
    assert_eq!(room.bits, 61_352);
    for (unfinished, span) in
        [(1, 61_352), (61_352, 61_352), (9_216, 20_000), (9_216, 253_583), (4_096, 33_000_000)]
    {
        assert!(room.holds(unfinished, span), "{unfinished} in {span}");
    }
    for (span, most) in [(500_000, 7_665), (10_000_000, 4_706), (1_000_000_000, 3_028)] {
        assert!(room.holds(most, span) && !room.holds(most + 1, span), "{span}");
    }
    assert!(room.holds(2_000, 900_000_000_000));
    assert!(room.holds(1_000, i64::MAX as u64));
    assert!(!room.holds(61_353, 61_353));
    assert!(!room.holds(9_216, 253_584));
}

#[test]
fn a_limit_below_the_overhead_holds_nothing() {
    for units in 0..6 {
        assert!(!Room::of_units(units).holds(1, 1), "{units}");
    }
    assert!(Room::of_units(6).holds(1, 2));
}

#[test]
fn a_limit_beyond_what_a_commit_can_carry_is_no_more_than_that() {
    assert_eq!(Room::of_units(usize::MAX), Room::of_units(MAX_UNITS));
}

proptest! {
    #[test]
    fn the_parameter_is_the_best_one(
        unfinished in prop_oneof![1..50_u64, 1..1_000_000_u64],
        gaps in prop_oneof![0..5_000_u64, 0..i64::MAX as u64],
    ) {
        let best = (0..=MAX_PARAMETER).map(|k| worst(unfinished, gaps, k)).min();
        prop_assert_eq!(Some(bound(unfinished, unfinished + gaps)), best);
    }

    #[test]
    fn the_bound_never_falls_when_more_is_open_or_the_span_is_wider(
        unfinished in 1..100_000_u64,
        more in 0..10_000_u64,
        gaps in 0..1_u64 << 40,
        wider in 0..1_u64 << 40,
    ) {
        let span = unfinished + more + gaps;
        prop_assert!(bound(unfinished, span) <= bound(unfinished + more, span));
        prop_assert!(bound(unfinished, span) <= bound(unfinished, span + wider));
    }
}
