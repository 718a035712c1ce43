//! Metrics in the text format of Prometheus, version 0.0.4.
//!
//! Nothing is kept between scrapes: whoever has counts writes them when asked.

use std::{
    collections::{BTreeMap, HashSet},
    fmt::Write,
};

/// Before every name.
const PREFIX: &str = "prosody_";
/// The most text of one scrape; samples beyond it are left out and counted.
const MOST_BYTES: usize = 1 << 20;
/// What topics beyond the bound are counted under.
const OTHER: &str = "other";

/// The content type of [`Writer::finish`].
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// A label and its value. Values are bounded in number and hold no key, payload or secret: group, topic, code.
pub type Label<'a> = (&'static str, &'a str);

/// Collects the samples of one scrape, from several clients, each family in one place.
#[derive(Debug, Default)]
pub struct Writer {
    /// Bound: names are written in code, one entry each; dropped with the scrape.
    families: BTreeMap<String, Family>,
    /// Labels of the client in hand.
    client: Vec<(&'static str, String)>,
    bytes: usize,
    left_out: u64,
}

#[derive(Debug)]
struct Family {
    kind: Kind,
    help: &'static str,
    text: String,
    /// Label sets that have been written: a series that is there twice would void the scrape. Bound: `MOST_BYTES`.
    seen: HashSet<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Counter,
    Gauge,
    Histogram,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
        }
    }
}

/// What a histogram holds at the moment.
#[derive(Clone, Copy, Debug)]
pub struct Buckets<'a> {
    /// Upper bounds, rising, without the infinite one.
    pub bounds: &'a [f64],
    /// What fell into each bucket alone, and beyond the last bound: one more than there are bounds.
    pub counts: &'a [u64],
    /// The sum of all that was observed.
    pub sum: f64,
}

impl Writer {
    /// What is written from now on is of this client.
    pub(crate) fn of_client(&mut self, number: usize, group: &str) {
        self.client = vec![("client", number.to_string()), ("group", group.to_owned())];
    }

    /// What is written from now on is of no client.
    pub(crate) fn of_nobody(&mut self) {
        self.client.clear();
    }

    /// A count that only grows; its name ends in `_total`.
    pub fn counter(&mut self, name: &'static str, help: &'static str, labels: &[Label<'_>], value: u64) {
        self.family(Kind::Counter, name, help, labels, |text, name, labels| {
            sample(text, name, labels, value);
        });
    }

    /// A value that goes up and down.
    pub fn gauge(&mut self, name: &'static str, help: &'static str, labels: &[Label<'_>], value: f64) {
        self.family(Kind::Gauge, name, help, labels, |text, name, labels| {
            sample(text, name, labels, Number(value));
        });
    }

    /// How often which sizes were seen.
    pub fn histogram(
        &mut self,
        name: &'static str,
        help: &'static str,
        labels: &[Label<'_>],
        buckets: Buckets<'_>,
    ) {
        self.family(Kind::Histogram, name, help, labels, |text, name, labels| {
            let comma = if labels.is_empty() { "" } else { "," };
            let mut total = 0u64;
            let bounds = buckets.bounds.iter().copied().chain([f64::INFINITY]);
            for (bound, count) in bounds.zip(buckets.counts) {
                total = total.saturating_add(*count);
                let with_bound = format!("{labels}{comma}le=\"{}\"", Number(bound));
                sample(text, &format!("{name}_bucket"), &with_bound, total);
            }
            sample(text, &format!("{name}_sum"), labels, Number(buckets.sum));
            sample(text, &format!("{name}_count"), labels, total);
        });
    }

    /// A gauge for each topic: one for each of the first hundred by name, and one for all others as `other`.
    pub fn by_topic<'a>(
        &mut self,
        name: &'static str,
        help: &'static str,
        counts: impl IntoIterator<Item = (&'a str, u64)>,
    ) {
        for (topic, count) in topics(counts, MOST_TOPICS) {
            self.gauge(name, help, &[("topic", topic)], count as f64);
        }
    }

    fn family(
        &mut self,
        kind: Kind,
        name: &'static str,
        help: &'static str,
        labels: &[Label<'_>],
        write: impl FnOnce(&mut String, &str, &str),
    ) {
        let name = format!("{PREFIX}{name}");
        let client = self.client.iter().map(|(label, value)| (*label, value.as_str()));
        let all: Vec<Label<'_>> = client.chain(labels.iter().copied()).collect();
        let named_once = |(at, (label, _)): (usize, &Label<'_>)| {
            is_name(label) && *label != "le" && all[..at].iter().all(|(before, _)| before != label)
        };
        let well_named = is_name(&name) && all.iter().enumerate().all(named_once);
        let labels = all.iter().map(|(label, value)| format!("{label}=\"{}\"", Escaped(value, true)));
        let labels = labels.collect::<Vec<_>>().join(",");
        let room = MOST_BYTES.saturating_sub(self.bytes);
        let new = || Family { kind, help, text: String::new(), seen: HashSet::new() };
        let mut text = String::new();
        write(&mut text, &name, &labels);
        if !well_named || text.len() > room {
            self.left_out += 1;
            return;
        }
        let family = self.families.entry(name).or_insert_with(new);
        if family.kind != kind || !family.seen.insert(labels) {
            self.left_out += 1;
            return;
        }
        self.bytes += text.len();
        family.text.push_str(&text);
    }

    /// The scrape's text.
    pub fn finish(mut self) -> String {
        self.of_nobody();
        let (left_out, bytes) = (self.left_out, self.bytes);
        // There is room for this one always.
        self.bytes = 0;
        self.gauge("scrape_left_out", "Samples left out of this scrape.", &[], left_out as f64);
        let mut all = String::with_capacity(bytes + 128 * self.families.len());
        for (name, family) in &self.families {
            let _ = writeln!(all, "# HELP {name} {}", Escaped(family.help, false));
            let _ = writeln!(all, "# TYPE {name} {}", family.kind.name());
            all.push_str(&family.text);
        }
        all
    }
}

/// Topics that have samples of their own.
const MOST_TOPICS: usize = 100;

/// The first `most` topics by name, and the others' sum.
fn topics<'a>(counts: impl IntoIterator<Item = (&'a str, u64)>, most: usize) -> BTreeMap<&'a str, u64> {
    let mut sums: BTreeMap<&str, u64> = BTreeMap::new();
    for (topic, count) in counts {
        *sums.entry(topic).or_default() += count;
    }
    let rest: Vec<&str> = sums.keys().skip(most).copied().collect();
    for topic in rest {
        let count = sums.remove(topic).unwrap_or_default();
        *sums.entry(OTHER).or_default() += count;
    }
    sums
}

fn sample(text: &mut String, name: &str, labels: &str, value: impl std::fmt::Display) {
    // Writing to a string cannot fail.
    let _ = if labels.is_empty() {
        writeln!(text, "{name} {value}")
    } else {
        writeln!(text, "{name}{{{labels}}} {value}")
    };
}

fn is_name(name: &str) -> bool {
    let mut bytes = name.bytes();
    bytes.next().is_some_and(|first| first.is_ascii_alphabetic() || first == b'_')
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// A number as the format has it.
struct Number(f64);

impl std::fmt::Display for Number {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            value if value.is_nan() => out.write_str("NaN"),
            f64::INFINITY => out.write_str("+Inf"),
            f64::NEG_INFINITY => out.write_str("-Inf"),
            value => write!(out, "{value}"),
        }
    }
}

/// Text within a line; quotes too where it stands within quotes.
struct Escaped<'a>(&'a str, bool);

impl std::fmt::Display for Escaped<'_> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for character in self.0.chars() {
            match character {
                '\\' => out.write_str("\\\\")?,
                '\n' => out.write_str("\\n")?,
                '"' if self.1 => out.write_str("\\\"")?,
                other => out.write_char(other)?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
