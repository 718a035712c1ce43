use super::*;

/// A client that says what it is told to.
struct Told {
    ready: Verdict,
    live: Verdict,
    explanation: &'static str,
}

impl Probe for Told {
    fn readiness(&self) -> Verdict {
        self.ready.clone()
    }
    fn liveness(&self) -> Verdict {
        self.live.clone()
    }
    fn metrics(&self, writer: &mut Writer) {
        writer.counter("x_total", "X.", &[], 1);
    }
    fn explain(&self, _: usize) -> String {
        self.explanation.into()
    }
}

/// A client that cannot answer anything.
struct Panicking;

impl Probe for Panicking {
    fn readiness(&self) -> Verdict {
        panic!("readiness")
    }
    fn liveness(&self) -> Verdict {
        panic!("liveness")
    }
    fn metrics(&self, writer: &mut Writer) {
        writer.counter("before_total", "Before.", &[], 1);
        panic!("metrics")
    }
    fn explain(&self, _: usize) -> String {
        panic!("explain")
    }
}

fn well() -> Told {
    Told { ready: Verdict::pass(), live: Verdict::pass(), explanation: "{\"held\":[]}" }
}

fn not_ready(reason: &str) -> Told {
    Told { ready: Verdict::fail(reason), ..well() }
}

fn room(clients: Vec<Told>) -> Room {
    let room = Room::default();
    for client in clients {
        room.enter("orders".into(), false, Arc::new(client));
    }
    room
}

fn said(room: &Room, path: &str) -> (u16, String) {
    let answer = room.answer("GET", path);
    (answer.status, answer.body)
}

#[test]
fn the_only_client_s_reason_is_the_body() {
    let room = room(vec![not_ready("draining")]);
    assert_eq!(said(&room, "/readyz"), (503, "not ready\ndraining\n".into()));
    assert_eq!(said(&room, "/livez"), (200, "live\n".into()));
}

#[test]
fn all_clients_must_be_ready() {
    let both = room(vec![well(), well()]);
    assert_eq!(said(&both, "/readyz"), (200, "ready\n".into()));
    let one = room(vec![well(), not_ready("draining")]);
    assert_eq!(said(&one, "/readyz"), (503, "not ready\nclient 1 (orders): draining\n".into()));
}

#[test]
fn all_clients_must_be_live() {
    let dead = Told { live: Verdict::fail("no progress"), ..well() };
    assert_eq!(said(&room(vec![dead, well()]), "/livez").0, 503);
}

#[test]
fn what_is_only_worth_knowing_gives_way_to_what_fails() {
    let remark = || Told { ready: Verdict { pass: true, reasons: vec!["Kafka is away".into()] }, ..well() };
    assert_eq!(said(&room(vec![remark()]), "/readyz"), (200, "ready\nKafka is away\n".into()));
    let failing = room(vec![remark(), not_ready("draining"), remark()]);
    assert_eq!(said(&failing, "/readyz").1, "not ready\nclient 1 (orders): draining\n");
}

#[test]
fn a_server_without_a_client_is_live_and_ready_for_nothing() {
    assert_eq!(said(&room(vec![]), "/livez").0, 200);
    assert_eq!(said(&room(vec![]), "/readyz"), (503, "not ready\nno client is subscribed\n".into()));
}

#[test]
fn a_body_is_bounded_and_its_lines_are_its_own() {
    let reasons = (0..80).map(|number| format!("{number}\r\n{}", "é".repeat(1000))).collect();
    let long = Told { ready: Verdict { pass: false, reasons }, ..well() };
    let (_, body) = said(&room(vec![long]), "/readyz");
    assert_eq!(body.lines().count(), 1 + MOST_REASONS + 1);
    assert!(body.lines().all(|line| line.chars().count() <= LONGEST_REASON));
    assert!(body.ends_with("\nand 30 more\n"), "{body}");
}

#[test]
fn a_client_that_panics_fails_its_probes_and_nobody_else_s_metrics() {
    let room = Room::default();
    room.enter("broken".into(), true, Arc::new(Panicking));
    room.enter("orders".into(), true, Arc::new(well()));
    assert_eq!(said(&room, "/readyz").0, 503);
    assert_eq!(said(&room, "/livez").0, 503);
    let metrics = said(&room, "/metrics").1;
    assert!(metrics.contains("prosody_before_total{client=\"0\",group=\"broken\"} 1"), "{metrics}");
    assert!(metrics.contains("prosody_x_total{client=\"1\",group=\"orders\"} 1"), "{metrics}");
    assert!(said(&room, "/explain").1.contains("\"group\":\"broken\",\"explanation\":null}"));
}

#[test]
fn methods_but_get_and_head_are_refused_where_something_is_and_paths_where_nothing_is() {
    let room = room(vec![well()]);
    let status = |method, path| room.answer(method, path).status;
    for path in ["/readyz", "/livez", "/metrics"] {
        assert_eq!((status("GET", path), status("HEAD", path)), (200, 200), "{path}");
        for method in ["POST", "PUT", "DELETE", "OPTIONS", "get", "BREW"] {
            assert_eq!(status(method, path), 405, "{method} {path}");
        }
    }
    for path in ["/", "", "*", "/readyz/", "/READYZ", "//readyz", "/metrics/x", "/readyz%20"] {
        assert_eq!((status("GET", path), status("POST", path)), (404, 404), "{path}");
    }
}

#[test]
fn explanations_are_there_only_when_switched_on() {
    let room = room(vec![well()]);
    assert_eq!(said(&room, "/explain").0, 404);
    room.enter("bill\"s\n".into(), true, Arc::new(well()));
    let expected =
        "{\"clients\":[{\"client\":1,\"group\":\"bill\\\"s\\u000a\",\"explanation\":{\"held\":[]}}]}\n";
    assert_eq!(said(&room, "/explain"), (200, expected.into()));
    assert_eq!(room.answer("GET", "/explain").content_type, "application/json");
}

#[test]
fn clients_share_the_room_for_explanations_and_all_are_answered() {
    /// Says as much as it may, or one byte more.
    struct Long(usize);
    impl Probe for Long {
        fn readiness(&self) -> Verdict {
            Verdict::pass()
        }
        fn liveness(&self) -> Verdict {
            Verdict::pass()
        }
        fn metrics(&self, _: &mut Writer) {}
        fn explain(&self, most: usize) -> String {
            format!("\"{}\"", "x".repeat(most - 2 + self.0))
        }
    }
    let room = Room::default();
    for more in [0, 0, 1, 0] {
        room.enter("orders".into(), true, Arc::new(Long(more)));
    }
    let (status, body) = said(&room, "/explain");
    assert_eq!((status, body.matches("xxx\"}").count()), (200, 3));
    assert!(body.len() <= MOST_BYTES && body.len() > MOST_BYTES / 2, "{}", body.len());
    assert!(body.contains("\"client\":2,\"group\":\"orders\",\"explanation\":null}"));
}

#[test]
fn requests_are_counted_under_a_bounded_number_of_labels() {
    let room = room(vec![well()]);
    for path in ["/readyz", "/a", "/b", "/c"] {
        room.answer("GET", path);
    }
    let metrics = said(&room, "/metrics").1;
    assert!(metrics.contains("prosody_probe_requests_total{path=\"other\",code=\"404\"} 3"), "{metrics}");
    assert!(metrics.contains("prosody_probe_requests_total{path=\"readyz\",code=\"200\"} 1"), "{metrics}");
    assert_eq!(
        metrics.matches("prosody_probe_requests_total{").count(),
        2,
        "the scrape itself comes next time"
    );
}

#[test]
fn a_number_that_became_free_is_given_again() {
    let room = room(vec![well(), well(), well()]);
    assert!(!room.leave(1));
    assert_eq!(room.enter("orders".into(), false, Arc::new(well())), 1);
    assert_eq!([0, 1, 2].map(|number| room.leave(number)), [false, false, true]);
}
