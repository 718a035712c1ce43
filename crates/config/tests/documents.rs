//! The generated files are what the option table says.

#![allow(clippy::expect_used, clippy::panic)]

use std::{env, fs, path::PathBuf};

use prosody_config::documents;

/// Compares a file of the repository with its text, or writes it if `UPDATE_DOCS` is set.
fn is_current(file: &str, text: &str) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..").join(file);
    if env::var_os("UPDATE_DOCS").is_some() {
        fs::write(&path, text).expect("the file can be written");
    }
    let current = fs::read_to_string(&path).unwrap_or_default();
    assert!(current == text, "{file} is out of date: UPDATE_DOCS=1 cargo test -p prosody-config writes it");
}

#[test]
fn the_reference_is_what_the_table_says() {
    is_current("docs/configuration.md", &documents::markdown());
}

#[test]
fn the_type_is_what_the_table_says() {
    is_current("src/configuration.ts", &documents::typescript());
}
