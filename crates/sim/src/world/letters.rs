//! Dead letters on their way: acknowledged late, refused, answered never, or there though the answer says otherwise.

use prosody_broker::{BrokerError, ErrorCode, Report};

use super::{Due, Phase, World};

/// What will become of a dead letter.
#[derive(Clone, Copy, Debug)]
pub(super) struct Post {
    slot: u8,
    process: u32,
    ticket: u64,
    acknowledged: bool,
    answered: bool,
}

impl World {
    pub(super) fn draw_post(&mut self, slot: u8, process: u32, number: u32, ticket: u64) {
        let habits = self.plan.letters;
        let calm = self.phase != Phase::Striking;
        let acknowledged = calm || !self.chance.percent(habits.refused);
        debug_assert_eq!(self.posts.len(), number as usize);
        self.posts.push(Post { slot, process, ticket, acknowledged, answered: false });
        if !calm && self.chance.percent(habits.stuck) {
            return;
        }
        let wait = self.chance.millis(0, if calm { 20 } else { habits.longest });
        self.plan_in(wait, Due::Report { number });
    }

    /// What has no answer by the heal gets one.
    pub(super) fn answer_posts(&mut self) {
        for number in 0..self.posts.len() {
            if !self.posts[number].answered {
                let wait = self.chance.millis(0, 500);
                self.plan_in(wait, Due::Report { number: number as u32 });
            }
        }
    }

    pub(super) fn report_post(&mut self, number: u32) {
        let Some(post) = self.posts.get_mut(number as usize) else { return };
        if std::mem::replace(&mut post.answered, true) {
            return;
        }
        let Post { slot, process, ticket, acknowledged, .. } = *post;
        let (now, ledger) = (self.now, self.ledger.clone());
        let Some(runs) = self.process(slot, process) else { return };
        ledger.borrow_mut().reported(process, number, acknowledged);
        let refused = || BrokerError::new(ErrorCode::Timeout, "the record was not acknowledged in time");
        let result = if acknowledged { Ok((0, i64::from(number))) } else { Err(refused()) };
        runs.inbox.reported.push(Report { ticket, result });
        self.schedule(slot, now);
    }
}
