//! One record of a partition as it was read.

use std::{iter, sync::Arc};

use crate::headers::{Headers, HeadersBuilder};

/// Length that stands for "null" in a [`Record`].
const NULL: u32 = u32::MAX;

/// A record: position, time, and key, value and headers in one shared allocation.
///
/// Cloning shares the bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    pub offset: i64,
    /// Milliseconds since the Unix epoch; −1 if the record has none.
    pub timestamp: i64,
    /// Key, then value, then packed headers.
    body: Arc<[u8]>,
    key_length: u32,
    value_length: u32,
}

/// What a [`Record`] is made of.
#[derive(Clone, Copy, Debug, Default)]
pub struct RecordParts<'a> {
    pub offset: i64,
    pub timestamp: i64,
    pub key: Option<&'a [u8]>,
    pub value: Option<&'a [u8]>,
}

impl Record {
    /// Copies the parts and `headers` (name, value) into one shared allocation.
    pub fn new<'h>(
        parts: RecordParts<'_>,
        headers: impl IntoIterator<Item = (&'h [u8], Option<&'h [u8]>)>,
    ) -> Self {
        let mut packed = Vec::new();
        let mut builder = HeadersBuilder::new(&mut packed);
        for (name, value) in headers {
            builder.push(name, value);
        }
        let (key, value) = (parts.key.unwrap_or_default(), parts.value.unwrap_or_default());
        let size = key.len() + value.len() + packed.len();
        // Zeroed and then filled, so that the reference count and the bytes share one allocation.
        let mut body: Arc<[u8]> = iter::repeat_n(0, size).collect();
        if let Some(bytes) = Arc::get_mut(&mut body) {
            let (keys, rest) = bytes.split_at_mut(key.len());
            let (values, rest) = rest.split_at_mut(value.len());
            keys.copy_from_slice(key);
            values.copy_from_slice(value);
            rest.copy_from_slice(&packed);
        }
        Self {
            offset: parts.offset,
            timestamp: parts.timestamp,
            body,
            key_length: parts.key.map_or(NULL, |k| k.len() as u32),
            value_length: parts.value.map_or(NULL, |v| v.len() as u32),
        }
    }

    /// The same record at another position: what an in-memory log does on append.
    #[must_use]
    pub fn at(mut self, offset: i64, timestamp: i64) -> Self {
        self.offset = offset;
        self.timestamp = timestamp;
        self
    }

    /// The same record without its value and headers: what is kept of one whose bytes are given up.
    #[must_use]
    pub fn stub(&self) -> Self {
        let parts =
            RecordParts { offset: self.offset, timestamp: self.timestamp, key: self.key(), value: None };
        Self::new(parts, [])
    }

    /// The key; `None` for a record without one.
    pub fn key(&self) -> Option<&[u8]> {
        (self.key_length != NULL).then(|| &self.body[..self.key_length as usize])
    }

    /// The value; `None` for a tombstone.
    pub fn value(&self) -> Option<&[u8]> {
        (self.value_length != NULL).then(|| &self.body[self.value_start()..self.headers_start()])
    }

    pub fn headers(&self) -> Headers<'_> {
        Headers::new(&self.body[self.headers_start()..])
    }

    /// Key, value and packed headers one after the other.
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// What the record counts against a byte budget: key, value and headers.
    pub fn size(&self) -> usize {
        self.body.len()
    }

    fn value_start(&self) -> usize {
        if self.key_length == NULL { 0 } else { self.key_length as usize }
    }

    fn headers_start(&self) -> usize {
        self.value_start() + if self.value_length == NULL { 0 } else { self.value_length as usize }
    }
}

#[cfg(test)]
mod tests;
