//! The one place that reads the clocks.

use std::{
    sync::OnceLock,
    time::{Instant, SystemTime, UNIX_EPOCH},
};

use prosody_model::{Mono, Now};

/// The monotonic clock's zero: the first call in this process.
static START: OnceLock<Instant> = OnceLock::new();

/// Both clocks now.
pub fn now() -> Now {
    let start = *START.get_or_init(Instant::now);
    let nanos = start.elapsed().as_nanos() as u64;
    let wall = SystemTime::now().duration_since(UNIX_EPOCH);
    Now { mono: Mono(nanos), wall_ms: wall.map_or(0, |elapsed| elapsed.as_millis() as i64) }
}

/// The monotonic clock now.
pub fn mono() -> Mono {
    now().mono
}
