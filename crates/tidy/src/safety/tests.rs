use super::unargued;
use crate::File;

fn found(text: &str) -> usize {
    unargued(&[File::new("crates/kafka/src/lib.rs", text)]).len()
}

#[test]
fn an_unsafe_block_without_an_argument_is_found() {
    assert_eq!(found("fn f() {\n    unsafe { g() }\n}"), 1);
    assert_eq!(found("unsafe impl Send for A {}"), 1);
}

#[test]
fn an_argued_block_is_fine() {
    assert_eq!(found("// SAFETY: the pointer is ours.\nlet x = unsafe { g() };"), 0);
}

#[test]
fn an_argument_far_above_does_not_count() {
    assert_eq!(found(&format!("// SAFETY: other.\n{}unsafe {{ g() }}", "x();\n".repeat(9))), 1);
}

#[test]
fn the_type_of_an_unsafe_function_needs_none() {
    assert_eq!(found("type F = unsafe extern \"C\" fn();\npub unsafe fn g() {}"), 0);
}
