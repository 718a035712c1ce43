//! The command line.

use std::time::Duration;

use prosody_sim::Bug;

pub const USAGE: &str =
    "usage: prosody-sim [--seeds N] [--seed FIRST] [--seconds T] [--threads N] [--bug NAME] [--trace]";

/// What was asked for.
#[derive(Clone, Copy, Debug)]
pub struct Arguments {
    pub seeds: u64,
    pub first: u64,
    pub time: Option<Duration>,
    pub threads: Option<usize>,
    pub bug: Option<Bug>,
    pub trace: bool,
}

impl Arguments {
    pub fn read(mut words: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut arguments =
            Self { seeds: 10_000, first: 1, time: None, threads: None, bug: None, trace: false };
        let mut counted = false;
        while let Some(word) = words.next() {
            let mut value = || words.next().ok_or_else(|| format!("{word} needs a value"));
            match word.as_str() {
                "--seeds" => {
                    arguments.seeds = number(&value()?)?;
                    counted = true;
                }
                "--seed" => arguments.first = number(&value()?)?,
                "--seconds" => arguments.time = Some(Duration::from_secs(number(&value()?)?)),
                "--threads" => arguments.threads = Some(number(&value()?)? as usize),
                "--bug" => arguments.bug = Some(bug(&value()?)?),
                "--trace" => arguments.trace = true,
                "--" => {}
                _ => return Err(format!("unknown argument {word:?}")),
            }
        }
        if arguments.time.is_some() && !counted {
            arguments.seeds = u64::MAX / 2;
        }
        Ok(arguments)
    }
}

fn number(text: &str) -> Result<u64, String> {
    text.replace('_', "").parse().map_err(|_| format!("{text:?} is not a whole number"))
}

#[cfg(feature = "planted-bugs")]
fn bug(name: &str) -> Result<Bug, String> {
    let names: Vec<_> = Bug::ALL.iter().map(|bug| bug.name()).collect();
    let found = Bug::ALL.iter().copied().find(|bug| bug.name() == name);
    found.ok_or_else(|| format!("unknown bug {name:?}, there are: {}", names.join(", ")))
}

#[cfg(not(feature = "planted-bugs"))]
fn bug(_name: &str) -> Result<Bug, String> {
    Err("bugs can be planted only in a build with --features planted-bugs".to_owned())
}
