#![allow(clippy::unwrap_used, clippy::single_range_in_vec_init)]

use super::*;
use proptest::prelude::*;

fn escaped(text: &str) -> String {
    text.escape_unicode().to_string()
}

/// Text with a right checksum around any payload.
fn sealed(tag: u16, committed: i64, payload: &[u16]) -> String {
    let sum = checksum(committed, payload);
    let header = [tag, (sum >> UNIT_BITS) as u16, sum as u16];
    header.into_iter().chain(payload.iter().copied()).map(to_char).collect()
}

fn packed(fields: &[(u64, u32)]) -> Vec<u16> {
    let mut bits = BitWriter::default();
    for (value, width) in fields {
        bits.push(*value, *width);
    }
    bits.finish()
}

fn any_map() -> impl Strategy<Value = Map> {
    let size = || prop_oneof![4 => 1..4_i64, 2 => 1..300_i64, 1 => 1..50_000_i64];
    let gap = || prop_oneof![4 => 1..4_i64, 2 => 1..300_i64, 1 => 1..1_i64 << 40];
    let parked = prop_oneof![Just(None), Just(Some(0)), any::<u32>().prop_map(Some)];
    let committed = prop_oneof![Just(0), Just(-1), 0..1_i64 << 20, 0..1_i64 << 62];
    let few = prop::collection::vec((prop_oneof![9 => 1..4_i64, 1 => size()], gap()), 0..20);
    let many = prop::collection::vec((1..3_i64, 1..40_i64), 0..2_000);
    (committed, prop_oneof![3 => few, 1 => many], parked).prop_map(|(committed, runs, parked)| {
        let mut position = committed;
        let mut holes = Vec::new();
        for (length, gap) in runs {
            holes.push(position..position + length);
            position += length + gap;
        }
        Map::new(committed, position, holes, parked).unwrap()
    })
}

/// What older and newer members of a group must agree on: these texts never change for this version.
#[test]
fn the_format_is_fixed() {
    let map = |committed, end, holes: &[Range<i64>], parked| {
        Map::new(committed, end, holes.to_vec(), parked).unwrap()
    };
    let scattered: Vec<Range<i64>> = (0..40).map(|index| index * index * 7..index * index * 7 + 2).collect();
    let golden = [
        (Map::empty(0, None), GOLDEN[0]),
        (Map::empty(42, Some(0)), GOLDEN[1]),
        (map(100, 101 + 5, &[100..101], None), GOLDEN[2]),
        (map(7, 30, &[7..9, 12..20], Some(3)), GOLDEN[3]),
        (
            map(1_000_000_007, 1_000_009_000 + 1_000_000, &[1_000_000_007..1_000_000_008], Some(u32::MAX)),
            GOLDEN[4],
        ),
        (map(0, 20_000, &scattered, Some(1)), GOLDEN[5]),
    ];
    for (map, text) in golden {
        assert_eq!(escaped(&encode(&map)), escaped(text), "{map:?}");
        assert_eq!(decode(text, map.committed()), Some(map));
    }
}

/// Made by a second encoder, written apart from this one.
const GOLDEN: [&str; 6] = [
    "\u{8D41}\u{4716}\u{7CA0}\u{3407}",
    "\u{8D41}\u{3516}\u{4A9E}\u{3607}",
    "\u{8D41}\u{5919}\u{918F}\u{340E}\u{B3FF}",
    "\u{8D41}\u{5FC4}\u{6726}\u{3B01}\u{941F}\u{B1FF}",
    "\u{8D41}\u{8E78}\u{86F3}\u{77FF}\u{B3FF}\u{B34E}\u{AA56}\u{3BFF}",
    "\u{8D41}\u{8642}\u{4751}\u{3838}\u{3414}\u{3426}\u{3421}\u{3417}\u{740F}\u{5409}\
     \u{6405}\u{7C03}\u{5001}\u{9E01}\u{3580}\u{5620}\u{3CF8}\u{365A}\u{349D}\u{7429}\
     \u{440A}\u{9002}\u{9900}\u{90C0}\u{4C08}\u{370F}\u{3463}\u{840C}\u{8A01}\u{8240}\
     \u{4E38}\u{3755}\u{346C}\u{640D}\u{9601}\u{93C0}\u{5034}\u{35C6}\u{941C}\u{8601}\
     \u{9AE0}\u{428A}\u{34EA}\u{640E}\u{9500}\u{AAF0}\u{3B7D}\u{3478}\u{6003}\u{9720}\
     \u{43FF}\u{B3FF}\u{B3FF}\u{B3FF}\u{B3FF}\u{75FF}",
];

#[test]
fn the_checksum_is_crc_30_cdma() {
    // Bit by bit, as the code is defined: 65 bits of offset, 20 of length, then the units.
    let message: Vec<bool> = (0..65)
        .rev()
        .map(|bit| 123_456_789_u128 >> bit & 1 == 1)
        .chain((0..20).rev().map(|bit| 2_u32 >> bit & 1 == 1))
        .chain(
            [0x1234_u16, 0x7FFF]
                .into_iter()
                .flat_map(|unit| (0..15).rev().map(move |bit| unit >> bit & 1 == 1)),
        )
        .collect();
    let mut register = (1_u32 << 30) - 1;
    for bit in message {
        let carry = (register >> 29 & 1 == 1) != bit;
        register = register << 1 & ((1 << 30) - 1);
        if carry {
            register ^= 0x2030_B9C7;
        }
    }
    assert_eq!(checksum(123_456_789, &[0x1234, 0x7FFF]), register ^ ((1 << 30) - 1));
}

#[test]
fn a_map_that_breaks_a_rule_is_not_made() {
    let refused: [(i64, &[Range<i64>]); 7] = [
        (20, &[11..12]),         // does not start at the committed offset
        (20, &[10..12, 11..13]), // overlaps
        (20, &[10..10]),         // empty
        (20, &[10..20]),         // ends unfinished
        (12, &[10..11, 14..15]), // beyond the end
        (20, &[]),               // finished at the committed offset
        (5, &[]),                // below it
    ];
    for (end, holes) in refused {
        assert_eq!(Map::new(10, end, holes.to_vec(), None), None, "{end} {holes:?}");
    }
    let touching = Map::new(10, 20, [10..12, 12..13], None).unwrap();
    assert_eq!(touching.holes(), [10..13]);
}

#[test]
fn foreign_text_is_no_map() {
    let long = "\u{3400}".repeat(MAX_UNITS + 1);
    for text in
        ["", "\0", "x", "eyJvZmZzZXQiOjF9", "{\"a\":1}", "\u{3400}", "㐀㐀㐀㐀", "\u{FFFD}", "💥", &long]
    {
        assert_eq!(decode(text, 0), None, "{text:?}");
    }
}

#[test]
fn text_with_something_before_or_behind_it_is_no_map() {
    let text = encode(&Map::empty(9, Some(7)));
    assert!(decode(&text, 9).is_some());
    for changed in
        [format!("{text}\0"), format!("{text} "), format!("{text}{text}"), format!("\u{FEFF}{text}")]
    {
        assert_eq!(decode(&changed, 9), None);
    }
}

#[test]
fn a_newer_version_is_no_map() {
    let payload = packed(&[(0, 6), (0, 6)]);
    assert!(decode(&sealed(TAG, 5, &payload), 5).is_some());
    for tag in (0..=0x7FFF).filter(|tag| *tag != TAG) {
        assert_eq!(decode(&sealed(tag, 5, &payload), 5), None);
    }
}

#[test]
fn nonsense_under_a_right_checksum_is_no_map() {
    let nonsense: [&[(u64, u32)]; 9] = [
        &[],                                                        // nothing at all
        &[(34, 6), (0, 40)],                                        // a number of parked keys of 33 bits
        &[(33, 6), (0, 3)],                                         // one that is cut
        &[(0, 6), (63, 6)],                                         // a parameter beyond the largest
        &[(0, 6), (0, 6), (0, 1)],                                  // ends with a hole
        &[(0, 6), (0, 6), (u64::MAX, 30)],                          // padding of whole units
        &[(0, 6), (20, 6), (0, 3)],                                 // the low bits are cut
        &[(0, 6), (62, 6), (0b1110, 4), (0, 62)],                   // over 63 bits
        &[(0, 6), (62, 6), (0b10, 2), (0, 62), (0b10, 2), (0, 62)], // beyond the last offset
    ];
    for fields in nonsense {
        assert_eq!(decode(&sealed(TAG, 5, &packed(fields)), 5), None, "{fields:?}");
    }
}

#[test]
fn every_unit_survives_in_a_payload() {
    // Not every payload is a map: what is tested is that each unit is read back as it was written.
    for unit in 0..=0x7FFF_u16 {
        let text = sealed(TAG, 0, &[unit]);
        let read: Vec<u16> = text.chars().map(|character| from_char(character).unwrap()).collect();
        assert_eq!(read[3], unit);
    }
}

proptest! {
    #[test]
    fn what_is_encoded_is_decoded(map in any_map()) {
        let text = encode(&map);
        prop_assume!(text.encode_utf16().count() <= MAX_UNITS);
        prop_assert_eq!(decode(&text, map.committed()), Some(map));
    }

    #[test]
    fn the_length_is_what_the_fields_add_up_to(map in any_map()) {
        let (_, list) = list_bits(map.holes(), map.end());
        let parked = map.parked().map_or(0, |parked| (32 - parked.leading_zeros()).saturating_sub(1));
        let bits = 45 + 6 + u64::from(parked) + 6 + if map.holes().is_empty() { 0 } else { list };
        prop_assert_eq!(encode(&map).encode_utf16().count() as u64, bits.div_ceil(15));
    }

    #[test]
    fn no_parameter_makes_a_shorter_list(map in any_map()) {
        prop_assume!(!map.holes().is_empty());
        let (_, best) = list_bits(map.holes(), map.end());
        for parameter in 0..=MAX_PARAMETER {
            let bits: u128 = runs(map.holes(), map.end())
                .map(|(length, gap)| u128::from(length) * u128::from(parameter + 1) + u128::from(gap >> parameter))
                .sum();
            prop_assert!(u128::from(best) <= bits);
        }
    }

    /// So a lone open record is always let in: what is left above it never needs more than before.
    #[test]
    fn a_map_without_its_first_offsets_is_no_longer(map in any_map(), cut in any::<prop::sample::Index>()) {
        prop_assume!(!map.holes().is_empty());
        let index = cut.index(map.holes().len());
        let first = map.holes()[index].end - 1;
        let rest = [first..first + 1].into_iter().chain(map.holes()[index + 1..].iter().cloned());
        let rest = Map::new(first, map.end(), rest, map.parked()).unwrap();
        prop_assert!(encode(&rest).len() <= encode(&map).len());
    }

    #[test]
    fn one_changed_character_is_found(
        map in any_map(), at in any::<prop::sample::Index>(), change in 1..=0x7FFF_u16,
    ) {
        let mut text: Vec<char> = encode(&map).chars().collect();
        let at = at.index(text.len());
        text[at] = to_char(from_char(text[at]).unwrap() ^ change);
        prop_assert_eq!(decode(&text.iter().collect::<String>(), map.committed()), None);
    }

    #[test]
    fn two_changed_neighbours_are_found(
        map in any_map(), at in any::<prop::sample::Index>(), change in 1..1_u32 << 30,
    ) {
        let mut text: Vec<char> = encode(&map).chars().collect();
        let at = 3 + at.index(text.len() - 3);
        prop_assume!(at + 1 < text.len());
        text[at] = to_char(from_char(text[at]).unwrap() ^ (change >> 15) as u16);
        text[at + 1] = to_char(from_char(text[at + 1]).unwrap() ^ (change & 0x7FFF) as u16);
        prop_assert_eq!(decode(&text.iter().collect::<String>(), map.committed()), None);
    }

    /// Passes by chance once in 2^30 cuts.
    #[test]
    fn a_cut_text_is_no_map(map in any_map(), at in any::<prop::sample::Index>()) {
        let text: Vec<char> = encode(&map).chars().collect();
        let cut: String = text[..at.index(text.len())].iter().collect();
        prop_assert_eq!(decode(&cut, map.committed()), None);
    }

    #[test]
    fn the_map_of_a_nearby_commit_is_none(map in any_map(), by in 1..1_i64 << 29) {
        let text = encode(&map);
        prop_assert_eq!(decode(&text, map.committed().wrapping_add(by)), None);
        prop_assert_eq!(decode(&text, map.committed().wrapping_sub(by)), None);
    }

    #[test]
    fn any_payload_is_read_or_refused(payload in prop::collection::vec(0..=0x7FFF_u16, 0..200), committed: i64) {
        let text = sealed(TAG, committed, &payload);
        if let Some(map) = decode(&text, committed) {
            prop_assert_eq!(decode(&encode(&map), committed), Some(map));
        }
    }

    #[test]
    fn any_text_is_refused_without_harm(text in ".{0,200}", committed: i64) {
        prop_assert_eq!(decode(&text, committed), None);
    }
}
