//! The house rules, run on this checkout.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::{path::Path, sync::OnceLock};

use prosody_tidy::{File, Finding, edges, fences, safety, siblings, sizes, table, tree, words};

fn files() -> &'static [File] {
    static FILES: OnceLock<Vec<File>> = OnceLock::new();
    FILES.get_or_init(|| tree::files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")).unwrap())
}

#[track_caller]
fn none(found: &[Finding]) {
    let lines: Vec<_> = found.iter().map(ToString::to_string).collect();
    assert!(lines.is_empty(), "\n{}\n", lines.join("\n"));
}

#[test]
fn the_whole_project_is_looked_at() {
    for path in
        ["Cargo.toml", "package.json", "crates/model/src/lib.rs", "bindings/src/lib.rs", "src/index.ts"]
    {
        assert!(files().iter().any(|file| file.path == path), "{path} was not read");
    }
}

#[test]
fn a_crate_names_only_crates_below_it() {
    none(&edges::edges(files(), table::EDGES));
}

#[test]
fn libraries_clocks_randomness_threads_and_unsafe_stay_inside_their_fences() {
    none(&fences::fences(files(), table::FENCES));
}

#[test]
fn no_file_is_too_long() {
    none(&sizes::long_files(files()));
}

#[test]
fn no_function_is_too_long() {
    none(&sizes::long_functions(files()));
}

#[test]
fn the_bindings_are_thin() {
    none(&sizes::thick_bindings(files()));
}

#[test]
fn tests_are_in_sibling_files() {
    none(&siblings::inline_tests(files()));
}

#[test]
fn nothing_is_marked_as_unfinished() {
    none(&words::unfinished(files(), table::FORBIDDEN));
}

#[test]
fn no_file_names_a_machine() {
    none(&words::local(files(), table::LOCAL));
}

#[test]
fn every_unsafe_has_its_argument() {
    none(&safety::unargued(files()));
}
