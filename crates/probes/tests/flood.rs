//! More connections than the server has places. Alone in its process, whose memory it measures.

#![allow(clippy::unwrap_used, clippy::print_stdout)]

mod support;

use std::{
    fs,
    io::Write,
    net::TcpStream,
    time::{Duration, Instant},
};

use support::{connect, get, serving, status};

/// The number after a word of a file about this process; `None` where there is no such file.
fn number(file: &str, word: &str) -> Option<usize> {
    let text = fs::read_to_string(file).ok()?;
    text.lines().find_map(|line| line.strip_prefix(word)?.split_whitespace().next()?.parse().ok())
}

#[test]
fn two_thousand_sockets_keep_nobody_from_an_answer_and_cost_little_memory() {
    let place = serving();
    let port = place.port();
    assert_eq!(status(&get(port, "/readyz")), 200);
    let before = number("/proc/self/status", "VmRSS:");
    // Both ends are in this process.
    let most = number("/proc/self/limits", "Max open files").unwrap_or(1024).saturating_sub(400);
    let sockets = most.min(2000);
    let mut held: Vec<TcpStream> = Vec::new();
    let mut slowest = Duration::ZERO;
    for at in 0..sockets {
        let mut stream = connect(port);
        if at % 2 == 0 {
            let _ = stream.write_all(format!("GET /readyz HTTP/1.1\r\nX: {}", "y".repeat(4000)).as_bytes());
        }
        held.push(stream);
        if at % 100 == 0 {
            let start = Instant::now();
            assert_eq!(status(&get(port, "/readyz")), 200);
            slowest = slowest.max(start.elapsed());
        }
    }
    let grown = before.and_then(|before| number("/proc/self/status", "VmRSS:")?.checked_sub(before));
    println!("{sockets} sockets: slowest answer {slowest:?}, {grown:?} KiB more");
    assert!(slowest < Duration::from_millis(500), "{slowest:?}");
    assert!(grown.is_none_or(|grown| grown < 16 * 1024), "{grown:?} KiB");
    let metrics = get(port, "/metrics");
    let closed =
        metrics.lines().find_map(|line| line.strip_prefix("prosody_probe_closed_total{why=\"room\"} "));
    assert!(closed.unwrap().parse::<usize>().unwrap() >= sockets.saturating_sub(300), "{closed:?}");

    let start = Instant::now();
    drop(place);
    assert!(start.elapsed() < Duration::from_millis(500), "{:?}", start.elapsed());
}
