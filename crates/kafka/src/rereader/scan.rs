//! One partition that is read forward for the records wanted of it.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use prosody_broker::{BrokerError, ErrorCode, Missing, Reread, Wanted};
use prosody_model::{Epoch, Record, TopicPartition};

use crate::error;

/// A partition whose fetching has failed is started again after this.
const AGAIN: Duration = Duration::from_millis(250);

/// What is wanted of one partition in one epoch, and how far its reading is. Knows no client: who drives it fetches
/// from where [`aim`](Self::aim) says, tells it what comes, and asks the log's range when it is [in doubt](Self::doubts).
///
/// It reads like a lift: on as long as something is wanted ahead, then from the lowest again. So what is asked for in
/// the meantime behind it cannot keep what is far ahead waiting.
#[derive(Debug)]
pub(super) struct Scan {
    pub(super) epoch: Epoch,
    pub(super) partition: TopicPartition,
    /// By offset, and in the order in which it was asked for. Bounded by what was asked for; answers, doubts and
    /// failures remove.
    wanted: BTreeMap<(i64, u64), Want>,
    /// What reading has passed without meeting it. Bounded as `wanted`; the log's range removes.
    passed: Vec<Want>,
    asked: u64,
    /// No deadline is sooner.
    soonest: Option<Instant>,
    /// Where reading is: what is wanted from here on is still to be met.
    at: i64,
    /// It is fetched from `at` on.
    fetching: bool,
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
            wanted: BTreeMap::new(),
            passed: Vec::new(),
            asked: 0,
            soonest: None,
            at: 0,
            fetching: false,
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
            self.put(Want { wanted, deadline });
        }
    }

    /// What to do now; reads forward over at most `threshold` records that nobody wants.
    pub(super) fn aim(&mut self, threshold: i64, now: Instant) -> Aim {
        let ahead = self.next().filter(|_| !self.short);
        let lowest = self.wanted.first_key_value().map(|((offset, _), _)| *offset);
        let Some(next) = ahead.or(lowest) else {
            self.fetching = false;
            self.soonest = None;
            return Aim::Stop;
        };
        if let Some(again) = self.again.filter(|again| *again > now) {
            return Aim::Wait(again);
        }
        self.again = None;
        if self.fetching && (self.at..=self.at.saturating_add(threshold)).contains(&next) {
            return Aim::Read;
        }
        self.at = next;
        self.fetching = true;
        Aim::Start(next)
    }

    /// A record has come.
    pub(super) fn record(&mut self, offset: i64, timestamp: i64, record: impl Fn() -> Record) {
        if !self.fetching || offset < self.at {
            return;
        }
        self.reach(offset);
        self.trouble = None;
        self.short = false;
        while let Some(want) = self.take(offset, offset) {
            let result = if timestamp == want.wanted.timestamp {
                Ok(record())
            } else {
                let reason = format!("the record there is another one, of time {timestamp}");
                Err(self.missing(want, &reason))
            };
            self.answer(offset, result);
        }
        self.at = offset + 1;
    }

    /// Everything below `end` has come, and there is nothing more now.
    pub(super) fn end(&mut self, end: i64) {
        if self.fetching {
            self.reach(end.max(self.at));
            self.short = self.next().is_some();
        }
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

    /// Something is the matter with the brokers.
    pub(super) fn trouble(&mut self, trouble: &BrokerError) {
        self.trouble = Some(trouble.clone());
    }

    /// Whether the log's range is to be asked, to tell what is gone from what is merely not there.
    pub(super) fn doubts(&self, now: Instant) -> bool {
        self.out_of_range || !self.passed.is_empty() || (self.short && self.overdue(now))
    }

    /// The log's range, as its leader says. To be called where there are doubts.
    pub(super) fn range(&mut self, low: i64, high: i64, now: Instant) {
        for want in std::mem::take(&mut self.passed) {
            let result = if want.wanted.offset < low {
                Missing::Gone { start: low }
            } else {
                self.missing(want, "the records around it are there")
            };
            self.answer(want.wanted.offset, Err(result));
        }
        while let Some(want) = self.take(i64::MIN, low - 1) {
            self.answer(want.wanted.offset, Err(Missing::Gone { start: low }));
        }
        if std::mem::take(&mut self.out_of_range) {
            self.short = true;
            self.restart(now);
        }
        // A leader that has only just become one may know less of the end than there is: the record may come yet.
        self.short &= self.next().is_some_and(|next| next >= high);
        if self.short && self.overdue(now) {
            let reason = format!("the log ends at {high}");
            self.expire(now, high, |scan, want| scan.missing(want, &reason));
        }
    }

    /// The log's range cannot be had.
    pub(super) fn no_range(&mut self, code: i32, now: Instant) {
        let what = format_args!("asking for the offsets of {}", self.partition).to_string();
        self.trouble = Some(error::about(what, code));
        for want in std::mem::take(&mut self.passed) {
            self.at = self.at.min(want.wanted.offset);
            self.put(want);
        }
        self.out_of_range = false;
        self.short = false;
        self.restart(now);
    }

    /// Gives up what has waited too long.
    pub(super) fn time_out(&mut self, now: Instant, timeout: Duration) {
        if !self.overdue(now) {
            return;
        }
        let reason = format!("no answer within {} ms", timeout.as_millis());
        self.expire(now, i64::MIN, |scan, want| {
            let offset = want.wanted.offset;
            let late = || {
                let what = format_args!("reading offset {offset} of {} again", scan.partition);
                error::of_kind(ErrorCode::Timeout, what, &reason)
            };
            Missing::Failed(scan.trouble.clone().unwrap_or_else(late))
        });
        self.soonest = self.wanted.values().map(|want| want.deadline).min();
    }

    /// Gives up everything.
    pub(super) fn fail(&mut self, reason: &BrokerError) {
        let passed = std::mem::take(&mut self.passed);
        for want in passed.into_iter().chain(std::mem::take(&mut self.wanted).into_values()) {
            self.answer(want.wanted.offset, Err(Missing::Failed(reason.clone())));
        }
    }

    /// When something is due by time.
    pub(super) fn next_look(&self) -> Option<Instant> {
        self.soonest.into_iter().chain(self.again).min()
    }

    /// Whether nothing is left to do or to be said.
    pub(super) fn done(&self) -> bool {
        self.wanted.is_empty() && self.passed.is_empty() && self.answers.is_empty()
    }

    pub(super) fn answers(&mut self, answers: &mut Vec<Reread>) {
        answers.append(&mut self.answers);
    }

    fn put(&mut self, want: Want) {
        self.asked += 1;
        self.wanted.insert((want.wanted.offset, self.asked), want);
        self.soonest = self.soonest.into_iter().chain([want.deadline]).min();
    }

    /// Takes out the first that is wanted of these offsets.
    fn take(&mut self, from: i64, to: i64) -> Option<Want> {
        let mut range = self.wanted.range((from, 0)..).take_while(|((offset, _), _)| *offset <= to);
        let key = *range.next()?.0;
        self.wanted.remove(&key)
    }

    /// What is wanted next, ahead of the reading.
    fn next(&self) -> Option<i64> {
        self.wanted.range((self.at, 0)..).next().map(|((offset, _), _)| *offset)
    }

    /// Reading has got to `offset`: what is wanted on the way there is not there.
    fn reach(&mut self, offset: i64) {
        while let Some(want) = self.take(self.at, offset - 1) {
            self.passed.push(want);
        }
        self.at = offset;
    }

    fn overdue(&self, now: Instant) -> bool {
        self.soonest.is_some_and(|soonest| soonest <= now)
    }

    /// Gives up what is late, from an offset on.
    fn expire(&mut self, now: Instant, from: i64, why: impl Fn(&Self, Want) -> Missing) {
        let late = self.wanted.range((from, 0)..).filter(|(_, want)| want.deadline <= now);
        let late: Vec<_> = late.map(|(key, want)| (*key, *want)).collect();
        for (key, want) in late {
            self.wanted.remove(&key);
            let missing = why(self, want);
            self.answer(want.wanted.offset, Err(missing));
        }
    }

    fn restart(&mut self, now: Instant) {
        self.fetching = false;
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

#[cfg(test)]
mod tests;
