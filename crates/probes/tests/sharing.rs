//! Who shares a server with whom, when it starts and when it ends.

#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use std::{
    io::Write,
    net::{TcpListener, TcpStream},
    sync::{
        Arc, Weak,
        atomic::{AtomicU16, Ordering},
    },
    time::{Duration, Instant},
};

use prosody_probes::{ProbeError, Servers, Site};
use support::{Client, body, connect, get, serving, site, status};

/// A port that was free a moment ago, and is none of those that the system gives to connections that go out.
fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let start = 20_000 + (std::process::id() % 8_000) as u16;
    loop {
        let port = start + NEXT.fetch_add(1, Ordering::Relaxed) % 4_000;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

fn refused(port: u16) -> bool {
    TcpStream::connect(("127.0.0.1", port)).is_err()
}

#[test]
fn clients_of_one_port_share_a_server_that_is_ready_when_all_are() {
    let (servers, port) = (Servers::default(), free_port());
    let (one, other) = (Client::well(), Client::well());
    let first = servers.join(&site(port), "orders", false, one).unwrap();
    let second = servers.join(&site(port), "bills", false, other.clone()).unwrap();
    assert_eq!((first.port(), second.port()), (port, port));
    assert_eq!(body(&get(port, "/readyz")), "ready\n");
    other.ready.store(false, Ordering::Relaxed);
    assert_eq!(body(&get(port, "/readyz")), "not ready\nclient 1 (bills): joining the group\n");
    other.live.store(false, Ordering::Relaxed);
    assert_eq!(body(&get(port, "/livez")), "not live\nclient 1 (bills): no progress\n");
    drop(second);
    assert_eq!(body(&get(port, "/readyz")), "ready\n", "who has left is not asked");
    drop(first);
    assert!(refused(port), "the last one ends the server");
}

#[test]
fn the_server_stays_when_the_first_client_leaves() {
    let (servers, port) = (Servers::default(), free_port());
    let first = servers.join(&site(port), "orders", false, Client::well()).unwrap();
    let second = servers.join(&site(port), "orders", false, Client::well()).unwrap();
    drop(first);
    assert_eq!(status(&get(port, "/readyz")), 200);
    drop(second);
    assert!(refused(port));
}

#[test]
fn clients_of_one_group_have_metrics_of_their_own() {
    let (servers, port) = (Servers::default(), free_port());
    let _places = [0, 1].map(|_| servers.join(&site(port), "orders", false, Client::well()).unwrap());
    let answer = get(port, "/metrics");
    for client in [0, 1] {
        let series =
            format!("prosody_records_total{{client=\"{client}\",group=\"orders\",topic=\"topic-7\"}} 1\n");
        assert!(answer.contains(&series), "{answer}");
    }
}

#[test]
fn clients_of_any_port_have_servers_of_their_own() {
    let servers = Servers::default();
    let [one, other] = [0, 1].map(|_| servers.join(&site(0), "orders", false, Client::well()).unwrap());
    assert_ne!(one.port(), other.port());
    assert_ne!(one.port(), 0);
    let port = one.port();
    drop(one);
    assert!(refused(port));
    assert_eq!(status(&get(other.port(), "/readyz")), 200);
}

#[test]
fn a_port_that_somebody_else_has_is_an_error_that_says_what_to_do() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    for host in ["127.0.0.1", "0.0.0.0", "localhost"] {
        let site = Site { host: host.into(), port };
        let Err(error) = Servers::default().join(&site, "orders", false, Client::well()) else {
            panic!("{host} was listened on twice")
        };
        assert_eq!(error, ProbeError::PortTaken { host: host.into(), port });
        let text = error.to_string();
        for part in [&format!("{host}:{port}"), "taken", "set probePort", "null"] {
            assert!(text.contains(part), "{text}");
        }
        assert_eq!((error.code(), error.retryable()), ("PROBE_PORT_TAKEN", true));
    }
}

#[test]
fn a_port_that_became_free_can_be_joined_then() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let servers = Servers::default();
    assert!(servers.join(&site(port), "orders", false, Client::well()).is_err());
    drop(taken);
    let _place = servers.join(&site(port), "orders", false, Client::well()).unwrap();
    assert_eq!(status(&get(port, "/readyz")), 200);
}

#[test]
fn one_port_on_two_hosts_is_an_error_that_names_both() {
    let (servers, port) = (Servers::default(), free_port());
    let _first = servers.join(&site(port), "orders", false, Client::well()).unwrap();
    let elsewhere = Site { host: "0.0.0.0".into(), port };
    let Err(error) = servers.join(&elsewhere, "bills", false, Client::well()) else {
        panic!("it was let in")
    };
    let serving = "127.0.0.1".to_owned();
    assert_eq!(error, ProbeError::OtherHost { host: "0.0.0.0".into(), port, serving });
    assert_eq!((error.code(), error.retryable()), ("PROBE_HOST_CONFLICT", false));
    assert_eq!(body(&get(port, "/readyz")), "ready\n", "who was refused is not asked");
}

#[test]
fn two_names_of_one_address_are_one_host() {
    let (servers, port) = (Servers::default(), free_port());
    let _first = servers.join(&site(port), "orders", false, Client::well()).unwrap();
    let same = Site { host: "localhost".into(), port };
    assert!(servers.join(&same, "bills", false, Client::well()).is_ok());
}

#[test]
fn a_host_that_is_not_of_this_machine_is_an_error_that_names_it() {
    for host in ["192.0.2.1", "no-such-host.invalid"] {
        let site = Site { host: host.into(), port: 0 };
        let Err(error) = Servers::default().join(&site, "orders", false, Client::well()) else {
            panic!("{host} was listened on")
        };
        assert_eq!(error.code(), "PROBE_HOST_UNKNOWN", "{error}");
        assert!(error.to_string().contains(host) && error.to_string().contains("set probeHost"), "{error}");
    }
}

#[test]
fn an_ipv6_address_may_be_in_brackets() {
    if TcpListener::bind("[::1]:0").is_err() {
        return;
    }
    for host in ["::1", "[::1]"] {
        let site = Site { host: host.into(), port: 0 };
        let place = Servers::default().join(&site, "orders", false, Client::well()).unwrap();
        assert!(TcpStream::connect(("::1", place.port())).is_ok());
    }
}

#[test]
fn a_server_ends_at_once_whoever_is_connected() {
    let place = serving();
    let port = place.port();
    let mut open: Vec<TcpStream> = (0..100).map(|_| connect(port)).collect();
    for stream in open.iter_mut().take(50) {
        stream.write_all(b"GET /readyz HTTP/1.1\r\nX: ").unwrap();
    }
    assert_eq!(status(&get(port, "/readyz")), 200);
    let start = Instant::now();
    drop(place);
    assert!(start.elapsed() < Duration::from_millis(500), "{:?}", start.elapsed());
    assert!(refused(port));
    for stream in &open {
        assert_eq!(support::rest(stream), "");
    }
}

#[test]
fn the_port_can_be_listened_on_again_at_once() {
    let (servers, port) = (Servers::default(), free_port());
    for _ in 0..20 {
        let place = servers.join(&site(port), "orders", false, Client::well()).unwrap();
        assert_eq!(status(&get(port, "/readyz")), 200);
        drop(place);
        assert!(refused(port));
    }
}

#[test]
fn joining_and_leaving_at_the_same_time_never_leaves_a_client_without_its_server() {
    let (servers, port) = (Servers::default(), free_port());
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..25 {
                    let place = servers.join(&site(port), "orders", false, Client::well()).unwrap();
                    assert_eq!(status(&get(port, "/readyz")), 200);
                    drop(place);
                }
            });
        }
    });
    assert!(refused(port));
}

#[test]
fn who_has_left_is_let_go_of() {
    let client = Client::well();
    let weak: Weak<Client> = Arc::downgrade(&client);
    let place = Servers::default().join(&site(0), "orders", false, client).unwrap();
    assert_eq!(status(&get(place.port(), "/readyz")), 200);
    drop(place);
    assert!(weak.upgrade().is_none());
}
