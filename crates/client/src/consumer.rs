//! The thread that runs a consumer.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    thread::{self, JoinHandle},
    time::Duration,
};

use prosody_broker::{BrokerError, Consumer, ErrorCode, TopicSelector};
use prosody_engine::Settings;
use prosody_model::Mono;
use prosody_shell::{Fact, Shell, ShellSettings};

use crate::{
    clock,
    desk::Desk,
    error::ClientError,
    explaining::Told,
    mailbox::Mailbox,
    producer::ProducerSlot,
    relay::Relay,
    sink::{Delivery, Sink},
    stalls::Watch,
};

/// What a consumer's thread is started with.
pub struct Plan {
    pub topics: Vec<TopicSelector>,
    pub engine: Settings,
    pub shell: ShellSettings,
    /// Where dead letters go out.
    pub producer: Arc<ProducerSlot>,
    pub stall_threshold: Duration,
    /// Longest sleep of the loop.
    pub sleep: Duration,
}

/// Starts the thread. `open` makes the consumer there; the mailbox hears whether it could subscribe.
pub fn start<C, F>(
    plan: Plan,
    open: F,
    mailbox: Arc<Mailbox>,
    sink: Arc<dyn Sink>,
) -> Result<JoinHandle<()>, ClientError>
where
    C: Consumer + Send + 'static,
    F: FnOnce() -> Result<C, ClientError> + Send + 'static,
{
    let body = move || {
        mailbox.enter();
        // Whoever waits for this thread is told of a panic too, by when all that it held is dropped.
        let lived = catch_unwind(AssertUnwindSafe(|| live(&plan, open, &mailbox, &sink)));
        // After a panic its shell is still there; nobody is to use it.
        mailbox.open_desk(None);
        let (end, ready) = match lived {
            Ok(Ok(())) => (Ok(()), Ok(())),
            Ok(Err(ClientError::Crashed)) | Err(_) => {
                let text = ClientError::Crashed.to_string();
                // A crash before it could subscribe is an error of `subscribe`, and there is nothing else to tell it.
                if mailbox.was_ready() {
                    mailbox.fell(&text);
                }
                let _ = catch_unwind(AssertUnwindSafe(|| {
                    sink.facts(vec![Fact::Failed(BrokerError::new(ErrorCode::Other, text))]);
                }));
                (Err(ClientError::Crashed), Err(ClientError::Crashed))
            }
            // It never joined: there is nothing to leave, and `subscribe` has the error.
            Ok(Err(error)) => (Ok(()), Err(error)),
        };
        mailbox.end(&end);
        mailbox.ready(ready);
    };
    let builder = thread::Builder::new().name("prosody-consumer".into());
    builder.spawn(body).map_err(|error| ClientError::Thread(error.to_string()))
}

/// A membership from its beginning to its end.
fn live<C: Consumer + Send + 'static>(
    plan: &Plan,
    open: impl FnOnce() -> Result<C, ClientError>,
    mailbox: &Mailbox,
    sink: &Arc<dyn Sink>,
) -> Result<(), ClientError> {
    let consumer = open()?;
    let mut shell = match mailbox.take_remains() {
        Some(remains) => Shell::resume(consumer, remains, plan.shell),
        None => Shell::new(consumer, plan.engine.clone(), plan.shell),
    };
    let subscribed = shell.subscribe(&plan.topics);
    if subscribed.is_ok() {
        mailbox.pulse.start(clock::mono());
        mailbox.ready(Ok(()));
        let desk = Arc::new(Desk::new(shell, Arc::clone(sink)));
        mailbox.open_desk(Some(desk.clone()));
        run(&desk, plan, mailbox, sink.as_ref())?;
        // Whoever asks from now on is told so at once, and does not wait for a thread that leaves its group.
        mailbox.open_desk(None);
        shell = desk.take()?;
        if let Some(error) = shell.failure() {
            mailbox.fell(&error.message);
        }
    }
    shell.close(if subscribed.is_ok() { mailbox.time_to_leave() } else { Duration::ZERO });
    mailbox.leave_remains(Some(shell.into_remains()));
    Ok(subscribed?)
}

fn run<C: Consumer>(
    desk: &Desk<C>,
    plan: &Plan,
    mailbox: &Mailbox,
    sink: &dyn Sink,
) -> Result<(), ClientError> {
    let sleep = plan.sleep;
    let mut relay = Relay::new(sink, Delivery::Call, Some(&plan.producer));
    let mut watch = Watch::new(plan.stall_threshold);
    while !mailbox.is_abandoned() {
        let wait = desk.work(|shell| {
            let mut inbox = mailbox.take();
            let now = clock::now();
            let next = shell.step(&mut inbox, now, &mut relay);
            let engine = shell.engine();
            let counters = engine.counters();
            let settled = counters.succeeded
                + counters.unmarked
                + counters.transient
                + counters.disposed
                + counters.late;
            // Keys that wait for a planned attempt, or for a mark, are no work.
            mailbox.pulse.beat(now.mono, settled, engine.open_calls() + engine.ready_keys());
            mailbox.vitals.beat(now.mono, engine, sink);
            mailbox.set_assigned(engine.held_partitions());
            watch.look(now.mono, shell, mailbox, sink);
            mailbox.asking.answer(|limit| Told::of(shell, now, limit));
            // A membership that is over holds nothing any more, and nothing comes of it.
            if next.drained || shell.failure().is_some() {
                return (None, Mono::NEVER);
            }
            let now = clock::mono();
            let wait = next.wake_at.map_or(sleep, |at| at.since(now)).min(sleep);
            let wait = if next.again { Duration::ZERO } else { wait };
            (Some(wait), now.after(wait))
        })?;
        match wait {
            Some(Duration::ZERO) => {}
            Some(wait) => thread::park_timeout(wait),
            None => break,
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
