//! The checksum of a completion map.
//!
//! A cyclic code of thirty bits, which is two units: it surely finds any damage that lies within thirty
//! bits in a row, hence any one character and any two neighbours, and overlooks other damage once in 2^30.
//! The committed offset is part of what is summed: a map that came with another commit does not pass.

use super::units::UNIT_BITS;

pub(super) const CHECKSUM_BITS: u32 = 30;

const MASK: u32 = (1 << CHECKSUM_BITS) - 1;
/// CRC-30/CDMA.
const POLYNOMIAL: u32 = 0x2030_B9C7;
/// A unit is three steps of five bits.
const STEP: u32 = 5;
const TABLE: [u32; 1 << STEP] = table();

const fn table() -> [u32; 1 << STEP] {
    let mut table = [0; 1 << STEP];
    let mut index = 0;
    while index < table.len() {
        let mut register = (index as u32) << (CHECKSUM_BITS - STEP);
        let mut bit = 0;
        while bit < STEP {
            let carry = register >> (CHECKSUM_BITS - 1) & 1 == 1;
            register = register << 1 & MASK;
            if carry {
                register ^= POLYNOMIAL;
            }
            bit += 1;
        }
        table[index] = register;
        index += 1;
    }
    table
}

pub(super) fn checksum(committed: i64, payload: &[u16]) -> u32 {
    // 64 bits of offset in 13 steps; the number of units in 4, so that a cut is no mere prefix.
    let mut register = feed(MASK, u128::from(committed as u64), 13 * STEP);
    register = feed(register, payload.len() as u128, 4 * STEP);
    for unit in payload {
        register = feed(register, u128::from(*unit), UNIT_BITS);
    }
    register ^ MASK
}

fn feed(mut register: u32, value: u128, mut bits: u32) -> u32 {
    while bits > 0 {
        bits -= STEP;
        let index = (register >> (CHECKSUM_BITS - STEP)) ^ ((value >> bits) as u32 & ((1 << STEP) - 1));
        register = (register << STEP & MASK) ^ TABLE[index as usize];
    }
    register
}
