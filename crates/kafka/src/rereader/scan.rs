//! One partition that is read forward for the records wanted of it.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use prosody_broker::{BrokerError, ErrorCode, Missing, Reread, Wanted};
use prosody_model::{Epoch, Record, TopicPartition};

use crate::error;

/// A partition whose fetching has failed is started again after this.
const AGAIN: Duration = Duration::from_millis(250);

/// What is wanted of one partition in one epoch, and how far its reading is. Knows no client: who drives it fetches
/// from where [`aim`](Self::aim) says, tells it what comes, and asks the log's range when it is [in doubt](Self::doubts).
#[derive(Debug)]
pub(super) struct Scan {
    pub(super) epoch: Epoch,
    pub(super) partition: TopicPartition,
    /// In ascending order. Bounded by what was asked for; answers, doubts and failures remove.
    wanted: VecDeque<Want>,
    /// What reading has passed without meeting it. Bounded as `wanted`; the log's range removes.
    passed: Vec<Want>,
    /// Where reading goes on; `None`: it is not fetched.
    position: Option<i64>,
    /// Not to be started before.
    again: Option<Instant>,
    /// The log's range is to be asked: reading stopped for an offset that is said not to be in it.
    out_of_range: bool,
    /// The log was seen to end at or below the next record wanted.
    short: bool,
    trouble: Option<BrokerError>,
    answers: Vec<Reread>,
}

#[derive(Clone, Copy, Debug)]
struct Want {
    wanted: Wanted,
    deadline: Instant,
}

/// What the one who drives a scan is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Aim {
    /// Nothing is wanted.
    Stop,
    /// Fetch from there, instead of what is fetched now.
    Start(i64),
    /// Let what is fetched come.
    Read,
    /// Nothing before this instant.
    Wait(Instant),
}

impl Scan {
    pub(super) fn new(epoch: Epoch, partition: TopicPartition) -> Self {
        Self {
            epoch,
            partition,
            wanted: VecDeque::new(),
            passed: Vec::new(),
            position: None,
            again: None,
            out_of_range: false,
            short: false,
            trouble: None,
            answers: Vec::new(),
        }
    }

    /// Wants these too.
    pub(super) fn want(&mut self, wanted: Vec<Wanted>, deadline: Instant) {
        for wanted in wanted {
            let place = self.wanted.partition_point(|other| other.wanted.offset <= wanted.offset);
            self.wanted.insert(place, Want { wanted, deadline });
        }
    }

    /// What to do now; reads forward over at most `threshold` records that nobody wants.
    pub(super) fn aim(&mut self, threshold: i64, now: Instant) -> Aim {
        let Some(next) = self.wanted.front().map(|want| want.wanted.offset) else {
            self.position = None;
            return Aim::Stop;
        };
        if let Some(again) = self.again.filter(|again| *again > now) {
            return Aim::Wait(again);
        }
        self.again = None;
        match self.position {
            Some(position) if (position..=position.saturating_add(threshold)).contains(&next) => Aim::Read,
            _ => {
                self.position = Some(next);
                Aim::Start(next)
            }
        }
    }

    /// A record has come.
    pub(super) fn record(&mut self, offset: i64, timestamp: i64, record: impl Fn() -> Record) {
        if !self.on_course() {
            return;
        }
        self.reach(offset);
        self.trouble = None;
        self.short = false;
        while let Some(want) = self.next_at_most(offset) {
            let result = if timestamp == want.wanted.timestamp {
                Ok(record())
            } else {
                let reason = format!("the record there is another one, of time {timestamp}");
                Err(self.missing(want, &reason))
            };
            self.answer(offset, result);
        }
        self.position = self.position.map(|position| position.max(offset + 1));
    }

    /// Everything below `end` has come, and there is nothing more now.
    pub(super) fn end(&mut self, end: i64) {
        if !self.on_course() {
            return;
        }
        self.reach(end);
        self.short = !self.wanted.is_empty();
    }

    /// Something else has come in place of a record.
    pub(super) fn fault(&mut self, code: i32, reason: &str, now: Instant) {
        let kind = error::kind(code);
        if kind == ErrorCode::OffsetOutOfRange {
            self.out_of_range = true;
            return;
        }
        let reason = if reason.is_empty() { error::words(code) } else { reason.to_owned() };
        let trouble = error::of_kind(kind, format_args!("reading {} again", self.partition), &reason);
        if kind == ErrorCode::Authorization {
            self.fail(&trouble);
        }
        self.trouble = Some(trouble);
        self.restart(now);
    }

    /// Whether what comes was fetched for what is wanted next: not while something earlier was asked for since, or
    /// fetching is to start again.
    fn on_course(&self) -> bool {
        let next = self.wanted.front().map(|want| want.wanted.offset);
        matches!((self.position, next), (Some(position), Some(next)) if position <= next)
    }

    /// Something is the matter with the brokers.
    pub(super) fn trouble(&mut self, trouble: &BrokerError) {
        self.trouble = Some(trouble.clone());
    }

    /// Reading has got to `offset`: what is wanted below it is not there.
    fn reach(&mut self, offset: i64) {
        while let Some(want) = self.next_at_most(offset - 1) {
            self.passed.push(want);
        }
    }

    /// Takes out the first that is wanted, if that is not above `offset`.
    fn next_at_most(&mut self, offset: i64) -> Option<Want> {
        self.wanted.front().filter(|want| want.wanted.offset <= offset)?;
        self.wanted.pop_front()
    }

    /// Whether the log's range is to be asked, to tell what is gone from what is merely not there.
    pub(super) fn doubts(&self, now: Instant) -> bool {
        self.out_of_range || !self.passed.is_empty() || (self.short && self.overdue(now))
    }

    /// The log's range, as its leader says. To be called where there are doubts.
    pub(super) fn range(&mut self, low: i64, high: i64, now: Instant) {
        for want in std::mem::take(&mut self.passed) {
            let missing = self.missing(want, "the records around it are there");
            self.answer(want.wanted.offset, Err(gone(want, low).unwrap_or(missing)));
        }
        while let Some(want) = self.next_at_most(low - 1) {
            self.answer(want.wanted.offset, Err(Missing::Gone { start: low }));
        }
        if std::mem::take(&mut self.out_of_range) {
            // A leader that has only just become one may know less of the end than there is: the record may come.
            self.short = true;
            self.restart(now);
        }
        self.short &= self.wanted.front().is_some_and(|want| want.wanted.offset >= high);
        if self.short {
            let reason = format!("the log ends at {high}");
            self.expire(now, |scan, want| scan.missing(want, &reason));
        }
    }

    /// The log's range cannot be had.
    pub(super) fn no_range(&mut self, code: i32, now: Instant) {
        let what = format_args!("asking for the offsets of {}", self.partition).to_string();
        self.trouble = Some(error::about(what, code));
        for want in std::mem::take(&mut self.passed).into_iter().rev() {
            self.wanted.push_front(want);
        }
        self.out_of_range = false;
        self.short = false;
        self.restart(now);
    }

    /// Gives up what has waited too long.
    pub(super) fn time_out(&mut self, now: Instant, timeout: Duration) {
        if self.overdue(now) {
            let reason = format!("no answer within {} ms", timeout.as_millis());
            self.expire(now, |scan, want| {
                let offset = want.wanted.offset;
                let late = || {
                    let what = format_args!("reading offset {offset} of {} again", scan.partition);
                    error::of_kind(ErrorCode::Timeout, what, &reason)
                };
                Missing::Failed(scan.trouble.clone().unwrap_or_else(late))
            });
        }
    }

    /// Gives up everything.
    pub(super) fn fail(&mut self, reason: &BrokerError) {
        for want in std::mem::take(&mut self.passed).into_iter().chain(std::mem::take(&mut self.wanted)) {
            self.answer(want.wanted.offset, Err(Missing::Failed(reason.clone())));
        }
    }

    /// When something is due by time.
    pub(super) fn next_look(&self) -> Option<Instant> {
        self.deadline().into_iter().chain(self.again).min()
    }

    /// Whether nothing is left to do or to be said.
    pub(super) fn done(&self) -> bool {
        self.wanted.is_empty() && self.passed.is_empty() && self.answers.is_empty()
    }

    fn deadline(&self) -> Option<Instant> {
        self.wanted.iter().map(|want| want.deadline).min()
    }

    pub(super) fn answers(&mut self, answers: &mut Vec<Reread>) {
        answers.append(&mut self.answers);
    }

    fn overdue(&self, now: Instant) -> bool {
        self.deadline().is_some_and(|deadline| deadline <= now)
    }

    fn expire(&mut self, now: Instant, why: impl Fn(&Self, Want) -> Missing) {
        let (late, in_time) =
            std::mem::take(&mut self.wanted).into_iter().partition(|want: &Want| want.deadline <= now);
        self.wanted = in_time;
        let late: VecDeque<Want> = late;
        for want in late {
            let missing = why(self, want);
            self.answer(want.wanted.offset, Err(missing));
        }
    }

    fn restart(&mut self, now: Instant) {
        self.position = None;
        self.again = Some(now + AGAIN);
    }

    fn missing(&self, want: Want, reason: &str) -> Missing {
        let what = format_args!("offset {} of {} is not there any more", want.wanted.offset, self.partition);
        Missing::Failed(error::of_kind(ErrorCode::RecordMissing, what, reason))
    }

    fn answer(&mut self, offset: i64, result: Result<Record, Missing>) {
        self.answers.push(Reread { epoch: self.epoch, offset, result });
    }
}

fn gone(want: Want, low: i64) -> Option<Missing> {
    (want.wanted.offset < low).then_some(Missing::Gone { start: low })
}

#[cfg(test)]
mod tests;
