//! Libraries, clocks, randomness, threads and the like are named only where the table allows it.

use crate::{File, Finding, manifest::Manifest, scan, table::Fence};

/// Places in shipped code or manifests that name what they must not.
pub fn fences(files: &[File], table: &[Fence]) -> Vec<Finding> {
    let mut all = Vec::new();
    for file in files {
        let fences: Vec<_> = table.iter().filter(|fence| stands(fence, file)).collect();
        if fences.is_empty() || file.is_under("crates/tidy") {
            continue;
        }
        if (file.is_rust() || file.is_typescript()) && !file.is_test() {
            for (line, text) in scan::code(&file.text).lines().enumerate() {
                let broken =
                    fences.iter().filter(|fence| fence.words.iter().any(|word| scan::has_word(text, word)));
                all.extend(broken.map(|fence| Finding::new(file, line + 1, fence.why)));
            }
        } else if let Some(manifest) = manifest(file) {
            for dependency in manifest.dependencies {
                let name = dependency.name.replace('-', "_");
                let broken = fences.iter().filter(|fence| fence.words.contains(&name.as_str()));
                all.extend(broken.map(|fence| Finding::new(file, dependency.line, fence.why)));
            }
        }
    }
    all
}

fn stands(fence: &Fence, file: &File) -> bool {
    let inside = fence.inside.iter().any(|place| file.is_under(place));
    inside && !fence.allowed.iter().any(|place| file.is_under(place))
}

fn manifest(file: &File) -> Option<Manifest> {
    if file.path.ends_with("Cargo.toml") { Manifest::read(file) } else { None }
}

#[cfg(test)]
mod tests;
