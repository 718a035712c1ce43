//! From the table, the constructor and the environment to options.

use std::collections::BTreeMap;

use crate::{
    Options, Problem, Problems, RawValue, Resolved, SecurityProtocol, Warning,
    closest::closest,
    kind::{Input, property_path},
    raw::quoted,
    rules,
    secret::REDACTED,
    table::{self, GROUPS, Group, Preset, Row},
};

/// The beginning of our environment variables.
const PREFIX: &str = "PROSODY_";

/// What was found out about a configuration so far.
pub(crate) struct Draft {
    /// The options; those that were refused hold their defaults.
    pub(crate) options: Options,
    /// What is wrong.
    pub(crate) problems: Vec<Problem>,
    /// Options that somebody set, by name. Bounded by the table, lives as long as one call.
    given: BTreeMap<&'static str, Given>,
}

/// A value that somebody set.
struct Given {
    shown: String,
    variable: Option<String>,
    refused: bool,
    off: bool,
}

pub(crate) fn resolve(raw: &RawValue, environment: &[(String, String)]) -> Result<Resolved, Problems> {
    let mut draft = Draft { options: Options::default(), problems: Vec::new(), given: BTreeMap::new() };
    if !matches!(raw, RawValue::Undefined | RawValue::Null | RawValue::Map(_)) {
        draft.refuse("configuration", raw.describe(), "an object");
    }
    for group in GROUPS {
        draft.group(group, raw);
    }
    for row in table::rows() {
        draft.row(row, raw, environment);
    }
    rules::apply(&mut draft);
    if draft.problems.is_empty() {
        let mut warnings = warnings(raw, environment);
        warnings.extend(unencrypted(&draft.options));
        Ok(Resolved { options: draft.options, warnings })
    } else {
        Err(Problems(draft.problems))
    }
}

impl Draft {
    /// Whether somebody set the option; one switched off counts as not set.
    pub(crate) fn is_given(&self, name: &str) -> bool {
        self.given.get(name).is_some_and(|given| !given.off)
    }

    /// Whether the option was switched off with `null` or `none`.
    pub(crate) fn is_off(&self, name: &str) -> bool {
        self.given.get(name).is_some_and(|given| given.off)
    }

    /// Whether what was set is of no use, so that nothing can be concluded from it.
    pub(crate) fn is_refused(&self, name: &str) -> bool {
        self.given.get(name).is_some_and(|given| given.refused)
    }

    /// Refuses an option for what other options say.
    pub(crate) fn contradict(&mut self, name: &str, expected: impl Into<String>) {
        let (value, variable) = match self.given.get(name) {
            Some(given) if !given.off => (given.shown.clone(), given.variable.clone()),
            _ => ("not set".to_owned(), None),
        };
        self.problems.push(Problem { path: name.into(), value, expected: expected.into(), variable });
    }

    /// Refuses a property for librdkafka, if it was given, for what other options say.
    pub(crate) fn contradict_property(&mut self, name: &str, expected: &str) {
        if let Some(value) = self.options.kafka.get(name).map(quoted) {
            self.refuse(&property_path(name), value, expected);
        }
    }

    fn refuse(&mut self, path: &str, value: String, expected: &str) {
        self.problems.push(Problem { path: path.into(), value, expected: expected.into(), variable: None });
    }

    /// An option of members has to be an object, or `null` where it can be switched off.
    fn group(&mut self, group: &'static Group, raw: &RawValue) {
        let (off, refused) = match raw.get(group.name) {
            None => return,
            Some(RawValue::Map(_)) => (false, false),
            Some(RawValue::Null) if group.optional => (true, false),
            Some(other) => {
                let expected = if group.optional { "an object, or null" } else { "an object" };
                self.refuse(group.name, other.describe(), expected);
                (false, true)
            }
        };
        self.given.insert(group.name, Given { shown: "an object".into(), variable: None, refused, off });
    }

    fn row(&mut self, row: &'static Row, raw: &RawValue, environment: &[(String, String)]) {
        if let Preset::Value(text) | Preset::Computed(_, Some(text)) = row.preset {
            // The table's own defaults are in range: a test reads every one of them.
            let _ = row.kind.assign(&Input::Variable(text), &mut self.options);
        }
        let (group, member) = row.split();
        let value = match group {
            "" => raw.get(member),
            group if self.is_off(group) || self.is_refused(group) => return,
            group => raw.get(group).and_then(|object| object.get(member)),
        };
        let variable = if value.is_some() { None } else { variable(row, environment) };
        let input = match (value, &variable) {
            (Some(value), _) => Input::Value(value),
            (None, Some((_, text))) => Input::Variable(text),
            (None, None) => return,
        };
        let variable = variable.as_ref().map(|(name, _)| name.clone());
        let shown = if row.is_secret() { REDACTED.to_owned() } else { input.shown() };
        let off = row.kind.optional() && is_off(&input);
        let result = if off {
            row.kind.switch_off(&mut self.options);
            Ok(())
        } else {
            row.kind.assign(&input, &mut self.options)
        };
        let refused = result.is_err();
        for fault in result.err().unwrap_or_default() {
            self.problems.push(Problem {
                path: format!("{}{}", row.name, fault.suffix),
                value: if row.is_secret() { REDACTED.to_owned() } else { fault.value },
                expected: fault.expected,
                variable: variable.clone(),
            });
        }
        self.given.insert(row.name, Given { shown, variable, refused, off });
    }
}

fn is_off(input: &Input<'_>) -> bool {
    match input {
        Input::Value(value) => matches!(value, RawValue::Null),
        Input::Variable(text) => text.trim().eq_ignore_ascii_case("none"),
    }
}

/// The variable that sets an option, and its text; an empty one counts as not set.
fn variable<'a>(row: &Row, environment: &'a [(String, String)]) -> Option<(String, &'a str)> {
    let own = (!row.env.is_empty()).then(|| format!("{PREFIX}{}", row.env));
    let fallback = (!row.fallback.is_empty()).then(|| row.fallback.to_owned());
    [own, fallback].into_iter().flatten().find_map(|name| {
        let (_, text) = environment.iter().find(|(known, text)| *known == name && !text.is_empty())?;
        Some((name, text.as_str()))
    })
}

fn warnings(raw: &RawValue, environment: &[(String, String)]) -> Vec<Warning> {
    let mut warnings = Vec::new();
    if let RawValue::Map(entries) = raw {
        for (name, value) in entries {
            let known =
                || table::rows().map(|row| row.name.split_once('.').map_or(row.name, |(group, _)| group));
            if known().all(|known| known != name) {
                let closest = closest(name, known()).to_owned();
                warnings.push(Warning::Unknown { name: name.clone(), closest, variable: false });
            } else if let (Some(group), RawValue::Map(members)) =
                (GROUPS.iter().find(|g| g.name == name), value)
            {
                warnings.extend(members.iter().filter_map(|(member, _)| unknown_member(group, member)));
            }
        }
    }
    for (name, text) in environment {
        let Some(own) = name.strip_prefix(PREFIX).filter(|_| !text.is_empty()) else { continue };
        let known = || table::rows().map(|row| row.env).filter(|env| !env.is_empty());
        if known().all(|known| known != own) {
            let closest = format!("{PREFIX}{}", closest(own, known()));
            warnings.push(Warning::Unknown { name: name.clone(), closest, variable: true });
        }
    }
    warnings
}

/// With a mock no connection is made.
fn unencrypted(options: &Options) -> Option<Warning> {
    let security = &options.security;
    let open = security.protocol == SecurityProtocol::SaslPlaintext && !options.mock;
    security.mechanism.filter(|_| open).map(Warning::Unencrypted)
}

fn unknown_member(group: &Group, member: &str) -> Option<Warning> {
    let known =
        || table::rows().map(Row::split).filter(|(of, _)| *of == group.name).map(|(_, member)| member);
    if known().any(|known| known == member) {
        return None;
    }
    let closest = format!("{}.{}", group.name, closest(member, known()));
    Some(Warning::Unknown { name: format!("{}.{member}", group.name), closest, variable: false })
}
