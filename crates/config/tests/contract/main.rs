//! Every option of the contract: default, environment form, constructor form, who wins, and what is refused.

#![allow(clippy::unwrap_used, clippy::panic)]

mod case;
mod list;
#[path = "../support/mod.rs"]
mod support;

use std::collections::BTreeSet;

use case::Case;
use prosody_config::{Options, Problem, RawValue, Warning, documents, resolve};
use support::{environment, options, refused};

impl Case {
    /// The context and, if given, a value of the option itself.
    fn options(&self, value: Option<&RawValue>) -> Vec<(&str, RawValue)> {
        let own = value.map(|value| (self.name, value.clone()));
        self.context.iter().cloned().chain(own).collect()
    }

    fn variable(&self) -> String {
        format!("PROSODY_{}", self.env)
    }

    #[track_caller]
    fn resolved(&self, entries: &[(&str, RawValue)], variables: &[(&str, &str)]) -> String {
        let resolved: Options = match resolve(&options(entries), &environment(variables)) {
            Ok(resolved) => {
                let unknown = |warning: &&Warning| matches!(warning, Warning::Unknown { .. });
                assert_eq!(resolved.warnings.iter().find(unknown), None, "{}", self.name);
                resolved.options
            }
            Err(problems) => panic!("{} with {entries:?} and {variables:?}: {problems}", self.name),
        };
        (self.get)(&resolved)
    }

    /// One slip gives problems of this option only, and names the value.
    fn is_refused(&self, problems: &[Problem], variable: Option<&str>) {
        let items = format!("{}[", self.name);
        for problem in problems {
            assert!(
                problem.path == self.name || problem.path.starts_with(&items),
                "{}: {problem}",
                self.name
            );
            assert!(!problem.value.is_empty() && !problem.expected.is_empty(), "{problem:?}");
            assert_ne!(problem.value, "not set", "{problem}");
            assert_eq!(problem.variable.as_deref(), variable, "{problem}");
        }
    }
}

#[test]
fn every_option_has_its_default() {
    for case in list::all() {
        let entries = if case.needed { Vec::new() } else { case.options(None) };
        assert_eq!(case.resolved(&entries, &[]), case.default, "{}", case.name);
        let variable = case.variable();
        assert_eq!(
            case.resolved(&entries, &[(&variable, "")]),
            case.default,
            "{}, empty variable",
            case.name
        );
        let mut unset = entries.clone();
        unset.push((case.name, RawValue::Undefined));
        assert_eq!(case.resolved(&unset, &[]), case.default, "{}, undefined", case.name);
    }
}

#[test]
fn every_allowed_constructor_form_is_taken() {
    for case in list::all() {
        for (value, becomes) in &case.values {
            assert_eq!(&case.resolved(&case.options(Some(value)), &[]), becomes, "{}: {value:?}", case.name);
        }
    }
}

#[test]
fn every_allowed_environment_form_is_taken() {
    for case in list::all() {
        let variable = case.variable();
        for (text, becomes) in &case.variables {
            let resolved = case.resolved(&case.options(None), &[(&variable, text)]);
            assert_eq!(&resolved, becomes, "{}: {text:?}", case.name);
        }
    }
}

#[test]
fn the_constructor_wins_over_the_environment() {
    for case in list::all().iter().filter(|case| !case.env.is_empty()) {
        let variable = case.variable();
        for (value, becomes) in &case.values {
            for (text, _) in case
                .variables
                .iter()
                .map(|(text, becomes)| (text.as_str(), becomes))
                .chain([("\u{0}", &case.default)])
            {
                let resolved = case.resolved(&case.options(Some(value)), &[(&variable, text)]);
                assert_eq!(&resolved, becomes, "{}: {value:?} over {text:?}", case.name);
            }
        }
    }
}

#[test]
fn every_constructor_form_beyond_the_contract_is_refused() {
    for case in list::all() {
        assert!(case.refused.len() > 4, "{}", case.name);
        for value in &case.refused {
            let problems = refused(&case.options(Some(value)), &[]);
            case.is_refused(&problems, None);
        }
    }
}

#[test]
fn every_environment_form_beyond_the_contract_is_refused() {
    for case in list::all() {
        let variable = case.variable();
        for text in &case.refused_variables {
            let problems = refused(&case.options(None), &[(&variable, text)]);
            case.is_refused(&problems, Some(&variable));
        }
    }
}

#[test]
fn the_contract_is_the_table() {
    let contract: BTreeSet<_> = list::all()
        .iter()
        .map(|case| (case.name.to_owned(), case.env.to_owned()))
        .chain([("kafka".into(), String::new())])
        .collect();
    let table: BTreeSet<_> = documents::markdown()
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split_once('`'))
        .filter(|(name, _)| !["security", "identity", "deadLetterAfter", "cassandraTls"].contains(name))
        .map(|(name, rest)| {
            let variable =
                rest.split_once("`PROSODY_").map_or("", |(_, rest)| rest.split('`').next().unwrap());
            (name.to_owned(), variable.to_owned())
        })
        .collect();
    assert_eq!(contract, table);
}
