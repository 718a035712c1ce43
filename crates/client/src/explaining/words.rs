//! Instants and keys as people read them.

use std::fmt::Write;

use prosody_engine::KeyExplanation;
use prosody_model::{Mono, Now};

/// What a JavaScript date can be, and a year of four digits: later than anything means anything.
const LAST: i64 = 253_402_300_799_999;
const DAY: i64 = 86_400_000;

/// Turns monotonic instants into dates.
#[derive(Clone, Copy)]
pub struct Wall(Now);

impl Wall {
    pub fn new(now: Now) -> Self {
        Self(now)
    }

    pub fn now(self) -> Option<String> {
        self.at(self.0.mono)
    }

    /// The date, as `2026-01-31T23:59:59.999Z`; `None` for one that never comes.
    pub fn at(self, instant: Mono) -> Option<String> {
        if instant == Mono::NEVER {
            return None;
        }
        let Now { mono, wall_ms } = self.0;
        let (ahead, behind) = (instant.since(mono).as_millis(), mono.since(instant).as_millis());
        let wall = i128::from(wall_ms) + i128::try_from(ahead).ok()? - i128::try_from(behind).ok()?;
        i64::try_from(wall).ok().filter(|wall| (0..=LAST).contains(wall)).map(date)
    }
}

/// Days become years, months and days by counting in eras of 400 years that begin in March (Hinnant, *chrono-compatible
/// low-level date algorithms*).
fn date(wall_ms: i64) -> String {
    let (days, ms) = (wall_ms.div_euclid(DAY) + 719_468, wall_ms.rem_euclid(DAY));
    let (era, day) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let march = (5 * day + 2) / 153;
    let (day, month) = (day - (153 * march + 2) / 5 + 1, if march < 10 { march + 3 } else { march - 9 });
    let year = era * 400 + year + i64::from(month <= 2);
    let (hour, minute, second) = (ms / 3_600_000, ms / 60_000 % 60, ms / 1_000 % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{:03}Z", ms % 1_000)
}

/// A key as text: what is no UTF-8 as `\xff`, of a long one its beginning, length and digest.
pub fn key(key: &KeyExplanation) -> String {
    let mut text = String::with_capacity(key.bytes.len());
    let mut chunks = key.bytes.utf8_chunks().peekable();
    while let Some(chunk) = chunks.next() {
        text.push_str(chunk.valid());
        // The character that a long key is cut in has no sense.
        if key.digest.is_some() && chunks.peek().is_none() && chunk.invalid().len() < 4 {
            break;
        }
        for byte in chunk.invalid() {
            let _ = write!(text, "\\x{byte:02x}");
        }
    }
    if let Some(digest) = key.digest {
        let _ = write!(text, "… ({} bytes, XXH3 {digest:032x})", key.length);
    }
    text
}
