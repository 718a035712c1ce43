//! The native addon: translates between JavaScript values and the client, and holds no policy.
//!
//! `docs/bridge.md` is the contract of what crosses.

// What JavaScript passes arrives by value, whether it is kept or not.
#![allow(clippy::needless_pass_by_value)]

mod admin;
mod client;
mod errors;
mod facts;
mod layout;
mod outbox;
mod outcomes;
mod promise;
mod queue;
mod raw;
mod reports;
mod sends;
mod sink;
mod slab;
mod tokens;
