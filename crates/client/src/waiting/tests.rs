use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
    mpsc,
};

use super::Waiting;

#[test]
fn nothing_runs_on_once_it_is_gone() {
    let ended = Arc::new(AtomicBool::new(false));
    let (go, gone) = mpsc::channel::<()>();
    let waiting = Waiting::new("test");
    let seen = ended.clone();
    waiting.run(Box::new(move |_| seen.store(true, Ordering::Release)), move || {
        let _ = gone.recv();
        Ok(())
    });
    assert!(!ended.load(Ordering::Acquire));
    drop(go);
    drop(waiting);
    assert!(ended.load(Ordering::Acquire));
}
