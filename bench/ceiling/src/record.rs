//! The record that every contestant sends and reads: JSON with its facts at fixed places.
//!
//! `{"seq":"0000000123","at":"0000000000000000","key":"key-0001","pad":"…"}`: the number of the record within its key,
//! the monotonic microsecond it was sent at, its key, and padding up to the wanted size.

const SEQ: usize = 8;
const AT: usize = 26;
const KEY: usize = 51;
const PAD: usize = 68;
const TAIL: usize = 2;

/// Sizes below this cannot hold the facts.
pub const LEAST_BYTES: usize = PAD + TAIL;

/// Writes records one after the other into the same buffer.
pub struct Writer {
    value: Vec<u8>,
    key: [u8; 8],
}

impl Writer {
    pub fn new(bytes: usize) -> Self {
        let pad = "x".repeat(bytes.max(LEAST_BYTES) - LEAST_BYTES);
        let text =
            format!(r#"{{"seq":"0000000000","at":"0000000000000000","key":"key-0000","pad":"{pad}"}}"#);
        Self { value: text.into_bytes(), key: *b"key-0000" }
    }

    /// The key and value of record `seq` of key number `key`.
    pub fn write(&mut self, key: usize, seq: u64, at: u64) -> (&[u8], &[u8]) {
        digits(&mut self.key[4..], key as u64);
        digits(&mut self.value[SEQ..SEQ + 10], seq);
        digits(&mut self.value[AT..AT + 16], at);
        self.value[KEY..KEY + 8].copy_from_slice(&self.key);
        (&self.key, &self.value)
    }
}

fn digits(to: &mut [u8], mut number: u64) {
    for place in to.iter_mut().rev() {
        *place = b'0' + (number % 10) as u8;
        number /= 10;
    }
}

fn number(from: Option<&[u8]>) -> Option<u64> {
    from?.iter().try_fold(0, |sum, byte| byte.is_ascii_digit().then(|| sum * 10 + u64::from(byte - b'0')))
}

/// The instant a record was sent at.
pub fn sent_at(value: &[u8]) -> u64 {
    number(value.get(AT..AT + 16)).unwrap_or(0)
}

/// Checks that every key's records come once each and in order.
pub struct Check {
    next: Vec<u64>,
    pub seen: u64,
    pub violations: u64,
}

impl Check {
    pub fn new(keys: usize) -> Self {
        Self { next: vec![0; keys], seen: 0, violations: 0 }
    }

    pub fn see(&mut self, key: &[u8], value: &[u8]) {
        self.seen += 1;
        let key = number(key.get(4..8)).and_then(|key| self.next.get_mut(key as usize));
        let seq = number(value.get(SEQ..SEQ + 10));
        match (key, seq) {
            (Some(next), Some(seq)) => {
                self.violations += u64::from(seq != *next);
                *next = seq + 1;
            }
            _ => self.violations += 1,
        }
    }
}
