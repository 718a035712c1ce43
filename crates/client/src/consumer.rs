//! The thread that runs a consumer, and how others reach it.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
    thread::{self, JoinHandle, Thread},
    time::Duration,
};

use prosody_broker::{Consumer, TopicSelector};
use prosody_engine::{Settings, Settlement};
use prosody_model::Mono;
use prosody_shell::{Inbox, Shell, ShellSettings};

use crate::{Done, clock, error::ClientError, relay::Relay, sink::Sink};

/// What the consumer's thread and everybody else share.
#[derive(Default)]
pub struct Mailbox {
    /// Bound: one outcome an open call.
    inbox: Mutex<Inbox>,
    /// Those who wait for the end. Bound: one a call of `unsubscribe`.
    leaving: Mutex<Leaving>,
    thread: OnceLock<Thread>,
    /// Ends the thread without a drain.
    abandoned: AtomicBool,
    assigned: AtomicUsize,
    /// When the loop last went round, and when it last made progress or had nothing to do; in nanoseconds.
    beat: AtomicU64,
    progress: AtomicU64,
}

#[derive(Default)]
struct Leaving {
    ended: bool,
    waiting: Vec<Done>,
}

impl Mailbox {
    /// Passes outcomes to the engine.
    pub fn settle(&self, outcomes: impl IntoIterator<Item = Settlement>) {
        lock(&self.inbox).settled.extend(outcomes);
        self.wake();
    }

    /// Starts the drain; `done` is called when the consumer has left.
    pub fn leave(&self, budget: Duration, done: Done) {
        {
            let mut leaving = lock(&self.leaving);
            if leaving.ended {
                drop(leaving);
                return done(Ok(()));
            }
            leaving.waiting.push(done);
        }
        let now = clock::now().mono;
        let abort_at = now.after(budget.mul_f64(0.8));
        lock(&self.inbox).drain.get_or_insert((abort_at, now.after(budget)));
        self.wake();
    }

    /// Ends the thread soon, without a drain.
    pub fn abandon(&self) {
        self.abandoned.store(true, Ordering::Release);
        self.wake();
    }

    pub fn wake(&self) {
        if let Some(thread) = self.thread.get() {
            thread.unpark();
        }
    }

    pub fn assigned(&self) -> usize {
        self.assigned.load(Ordering::Relaxed)
    }

    /// Whether there is work and nothing has moved, or the loop has not gone round, for `threshold`.
    pub fn stalled(&self, threshold: Duration) -> bool {
        let now = clock::now().mono;
        let quiet = |instant: &AtomicU64| now.since(Mono(instant.load(Ordering::Relaxed))) > threshold;
        !lock(&self.leaving).ended && (quiet(&self.beat) || quiet(&self.progress))
    }

    /// Whether the consumer has left, or never got as far as joining.
    pub fn ended(&self) -> bool {
        lock(&self.leaving).ended
    }

    fn end(&self) {
        let waiting = {
            let mut leaving = lock(&self.leaving);
            leaving.ended = true;
            std::mem::take(&mut leaving.waiting)
        };
        self.assigned.store(0, Ordering::Relaxed);
        for done in waiting {
            done(Ok(()));
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What a consumer's thread is started with.
pub struct Plan {
    pub topics: Vec<TopicSelector>,
    pub engine: Settings,
    pub shell: ShellSettings,
    pub poll_interval: Duration,
    /// How long leaving the group may take once the drain is over.
    pub close_timeout: Duration,
}

/// Starts the thread. `open` makes the consumer there, `ready` hears whether it could subscribe.
pub fn start<C, F>(
    plan: Plan,
    open: F,
    mailbox: Arc<Mailbox>,
    sink: Arc<dyn Sink>,
    ready: Done,
) -> Result<JoinHandle<()>, ClientError>
where
    C: Consumer,
    F: FnOnce() -> Result<C, ClientError> + Send + 'static,
{
    let body = move || {
        let _ = mailbox.thread.set(thread::current());
        let consumer = match open() {
            Ok(consumer) => consumer,
            Err(error) => {
                mailbox.end();
                return ready(Err(error));
            }
        };
        let mut shell = Shell::new(consumer, plan.engine.clone(), plan.shell);
        if let Err(error) = shell.subscribe(&plan.topics) {
            shell.close(Duration::ZERO);
            mailbox.end();
            return ready(Err(error.into()));
        }
        mailbox.progress.store(clock::now().mono.0, Ordering::Relaxed);
        mailbox.beat.store(clock::now().mono.0, Ordering::Relaxed);
        ready(Ok(()));
        run(&mut shell, &plan, &mailbox, sink.as_ref());
        let abandoned = mailbox.abandoned.load(Ordering::Acquire);
        shell.close(if abandoned { Duration::from_millis(200) } else { plan.close_timeout });
        mailbox.end();
    };
    let builder = thread::Builder::new().name("prosody-consumer".into());
    builder.spawn(body).map_err(|error| ClientError::Thread(error.to_string()))
}

fn run<C: Consumer>(shell: &mut Shell<C>, plan: &Plan, mailbox: &Mailbox, sink: &dyn Sink) {
    let mut relay = Relay::new(sink);
    let mut settled = 0;
    while !mailbox.abandoned.load(Ordering::Acquire) {
        let mut inbox = std::mem::take(&mut *lock(&mailbox.inbox));
        let now = clock::now();
        let next = shell.step(&mut inbox, now, &mut relay);
        mailbox.beat.store(now.mono.0, Ordering::Relaxed);
        mailbox.assigned.store(shell.engine().held_partitions(), Ordering::Relaxed);
        let counters = shell.engine().counters();
        let done = counters.succeeded + counters.transient + counters.disposed + counters.late;
        let waiting = shell.engine().open_calls() + shell.engine().uncommitted();
        if done != settled || waiting == 0 {
            settled = done;
            mailbox.progress.store(now.mono.0, Ordering::Relaxed);
        }
        if next.drained {
            return;
        }
        if !next.again {
            let wait = next.wake_at.map_or(plan.poll_interval, |at| at.since(clock::now().mono));
            thread::park_timeout(wait.min(plan.poll_interval));
        }
    }
}
