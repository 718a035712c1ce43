//! The house rules, as functions over the project's files; `tests/house_rules.rs` runs them.
//!
//! Every rule takes files and gives findings, so that its own test can hand it a file that breaks it. What is
//! allowed where is written in [`table`], and nowhere else.

pub mod edges;
pub mod fences;
mod manifest;
pub mod safety;
mod scan;
pub mod siblings;
pub mod sizes;
pub mod table;
pub mod tree;
pub mod words;

use std::fmt;

/// A file of the project: its path from the project's folder, with `/`, and its text.
#[derive(Clone, Debug)]
pub struct File {
    pub path: String,
    pub text: String,
}

impl File {
    /// A file as a rule sees it.
    pub fn new(path: impl Into<String>, text: impl Into<String>) -> Self {
        Self { path: path.into(), text: text.into() }
    }

    fn is(&self, extension: &str) -> bool {
        self.path.rsplit_once('.').is_some_and(|(_, end)| end == extension)
    }

    fn is_rust(&self) -> bool {
        self.is("rs")
    }

    fn is_typescript(&self) -> bool {
        ["ts", "mts", "cts", "js", "mjs", "cjs"].iter().any(|end| self.is(end))
    }

    fn is_under(&self, folder: &str) -> bool {
        self.path.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }

    /// Tests, test support and micro-benchmarks: nothing of it is shipped.
    fn is_test(&self) -> bool {
        self.path
            .split('/')
            .any(|part| ["tests", "tests.rs", "benches", "examples", "__test__"].contains(&part))
    }

    /// Written by a program and compared with it by a test of that program.
    fn is_generated(&self) -> bool {
        self.text.starts_with("// Generated from ")
    }
}

/// A place that breaks a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    pub path: String,
    pub line: usize,
    pub what: String,
}

impl Finding {
    fn new(file: &File, line: usize, what: impl Into<String>) -> Self {
        Self { path: file.path.clone(), line, what: what.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.path, self.line, self.what)
    }
}
