//! Durations as environment variables write them: `15s`, `5m`, `100ms`, `1h30m`.

/// Milliseconds in a second.
pub(crate) const SECOND: u64 = 1_000;
/// Milliseconds in a minute.
pub(crate) const MINUTE: u64 = 60 * SECOND;
/// Milliseconds in an hour.
pub(crate) const HOUR: u64 = 60 * MINUTE;
/// Milliseconds in a day.
pub(crate) const DAY: u64 = 24 * HOUR;
/// Milliseconds in a year of 365 days.
pub(crate) const YEAR: u64 = 365 * DAY;

/// Unit names, longest unit first; of equal beginnings the longer name first, for [`parse`].
const UNITS: [(&str, u64); 7] =
    [("y", YEAR), ("w", 7 * DAY), ("d", DAY), ("h", HOUR), ("ms", 1), ("m", MINUTE), ("s", SECOND)];

/// The milliseconds of a duration; a bare number counts in `bare`, the option's own unit in milliseconds.
pub(crate) fn parse(text: &str, bare: u64) -> Option<f64> {
    let text = text.trim();
    if let Some(number) = decimal(text) {
        return Some(number * bare as f64);
    }
    let mut rest = text;
    let mut total = 0.0;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, tail) = rest.split_at(digits);
        let tail = tail.trim_start();
        let (name, unit) = UNITS.iter().find(|(name, _)| tail.starts_with(name))?;
        total += decimal(number)? * *unit as f64;
        rest = tail[name.len()..].trim_start();
    }
    (!text.is_empty()).then_some(total)
}

/// A plain decimal number: digits with at most one point, no sign and no exponent.
pub(crate) fn decimal(text: &str) -> Option<f64> {
    let plain = text.starts_with(|c: char| c.is_ascii_digit())
        && text.chars().all(|c| c.is_ascii_digit() || c == '.')
        && !text.ends_with('.');
    if plain { text.parse().ok() } else { None }
}

/// The shortest way to write a number of milliseconds, such as `24h` as `1d`.
pub(crate) fn format(milliseconds: u64) -> String {
    // Weeks read badly as the size of something: 7d says more than 1w.
    let units = [("y", YEAR), ("d", DAY), ("h", HOUR), ("m", MINUTE), ("s", SECOND)];
    for (name, unit) in units {
        if milliseconds > 0 && milliseconds.is_multiple_of(unit) {
            return format!("{}{name}", milliseconds / unit);
        }
    }
    format!("{milliseconds}ms")
}

#[cfg(test)]
mod tests;
