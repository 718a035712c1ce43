//! Bits in text: fifteen of them to one UTF-16 unit.
//!
//! Kafka limits commit metadata by UTF-16 units. The 32,768 characters from U+3400 to U+B3FF are one unit
//! each, hold no surrogate, and come back from a broker as they went in, so one unit carries fifteen bits.

/// What a broker accepts unless it is configured otherwise (`offset.metadata.max.bytes`).
pub const DEFAULT_UNITS: usize = 4096;

/// What one commit can carry at most: a string of over 32,767 UTF-8 bytes makes the broker drop the
/// connection, and each of these characters takes three bytes.
pub const MAX_UNITS: usize = 32_767 / 3;

pub(super) const UNIT_BITS: u32 = 15;
const UNIT_MASK: u16 = (1 << UNIT_BITS) - 1;
const FIRST: u32 = 0x3400;

pub(super) fn to_char(unit: u16) -> char {
    // Always a character: the range ends at U+B3FF, below the surrogates.
    char::from_u32(FIRST + u32::from(unit & UNIT_MASK)).unwrap_or(char::REPLACEMENT_CHARACTER)
}

pub(super) fn from_char(character: char) -> Option<u16> {
    let value = u32::from(character).checked_sub(FIRST)?;
    u16::try_from(value).ok().filter(|unit| *unit <= UNIT_MASK)
}

/// Packs bits into units, most significant bit first.
#[derive(Default)]
pub(super) struct BitWriter {
    /// Bounded by what one map takes; handed out whole by [`BitWriter::finish`].
    units: Vec<u16>,
    partial: u16,
    filled: u32,
}

impl BitWriter {
    /// Appends the lowest `bits` bits of `value`.
    pub(super) fn push(&mut self, value: u64, mut bits: u32) {
        while bits > 0 {
            let taken = bits.min(UNIT_BITS - self.filled);
            bits -= taken;
            let chunk = (value >> bits) as u16 & (UNIT_MASK >> (UNIT_BITS - taken));
            self.partial = (self.partial << taken) | chunk;
            self.filled += taken;
            if self.filled == UNIT_BITS {
                self.units.push(self.partial);
                self.partial = 0;
                self.filled = 0;
            }
        }
    }

    /// Appends `count` ones and a zero.
    pub(super) fn push_unary(&mut self, mut count: u64) {
        while count >= u64::from(UNIT_BITS) {
            self.push(u64::MAX, UNIT_BITS);
            count -= u64::from(UNIT_BITS);
        }
        self.push(u64::MAX, count as u32);
        self.push(0, 1);
    }

    /// The units, the last one filled up with ones: a unary number that never ends, so a reader knows
    /// it for padding.
    pub(super) fn finish(mut self) -> Vec<u16> {
        if self.filled > 0 {
            self.push(u64::MAX, UNIT_BITS - self.filled);
        }
        self.units
    }
}

/// What a unary number turned out to be.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Unary {
    /// A number, ended by its zero.
    Number(u64),
    /// The bits ran out after this many ones.
    Padding(u32),
}

/// Reads what a [`BitWriter`] packed.
pub(super) struct BitReader<'a> {
    units: &'a [u16],
    position: usize,
}

impl<'a> BitReader<'a> {
    pub(super) fn new(units: &'a [u16]) -> Self {
        Self { units, position: 0 }
    }

    fn bit(&mut self) -> Option<bool> {
        let width = UNIT_BITS as usize;
        let unit = self.units.get(self.position / width)?;
        let shift = width - 1 - self.position % width;
        self.position += 1;
        Some(unit >> shift & 1 == 1)
    }

    /// The next `bits` bits, or nothing when fewer are left.
    pub(super) fn take(&mut self, bits: u32) -> Option<u64> {
        let mut value = 0;
        for _ in 0..bits {
            value = value << 1 | u64::from(self.bit()?);
        }
        Some(value)
    }

    pub(super) fn unary(&mut self) -> Unary {
        let mut ones = 0;
        loop {
            match self.bit() {
                Some(true) => ones += 1,
                Some(false) => return Unary::Number(ones),
                None => return Unary::Padding(u32::try_from(ones).unwrap_or(u32::MAX)),
            }
        }
    }
}

#[cfg(test)]
mod tests;
