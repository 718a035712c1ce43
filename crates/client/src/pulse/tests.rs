use std::time::Duration;

use prosody_model::Mono;

use super::Pulse;

const THRESHOLD: Duration = Duration::from_secs(10);

fn at(seconds: u64) -> Mono {
    Mono::default().after(Duration::from_secs(seconds))
}

#[test]
fn work_that_does_not_move_is_a_stall_and_a_settlement_ends_it() {
    let pulse = Pulse::default();
    pulse.start(at(0));
    for second in 1..=11 {
        pulse.beat(at(second), 0, 1);
    }
    assert!(!pulse.quiet(at(11), THRESHOLD));
    pulse.beat(at(12), 0, 1);
    assert!(pulse.quiet(at(12), THRESHOLD));
    pulse.beat(at(13), 1, 1);
    assert!(!pulse.quiet(at(13), THRESHOLD));
}

#[test]
fn a_loop_that_stands_still_is_a_stall_even_without_work() {
    let pulse = Pulse::default();
    pulse.start(at(0));
    pulse.beat(at(1), 0, 0);
    assert!(!pulse.quiet(at(11), THRESHOLD));
    assert!(pulse.quiet(at(12), THRESHOLD));
}

#[test]
fn work_that_comes_after_an_idle_time_has_all_of_the_threshold() {
    let pulse = Pulse::default();
    pulse.start(at(0));
    pulse.beat(at(1), 0, 0);
    pulse.beat(at(8), 0, 1);
    pulse.beat(at(17), 0, 1);
    assert!(!pulse.quiet(at(17), THRESHOLD));
}
