//! Encryption and authentication.

use std::fmt;

/// How the connection is protected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Protocol {
    #[default]
    Plaintext,
    Tls,
    SaslPlaintext,
    SaslTls,
}

/// A certificate or key in PEM form.
#[derive(Clone, PartialEq, Eq)]
pub enum Pem {
    Path(String),
    Text(String),
}

impl Pem {
    /// Text if it looks like PEM, else a path.
    pub fn parse(value: &str) -> Self {
        if value.contains("-----BEGIN") { Self::Text(value.to_owned()) } else { Self::Path(value.to_owned()) }
    }
}

impl fmt::Debug for Pem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Path(path) => f.debug_tuple("Path").field(path).finish(),
            Self::Text(_) => f.write_str("Text(…)"),
        }
    }
}

/// Encryption and authentication; shows no secret in `Debug`.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Security {
    pub protocol: Protocol,
    /// `PLAIN`, `SCRAM-SHA-256`, `SCRAM-SHA-512`, `OAUTHBEARER`.
    pub mechanism: Option<String>,
    pub username: Option<String>,
    pub password: Option<String>,
    /// The CA to trust; without one the system's is looked for.
    pub ca: Option<Pem>,
    pub certificate: Option<Pem>,
    pub key: Option<Pem>,
    pub key_password: Option<String>,
}

impl fmt::Debug for Security {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hidden = |secret: &Option<String>| secret.as_ref().map(|_| "…");
        f.debug_struct("Security")
            .field("protocol", &self.protocol)
            .field("mechanism", &self.mechanism)
            .field("username", &self.username)
            .field("password", &hidden(&self.password))
            .field("ca", &self.ca)
            .field("certificate", &self.certificate)
            .field("key", &self.key.as_ref().map(|_| "…"))
            .field("key_password", &hidden(&self.key_password))
            .finish()
    }
}

impl Security {
    /// As librdkafka properties. `given` are those the user passes through, which may name the CA in ways of
    /// their own.
    pub(super) fn properties(&self, given: &[(String, String)]) -> Vec<(&'static str, String)> {
        let protocol = match self.protocol {
            Protocol::Plaintext => "plaintext",
            Protocol::Tls => "ssl",
            Protocol::SaslPlaintext => "sasl_plaintext",
            Protocol::SaslTls => "sasl_ssl",
        };
        let mut properties = vec![("security.protocol", protocol.to_owned())];
        let named = [
            ("sasl.mechanism", &self.mechanism),
            ("sasl.username", &self.username),
            ("sasl.password", &self.password),
            ("ssl.key.password", &self.key_password),
        ];
        properties.extend(named.into_iter().filter_map(|(name, value)| Some((name, value.clone()?))));
        let files = [
            (&self.ca, "ssl.ca.location", "ssl.ca.pem"),
            (&self.certificate, "ssl.certificate.location", "ssl.certificate.pem"),
            (&self.key, "ssl.key.location", "ssl.key.pem"),
        ];
        properties.extend(files.into_iter().filter_map(|(pem, location, text)| match pem.as_ref()? {
            Pem::Path(path) => Some((location, path.clone())),
            Pem::Text(pem) => Some((text, pem.clone())),
        }));
        let names_ca = given.iter().any(|(name, _)| name.contains("ssl.ca.") || name.contains("keystore"));
        if self.ca.is_none() && !names_ca && matches!(self.protocol, Protocol::Tls | Protocol::SaslTls) {
            // The OpenSSL that is linked in knows no folder of CAs.
            properties.push(("ssl.ca.location", "probe".to_owned()));
        }
        properties
    }
}
