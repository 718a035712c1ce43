//! What the probes of a subscribed consumer say, and what they know it from.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc, LazyLock, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use prosody_broker::ErrorCode;
use prosody_config::Options;
use prosody_engine::{Counters, Engine};
use prosody_model::{Mono, TopicPartition};
use prosody_probes::{
    Cause, Health, Membership, Phase, Probe, Servers, Silence, Site, Stopped, Verdict, Writer, judge,
};
use prosody_shell::Fact;

use crate::{
    ClientError, Report, State, clock, explaining,
    mailbox::Mailbox,
    sink::{Delivery, Row, Sink},
};

mod counts;
mod fitting;

/// The probe servers of this process; one goes with the last client of its port.
static SERVERS: LazyLock<Servers> = LazyLock::new(Servers::default);

/// Between two pings of the side that runs the handlers.
const PING_EVERY: Duration = Duration::from_secs(1);
/// The adapters say only when a broker cannot be reached, at most every half a minute and again as long as it is so;
/// nothing says that it can. After so long without a word, it can.
const AWAY: Duration = Duration::from_secs(90);
/// However often `/explain` is asked for, the consumer is not asked more often.
const EXPLAIN_EVERY: Duration = Duration::from_secs(1);
/// The server answers everybody on one thread: it waits less than JavaScript does.
const EXPLAIN_PATIENCE: Duration = Duration::from_millis(20);

/// What is written down of a consumer for those who may ask, while a probe server runs.
#[derive(Default)]
pub struct Vitals {
    /// Whether anybody may ask.
    watched: AtomicBool,
    known: Mutex<Known>,
    ping: Arc<Ping>,
    /// Ends the server, if it is the last.
    place: Mutex<Option<Membership>>,
    /// What `/explain` said last, and when: it takes the consumer's time, and anybody may ask.
    explained: Mutex<Option<(Mono, String)>>,
}

#[derive(Default)]
struct Known {
    joined: bool,
    /// Bound: the partitions held; they go when they are revoked or lost.
    held: BTreeSet<TopicPartition>,
    /// Of those held, the ones that cannot be read on, and why.
    stopped: BTreeMap<TopicPartition, String>,
    away: Option<Away>,
    tally: Tally,
}

struct Away {
    since: Mono,
    why: String,
    /// What had been admitted by then: more is a sign that Kafka is back.
    admitted: u64,
}

/// The engine's figures after its latest step.
#[derive(Clone, Copy, Default)]
struct Tally {
    counters: Counters,
    open_calls: usize,
    records: usize,
    unmarked: usize,
    uncommitted: usize,
    bytes: usize,
    ready_keys: usize,
    parked_keys: usize,
}

/// One ping at a time is under way.
#[derive(Default)]
struct Ping {
    /// When the one that is not answered was sent; 0 is none.
    asked: AtomicU64,
    latest: AtomicU64,
}

impl Vitals {
    /// The loop has gone round.
    pub fn beat(&self, now: Mono, engine: &Engine, sink: &dyn Sink) {
        if !self.watched.load(Ordering::Relaxed) {
            return;
        }
        self.known().tally = Tally {
            counters: *engine.counters(),
            open_calls: engine.open_calls(),
            records: engine.records(),
            unmarked: engine.unmarked(),
            uncommitted: engine.uncommitted(),
            bytes: engine.bytes(),
            ready_keys: engine.ready_keys(),
            parked_keys: engine.parked_keys(),
        };
        let latest = Mono(self.ping.latest.load(Ordering::Relaxed));
        if self.ping.asked.load(Ordering::Acquire) == 0 && now >= latest.after(PING_EVERY) {
            self.ping.latest.store(now.0, Ordering::Relaxed);
            self.ping.asked.store(now.0.max(1), Ordering::Release);
            let ping = Arc::clone(&self.ping);
            sink.ping(Box::new(move || ping.asked.store(0, Ordering::Release)));
        }
    }

    /// Lets go of the server. Blocks until it has ended, if this was the last client of its port.
    pub fn close(&self) {
        self.watched.store(false, Ordering::Relaxed);
        let place = lock(&self.place).take();
        // With no lock held: the server may be asking just now.
        drop(place);
    }

    /// Whether the group has given it partitions, ever.
    pub fn was_assigned(&self) -> bool {
        self.known().joined
    }

    /// Why partitions are stopped, those that are.
    pub fn stopped(&self) -> BTreeMap<TopicPartition, String> {
        self.known().stopped.clone()
    }

    fn hear(&self, facts: &[Fact]) {
        let mut known = self.known();
        for fact in facts {
            known.hear(fact, clock::mono);
        }
    }

    fn health(&self, now: Mono, mailbox: &Mailbox, stall_threshold: Duration) -> Health {
        let (beat, no_progress) = mailbox.pulse.ages(now);
        let asked = self.ping.asked.load(Ordering::Acquire);
        let javascript = if asked == 0 { Duration::ZERO } else { now.since(Mono(asked)) };
        let known = self.known();
        // One that was being left is as good as left.
        if let Some(why) = mailbox.fall().filter(|_| !mailbox.is_leaving()) {
            return Health::ended(why, stall_threshold);
        }
        Health {
            ended: None,
            phase: match (mailbox.is_leaving(), known.joined) {
                (true, _) => Phase::Draining,
                (false, false) => Phase::Joining,
                (false, true) => Phase::Running,
            },
            assigned: known.held.len(),
            stopped: known
                .stopped
                .iter()
                .map(|(name, why)| Stopped { partition: name.to_string(), cause: Cause::Error(why.clone()) })
                .collect(),
            kafka_away: known.away(now),
            no_progress,
            // One thread polls and decides.
            silence: Silence { poll_loop: beat, engine: beat, javascript },
            stall_threshold,
        }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        lock(&self.known)
    }
}

impl Known {
    fn hear(&mut self, fact: &Fact, now: impl Fn() -> Mono) {
        match fact {
            Fact::Assigned(partitions) => {
                self.joined = true;
                self.away = None;
                self.held.extend(partitions.iter().cloned());
            }
            Fact::Revoked(partitions) | Fact::Lost(partitions) => {
                for partition in partitions {
                    self.held.remove(partition);
                    self.stopped.remove(partition);
                }
            }
            Fact::Stopped { partition, error } if self.held.contains(partition) => {
                self.stopped.insert(partition.clone(), error.to_string());
            }
            Fact::Warning(error) if error.code == ErrorCode::Unreachable => {
                let admitted = self.tally.counters.admitted;
                self.away = Some(Away { since: now(), why: error.message.clone(), admitted });
            }
            _ => {}
        }
    }

    fn away(&self, now: Mono) -> Option<String> {
        let away = self.away.as_ref()?;
        let still = away.admitted == self.tally.counters.admitted && now.since(away.since) < AWAY;
        still.then(|| away.why.clone())
    }
}

/// What joins the probe server of the options; called on the consumer's thread, before anything else of it.
pub fn opening(
    options: &Options,
    mailbox: &Arc<Mailbox>,
    sink: &Arc<dyn Sink>,
) -> impl FnOnce() -> Result<(), ClientError> + Send + use<> {
    let group = options.group.id.clone().unwrap_or_default();
    let explains = options.probe.explain;
    let options_of_probe = options.clone();
    let site = options.probe.port.map(|port| Site { host: options.probe.host.clone(), port });
    let (mailbox, sink) = (Arc::clone(mailbox), Arc::clone(sink));
    move || {
        mailbox.pulse.start(clock::mono());
        let Some(site) = site else { return Ok(()) };
        let probe = Arc::new(ConsumerProbe { mailbox: Arc::downgrade(&mailbox), options: options_of_probe });
        mailbox.vitals.watched.store(true, Ordering::Relaxed);
        let place = SERVERS.join(&site, &group, explains, probe)?;
        sink.facts(vec![Fact::Listening { host: site.host, port: place.port() }]);
        *lock(&mailbox.vitals.place) = Some(place);
        Ok(())
    }
}

/// A sink that passes everything on, and has heard it.
pub fn listening(sink: &Arc<dyn Sink>, mailbox: &Arc<Mailbox>) -> Arc<dyn Sink> {
    Arc::new(Listening { sink: Arc::clone(sink), mailbox: Arc::clone(mailbox) })
}

struct Listening {
    sink: Arc<dyn Sink>,
    mailbox: Arc<Mailbox>,
}

impl Sink for Listening {
    fn rows(&self, rows: &mut Vec<Row>, delivery: Delivery) {
        self.sink.rows(rows, delivery);
    }

    fn has_rows(&self) -> bool {
        self.sink.has_rows()
    }

    fn reports(&self, reports: Vec<Report>) {
        self.sink.reports(reports);
    }

    fn facts(&self, facts: Vec<Fact>) {
        self.mailbox.vitals.hear(&facts);
        self.sink.facts(facts);
    }

    fn ping(&self, answer: Box<dyn FnOnce() + Send>) {
        self.sink.ping(answer);
    }
}

/// A consumer as the probe server sees it. It does not keep the consumer.
struct ConsumerProbe {
    mailbox: Weak<Mailbox>,
    options: Options,
}

impl ConsumerProbe {
    fn health(&self) -> Option<Health> {
        let mailbox = self.mailbox.upgrade()?;
        Some(mailbox.vitals.health(clock::mono(), &mailbox, self.options.limits.stall_threshold))
    }
}

impl Probe for ConsumerProbe {
    fn readiness(&self) -> Verdict {
        self.health().map_or_else(|| Verdict::fail("unsubscribed"), |health| judge(&health).ready)
    }

    fn liveness(&self) -> Verdict {
        self.health().map_or_else(Verdict::pass, |health| judge(&health).live)
    }

    fn metrics(&self, writer: &mut Writer) {
        if let (Some(mailbox), Some(health)) = (self.mailbox.upgrade(), self.health()) {
            let known = mailbox.vitals.known();
            counts::write(writer, &known.tally, &health, known.held.iter().map(|held| held.topic.as_ref()));
        }
    }

    fn explain(&self, most: usize) -> String {
        let Some(mailbox) = self.mailbox.upgrade() else { return "null".into() };
        let mut explained = lock(&mailbox.vitals.explained);
        let now = clock::mono();
        let recent = |(at, text): &&(Mono, String)| now.since(*at) < EXPLAIN_EVERY && text.len() <= most;
        if let Some((_, text)) = explained.as_ref().filter(recent) {
            return text.clone();
        }
        let answer = mailbox.explain(explaining::PARKED_LISTED, EXPLAIN_PATIENCE);
        let state = if mailbox.ended() { State::Configured } else { State::Running };
        let all = explaining::explanation(state.name(), &self.options, &answer, &mailbox.vitals.stopped());
        let text = fitting::fit(all, most);
        *explained = Some((now, text.clone()));
        text
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
