#![allow(clippy::unwrap_used)]

use std::{sync::mpsc, time::Duration};

use super::{FAREWELL, Mailbox, farewell, late_commit};
use crate::{clock, error::ClientError};

#[test]
fn a_drain_leaves_a_share_of_the_budget_for_leaving_the_group() {
    for (budget, share) in [(0, 0), (100, 20), (500, 100), (5_000, 500), (30_000, 3_000), (3_600_000, 5_000)]
    {
        assert_eq!(farewell(Duration::from_millis(budget)), Duration::from_millis(share), "{budget} ms");
    }
}

#[test]
fn drain_last_commits_and_leaving_fit_into_the_budget() {
    for budget in [100, 1_000, 5_000, 30_000].map(Duration::from_millis) {
        let mailbox = Mailbox::default();
        let before = clock::mono();
        mailbox.leave(budget, Box::new(|_| ()));
        let after = clock::mono();
        let (abort, deadline) = mailbox.take().drain.unwrap();
        assert!(abort >= before.after(budget.mul_f64(0.8)) && abort <= deadline);
        assert!(deadline.after(late_commit(budget)) < after.after(budget));
        assert!(mailbox.time_to_leave() <= budget.clamp(FAREWELL.0, FAREWELL.1));
    }
}

#[test]
fn a_crash_is_told_to_those_who_wait_or_else_to_the_next_who_asks() {
    let (tell, told) = mpsc::channel();
    let done = || {
        let tell = tell.clone();
        Box::new(move |result: Result<(), ClientError>| tell.send(result.is_ok()).unwrap())
    };
    let mailbox = Mailbox::default();
    mailbox.leave(Duration::ZERO, done());
    mailbox.end(&Err(ClientError::Crashed));
    mailbox.leave(Duration::ZERO, done());
    let other = Mailbox::default();
    other.end(&Err(ClientError::Crashed));
    other.leave(Duration::ZERO, done());
    other.leave(Duration::ZERO, done());
    assert_eq!(told.try_iter().collect::<Vec<_>>(), [false, true, false, true]);
}
