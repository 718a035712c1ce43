//! Which properties librdkafka takes, found out without a client.

use std::ffi::CString;

use crate::ffi::{Accepts, Conf};

/// A property that librdkafka does not take.
#[derive(Debug)]
pub struct Refusal {
    pub name: String,
    /// There is no property of this name; else it is the value.
    pub unknown: bool,
    /// What librdkafka says. It may repeat the value, so that it is not to be shown of a secret.
    pub reason: String,
}

/// The properties that librdkafka does not take, each looked at on its own. No I/O.
pub fn refused<'a>(properties: impl IntoIterator<Item = (&'a str, &'a str)>) -> Vec<Refusal> {
    // To set this one loads libraries.
    let tried = properties.into_iter().filter(|(name, _)| *name != "plugin.library.paths");
    tried.filter_map(|(name, value)| refusal(name, value)).collect()
}

fn refusal(name: &str, value: &str) -> Option<Refusal> {
    let refusal = |unknown, reason| Some(Refusal { name: name.to_owned(), unknown, reason });
    let Ok(c_name) = CString::new(name) else { return refusal(true, String::new()) };
    let Ok(c_value) = CString::new(value) else { return refusal(false, "a zero byte".to_owned()) };
    let (accepts, reason) = Conf::new().try_set(&c_name, &c_value);
    if accepts == Accepts::Yes { None } else { refusal(accepts == Accepts::NoSuchName, reason) }
}

#[cfg(test)]
mod tests;
