//! The one source of chance in the engine: seeded, so that a run can be repeated.
//!
//! `SplitMix64` (Steele, Lea, Flood: *Fast splittable pseudorandom number generators*, 2014): ample for jitter.

/// A seeded generator.
#[derive(Clone, Debug)]
pub struct Rng(u64);

impl Rng {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next 64 random bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number from 0 to `ceiling`, both included.
    pub fn up_to(&mut self, ceiling: u64) -> u64 {
        // The high half of a 128-bit product: uniform but for a bias below 2^-64 × ceiling.
        ((u128::from(self.bits()) * (u128::from(ceiling) + 1)) >> 64) as u64
    }
}
