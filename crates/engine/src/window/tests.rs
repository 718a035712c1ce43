use proptest::{collection::vec, prelude::*};

use super::*;

const LENGTH: Duration = Duration::from_nanos(160);

#[test]
fn what_is_older_than_the_window_counts_no_more() {
    let mut window = Window::new(LENGTH);
    window.add(5, Mono(1_000));
    window.add(7, Mono(1_100));
    assert_eq!(window.sum(Mono(1_149)), 12);
    assert_eq!(window.sum(Mono(1_160)), 7);
    assert_eq!(window.sum(Mono(1_000_000)), 0);
}

#[test]
fn a_call_counts_where_it_ran() {
    let mut window = Window::new(LENGTH);
    window.add_call(Duration::from_nanos(90), Mono(1_005));
    assert_eq!(window.sum(Mono(1_005)), 90);
    // It began at 915: its first five are of the bucket that ends at 920.
    assert_eq!(window.falls_to(85), Mono(1_070));
    assert_eq!(window.sum(Mono(1_070)), 85);
    window.add_call(Duration::from_secs(1), Mono(2_005));
    assert_eq!(window.sum(Mono(2_005)), 155, "what ran before the window does not count");
}

proptest! {
    #[test]
    fn the_sum_is_that_of_the_buckets_not_too_old(
        steps in vec((0..60_u64, 0..50_u64), 1..100),
        limit in 0..500_u64,
    ) {
        let mut window = Window::new(LENGTH);
        let (mut now, mut added) = (5, Vec::new());
        for (wait, amount) in steps {
            now += wait;
            window.add(amount, Mono(now));
            added.push((now, amount));
            let sum = |at: u64| -> u64 {
                added.iter().filter(|(then, _)| then / 10 + 16 > at / 10).map(|(_, amount)| amount).sum()
            };
            prop_assert_eq!(window.sum(Mono(now)), sum(now));
            let falls = (now + 1..now + 200).find(|&at| at % 10 == 0 && sum(at) <= limit);
            prop_assert_eq!(Some(window.falls_to(limit).0), falls);
        }
    }
}
