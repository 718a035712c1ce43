//! Numbers as ids.

use std::io::Write;

/// A JSON number on the bytes it was found in.
///
/// Numbers of one value are one id however they are spelt, and no digit is lost: `1`, `1.0` and `10e-1` are the
/// same, 9007199254740992 and 9007199254740993 are not. The text is the one that JavaScript would print if it
/// kept every digit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Number<'a> {
    negative: bool,
    /// Digits before and after the point.
    whole: &'a [u8],
    fraction: &'a [u8],
    exponent: i64,
}

/// JavaScript prints whole numbers below 10^21 and fractions from 10^-6 on without an exponent.
const PLAIN: std::ops::RangeInclusive<i64> = -5..=21;

/// Digits of an exponent that is taken seriously.
const EXPONENT_DIGITS: usize = 9;

impl<'a> Number<'a> {
    /// Takes a well-formed number apart. `None` for an exponent of more than nine digits: no id.
    pub(crate) fn new(text: &'a [u8]) -> Option<Self> {
        let (negative, text) = text.strip_prefix(b"-").map_or((false, text), |rest| (true, rest));
        let end = text.iter().position(|byte| matches!(byte, b'e' | b'E')).unwrap_or(text.len());
        let (digits, exponent) = text.split_at(end);
        let mut halves = digits.splitn(2, |&byte| byte == b'.');
        let (whole, fraction) = (halves.next()?, halves.next().unwrap_or_default());
        let exponent = exponent.get(1..).unwrap_or_default();
        let (sign, exponent) = match exponent {
            [b'-', rest @ ..] => (-1, rest),
            [b'+', rest @ ..] | rest => (1, rest),
        };
        let exponent = &exponent[exponent.iter().take_while(|&&digit| digit == b'0').count()..];
        if exponent.len() > EXPONENT_DIGITS {
            return None;
        }
        let exponent = exponent.iter().fold(0, |value, digit| value * 10 + i64::from(digit - b'0'));
        Some(Self { negative, whole, fraction, exponent: sign * exponent })
    }

    /// Appends the number in canonical form.
    pub fn write(&self, out: &mut Vec<u8>) {
        let (mut whole, mut fraction) = (self.whole, self.fraction);
        // The value is 0.digits × 10^point.
        let mut point = self.exponent + whole.len() as i64;
        let zeros = |digits: &[u8]| digits.iter().take_while(|&&digit| digit == b'0').count();
        let leading = zeros(whole);
        (whole, point) = (&whole[leading..], point - leading as i64);
        if whole.is_empty() {
            let leading = zeros(fraction);
            (fraction, point) = (&fraction[leading..], point - leading as i64);
        }
        fraction = without_trailing_zeros(fraction);
        if fraction.is_empty() {
            whole = without_trailing_zeros(whole);
        }
        let count = whole.len() + fraction.len();
        if count == 0 {
            return out.push(b'0');
        }
        if self.negative {
            out.push(b'-');
        }
        let digit = |place: usize| {
            if place < whole.len() { whole[place] } else { fraction[place - whole.len()] }
        };
        let digits = |from: usize, to: usize| (from..to).map(digit);
        if !PLAIN.contains(&point) {
            out.push(digit(0));
            if count > 1 {
                out.push(b'.');
                out.extend(digits(1, count));
            }
            // Writing to a vector does not fail.
            let _ = write!(out, "e{:+}", point - 1);
        } else if point <= 0 {
            out.extend_from_slice(b"0.");
            out.extend((0..-point).map(|_| b'0'));
            out.extend(digits(0, count));
        } else if point as usize >= count {
            out.extend(digits(0, count));
            out.extend((count..point as usize).map(|_| b'0'));
        } else {
            out.extend(digits(0, point as usize));
            out.push(b'.');
            out.extend(digits(point as usize, count));
        }
    }
}

fn without_trailing_zeros(digits: &[u8]) -> &[u8] {
    let end = digits.iter().rposition(|&digit| digit != b'0').map_or(0, |last| last + 1);
    &digits[..end]
}

#[cfg(test)]
mod tests;
