//! What clients that mean well are told.

#![allow(clippy::unwrap_used)]

mod support;

use std::sync::atomic::Ordering;

use prosody_probes::Servers;
use support::{Client, body, exchange, get, serving, site, status};

#[test]
fn a_client_s_state_is_told_as_it_is_now() {
    let client = Client::well();
    let place = Servers::default().join(&site(0), "orders", false, client.clone()).unwrap();
    assert_eq!(body(&get(place.port(), "/readyz")), "ready\n");
    client.ready.store(false, Ordering::Relaxed);
    let answer = get(place.port(), "/readyz");
    assert_eq!((status(&answer), body(&answer)), (503, "not ready\njoining the group\n"));
    assert_eq!(body(&get(place.port(), "/livez")), "live\n");
    client.live.store(false, Ordering::Relaxed);
    let answer = get(place.port(), "/livez");
    assert_eq!((status(&answer), body(&answer)), (503, "not live\nno progress\n"));
}

#[test]
fn an_answer_says_what_it_is_and_that_it_is_not_to_be_kept() {
    let place = serving();
    for (path, content_type) in [
        ("/readyz", "text/plain; charset=utf-8"),
        ("/metrics", "text/plain; version=0.0.4; charset=utf-8"),
        ("/explain", "application/json"),
        ("/nothing", "text/plain; charset=utf-8"),
    ] {
        let answer = get(place.port(), path).to_lowercase();
        assert!(answer.contains(&format!("\r\ncontent-type: {content_type}\r\n")), "{answer}");
        assert!(answer.contains("\r\ncache-control: no-store\r\n"), "{answer}");
        assert!(answer.contains("\r\nconnection: close\r\n"), "{answer}");
        assert!(answer.contains(&format!("\r\ncontent-length: {}\r\n", body(&answer).len())), "{answer}");
    }
}

#[test]
fn head_has_the_head_of_get_and_no_body() {
    let place = serving();
    for path in ["/readyz", "/livez", "/metrics", "/explain"] {
        let head = exchange(place.port(), format!("HEAD {path} HTTP/1.1\r\nHost: x\r\n\r\n").as_bytes());
        let whole = get(place.port(), path);
        assert_eq!((status(&head), body(&head)), (200, ""), "{path}");
        // The metrics count the requests for them.
        if path != "/metrics" {
            let names = |answer: &str| {
                let head = answer.split_once("\r\n\r\n").unwrap().0;
                head.lines().filter(|line| !line.starts_with("date")).map(str::to_owned).collect::<Vec<_>>()
            };
            assert_eq!(names(&head), names(&whole), "{path}");
        }
    }
}

#[test]
fn a_query_an_older_protocol_and_an_absolute_target_change_nothing() {
    let place = serving();
    for request in [
        "GET /readyz?verbose=1 HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET /readyz HTTP/1.0\r\n\r\n",
        "GET http://somewhere/readyz HTTP/1.1\r\nHost: x\r\n\r\n",
    ] {
        assert_eq!(body(&exchange(place.port(), request.as_bytes())), "ready\n", "{request}");
    }
}

#[test]
fn other_methods_are_refused_with_those_that_are_answered() {
    let place = serving();
    let answer = exchange(place.port(), b"POST /readyz HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi");
    assert_eq!(status(&answer), 405);
    assert!(answer.to_lowercase().contains("\r\nallow: get, head\r\n"), "{answer}");
}

#[test]
fn an_unknown_path_is_told_what_there_is() {
    let place = serving();
    let answer = get(place.port(), "/healthz");
    assert_eq!(status(&answer), 404);
    assert_eq!(body(&answer), "nothing is here; there are /readyz, /livez, /metrics, /explain\n");
}

#[test]
fn the_metrics_of_a_scrape_are_well_formed() {
    let place = serving();
    let answer = get(place.port(), "/metrics");
    let mut typed = std::collections::HashSet::new();
    let mut samples = 0;
    for line in body(&answer).lines() {
        if let Some(rest) = line.strip_prefix("# TYPE ") {
            assert!(typed.insert(rest.split(' ').next().unwrap().to_owned()), "twice: {line}");
        } else if !line.starts_with("# HELP ") {
            let (series, value) = line.rsplit_once(' ').unwrap();
            let name = series.split('{').next().unwrap();
            assert!(name.starts_with("prosody_") && typed.contains(name), "{line}");
            assert!(value.parse::<f64>().is_ok(), "{line}");
            samples += 1;
        }
    }
    assert!(samples > 100, "{samples}");
}
