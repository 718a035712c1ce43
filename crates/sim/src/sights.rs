//! What a run has come upon, so that a run that never met the hard cases does not pass for proof.

macro_rules! sights {
    ($($name:ident = $text:literal,)*) => {
        /// Something worth having met.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Sight { $($name),* }

        impl Sight {
            pub const ALL: &[Self] = &[$(Self::$name),*];

            pub fn text(self) -> &'static str {
                match self { $(Self::$name => $text),* }
            }
        }
    };
}

sights! {
    Appended = "records appended",
    Keyless = "records without a key started",
    Started = "calls started",
    Succeeded = "calls succeeded",
    Unmarked = "calls that returned without a mark",
    Marked = "records marked after their call",
    MarkedInBatch = "records marked in the batch of their call's end",
    LateMark = "marks after their epoch",
    Lapsed = "unmarked records that went with their partition",
    Parked = "keys parked after a transient failure",
    InPlace = "failed records retried in place while keys could be parked",
    HeldBack = "keys that waited since they had run too much",
    Hastened = "waits in place cut short by a success",
    Healed = "deferred waits cut short by the end of an outage",
    RetryBesideFresh = "retries started while fresh records waited",
    Disposed = "records disposed of after a permanent failure",
    KnownIds = "records not run because their id was processed",
    OwnSource = "records not run because their own group had sent them",
    RefusedType = "records not run because of their type",
    OthersReplay = "records not run because they were sent again for another group",
    KnownIdReplayed = "records run though their id was processed, as they were sent again",
    GivenUp = "records given up after their last transient failure",
    Away = "records whose bytes were given up",
    Reread = "records read again",
    RereadFailed = "records that could not be read again at once",
    Purged = "unfinished records that the log lost",
    RunFromMemory = "records run from memory after the log had lost them",
    GoneLetter = "dead letters of records that the log lost while they waited",
    GoneStop = "partitions stopped at a record that the log lost while it waited",
    StartGone = "partitions stopped because the log has lost their start",
    Posted = "dead letters sent",
    PostedAgain = "dead letters sent again",
    DeadLettered = "dead letters acknowledged",
    LetterInTime = "dead letters acknowledged while their partition leaves",
    LateReport = "reports on dead letters after their epoch",
    Stuck = "calls that do not return before the heal",
    Deaf = "calls that ignored their signal",
    TimedOut = "calls aborted at their deadline",
    ShutdownAbort = "calls aborted by a shutdown",
    RevokedAbort = "calls aborted by a revocation",
    LostAbort = "calls aborted by a loss",
    Commits = "commits sent",
    CommitsWithMap = "commits with a map",
    FencedCommit = "commits fenced",
    RebalancingCommit = "commits refused during a rebalance",
    UnreachableCommit = "commits that did not reach the broker",
    TimedOutCommit = "commits without an answer in time",
    AppliedUnanswered = "commits applied though their answer was lost",
    FellBack = "commits that landed reversed",
    MapTooLarge = "commits refused for their map's size",
    LimitLearned = "metadata limits learned",
    BareLastCommit = "last commits repeated without a map",
    RefusedLastCommit = "last commits refused",
    QuietRevoke = "revocations with nothing open",
    BusyRevoke = "revocations with open calls",
    Abandoned = "calls abandoned when their partition went",
    SettledBetween = "settlements between two steps",
    SettlementDeclined = "settlements declined because something was being given up",
    LateSettlement = "settlements after their epoch",
    KeyHeldBack = "keys held back by a late call of an earlier epoch",
    LostIdle = "partitions lost with nothing open",
    LostBusy = "partitions lost with open calls",
    Reassigned = "partitions assigned to the same process again",
    MapRestored = "maps restored",
    RestoredSkipped = "finished records not run again thanks to a map",
    MapLost = "maps lost on the way",
    MapForeign = "foreign metadata delivered",
    MapFull = "admissions held because the map was full",
    StartEarliest = "first assignments that started at the log's beginning",
    StartLatest = "first assignments that started at the log's end",
    PassedOver = "unfinished records that a start at the end left out",
    RunFromStart = "finished records that a start at the beginning put back",
    Duplicates = "records delivered twice in one epoch",
    GapPassed = "gaps in the offsets",
    LogStartMoved = "log starts moved",
    Repeats = "finished records run again, explained by a fault",
    Overlaps = "calls of one key open in two processes, explained by a fault",
    Crash = "crashes",
    CrashBeforeRelease = "crashes between the last commit and the release",
    CrashAfterStart = "crashes right after a call was started",
    CrashAfterPost = "crashes right after a dead letter was sent",
    CrashBeforeCommit = "crashes right before a commit",
    Froze = "freezes",
    Evicted = "members evicted",
    Unreachable = "spells without a broker",
    CutOff = "members cut off",
    Restart = "clean stops",
    DrainedBusy = "clean stops with unfinished calls",
    DrainOfNothing = "clean stops without time to drain",
    Rebalances = "rebalances",
    SlotsFull = "steps that left every slot taken",
    UncommittedFull = "steps that left max_uncommitted reached",
    BytesFull = "steps that left the byte budget used up",
}

/// How often each sight was met.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sightings([u64; Sight::ALL.len()]);

impl Default for Sightings {
    fn default() -> Self {
        Self([0; Sight::ALL.len()])
    }
}

impl Sightings {
    pub fn add(&mut self, sight: Sight) {
        self.0[sight as usize] += 1;
    }

    pub fn add_many(&mut self, sight: Sight, count: u64) {
        self.0[sight as usize] += count;
    }

    pub fn merge(&mut self, other: &Self) {
        for (mine, theirs) in self.0.iter_mut().zip(other.0) {
            *mine += theirs;
        }
    }

    pub fn count(&self, sight: Sight) -> u64 {
        self.0[sight as usize]
    }

    /// What was never met.
    pub fn missing(&self) -> Vec<Sight> {
        Sight::ALL.iter().copied().filter(|sight| self.count(*sight) == 0).collect()
    }
}
