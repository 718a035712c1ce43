//! Values as JavaScript hands them over, before anything is judged.

use std::fmt;

use crate::secret::{REDACTED, is_pem};

/// A JavaScript value of any type.
///
/// The binding converts whatever the caller passed, functions and dates included, and leaves every
/// judgement to [`resolve`](crate::resolve). Its `Debug` form shows no text, since any text may be a secret.
#[derive(Clone, PartialEq)]
pub enum RawValue {
    /// `undefined`: as if the option had not been given.
    Undefined,
    /// `null`: switches an optional thing off.
    Null,
    /// A boolean.
    Bool(bool),
    /// A number, `NaN` and the infinities included.
    Number(f64),
    /// A string.
    Text(String),
    /// An array.
    List(Vec<RawValue>),
    /// A plain object: its own enumerable properties in order.
    Map(Vec<(String, RawValue)>),
    /// Anything else, by what it is: `function`, `bigint`, `symbol`, `Date` and so on.
    Other(String),
}

impl RawValue {
    /// The property `name` of an object; `None` also if it is `undefined`.
    pub fn get(&self, name: &str) -> Option<&RawValue> {
        match self {
            Self::Map(entries) => entries
                .iter()
                .rev()
                .find(|(key, _)| key == name)
                .map(|(_, value)| value)
                .filter(|value| !matches!(value, Self::Undefined)),
            _ => None,
        }
    }

    /// What the type of the value is called in an error.
    pub(crate) fn describe(&self) -> String {
        match self {
            Self::Undefined => "undefined".into(),
            Self::Null => "null".into(),
            Self::Bool(_) => "a boolean".into(),
            Self::Number(_) => "a number".into(),
            Self::Text(_) => "a string".into(),
            Self::List(items) => format!("an array of {}", items.len()),
            Self::Map(_) => "an object".into(),
            Self::Other(what) => format!("a value of type {}", quote_if_odd(what)),
        }
    }

    /// How the value is written in an error; the contents of arrays and objects are left out.
    pub(crate) fn shown(&self) -> String {
        match self {
            Self::Bool(value) => value.to_string(),
            Self::Number(value) => number(*value),
            Self::Text(text) => quoted(text),
            other => other.describe(),
        }
    }
}

impl fmt::Debug for RawValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bool(value) => write!(f, "Bool({value})"),
            Self::Number(value) => write!(f, "Number({value})"),
            Self::List(items) => f.debug_list().entries(items).finish(),
            Self::Map(entries) => f.debug_map().entries(entries.iter().map(|(k, v)| (k, v))).finish(),
            other => f.write_str(&other.describe()),
        }
    }
}

/// A number as JavaScript writes it.
pub(crate) fn number(value: f64) -> String {
    if value.is_nan() {
        "NaN".into()
    } else if value.is_infinite() {
        if value > 0.0 { "Infinity".into() } else { "-Infinity".into() }
    } else {
        value.to_string()
    }
}

/// Text in quotes, escaped, so that it cannot forge lines, and cut, so that it cannot flood them. PEM text is not
/// shown at all.
pub(crate) fn quoted(text: &str) -> String {
    const SHOWN: usize = 100;
    if is_pem(text) {
        return REDACTED.to_owned();
    }
    let mut cut: String = text.chars().take(SHOWN).collect();
    if cut.len() < text.len() {
        cut.push('…');
    }
    format!("{cut:?}")
}

fn quote_if_odd(what: &str) -> String {
    let plain = what.len() <= 40 && what.chars().all(|c| c.is_ascii_alphanumeric());
    if plain { what.into() } else { quoted(what) }
}
