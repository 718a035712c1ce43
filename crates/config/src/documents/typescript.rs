//! `src/configuration.ts`.

use std::fmt::Write;

use super::{preset, type_of, variables};
use crate::{
    kind::Kind,
    table::{GROUPS, Group, Row, SECTIONS, rows},
};

/// Comment lines are no longer than this.
const WIDTH: usize = 110;

const HEAD: &str = "\
// Generated from the option table in crates/config/src/table.rs: do not edit.
// `UPDATE_DOCS=1 cargo test -p prosody-config` writes it.

/** A token for SASL OAUTHBEARER. */
export interface Token {
  /** The token itself. */
  value: string;
  /**
   * When it ends: a date, or milliseconds since 1970. A new one is asked for before then. Not needed for a JSON web
   * token, which says it itself; a token that says nothing is taken to live for five minutes.
   */
  expiresAt?: Date | number | undefined;
  /** Whom it names; that of a JSON web token is its `sub`. */
  principal?: string | undefined;
  /** What is told to the brokers besides. */
  extensions?: Record<string, string> | undefined;
}

/** Supplies a token whenever one is needed; a JSON web token may be given as it is. */
export type TokenCallback = () => Token | string | Promise<Token | string>;
";

/// The type of the constructor's options.
pub fn typescript() -> String {
    let mut text = HEAD.to_owned();
    for group in GROUPS {
        let _ = write!(text, "\n/** {} */\nexport interface {} {{\n", group.doc, group.interface);
        for row in rows().filter(|row| row.split().0 == group.name) {
            text.push_str(&member(row));
        }
        text.push_str("}\n");
    }
    text.push_str(
        "\n/**\n * The options of a client.\n *\n * They win over environment variables, which win over defaults. \
         `undefined` counts as not set.\n */\nexport interface Configuration {\n",
    );
    let mut last = "";
    for row in SECTIONS.iter().flat_map(|section| section.rows) {
        let (of, _) = row.split();
        match GROUPS.iter().find(|group| group.name == of) {
            Some(group) if last != of => text.push_str(&object(group)),
            Some(_) => {}
            None => text.push_str(&member(row)),
        }
        last = of;
    }
    text.push_str("}\n");
    text
}

fn object(group: &Group) -> String {
    let off = if group.optional { " | null" } else { "" };
    format!("  /** {} */\n  {}?: {}{off} | undefined;\n", group.doc, group.name, group.interface)
}

fn member(row: &Row) -> String {
    let mut facts = Vec::new();
    match &row.kind {
        Kind::Time { unit, .. } => facts.push(format!("Unit: {}.", unit.name())),
        Kind::Bytes { .. } => facts.push("Unit: bytes.".into()),
        _ => {}
    }
    let range = row.kind.range();
    // The words of a choice are in its type already.
    if !range.is_empty() && !matches!(row.kind, Kind::Word { .. }) {
        facts.push(format!("Allowed: {range}."));
    }
    if !row.also.is_empty() {
        facts.push(format!("Condition: {}.", row.also));
    }
    let variables: Vec<_> = variables(row).iter().map(|name| format!("`{name}`")).collect();
    if !variables.is_empty() {
        facts.push(format!("Environment: {}.", variables.join(", then ")));
    }
    let mut text = String::from("  /**\n");
    paragraph(&mut text, row.doc);
    if !facts.is_empty() {
        text.push_str("   *\n");
        paragraph(&mut text, &facts.join(" "));
    }
    if let Some(preset) = preset(row) {
        text.push_str("   *\n");
        paragraph(&mut text, &format!("@defaultValue {preset}"));
    }
    text.push_str("   */\n");
    let line = format!("  {}?: {} | undefined;\n", row.split().1, type_of(&row.kind));
    text.push_str(&line);
    text
}

/// Comment lines, broken at spaces.
fn paragraph(text: &mut String, words: &str) {
    const START: &str = "   *";
    let mut width = START.len();
    text.push_str(START);
    for word in escape(words).split(' ') {
        let length = word.chars().count() + 1;
        if width + length > WIDTH && width > START.len() {
            text.push('\n');
            text.push_str(START);
            width = START.len();
        }
        text.push(' ');
        text.push_str(word);
        width += length;
    }
    text.push('\n');
}

/// Braces outside code would start an inline tag.
fn escape(words: &str) -> String {
    let mut code = false;
    let mut text = String::with_capacity(words.len());
    for c in words.chars() {
        code ^= c == '`';
        if !code && matches!(c, '{' | '}') {
            text.push('\\');
        }
        text.push(c);
    }
    text
}
