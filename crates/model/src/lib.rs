//! The values every other crate speaks in: topics and partitions, records, events, outcomes, time.
//!
//! Nothing here decides anything, reads a clock or does I/O.

mod epoch;
mod event;
mod headers;
mod outcome;
mod partition;
mod record;
mod time;

pub use epoch::{Epoch, Epochs};
pub use event::{AbortReason, EventId};
pub use headers::{HeaderIter, Headers, HeadersBuilder};
pub use outcome::{Failure, Outcome};
pub use partition::{PartitionIndex, TopicPartition};
pub use record::{Record, RecordParts};
pub use time::{Mono, Now};
