//! What of one partition is finished, and how a commit says so.
//!
//! The [`Tracker`] follows the open records of one assignment of one partition. The offset it commits
//! is the first one that is not finished; what is finished above it travels as a completion [`Map`] in
//! the metadata of the same commit, so that the next owner does not run it again.
//!
//! The tracker lets a record in only if the map fits the broker's limit in whatever order the open
//! records finish, so a map is never cut: it is written whole, or not at all.

mod checksum;
mod fit;
mod map;
mod open;
mod restored;
mod tracker;
mod units;

pub use map::{Map, decode, encode};
pub use open::Seq;
pub use tracker::{Admission, Commit, Tracker};
pub use units::{DEFAULT_UNITS, MAX_UNITS};
