//! `name=value` arguments; those that start with `kafka.` are librdkafka properties.

use std::collections::HashMap;
use std::str::FromStr;

pub struct Args(HashMap<String, String>);

impl Args {
    pub fn parse(args: impl Iterator<Item = String>) -> Result<Self, String> {
        // Bounded by the command line; nothing is removed.
        let mut map = HashMap::new();
        for arg in args {
            let (name, value) = arg.split_once('=').ok_or_else(|| format!("'{arg}' is not name=value"))?;
            map.insert(name.to_owned(), value.to_owned());
        }
        Ok(Self(map))
    }

    pub fn text(&self, name: &str) -> Result<&str, String> {
        self.0.get(name).map(String::as_str).ok_or_else(|| format!("give {name}=…"))
    }

    pub fn number<T: FromStr>(&self, name: &str, default: T) -> Result<T, String> {
        match self.0.get(name) {
            None => Ok(default),
            Some(value) => value.parse().map_err(|_| format!("{name}={value} is no number in range")),
        }
    }

    /// `defaults`, then what the command line says.
    pub fn kafka(&self, defaults: &[(&str, &str)]) -> Vec<(String, String)> {
        let mut pairs: Vec<_> =
            defaults.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        for (name, value) in &self.0 {
            if let Some(name) = name.strip_prefix("kafka.") {
                pairs.push((name.to_owned(), value.clone()));
            }
        }
        pairs
    }
}
