//! What every build checks of the simulation itself.

use std::time::Duration;

use prosody_sim::{Job, run, simulate};

fn job(first: u64, seeds: u64) -> Job {
    Job { first, seeds, time: None::<Duration>, threads: 2, keep_going: false, bug: None }
}

#[test]
fn the_same_seed_takes_the_same_course() {
    for seed in 1..40 {
        let (once, again) = (simulate(seed, false), simulate(seed, true));
        assert_eq!((once.hash, once.events, once.end), (again.hash, again.events, again.end), "seed {seed}");
        assert_eq!(once.seen, again.seen, "seed {seed}");
    }
    assert_ne!(simulate(1, false).hash, simulate(2, false).hash);
}

#[test]
fn no_seed_breaks_an_invariant() {
    let summary = run(&job(1, 3000), |_| ());
    assert_eq!(summary.failures.first().map(|failure| (failure.seed, failure.violation.clone())), None);
    assert_eq!(summary.passed, 3000);
    // Each has some hundred calls, and faults enough for some to be repeated.
    assert!(summary.events / 3000 > 300, "{} events", summary.events);
}

#[cfg(feature = "planted-bugs")]
mod planted {
    use prosody_sim::{Bug, Failure, run};

    use super::job;

    #[test]
    fn every_planted_bug_is_caught() {
        // A violated bound in the engine may well end in a panic; that is a catch too, and needs no words.
        std::panic::set_hook(Box::new(|_| ()));
        for bug in Bug::ALL {
            let summary = run(&prosody_sim::Job { bug: Some(bug), ..job(1, 2000) }, |_| ());
            let first = summary.failures.first().map(|Failure { seed, violation }| (seed, violation));
            assert!(first.is_some(), "{} is not caught", bug.name());
        }
    }
}
