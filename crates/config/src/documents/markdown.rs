//! `docs/configuration.md`.

use std::fmt::Write;

use super::{preset, range, type_of, variables};
use crate::table::{GROUPS, Row, SECTIONS};

const HEAD: &str = "\
<!-- Generated from the option table in crates/config/src/table.rs: do not edit. UPDATE_DOCS=1 cargo test -p prosody-config writes it. -->

# Configuration

Constructor options win over environment variables, which win over defaults. All bad values are refused together, in
one `ConfigurationError`, before anything is connected; an unknown option or `PROSODY_*` name is logged with the closest
known one.

- Options that end in `Ms`, `S` or `Seconds` are numbers of that unit. Their environment variables take a duration
  (`100ms`, `15s`, `5m`, `1h`, `7d`, `2w`, `1y`) or a bare number in the option's own unit.
- `null` switches an optional thing off, `none` does in the environment. `undefined` and an empty variable count as not
  set.
- Lists are comma-separated in the environment. A list of servers may be in the constructor too.
- Members of an option that is an object are resolved one by one: a password may come from the environment and the
  rest from the program.
- Words are taken in upper or lower case.
";

/// The reference of all options.
pub fn markdown() -> String {
    let mut text = HEAD.to_owned();
    for section in SECTIONS {
        let _ = write!(text, "\n## {}\n\n", section.title);
        text.push_str(
            "| option | type | default | range | environment | meaning |\n|---|---|---|---|---|---|\n",
        );
        let mut group = "";
        for row in section.rows {
            let (of, _) = row.split();
            if of != group {
                group = of;
                text.push_str(&heading(of));
            }
            text.push_str(&line(row));
        }
    }
    text
}

fn heading(name: &str) -> String {
    GROUPS.iter().find(|group| group.name == name).map_or_else(String::new, |group| {
        let off = if group.optional { " \\| null" } else { "" };
        format!("| `{name}` | object{off} | | | | {} |\n", group.doc)
    })
}

fn line(row: &Row) -> String {
    let variables: Vec<_> = variables(row).iter().map(|name| format!("`{name}`")).collect();
    // In a cell a bar has to be escaped, code or not.
    let kind = match type_of(&row.kind).as_str() {
        typescript if typescript.starts_with("TokenCallback") => "function \\| null".to_owned(),
        typescript if typescript.starts_with("Readonly<") => "object \\| null".to_owned(),
        typescript => typescript.replace("readonly ", "").replace('\'', "\"").replace('|', "\\|"),
    };
    format!(
        "| `{}` | {} | {} | {} | {} | {} |\n",
        row.name,
        kind,
        preset(row).unwrap_or_else(|| "–".into()),
        range(row),
        if variables.is_empty() { "–".into() } else { variables.join(", ") },
        row.doc,
    )
}
