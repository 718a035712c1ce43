//! The identity of one event in hand.

/// Names an event from its admission until it is finished: a slot number and how often that slot was used.
///
/// Slots are re-used; the generation makes a late answer for an earlier tenant recognisable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct EventId {
    pub index: u32,
    pub generation: u32,
}

/// Why a handler call is asked to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AbortReason {
    /// Its deadline has passed.
    Timeout,
    /// Its partition is being taken away and the time to finish is over.
    Revoked,
    /// The consumer is shutting down and the time to finish is nearly over.
    Shutdown,
    /// Its partition was lost without notice.
    Lost,
}

impl AbortReason {
    /// The number that stands for the reason on the bridge.
    pub fn code(self) -> u32 {
        match self {
            Self::Timeout => 1,
            Self::Revoked => 2,
            Self::Shutdown => 3,
            Self::Lost => 4,
        }
    }
}
