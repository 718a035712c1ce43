//! Record headers, packed into one byte string so that a record owns a single allocation.
//!
//! Layout, repeated: `u32` name length, name bytes (UTF-8 as Kafka has them), `i32` value length (−1 = null),
//! value bytes; all little-endian. The same bytes cross the bridge to JavaScript.

/// A view of packed headers in their order, duplicates included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Headers<'a>(&'a [u8]);

impl<'a> Headers<'a> {
    /// Views `packed`, which [`HeadersBuilder`] made.
    pub fn new(packed: &'a [u8]) -> Self {
        Self(packed)
    }

    /// The packed bytes.
    pub fn packed(self) -> &'a [u8] {
        self.0
    }

    /// The headers in order. Ends early, never panics, on bytes that are no packed headers.
    pub fn iter(self) -> HeaderIter<'a> {
        HeaderIter(self.0)
    }

    /// The value of the last header named `name`; `Some(None)` if that one is null.
    pub fn last(self, name: &[u8]) -> Option<Option<&'a [u8]>> {
        self.iter().filter(|(n, _)| *n == name).last().map(|(_, value)| value)
    }
}

impl<'a> IntoIterator for Headers<'a> {
    type Item = (&'a [u8], Option<&'a [u8]>);
    type IntoIter = HeaderIter<'a>;

    fn into_iter(self) -> HeaderIter<'a> {
        self.iter()
    }
}

/// Iterates over name and value of packed headers.
#[derive(Clone, Debug)]
pub struct HeaderIter<'a>(&'a [u8]);

impl<'a> Iterator for HeaderIter<'a> {
    type Item = (&'a [u8], Option<&'a [u8]>);

    fn next(&mut self) -> Option<Self::Item> {
        let (length, rest) = self.0.split_first_chunk::<4>()?;
        let (name, rest) = rest.split_at_checked(u32::from_le_bytes(*length) as usize)?;
        let (length, rest) = rest.split_first_chunk::<4>()?;
        let Ok(length) = usize::try_from(i32::from_le_bytes(*length)) else {
            self.0 = rest;
            return Some((name, None));
        };
        let (value, rest) = rest.split_at_checked(length)?;
        self.0 = rest;
        Some((name, Some(value)))
    }
}

/// Packs headers one after the other onto the end of a buffer.
#[derive(Debug)]
pub struct HeadersBuilder<'a>(&'a mut Vec<u8>);

impl<'a> HeadersBuilder<'a> {
    pub fn new(buffer: &'a mut Vec<u8>) -> Self {
        Self(buffer)
    }

    /// Appends one header.
    pub fn push(&mut self, name: &[u8], value: Option<&[u8]>) {
        self.0.extend_from_slice(&(name.len() as u32).to_le_bytes());
        self.0.extend_from_slice(name);
        let length = value.map_or(-1, |v| v.len() as i32);
        self.0.extend_from_slice(&length.to_le_bytes());
        self.0.extend_from_slice(value.unwrap_or_default());
    }
}
