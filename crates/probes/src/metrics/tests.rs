use super::*;

const HELP: &str = "Something.";

/// The lines of a scrape, without the one of the writer itself.
fn lines(writer: Writer) -> Vec<String> {
    let text = writer.finish();
    assert!(text.ends_with('\n'));
    text.lines().filter(|line| !line.contains("prosody_scrape_left_out")).map(str::to_owned).collect()
}

fn left_out(writer: Writer) -> String {
    let text = writer.finish();
    text.lines().find_map(|line| line.strip_prefix("prosody_scrape_left_out ")).unwrap().to_owned()
}

#[test]
fn a_sample_has_its_family_s_help_and_type_before_it() {
    let mut writer = Writer::default();
    writer.counter("records_total", "Records: \\ and\nmore \"quoted\".", &[], 3);
    let expected = [
        "# HELP prosody_records_total Records: \\\\ and\\nmore \"quoted\".",
        "# TYPE prosody_records_total counter",
        "prosody_records_total 3",
    ];
    assert_eq!(lines(writer), expected);
}

#[test]
fn the_label_values_of_anybody_stay_within_their_quotes() {
    let mut writer = Writer::default();
    writer.of_client(0, "a\"} 1\nforged_total 9\\");
    writer.counter("records_total", HELP, &[("topic", "{=,\u{1F980}}")], 1);
    let forged = r#"group="a\"} 1\nforged_total 9\\""#;
    let expected = format!("prosody_records_total{{client=\"0\",{forged},topic=\"{{=,\u{1F980}}}\"}} 1");
    assert_eq!(lines(writer)[2..], [expected]);
}

#[test]
fn what_several_clients_write_of_one_family_stands_together() {
    let mut writer = Writer::default();
    for (number, group) in [(0, "a"), (1, "b")] {
        writer.of_client(number, group);
        writer.counter("b_total", HELP, &[], 1);
        writer.gauge("a", HELP, &[], 0.5);
    }
    let expected = [
        "# HELP prosody_a Something.",
        "# TYPE prosody_a gauge",
        "prosody_a{client=\"0\",group=\"a\"} 0.5",
        "prosody_a{client=\"1\",group=\"b\"} 0.5",
        "# HELP prosody_b_total Something.",
        "# TYPE prosody_b_total counter",
        "prosody_b_total{client=\"0\",group=\"a\"} 1",
        "prosody_b_total{client=\"1\",group=\"b\"} 1",
    ];
    assert_eq!(lines(writer), expected);
}

#[test]
fn a_histogram_s_buckets_add_up() {
    let mut writer = Writer::default();
    let buckets = Buckets { bounds: &[0.1, 1.0], counts: &[2, 0, 3], sum: 9.25 };
    writer.histogram("wait_seconds", HELP, &[("mode", "x")], buckets);
    let expected = [
        "# TYPE prosody_wait_seconds histogram",
        "prosody_wait_seconds_bucket{mode=\"x\",le=\"0.1\"} 2",
        "prosody_wait_seconds_bucket{mode=\"x\",le=\"1\"} 2",
        "prosody_wait_seconds_bucket{mode=\"x\",le=\"+Inf\"} 5",
        "prosody_wait_seconds_sum{mode=\"x\"} 9.25",
        "prosody_wait_seconds_count{mode=\"x\"} 5",
    ];
    assert_eq!(lines(writer)[1..], expected);
}

#[test]
fn what_would_void_the_scrape_is_left_out_and_counted() {
    let mut writer = Writer::default();
    writer.counter("a_total", HELP, &[("topic", "x")], 1);
    writer.counter("a_total", HELP, &[("topic", "x")], 2);
    writer.gauge("a_total", HELP, &[("topic", "y")], 2.0);
    writer.gauge("not a name", HELP, &[], 1.0);
    writer.gauge("b", HELP, &[("le", "1")], 1.0);
    writer.gauge("b", HELP, &[("t", "1"), ("t", "2")], 1.0);
    assert_eq!(left_out(writer), "5");
}

#[test]
fn a_scrape_is_never_longer_than_its_bound() {
    let mut writer = Writer::default();
    let topic = "x".repeat(1000);
    for number in 0..5000 {
        writer.counter("a_total", HELP, &[("topic", &topic), ("n", &number.to_string())], 1);
    }
    let text = writer.finish();
    assert!(text.len() < MOST_BYTES + 1000, "{}", text.len());
    assert!(text.len() > MOST_BYTES - 2000, "{}", text.len());
    let left_out = text.lines().find_map(|line| line.strip_prefix("prosody_scrape_left_out ")).unwrap();
    let written = text.lines().filter(|line| line.starts_with("prosody_a_total{")).count();
    assert_eq!(written + left_out.parse::<usize>().unwrap(), 5000);
}

#[test]
fn topics_beyond_the_bound_are_counted_together() {
    let names: Vec<String> = (0..150).map(|number| format!("t{number:03}")).collect();
    let counts = || names.iter().map(|name| (name.as_str(), 2)).chain([("other", 5), ("t000", 1)]);
    let sums = topics(counts(), 100);
    assert_eq!(sums.len(), 100);
    assert_eq!((sums["t000"], sums["t098"], sums.get("t099")), (3, 2, None), "other comes first by name");
    assert_eq!(sums["other"], 5 + 2 * 51);
    assert_eq!(sums.values().sum::<u64>(), counts().map(|(_, count)| count).sum());

    let mut writer = Writer::default();
    writer.by_topic("assigned", HELP, counts());
    assert_eq!(lines(writer).len(), 2 + 100);
}

#[test]
fn numbers_are_written_as_the_format_has_them() {
    for (value, text) in [
        (f64::NAN, "NaN"),
        (f64::INFINITY, "+Inf"),
        (f64::NEG_INFINITY, "-Inf"),
        (0.0, "0"),
        (1e21, "1000000000000000000000"),
    ] {
        assert_eq!(Number(value).to_string(), text);
    }
}
