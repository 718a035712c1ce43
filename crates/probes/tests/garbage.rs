//! Whatever bytes come: an answer of HTTP or an end, and the server goes on.

mod support;

use std::sync::LazyLock;

use proptest::{collection::vec, prelude::*, sample::select};
use prosody_probes::Membership;
use support::{exchange, get, serving, status};

static PLACE: LazyLock<Membership> = LazyLock::new(serving);

/// Bytes without sense, and pieces of requests in any order.
fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let piece = select(vec![
        "GET ",
        "HEAD ",
        "POST ",
        "CONNECT ",
        "OPTIONS ",
        "/readyz",
        "/livez",
        "/metrics",
        "/explain",
        "*",
        "?",
        "%00",
        "http://",
        " HTTP/1.1",
        " HTTP/1.0",
        " HTTP/2.0",
        "\r\n",
        "\r\n\r\n",
        "\n",
        "\n\n",
        "Host: x\r\n",
        ": ",
        "X: y\r\n",
        "Content-Length: 5\r\n",
        "Content-Length: -1\r\n",
        "Content-Length: 99999999999999999999\r\n",
        "Transfer-Encoding: chunked\r\n",
        "Transfer-Encoding: gzip\r\n",
        "Connection: upgrade\r\n",
        "Upgrade: h2c\r\n",
        "Connection: keep-alive\r\n",
        "Expect: 100-continue\r\n",
        "5\r\nhello\r\n",
        "0\r\n\r\n",
        "\0",
        " ",
        "\t",
    ]);
    let piece = piece.prop_map(|text: &str| text.as_bytes().to_vec());
    let noise = vec(any::<u8>(), 0..40);
    vec(prop_oneof![9 => piece, 1 => noise], 0..24).prop_map(|pieces| pieces.concat())
}

/// A request that is one, but for a few bytes.
fn damaged() -> impl Strategy<Value = Vec<u8>> {
    let whole =
        b"GET /readyz HTTP/1.1\r\nHost: localhost\r\nUser-Agent: kube-probe/1.30\r\nAccept: */*\r\n\r\n";
    vec((0..whole.len(), any::<u8>()), 0..6).prop_map(move |changes| {
        let mut bytes = whole.to_vec();
        for (at, byte) in changes {
            bytes[at] = byte;
        }
        bytes
    })
}

fn check(bytes: &[u8]) -> Result<(), TestCaseError> {
    let answer = exchange(PLACE.port(), bytes);
    if !answer.is_empty() {
        let known = [100, 200, 400, 404, 405, 414, 431, 501, 505];
        prop_assert!(known.contains(&status(&answer)), "{}", answer);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_answered_or_closed(bytes in bytes()) {
        check(&bytes)?;
    }

    #[test]
    fn a_damaged_request_is_answered_or_closed(bytes in damaged()) {
        check(&bytes)?;
    }

    #[test]
    fn a_request_cut_anywhere_leaves_the_server_as_it_was(bytes in damaged(), at in 0..100usize) {
        check(&bytes[..at.min(bytes.len())])?;
        prop_assert_eq!(status(&get(PLACE.port(), "/livez")), 200);
    }
}
