use super::{Manifest, Section};
use crate::File;

#[test]
fn every_kind_of_section_is_read() {
    let text = "[package]\nname = \"a\"\n[dependencies]\nb.workspace = true\nc = { path = \"x\" }\n\
                [target.'cfg(unix)'.dependencies]\nd = \"1\"\n[dependencies.e]\nversion = \"1\"\n\
                [build-dependencies]\nf = \"1\"\n[dev-dependencies]\ng = \"1\"\n";
    let manifest = Manifest::read(&File::new("Cargo.toml", text)).unwrap();
    let found: Vec<_> = manifest.dependencies.iter().map(|d| (d.name.as_str(), d.section, d.line)).collect();
    assert_eq!(manifest.name, "a");
    assert_eq!(
        found,
        [
            ("b", Section::Shipped, 4),
            ("c", Section::Shipped, 5),
            ("d", Section::Shipped, 7),
            ("e", Section::Shipped, 8),
            ("f", Section::Shipped, 11),
            ("g", Section::Tests, 13)
        ]
    );
}

#[test]
fn the_workspace_manifest_is_no_package() {
    assert!(Manifest::read(&File::new("Cargo.toml", "[workspace.dependencies]\na = \"1\"\n")).is_none());
}
