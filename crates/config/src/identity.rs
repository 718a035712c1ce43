//! Where in a message its id or type is.

/// One place to look for an id or type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IdentitySource {
    /// A JSON pointer (RFC 6901) into the payload: its segments, unescaped, at least one.
    Pointer(Vec<String>),
    /// The header of this name.
    Header(String),
}

impl IdentitySource {
    /// Reads `/a/b` or `header:name`; `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        if let Some(name) = text.strip_prefix("header:") {
            return (!name.is_empty()).then(|| Self::Header(name.into()));
        }
        let segments = text.strip_prefix('/')?;
        segments.split('/').map(unescape).collect::<Option<Vec<_>>>().map(Self::Pointer)
    }
}

/// `~0` is a tilde and `~1` a slash; any other tilde is an error.
fn unescape(segment: &str) -> Option<String> {
    let mut text = String::with_capacity(segment.len());
    let mut rest = segment.chars();
    while let Some(c) = rest.next() {
        match c {
            '~' => match rest.next() {
                Some('0') => text.push('~'),
                Some('1') => text.push('/'),
                _ => return None,
            },
            c => text.push(c),
        }
    }
    Some(text)
}

#[cfg(test)]
mod tests;
