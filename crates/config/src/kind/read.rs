//! Reading a value into the options.

use std::time::Duration;

use super::{Kind, Slot};
use crate::{
    IdentitySource, KafkaProperties, Options, Pem, RawValue, Secret, duration, owned,
    raw::{number, quoted},
    rule::Rule,
    secret::{REDACTED, is_secret},
};

/// A value and the form it came in.
#[derive(Clone, Copy)]
pub(crate) enum Input<'a> {
    /// A constructor option.
    Value(&'a RawValue),
    /// An environment variable, or a default, which is written the same way.
    Variable(&'a str),
}

/// One thing wrong with a value.
pub(crate) struct Fault {
    /// What to add to the option's name, such as `[1]`.
    pub(crate) suffix: String,
    /// The value, or the part of it that is wrong.
    pub(crate) value: String,
    /// What is allowed there.
    pub(crate) expected: String,
}

impl Input<'_> {
    /// How the value is shown; that of a secret is not.
    pub(crate) fn shown(&self) -> String {
        match self {
            Self::Value(value) => value.shown(),
            Self::Variable(text) => quoted(text),
        }
    }

    fn text(&self) -> Option<&str> {
        match self {
            Self::Value(RawValue::Text(text)) => Some(text),
            Self::Value(_) => None,
            Self::Variable(text) => Some(text.trim()),
        }
    }

    fn number(&self) -> Option<f64> {
        match self {
            Self::Value(RawValue::Number(number)) => Some(*number),
            Self::Value(_) => None,
            Self::Variable(text) => duration::decimal(text.trim()),
        }
    }

    fn whole(&self, min: u64, max: u64) -> Option<u64> {
        whole(self.number()?, min, max)
    }

    fn flag(&self) -> Option<bool> {
        match self {
            Self::Value(RawValue::Bool(flag)) => Some(*flag),
            Self::Value(_) => None,
            Self::Variable(text) => match text.trim().to_ascii_lowercase().as_str() {
                "true" | "1" => Some(true),
                "false" | "0" => Some(false),
                _ => None,
            },
        }
    }

    fn milliseconds(&self, unit: u64) -> Option<f64> {
        match self {
            Self::Value(_) => self.number().map(|number| number * unit as f64),
            Self::Variable(text) => duration::parse(text, unit),
        }
    }

    fn bytes(&self, min: u64, max: u64) -> Option<u64> {
        let Self::Variable(text) = self else { return self.whole(min, max) };
        let (digits, unit) = [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)]
            .iter()
            .find_map(|(name, unit)| text.trim().strip_suffix(name).map(|digits| (digits.trim(), *unit)))
            .unwrap_or((text.trim(), 1));
        whole(duration::decimal(digits)? * f64::from(unit), min, max)
    }

    /// The items of a list with what leads to each; `None` if it is no list at all.
    fn items(&self) -> Option<Vec<(String, RawValue)>> {
        match self {
            Self::Value(RawValue::List(items)) => {
                Some(items.iter().enumerate().map(|(i, item)| (format!("[{i}]"), item.clone())).collect())
            }
            Self::Value(one @ RawValue::Text(_)) => Some(vec![(String::new(), (*one).clone())]),
            Self::Value(_) => None,
            Self::Variable(text) => Some(split(text)),
        }
    }
}

impl Kind {
    /// Reads a value and puts it where it belongs.
    pub(crate) fn assign(&self, input: &Input<'_>, options: &mut Options) -> Result<(), Vec<Fault>> {
        match self {
            Self::Texts { rule, place } => return self.texts(*rule, input, place(options)),
            Self::Sources(place) => return self.sources(input, place(options)),
            Self::Properties(place) => return self.properties(input, place(options)),
            _ => {}
        }
        if self.single(input, options).is_some() { Ok(()) } else { Err(vec![self.fault(input)]) }
    }

    fn single(&self, input: &Input<'_>, options: &mut Options) -> Option<()> {
        match self {
            Self::Flag(place) => *place(options) = input.flag()?,
            Self::Count { min, max, slot } => {
                slot.put(options, usize::try_from(input.whole(*min, *max)?).ok()?);
            }
            Self::Bytes { min, max, place } => {
                *place(options) = usize::try_from(input.bytes(*min, *max)?).ok()?;
            }
            Self::Number { min, max, above, place } => {
                let number = input.number()?;
                let inside = (*min..=*max).contains(&number) && !(*above && number <= *min);
                *place(options) = inside.then_some(number)?;
            }
            Self::Time { unit, min, max, slot } => {
                let milliseconds = input.milliseconds(unit.milliseconds())?;
                let inside = (*min as f64..=*max as f64).contains(&milliseconds);
                // At most 20 years, so the nanoseconds fit; whole milliseconds stay whole.
                let nanoseconds = (milliseconds * 1e6).round();
                slot.put(options, inside.then(|| Duration::from_nanos(nanoseconds as u64))?);
            }
            Self::Port(place) => *place(options) = Some(u16::try_from(input.whole(0, 65_535)?).ok()?),
            Self::Word { put, .. } => return put(options, input.text()?).then_some(()),
            Self::Text { rule, slot } => {
                let text = input.text().filter(|text| rule.allows(text))?;
                slot.put(options, text.to_owned());
            }
            Self::Secret(place) => *place(options) = Some(Secret::new(opaque(input)?)),
            Self::Pem(place) => *place(options) = Some(Pem::parse(opaque(input)?)),
            Self::Callback(place) => {
                let Input::Value(RawValue::Other(what)) = input else { return None };
                *place(options) = (what == "function").then_some(true)?;
            }
            Self::Texts { .. } | Self::Sources(_) | Self::Properties(_) => return None,
        }
        Some(())
    }

    fn texts(&self, rule: Rule, input: &Input<'_>, place: &mut Vec<String>) -> Result<(), Vec<Fault>> {
        let mut items = input.items().ok_or_else(|| vec![self.fault(input)])?;
        // No host holds a comma, and lists of brokers are written with commas wherever Kafka is used.
        if let (Rule::Server | Rule::HostPort, Input::Value(RawValue::Text(text))) = (rule, input) {
            items = split(text);
        }
        if items.is_empty() && rule != Rule::Prefix {
            return Err(vec![Fault { expected: "at least 1 item".into(), ..self.fault(input) }]);
        }
        *place = collect(items, rule.expected(), |text| rule.allows(text).then(|| text.to_owned()))?;
        Ok(())
    }

    fn sources(&self, input: &Input<'_>, place: &mut Vec<IdentitySource>) -> Result<(), Vec<Fault>> {
        let items = input.items().filter(|items| !items.is_empty()).ok_or_else(|| vec![self.fault(input)])?;
        *place = collect(items, "a JSON pointer such as /id or header:name", IdentitySource::parse)?;
        Ok(())
    }

    fn properties(&self, input: &Input<'_>, place: &mut KafkaProperties) -> Result<(), Vec<Fault>> {
        let Input::Value(RawValue::Map(entries)) = input else {
            // Properties hold secrets too, so what stands in their place is named by its type only.
            let value = if let Input::Value(value) = input { value.describe() } else { REDACTED.into() };
            return Err(vec![Fault { value, ..self.fault(input) }]);
        };
        let mut faults = Vec::new();
        for (name, value) in entries {
            let fault = |expected: String| {
                let value = if is_secret(name) { REDACTED.into() } else { value.shown() };
                Fault { suffix: property_suffix(name), value, expected }
            };
            let text = match value {
                RawValue::Undefined => continue,
                RawValue::Text(text) if !text.contains('\0') => Some(text.clone()),
                RawValue::Number(value) if value.is_finite() => Some(number(*value)),
                RawValue::Bool(flag) => Some(flag.to_string()),
                _ => None,
            };
            match (owned::instead(name), text) {
                (Some(instead), _) => faults.push(fault(instead)),
                (None, None) => {
                    faults.push(fault("a string without NUL, a finite number or a boolean".into()));
                }
                (None, Some(text)) => place.insert(name.clone(), text),
            }
        }
        if faults.is_empty() { Ok(()) } else { Err(faults) }
    }

    fn fault(&self, input: &Input<'_>) -> Fault {
        Fault { suffix: String::new(), value: input.shown(), expected: self.expected(input) }
    }
}

impl<T> Slot<T> {
    fn put(&self, options: &mut Options, value: T) {
        match self {
            Self::Must(place) => *place(options) = value,
            Self::May(place) => *place(options) = Some(value),
        }
    }
}

fn whole(number: f64, min: u64, max: u64) -> Option<u64> {
    let inside = number.fract() == 0.0 && (min as f64..=max as f64).contains(&number);
    inside.then_some(number as u64)
}

/// A text that is taken as it is, spaces included.
fn opaque<'a>(input: &Input<'a>) -> Option<&'a str> {
    let text: &str = match input {
        Input::Value(RawValue::Text(text)) => text,
        Input::Value(_) => return None,
        Input::Variable(text) => text,
    };
    (!text.is_empty() && !text.contains('\0')).then_some(text)
}

fn split(text: &str) -> Vec<(String, RawValue)> {
    let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
    items.map(|item| (String::new(), RawValue::Text(item.into()))).collect()
}

fn collect<T>(
    items: Vec<(String, RawValue)>,
    expected: &str,
    read: impl Fn(&str) -> Option<T>,
) -> Result<Vec<T>, Vec<Fault>> {
    let mut values = Vec::with_capacity(items.len());
    let mut faults = Vec::new();
    for (suffix, item) in items {
        let value = if let RawValue::Text(text) = &item { read(text) } else { None };
        match value {
            Some(value) => values.push(value),
            None => faults.push(Fault { suffix, value: item.shown(), expected: expected.into() }),
        }
    }
    if faults.is_empty() { Ok(values) } else { Err(faults) }
}

/// The path of a librdkafka property.
pub(crate) fn property_path(name: &str) -> String {
    format!("kafka{}", property_suffix(name))
}

/// Property names hold points, so they go in brackets; a forged one is escaped.
fn property_suffix(name: &str) -> String {
    format!("[{}]", quoted(name))
}
