//! `prosody-sim --seeds N --seed S [--seconds T] [--threads N] [--bug NAME] [--trace]`
#![allow(clippy::print_stdout, clippy::print_stderr)]

mod arguments;

use std::{
    io::{IsTerminal, Write},
    process::ExitCode,
    thread,
};

use arguments::Arguments;
use prosody_sim::{Failure, Job, Sight, Summary, run, simulate_guarded};

/// Runs with fewer seeds may miss the rare sights.
const ENOUGH_TO_HAVE_SEEN_ALL: u64 = 10_000;
const TAIL: usize = 60;

fn main() -> ExitCode {
    let arguments = match Arguments::read(std::env::args().skip(1)) {
        Ok(arguments) => arguments,
        Err(problem) => {
            eprintln!("{problem}\n{}", arguments::USAGE);
            return ExitCode::from(2);
        }
    };
    // A panic in a seed is reported as that seed's violation.
    std::panic::set_hook(Box::new(|_| ()));
    let threads = arguments.threads.unwrap_or_else(|| thread::available_parallelism().map_or(1, Into::into));
    let job = Job {
        first: arguments.first,
        seeds: arguments.seeds,
        time: arguments.time,
        threads,
        keep_going: arguments.bug.is_some(),
        bug: arguments.bug,
    };
    let show = arguments.seeds > 1000 && std::io::stderr().is_terminal();
    let summary = run(&job, |done| {
        if show {
            eprint!("\r{done} seeds");
            let _ = std::io::stderr().flush();
        }
    });
    if show {
        eprintln!();
    }
    if arguments.trace && arguments.seeds == 1 {
        #[cfg(feature = "planted-bugs")]
        plant(arguments.bug);
        for line in simulate_guarded(arguments.first, true).lines {
            println!("{line}");
        }
    }
    report(&arguments, &summary)
}

#[cfg(feature = "planted-bugs")]
fn plant(bug: Option<prosody_sim::Bug>) {
    prosody_sim::plant(bug);
}

fn report(arguments: &Arguments, summary: &Summary) -> ExitCode {
    let done = summary.passed + summary.failed;
    for sight in Sight::ALL {
        println!("{:>12}  {}", summary.seen.count(*sight), sight.text());
    }
    let seconds = summary.took.as_secs_f64().max(1e-9);
    println!(
        "{done} seeds in {seconds:.1} s: {:.0} a minute, {:.0} events a seed",
        done as f64 * 60.0 / seconds,
        summary.events as f64 / done.max(1) as f64,
    );
    let mut failed = summary.failed;
    if arguments.bug.is_some() {
        println!("{:.2} % of the seeds catch the bug", summary.failed as f64 * 100.0 / done.max(1) as f64);
    }
    let missing = summary.seen.missing();
    if summary.failed == 0 && done >= ENOUGH_TO_HAVE_SEEN_ALL && !missing.is_empty() {
        failed += 1;
        for sight in missing {
            println!("VACUOUS: never met: {}", sight.text());
        }
    }
    if let Some(first) = summary.failures.first() {
        explain(arguments, first);
    }
    println!("{} passed, {failed} failed", summary.passed);
    if failed > 0 { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

/// Runs a failing seed again, with its trace in words.
fn explain(arguments: &Arguments, failure: &Failure) {
    #[cfg(feature = "planted-bugs")]
    plant(arguments.bug);
    let again = simulate_guarded(failure.seed, true);
    let skipped = if arguments.trace { 0 } else { again.lines.len().saturating_sub(TAIL) };
    for line in again.lines.iter().skip(skipped) {
        println!("{line}");
    }
    let Failure { seed, violation } = failure;
    println!("seed {seed} breaks: {}\n  {}", violation.invariant, violation.detail);
    let same = again.violation.as_ref() == Some(violation);
    println!(
        "  again: --seeds 1 --seed {seed} --trace{}",
        if same { "" } else { " (NOT the same the second time)" }
    );
}
