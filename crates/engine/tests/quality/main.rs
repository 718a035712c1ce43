//! Quality of service of the whole engine, in virtual time: who runs when others fail, flood or never stop.
#![allow(clippy::unwrap_used, clippy::panic)]

mod failures;
mod load;
mod sharing;
