//! Instants as arguments: nothing below the shells reads a clock.

use std::time::Duration;

/// A monotonic instant, in nanoseconds since an arbitrary start. For waits, deadlines and durations.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Mono(pub u64);

impl Mono {
    /// Later than every instant that occurs.
    pub const NEVER: Self = Self(u64::MAX);

    /// This instant and `wait` more; stays at [`Mono::NEVER`] instead of wrapping.
    #[must_use]
    pub fn after(self, wait: Duration) -> Self {
        Self(self.0.saturating_add(nanos(wait)))
    }

    /// The time from `earlier` to this instant; zero if `earlier` is the later one.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }
}

fn nanos(wait: Duration) -> u64 {
    u64::try_from(wait.as_nanos()).unwrap_or(u64::MAX)
}

/// Both clocks at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Now {
    /// For waits.
    pub mono: Mono,
    /// Unix time in milliseconds, for timers and for people; it may jump.
    pub wall_ms: i64,
}
