//! Files and functions stay short, and the bindings stay thin.

use crate::{
    File, Finding, scan,
    table::{BINDINGS_SHARE, FUNCTION_LINES, MOST_LINES},
};

/// Source files that are too long. Generated ones are exempt: nobody reads them from top to bottom.
pub fn long_files(files: &[File]) -> Vec<Finding> {
    let sources = files.iter().filter(|file| file.is_rust() || file.is_typescript() || is_script(file));
    let long = sources.filter(|file| !file.is_generated() && file.text.lines().count() > MOST_LINES);
    long.map(|file| Finding::new(file, file.text.lines().count(), format!("more than {MOST_LINES} lines")))
        .collect()
}

fn is_script(file: &File) -> bool {
    file.text.starts_with("#!")
}

/// Functions of shipped Rust code that are too long. The linter looks at those in TypeScript.
pub fn long_functions(files: &[File]) -> Vec<Finding> {
    let sources = files.iter().filter(|file| file.is_rust() && !file.is_test() && !file.is_generated());
    sources.flat_map(|file| functions(file, &scan::code(&file.text))).collect()
}

fn functions(file: &File, code: &str) -> Vec<Finding> {
    let mut found = Vec::new();
    for (at, _) in code.match_indices("fn ") {
        if code[..at].chars().next_back().is_some_and(|c| c.is_alphanumeric() || c == '_') {
            continue;
        }
        let first = code[..at].matches('\n').count() + 1;
        let lines = body(&code[at..]).matches('\n').count() + 1;
        if lines >= FUNCTION_LINES {
            found.push(Finding::new(
                file,
                first,
                format!("a function of {lines} lines; below {FUNCTION_LINES} please"),
            ));
        }
    }
    found
}

/// From `fn` to the closing brace; only the signature where there is no body.
fn body(code: &str) -> &str {
    let mut depth = 0_usize;
    for (at, c) in code.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth <= 1 => return &code[..at],
            '}' => depth -= 1,
            ';' if depth == 0 && !in_brackets(&code[..at]) => return &code[..at],
            _ => {}
        }
    }
    code
}

/// `[u8; 4]` in a signature ends nothing.
fn in_brackets(signature: &str) -> bool {
    signature.matches('[').count() > signature.matches(']').count()
}

/// Whether the addon has begun to hold policy: its share of the shipped Rust code is too large.
pub fn thick_bindings(files: &[File]) -> Vec<Finding> {
    let shipped = files.iter().filter(|file| file.is_rust() && !file.is_test());
    let (mut bindings, mut crates) = (0, 0);
    for file in shipped {
        if file.is_under("bindings") {
            bindings += file.text.lines().count();
        } else if file.is_under("crates") && !file.is_under("crates/tidy") && !file.is_under("crates/sim") {
            crates += file.text.lines().count();
        }
    }
    if bindings * 100 <= crates * BINDINGS_SHARE {
        return Vec::new();
    }
    let what = format!("{bindings} lines, more than {BINDINGS_SHARE} in a hundred of the crates' {crates}");
    vec![Finding { path: "bindings".to_owned(), line: 0, what }]
}

#[cfg(test)]
mod tests;
