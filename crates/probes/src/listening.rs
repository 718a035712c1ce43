//! From a host and a port to a socket that listens.

use std::{
    io,
    net::{SocketAddr, ToSocketAddrs},
};

use tokio::net::{TcpListener, TcpSocket};

use crate::ProbeError;

/// Connections that the operating system keeps until they are accepted.
const BACKLOG: u32 = 1024;

/// The addresses that a host stands for.
pub fn resolve(host: &str, port: u16) -> Result<Vec<SocketAddr>, ProbeError> {
    // As it stands in a URL, an IPv6 address is in brackets.
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    let unknown = |reason: String| ProbeError::HostUnknown { host: host.to_owned(), port, reason };
    let found = (bare, port).to_socket_addrs().map_err(|error| unknown(error.to_string()))?;
    let all: Vec<SocketAddr> = found.collect();
    if all.is_empty() { Err(unknown("it has no address".into())) } else { Ok(all) }
}

/// Listens on the first of the addresses that can be listened on. Needs the runtime that will serve it.
pub fn listen(host: &str, port: u16, addresses: &[SocketAddr]) -> Result<TcpListener, ProbeError> {
    let mut failure = io::Error::from(io::ErrorKind::AddrNotAvailable);
    for address in addresses {
        match bind(*address) {
            Ok(listener) => return Ok(listener),
            // A port that is taken says more than an address family that is not there.
            Err(_) if failure.kind() == io::ErrorKind::AddrInUse => {}
            Err(error) => failure = error,
        }
    }
    Err(ProbeError::of_listening(host, port, &failure))
}

fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    // Connections of an earlier server that are not forgotten yet do not hold the port. (On Windows the option means
    // that the port could be taken from somebody who has it.)
    #[cfg(not(windows))]
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}
