//! What is true of one partition: its records, and which of them are finished.

use prosody_model::Mono;

/// The key number of a record without one.
pub const NO_KEY: u32 = u32::MAX;
/// "No record at this offset."
const NONE: u32 = u32::MAX;

/// What a record is told from others by.
#[derive(Clone, Copy, Debug)]
pub struct Marks {
    pub key: u32,
    pub id: u32,
    /// The own group has sent it.
    pub own: bool,
    /// Its type is none of those that are run.
    pub refused: bool,
    pub to: To,
}

/// Whom a record is for.
#[derive(Clone, Copy, Debug, Hash, PartialEq, Eq)]
pub enum To {
    Everybody,
    /// It was sent again for the own group, or for another one.
    Ours,
    Theirs,
}

/// One record.
#[derive(Clone, Copy, Debug)]
#[allow(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub struct Rec {
    pub offset: i64,
    pub key: u32,
    pub id: u32,
    pub own: bool,
    pub refused: bool,
    pub to: To,
    /// Its place among the records of its key.
    place: u32,
    /// A call of it succeeded, or it failed for good.
    pub done: bool,
    /// It has vanished from the log.
    pub gone: bool,
    /// The log has lost it before it was known to be finished: that takes more than its being gone.
    pub purged: bool,
    /// A process that was to start at the log's end has left it out.
    pub passed: bool,
    /// The tenure in which it was last finished, and when.
    pub done_in: u32,
    pub done_at: u64,
    /// It was finished after that tenure's end.
    pub late: bool,
}

impl Rec {
    pub fn finished(&self) -> bool {
        self.done || self.gone || self.passed
    }
}

/// The records of one key in order, and how many from the first on are finished.
#[derive(Clone, Debug, Default)]
struct Chain {
    recs: Vec<u32>,
    finished: usize,
}

/// One partition.
#[derive(Debug)]
pub struct Log {
    pub recs: Vec<Rec>,
    by_offset: Vec<u32>,
    chains: Vec<Chain>,
    /// All records before this one are finished.
    first: usize,
    /// Records that are not finished.
    pub unfinished: usize,
    /// It has stopped at a record that is gone: nothing more is asked of it.
    pub stopped: bool,
    /// What lies before this was deleted, finished or not.
    pub purged_before: i64,
    /// What the broker was last seen to have.
    pub committed: Option<i64>,
}

impl Log {
    pub fn new(keys: u32) -> Self {
        Self {
            recs: Vec::with_capacity(48),
            by_offset: Vec::with_capacity(64),
            chains: vec![Chain::default(); keys as usize],
            first: 0,
            unfinished: 0,
            stopped: false,
            purged_before: 0,
            committed: None,
        }
    }

    pub fn append(&mut self, offset: i64, Marks { key, id, own, refused, to }: Marks) {
        let index = self.recs.len() as u32;
        self.by_offset.resize(offset as usize, NONE);
        self.by_offset.push(index);
        let mut place = 0;
        if let Some(chain) = self.chains.get_mut(key as usize) {
            place = chain.recs.len() as u32;
            chain.recs.push(index);
        }
        let (done, gone, purged, passed, late) = (false, false, false, false, false);
        let (done_in, done_at) = (NONE, 0);
        self.recs.push(Rec {
            offset,
            key,
            id,
            own,
            refused,
            to,
            place,
            done,
            gone,
            purged,
            passed,
            done_in,
            done_at,
            late,
        });
        self.unfinished += 1;
    }

    /// A record is finished, in this tenure.
    pub fn finish(&mut self, index: usize, tenure: u32, now: Mono, late: bool) {
        let rec = &mut self.recs[index];
        self.unfinished -= usize::from(!rec.finished());
        (rec.done, rec.done_in, rec.done_at, rec.late) = (true, tenure, now.0, late);
    }

    /// A record is gone from the log; whether that is new.
    pub fn vanish(&mut self, index: usize) -> bool {
        let rec = &mut self.recs[index];
        self.unfinished -= usize::from(!rec.finished());
        !std::mem::replace(&mut rec.gone, true)
    }

    /// A record is left out.
    pub fn pass(&mut self, index: usize) {
        let rec = &mut self.recs[index];
        self.unfinished -= usize::from(!rec.finished());
        rec.passed = true;
    }

    /// The earlier records of the key of this one, the latest first.
    pub fn before_in_key(&self, index: usize) -> impl Iterator<Item = usize> {
        let rec = &self.recs[index];
        let chain =
            self.chains.get(rec.key as usize).map_or(&[][..], |chain| &chain.recs[..rec.place as usize]);
        chain.iter().rev().map(|&index| index as usize)
    }

    /// The number of the record at this offset.
    pub fn find(&self, offset: i64) -> Option<usize> {
        let index = *self.by_offset.get(usize::try_from(offset).ok()?)?;
        (index != NONE).then_some(index as usize)
    }

    /// The offset before which everything is finished; past the last record if all is.
    pub fn first_unfinished(&mut self) -> i64 {
        while self.recs.get(self.first).is_some_and(Rec::finished) {
            self.first += 1;
        }
        self.recs.get(self.first).map_or(i64::MAX, |rec| rec.offset)
    }

    /// An earlier record of the same key that is not finished.
    pub fn unfinished_before(&mut self, index: usize) -> Option<i64> {
        let rec = self.recs[index];
        let chain = self.chains.get_mut(rec.key as usize)?;
        while chain.recs.get(chain.finished).is_some_and(|&i| self.recs[i as usize].finished()) {
            chain.finished += 1;
        }
        let first = *chain.recs.get(chain.finished)?;
        (chain.finished < rec.place as usize).then(|| self.recs[first as usize].offset)
    }

    /// Whether any record at or above `offset` is still in the log.
    pub fn any_from(&self, offset: i64) -> bool {
        self.recs.iter().rev().take_while(|rec| rec.offset >= offset).any(|rec| !rec.gone)
    }
}

/// A set of record numbers of one partition.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Set([u64; 4]);

impl Set {
    pub fn add(&mut self, index: usize) {
        self.0[index / 64] |= 1 << (index % 64);
    }

    pub fn has(&self, index: usize) -> bool {
        self.0[index / 64] >> (index % 64) & 1 == 1
    }

    #[must_use]
    pub fn without(mut self, other: Self) -> Self {
        for (mine, theirs) in self.0.iter_mut().zip(other.0) {
            *mine &= !theirs;
        }
        self
    }

    pub fn join(&mut self, other: Self) {
        for (mine, theirs) in self.0.iter_mut().zip(other.0) {
            *mine |= theirs;
        }
    }
}
