//! Clients that say what they are told to, and requests by raw sockets.

#![allow(dead_code, clippy::unwrap_used, clippy::panic)]

use std::{
    io::{Read, Write},
    net::{Shutdown, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use prosody_probes::{Membership, Probe, Servers, Site, Verdict, Writer};

/// Longer than the server keeps any connection.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// A client that is ready, and live, while its switches are on.
pub struct Client {
    pub ready: AtomicBool,
    pub live: AtomicBool,
}

impl Client {
    pub fn well() -> Arc<Self> {
        Arc::new(Self { ready: AtomicBool::new(true), live: AtomicBool::new(true) })
    }
}

impl Probe for Client {
    fn readiness(&self) -> Verdict {
        if self.ready.load(Ordering::Relaxed) { Verdict::pass() } else { Verdict::fail("joining the group") }
    }
    fn liveness(&self) -> Verdict {
        if self.live.load(Ordering::Relaxed) { Verdict::pass() } else { Verdict::fail("no progress") }
    }
    fn metrics(&self, writer: &mut Writer) {
        for number in 0..100 {
            let topic = format!("topic-{number}");
            writer.counter("records_total", "Records.", &[("topic", &topic)], 1);
        }
    }
    fn explain(&self, _: usize) -> String {
        "{}".into()
    }
}

pub fn site(port: u16) -> Site {
    Site { host: "127.0.0.1".into(), port }
}

/// A client that is well, at a server of its own.
pub fn serving() -> Membership {
    Servers::default().join(&site(0), "orders", true, Client::well()).unwrap()
}

pub fn connect(port: u16) -> TcpStream {
    let stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.set_write_timeout(Some(PATIENCE)).unwrap();
    stream
}

/// All that the server says until it closes; without what a reset took away.
pub fn rest(mut stream: &TcpStream) -> String {
    let mut all = Vec::new();
    let mut space = [0; 4096];
    loop {
        match stream.read(&mut space) {
            Ok(0) => break,
            Ok(read) => all.extend_from_slice(&space[..read]),
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {
                panic!("still open after {PATIENCE:?}")
            }
            Err(_) => break,
        }
    }
    String::from_utf8_lossy(&all).into_owned()
}

/// What is answered to these bytes.
pub fn exchange(port: u16, bytes: &[u8]) -> String {
    let mut stream = connect(port);
    // The server may close before it has read all.
    let _ = stream.write_all(bytes);
    let _ = stream.shutdown(Shutdown::Write);
    rest(&stream)
}

pub fn get(port: u16, path: &str) -> String {
    exchange(port, format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n").as_bytes())
}

/// The code of an answer.
pub fn status(answer: &str) -> u16 {
    let code = answer.strip_prefix("HTTP/1.1 ").or_else(|| answer.strip_prefix("HTTP/1.0 "));
    code.and_then(|rest| rest.get(..3)?.parse().ok()).unwrap_or_else(|| panic!("no answer: {answer:?}"))
}

pub fn body(answer: &str) -> &str {
    answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no body: {answer:?}")).1
}
