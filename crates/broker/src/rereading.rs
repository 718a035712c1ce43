//! Records that were delivered once and are asked for again.

use prosody_model::{Epoch, Record};

use crate::error::BrokerError;

/// A record to be read again with [`Consumer::reread`](crate::Consumer::reread).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Wanted {
    pub offset: i64,
    /// The timestamp that the record had. What has another one now is another record: that of a topic that was
    /// made anew, or of a log that was cut off and has grown again.
    pub timestamp: i64,
}

/// The answer for one [`Wanted`].
#[derive(Clone, Debug, PartialEq)]
pub struct Reread {
    pub epoch: Epoch,
    pub offset: i64,
    pub result: Result<Record, Missing>,
}

/// Why a record did not come back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Missing {
    /// It is gone for good: the log itself says that it begins at `start`, above the record (retention, or
    /// delete-records). Nothing else is called so.
    Gone { start: i64 },
    /// It could not be read. What is [`retryable`](crate::ErrorCode::retryable) may be asked for again; so may the
    /// rest, but somebody has to change something first. [`ErrorCode::RecordMissing`](crate::ErrorCode::RecordMissing):
    /// the log reaches down to the offset and does not have the record.
    Failed(BrokerError),
}
