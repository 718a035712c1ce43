//! Dead letters: which are due, on their way, acknowledged.

use prosody_broker::Outgoing;
use prosody_engine::{GiveUp, Mode, Settings};
use prosody_model::Mono;

use super::{
    Ledger, NO_ID,
    calls::Open,
    tenures::{Spell, Tenure},
};
use crate::{
    sights::Sight,
    trace::{Event, Kind},
};

/// What a process may give up, as its settings have it.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    pub mode: Mode,
    pub give_up: GiveUp,
    /// Whether there is a failure topic.
    pub letters: bool,
}

impl Rules {
    pub fn new(settings: &Settings) -> Self {
        let letters = settings.failure_topic.is_some();
        Self { mode: settings.mode, give_up: settings.give_up, letters }
    }

    /// Whether a transient failure of this attempt is the last one.
    fn are_out_of_patience(&self, attempt: u32, first: Mono, now: Mono) -> bool {
        match self.mode {
            Mode::BestEffort => true,
            Mode::LowLatency { max_retries } => attempt > max_retries,
            Mode::Pipeline => {
                let GiveUp { attempts, age } = self.give_up;
                attempts.is_some_and(|most| attempt >= most)
                    || age.is_some_and(|most| now.since(first) >= most)
            }
        }
    }
}

/// How far a dead letter has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// Its record is given up.
    Due,
    Out(u32),
    /// Its report is in the inbox.
    Reported(bool),
    /// To be sent again.
    Waiting,
}

/// A record that is given up and not finished.
#[derive(Clone, Copy, Debug)]
pub struct Letter {
    tenure: u32,
    partition: usize,
    rec: usize,
    offset: i64,
    stage: Stage,
}

impl Letter {
    /// On its way already.
    pub(super) fn out(number: u32, (tenure, partition, rec, offset): (u32, usize, usize, i64)) -> Self {
        Self { tenure, partition, rec, offset, stage: Stage::Out(number) }
    }

    /// Whether it is of this record.
    pub(super) fn is_of(&self, tenure: u32, rec: usize) -> bool {
        (self.tenure, self.rec) == (tenure, rec)
    }
}

impl Ledger {
    /// The engine hears of a call that failed; its epoch is not over.
    pub(super) fn failed(&mut self, process: u32, open: &Open, kind: Kind) {
        let leaving = self.is_leaving(process, &self.tenures[open.tenure as usize]);
        let given_up = kind == Kind::Permanent
            || !leaving && self.rules.are_out_of_patience(open.attempt, open.first, self.now);
        if !given_up {
            return;
        }
        if kind == Kind::Transient {
            self.see(Sight::GivenUp);
        }
        let &Open { tenure, partition, rec, offset, .. } = open;
        if self.rules.letters {
            let letter = Letter { tenure, partition, rec, offset, stage: Stage::Due };
            self.books[process as usize].letters.push(letter);
        } else {
            self.finish(process, tenure, partition, rec);
        }
    }

    /// A record is finished by giving it up.
    fn finish(&mut self, process: u32, tenure: u32, partition: usize, index: usize) {
        self.logs[partition].finish(index, tenure, self.now, false);
        self.tenures[tenure as usize].own.add(index);
        let rec = &self.logs[partition].recs[index];
        let (key, id) = (rec.key, rec.id);
        let book = &mut self.books[process as usize];
        book.disposals_due += 1;
        book.processed.extend((id != NO_ID).then_some((key, id)));
    }

    fn is_leaving(&self, process: u32, tenure: &Tenure) -> bool {
        tenure.spell != Spell::Held
            || tenure.parting
            || tenure.stopped
            || self.books[process as usize].draining
    }

    /// A dead letter is sent. Its number.
    pub fn posted(&mut self, process: u32, letter: &Outgoing) -> u32 {
        let number = self.posts;
        self.posts += 1;
        self.check_posted(process, letter, number);
        number
    }

    fn check_posted(&mut self, process: u32, letter: &Outgoing, number: u32) {
        let read = |name: &str| -> Option<i64> {
            let value = letter.record.headers().last(name.as_bytes())??;
            std::str::from_utf8(value).ok()?.parse().ok()
        };
        let at = read("source-partition").zip(read("source-offset"));
        let Some((partition, offset)) = at else {
            return self.fail("19 a dead letter says where it is from", || format!("{letter:?}"));
        };
        self.note(Event::Posted { process, partition: partition as u32, offset, letter: number });
        self.see(Sight::Posted);
        let letters = &mut self.books[process as usize].letters;
        let found = letters.iter_mut().find(|letter| {
            (letter.partition as i64, letter.offset) == (partition, offset)
                && matches!(letter.stage, Stage::Due | Stage::Waiting)
        });
        let Some(found) = found else {
            if self.posted_gone(process, partition as usize, offset, number) {
                return;
            }
            return self.fail("19 only what is given up is sent as a dead letter, one at a time", || {
                format!("process {process} sends {offset} of partition {partition}")
            });
        };
        let again = found.stage == Stage::Waiting;
        found.stage = Stage::Out(number);
        if again {
            self.see(Sight::PostedAgain);
        }
    }

    /// The report on a dead letter is in the inbox.
    pub fn reported(&mut self, process: u32, number: u32, acknowledged: bool) {
        self.note(Event::Reported { process, letter: number, acknowledged });
        let letters = &mut self.books[process as usize].letters;
        if let Some(letter) = letters.iter_mut().find(|letter| letter.stage == Stage::Out(number)) {
            letter.stage = Stage::Reported(acknowledged);
        }
    }

    /// The engine is about to be told of every report.
    pub fn told_letters(&mut self, process: u32) {
        let letters = std::mem::take(&mut self.books[process as usize].letters);
        let mut kept = Vec::with_capacity(letters.len());
        for mut letter in letters {
            let tenure = &self.tenures[letter.tenure as usize];
            let over = tenure.spell == Spell::Over || tenure.parting;
            let leaving = self.is_leaving(process, tenure);
            match letter.stage {
                Stage::Reported(_) if over => self.see(Sight::LateReport),
                Stage::Reported(true) => {
                    self.finish(process, letter.tenure, letter.partition, letter.rec);
                    self.see(if leaving { Sight::LetterInTime } else { Sight::DeadLettered });
                }
                Stage::Reported(false) if !leaving => {
                    letter.stage = Stage::Waiting;
                    kept.push(letter);
                }
                // Left to the next owner.
                Stage::Reported(false) => {}
                Stage::Waiting if leaving => {}
                Stage::Due | Stage::Waiting | Stage::Out(_) => kept.push(letter),
            }
        }
        self.books[process as usize].letters = kept;
    }

    /// What must hold of letters after each step of a process.
    pub fn check_letters(&mut self, process: u32) {
        let due = self.books[process as usize].letters.iter().find(|letter| letter.stage == Stage::Due);
        if let Some(&Letter { partition, offset, .. }) = due {
            self.fail("19 what is given up is sent as a dead letter", || {
                format!("process {process} has not sent {offset} of partition {partition}")
            });
        }
    }

    /// What is given up does not run again in its epoch.
    pub(super) fn check_given_up(&mut self, process: u32, open: &Open) {
        let same = |letter: &Letter| letter.tenure == open.tenure && letter.rec == open.rec;
        if self.books[process as usize].letters.iter().any(same) {
            let Open { offset, partition, .. } = *open;
            self.fail("19 what is given up does not run again", || {
                format!("process {process} starts {offset} of partition {partition}")
            });
        }
    }
}
