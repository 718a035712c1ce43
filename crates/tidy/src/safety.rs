//! Every `unsafe` says why it is sound.

use crate::{File, Finding, scan};

/// How far above the word the argument may begin: a comment, an attribute and the start of a long statement.
const REACH: usize = 8;

/// `unsafe` blocks and implementations with no `SAFETY` comment at or just above them.
pub fn unargued(files: &[File]) -> Vec<Finding> {
    let sources = files.iter().filter(|file| file.is_rust() && !file.is_under("crates/tidy"));
    sources.flat_map(|file| check(file, &scan::code(&file.text))).collect()
}

fn check(file: &File, code: &str) -> Vec<Finding> {
    let raw: Vec<_> = file.text.lines().collect();
    let mut found = Vec::new();
    for (line, text) in code.lines().enumerate() {
        // A function or a function type is unsafe for its callers; it argues nothing itself.
        let blocks = text.replace("unsafe fn", "").replace("unsafe extern", "");
        if !scan::has_word(&blocks, "unsafe") {
            continue;
        }
        let above = &raw[line.saturating_sub(REACH)..=line];
        if !above.iter().any(|comment| comment.contains("SAFETY:") || comment.contains("# Safety")) {
            found.push(Finding::new(file, line + 1, "unsafe without a SAFETY comment"));
        }
    }
    found
}

#[cfg(test)]
mod tests;
