use super::edges;
use crate::{File, table::Edges};

const TABLE: &[Edges] = &[
    Edges { name: "prosody-shell", may_name: &["prosody-engine"] },
    Edges { name: "prosody-engine", may_name: &[] },
    Edges { name: "prosody-model", may_name: &[] },
];

fn found(name: &str, body: &str) -> Vec<String> {
    let file = File::new("crates/x/Cargo.toml", format!("[package]\nname = \"{name}\"\n{body}"));
    edges(&[file], TABLE).iter().map(ToString::to_string).collect()
}

#[test]
fn an_upward_edge_is_found() {
    let body = "[dependencies]\nprosody-shell.workspace = true\n";
    assert_eq!(
        found("prosody-engine", body),
        ["crates/x/Cargo.toml:4: prosody-engine must not name prosody-shell"]
    );
}

#[test]
fn an_allowed_edge_is_not_found() {
    assert!(
        found("prosody-shell", "[dependencies]\nprosody-engine.workspace = true\nbytes = \"1\"\n").is_empty()
    );
}

#[test]
fn tests_may_name_what_is_below_and_nothing_above() {
    assert!(found("prosody-engine", "[dev-dependencies]\nprosody-model.workspace = true\n").is_empty());
    assert_eq!(found("prosody-engine", "[dev-dependencies]\nprosody-shell.workspace = true\n").len(), 1);
}

#[test]
fn an_unknown_crate_is_found() {
    assert_eq!(
        found("prosody-new", ""),
        ["crates/x/Cargo.toml:1: the crate prosody-new is not in the table of edges"]
    );
}
