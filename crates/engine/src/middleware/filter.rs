//! What is not meant for this consumer ends before it takes up a place.

use prosody_identity::Text;
use prosody_model::Record;

use crate::action::Skip;

/// The header that says which system has sent a message.
const SOURCE_SYSTEM: &[u8] = b"source-system";

/// Skips what the own group has sent, and types that are not allowed.
#[derive(Debug)]
pub struct Filter {
    group: Box<[u8]>,
    allowed: Vec<Box<[u8]>>,
}

impl Filter {
    /// An empty `group` has sent nothing; an empty list of prefixes allows every type.
    pub fn new(group: &str, allowed: &[String]) -> Self {
        let allowed = allowed.iter().map(|prefix| prefix.as_bytes().into()).collect();
        Self { group: group.as_bytes().into(), allowed }
    }

    /// Asked before the value is read. Without it a group that answers into its own topic would hear itself.
    pub fn admit_source(&self, record: &Record) -> Option<Skip> {
        let own = !self.group.is_empty()
            && record.headers().last(SOURCE_SYSTEM).flatten().is_some_and(|source| *source == *self.group);
        own.then_some(Skip::Source)
    }

    /// A message without a type, or whose type is no text, passes.
    pub fn admit_type(&self, event_type: Option<Text<'_>>) -> Option<Skip> {
        let allowed = self.allowed.is_empty()
            || event_type.is_none_or(|text| self.allowed.iter().any(|prefix| text.starts_with(prefix)));
        (!allowed).then_some(Skip::Type)
    }
}
