//! Reads packed records on their way out.

use std::{collections::HashMap, sync::Arc};

use prosody_client::Outgoing;
use prosody_model::{Headers, Record, RecordParts};

/// The records of one call.
///
/// # Errors
///
/// Says that the bytes are of the wrong shape; then nothing is sent.
pub fn unpack(bytes: &[u8], count: u32) -> Result<Vec<Outgoing>, String> {
    let mut reader = Reader(bytes);
    let mut topics: HashMap<&[u8], Arc<str>> = HashMap::new();
    // No more room than the bytes can need: the count is not to be trusted.
    let mut records = Vec::with_capacity((count as usize).min(bytes.len() / 32 + 1));
    for place in 0..count {
        let record = record(&mut reader, &mut topics)
            .ok_or_else(|| format!("send: record {place} of {count} is cut short or malformed"))?;
        records.push(record);
    }
    if reader.0.is_empty() { Ok(records) } else { Err(format!("send: {} bytes too many", reader.0.len())) }
}

fn record<'a>(reader: &mut Reader<'a>, topics: &mut HashMap<&'a [u8], Arc<str>>) -> Option<Outgoing> {
    let ticket = u64::from(reader.word()?);
    let partition = reader.signed()?;
    let timestamp = reader.float()?;
    let name = reader.take_word()?;
    let topic = if let Some(topic) = topics.get(name) {
        Arc::clone(topic)
    } else {
        let topic: Arc<str> = std::str::from_utf8(name).ok()?.into();
        topics.insert(name, Arc::clone(&topic));
        topic
    };
    let Nullable(key) = reader.take_signed()?;
    let Nullable(value) = reader.take_signed()?;
    let headers = Headers::new(reader.take_word()?);
    let parts = RecordParts { offset: 0, timestamp: timestamp as i64, key, value };
    let partition = (partition >= 0).then_some(partition);
    Some(Outgoing { ticket, topic, partition, record: Record::new(parts, headers) })
}

/// Bytes, or null.
struct Nullable<'a>(Option<&'a [u8]>);

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (array, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*array)
    }

    fn word(&mut self) -> Option<u32> {
        self.array().map(u32::from_le_bytes)
    }

    fn signed(&mut self) -> Option<i32> {
        self.array().map(i32::from_le_bytes)
    }

    fn float(&mut self) -> Option<f64> {
        self.array().map(f64::from_le_bytes)
    }

    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (bytes, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(bytes)
    }

    fn take_word(&mut self) -> Option<&'a [u8]> {
        let length = self.word()?;
        self.take(length as usize)
    }

    /// Bytes, or null if the length is negative.
    fn take_signed(&mut self) -> Option<Nullable<'a>> {
        match usize::try_from(self.signed()?) {
            Ok(length) => self.take(length).map(|bytes| Nullable(Some(bytes))),
            Err(_) => Some(Nullable(None)),
        }
    }
}
