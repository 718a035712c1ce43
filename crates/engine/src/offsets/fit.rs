//! How many bits a completion map may come to need.
//!
//! A map lists its holes in offset order; each is written as the number of finished offsets that follow it,
//! up to the next hole or the end. Such a number `g` takes `k + 1 + (g >> k)` bits for a parameter `k` that
//! the whole map shares (a Rice code; `k = 0` is a plain bitmap). With `H` holes, `G` finished offsets among
//! them and gaps `g₁ … g_H` that add up to `G`, the list takes, for a given `k`,
//!
//! ```text
//!   exact(k) = H·(k+1) + Σ ⌊gᵢ / 2ᵏ⌋  ≤  H·(k+1) + ⌊G / 2ᵏ⌋  =  worst(H, G, k)
//! ```
//!
//! since a sum of floors is at most the floor of the sum. The encoder takes the `k` whose `exact(k)` is least.
//!
//! **A bound for every order.** Let `N` unfinished offsets lie in a span of `S` offsets. Whatever finishes, and
//! in whatever order, any later map has `H ≤ N` holes in a span `H + G ≤ S`: records only leave the set, the
//! watermark only rises, and nothing above the span can finish before it is admitted, which is checked anew.
//! For any `k`, `worst(H, s − H, k)` does not fall when `s` grows. Nor does it when `H` grows by one: `k + 1 ≥ 1`
//! comes on top, and the floor loses at most one. Hence for all those maps and every `k`
//!
//! ```text
//!   exact(k) ≤ worst(H, G, k) ≤ worst(N, S − N, k)
//! ```
//!
//! and so `min exact ≤ min worst(N, S − N, ·)`, which is [`bound`].
//!
//! **The least `k` in O(1).** With `q = G >> k`, `worst(k+1) − worst(k) = N − ⌈q / 2⌉`. As `k` grows `q` falls, so
//! the difference changes sign once: the least value is at the first `k` with `q ≤ 2N`, that is `G < (2N + 1)·2ᵏ`.
//!
//! **How good it is.** All subsets of `N` adjacent open records can be left over, so no format does with fewer
//! than `N` bits; this one needs `S` at most. For `N` in a wide span it stays within a tenth of the logarithm
//! of the number of possible maps. With 4,096 units (61,352 bits for the list) there is room for any number of
//! open records in a span of 61,352, for 9,216 in a span of 253,583, for 4,096 in 33 million, for 2,000 in
//! 9 · 10¹¹, and for 1,000 in any span.
//! One stuck record under a busy partition therefore narrows it and never stops it: while the span grows to
//! 500,000, 10 million, 10⁹, there is room for 7,665, 4,706, 3,028 open records.

use super::checksum::CHECKSUM_BITS;
use super::units::{MAX_UNITS, UNIT_BITS};

/// Bits of the field that says how long the number of parked keys is.
pub(super) const PARKED_LENGTH_BITS: u32 = 6;
/// Bits of the field that holds `k`.
pub(super) const PARAMETER_BITS: u32 = 6;
/// The largest `k`: a gap has at most 63 bits.
pub(super) const MAX_PARAMETER: u32 = 62;
/// All but the list of holes. The number of parked keys may grow after a record was admitted, so its
/// longest form is set aside: 32 bits of which the leading one is not written.
pub(super) const OVERHEAD_BITS: u32 = UNIT_BITS + CHECKSUM_BITS + PARKED_LENGTH_BITS + 31 + PARAMETER_BITS;

/// What the list of holes may take under some limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Room {
    bits: u64,
}

impl Room {
    pub(super) fn of_units(units: usize) -> Self {
        let bits = units.min(MAX_UNITS) as u64 * u64::from(UNIT_BITS);
        Self { bits: bits.saturating_sub(u64::from(OVERHEAD_BITS)) }
    }

    /// Whether `unfinished` offsets (at least one) within `span` fit in whatever order they finish.
    pub(super) fn holds(self, unfinished: u64, span: u64) -> bool {
        bound(unfinished, span) <= self.bits
    }
}

/// The most bits that a list can come to need of `unfinished` offsets (at least one) within `span`.
pub(super) fn bound(unfinished: u64, span: u64) -> u64 {
    let gaps = span.saturating_sub(unfinished);
    let parameter = best_parameter(unfinished, gaps);
    unfinished * u64::from(parameter + 1) + (gaps >> parameter)
}

/// The most units that a whole map can come to need.
pub(super) fn units(unfinished: u64, span: u64) -> usize {
    let bits = bound(unfinished, span) + u64::from(OVERHEAD_BITS);
    usize::try_from(bits.div_ceil(u64::from(UNIT_BITS))).unwrap_or(usize::MAX)
}

/// The smallest `k` with `gaps < (2 · unfinished + 1) · 2^k`.
fn best_parameter(unfinished: u64, gaps: u64) -> u32 {
    let width = |value: u64| u64::BITS - value.leading_zeros();
    let step = 2 * unfinished + 1;
    let parameter = width(gaps).saturating_sub(width(step));
    // Of equal width now, or already smaller: one more doubling is enough if it is needed at all.
    parameter + u32::from(gaps >> parameter >= step)
}

#[cfg(test)]
mod tests;
