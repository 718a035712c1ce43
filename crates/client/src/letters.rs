//! Dead letters go out through the client's own producer; here its reports find their way back.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use prosody_broker::Report;
use prosody_shell::is_dead_letter;

use crate::{mailbox::Mailbox, sink::Sink};

/// Which consumer is told of dead letters. What comes for one that is gone is for nobody: the records of those
/// letters run again.
#[derive(Default)]
pub struct Letters(Mutex<Weak<Mailbox>>);

impl Letters {
    /// From now on they are this consumer's.
    pub fn are_for(&self, mailbox: &Arc<Mailbox>) {
        *self.mailbox() = Arc::downgrade(mailbox);
    }

    /// Tells the consumer of its dead letters, and the application of what it has sent itself.
    pub fn sort(&self, reports: Vec<Report>, sink: &dyn Sink) {
        if !reports.iter().any(|report| is_dead_letter(report.ticket)) {
            return sink.reports(reports);
        }
        let (letters, others): (Vec<_>, Vec<_>) =
            reports.into_iter().partition(|report| is_dead_letter(report.ticket));
        if !others.is_empty() {
            sink.reports(others);
        }
        let mailbox = self.mailbox().upgrade();
        if let Some(mailbox) = mailbox {
            mailbox.report(letters);
        }
    }

    fn mailbox(&self) -> MutexGuard<'_, Weak<Mailbox>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
