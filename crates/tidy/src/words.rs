//! No file holds notes to ourselves, or names the machine it was written on.

use crate::{File, Finding, scan};

/// Words that stand for unfinished work.
pub fn unfinished(files: &[File], words: &[(&str, &str)]) -> Vec<Finding> {
    let mut found = Vec::new();
    for file in files {
        for (line, text) in file.text.lines().enumerate() {
            let hits = words.iter().filter(|(word, _)| scan::has_word(text, word));
            found.extend(hits.map(|(word, then)| Finding::new(file, line + 1, format!("{word}: {then}"))));
        }
    }
    found
}

/// Folders and package hosts of one machine.
pub fn local(files: &[File], parts: &[&str]) -> Vec<Finding> {
    let mut found = Vec::new();
    for file in files {
        for (line, text) in file.text.lines().enumerate() {
            let hits = parts.iter().filter(|part| text.contains(**part));
            found.extend(hits.map(|part| Finding::new(file, line + 1, format!("{part} is one machine's"))));
        }
    }
    found
}

#[cfg(test)]
mod tests;
