//! The option table: the one place that says which options there are.
//!
//! Reading, defaults, ranges, suggestions for unknown names, `docs/configuration.md` and `src/configuration.ts` all
//! come from it.

mod connection;
mod failure;
mod handling;
mod storage;

use std::time::Duration;

use crate::{
    Options, Pem, Secret,
    choices::Choice,
    kind::{Kind, Place, Slot, Unit, words},
    rule::Rule,
};

/// What an option is when nobody sets it.
#[derive(Clone, Copy)]
pub(crate) enum Preset {
    /// Not set.
    Absent,
    /// This value, written as in the environment.
    Value(&'static str),
    /// What `rules` makes of other options; the text describes it, and the value, if any, stands until then.
    Computed(&'static str, Option<&'static str>),
}

/// One option, or one member of an option that is an object.
pub(crate) struct Row {
    /// The option; a member is written `security.protocol`.
    pub(crate) name: &'static str,
    /// The environment variable after `PROSODY_`; empty if there is none.
    pub(crate) env: &'static str,
    /// A variable that is read where `env` is not set; empty if there is none.
    pub(crate) fallback: &'static str,
    /// What it is when nobody sets it.
    pub(crate) preset: Preset,
    /// What it takes, and where that goes.
    pub(crate) kind: Kind,
    /// What else is asked of the value, for the documents.
    pub(crate) also: &'static str,
    /// What it does, for the documents.
    pub(crate) doc: &'static str,
}

/// An option that is an object of members.
pub(crate) struct Group {
    /// The option.
    pub(crate) name: &'static str,
    /// Its TypeScript type.
    pub(crate) interface: &'static str,
    /// Whether `null` switches all of it off.
    pub(crate) optional: bool,
    /// What it does, for the documents.
    pub(crate) doc: &'static str,
}

/// Options that belong together in the documents.
pub(crate) struct Section {
    /// Its heading.
    pub(crate) title: &'static str,
    /// Its options.
    pub(crate) rows: &'static [Row],
}

/// The whole table.
pub(crate) const SECTIONS: &[Section] = &[
    Section { title: "Connection", rows: connection::CONNECTION },
    Section { title: "Consumer group", rows: connection::GROUP },
    Section { title: "Handling", rows: handling::HANDLING },
    Section { title: "Sending", rows: handling::SENDING },
    Section { title: "Shutdown and health", rows: handling::HEALTH },
    Section { title: "Failure", rows: failure::FAILURE },
    Section { title: "Deferred retry", rows: failure::DEFER },
    Section { title: "Fairness", rows: failure::FAIRNESS },
    Section { title: "Timers and stores", rows: storage::STORAGE },
    Section { title: "Tracing and telemetry", rows: storage::TRACING },
];

/// The options that are objects of members.
pub(crate) const GROUPS: &[Group] = &[
    Group {
        name: "security",
        interface: "Security",
        optional: true,
        doc: "Encryption and authentication towards Kafka.",
    },
    Group {
        name: "identity",
        interface: "Identity",
        optional: false,
        doc: "Where a message's id and type are; of several places the first that is there wins.",
    },
    Group {
        name: "deadLetterAfter",
        interface: "DeadLetterAfter",
        optional: true,
        doc: "In pipeline mode, a transient failure past either bound is dead-lettered.",
    },
    Group {
        name: "cassandraTls",
        interface: "CassandraTls",
        optional: true,
        doc: "Encryption towards Cassandra; `{}` trusts the authorities of this machine.",
    },
];

/// Every row of the table, in order.
pub(crate) fn rows() -> impl Iterator<Item = &'static Row> {
    SECTIONS.iter().flat_map(|section| section.rows)
}

impl Row {
    /// The object this is a member of, and the member's name; an empty first part for an option of its own.
    pub(crate) fn split(&self) -> (&'static str, &'static str) {
        self.name.split_once('.').unwrap_or(("", self.name))
    }

    /// Whether the value is never shown.
    pub(crate) fn is_secret(&self) -> bool {
        // A bundle of certificates may hold a key, and a key without its header passes for a path.
        matches!(self.kind, Kind::Secret(_) | Kind::Callback(_) | Kind::Pem(_))
    }

    const fn preset(mut self, value: &'static str) -> Self {
        self.preset = Preset::Value(value);
        self
    }

    const fn computed(mut self, text: &'static str, until_then: Option<&'static str>) -> Self {
        self.preset = Preset::Computed(text, until_then);
        self
    }

    const fn fallback(mut self, variable: &'static str) -> Self {
        self.fallback = variable;
        self
    }

    const fn also(mut self, text: &'static str) -> Self {
        self.also = text;
        self
    }

    const fn doc(mut self, text: &'static str) -> Self {
        self.doc = text;
        self
    }
}

const fn option(name: &'static str, env: &'static str, kind: Kind) -> Row {
    Row { name, env, fallback: "", preset: Preset::Absent, kind, also: "", doc: "" }
}

const fn flag(place: Place<bool>) -> Kind {
    Kind::Flag(place)
}

const fn count(min: u64, max: u64, place: Place<usize>) -> Kind {
    Kind::Count { min, max, slot: Slot::Must(place) }
}

const fn number(min: f64, max: f64, place: Place<f64>) -> Kind {
    Kind::Number { min, max, above: false, place }
}

const fn millis(min: u64, max: u64, place: Place<Duration>) -> Kind {
    Kind::Time { unit: Unit::Milliseconds, min, max, slot: Slot::Must(place) }
}

const fn seconds(min: u64, max: u64, place: Place<Duration>) -> Kind {
    Kind::Time { unit: Unit::Seconds, min, max, slot: Slot::Must(place) }
}

const fn word<C: Choice>(put: fn(&mut Options, &str) -> bool) -> Kind {
    Kind::Word { words: words::<C>, put, clear: None }
}

const fn text(rule: Rule, place: Place<String>) -> Kind {
    Kind::Text { rule, slot: Slot::Must(place) }
}

const fn maybe_text(rule: Rule, place: Place<Option<String>>) -> Kind {
    Kind::Text { rule, slot: Slot::May(place) }
}

const fn texts(rule: Rule, place: Place<Vec<String>>) -> Kind {
    Kind::Texts { rule, place }
}

const fn secret(place: Place<Option<Secret>>) -> Kind {
    Kind::Secret(place)
}

const fn pem(place: Place<Option<Pem>>) -> Kind {
    Kind::Pem(place)
}

#[cfg(test)]
mod tests;
