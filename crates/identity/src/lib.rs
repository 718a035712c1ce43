//! Where a message's id and type are, and how they are found on its raw bytes.
//!
//! The value is read once, from its first byte to its last, without building a tree, without recursion and
//! without an allocation. What counts is what `JSON.parse` would see: of members with one name the last, names
//! and texts with their escapes resolved, and nothing at all in a value that is no JSON.
//!
//! Two limits: a value nested deeper than [`DEEPEST`] counts as no JSON, and invalid UTF-8 is taken as it is.

mod names;
mod number;
mod places;
mod scan;
mod text;
mod tree;

pub use number::Number;
pub use places::{Id, Identity, Marks, Place};
pub use scan::DEEPEST;
pub use text::Text;
