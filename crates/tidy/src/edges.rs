//! A crate names only crates below it.

use crate::{
    File, Finding,
    manifest::{Dependency, Manifest, Section},
    table::Edges,
};

/// Dependencies between crates that the table does not allow, and crates that it does not know.
pub fn edges(files: &[File], table: &[Edges]) -> Vec<Finding> {
    let ours = |file: &&File| file.is_under("crates") || file.is_under("bindings");
    let manifests = files.iter().filter(ours).filter(|file| file.path.ends_with("Cargo.toml"));
    manifests.filter_map(|file| Some((file, Manifest::read(file)?))).fold(
        Vec::new(),
        |mut all, (file, manifest)| {
            let Some(row) = table.iter().position(|row| row.name == manifest.name) else {
                all.push(Finding::new(
                    file,
                    1,
                    format!("the crate {} is not in the table of edges", manifest.name),
                ));
                return all;
            };
            for dependency in &manifest.dependencies {
                if dependency.name.starts_with("prosody-") && !allowed(dependency, row, table) {
                    let what = format!("{} must not name {}", manifest.name, dependency.name);
                    all.push(Finding::new(file, dependency.line, what));
                }
            }
            all
        },
    )
}

/// Tests may name every row below, whether the shipped code does or not, and themselves.
fn allowed(dependency: &Dependency, row: usize, table: &[Edges]) -> bool {
    match dependency.section {
        Section::Shipped => table[row].may_name.contains(&dependency.name.as_str()),
        Section::Tests => table[row..].iter().any(|below| below.name == dependency.name),
    }
}

#[cfg(test)]
mod tests;
