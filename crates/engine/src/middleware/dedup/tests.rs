use super::*;

#[test]
fn an_id_has_one_record_under_way() {
    let mut dedup = Dedup::new(4);
    let (first, second) = (dedup.enter(Some(7)), dedup.enter(Some(7)));
    assert_eq!(first, second);
    assert_eq!(dedup.claim(first, 10, false), Claim::Own);
    assert_eq!(dedup.claim(second, 11, false), Claim::UnderWay);
    // A retry asks again.
    assert_eq!(dedup.claim(first, 10, false), Claim::Own);
    dedup.record(first);
    dedup.leave(first, 10);
    assert_eq!(dedup.claim(second, 11, false), Claim::Seen);
    assert_eq!(dedup.claim(second, 11, true), Claim::Own);
}

#[test]
fn a_record_that_goes_unprocessed_leaves_nothing_behind() {
    let mut dedup = Dedup::new(4);
    let ticket = dedup.enter(Some(7));
    assert_eq!(dedup.claim(ticket, 10, false), Claim::Own);
    let twin = dedup.enter(Some(7));
    dedup.leave(ticket, 10);
    assert_eq!(dedup.claim(twin, 11, false), Claim::Own);
    dedup.leave(twin, 11);
    assert_eq!(dedup.len(), (0, 0));
}

#[test]
fn without_an_id_or_without_memory_every_record_runs() {
    for (remembered, id) in [(4, None), (0, Some(7))] {
        let mut dedup = Dedup::new(remembered);
        for record in 0..3 {
            let ticket = dedup.enter(id);
            assert_eq!((ticket, dedup.claim(ticket, record, false)), (NIL, Claim::Own));
            dedup.record(ticket);
            dedup.leave(ticket, record);
        }
    }
}
