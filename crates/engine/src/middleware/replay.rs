//! Records that were sent again for one group.
//!
//! The headers `replay-group` and `replay-id`, both of them, say that a record is a repetition for that group: it runs
//! there even if its id was seen, and every other group skips it. No other reserved header steers anything.

use prosody_model::Headers;

/// Whom a record is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Replay {
    /// Everybody: it is no repetition.
    No,
    /// This group, which runs it whatever it remembers of its id.
    Ours,
    /// Another group.
    Theirs,
}

impl Replay {
    /// Reads the headers of a record; of several with one name the last counts.
    pub fn of(headers: Headers<'_>, group: &str) -> Self {
        let (mut to, mut id) = (None, None);
        for (name, value) in headers {
            match name {
                b"replay-group" => to = value,
                b"replay-id" => id = value,
                _ => {}
            }
        }
        match (to, id) {
            (Some(to), Some(_)) if to == group.as_bytes() => Self::Ours,
            (Some(_), Some(_)) => Self::Theirs,
            _ => Self::No,
        }
    }
}

#[cfg(test)]
mod tests;
