#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;

use super::*;
use crate::kind::Input;

#[test]
fn every_default_is_in_its_own_range() {
    for row in rows() {
        if let Preset::Value(text) | Preset::Computed(_, Some(text)) = row.preset {
            let result = row.kind.assign(&Input::Variable(text), &mut Options::default());
            assert!(result.is_ok(), "{}: {text}", row.name);
        }
    }
}

#[test]
fn an_option_that_cannot_be_absent_has_a_default() {
    for row in rows().filter(|row| !row.kind.optional()) {
        assert!(!matches!(row.preset, Preset::Absent), "{}", row.name);
    }
}

#[test]
fn every_word_of_a_choice_is_understood_and_no_other() {
    for row in rows() {
        if let Kind::Word { words, put, .. } = &row.kind {
            for word in words() {
                assert!(put(&mut Options::default(), word), "{}: {word}", row.name);
                assert!(put(&mut Options::default(), &word.to_ascii_uppercase()), "{}: {word}", row.name);
            }
            assert!(!put(&mut Options::default(), "nonsense"), "{}", row.name);
        }
    }
}

#[test]
fn no_name_and_no_variable_is_used_twice() {
    let names: BTreeSet<_> = rows().map(|row| row.name).collect();
    assert_eq!(names.len(), rows().count());
    let variables: Vec<_> =
        rows().flat_map(|row| [row.env, row.fallback]).filter(|name| !name.is_empty()).collect();
    assert_eq!(variables.iter().collect::<BTreeSet<_>>().len(), variables.len());
}

#[test]
fn every_member_belongs_to_a_known_object() {
    for row in rows() {
        let (group, _) = row.split();
        assert!(group.is_empty() || GROUPS.iter().any(|known| known.name == group), "{}", row.name);
    }
}

#[test]
fn every_option_is_explained_in_a_sentence() {
    for row in rows() {
        assert!(row.doc.ends_with('.') && !row.doc.contains(['|', '\n']), "{}: {:?}", row.name, row.doc);
        assert!(!row.doc.contains("  "), "{}: {:?}", row.name, row.doc);
    }
}

#[test]
fn the_unit_of_a_number_is_in_its_name() {
    for row in rows() {
        if let Kind::Time { unit, .. } = row.kind {
            let ending: &[&str] = if unit == Unit::Seconds { &["S", "Seconds"] } else { &["Ms"] };
            assert!(ending.iter().any(|ending| row.name.ends_with(ending)), "{}", row.name);
        }
    }
}
