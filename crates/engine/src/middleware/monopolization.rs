//! A key whose handlers ran for more than its part of the window waits until they did not.
//!
//! Most keys never come near it, so a ring of buckets is made only for a key that has used, within one bucket, an
//! eighth of what would be too much. Before that it is a number in a table, to which short calls are added by
//! sampling. What a key used before it had a ring is not known, and is about an eighth of the limit at most; from then
//! on every call counts.

use std::time::Duration;

use hashbrown::HashTable;
use prosody_model::{Mono, Outcome};

use crate::{
    middleware::{Admit, Facts, Middleware, Settle},
    rng::Rng,
    settings,
    window::{BUCKETS, Window},
};

/// Of calls far too short to make a key worth watching, one in this many is counted, for all of them.
const SAMPLED: u64 = 1 << 3;

/// Holds back keys that run too much.
#[derive(Debug)]
pub struct Monopolization {
    window: Duration,
    /// Most handler time within the window, in nanoseconds.
    limit: u64,
    /// Handler time within one bucket that makes a key worth watching.
    worth: u64,
    /// Length of a bucket, the number of the current one (its low bits), and where that ends.
    span: u64,
    bucket: u32,
    end: u64,
    /// Direct-mapped. Bound: the cache size, rounded up to a power of two; a key that uses more replaces another.
    faint: Box<[Faint]>,
    /// Bound: the cache size. A key leaves once it has not been worth watching for a window and room is wanted.
    watched: Vec<Watched>,
    /// `watched` by hash.
    table: HashTable<u32>,
    most: usize,
    drawn: u64,
    /// The next one to be looked at when room is wanted.
    hand: usize,
}

/// A key that is not watched.
#[derive(Clone, Copy, Debug, Default)]
struct Faint {
    tag: u32,
    /// The number of the bucket that this is about, cut to its low bits.
    bucket: u32,
    used: u64,
}

/// A key that is.
#[derive(Debug)]
struct Watched {
    key: u64,
    used: Window,
}

impl Monopolization {
    pub fn new(settings: settings::Monopolization) -> Self {
        let settings::Monopolization { threshold, window, watched_keys } = settings;
        let nanos = window.as_nanos() as f64;
        let limit = (nanos * threshold) as u64;
        Self {
            window,
            limit,
            worth: limit / u64::from(8 * BUCKETS),
            span: (nanos as u64 / u64::from(BUCKETS)).max(1),
            bucket: 0,
            end: 0,
            faint: vec![Faint::default(); watched_keys.max(1).next_power_of_two()].into_boxed_slice(),
            watched: Vec::new(),
            table: HashTable::new(),
            most: watched_keys.max(1),
            drawn: 0,
            hand: 0,
        }
    }

    fn find(&mut self, key: u64) -> Option<&mut Watched> {
        if self.watched.is_empty() {
            return None;
        }
        let place = *self.table.find(key, |&place| self.watched[place as usize].key == key)?;
        self.watched.get_mut(place as usize)
    }

    fn ran(&mut self, key: u64, run: Duration, now: Mono) {
        if let Some(watched) = self.find(key) {
            return watched.used.add_call(run, now);
        }
        let mut time = run.as_nanos() as u64;
        if time < self.worth / SAMPLED {
            // Most records are done with here, without a look at the table, which would cost a cache miss.
            if self.draws_none() {
                return;
            }
            time *= SAMPLED;
        }
        if self.count_faint(key, time, now) > self.worth && self.make_room(now) {
            let mut window = Window::new(self.window);
            window.add_call(run, now);
            self.watched.push(Watched { key, used: window });
            let place = self.watched.len() as u32 - 1;
            let watched = &self.watched;
            self.table.insert_unique(key, place, |&place| watched[place as usize].key);
        }
    }

    /// Whether a short call is not the one in eight. A generator of its own (Knuth's multiplier), and of one
    /// multiplication: it is asked for every record.
    fn draws_none(&mut self) -> bool {
        self.drawn = self.drawn.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        self.drawn >> 61 != 0
    }

    /// Adds to what a key has used in the current bucket, and says how much that is.
    fn count_faint(&mut self, key: u64, run: u64, now: Mono) -> u64 {
        if now.0 >= self.end {
            let number = now.0 / self.span;
            (self.bucket, self.end) = (number as u32, (number + 1).saturating_mul(self.span));
        }
        let bucket = self.bucket;
        let place = key as usize & (self.faint.len() - 1);
        let (tag, faint) = ((key >> 32) as u32, &mut self.faint[place]);
        if faint.bucket != bucket {
            *faint = Faint { tag, bucket, used: 0 };
        }
        if faint.tag == tag {
            faint.used = faint.used.saturating_add(run);
            return faint.used;
        }
        // Of two keys in one place the one that uses more stays (Misra, Gries: *Finding repeated elements*, 1982).
        if faint.used >= run {
            faint.used -= run;
        } else {
            *faint = Faint { tag, bucket, used: run };
        }
        run
    }

    /// Whether one more key can be watched. Looks at two keys at most, so a full table frees up in its time.
    fn make_room(&mut self, now: Mono) -> bool {
        for _ in 0..2 {
            if self.watched.is_empty() {
                break;
            }
            self.hand = (self.hand + 1) % self.watched.len();
            if self.watched[self.hand].used.sum(now) <= self.worth {
                self.drop_watched(self.hand);
            }
        }
        self.watched.len() < self.most
    }

    fn drop_watched(&mut self, place: usize) {
        let last = self.watched.len() - 1;
        for at in [place, last] {
            let key = self.watched[at].key;
            if let Ok(entry) = self.table.find_entry(key, |&found| found as usize == at) {
                entry.remove();
            }
            if place == last {
                break;
            }
        }
        self.watched.swap_remove(place);
        if place != last {
            let watched = &self.watched;
            self.table.insert_unique(watched[place].key, place as u32, |&found| watched[found as usize].key);
        }
    }
}

impl Middleware for Monopolization {
    fn admit(&mut self, event: &Facts, now: Mono) -> Admit {
        let limit = self.limit;
        let Some(watched) = event.key.and_then(|key| self.find(key)) else { return Admit::Proceed };
        if watched.used.sum(now) > limit {
            return Admit::HoldBack(watched.used.falls_to(limit));
        }
        Admit::Proceed
    }

    fn settle(&mut self, event: &Facts, _outcome: &Outcome, now: Mono, _rng: &mut Rng) -> Settle {
        if let Some(key) = event.key {
            self.ran(key, event.ran, now);
        }
        Settle::Pass
    }
}

#[cfg(test)]
mod tests;
