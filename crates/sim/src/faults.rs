//! What goes wrong, and when.

use std::time::Duration;

use prosody_broker::{
    ErrorCode,
    memory::{CommitFault, MetadataFault, RereadFault},
};
use prosody_model::Mono;

use crate::chance::Chance;

/// One blow. `slot` is the place of a member, whoever fills it then.
#[derive(Clone, Copy, Debug, Hash, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// The process ends before its effect number `fuse` from now on, without a word to anybody.
    Crash { slot: u8, fuse: u8 },
    /// A clean stop; another process takes the place soon.
    Restart { slot: u8 },
    /// The process stands still. With `calls_too` its handlers as well.
    Freeze { slot: u8, ms: u32, calls_too: bool },
    /// Nobody reaches the broker.
    Unreachable { ms: u32 },
    /// One member does not reach the broker.
    CutOff { slot: u8, ms: u32 },
    /// The group throws a member out.
    Evict { slot: u8 },
    /// The group rebalances for no reason.
    Rebalance,
    /// One more member joins, for this long.
    Guest { ms: u32 },
    /// What becomes of a member's next commits.
    Commits { slot: u8, kind: CommitBlow, count: u8 },
    /// What the group decides reaches the member this late.
    Notices { slot: u8, ms: u32 },
    /// From now on the metadata that a member is given is gone or foreign.
    Metadata { slot: u8, foreign: bool },
    /// The broker takes less metadata from now on.
    MetadataLimit { units: u16 },
    /// What becomes of what a member asks for again next.
    Rereads { slot: u8, kind: RereadBlow, count: u8 },
    /// Records vanish from the middle of the log.
    Compact { count: u8 },
    /// The log loses what the group has committed.
    Retention,
    /// The log of a partition loses what its holder has read, finished or not.
    Purge,
}

/// [`CommitFault`] as something to draw.
#[derive(Clone, Copy, Debug, Hash, PartialEq, Eq, PartialOrd, Ord)]
pub enum CommitBlow {
    Rebalancing,
    Fenced,
    Unreachable,
    LoseRequest,
    LoseAnswer,
    Delay,
    Swap,
    Late,
}

impl CommitBlow {
    pub fn fault(self) -> CommitFault {
        match self {
            Self::Rebalancing => CommitFault::Refuse(ErrorCode::Rebalancing),
            Self::Fenced => CommitFault::Refuse(ErrorCode::Fenced),
            Self::Unreachable => CommitFault::Refuse(ErrorCode::Unreachable),
            Self::LoseRequest => CommitFault::LoseRequest,
            Self::LoseAnswer => CommitFault::LoseAnswer,
            Self::Delay => CommitFault::Delay(Duration::from_millis(700)),
            Self::Swap => CommitFault::Swap,
            Self::Late => CommitFault::Late,
        }
    }
}

/// [`RereadFault`] as something to draw.
#[derive(Clone, Copy, Debug, Hash, PartialEq, Eq, PartialOrd, Ord)]
pub enum RereadBlow {
    Fail,
    Lose,
    Delay,
    Split,
}

impl RereadBlow {
    pub fn fault(self) -> RereadFault {
        match self {
            Self::Fail => RereadFault::Fail(ErrorCode::Unreachable),
            Self::Lose => RereadFault::Lose,
            Self::Delay => RereadFault::Delay(Duration::from_millis(900)),
            Self::Split => RereadFault::Split(Duration::from_millis(300)),
        }
    }
}

pub fn metadata(foreign: bool) -> MetadataFault {
    if foreign {
        MetadataFault::Replace("{\"by\":\"another client\"}".to_owned())
    } else {
        MetadataFault::Lose
    }
}

/// The kinds of fault; each seed draws a subset.
const KINDS: usize = 17;

/// Draws which faults strike, and when; in order of time.
pub fn draw(chance: &mut Chance, members: usize, until: Mono, reorders: bool) -> Vec<(Mono, Fault)> {
    let mut faults = Vec::new();
    let calm = chance.one_in(12);
    for kind in 0..KINDS {
        // Reordering is rare enough to be made sure of.
        let sure = kind == 9 && reorders;
        // What is purged may stop partitions for good: not too often.
        let share = if kind == 16 { 12 } else { 28 };
        if calm || !(chance.percent(share) || sure) {
            continue;
        }
        for _ in 0..chance.between(1, 3) {
            let at = Mono(chance.below(until.0));
            faults.push((at, draw_one(chance, kind, members as u64, reorders)));
        }
    }
    faults.sort_unstable();
    faults
}

fn draw_one(chance: &mut Chance, kind: usize, members: u64, reorders: bool) -> Fault {
    let slot = chance.below(members) as u8;
    match kind {
        0 | 1 => Fault::Crash { slot, fuse: chance.below(12) as u8 },
        2 => Fault::Restart { slot },
        3 => Fault::Freeze { slot, ms: chance.between(200, 12_000) as u32, calls_too: chance.one_in(2) },
        4 => Fault::Unreachable { ms: chance.between(100, 9_000) as u32 },
        5 => Fault::CutOff { slot, ms: chance.between(100, 9_000) as u32 },
        6 => Fault::Evict { slot },
        7 => Fault::Rebalance,
        8 => Fault::Guest { ms: chance.between(100, 6_000) as u32 },
        9 => Fault::Commits { slot, kind: blow(chance, reorders), count: chance.between(1, 3) as u8 },
        10 => Fault::Notices { slot, ms: chance.between(10, 2_500) as u32 },
        11 => Fault::Metadata { slot, foreign: chance.one_in(2) },
        12 => Fault::MetadataLimit { units: chance.pick(&[0, 3, 8, 40]) },
        13 => Fault::Compact { count: chance.between(1, 6) as u8 },
        14 => {
            use RereadBlow::{Delay, Fail, Lose, Split};
            let kind = chance.pick(&[Fail, Lose, Delay, Split]);
            Fault::Rereads { slot, kind, count: chance.between(1, 3) as u8 }
        }
        15 => Fault::Retention,
        _ => Fault::Purge,
    }
}

fn blow(chance: &mut Chance, reorders: bool) -> CommitBlow {
    use CommitBlow::{Delay, Fenced, Late, LoseAnswer, LoseRequest, Rebalancing, Swap, Unreachable};
    if reorders {
        chance.pick(&[Delay, Swap, Late])
    } else {
        chance.pick(&[Rebalancing, Fenced, Unreachable, LoseRequest, LoseAnswer, LoseAnswer])
    }
}
