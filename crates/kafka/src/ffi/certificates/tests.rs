use super::*;

#[test]
fn a_flaw_is_that_of_the_broker_the_text_names() {
    let flaws = Flaws::default();
    flaws.note("a:1".to_owned(), Flaw::of(10));
    flaws.note("a:12".to_owned(), Flaw::of(62));
    assert_eq!(
        flaws.of("ssl://a:12/bootstrap: SSL handshake failed"),
        Some(("a:12".to_owned(), Flaw::OtherHost))
    );
    assert_eq!(
        flaws.of("ssl://a:1/bootstrap: SSL handshake failed"),
        Some(("a:1".to_owned(), Flaw::Expired))
    );
    assert_eq!(flaws.of("ssl://b:1/bootstrap: SSL handshake failed"), None);
}

#[test]
fn flaws_of_any_number_of_brokers_take_little_room() {
    let flaws = Flaws::default();
    for port in 0..1_000 {
        flaws.note(format!("a:{port}"), Flaw::of(20));
    }
    assert!(flaws.0.lock().is_ok_and(|flaws| flaws.len() <= REMEMBERED));
    assert_eq!(flaws.of("ssl://a:999/1"), Some(("a:999".to_owned(), Flaw::UnknownAuthority)));
}
