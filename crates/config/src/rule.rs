//! What texts are allowed.

/// What a text has to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rule {
    /// Any text of 1 to 255 characters without control characters.
    Label,
    /// The same, or empty.
    Version,
    /// A server name; [`Rule::HostPort`] follows once it is known that no mock is asked for.
    Server,
    /// `host:port`.
    HostPort,
    /// A host name or address.
    Host,
    /// A topic name.
    Topic,
    /// A topic name that may hold `{topic}`.
    FailureTopic,
    /// A topic name, or a regular expression after `^`.
    Subscription,
    /// The beginning of an event type.
    Prefix,
    /// A Cassandra keyspace.
    Keyspace,
}

impl Rule {
    /// Whether the text is allowed.
    pub(crate) fn allows(self, text: &str) -> bool {
        match self {
            Self::Label | Self::Server | Self::Prefix => !text.is_empty() && is_line(text),
            Self::Version => is_line(text),
            Self::HostPort => is_host_port(text),
            Self::Host => is_host(text),
            Self::FailureTopic => is_failure_topic(text),
            Self::Subscription if text.starts_with('^') => {
                !text.contains('\0') && regex::Regex::new(text).is_ok()
            }
            Self::Topic | Self::Subscription => is_topic(text),
            Self::Keyspace => is_keyspace(text),
        }
    }

    /// What is allowed, in words.
    pub(crate) const fn expected(self) -> &'static str {
        match self {
            Self::Label | Self::Prefix => "1 to 255 characters without control characters",
            Self::Version => "at most 255 characters without control characters",
            Self::Server | Self::HostPort => "host:port, the port from 1 to 65,535",
            Self::Host => "a host name or an IP address",
            Self::Topic => "a topic name: 1 to 249 of a-z A-Z 0-9 . _ -",
            Self::FailureTopic => "a topic name: 1 to 249 of a-z A-Z 0-9 . _ -, with or without {topic}",
            Self::Subscription => {
                "a topic name (1 to 249 of a-z A-Z 0-9 . _ -) or ^ and a valid regular expression"
            }
            Self::Keyspace => "a keyspace: a-z, then up to 47 of a-z 0-9 _",
        }
    }
}

fn is_line(text: &str) -> bool {
    text.chars().count() <= 255 && !text.chars().any(char::is_control)
}

fn is_topic(text: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-');
    (1..=249).contains(&text.len()) && text.bytes().all(allowed) && text != "." && text != ".."
}

/// The name with the shortest possible source topic in it has to be a topic name.
fn is_failure_topic(text: &str) -> bool {
    is_topic(&text.replace("{topic}", "t"))
}

fn is_host_port(text: &str) -> bool {
    let Some((host, port)) = text.rsplit_once(':') else { return false };
    let numeric = !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit());
    let bracketed = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let host = match bracketed {
        Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
        None => is_name(host),
    };
    host && numeric && port.parse::<u16>().is_ok_and(|port| port > 0)
}

fn is_host(text: &str) -> bool {
    is_name(text) || text.parse::<std::net::Ipv6Addr>().is_ok()
}

fn is_name(text: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-');
    (1..=255).contains(&text.len()) && text.bytes().all(allowed)
}

fn is_keyspace(text: &str) -> bool {
    text.len() <= 48
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

#[cfg(test)]
mod tests;
