use super::{long_files, long_functions, thick_bindings};
use crate::File;

fn lines(count: usize) -> String {
    "x();\n".repeat(count)
}

#[test]
fn a_file_of_501_lines_is_found_wherever_it_is() {
    for path in ["crates/a/src/lib.rs", "crates/a/src/lib/tests.rs", "src/a.ts", "bench/run.mjs"] {
        assert_eq!(long_files(&[File::new(path, lines(501))]).len(), 1, "{path}");
        assert!(long_files(&[File::new(path, lines(500))]).is_empty(), "{path}");
    }
}

#[test]
fn a_script_without_an_extension_counts_and_a_document_does_not() {
    assert_eq!(long_files(&[File::new("scripts/x", format!("#!/bin/sh\n{}", lines(500)))]).len(), 1);
    assert!(long_files(&[File::new("docs/x.md", lines(501))]).is_empty());
}

#[test]
fn a_generated_file_may_be_long() {
    assert!(long_files(&[File::new("src/a.ts", format!("// Generated from x\n{}", lines(600)))]).is_empty());
}

#[test]
fn a_function_of_80_lines_is_found_and_79_are_fine() {
    let function = |count| format!("struct A;\npub fn f(x: [u8; 2]) {{\n{}}}\nfn g() {{}}\n", lines(count));
    let found = long_functions(&[File::new("a/lib.rs", function(78))]);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].line, 2);
    assert!(long_functions(&[File::new("a/lib.rs", function(77))]).is_empty());
    assert!(long_functions(&[File::new("a/tests/b.rs", function(100))]).is_empty());
}

#[test]
fn a_declaration_without_a_body_ends_at_its_semicolon() {
    let text = format!("trait T {{\nfn f(&self);\n}}\n{}", lines(100));
    assert!(long_functions(&[File::new("a/lib.rs", text)]).is_empty());
}

#[test]
fn braces_in_strings_do_not_end_a_function() {
    let text = format!("fn f() {{\nlet s = \"}}\";\n{}}}\n", lines(90));
    assert_eq!(long_functions(&[File::new("a/lib.rs", text)]).len(), 1);
}

#[test]
fn bindings_over_a_fifth_are_found() {
    let tree = |count| {
        [File::new("bindings/src/lib.rs", lines(count)), File::new("crates/a/src/lib.rs", lines(100))]
    };
    assert!(thick_bindings(&tree(20)).is_empty());
    assert_eq!(thick_bindings(&tree(21)).len(), 1);
}
