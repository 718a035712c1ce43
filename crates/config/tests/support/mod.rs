//! Short ways to write configurations down.

#![allow(dead_code, clippy::unwrap_used, clippy::panic)]

use prosody_config::{Options, Problem, RawValue, Resolved, resolve};

pub fn text(text: &str) -> RawValue {
    RawValue::Text(text.into())
}

pub fn number(number: impl Into<f64>) -> RawValue {
    RawValue::Number(number.into())
}

pub fn list(items: &[&str]) -> RawValue {
    RawValue::List(items.iter().map(|item| text(item)).collect())
}

pub fn function() -> RawValue {
    RawValue::Other("function".into())
}

pub fn object(entries: &[(&str, RawValue)]) -> RawValue {
    RawValue::Map(entries.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect())
}

/// Sets an option, or with a point in its name a member of one.
pub fn set(options: &mut Vec<(String, RawValue)>, name: &str, value: RawValue) {
    let Some((group, member)) = name.split_once('.') else {
        options.push((name.into(), value));
        return;
    };
    match options.iter_mut().find(|(known, _)| known == group) {
        Some((_, RawValue::Map(members))) => members.push((member.into(), value)),
        _ => options.push((group.into(), RawValue::Map(vec![(member.into(), value)]))),
    }
}

/// Options by their dotted names, beside a server, which every client needs.
pub fn options(entries: &[(&str, RawValue)]) -> RawValue {
    let mut all = Vec::new();
    if !entries.iter().any(|(name, _)| matches!(*name, "bootstrapServers" | "mock")) {
        set(&mut all, "bootstrapServers", text("localhost:9092"));
    }
    for (name, value) in entries {
        set(&mut all, name, value.clone());
    }
    RawValue::Map(all)
}

pub fn environment(variables: &[(&str, &str)]) -> Vec<(String, String)> {
    variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

#[track_caller]
pub fn resolved(entries: &[(&str, RawValue)], variables: &[(&str, &str)]) -> Resolved {
    resolve(&options(entries), &environment(variables)).unwrap_or_else(|problems| panic!("{problems}"))
}

#[track_caller]
pub fn accepted(entries: &[(&str, RawValue)]) -> Options {
    resolved(entries, &[]).options
}

#[track_caller]
pub fn refused(entries: &[(&str, RawValue)], variables: &[(&str, &str)]) -> Vec<Problem> {
    match resolve(&options(entries), &environment(variables)) {
        Ok(_) => panic!("{entries:?} {variables:?} was accepted"),
        Err(problems) => problems.0,
    }
}

/// The paths of what was refused.
#[track_caller]
pub fn paths(entries: &[(&str, RawValue)], variables: &[(&str, &str)]) -> Vec<String> {
    refused(entries, variables).into_iter().map(|problem| problem.path).collect()
}
