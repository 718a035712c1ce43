//! The part of a `Cargo.toml` that the rules read: the name and the dependencies.

use crate::File;

/// Where a dependency is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Section {
    /// Shipped code and build scripts.
    Shipped,
    /// Tests and benchmarks.
    Tests,
}

#[derive(Debug)]
pub struct Dependency {
    pub name: String,
    pub section: Section,
    pub line: usize,
}

#[derive(Debug)]
pub struct Manifest {
    pub name: String,
    pub dependencies: Vec<Dependency>,
}

impl Manifest {
    /// Reads a manifest; `None` for one without a package, which is the workspace's.
    pub fn read(file: &File) -> Option<Self> {
        let mut manifest = Self { name: String::new(), dependencies: Vec::new() };
        let mut header = "";
        for (line, text) in file.text.lines().map(str::trim).enumerate() {
            if let Some(inner) = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
                header = inner;
                if let Some((section, Some(name))) = section(header) {
                    manifest.push(name, section, line);
                }
                continue;
            }
            let Some((key, value)) = text.split_once('=') else { continue };
            let key = key.trim().split('.').next().unwrap_or_default().trim_matches('"');
            if header == "package" && key == "name" {
                value.trim().trim_matches('"').clone_into(&mut manifest.name);
            } else if let Some((section, None)) = section(header) {
                manifest.push(key, section, line);
            }
        }
        (!manifest.name.is_empty()).then_some(manifest)
    }

    fn push(&mut self, name: &str, section: Section, line: usize) {
        self.dependencies.push(Dependency { name: name.to_owned(), section, line: line + 1 });
    }
}

/// What a header stands for, with the dependency's name where the header holds it (`[dependencies.bytes]`).
fn section(header: &str) -> Option<(Section, Option<&str>)> {
    let last = |mark: &str| header.rfind(mark).map(|at| &header[at + mark.len()..]);
    for (mark, section) in [
        ("dev-dependencies", Section::Tests),
        ("build-dependencies", Section::Shipped),
        ("dependencies", Section::Shipped),
    ] {
        if let Some(rest) = last(mark) {
            return Some((section, rest.strip_prefix('.')));
        }
    }
    None
}

#[cfg(test)]
mod tests;
