//! The client as the language binding sees it.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread::JoinHandle,
    time::Duration,
};

use prosody_broker::{BrokerError, ErrorCode, Outgoing, StartFrom};
use prosody_config::{self as config, Options, Problems, RawValue, Warning};
use prosody_engine::Settlement;
use prosody_kafka::{KafkaConsumer, Token};
use prosody_model::Epochs;

use crate::{
    consumer,
    error::ClientError,
    explaining::{self, Answer},
    kafka,
    letters::Letters,
    mailbox::Mailbox,
    probing,
    producer::ProducerSlot,
    sink::Sink,
    tokens::Tokens,
    waiting::Waiting,
    wiring,
};

/// Called once with what became of a call, from whatever thread knows.
pub type Done = Box<dyn FnOnce(Result<(), ClientError>) + Send>;

/// Where a client stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It has no group: it sends, and does nothing else.
    Unconfigured,
    /// It may subscribe.
    Configured,
    /// It is subscribed.
    Running,
}

impl State {
    /// Its name in the language.
    pub fn name(self) -> &'static str {
        match self {
            Self::Unconfigured => "unconfigured",
            Self::Configured => "configured",
            Self::Running => "running",
        }
    }
}

/// A client: at most one consumer, at most one producer, both started when they are first needed.
pub struct Client {
    options: Options,
    warnings: Vec<Warning>,
    /// Tells the mock brokers of one Node environment from those of another.
    environment: String,
    sink: Arc<dyn Sink>,
    producer: Arc<ProducerSlot>,
    letters: Arc<Letters>,
    /// With SASL OAUTHBEARER.
    tokens: Option<Arc<Tokens>>,
    running: Mutex<Option<Running>>,
    /// For flushes and closes.
    waiting: Waiting,
    /// In mock mode held from the start, so that what one client sends is there when the next one comes.
    memory: Option<prosody_broker::memory::MemoryBroker>,
    /// Whether a consumer of this client has had an assignment: `startFrom` is for the first one.
    begun: AtomicBool,
}

struct Running {
    mailbox: Arc<Mailbox>,
    /// `None` where it could not be started.
    thread: Option<JoinHandle<()>>,
}

impl Running {
    fn join(&mut self) {
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Client {
    /// Checks the options; no I/O, no threads.
    ///
    /// # Errors
    ///
    /// Every bad value at once.
    pub fn new(
        options: &RawValue,
        variables: &[(String, String)],
        environment: String,
        sink: Arc<dyn Sink>,
    ) -> Result<Self, Problems> {
        let resolved = prosody_config::resolve(options, variables)?;
        let options = resolved.options;
        kafka::check(&options)?;
        let memory = options.mock.then(|| wiring::memory_broker(&environment, &options));
        let letters = Arc::new(Letters::default());
        let tokens = Tokens::of(&options, &sink);
        let producer = Arc::new(wiring::producer(&options, memory.clone(), &sink, &letters, tokens.as_ref()));
        Ok(Self {
            options,
            warnings: resolved.warnings,
            environment,
            sink,
            producer,
            letters,
            tokens,
            running: Mutex::new(None),
            waiting: Waiting::new("prosody-wait"),
            memory,
            begun: AtomicBool::new(false),
        })
    }

    pub fn options(&self) -> &Options {
        &self.options
    }

    /// Names nobody reads and the like, to be logged.
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }

    pub fn environment(&self) -> &str {
        &self.environment
    }

    pub fn state(&self) -> State {
        if self.options.group.id.is_none() {
            State::Unconfigured
        } else if self.running().as_ref().is_some_and(|running| !running.mailbox.ended()) {
            State::Running
        } else {
            State::Configured
        }
    }

    pub fn assigned_partitions(&self) -> usize {
        self.running().as_ref().map_or(0, |running| running.mailbox.assigned())
    }

    /// Whether there is work and nothing has moved for `stallThresholdMs`.
    pub fn is_stalled(&self) -> bool {
        let threshold = self.options.limits.stall_threshold;
        self.running().as_ref().is_some_and(|running| running.mailbox.stalled(threshold))
    }

    /// What holds each partition, and the `limit` keys that have waited for longest, as JSON; without a consumer that
    /// runs, lists without entries. Waits for the consumer's thread for a tenth of a second at most.
    pub fn explain(&self, limit: usize) -> String {
        let mailbox = self.running().as_ref().map(|running| Arc::clone(&running.mailbox));
        let (answer, stopped) = match mailbox {
            Some(mailbox) => (mailbox.explain(limit, explaining::PATIENCE), mailbox.vitals.stopped()),
            None => (Answer::Idle, BTreeMap::new()),
        };
        explaining::json(self.state().name(), &self.options, &answer, &stopped)
    }

    /// Starts the consumer; `ready` hears whether it could subscribe.
    pub fn subscribe(&self, ready: Done) {
        if let Err((ready, error)) = self.try_subscribe(ready) {
            ready(Err(error));
        }
    }

    fn try_subscribe(&self, ready: Done) -> Result<(), (Done, ClientError)> {
        let Some(group) = self.options.group.id.clone() else { return Err((ready, ClientError::NoGroup)) };
        let plan = match wiring::plan(&self.options, &self.producer) {
            Ok(plan) => plan,
            Err(error) => return Err((ready, error)),
        };
        let mut running = self.running();
        if running.as_ref().is_some_and(|running| !running.mailbox.ended()) {
            return Err((ready, ClientError::Subscribed));
        }
        let before = running.take().map(|mut ended| {
            ended.join();
            ended.mailbox
        });
        let start = self.start_from(before.as_deref());
        let mailbox = Arc::new(Mailbox::after(before.as_deref(), ready));
        self.letters.are_for(&mailbox);
        let waker = {
            let mailbox = Arc::downgrade(&mailbox);
            let waker: prosody_broker::Waker = Arc::new(move || {
                if let Some(mailbox) = mailbox.upgrade() {
                    mailbox.wake();
                }
            });
            waker
        };
        // The one before may have fallen without being left. Its probes may be the last ones of their server, which is
        // waited for: not here.
        let follow = move || {
            if let Some(before) = before {
                before.vitals.close();
            }
        };
        let probes = probing::opening(&self.options, &mailbox, &self.sink);
        let sink = probing::listening(&self.sink, &mailbox);
        let started = if let Some(broker) = self.memory.clone() {
            let open = move || {
                follow();
                probes()?;
                Ok(broker.consumer(&group, waker).starting_from(start))
            };
            consumer::start(plan, open, Arc::clone(&mailbox), sink)
        } else {
            let mut settings = kafka::settings(&self.options, Some(&self.sink), self.tokens.as_ref());
            settings.start_from = start;
            let open = move || {
                follow();
                probes()?;
                Ok(KafkaConsumer::new(&settings, Epochs::default(), waker)?)
            };
            consumer::start(plan, open, Arc::clone(&mailbox), sink)
        };
        let (thread, failure) = match started {
            Ok(thread) => (Some(thread), None),
            Err(error) => (None, Some(error)),
        };
        // Kept without a thread too: it has the calls that are still open.
        *running = Some(Running { mailbox: Arc::clone(&mailbox), thread });
        drop(running);
        if let Some(error) = failure {
            mailbox.end(&Ok(()));
            mailbox.ready(Err(error));
        }
        Ok(())
    }

    /// Where the assignment that comes next starts, `before` being the consumer before this one.
    fn start_from(&self, before: Option<&Mailbox>) -> StartFrom {
        if before.is_some_and(|before| before.vitals.was_assigned()) {
            self.begun.store(true, Ordering::Relaxed);
        }
        if self.begun.load(Ordering::Relaxed) {
            return StartFrom::Committed;
        }
        match self.options.group.start_from {
            config::StartFrom::Committed => StartFrom::Committed,
            config::StartFrom::Earliest => StartFrom::Earliest,
            config::StartFrom::Latest => StartFrom::Latest,
        }
    }

    /// Drains, commits and leaves; `done` is called when that is over, at once if nothing runs.
    pub fn unsubscribe(&self, done: Done) {
        let mailbox = self.running().as_ref().map(|running| Arc::clone(&running.mailbox));
        match mailbox {
            Some(mailbox) => mailbox.leave(self.options.limits.shutdown_timeout, done),
            None => done(Ok(())),
        }
    }

    /// Passes outcomes on to the consumer they are for.
    pub fn settle(&self, outcomes: impl IntoIterator<Item = Settlement>) {
        if let Some(running) = self.running().as_ref() {
            running.mailbox.settle(outcomes);
        }
    }

    /// As [`settle`](Self::settle), for the thread that takes rows: if it has none to take, what these outcomes start is
    /// there ([`Sink::has_rows`]) when this returns, unless the consumer's thread is at work just now.
    pub fn settle_here(&self, outcomes: Vec<Settlement>) {
        if self.sink.has_rows() {
            // The consumer's thread is ahead: let it work while the rows are taken.
            return self.settle(outcomes);
        }
        // The sink is called meanwhile, and may ask the client how it stands.
        let mailbox = self.running().as_ref().map(|running| Arc::clone(&running.mailbox));
        if let Some(mailbox) = mailbox {
            mailbox.settle_here(outcomes);
        }
    }

    /// Sends records; what becomes of each comes through [`Sink::reports`].
    pub fn send(&self, batch: Vec<Outgoing>) {
        self.producer.send(batch);
    }

    /// A token that [`Sink::token_wanted`] asked for, or why there is none.
    pub fn token(&self, given: Result<Token, String>) {
        if let Some(tokens) = &self.tokens {
            tokens.came(given);
        }
    }

    /// Waits elsewhere until everything sent so far is reported; `done` hears whether it was in time.
    pub fn flush(&self, timeout: Duration, done: Done) {
        let Some(producer) = self.producer.current() else { return done(Ok(())) };
        self.waiting.run(done, move || {
            if producer.flush(timeout) {
                return Ok(());
            }
            let message = format!("not everything was acknowledged within {timeout:?}; it may be still");
            Err(BrokerError::new(ErrorCode::Timeout, message).into())
        });
    }

    /// Ends the producer; records still waiting after `timeout` fail.
    pub fn close(&self, timeout: Duration, done: Done) {
        let producer = self.producer.end();
        self.waiting.run(done, move || {
            if let Some(producer) = producer {
                producer.close(timeout);
            }
            Ok(())
        });
    }

    fn running(&self) -> MutexGuard<'_, Option<Running>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Client {
    /// Ends the threads without a drain: whoever drops a running client has no time for one.
    fn drop(&mut self) {
        if let Some(mut running) = self.running().take() {
            running.mailbox.abandon();
            running.join();
            // Of one that had fallen the probes still tell.
            running.mailbox.vitals.close();
        }
        // A flush that waits ends with the producer, before its thread is joined.
        if let Some(producer) = self.producer.current() {
            producer.close(Duration::ZERO);
        }
        if let Some(tokens) = &self.tokens {
            tokens.end();
        }
    }
}
