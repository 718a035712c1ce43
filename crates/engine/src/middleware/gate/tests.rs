use std::time::Duration;

use proptest::{collection::vec, prelude::*};

use super::*;

const WINDOW: Duration = Duration::from_nanos(1_600);

fn gate(threshold: f64) -> Gate {
    Gate::new(settings::Gate { threshold, window: WINDOW })
}

#[test]
fn it_closes_above_the_threshold_and_opens_at_it() {
    let mut gate = gate(0.9);
    (0..18).for_each(|_| gate.count(true, Mono(0)));
    gate.count(false, Mono(0));
    assert!(!gate.is_closed(Mono(0)), "nineteen say nothing");
    gate.count(true, Mono(0));
    assert!(gate.is_closed(Mono(0)), "19 of 20");
    gate.count(false, Mono(0));
    assert!(gate.is_closed(Mono(0)), "19 of 21 are more than nine tenths");
    gate.count(false, Mono(0));
    assert!(!gate.is_closed(Mono(0)), "19 of 22 are not");
}

#[test]
fn it_opens_when_what_closed_it_is_too_old() {
    let mut gate = gate(0.5);
    (0..30).for_each(|_| gate.count(true, Mono(0)));
    assert!(gate.is_closed(Mono(1_500)));
    assert!(!gate.is_closed(Mono(1_600)));
}

#[test]
fn only_the_first_success_after_it_closed_is_told_from_the_others() {
    let mut gate = gate(0.9);
    assert!(!gate.succeeded());
    (0..20).for_each(|_| gate.count(true, Mono(0)));
    assert!(gate.is_closed(Mono(0)));
    assert_eq!([gate.succeeded(), gate.succeeded()], [true, false]);
    assert!(gate.is_closed(Mono(1)) && !gate.succeeded(), "it has not opened in between");
    assert!(!gate.is_closed(Mono(5_000)));
    (0..20).for_each(|_| gate.count(true, Mono(5_000)));
    assert!(gate.is_closed(Mono(5_000)) && gate.succeeded());
}

#[test]
fn a_threshold_of_one_never_closes_it() {
    let mut gate = gate(1.0);
    (0..100).for_each(|_| gate.count(true, Mono(0)));
    assert!(!gate.is_closed(Mono(0)));
}

proptest! {
    #[test]
    fn it_is_its_model(threshold in 0.0..1.0_f64, steps in vec((0..200_u64, prop::bool::weighted(0.8)), 1..200)) {
        let mut gate = gate(threshold);
        let (mut now, mut ended) = (0, Vec::new());
        for (wait, failed) in steps {
            now += wait;
            gate.count(failed, Mono(now));
            ended.push((now, failed));
            let recent: Vec<_> = ended.iter().filter(|(then, _)| then / 100 + 16 > now / 100).collect();
            let failures = recent.iter().filter(|(_, failed)| *failed).count();
            let closed = recent.len() >= 20 && failures as f64 > threshold * recent.len() as f64;
            prop_assert_eq!(gate.is_closed(Mono(now)), closed);
        }
    }
}

#[test]
fn a_success_heals_after_twenty_failing_first_attempts_in_a_row_and_once() {
    let mut gate = gate(0.9);
    (0..1_000).for_each(|_| gate.count(false, Mono(0)));
    (0..19).for_each(|_| gate.count(true, Mono(1)));
    assert!(!gate.heals(), "nineteen may be keys of their own");
    (0..19).for_each(|_| gate.count(true, Mono(2)));
    assert!(!gate.heals(), "a success came in between");
    (0..20).for_each(|_| gate.count(true, Mono(3)));
    assert!(!gate.is_closed(Mono(3)), "what succeeded before keeps it open");
    assert_eq!([gate.heals(), gate.heals()], [true, false]);
}
