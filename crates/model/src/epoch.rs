//! The number that tells one assignment of a partition from the next.

/// One assignment of one partition to this process.
///
/// Every assignment of every partition draws a new epoch, so an epoch names both the partition and the
/// spell for which it is held. What arrives with an epoch that is over is dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Epoch(pub u64);

/// Draws epochs; it only grows.
#[derive(Debug, Default)]
pub struct Epochs(u64);

impl Epochs {
    /// The next epoch, higher than every one drawn before.
    pub fn draw(&mut self) -> Epoch {
        self.0 += 1;
        Epoch(self.0)
    }
}
