//! Packs rows for the handlers into slabs.

use prosody_client::{Dispatch, Row};

use crate::layout::{
    ABORT_REASON, ATTEMPT, BODY_START, EVENT_GENERATION, EVENT_INDEX, HEADERS_LENGTH, KEY_LENGTH, OFFSET,
    PARTITION_INDEX, PARTITION_NUMBER, ROW_ABORT, ROW_BYTES, ROW_MESSAGE, ROW_PARTITION, SLAB_BYTES,
    SLAB_HEADER_BYTES, SLAB_ROWS, SLAB_VERSION, TIMESTAMP, VALUE_LENGTH,
};

/// Packs `rows` in order, each slab within the bounds of the layout, and hands the slabs over one by one.
pub fn pack(rows: &[Row], mut give: impl FnMut(Vec<u8>)) {
    let mut rest = rows;
    while !rest.is_empty() {
        let (count, bytes) = fitting(rest);
        let (these, others) = rest.split_at(count);
        give(slab(these, bytes));
        rest = others;
    }
}

/// How many of the first rows fill a slab, and how long it is.
fn fitting(rows: &[Row]) -> (usize, usize) {
    let mut bytes = SLAB_HEADER_BYTES;
    for (count, row) in rows.iter().enumerate() {
        let more = bytes + ROW_BYTES + body(row).len();
        if count > 0 && (count == SLAB_ROWS || more > SLAB_BYTES) {
            return (count, bytes);
        }
        bytes = more;
    }
    (rows.len(), bytes)
}

fn body(row: &Row) -> &[u8] {
    match row {
        Row::Call(call) => call.record.body(),
        Row::Partition { name, .. } => name.topic.as_bytes(),
        Row::Abort { .. } => &[],
    }
}

fn slab(rows: &[Row], bytes: usize) -> Vec<u8> {
    let mut slab = Vec::with_capacity(bytes);
    slab.extend_from_slice(&SLAB_VERSION.to_le_bytes());
    slab.extend_from_slice(&(rows.len() as u32).to_le_bytes());
    let mut start = SLAB_HEADER_BYTES + rows.len() * ROW_BYTES;
    for row in rows {
        slab.extend_from_slice(&packed(row, start as u32));
        start += body(row).len();
    }
    for row in rows {
        slab.extend_from_slice(body(row));
    }
    slab
}

fn packed(row: &Row, start: u32) -> [u8; ROW_BYTES] {
    let mut packed = [0; ROW_BYTES];
    match row {
        Row::Call(call) => message(&mut packed, call, start),
        Row::Abort { event, reason } => {
            word(&mut packed, 0, ROW_ABORT);
            word(&mut packed, EVENT_INDEX, event.index);
            word(&mut packed, EVENT_GENERATION, event.generation);
            word(&mut packed, ABORT_REASON, reason.code());
        }
        Row::Partition { index, name } => {
            word(&mut packed, 0, ROW_PARTITION);
            word(&mut packed, PARTITION_INDEX, index.0);
            float(&mut packed, PARTITION_NUMBER, f64::from(name.partition));
            word(&mut packed, BODY_START, start);
            word(&mut packed, KEY_LENGTH, name.topic.len() as u32);
        }
    }
    packed
}

fn message(packed: &mut [u8; ROW_BYTES], call: &Dispatch, start: u32) {
    let record = &call.record;
    word(packed, 0, ROW_MESSAGE);
    word(packed, EVENT_INDEX, call.event.index);
    word(packed, EVENT_GENERATION, call.event.generation);
    word(packed, PARTITION_INDEX, call.partition.0);
    float(packed, OFFSET, record.offset as f64);
    float(packed, TIMESTAMP, record.timestamp as f64);
    word(packed, BODY_START, start);
    word(packed, KEY_LENGTH, length(record.key()));
    word(packed, VALUE_LENGTH, length(record.value()));
    word(packed, HEADERS_LENGTH, record.headers().packed().len() as u32);
    word(packed, ATTEMPT, call.attempt);
}

/// −1 for null, as JavaScript reads it.
fn length(bytes: Option<&[u8]>) -> u32 {
    bytes.map_or(u32::MAX, |bytes| bytes.len() as u32)
}

fn word(packed: &mut [u8; ROW_BYTES], at: usize, value: u32) {
    packed[at..at + 4].copy_from_slice(&value.to_le_bytes());
}

fn float(packed: &mut [u8; ROW_BYTES], at: usize, value: f64) {
    packed[at..at + 8].copy_from_slice(&value.to_le_bytes());
}
