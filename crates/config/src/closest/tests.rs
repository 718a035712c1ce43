use super::*;

#[test]
fn the_distance_counts_single_letters() {
    let distance = |a: &str, b: &str| super::distance(&a.chars().collect::<Vec<_>>(), b);
    assert_eq!(distance("", ""), 0);
    assert_eq!(distance("", "abc"), 3);
    assert_eq!(distance("abc", ""), 3);
    assert_eq!(distance("kitten", "sitting"), 3);
    assert_eq!(distance("mode", "mock"), 2);
    assert_eq!(distance("groupid", "groupId"), 0);
}

#[test]
fn the_first_of_equally_near_names_is_taken() {
    assert_eq!(closest("b", ["a", "c", "b1"].into_iter()), "a");
    assert_eq!(closest("x", std::iter::empty()), "");
}

#[test]
fn a_very_long_name_costs_no_more_than_a_long_one() {
    assert_eq!(closest(&"m".repeat(10_000_000), ["mode", "mmmm"].into_iter()), "mmmm");
}
