use super::fences;
use crate::{
    File,
    table::{FENCES, Fence},
};

const TABLE: &[Fence] = &[
    Fence { words: &["rdkafka"], inside: &["crates"], allowed: &["crates/kafka"], why: "only kafka" },
    Fence {
        words: &["Instant::now"],
        inside: &["crates"],
        allowed: &["crates/client/src/clock.rs"],
        why: "clock",
    },
];

fn found(table: &[Fence], path: &str, text: &str) -> Vec<String> {
    fences(&[File::new(path, text)], table).iter().map(ToString::to_string).collect()
}

#[test]
fn a_library_outside_its_fence_is_found_in_code_and_manifest() {
    assert_eq!(
        found(TABLE, "crates/a/src/lib.rs", "\nuse rdkafka::Offset;"),
        ["crates/a/src/lib.rs:2: only kafka"]
    );
    let manifest = "[package]\nname = \"a\"\n[dependencies]\nrdkafka = \"1\"\n";
    assert_eq!(found(TABLE, "crates/a/Cargo.toml", manifest), ["crates/a/Cargo.toml:4: only kafka"]);
}

#[test]
fn a_comment_a_string_and_the_inside_are_free() {
    assert!(found(TABLE, "crates/a/src/lib.rs", "// rdkafka\nlet x = \"rdkafka\";").is_empty());
    assert!(found(TABLE, "crates/kafka/src/lib.rs", "use rdkafka::Offset;").is_empty());
}

#[test]
fn a_folder_whose_name_only_begins_alike_is_not_inside() {
    assert_eq!(found(TABLE, "crates/kafkaesque/src/lib.rs", "use rdkafka::Offset;").len(), 1);
}

#[test]
fn a_clock_is_read_only_at_its_door_and_in_tests() {
    let text = "let t = Instant::now();";
    assert_eq!(found(TABLE, "crates/engine/src/lib.rs", text).len(), 1);
    assert!(found(TABLE, "crates/client/src/clock.rs", text).is_empty());
    assert!(found(TABLE, "crates/engine/src/lib/tests.rs", text).is_empty());
}

#[test]
fn every_fence_of_the_project_can_fail() {
    for fence in FENCES {
        for folder in fence.inside {
            let end = if *folder == "src" { "ts" } else { "rs" };
            for word in fence.words.iter().filter(|_| !fence.allowed.contains(folder)) {
                let path = format!("{folder}/src/fixture.{end}");
                assert!(
                    !found(FENCES, &path, &format!("x; {word} (y)")).is_empty(),
                    "{word} passes at {path}"
                );
            }
        }
    }
}
