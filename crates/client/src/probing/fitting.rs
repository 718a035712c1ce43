//! An explanation as large as there is room for it.

use serde_json::{Value, json};

/// Parked keys that are kept as long as leaving out errors is enough.
const FEW_PARKED: usize = 10;

/// The explanation as text of at most `most` bytes. What it has no room for goes in this order: parked keys but a few,
/// errors, the other parked keys, partitions; those that are held up go last. `partitionsLeftOut` counts partitions,
/// `parkedCount` all parked keys.
pub fn fit(mut all: Value, most: usize) -> String {
    let steps: [fn(&mut Value); 3] =
        [|all| keep(all, "parked", FEW_PARKED), without_errors, |all| keep(all, "parked", 0)];
    let mut text = all.to_string();
    for step in steps {
        if text.len() <= most {
            return text;
        }
        step(&mut all);
        text = all.to_string();
    }
    if text.len() <= most {
        return text;
    }
    let Value::Array(mut partitions) = all["partitions"].take() else { return "null".into() };
    all["partitions"] = json!([]);
    let total = partitions.len();
    partitions.sort_by_key(|partition| partition["held"].is_null());
    all["partitionsLeftOut"] = json!(total);
    let mut room = most.saturating_sub(all.to_string().len());
    let mut kept = Vec::new();
    for partition in partitions {
        // With the comma behind it.
        let size = partition.to_string().len() + 1;
        if size > room {
            break;
        }
        room -= size;
        kept.push(partition);
    }
    all["partitionsLeftOut"] = json!(total - kept.len());
    all["partitions"] = Value::Array(kept);
    all.to_string()
}

fn without_errors(all: &mut Value) {
    for record in list(all, "parked") {
        record["error"] = Value::Null;
    }
    for partition in list(all, "partitions") {
        for holder in ["blocking", "held"] {
            if let Some(error) = partition[holder].get_mut("error") {
                *error = Value::Null;
            }
        }
    }
}

/// The list of this name; none, where there is no such list.
fn list<'a>(all: &'a mut Value, name: &str) -> &'a mut [Value] {
    all[name].as_array_mut().map(Vec::as_mut_slice).unwrap_or_default()
}

fn keep(all: &mut Value, name: &str, most: usize) {
    if let Some(list) = all[name].as_array_mut() {
        list.truncate(most);
    }
}

#[cfg(test)]
mod tests;
