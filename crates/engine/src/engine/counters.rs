//! What has happened so far.

/// Counts since the consumer started; they only grow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Records admitted.
    pub admitted: u64,
    /// Handler calls started.
    pub dispatched: u64,
    /// Records whose call returned, and that were marked where that is asked for.
    pub succeeded: u64,
    /// Calls that returned without having marked their record.
    pub unmarked: u64,
    /// Records that nobody had marked when their partition was given up.
    pub lapsed: u64,
    /// Calls that failed and were or will be repeated.
    pub transient: u64,
    /// Times that a key waited, for what it had done before, until it started a record.
    pub held_back: u64,
    /// Times that a record waited for another one with its id.
    pub twins: u64,
    /// Records that failed for good.
    pub disposed: u64,
    /// Those of them whose dead letter is acknowledged.
    pub dead_lettered: u64,
    /// Records not run because their id was processed.
    pub duplicates: u64,
    /// Records not run because of their type.
    pub filtered: u64,
    /// Records not run because the own group has sent them.
    pub looped: u64,
    /// Records not run because they were sent again for another group.
    pub misaddressed: u64,
    /// Records not run again because a commit's metadata says that they are finished.
    pub restored: u64,
    /// Inputs dropped because their epoch was over.
    pub outdated: u64,
    /// Calls that settled after their epoch was over.
    pub late: u64,
    /// Records delivered twice in one epoch, and dropped.
    pub repeated: u64,
    /// Calls asked to stop.
    pub aborted: u64,
    /// Calls that had not settled when their partition was given up.
    pub abandoned: u64,
    /// Records whose bytes were given up.
    pub given_up: u64,
    /// Records that were read again.
    pub reread: u64,
    /// Times that a key waits because its record could not be read again.
    pub reread_failed: u64,
    /// Records that were gone when they were to be read again.
    pub gone: u64,
    /// Times that a partition was held because its completion map was full.
    pub map_full: u64,
}
