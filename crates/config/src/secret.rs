//! Values that appear in no log, error or inspected object.

use std::{collections::BTreeMap, fmt};

/// What stands where a secret would be shown.
pub(crate) const REDACTED: &str = "<redacted>";

/// A text that only [`reveal`](Self::reveal) gives away.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps a text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself, for the library that needs it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(REDACTED)
    }
}

/// A certificate or key: PEM text, or the path of a file that holds it.
#[derive(Clone, PartialEq, Eq)]
pub enum Pem {
    /// The PEM text itself; never shown, since a bundle may hold a key.
    Text(Secret),
    /// A path; the file is read when a connection is made, not before.
    Path(String),
}

impl Pem {
    /// Text that holds a PEM header is PEM; anything else is a path.
    pub fn parse(text: &str) -> Self {
        if is_pem(text) { Self::Text(Secret::new(text)) } else { Self::Path(text.into()) }
    }
}

impl fmt::Debug for Pem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A key without its header would pass for a path, so that paths are not shown either.
        let form = if matches!(self, Self::Text(_)) { "Text" } else { "Path" };
        write!(f, "{form}({REDACTED})")
    }
}

/// librdkafka properties passed through, by name. Bounded by what the caller wrote.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct KafkaProperties(BTreeMap<String, String>);

impl KafkaProperties {
    /// The value of a property.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// Every property, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    pub(crate) fn insert(&mut self, name: String, value: String) {
        self.0.insert(name, value);
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }
}

impl fmt::Debug for KafkaProperties {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = self.iter().map(|(name, value)| (name, if is_secret(name) { REDACTED } else { value }));
        f.debug_map().entries(shown).finish()
    }
}

/// Whether a text has a PEM header, so that it may hold a private key wherever it stands.
pub(crate) fn is_pem(text: &str) -> bool {
    text.contains("-----BEGIN")
}

/// Whether a librdkafka property may hold a secret.
pub(crate) fn is_secret(property: &str) -> bool {
    let name = property.trim().to_ascii_lowercase();
    // A certificate too: its text or file may hold the key as well.
    let file = ["ssl.key", "ssl.certificate", "ssl.ca"].iter().any(|start| name.starts_with(start));
    file || ["password", "secret", "pem", "token", "jaas", "credential", "oauthbearer.config", "private"]
        .iter()
        .any(|word| name.contains(word))
}
