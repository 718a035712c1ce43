use super::*;

fn said(index: u32, outcome: Outcome) -> Settlement {
    Settlement { event: EventId { index, generation: 1 }, outcome }
}

fn split(batch: &[(u32, Outcome)]) -> (Vec<(u32, Outcome)>, Vec<u32>) {
    let mut settled = batch.iter().map(|(index, outcome)| said(*index, outcome.clone())).collect();
    let marked = take(&mut settled);
    let kept = settled.into_iter().map(|settlement| (settlement.event.index, settlement.outcome));
    (kept.collect(), marked.iter().map(|event| event.index).collect())
}

#[test]
fn a_batch_without_marks_stays_as_it_is() {
    let batch = [(1, Outcome::Success), (2, Outcome::Unmarked)];
    assert_eq!(split(&batch), (batch.to_vec(), vec![]));
}

#[test]
fn a_mark_of_an_earlier_end_is_taken_out() {
    let batch = [(1, Outcome::Success), (2, Outcome::Marked), (3, Outcome::Unmarked)];
    assert_eq!(split(&batch), (vec![(1, Outcome::Success), (3, Outcome::Unmarked)], vec![2]));
}

#[test]
fn a_mark_of_an_end_in_the_same_batch_makes_it_a_success_and_a_second_one_is_left_over() {
    let batch = [(1, Outcome::Unmarked), (2, Outcome::Unmarked), (1, Outcome::Marked), (1, Outcome::Marked)];
    assert_eq!(split(&batch), (vec![(1, Outcome::Success), (2, Outcome::Unmarked)], vec![1]));
}
