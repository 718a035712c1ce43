//! Texts as they stand in JSON.

/// A text on the bytes it was found in: of a header, or between the quotes of a JSON string.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Text<'a> {
    raw: &'a [u8],
    escaped: bool,
}

impl<'a> Text<'a> {
    pub(crate) fn new(raw: &'a [u8], escaped: bool) -> Self {
        Self { raw, escaped }
    }

    pub(crate) fn plain(raw: &'a [u8]) -> Self {
        Self { raw, escaped: false }
    }

    /// Whether the text begins with `prefix`, and so whether they are equal if they are as long.
    pub fn starts_with(&self, prefix: &[u8]) -> bool {
        if !self.escaped {
            return self.raw.starts_with(prefix);
        }
        let mut bytes = Unescaped::new(self.raw);
        prefix.iter().all(|&byte| bytes.next() == Some(byte))
    }

    /// The bytes as they are, if nothing is escaped.
    pub(crate) fn raw(&self) -> Option<&'a [u8]> {
        (!self.escaped).then_some(self.raw)
    }

    pub(crate) fn is(&self, other: &[u8]) -> bool {
        Unescaped::new(self.raw).eq(other.iter().copied())
    }

    /// Appends the text, its escapes resolved. Half a surrogate pair becomes three bytes of its own.
    pub fn write(&self, out: &mut Vec<u8>) {
        if self.escaped {
            out.extend(Unescaped::new(self.raw));
        } else {
            out.extend_from_slice(self.raw);
        }
    }
}

/// The bytes of a string whose escapes are known to be well-formed.
struct Unescaped<'a> {
    raw: &'a [u8],
    /// What an escape stands for, and how much of it is left.
    pending: [u8; 4],
    left: usize,
}

impl<'a> Unescaped<'a> {
    fn new(raw: &'a [u8]) -> Self {
        Self { raw, pending: [0; 4], left: 0 }
    }

    /// Puts the bytes of a code point in, and gives the first of them.
    fn put(&mut self, code: u32) -> u8 {
        let low = |shift: u32| 0x80 | (code >> shift & 0x3f) as u8;
        let (bytes, length) = match code {
            0..0x80 => ([0, 0, 0, code as u8], 1),
            0x80..0x800 => ([0, 0, 0xc0 | (code >> 6) as u8, low(0)], 2),
            0x800..0x1_0000 => ([0, 0xe0 | (code >> 12) as u8, low(6), low(0)], 3),
            _ => ([0xf0 | (code >> 18) as u8, low(12), low(6), low(0)], 4),
        };
        (self.pending, self.left) = (bytes, length - 1);
        bytes[4 - length]
    }
}

/// The four hexadecimal digits of `\uXXXX`.
fn unit(raw: &[u8]) -> Option<(u32, &[u8])> {
    let (digits, rest) = raw.strip_prefix(b"\\u")?.split_first_chunk::<4>()?;
    let value = digits.iter().fold(0, |unit, &digit| unit << 4 | hexadecimal(digit));
    Some((value, rest))
}

fn hexadecimal(digit: u8) -> u32 {
    u32::from(match digit {
        b'0'..=b'9' => digit - b'0',
        _ => (digit | 0x20).wrapping_sub(b'a' - 10) & 0xf,
    })
}

impl Iterator for Unescaped<'_> {
    type Item = u8;

    fn next(&mut self) -> Option<u8> {
        if self.left > 0 {
            let byte = self.pending[4 - self.left];
            self.left -= 1;
            return Some(byte);
        }
        let (&byte, rest) = self.raw.split_first()?;
        if byte != b'\\' {
            self.raw = rest;
            return Some(byte);
        }
        let Some((high, after)) = unit(self.raw) else {
            let (&letter, rest) = rest.split_first()?;
            self.raw = rest;
            return Some(match letter {
                b'b' => 8,
                b'f' => 12,
                b'n' => 10,
                b'r' => 13,
                b't' => 9,
                same => same,
            });
        };
        self.raw = after;
        if (0xd800..0xdc00).contains(&high)
            && let Some((low @ 0xdc00..0xe000, after)) = unit(after)
        {
            self.raw = after;
            return Some(self.put(0x1_0000 + ((high - 0xd800) << 10 | (low - 0xdc00))));
        }
        Some(self.put(high))
    }
}
