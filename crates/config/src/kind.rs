//! What kind of thing an option is: which values it takes and where they go.

mod allowed;
mod read;

use std::time::Duration;

use crate::{IdentitySource, KafkaProperties, Options, Pem, Secret, choices::Choice, rule::Rule};

pub(crate) use allowed::grouped;
pub(crate) use read::{Input, property_path};

/// Where in the options a value goes.
pub(crate) type Place<T> = for<'a> fn(&'a mut Options) -> &'a mut T;

/// Where a value goes, and whether it may be switched off.
pub(crate) enum Slot<T: 'static> {
    /// There is always a value.
    Must(Place<T>),
    /// `null`, or `none` in the environment, takes it away.
    May(Place<Option<T>>),
}

/// The unit an option's number counts in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unit {
    /// Options whose names end in `Ms`.
    Milliseconds,
    /// Options whose names end in `S` or `Seconds`.
    Seconds,
}

impl Unit {
    /// The milliseconds in one of it.
    pub(crate) const fn milliseconds(self) -> u64 {
        match self {
            Self::Milliseconds => 1,
            Self::Seconds => 1_000,
        }
    }

    /// Its plural.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Milliseconds => "milliseconds",
            Self::Seconds => "seconds",
        }
    }
}

/// What an option takes.
pub(crate) enum Kind {
    /// True or false.
    Flag(Place<bool>),
    /// A whole number.
    Count { min: u64, max: u64, slot: Slot<usize> },
    /// A whole number of bytes; the environment also takes `64MiB`.
    Bytes { min: u64, max: u64, place: Place<usize> },
    /// Any number in a range; `above` leaves out its lower end.
    Number { min: f64, max: f64, above: bool, place: Place<f64> },
    /// A time span; the range is in milliseconds.
    Time { unit: Unit, min: u64, max: u64, slot: Slot<Duration> },
    /// A port, or none.
    Port(Place<Option<u16>>),
    /// One word of a few; `clear` if it may be switched off.
    Word {
        words: fn() -> Vec<&'static str>,
        put: fn(&mut Options, &str) -> bool,
        clear: Option<fn(&mut Options)>,
    },
    /// A text.
    Text { rule: Rule, slot: Slot<String> },
    /// A text that is never shown.
    Secret(Place<Option<Secret>>),
    /// A certificate or key.
    Pem(Place<Option<Pem>>),
    /// One text or several.
    Texts { rule: Rule, place: Place<Vec<String>> },
    /// One place or several where an id or type is.
    Sources(Place<Vec<IdentitySource>>),
    /// A function; only that it was given is kept.
    Callback(Place<bool>),
    /// Properties for librdkafka.
    Properties(Place<KafkaProperties>),
}

impl Kind {
    /// Whether `null`, or `none` in the environment, switches the option off.
    pub(crate) const fn optional(&self) -> bool {
        match self {
            Self::Count { slot: Slot::May(_), .. }
            | Self::Time { slot: Slot::May(_), .. }
            | Self::Text { slot: Slot::May(_), .. }
            | Self::Word { clear: Some(_), .. }
            | Self::Port(_)
            | Self::Secret(_)
            | Self::Pem(_)
            | Self::Texts { .. }
            | Self::Callback(_)
            | Self::Properties(_) => true,
            Self::Flag(_)
            | Self::Count { .. }
            | Self::Bytes { .. }
            | Self::Number { .. }
            | Self::Time { .. }
            | Self::Word { .. }
            | Self::Text { .. }
            | Self::Sources(_) => false,
        }
    }

    /// Takes the value away; does nothing for an option that cannot be switched off.
    pub(crate) fn switch_off(&self, options: &mut Options) {
        match self {
            Self::Count { slot: Slot::May(place), .. } => *place(options) = None,
            Self::Time { slot: Slot::May(place), .. } => *place(options) = None,
            Self::Text { slot: Slot::May(place), .. } => *place(options) = None,
            Self::Word { clear: Some(clear), .. } => clear(options),
            Self::Port(place) => *place(options) = None,
            Self::Secret(place) => *place(options) = None,
            Self::Pem(place) => *place(options) = None,
            Self::Texts { place, .. } => place(options).clear(),
            Self::Callback(place) => *place(options) = false,
            Self::Properties(place) => place(options).clear(),
            _ => {}
        }
    }
}

/// Every word of a choice.
pub(crate) fn words<C: Choice>() -> Vec<&'static str> {
    C::WORDS.iter().map(|(word, _)| *word).collect()
}

/// Puts the value of a word; false if it is none of the choice's words.
pub(crate) fn put<C: Choice>(place: &mut C, word: &str) -> bool {
    C::from_word(word).map(|value| *place = value).is_some()
}

/// As [`put`], where the choice may be absent.
pub(crate) fn put_some<C: Choice>(place: &mut Option<C>, word: &str) -> bool {
    C::from_word(word).map(|value| *place = Some(value)).is_some()
}
