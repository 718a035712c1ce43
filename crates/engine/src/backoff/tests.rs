use super::*;

const BACKOFF: Backoff =
    Backoff { base: Duration::from_millis(20), max: Duration::from_secs(1), jitter: Jitter::None };

#[test]
fn the_ceiling_doubles_from_the_base_and_stops_at_the_maximum() {
    let mut rng = Rng::new(1);
    let millis: Vec<_> = [1, 2, 3, 6, 7, 64, 65, u32::MAX]
        .map(|failures| delay(BACKOFF, failures, None, &mut rng).as_millis())
        .into();
    assert_eq!(millis, [20, 40, 80, 640, 1000, 1000, 1000, 1000]);
}

#[test]
fn full_jitter_fills_the_whole_range_evenly() {
    let mut rng = Rng::new(7);
    let backoff = Backoff { jitter: Jitter::Full, ..BACKOFF };
    let mut quarters = [0; 4];
    for _ in 0..4000 {
        let wait = delay(backoff, 3, None, &mut rng);
        assert!(wait <= Duration::from_millis(80));
        quarters[(wait.as_micros() / 20_001) as usize] += 1;
    }
    assert!(quarters.iter().all(|&n| (850..1150).contains(&n)), "{quarters:?}");
}

#[test]
fn the_handlers_own_wish_is_the_least_wait() {
    let wish = Some(Duration::from_secs(3));
    assert_eq!(delay(BACKOFF, 1, wish, &mut Rng::new(1)), Duration::from_secs(3));
}
