use super::*;

/// A topic of so many partitions, every second one held up by a record that fails.
fn explanation(partitions: usize, parked: usize, error: usize) -> Value {
    let error = "e".repeat(error);
    let record = json!({ "offset": 1, "key": "k".repeat(100), "stage": "parked", "error": error });
    let partition = |number: usize| {
        let held = json!({ "bound": "stopped", "used": null, "limit": null, "until": null, "error": error });
        let held = if number.is_multiple_of(2) { Value::Null } else { held };
        let name = "t".repeat(100);
        json!({ "topic": name, "partition": number, "blocking": record, "backlog": 7, "held": held })
    };
    json!({
        "state": "running",
        "partitions": (0..partitions).map(partition).collect::<Vec<_>>(),
        "parked": vec![record.clone(); parked],
        "parkedCount": 5_000,
    })
}

/// What is left, which fits.
fn fitted(all: Value, most: usize) -> Value {
    let text = fit(all, most);
    assert!(text.len() <= most, "{} of {most}", text.len());
    serde_json::from_str(&text).unwrap_or_default()
}

fn count(all: &Value, name: &str) -> usize {
    all[name].as_array().map_or(0, Vec::len)
}

#[test]
fn what_has_room_is_told_as_it_is() {
    let all = explanation(3, 20, 1_000);
    assert_eq!(fitted(all.clone(), all.to_string().len()), all);
}

#[test]
fn parked_keys_go_before_errors_and_errors_before_partitions() {
    let all = explanation(3, 100, 1_000);
    let left = fitted(all, 30_000);
    assert_eq!(
        (count(&left, "parked"), count(&left, "partitions"), &left["parkedCount"]),
        (10, 3, &json!(5_000))
    );
    assert_eq!(left["parked"][0]["error"].as_str().map(str::len), Some(1_000));
    let left = fitted(explanation(1_200, 100, 1_000), 1 << 20);
    assert_eq!((count(&left, "parked"), count(&left, "partitions")), (10, 1_200));
    assert_eq!([&left["parked"][0]["error"], &left["partitions"][1]["held"]["error"]], [&Value::Null; 2]);
    assert_eq!(
        (&left["partitions"][1]["held"]["bound"], &left["partitions"][0]["held"]),
        (&json!("stopped"), &Value::Null)
    );
    assert_eq!(left.get("partitionsLeftOut"), None);
}

#[test]
fn of_too_many_partitions_those_that_are_held_up_stay() {
    let left = fitted(explanation(6_000, 100, 1_000), 1 << 20);
    let kept = count(&left, "partitions");
    assert!((2_000..3_000).contains(&kept), "{kept}");
    assert_eq!(left["partitionsLeftOut"], json!(6_000 - kept));
    assert!(left["partitions"].as_array().is_some_and(|all| all.iter().all(|one| !one["held"].is_null())));
    assert_eq!(count(&fitted(explanation(6_000, 100, 1_000), 4_096), "parked"), 0);
}
