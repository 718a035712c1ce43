use super::*;

#[test]
fn records_leave_in_any_order() {
    let mut open = OpenList::new();
    let seqs: Vec<Seq> = [3, 5, 8, 9].into_iter().map(|offset| open.push(offset)).collect();
    assert!(open.remove(seqs[1]));
    assert!(open.remove(seqs[3]));
    assert_eq!(open.iter().collect::<Vec<_>>(), [3, 8]);
    open.push(12);
    assert!(open.remove(seqs[0]));
    assert_eq!((open.first(), open.len()), (Some(8), 2));
    assert_eq!(open.iter().collect::<Vec<_>>(), [8, 12]);
}

#[test]
fn a_handle_does_not_remove_the_record_that_has_its_slot_now() {
    let mut open = OpenList::new();
    let old = open.push(1);
    assert!(open.remove(old));
    assert!(!open.remove(old));
    let new = open.push(2);
    assert_eq!(old.slot, new.slot);
    assert!(!open.remove(old));
    assert_eq!(open.iter().collect::<Vec<_>>(), [2]);
}

#[test]
fn slots_are_used_again() {
    let mut open = OpenList::new();
    let stuck = open.push(0);
    for offset in 1..100_000 {
        let seq = open.push(offset);
        assert!(open.remove(seq));
    }
    assert_eq!(open.slots.len(), 2);
    assert!(open.remove(stuck));
    assert_eq!((open.len(), open.first()), (0, None));
}
