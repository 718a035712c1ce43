//! How a handler call ended.

use std::time::Duration;

/// What became of one handler call, as the language binding classified it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The handler returned.
    Success,
    /// The handler returned and has not marked its record yet: the call is over, the record is not finished.
    Unmarked,
    /// A record whose call ended as `Unmarked` is marked. Comes after that, never in its place.
    Marked,
    /// The handler failed in a way that a later attempt may not.
    Transient(Box<Failure>),
    /// The handler failed in a way that every later attempt would.
    Permanent(Box<Failure>),
}

/// The facts of a failed handler call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Failure {
    /// Name and message of the error, for people.
    pub text: String,
    /// The least wait before the next attempt that the handler asked for.
    pub retry_after: Option<Duration>,
}

impl Failure {
    /// A failure with nothing but its text.
    pub fn new(text: impl Into<String>) -> Box<Self> {
        Box::new(Self { text: text.into(), retry_after: None })
    }
}
