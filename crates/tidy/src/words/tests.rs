use super::{local, unfinished};
use crate::{
    File,
    table::{FORBIDDEN, LOCAL},
};

#[test]
fn every_forbidden_word_is_found_with_its_line() {
    for (word, _) in FORBIDDEN {
        let file = File::new("a.md", format!("one\n{word}: two\n"));
        let found = unfinished(&[file], FORBIDDEN);
        assert_eq!(found.len(), 1, "{word}");
        assert_eq!(found[0].line, 2);
    }
}

#[test]
fn a_forbidden_word_inside_another_is_fine() {
    let (word, _) = FORBIDDEN[0];
    assert!(unfinished(&[File::new("a.md", format!("{word}S and x{word}"))], FORBIDDEN).is_empty());
}

#[test]
fn every_local_path_and_host_is_found() {
    for part in LOCAL {
        assert_eq!(local(&[File::new("a.json", format!("\"x{part}y\""))], LOCAL).len(), 1, "{part}");
    }
}

#[test]
fn a_relative_path_is_fine() {
    assert!(local(&[File::new("a.md", "see crates/kafka and ./target/debug")], LOCAL).is_empty());
}
