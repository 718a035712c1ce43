//! The thread that reads.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use prosody_broker::Waker;
use rdkafka_sys as sys;

use super::{
    Ask, Shared,
    scan::{Aim, Scan},
};
use crate::{
    error,
    ffi::{EventKind, Handle, Message, Queue, Role, Topic, take_batch},
    settings::KafkaSettings,
};

/// Messages taken at a time; between two batches it is looked whether to read on.
const BATCH: usize = 256;
/// The question for a log's range waits for so long. While it does nothing else is read.
const PATIENCE: Duration = Duration::from_secs(2);

pub(super) struct Reader {
    settings: KafkaSettings,
    shared: Arc<Shared>,
    waker: Waker,
    /// Bounded by the partitions held: a new epoch of a partition replaces the old one; what wants nothing more goes.
    scans: Vec<Fetched>,
    client: Option<Client>,
    /// Since when nothing is wanted.
    idle_since: Instant,
    scratch: Vec<*mut sys::rd_kafka_message_t>,
}

// SAFETY: the scratch pointers are only meaningful within one call; everything else is Send.
unsafe impl Send for Reader {}

struct Client {
    handle: Arc<Handle>,
    /// Everything that is fetched comes here.
    queue: Queue,
    /// What is the matter with the connections comes here.
    errors: Queue,
}

/// A scan and what is fetched for it.
struct Fetched {
    scan: Scan,
    topic: Option<Topic>,
    started: bool,
}

impl Reader {
    pub(super) fn new(settings: KafkaSettings, shared: Arc<Shared>, waker: Waker) -> Self {
        let idle_since = Instant::now();
        Self { settings, shared, waker, scans: Vec::new(), client: None, idle_since, scratch: Vec::new() }
    }

    /// Reads until the end is asked for.
    pub(super) fn run(&mut self) {
        while self.take_orders() {
            if self.client.is_none() && !self.scans.is_empty() {
                self.open();
            }
            self.take_messages();
            self.take_errors();
            let now = Instant::now();
            self.steer(now);
            self.give_answers();
            self.rest(now);
        }
    }

    /// Closes everything.
    pub(super) fn end(mut self) -> Arc<Shared> {
        for mut fetched in std::mem::take(&mut self.scans) {
            fetched.stop();
        }
        // The queue goes before the client, whose end waits for its threads.
        self.client = None;
        self.shared
    }

    /// Waits for something to do; whether to go on.
    fn take_orders(&mut self) -> bool {
        let until = self.next_look();
        let mut desk = self.shared.wait(until);
        if desk.ending {
            return false;
        }
        let (asks, forgotten) = (std::mem::take(&mut desk.asks), std::mem::take(&mut desk.forgotten));
        desk.ready = false;
        drop(desk);
        for fetched in self.scans.iter_mut().filter(|fetched| forgotten.contains(&fetched.scan.epoch)) {
            fetched.stop();
        }
        self.scans.retain(|fetched| !forgotten.contains(&fetched.scan.epoch));
        for ask in asks {
            self.want(ask);
        }
        true
    }

    fn want(&mut self, ask: Ask) {
        let place = self.scans.iter().position(|fetched| fetched.scan.partition == ask.partition);
        if let Some(place) = place
            && self.scans[place].scan.epoch != ask.epoch
        {
            self.scans.swap_remove(place).stop();
        }
        let place = self.scans.iter().position(|fetched| fetched.scan.epoch == ask.epoch);
        let place = place.unwrap_or_else(|| {
            let scan = Scan::new(ask.epoch, ask.partition);
            self.scans.push(Fetched { scan, topic: None, started: false });
            self.scans.len() - 1
        });
        self.scans[place].scan.want(ask.wanted, ask.deadline);
    }

    /// When something is due that nobody announces.
    fn next_look(&self) -> Option<Instant> {
        let aims = self.scans.iter().filter_map(|fetched| fetched.scan.next_look());
        let idle = (self.scans.is_empty() && self.client.is_some())
            .then(|| self.idle_since + self.settings.reread_idle);
        aims.chain(idle).min()
    }

    fn open(&mut self) {
        let client = self.settings.rereader().and_then(|conf| {
            let handle =
                Handle::new(Role::Consumer, conf, sys::RD_KAFKA_EVENT_ERROR, self.settings.log.clone())?;
            let mut queue = Queue::new(&handle);
            let shared = Arc::clone(&self.shared);
            queue.on_ready(Box::new(move || shared.change(|desk| desk.ready = true)));
            let errors = Queue::main(&handle);
            Ok(Client { handle, queue, errors })
        });
        match client {
            Ok(client) => self.client = Some(client),
            Err(reason) => self.scans.iter_mut().for_each(|fetched| fetched.scan.fail(&reason)),
        }
    }

    fn take_messages(&mut self) {
        let Some(client) = &self.client else { return };
        let (scans, now) = (&mut self.scans, Instant::now());
        let mut last = 0;
        let taken = take_batch(&client.queue, &mut self.scratch, BATCH, |message| {
            // Messages come in runs of one partition.
            let of = |fetched: &Fetched| message.is_of(&fetched.scan.partition);
            if !scans.get(last).is_some_and(of) {
                let Some(place) = scans.iter().position(of) else { return };
                last = place;
            }
            scans[last].take(&message, now);
        });
        if taken == BATCH {
            // The queue says so again only when it has been empty.
            self.shared.change(|desk| desk.ready = true);
        }
    }

    /// Keeps what is the matter for those that time out. It is said once, by the consumer's own client.
    fn take_errors(&mut self) {
        let Some(client) = &self.client else { return };
        while let Some(event) = client.errors.poll(Duration::ZERO) {
            if event.kind() == EventKind::Error {
                let trouble = error::explained(Some(&client.handle), &event);
                self.scans.iter_mut().for_each(|fetched| fetched.scan.trouble(&trouble));
            }
        }
    }

    fn steer(&mut self, now: Instant) {
        let Some(client) = &self.client else { return };
        let threshold = i64::try_from(self.settings.discard_threshold).unwrap_or(i64::MAX);
        for fetched in &mut self.scans {
            if fetched.scan.doubts(now) {
                fetched.ask_range(client);
            }
            // The question may have taken its time.
            let now = Instant::now();
            fetched.scan.time_out(now, self.settings.reread_timeout);
            match fetched.scan.aim(threshold, now) {
                Aim::Stop | Aim::Wait(_) => fetched.stop(),
                Aim::Read => {}
                Aim::Start(offset) => fetched.start(client, offset, now),
            }
        }
    }

    fn give_answers(&mut self) {
        let mut answers = Vec::new();
        for fetched in &mut self.scans {
            fetched.scan.answers(&mut answers);
        }
        if !answers.is_empty() {
            let mut desk = self.shared.lock();
            // Nobody would take these.
            answers.retain(|answer| !desk.forgotten.contains(&answer.epoch));
            desk.answers.append(&mut answers);
            drop(desk);
            (self.waker)();
        }
    }

    /// Drops what is done, and the client when it has nothing to do for long.
    fn rest(&mut self, now: Instant) {
        if !self.scans.is_empty() {
            self.scans.retain(|fetched| !fetched.scan.done());
            self.idle_since = now;
        } else if now.saturating_duration_since(self.idle_since) >= self.settings.reread_idle {
            self.client = None;
        }
    }
}

impl Fetched {
    fn take(&mut self, message: &Message, now: Instant) {
        match message.error() {
            0 => self.scan.record(message.offset(), message.timestamp(), || message.record()),
            code if error::is_end(code) => self.scan.end(message.offset()),
            code => self.scan.fault(code, &message.error_text(), now),
        }
    }

    fn start(&mut self, client: &Client, offset: i64, now: Instant) {
        self.stop();
        let partition = self.scan.partition.partition;
        let started = self.topic(client).and_then(|topic| topic.start(partition, offset, &client.queue));
        match started {
            Ok(()) => self.started = true,
            Err(code) => self.scan.fault(code, "", now),
        }
    }

    fn stop(&mut self) {
        if std::mem::take(&mut self.started)
            && let Some(topic) = &self.topic
        {
            topic.stop(self.scan.partition.partition);
        }
    }

    fn ask_range(&mut self, client: &Client) {
        let partition = self.scan.partition.partition;
        let range = self.topic(client).and_then(|topic| topic.watermarks(partition, PATIENCE));
        let now = Instant::now();
        match range {
            Ok((low, high)) => self.scan.range(low, high, now),
            Err(code) => self.scan.no_range(code, now),
        }
    }

    fn topic(&mut self, client: &Client) -> Result<&Topic, i32> {
        if self.topic.is_none() {
            self.topic = Some(Topic::new(&client.handle, &self.scan.partition.topic)?);
        }
        self.topic.as_ref().ok_or(0)
    }
}
