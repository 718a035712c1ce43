use super::*;

fn shares(weight: f64, slots: usize) -> Shares {
    Shares::new(&Fairness { failure_weight: weight, ..Fairness::default() }, slots)
}

const MS: u64 = 1_000_000;

#[test]
fn retries_hold_their_share_of_slots_rounded_up() {
    for (weight, slots, cap) in
        [(0.3, 1, 1), (0.3, 2, 1), (0.3, 3, 1), (0.3, 10, 3), (0.3, 32, 10), (0.0, 32, 0), (1.0, 7, 7)]
    {
        assert_eq!(shares(weight, slots).cap, cap, "{weight} × {slots}");
    }
}

#[test]
fn what_a_class_uses_alone_it_does_not_owe() {
    let mut shares = shares(0.3, 1);
    for _ in 0..1_000 {
        let charged = shares.started(Class::Retry, Contest::Alone);
        shares.settled(Class::Retry, charged, MS);
    }
    assert_eq!((shares.lead.to_bits(), shares.retries), (0, 0));
}

#[test]
fn what_a_class_is_behind_lapses_while_it_is_away() {
    let mut shares = shares(0.3, 1);
    let charged = shares.started(Class::Fresh, Contest::Both);
    shares.settled(Class::Fresh, charged, 10 * MS);
    assert_eq!(shares.choose(), (Class::Retry, Contest::Both));
    let charged = shares.started(Class::Fresh, Contest::Alone);
    shares.settled(Class::Fresh, charged, 10 * MS);
    assert_eq!(shares.lead.to_bits(), 0);
}

#[test]
fn a_wrong_estimate_is_corrected_when_the_call_has_ended() {
    let mut shares = shares(0.3, 4);
    let charged = shares.started(Class::Retry, Contest::Both);
    shares.settled(Class::Retry, charged, 5 * MS);
    assert!((shares.lead - 3.5e6).abs() < 1.0, "{}", shares.lead);
    let charged = shares.started(Class::Fresh, Contest::Both);
    assert_eq!(charged, NonZeroU64::new(5 * MS), "nothing better is known than what a retry takes");
    shares.settled(Class::Fresh, charged, 10 * MS);
    assert!((shares.lead - 0.5e6).abs() < 1.0, "{}", shares.lead);
}

#[test]
fn one_call_of_an_hour_is_not_made_up_for_in_an_hour() {
    let mut shares = shares(0.3, 2);
    let charged = shares.started(Class::Fresh, Contest::Both);
    shares.settled(Class::Fresh, charged, MS);
    let charged = shares.started(Class::Fresh, Contest::Both);
    shares.settled(Class::Fresh, charged, 3_600_000 * MS);
    assert!(shares.lead >= -HORIZON * 0.7e6, "{}", shares.lead);
}
