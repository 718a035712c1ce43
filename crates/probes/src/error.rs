//! What can keep a probe server from starting.

use std::io;

use thiserror::Error;

/// Why a client has no probe server.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ProbeError {
    #[error(
        "the probe server cannot listen on {host}:{port}, the port is taken: end the program that has it (another process, \
         or another copy of this package in this one), or set probePort to a free port, to 0 for any free port, or to null \
         for no probe server"
    )]
    PortTaken { host: String, port: u16 },
    #[error(
        "the probe server cannot listen on {host}:{port}, this process may not use that port: set probePort to 1024 or \
         above, or give the process the right to use lower ones"
    )]
    PortNotAllowed { host: String, port: u16 },
    #[error(
        "the probe server cannot listen on {host}:{port}: clients of this process have port {port} on {serving} already: \
         give clients that share a port the same probeHost, or another probePort"
    )]
    OtherHost { host: String, port: u16, serving: String },
    #[error(
        "the probe server cannot listen on {host}:{port}, the host is no address of this machine ({reason}): set probeHost \
         to 0.0.0.0 for all addresses, or to one of this machine's"
    )]
    HostUnknown { host: String, port: u16, reason: String },
    #[error(
        "the probe server cannot listen on {host}:{port}: {reason}; set probePort to null to do without it"
    )]
    Failed { host: String, port: u16, reason: String },
}

impl ProbeError {
    pub(crate) fn of_listening(host: &str, port: u16, error: &io::Error) -> Self {
        let (host, reason) = (host.to_owned(), error.to_string());
        match error.kind() {
            io::ErrorKind::AddrInUse => Self::PortTaken { host, port },
            io::ErrorKind::PermissionDenied => Self::PortNotAllowed { host, port },
            io::ErrorKind::AddrNotAvailable => Self::HostUnknown { host, port, reason },
            _ => Self::Failed { host, port, reason },
        }
    }

    /// The name under which the error reaches the user.
    pub fn code(&self) -> &'static str {
        match self {
            Self::PortTaken { .. } => "PROBE_PORT_TAKEN",
            Self::PortNotAllowed { .. } => "PROBE_PORT_NOT_ALLOWED",
            Self::OtherHost { .. } => "PROBE_HOST_CONFLICT",
            Self::HostUnknown { .. } => "PROBE_HOST_UNKNOWN",
            Self::Failed { .. } => "PROBE_FAILED",
        }
    }

    /// Whether the same call may succeed later without anybody changing this program.
    pub fn retryable(&self) -> bool {
        matches!(self, Self::PortTaken { .. } | Self::Failed { .. })
    }
}
