#![allow(clippy::unwrap_used)]

use super::*;
use proptest::prelude::*;

#[test]
fn every_unit_is_one_utf16_unit_of_three_bytes_and_comes_back() {
    for unit in 0..=0x7FFF_u16 {
        let character = to_char(unit);
        assert_eq!(u32::from(character), 0x3400 + u32::from(unit));
        assert_eq!((character.len_utf16(), character.len_utf8()), (1, 3));
        assert_eq!(from_char(character), Some(unit));
    }
}

#[test]
fn characters_outside_the_range_are_no_units() {
    for character in ['\0', 'a', '\u{33FF}', '\u{B400}', '\u{FFFD}', '\u{13400}', '\u{10FFFF}'] {
        assert_eq!(from_char(character), None, "{character:?}");
    }
}

#[test]
fn a_reader_says_when_the_bits_run_out() {
    let mut writer = BitWriter::default();
    writer.push(0b101, 3);
    let units = writer.finish();
    let mut reader = BitReader::new(&units);
    assert_eq!(reader.take(3), Some(0b101));
    assert_eq!(reader.unary(), Unary::Padding(12));
    assert_eq!(reader.take(1), None);
}

proptest! {
    #[test]
    fn what_is_written_is_read(items in prop::collection::vec((any::<bool>(), any::<u64>(), 0..=63_u32), 0..60)) {
        let mut writer = BitWriter::default();
        for (unary, value, bits) in &items {
            if *unary { writer.push_unary(value % 200) } else { writer.push(*value, *bits) }
        }
        let units = writer.finish();
        let mut reader = BitReader::new(&units);
        for (unary, value, bits) in &items {
            if *unary {
                prop_assert_eq!(reader.unary(), Unary::Number(value % 200));
            } else {
                prop_assert_eq!(reader.take(*bits), Some(value & ((1 << bits) - 1)));
            }
        }
        prop_assert!(matches!(reader.unary(), Unary::Padding(0..=14)));
    }
}
