//! The option table as documents: `docs/configuration.md` and `src/configuration.ts`.
//!
//! A test compares them with the files, so that neither can drift from what [`resolve`](crate::resolve) does.

mod markdown;
mod typescript;

pub use markdown::markdown;
pub use typescript::typescript;

use crate::{
    Options,
    kind::{Input, Kind, Slot},
    raw,
    table::{Preset, Row},
};

/// The environment variables of an option, in the order they are looked at.
fn variables(row: &Row) -> Vec<String> {
    let mut names = Vec::new();
    if !row.env.is_empty() {
        names.push(format!("PROSODY_{}", row.env));
    }
    if !row.fallback.is_empty() {
        names.push(row.fallback.to_owned());
    }
    names
}

/// What is allowed, the table's range and what else is asked, as one phrase; empty if the type says it all.
fn range(row: &Row) -> String {
    [row.kind.range().as_str(), row.also]
        .iter()
        .filter(|part| !part.is_empty())
        .copied()
        .collect::<Vec<_>>()
        .join("; ")
}

/// The default as a program would write it, with the readable form beside a number of time or bytes.
fn preset(row: &Row) -> Option<String> {
    match row.preset {
        Preset::Absent => None,
        Preset::Computed(text, _) => Some(text.to_owned()),
        Preset::Value(text) => Some(match &row.kind {
            Kind::Time { .. } | Kind::Bytes { .. } => match value(row, text) {
                Some(value) => format!("`{value}` ({text})"),
                None => format!("`{text}`"),
            },
            Kind::Text { .. } | Kind::Texts { .. } | Kind::Word { .. } | Kind::Sources(_) => {
                format!("`\"{text}\"`")
            }
            _ => format!("`{text}`"),
        }),
    }
}

/// A default in the option's own unit.
fn value(row: &Row, text: &str) -> Option<String> {
    let mut options = Options::default();
    row.kind.assign(&Input::Variable(text), &mut options).ok()?;
    match &row.kind {
        Kind::Time { unit, slot: Slot::Must(place), .. } => {
            let milliseconds = place(&mut options).as_secs_f64() * 1_000.0;
            Some(raw::number(milliseconds / unit.milliseconds() as f64))
        }
        Kind::Bytes { place, .. } => Some(place(&mut options).to_string()),
        _ => None,
    }
}

/// The TypeScript type of a value.
fn type_of(kind: &Kind) -> String {
    let own = match kind {
        Kind::Flag(_) => "boolean".into(),
        Kind::Count { .. } | Kind::Bytes { .. } | Kind::Number { .. } | Kind::Time { .. } | Kind::Port(_) => {
            "number".into()
        }
        Kind::Word { words, .. } => {
            words().iter().map(|word| format!("'{word}'")).collect::<Vec<_>>().join(" | ")
        }
        Kind::Text { .. } | Kind::Secret(_) | Kind::Pem(_) => "string".into(),
        Kind::Texts { .. } | Kind::Sources(_) => "string | readonly string[]".into(),
        Kind::Callback(_) => "TokenCallback".into(),
        Kind::Properties(_) => "Readonly<Record<string, string | number | boolean | undefined>>".to_owned(),
    };
    if kind.optional() { format!("{own} | null") } else { own }
}
