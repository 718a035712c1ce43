//! The loop body of a consumer: asks the log, tells the engine, does what the engine wants.
//!
//! There is no thread and no clock here. The product calls [`Shell::step`] from a thread that sleeps in between;
//! the simulation calls it in virtual time. Both therefore run the same code against different logs.

mod fact;
mod letter;
mod names;
mod reading;
mod shell;

pub use fact::Fact;
pub use letter::is_dead_letter;
pub use shell::{Handler, Inbox, Next, Remains, Shell, ShellSettings};
