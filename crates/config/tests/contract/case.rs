//! One option of the contract, and what is tried with it.

use std::{fmt::Debug, time::Duration};

use prosody_config::{IdentitySource, Options, RawValue};

use crate::support::{function, list, number, text};

pub const SECOND: u64 = 1_000;
pub const MINUTE: u64 = 60 * SECOND;
pub const HOUR: u64 = 60 * MINUTE;
pub const DAY: u64 = 24 * HOUR;
pub const YEAR: u64 = 365 * DAY;

/// What an option is in the resolved options, in a form that can be compared.
pub type Get = fn(&Options) -> String;

pub struct Case {
    pub name: &'static str,
    /// After `PROSODY_`; empty if there is none.
    pub env: &'static str,
    pub get: Get,
    pub default: String,
    /// Other options that must be set for this one to be.
    pub context: Vec<(&'static str, RawValue)>,
    /// Constructor forms with what becomes of them; both ends of the range are among them.
    pub values: Vec<(RawValue, String)>,
    /// Environment forms with what becomes of them.
    pub variables: Vec<(String, String)>,
    /// Constructor forms that are refused.
    pub refused: Vec<RawValue>,
    /// Environment forms that are refused.
    pub refused_variables: Vec<String>,
    /// Whether the context cannot do without it, so that its default is seen without the context only.
    pub needed: bool,
}

/// The form values are compared in.
pub fn show(value: impl Debug) -> String {
    format!("{value:?}")
}

impl Case {
    fn new(name: &'static str, env: &'static str, default: String, get: Get) -> Self {
        let refused = vec![
            RawValue::Other("bigint".into()),
            RawValue::Other("Date".into()),
            RawValue::Map(vec![("a".into(), number(1))]),
            RawValue::List(vec![RawValue::Null]),
        ];
        let (context, values, variables, refused_variables) = (vec![], vec![], vec![], vec![]);
        let needed = false;
        Self { name, env, get, default, context, values, variables, refused, refused_variables, needed }
    }

    pub fn with(mut self, name: &'static str, value: RawValue) -> Self {
        self.context.push((name, value));
        self
    }

    pub fn needed(mut self) -> Self {
        self.needed = true;
        self.values.retain(|(value, _)| *value != RawValue::Null);
        self.variables.retain(|(text, _)| text != "none");
        self
    }

    fn refuse(mut self, values: impl IntoIterator<Item = RawValue>, variables: &[&str]) -> Self {
        self.refused.extend(values);
        self.refused_variables.extend(variables.iter().map(|&text| text.to_owned()));
        self
    }

    fn take(mut self, value: RawValue, variable: &str, becomes: impl Debug) -> Self {
        self.values.push((value, show(&becomes)));
        self.variables.push((variable.into(), show(&becomes)));
        self
    }

    /// What no number of any kind may be.
    fn no_numbers(self) -> Self {
        let numbers = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -1.0, 1e12].map(number);
        let others = [RawValue::Bool(true), text("1"), text(""), function(), list(&["1"])];
        self.refuse(
            numbers.into_iter().chain(others),
            &["NaN", "inf", "Infinity", "-1", "1e3", "abc", "1,5", "0x10"],
        )
    }
}

pub fn flag(name: &'static str, env: &'static str, default: bool, get: Get) -> Case {
    Case::new(name, env, show(default), get)
        .take(RawValue::Bool(true), "true", true)
        .take(RawValue::Bool(false), "false", false)
        .take(RawValue::Bool(!default), if default { "0" } else { "1" }, !default)
        .refuse([RawValue::Null, number(1), text("true"), function()], &["yes", "2", "tru"])
}

pub fn count(name: &'static str, env: &'static str, default: u64, range: (u64, u64), get: Get) -> Case {
    whole(name, env, show(default), range, get).refuse([RawValue::Null], &["none"])
}

/// The same, where it may be absent.
pub fn maybe_count(
    name: &'static str,
    env: &'static str,
    default: Option<u64>,
    range: (u64, u64),
    get: Get,
) -> Case {
    let mut case = whole(name, env, show(default), range, get);
    case.values.iter_mut().for_each(|(_, becomes)| *becomes = format!("Some({becomes})"));
    case.variables.iter_mut().for_each(|(_, becomes)| *becomes = format!("Some({becomes})"));
    case.take(RawValue::Null, "none", None::<u64>)
}

fn whole(name: &'static str, env: &'static str, default: String, range: (u64, u64), get: Get) -> Case {
    let (min, max) = range;
    let middle = min + 1;
    let mut case = Case::new(name, env, default, get)
        .take(number(min as f64), &min.to_string(), min)
        .take(number(max as f64), &max.to_string(), max)
        .take(number(middle as f64), &format!(" {middle} "), middle)
        .no_numbers()
        .refuse([number(max as f64 + 1.0), number(min as f64 + 0.5)], &[&(max + 1).to_string(), "1.5"]);
    if min > 0 {
        case = case.refuse([number(0)], &["0"]);
    }
    case
}

/// A time; everything in milliseconds but the numbers handed over, which count in `unit` milliseconds.
fn time(
    name: &'static str,
    env: &'static str,
    default: String,
    range: (u64, u64),
    unit: u64,
    get: Get,
    becomes: impl Fn(u64) -> String,
) -> Case {
    let (min, max) = range;
    let mut case = Case::new(name, env, default, get).no_numbers();
    for milliseconds in [min, max, min + unit, max / 2 / unit * unit] {
        let own = milliseconds / unit;
        case.values.push((number(own as f64), becomes(milliseconds)));
        case.variables.push((own.to_string(), becomes(milliseconds)));
        case.variables.push((format!("{milliseconds}ms"), becomes(milliseconds)));
    }
    case.variables.push(("1m".into(), becomes(MINUTE)));
    let beyond = max / unit + 1;
    case = case.refuse(
        [number(beyond as f64), text("1s")],
        &[&beyond.to_string(), &format!("{}ms", max + 1), "5 minutes"],
    );
    if min > 0 {
        case = case
            .refuse([number(0), number((min / unit) as f64 - 0.5)], &["0", "0s", &format!("{}ms", min - 1)]);
    }
    case
}

pub fn millis(name: &'static str, env: &'static str, default: u64, range: (u64, u64), get: Get) -> Case {
    let shown = |milliseconds| show(Duration::from_millis(milliseconds));
    time(name, env, shown(default), range, 1, get, shown).refuse([RawValue::Null], &["none"])
}

pub fn maybe_millis(name: &'static str, env: &'static str, range: (u64, u64), get: Get) -> Case {
    let shown = |milliseconds| show(Some(Duration::from_millis(milliseconds)));
    time(name, env, show(None::<Duration>), range, 1, get, shown).take(
        RawValue::Null,
        "none",
        None::<Duration>,
    )
}

/// The range is in seconds.
pub fn seconds(name: &'static str, env: &'static str, default: u64, range: (u64, u64), get: Get) -> Case {
    let shown = |milliseconds| show(Duration::from_millis(milliseconds));
    time(name, env, shown(default * SECOND), (range.0 * SECOND, range.1 * SECOND), SECOND, get, shown)
        .refuse([RawValue::Null], &["none"])
}

pub fn share(name: &'static str, env: &'static str, default: f64, max: f64, get: Get) -> Case {
    Case::new(name, env, show(default), get)
        .take(number(max), &max.to_string(), max)
        .take(number(0.25), "0.25", 0.25)
        .no_numbers()
        .refuse([number(max * 1.01), number(-0.001), RawValue::Null], &["none", "-0.1"])
}

pub fn words(
    name: &'static str,
    env: &'static str,
    words: &[(&str, String)],
    default: &str,
    get: Get,
) -> Case {
    let mut case = Case::new(name, env, default.into(), get);
    for (word, becomes) in words {
        case.values.push((text(word), becomes.clone()));
        case.variables.push(((*word).into(), becomes.clone()));
        case.variables.push((word.to_ascii_uppercase(), becomes.clone()));
    }
    case.refuse([text("nonsense"), text(""), number(0), RawValue::Bool(true), function()], &["nonsense", "0"])
}

/// A text; `good` are allowed, `bad` are not.
pub fn texts(
    name: &'static str,
    env: &'static str,
    default: impl Debug,
    good: &[&str],
    bad: &[&str],
    get: Get,
) -> Case {
    let mut case = Case::new(name, env, show(default), get).refuse(bad.iter().map(|bad| text(bad)), &[]);
    for &good in good {
        case = case.take(text(good), good, good);
    }
    case.refuse([number(1), RawValue::Bool(true), function(), list(&["a"]), RawValue::Null], &[])
}

/// The same, where it may be absent.
pub fn maybe_texts(name: &'static str, env: &'static str, good: &[&str], bad: &[&str], get: Get) -> Case {
    let mut case = Case::new(name, env, show(None::<&str>), get).refuse(bad.iter().map(|bad| text(bad)), &[]);
    for &good in good {
        case = case.take(text(good), good, Some(good));
    }
    case.take(RawValue::Null, "none", None::<&str>)
        .refuse([number(1), RawValue::Bool(true), function(), list(&["a"])], &[])
}

/// One text or several.
pub fn lists(name: &'static str, env: &'static str, good: [&str; 2], bad: &[&str], get: Get) -> Case {
    let mut case = Case::new(name, env, show([""; 0]), get)
        .take(text(good[0]), good[0], [good[0]])
        .take(list(&good), &format!("{}, {},", good[0], good[1]), good)
        .take(RawValue::Null, "none", [""; 0])
        .refuse(bad.iter().map(|bad| text(bad)), &[])
        .refuse([number(1), RawValue::Bool(true), function(), RawValue::List(vec![number(1)])], &[]);
    case = case.refuse(bad.iter().map(|bad| list(&[good[0], bad])), &[]);
    case
}

/// JSON pointers and headers.
pub fn sources(name: &'static str, env: &'static str, default: &str, get: Get) -> Case {
    let default = [IdentitySource::Pointer(vec![default.into()])];
    let pointer = IdentitySource::Pointer(vec!["a".into(), "b".into()]);
    let header = IdentitySource::Header("ce_id".into());
    Case::new(name, env, show(default), get)
        .take(text("/a/b"), "/a/b", [&pointer])
        .take(list(&["header:ce_id", "/a/b"]), "header:ce_id, /a/b", [&header, &pointer])
        .refuse(
            [text("id"), text(""), list(&["/a", "b"]), list(&[]), RawValue::Null, number(1)],
            &["id", "none", ","],
        )
}

/// A text or a file that is never shown.
pub fn hidden(name: &'static str, env: &'static str, good: &[&str], becomes: &[&str], get: Get) -> Case {
    let mut case = Case::new(name, env, show(None::<()>), get);
    for (good, becomes) in good.iter().zip(becomes) {
        case.values.push((text(good), (*becomes).into()));
        case.variables.push(((*good).into(), (*becomes).into()));
    }
    case.refuse([text(""), text("a\0b"), number(1), RawValue::Bool(true), function()], &[])
}
