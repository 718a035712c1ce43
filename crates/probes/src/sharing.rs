//! Clients that name the same port share one server.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::{Probe, ProbeError, answer::Room, listening, server::Server};

/// Where a client wants its probes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Site {
    /// A name or an address of this machine.
    pub host: String,
    /// 0 means any free port, and a server of its own.
    pub port: u16,
}

/// The servers of a process.
#[derive(Clone, Default)]
pub struct Servers(Arc<Mutex<Vec<Shared>>>);

/// Bound: one a port in use; removed when its last client leaves.
struct Shared {
    site: Site,
    server: Server,
    room: Arc<Room>,
}

/// A client's place at a server; leaves it when dropped. The last one ends the server, within a second.
///
/// Drop it with no lock held that the [`Probe`] takes: the server's thread may be asking just then, and is waited for.
pub struct Membership {
    servers: Servers,
    room: Arc<Room>,
    number: usize,
    port: u16,
}

impl Servers {
    /// Lets a client in at the server of its port, which is started for the first one.
    ///
    /// `group` is what its reasons and metrics are told by; `explains` switches `/explain` on for it.
    ///
    /// # Errors
    ///
    /// The port cannot be listened on, or is served on another host in this process.
    pub fn join(
        &self,
        site: &Site,
        group: &str,
        explains: bool,
        probe: Arc<dyn Probe>,
    ) -> Result<Membership, ProbeError> {
        let Site { host, port } = site;
        let addresses = listening::resolve(host, *port)?;
        let mut all = self.all();
        let same = all.iter().find(|shared| *port != 0 && shared.site.port == *port);
        if let Some(shared) = same {
            let here = shared.site.host == *host || addresses.contains(&shared.server.local());
            if !here {
                let serving = shared.site.host.clone();
                return Err(ProbeError::OtherHost { host: host.clone(), port: *port, serving });
            }
            let room = Arc::clone(&shared.room);
            let number = room.enter(group.to_owned(), explains, probe);
            return Ok(Membership { servers: self.clone(), room, number, port: *port });
        }
        let room = Arc::new(Room::default());
        let number = room.enter(group.to_owned(), explains, probe);
        let server = Server::start(host, *port, &addresses, Arc::clone(&room))?;
        let port = server.local().port();
        all.push(Shared { site: site.clone(), server, room: Arc::clone(&room) });
        Ok(Membership { servers: self.clone(), room, number, port })
    }

    fn all(&self) -> MutexGuard<'_, Vec<Shared>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Membership {
    /// The port that is listened on.
    pub fn port(&self) -> u16 {
        self.port
    }
}

impl Drop for Membership {
    fn drop(&mut self) {
        // Held until the server has ended, so that who joins next finds the port free.
        let mut all = self.servers.all();
        if self.room.leave(self.number) {
            all.retain(|shared| !Arc::ptr_eq(&shared.room, &self.room));
        }
    }
}
