//! Clients that mean harm, or mean nothing at all.

#![allow(clippy::unwrap_used, clippy::print_stdout)]

mod support;

use std::{
    io::{Read, Write},
    net::TcpStream,
    thread,
    time::{Duration, Instant},
};

use support::{body, connect, exchange, get, rest, serving, status};

/// The longest that the server keeps a connection, and room for a busy machine.
const KEPT: Duration = Duration::from_secs(9);

/// Time that one request takes, connecting included.
fn timed(port: u16) -> Duration {
    let start = Instant::now();
    assert_eq!(status(&get(port, "/readyz")), 200);
    start.elapsed()
}

#[test]
fn answers_are_prompt_beside_200_idle_connections_and_one_that_drips() {
    let place = serving();
    let port = place.port();
    let _idle: Vec<TcpStream> = (0..200).map(|_| connect(port)).collect();
    let mut slow = connect(port);
    slow.write_all(b"GET /readyz HTTP/1.1\r\n").unwrap();
    let mut took: Vec<Duration> = (0..1000)
        .map(|number| {
            if number % 10 == 0 {
                let _ = slow.write_all(b"X: y\r\n");
            }
            timed(port)
        })
        .collect();
    took.sort_unstable();
    let (p50, p99, most) = (took[500], took[990], took[999]);
    println!("p50 {p50:?}, p99 {p99:?}, most {most:?}");
    assert!(p99 < Duration::from_millis(50), "p50 {p50:?}, p99 {p99:?}, most {most:?}");
}

#[test]
fn a_header_that_never_ends_is_cut_off() {
    let place = serving();
    let start = Instant::now();
    let mut slow = connect(place.port());
    slow.write_all(b"GET /readyz HTTP/1.1\r\n").unwrap();
    let dripping = slow.try_clone().unwrap();
    let drip = thread::spawn(move || {
        let mut dripping = &dripping;
        while start.elapsed() < KEPT && dripping.write_all(b"X: y\r\n").is_ok() {
            thread::sleep(Duration::from_millis(100));
        }
    });
    assert_eq!(rest(&slow), "");
    assert!(start.elapsed() < KEPT, "{:?}", start.elapsed());
    drip.join().unwrap();
    assert!(get(place.port(), "/metrics").contains("prosody_probe_closed_total{why=\"time\"} 1\n"));
}

#[test]
fn a_connection_that_says_nothing_is_cut_off() {
    let place = serving();
    let start = Instant::now();
    assert_eq!(rest(&connect(place.port())), "");
    assert!(start.elapsed() < KEPT, "{:?}", start.elapsed());
}

#[test]
fn a_client_that_does_not_read_its_answer_holds_nobody_up() {
    let place = serving();
    let port = place.port();
    let unread: Vec<TcpStream> = (0..50)
        .map(|_| {
            let mut stream = connect(port);
            stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
            stream
        })
        .collect();
    assert!(timed(port) < Duration::from_secs(1));
    assert!(unread.iter().all(|stream| status(&rest(stream)) == 200));
}

#[test]
fn a_head_that_is_too_large_is_refused() {
    let place = serving();
    let long = "x".repeat(1 << 20);
    let many = "X: y\r\n".repeat(1000);
    for request in [
        format!("GET /readyz HTTP/1.1\r\nX: {long}\r\n\r\n"),
        format!("GET /{long} HTTP/1.1\r\n\r\n"),
        format!("{long} /readyz HTTP/1.1\r\n\r\n"),
        format!("GET /readyz HTTP/1.1\r\n{many}\r\n"),
        format!("GET /readyz HTTP/1.1\r\n{}\r\n", "X: y\r\n".repeat(65)),
    ] {
        let answer = exchange(place.port(), request.as_bytes());
        let start = request.chars().take(30).collect::<String>();
        // With a megabyte still on its way, the end of the connection may overtake the answer.
        assert!(answer.is_empty() || [400, 414, 431].contains(&status(&answer)), "{start}: {answer}");
    }
    assert_eq!(status(&get(place.port(), "/readyz")), 200);
}

#[test]
fn of_requests_sent_together_one_is_answered() {
    let place = serving();
    let answer = exchange(place.port(), "GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n".repeat(100).as_bytes());
    assert_eq!((status(&answer), body(&answer)), (200, "ready\n"));
}

#[test]
fn a_body_is_not_waited_for() {
    let place = serving();
    for length in [
        "Content-Length: 1000000000",
        "Transfer-Encoding: chunked",
        "Expect: 100-continue\r\nContent-Length: 9",
    ] {
        let mut stream = connect(place.port());
        let start = Instant::now();
        stream.write_all(format!("POST /readyz HTTP/1.1\r\nHost: x\r\n{length}\r\n\r\n").as_bytes()).unwrap();
        let answer = rest(&stream);
        assert_eq!(status(&answer), 405, "{length}");
        assert!(start.elapsed() < Duration::from_secs(3), "{length}: {:?}", start.elapsed());
    }
}

#[test]
fn a_client_that_still_sends_its_body_is_not_reset() {
    let place = serving();
    for _ in 0..50 {
        let mut stream = connect(place.port());
        let mut request = b"POST /readyz HTTP/1.1\r\nHost: x\r\nContent-Length: 30000\r\n\r\n".to_vec();
        request.resize(request.len() + 30_000, b'x');
        stream.write_all(&request).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert_eq!(status(&answer), 405);
    }
}

#[test]
fn a_body_without_an_end_is_cut_off() {
    let place = serving();
    let mut stream = connect(place.port());
    stream.write_all(b"POST /readyz HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n").unwrap();
    let chunk = format!("1000\r\n{}\r\n", "x".repeat(0x1000));
    let mut sent = 0;
    while stream.write_all(chunk.as_bytes()).is_ok() {
        sent += chunk.len();
        // What the system itself takes in between is some megabytes.
        assert!(sent < 32 << 20);
    }
}

#[test]
fn requests_that_are_none_are_refused_or_closed() {
    let place = serving();
    let cases: [&[u8]; 10] = [
        b"",
        b"\r\n\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET /readyz HTTP/9.9\r\n\r\n",
        b"GET /readyz\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"GET /readyz HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        b"GET /readyz HTTP/1.1\r\n: no name\r\n\r\n",
        b"GET /\x00\xff HTTP/1.1\r\n\r\n",
    ];
    for case in cases {
        let answer = exchange(place.port(), case);
        assert!(answer.is_empty() || status(&answer) == 400, "{case:?}: {answer}");
    }
}
