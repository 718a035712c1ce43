//! Which topics a member wants.

use std::collections::BTreeSet;

use regex_lite::Regex;

use super::log::Topics;
use crate::{
    consumer::TopicSelector,
    error::{BrokerError, ErrorCode},
};

/// A [`TopicSelector`] that was checked.
#[derive(Clone, Debug)]
pub(super) enum Selector {
    Name(String),
    Pattern(Regex),
}

impl Selector {
    pub fn new(selector: &TopicSelector) -> Result<Self, BrokerError> {
        match selector {
            TopicSelector::Name(name) if name.starts_with('^') => {
                let message = format!("topic name {name:?} starts with '^', subscribe to it as a pattern");
                Err(BrokerError::new(ErrorCode::Invalid, message))
            }
            TopicSelector::Name(name) => Ok(Self::Name(name.clone())),
            TopicSelector::Pattern(pattern) if !pattern.starts_with('^') => {
                let message = format!("topic pattern {pattern:?} does not start with '^'");
                Err(BrokerError::new(ErrorCode::Invalid, message))
            }
            TopicSelector::Pattern(pattern) => Regex::new(pattern).map(Self::Pattern).map_err(|error| {
                let message = format!("topic pattern {pattern:?} is no regular expression: {error}");
                BrokerError::new(ErrorCode::Invalid, message)
            }),
        }
    }

    pub fn matches(&self, topic: &str) -> bool {
        match self {
            Self::Name(name) => name == topic,
            Self::Pattern(pattern) => pattern.is_match(topic),
        }
    }
}

/// The topics that exist of those selected.
pub(super) fn topics(selectors: &[Selector], topics: &Topics) -> BTreeSet<u32> {
    let mut found = BTreeSet::new();
    for selector in selectors {
        match selector {
            Selector::Name(name) => found.extend(topics.find(name)),
            Selector::Pattern(_) => {
                found.extend(
                    topics.iter().filter(|(_, topic)| selector.matches(&topic.name)).map(|(id, _)| id),
                );
            }
        }
    }
    found
}
