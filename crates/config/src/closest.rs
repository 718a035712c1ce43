//! The known name nearest to a misspelt one.

/// The nearest of `known`, letters counted alike in either case; the first of equally near ones.
pub(crate) fn closest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> &'a str {
    // A name this long is no slip of the pen, and distances cost its length times that of each known name.
    let name: Vec<char> = name.chars().take(64).map(|c| c.to_ascii_lowercase()).collect();
    known.min_by_key(|candidate| distance(&name, candidate)).unwrap_or_default()
}

/// Insertions, deletions and substitutions between the two (Levenshtein).
fn distance(name: &[char], known: &str) -> usize {
    let mut row: Vec<usize> = (0..=name.len()).collect();
    for (i, letter) in known.chars().enumerate() {
        let letter = letter.to_ascii_lowercase();
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, own) in name.iter().enumerate() {
            let substituted = diagonal + usize::from(*own != letter);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[name.len()]
}

#[cfg(test)]
mod tests;
