use super::{code, has_word};

#[test]
fn comments_and_strings_become_spaces_and_lines_stay() {
    let text = "a(); // x\n/* y\n /* z */ */ b(\"s \\\" t\", 'q', `w\n`);\n";
    assert_eq!(code(text), "a();     \n    \n            b(        ,    ,   \n );\n");
}

#[test]
fn raw_strings_end_at_their_own_mark() {
    assert_eq!(code("x(r#\"a \" b\"#, r\"\\\");"), "x(          ,     );");
}

#[test]
fn lifetimes_are_code() {
    let text = "fn f<'a, 'b>(x: &'a str) -> &'a str { x }";
    assert_eq!(code(text), text);
}

#[test]
fn a_typescript_string_in_apostrophes_is_no_code() {
    assert_eq!(code("import x from 'unsafe';"), "import x from         ;");
}

#[test]
fn a_word_is_found_only_whole() {
    assert!(has_word("use rand::Rng;", "rand"));
    assert!(!has_word("operand + random", "rand"));
    assert!(has_word("Instant::now()", "Instant::now"));
}
