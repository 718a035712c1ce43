//! What happened, as a hash always and as text on demand.

use std::hash::{Hash, Hasher};

use prosody_model::{AbortReason, Mono};

use crate::{faults::Fault, ledger::To};

/// One thing that happened.
#[derive(Clone, Copy, Debug, Hash)]
pub enum Event {
    Born { process: u32, slot: u32 },
    Died { process: u32 },
    Left { process: u32, unfinished: usize },
    Froze { process: u32, until_ms: u64 },
    Fault(Fault),
    Healed,
    Closing,
    Appended { partition: u32, offset: i64, key: u32, id: u32, to: To, refused: bool },
    Purged { partition: u32, before: i64 },
    Stopped { process: u32, partition: u32 },
    Gone { partition: u32, offset: i64 },
    Assigned { process: u32, epoch: u64, partition: u32, committed: Option<i64>, map_end: Option<i64> },
    Revoking { process: u32, epoch: u64, partition: u32 },
    Released { process: u32, epoch: u64 },
    Lost { process: u32, epoch: u64, partition: u32 },
    Read { process: u32, epoch: u64, first: i64, count: usize },
    Start { process: u32, epoch: u64, partition: u32, offset: i64, key: u32, attempt: u32, call: u32 },
    Skipped { process: u32, partition: u32, offset: i64, reason: &'static str },
    Abort { process: u32, call: u32, reason: Reason },
    Posted { process: u32, partition: u32, offset: i64, letter: u32 },
    Reported { process: u32, letter: u32, acknowledged: bool },
    End { process: u32, call: u32, offset: i64, outcome: Kind },
    Mark { process: u32, call: u32 },
    Commit { process: u32, epoch: u64, partition: u32, offset: i64, map_end: Option<i64>, last: bool },
    Answer { process: u32, epoch: u64, offset: i64, error: Option<&'static str> },
    Applied { partition: u32, offset: i64 },
}

/// How a call ended.
#[derive(Clone, Copy, Debug, Hash, PartialEq, Eq)]
pub enum Kind {
    Success,
    /// Returned, and not marked yet.
    Unmarked,
    Transient,
    Permanent,
}

/// [`AbortReason`] as something to hash.
#[derive(Clone, Copy, Debug, Hash)]
pub struct Reason(pub u32);

impl From<AbortReason> for Reason {
    fn from(reason: AbortReason) -> Self {
        Self(reason.code())
    }
}

/// The trace of one execution.
#[derive(Debug, Default)]
pub struct Trace {
    hash: Mix,
    pub events: u64,
    /// The lines, if somebody will read them.
    pub lines: Option<Vec<String>>,
}

impl Trace {
    pub fn new(text: bool) -> Self {
        Self { hash: Mix::default(), events: 0, lines: text.then(Vec::new) }
    }

    pub fn note(&mut self, now: Mono, event: Event) {
        self.events += 1;
        (now.0, event).hash(&mut self.hash);
        if let Some(lines) = &mut self.lines {
            lines.push(format!("{:>12.3} ms  {event:?}", now.0 as f64 / 1e6));
        }
    }

    pub fn hash(&self) -> u64 {
        self.hash.0
    }
}

/// A plain multiplying hash: quick, and the same everywhere.
#[derive(Debug, Default)]
struct Mix(u64);

impl Hasher for Mix {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.write_u64(u64::from_le_bytes(word));
        }
    }

    fn write_u64(&mut self, word: u64) {
        self.0 = (self.0.rotate_left(5) ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }

    fn write_u32(&mut self, word: u32) {
        self.write_u64(u64::from(word));
    }

    fn write_usize(&mut self, word: usize) {
        self.write_u64(word as u64);
    }

    fn write_i64(&mut self, word: i64) {
        self.write_u64(word as u64);
    }
}
