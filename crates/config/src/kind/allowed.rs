//! What a kind allows, in words: for errors and for the generated documents.

use super::{Input, Kind, Unit};
use crate::{duration, raw};

impl Kind {
    /// What a value has to be, in the form it was given in.
    pub(crate) fn expected(&self, input: &Input<'_>) -> String {
        let variable = matches!(input, Input::Variable(_));
        let off = match (self.optional(), variable) {
            (false, _) => "",
            (true, true) => ", or none",
            (true, false) => ", or null",
        };
        format!("{}{off}", self.wanted(variable))
    }

    fn wanted(&self, variable: bool) -> String {
        match self {
            Self::Flag(_) if variable => "true, false, 1 or 0".into(),
            Self::Flag(_) => "true or false".into(),
            Self::Count { min, max, .. } => {
                format!("a whole number from {} to {}", grouped(*min), grouped(*max))
            }
            Self::Bytes { min, max, .. } => format!(
                "a whole number of bytes from {} ({}) to {} ({}){}",
                grouped(*min),
                bytes(*min),
                grouped(*max),
                bytes(*max),
                if variable { ", or a size such as 64MiB" } else { "" },
            ),
            Self::Number { min, max, above, .. } => format!(
                "a number {} {} to {}",
                if *above { "above" } else { "from" },
                raw::number(*min),
                grouped_float(*max),
            ),
            Self::Time { unit, min, max, .. } if variable => format!(
                "a duration from {} to {} such as {}, or a bare number of {}",
                duration::format(*min),
                duration::format(*max),
                if *unit == Unit::Seconds { "7d" } else { "15s" },
                unit.name(),
            ),
            Self::Time { unit, min, max, .. } => format!(
                "a number of {} from {} to {} ({})",
                unit.name(),
                grouped(min / unit.milliseconds()),
                grouped(max / unit.milliseconds()),
                duration::format(*max),
            ),
            Self::Port(_) => "a whole number from 0 to 65,535".into(),
            Self::Word { words, .. } => words().join(", "),
            Self::Text { rule, .. } => rule.expected().into(),
            Self::Secret(_) => "a string of at least 1 character without NUL".into(),
            Self::Pem(_) => "PEM text or the path of a file".into(),
            Self::Texts { rule, .. } if variable => {
                format!("a comma-separated list, each item {}", rule.expected())
            }
            Self::Texts { rule, .. } => format!("a string or an array of strings, each {}", rule.expected()),
            Self::Sources(_) => "one or more of a JSON pointer such as /id or header:name".into(),
            Self::Callback(_) => "a function".into(),
            Self::Properties(_) => {
                "an object of librdkafka properties, each value a string, a finite number or a boolean".into()
            }
        }
    }

    /// The range as the generated documents show it; empty where the type says it all.
    pub(crate) fn range(&self) -> String {
        match self {
            Self::Count { min, max, .. } => format!("{}–{}", grouped(*min), grouped(*max)),
            Self::Bytes { min, max, .. } => format!("{}–{}", bytes(*min), bytes(*max)),
            Self::Number { min, max, above: false, .. } => format!("{min}–{}", grouped_float(*max)),
            Self::Number { min, max, .. } => format!("above {min}, at most {}", grouped_float(*max)),
            Self::Time { min: 0, max, .. } => format!("0–{}", duration::format(*max)),
            Self::Time { min, max, .. } => format!("{}–{}", duration::format(*min), duration::format(*max)),
            Self::Port(_) => "0–65,535".into(),
            Self::Word { words, .. } => {
                words().iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
            }
            Self::Text { rule, .. } => rule.expected().into(),
            Self::Texts { rule, .. } => format!("each {}", rule.expected()),
            Self::Sources(_) => "JSON pointers or `header:name`, at least 1".into(),
            Self::Pem(_) => "PEM text or a path".into(),
            Self::Flag(_) | Self::Secret(_) | Self::Callback(_) | Self::Properties(_) => String::new(),
        }
    }
}

/// A number with its thousands set apart.
pub(crate) fn grouped(value: u64) -> String {
    let digits = value.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// The upper ends of number ranges are whole.
fn grouped_float(value: f64) -> String {
    grouped(value as u64)
}

/// A size in the largest unit that divides it.
pub(crate) fn bytes(value: u64) -> String {
    for (name, unit) in [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)] {
        if value.is_multiple_of(unit) {
            return format!("{} {name}", value / unit);
        }
    }
    format!("{value} bytes")
}
