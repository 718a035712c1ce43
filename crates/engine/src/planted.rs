//! Bugs that can be switched on, to see that the simulation finds them.
//!
//! Only with the feature `planted-bugs`, which nothing but the simulation's tests turns on: without it
//! [`is`] is `false` to the compiler, and nothing of this is in the program.

#[cfg(feature = "planted-bugs")]
use std::cell::Cell;

/// A mistake at one decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bug {
    /// Commits the highest finished offset, not the first unfinished one.
    CommitTheMaximum,
    /// Commits what a lost partition had finished.
    CommitAfterLoss,
    /// Keeps the queue of a partition that is being given up.
    DispatchAfterRevoke,
    /// Takes a settlement of an earlier epoch for one of this epoch.
    FlagInsteadOfEpoch,
    /// Lets later records of a parked key run.
    ParkWithoutTheKey,
    /// Does not free the slot of a call that was asked to stop.
    SlotLeakedOnAbort,
    /// Counts a record as finished when its call starts.
    AcknowledgeBeforeRunning,
    /// Cuts a map that is too long.
    CutMap,
    /// Gives a record up after three failures.
    DropAfterRetries,
    /// Sends a commit while another one of the partition is on its way.
    TwoCommitsOnTheWay,
    /// Counts an id as processed when its record is parked.
    RecordedWhenParked,
    /// Counts a record as finished before its dead letter is acknowledged.
    FinishBeforeDeadLetter,
    /// Lets retries start before fresh records, on any number of slots.
    RetriesTakeAll,
    /// Forgets the last key that waits in place when waits are cut short.
    CutLosesAKey,
    /// Finishes a record that could not be read again.
    FinishUnread,
    /// Counts a record as finished when its call returns, marked or not.
    FinishUnmarked,
    /// Does not commit a start that was moved.
    ForgetTheMove,
    /// Skips what was sent again for the own group if its id was processed.
    ReplayMeetsItsId,
    /// Does not finish a record whose type is not run.
    LeaveFilteredOpen,
    /// Finishes a record that was given up and is gone, and says nothing.
    FinishGone,
}

/// Whether this bug is planted in this thread.
#[cfg(not(feature = "planted-bugs"))]
#[inline]
pub const fn is(_bug: Bug) -> bool {
    false
}

#[cfg(feature = "planted-bugs")]
thread_local! {
    static PLANTED: Cell<Option<Bug>> = const { Cell::new(None) };
}

/// Whether this bug is planted in this thread.
#[cfg(feature = "planted-bugs")]
pub fn is(bug: Bug) -> bool {
    PLANTED.get() == Some(bug)
}

/// Plants a bug in this thread, or takes it out.
#[cfg(feature = "planted-bugs")]
pub fn plant(bug: Option<Bug>) {
    PLANTED.set(bug);
}

#[cfg(feature = "planted-bugs")]
impl Bug {
    pub const ALL: [Self; 20] = [
        Self::CommitTheMaximum,
        Self::CommitAfterLoss,
        Self::DispatchAfterRevoke,
        Self::FlagInsteadOfEpoch,
        Self::ParkWithoutTheKey,
        Self::SlotLeakedOnAbort,
        Self::AcknowledgeBeforeRunning,
        Self::CutMap,
        Self::DropAfterRetries,
        Self::TwoCommitsOnTheWay,
        Self::RecordedWhenParked,
        Self::FinishBeforeDeadLetter,
        Self::RetriesTakeAll,
        Self::CutLosesAKey,
        Self::FinishUnread,
        Self::FinishUnmarked,
        Self::ForgetTheMove,
        Self::ReplayMeetsItsId,
        Self::LeaveFilteredOpen,
        Self::FinishGone,
    ];

    /// The name on the simulation's command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::CommitTheMaximum => "commit-the-maximum",
            Self::CommitAfterLoss => "commit-after-loss",
            Self::DispatchAfterRevoke => "dispatch-after-revoke",
            Self::FlagInsteadOfEpoch => "flag-instead-of-epoch",
            Self::ParkWithoutTheKey => "park-without-the-key",
            Self::SlotLeakedOnAbort => "slot-leaked-on-abort",
            Self::AcknowledgeBeforeRunning => "acknowledge-before-running",
            Self::CutMap => "cut-map",
            Self::DropAfterRetries => "drop-after-retries",
            Self::TwoCommitsOnTheWay => "two-commits-on-the-way",
            Self::RecordedWhenParked => "recorded-when-parked",
            Self::FinishBeforeDeadLetter => "finish-before-dead-letter",
            Self::RetriesTakeAll => "retries-take-all",
            Self::CutLosesAKey => "cut-loses-a-key",
            Self::FinishUnread => "finish-unread",
            Self::FinishUnmarked => "finish-unmarked",
            Self::ForgetTheMove => "forget-the-move",
            Self::ReplayMeetsItsId => "replay-meets-its-id",
            Self::LeaveFilteredOpen => "leave-filtered-open",
            Self::FinishGone => "finish-gone",
        }
    }
}
