use super::inline_tests;
use crate::File;

fn found(text: &str) -> usize {
    inline_tests(&[File::new("a/lib.rs", text)]).len()
}

#[test]
fn an_inline_test_module_is_found_by_its_name_or_its_attribute() {
    assert_eq!(found("mod tests {\n}"), 1);
    assert_eq!(found("#[cfg(test)]\n#[allow(x)]\nmod checks {\n}"), 1);
}

#[test]
fn a_sibling_and_an_ordinary_module_are_fine() {
    assert_eq!(found("#[cfg(test)]\nmod tests;\nmod inner {\n}"), 0);
}
