//! Marks among outcomes.

use std::collections::HashMap;

use prosody_engine::Settlement;
use prosody_model::{EventId, Outcome};

/// Takes out the marks of records whose call ended earlier. One whose call ended in the same batch becomes a success in
/// the place of that end: were the two apart, its partition might be given up in between.
pub fn take(settled: &mut Vec<Settlement>) -> Vec<EventId> {
    if !settled.iter().any(|settlement| settlement.outcome == Outcome::Marked) {
        return Vec::new();
    }
    // Bound: the batch.
    let mut ended = HashMap::new();
    let mut marked = Vec::new();
    let mut kept: Vec<Settlement> = Vec::with_capacity(settled.len());
    for settlement in settled.drain(..) {
        match settlement.outcome {
            Outcome::Marked => match ended.remove(&settlement.event) {
                Some(place) => kept[place] = Settlement { outcome: Outcome::Success, ..settlement },
                None => marked.push(settlement.event),
            },
            outcome => {
                if outcome == Outcome::Unmarked {
                    ended.insert(settlement.event, kept.len());
                }
                kept.push(Settlement { outcome, ..settlement });
            }
        }
    }
    *settled = kept;
    marked
}

#[cfg(test)]
mod tests;
