//! Reads packed outcomes.

use std::time::Duration;

use prosody_client::Settlement;
use prosody_model::{EventId, Failure, Outcome};
use serde_json::Value;

use crate::layout::{
    OUTCOME_MARKED, OUTCOME_PERMANENT, OUTCOME_SUCCESS, OUTCOME_TEXT_SHIFT, OUTCOME_TRANSIENT,
    OUTCOME_UNMARKED, OUTCOME_WORDS,
};

/// The outcomes of `count` rows.
///
/// # Errors
///
/// Says which row is of the wrong shape; then none of them counts.
pub fn unpack(rows: &[u32], count: usize, texts: &[String]) -> Result<Vec<Settlement>, String> {
    let words = count.checked_mul(OUTCOME_WORDS).filter(|words| *words <= rows.len());
    let Some(words) = words else {
        return Err(format!("settle: {count} outcomes do not fit {} words", rows.len()));
    };
    rows[..words].chunks_exact(OUTCOME_WORDS).map(|row| settlement(row, texts)).collect()
}

fn settlement(row: &[u32], texts: &[String]) -> Result<Settlement, String> {
    let event = EventId { index: row[0], generation: row[1] };
    let place = row[2] >> OUTCOME_TEXT_SHIFT;
    let outcome = match row[2] & ((1 << OUTCOME_TEXT_SHIFT) - 1) {
        OUTCOME_SUCCESS => Outcome::Success,
        OUTCOME_UNMARKED => Outcome::Unmarked,
        OUTCOME_MARKED => Outcome::Marked,
        OUTCOME_TRANSIENT => Outcome::Transient(failure(place, texts)?),
        OUTCOME_PERMANENT => Outcome::Permanent(failure(place, texts)?),
        code => return Err(format!("settle: {code} is no outcome")),
    };
    Ok(Settlement { event, outcome })
}

fn failure(place: u32, texts: &[String]) -> Result<Box<Failure>, String> {
    let Some(place) = (place as usize).checked_sub(1) else { return Ok(Box::default()) };
    let text = texts.get(place).ok_or_else(|| format!("settle: there is no text {place}"))?;
    let parsed: Value =
        serde_json::from_str(text).map_err(|error| format!("settle: text {place}: {error}"))?;
    let retry_after = parsed.get("retryAfterMs").and_then(Value::as_f64);
    Ok(Box::new(Failure {
        text: parsed.get("text").and_then(Value::as_str).unwrap_or_default().to_owned(),
        retry_after: retry_after.and_then(|ms| Duration::try_from_secs_f64(ms / 1e3).ok()),
    }))
}
