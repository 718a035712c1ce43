//! A server: one thread, one runtime, a bounded number of connections.

use std::{
    collections::VecDeque,
    net::SocketAddr,
    sync::{Arc, atomic::Ordering},
    thread::{self, JoinHandle},
    time::Duration,
};

use tokio::{net::TcpListener, runtime, sync::oneshot, task::AbortHandle, time::sleep};

use crate::{ProbeError, answer::Room, connection, listening};

/// Connections at a time. One takes a file descriptor and about 16 KiB while its request is read.
const MOST_CONNECTIONS: usize = 256;
/// Wait after a connection could not be accepted, for want of file descriptors as a rule.
const PAUSE: Duration = Duration::from_millis(50);

/// A server that runs until it is dropped.
pub struct Server {
    local: SocketAddr,
    /// Dropped to end the thread.
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// Listens and starts the thread.
    pub fn start(
        host: &str,
        port: u16,
        addresses: &[SocketAddr],
        room: Arc<Room>,
    ) -> Result<Self, ProbeError> {
        let failed = |error: std::io::Error| ProbeError::of_listening(host, port, &error);
        let runtime =
            runtime::Builder::new_current_thread().enable_io().enable_time().build().map_err(failed)?;
        let listener = {
            let _inside = runtime.enter();
            listening::listen(host, port, addresses)?
        };
        let local = listener.local_addr().map_err(failed)?;
        let (stop, stopped) = oneshot::channel::<()>();
        let body = move || {
            runtime.spawn(accept(listener, room));
            // Until the sender is dropped. The runtime goes with this thread, and all connections with it.
            let _ = runtime.block_on(stopped);
        };
        let thread = thread::Builder::new().name("prosody-probes".into()).spawn(body).map_err(failed)?;
        Ok(Self { local, stop: Some(stop), thread: Some(thread) })
    }

    /// Where it listens.
    pub fn local(&self) -> SocketAddr {
        self.local
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Accepts for ever. Full, it closes the oldest connection for the newest: clients that mean it have their answer within
/// milliseconds, so the oldest is one that only holds a place.
async fn accept(listener: TcpListener, room: Arc<Room>) {
    // Bound: `MOST_CONNECTIONS`; ended ones go at the next accept.
    let mut open: VecDeque<AbortHandle> = VecDeque::new();
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            sleep(PAUSE).await;
            continue;
        };
        open.retain(|connection| !connection.is_finished());
        if open.len() >= MOST_CONNECTIONS
            && let Some(oldest) = open.pop_front()
        {
            oldest.abort();
            room.evicted.fetch_add(1, Ordering::Relaxed);
        }
        open.push_back(tokio::spawn(connection::serve(stream, Arc::clone(&room))).abort_handle());
    }
}
