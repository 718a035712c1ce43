use std::time::Duration;

use super::*;

#[test]
fn a_long_stall_threshold_is_the_longest_time_without_a_poll_and_a_short_one_is_not() {
    let interval = |seconds: u64| {
        let mut options = Options::default();
        options.limits.stall_threshold = Duration::from_secs(seconds);
        settings(&options, None, None).max_poll_interval.as_secs()
    };
    // A short one would take a member out of its group that only waits for a slow broker.
    assert_eq!([1, 299, 300, 301, 3_600].map(interval), [300, 300, 300, 301, 3_600]);
    // The most that librdkafka takes.
    assert_eq!(interval(7 * 86_400), 86_400);
}
