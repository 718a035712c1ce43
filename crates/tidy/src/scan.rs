//! Enough of a lexer to tell code from comments and strings, in Rust and in TypeScript.

/// The text with every comment, string and character literal replaced by spaces; lines keep their numbers.
pub fn code(text: &str) -> String {
    let mut scan = Scan { rest: text, out: String::with_capacity(text.len()) };
    while let Some(first) = scan.rest.chars().next() {
        scan.step(first);
    }
    scan.out
}

/// Whether `word` stands in `line` with no letter, digit or underscore on either side.
pub fn has_word(line: &str, word: &str) -> bool {
    let part = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(word).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let after = line[at + word.len()..].chars().next();
        !before.is_some_and(part) && !after.is_some_and(part)
    })
}

struct Scan<'a> {
    rest: &'a str,
    out: String,
}

impl Scan<'_> {
    fn step(&mut self, first: char) {
        if self.rest.starts_with("//") {
            let length = self.rest.find('\n').unwrap_or(self.rest.len());
            self.blank(length);
        } else if self.rest.starts_with("/*") {
            let length = block_comment(self.rest);
            self.blank(length);
        } else if let Some(length) = raw_string(self.rest, self.out.chars().next_back()) {
            self.blank(length);
        } else if first == '"' || first == '`' {
            let length = quoted(self.rest, first);
            self.blank(length);
        } else if first == '\'' {
            let length = apostrophe(self.rest);
            if length == 1 { self.keep(1) } else { self.blank(length) }
        } else {
            self.keep(first.len_utf8());
        }
    }

    fn keep(&mut self, length: usize) {
        let (now, later) = self.rest.split_at(length);
        self.out.push_str(now);
        self.rest = later;
    }

    fn blank(&mut self, length: usize) {
        let (now, later) = self.rest.split_at(length);
        self.out.extend(now.chars().map(|c| if c == '\n' { '\n' } else { ' ' }));
        self.rest = later;
    }
}

/// The length of a block comment; Rust's may be nested.
fn block_comment(text: &str) -> usize {
    let (mut depth, mut at) = (0_usize, 0);
    while at < text.len() {
        if text[at..].starts_with("/*") {
            depth += 1;
            at += 2;
        } else if text[at..].starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += text[at..].chars().next().map_or(1, char::len_utf8);
        }
    }
    text.len()
}

/// The length of a Rust raw string, if one starts here.
fn raw_string(text: &str, before: Option<char>) -> Option<usize> {
    if before.is_some_and(|c| c.is_alphanumeric() || c == '_') {
        return None;
    }
    let prefix = ["br", "cr", "r"].into_iter().find(|prefix| text.starts_with(prefix))?;
    let hashes = text[prefix.len()..].chars().take_while(|&c| c == '#').count();
    let body = prefix.len() + hashes + 1;
    if !text[prefix.len() + hashes..].starts_with('"') {
        return None;
    }
    let end = format!("\"{}", "#".repeat(hashes));
    Some(text[body..].find(&end).map_or(text.len(), |at| body + at + end.len()))
}

/// The length of a string that ends with `quote`; a backslash hides what follows it.
fn quoted(text: &str, quote: char) -> usize {
    let mut hidden = false;
    for (at, c) in text.char_indices().skip(1) {
        if hidden {
            hidden = false;
        } else if c == '\\' {
            hidden = true;
        } else if c == quote {
            return at + 1;
        }
    }
    text.len()
}

/// The length of a character literal or of a TypeScript string; 1 if the apostrophe starts a lifetime.
fn apostrophe(text: &str) -> usize {
    let line = &text[..text.find('\n').unwrap_or(text.len())];
    let mut chars = line.chars().skip(1);
    let (first, second) = (chars.next(), chars.next());
    let lifetime = first.is_some_and(|c| c.is_alphabetic() || c == '_') && second != Some('\'');
    let length = quoted(line, '\'');
    let closed = line.len() > 1 && line[..length].ends_with('\'') && length > 1;
    // `'a, 'b` in Rust looks like a string; a TypeScript string is the only other reading, and then it is closed on
    // its line without a character that only stands between lifetimes.
    if !closed || (lifetime && line[1..length - 1].contains([',', '>', '<', '&', ':', '(', ')'])) {
        return 1;
    }
    length
}

#[cfg(test)]
mod tests;
