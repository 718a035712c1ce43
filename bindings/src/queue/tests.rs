use super::*;

#[test]
fn a_flood_of_details_leaves_room_for_what_somebody_has_to_know() {
    let queue = Queue::default();
    let flood = queue.admit(vec![((), true); MOST * 2]);
    assert_eq!(flood.len(), MOST_WITH_DETAILS);
    assert_eq!(queue.take_dropped(), (MOST * 2 - MOST_WITH_DETAILS) as u64);
    let mixed = queue.admit(vec![("detail", true), ("error", false), ("detail", true)]);
    assert_eq!(mixed, ["error"]);
    assert_eq!(queue.take_dropped(), 2);
    assert_eq!(queue.admit(vec![((), false); MOST]).len(), MOST - MOST_WITH_DETAILS - 1);
    assert!(queue.admit(vec![((), false)]).is_empty());
}

#[test]
fn what_was_taken_makes_room() {
    let queue = Queue::default();
    let _ = queue.admit(vec![((), false); MOST]);
    queue.taken(MOST - MOST_WITH_DETAILS + 1);
    assert_eq!(queue.admit(vec![((), true); 5]).len(), 1);
}
