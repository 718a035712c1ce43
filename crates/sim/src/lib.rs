//! The seeded simulation: several consumers, an adversarial log, model handlers, virtual time.
//!
//! One seed is one execution. It draws members, partitions, records, tiny limits and a subset of faults; lets
//! everything collide; heals; and must then drain. A checker that knows nothing of the engine's insides follows
//! every handler call, commit and assignment, and names the invariant that breaks first.
//!
//! ```text
//!   plan ──▶ world ──▶ process ──▶ prosody_shell::Shell ──▶ probe ──▶ in-memory broker
//!             time      a member       hands (handlers) │      │
//!                                                       ▼      ▼
//!                                                        ledger (checks)
//! ```
//!
//! The same seed takes the same course, down to the trace hash.

mod chance;
mod faults;
mod hands;
mod ledger;
mod plan;
mod probe;
mod process;
mod runner;
mod sights;
mod trace;
mod world;

pub use ledger::Violation;
pub use runner::{Bug, Failure, Job, Summary, guarded as simulate_guarded, run};
pub use sights::{Sight, Sightings};
pub use world::{Report, simulate};

/// Plants a bug in this thread, or takes it out.
#[cfg(feature = "planted-bugs")]
pub fn plant(bug: Option<Bug>) {
    prosody_engine::planted::plant(bug);
}
