//! Errors as events.

use std::{collections::HashMap, time::Duration};

use prosody_broker::{BrokerError, ConsumerEvent, ErrorCode};
use prosody_model::{Epoch, Mono};
use rdkafka_sys::rd_kafka_resp_err_t as E;

use super::{Membership, table::Fault};
use crate::{error, ffi::Event};

/// The same warning is not said again within this time.
const QUIET: Duration = Duration::from_secs(30);
/// Warnings remembered; at the bound all are forgotten, and some may be said early.
const REMEMBERED: usize = 256;

/// Which warnings were said when. Bounded by `REMEMBERED`; reaching it empties the map.
#[derive(Debug, Default)]
pub(super) struct Warnings(HashMap<(ErrorCode, String), Mono>);

impl Warnings {
    /// Whether a warning about `subject` is due; if so it counts as said.
    pub(super) fn due(&mut self, code: ErrorCode, subject: &str, now: Mono) -> bool {
        let key = (code, subject.to_owned());
        if self.0.get(&key).is_some_and(|said| now < said.after(QUIET)) {
            return false;
        }
        if self.0.len() >= REMEMBERED {
            self.0.clear();
        }
        self.0.insert(key, now);
        true
    }
}

impl Membership {
    /// Says a warning about `subject` unless it was said just now.
    pub(super) fn warn(&mut self, subject: &str, error: BrokerError) {
        if self.warnings.due(error.code, subject, self.now) {
            self.out.push(ConsumerEvent::Warning(error));
        }
    }

    pub(super) fn on_error(&mut self, event: &Event) {
        self.troubled_at = Some(self.now);
        let (code, text) = (event.error(), event.error_text());
        if let Some((fatal, reason)) = self.handle.fatal() {
            return self.fail(self.fatal_error(fatal, &reason));
        }
        if let Some((topic, partition)) = event.partition() {
            if partition >= 0 {
                if let Some(epoch) = self.table.epoch_of(&topic, partition) {
                    let offset = self.table.get(epoch).map_or(0, super::table::Held::next);
                    self.on_fault(epoch, &Fault { code, text, offset, persists: true });
                }
                return;
            }
            return self.warn(&topic, error::subscription(&topic, code));
        }
        if code == E::RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED as i32 {
            // librdkafka goes on asking, keeps what it holds, and gets no new assignment when the refusal passes.
            let what = format!("group {}", self.group_id);
            return self.warn(&what, error::about(&what, code));
        }
        if code == E::RD_KAFKA_RESP_ERR_INCONSISTENT_GROUP_PROTOCOL as i32 {
            return self.warn("", error::other_protocol(&self.group_id));
        }
        if let Some(topic) = error::subscribed_topic(&text) {
            return self.warn(topic, error::subscription(topic, code));
        }
        if code == E::RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN as i32 {
            return self.warn("", error::all_down(&self.servers));
        }
        let error = error::explained(Some(&self.handle), event);
        // Whoever had no token has told of it.
        if error.code != ErrorCode::Token {
            self.warn("", error);
        }
    }

    fn fatal_error(&self, code: i32, reason: &str) -> BrokerError {
        let what = format!("the membership in group {} has ended", self.group_id);
        if code == E::RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID as i32 {
            let message = format!("{what}: another consumer has its groupInstanceId; give each its own");
            return BrokerError::new(ErrorCode::Fenced, message);
        }
        error::of_kind(error::kind(code), what, reason)
    }

    /// The membership is over for good.
    fn fail(&mut self, error: BrokerError) {
        if !self.failed {
            self.failed = true;
            self.lose_everything();
            self.out.push(ConsumerEvent::Failed(error));
        }
    }

    /// An error met in place of a record.
    pub(super) fn on_fault(&mut self, epoch: Epoch, fault: &Fault) {
        let Some(held) = self.table.get_mut(epoch) else { return };
        let what = held.partition.to_string();
        let kind = error::kind(fault.code);
        let stops = match kind {
            ErrorCode::OffsetOutOfRange | ErrorCode::UnknownTopic | ErrorCode::TooLarge => true,
            // A flipped bit on the wire heals when it is fetched again.
            ErrorCode::Corrupt => fault.persists,
            _ => false,
        };
        let error = error::partition_stopped(&what, fault.offset, fault.code, &fault.text);
        if stops && !held.stopped {
            held.stopped = true;
            self.out.push(ConsumerEvent::Stopped { epoch, error });
            self.ready.wake();
        } else if !stops {
            self.warn(&what, error);
            self.ready.wake();
        }
    }
}
