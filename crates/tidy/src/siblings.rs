//! Tests of a module live in a file beside it, so that reading the module is not reading its tests.

use crate::{File, Finding, scan};

/// Test modules that are written inside another file.
pub fn inline_tests(files: &[File]) -> Vec<Finding> {
    let sources = files.iter().filter(|file| file.is_rust());
    sources.flat_map(|file| inline(file, &scan::code(&file.text))).collect()
}

fn inline(file: &File, code: &str) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut marked = false;
    for (line, text) in code.lines().map(str::trim).enumerate() {
        let module = text.starts_with("mod ") && text.contains('{');
        if module && (marked || text.starts_with("mod tests")) {
            found.push(Finding::new(file, line + 1, "tests belong in a sibling file: mod tests;"));
        }
        if !text.is_empty() && !text.starts_with("#[allow") {
            marked = text.starts_with("#[cfg(test)]");
        }
    }
    found
}

#[cfg(test)]
mod tests;
