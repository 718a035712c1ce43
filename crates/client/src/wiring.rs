//! From resolved options to what each part wants to know.

use std::{
    collections::hash_map::RandomState,
    hash::{BuildHasher, Hasher},
    sync::{Arc, LazyLock},
    time::Duration,
};

use prosody_broker::{
    Producer, ReportSink, TopicSelector,
    memory::{self, MemoryBroker, Registry},
};
use prosody_config::{IdentitySource, Mode, Options, RetryJitter};
use prosody_engine::{
    Backoff, Deferral, Fairness, Gate, GiveUp, Intake, Jitter, Monopolization, Place, Settings,
};
use prosody_kafka::KafkaProducer;
use prosody_shell::ShellSettings;

use crate::{
    ClientError, clock,
    consumer::Plan,
    kafka,
    letters::Letters,
    mailbox,
    producer::{Open, ProducerSlot},
    sink::Sink,
    tokens::Tokens,
};

/// The in-memory brokers of this process; one goes with the last client that names it.
static BROKERS: LazyLock<Registry> = LazyLock::new(Registry::default);

/// Partitions of a topic that comes into being on first use.
const MOCK_PARTITIONS: i32 = 4;
/// Some waits of the adapters have no wake of their own.
const LONGEST_SLEEP: Duration = Duration::from_secs(1);
/// UTF-16 units that a broker takes as metadata by default (`offset.metadata.max.bytes`).
const METADATA_UNITS: usize = 4096;

/// The broker of mock mode that clients of one Node environment with equal servers share.
pub fn memory_broker(environment: &str, options: &Options) -> MemoryBroker {
    let name = format!("{environment}/{}", options.bootstrap_servers.join(","));
    BROKERS.broker(&name, || memory::Settings {
        auto_create: Some(MOCK_PARTITIONS),
        clock: Some(Arc::new(clock::now)),
        ..memory::Settings::default()
    })
}

/// What starts producers, on Kafka or on the in-memory broker.
pub fn producer(
    options: &Options,
    memory: Option<MemoryBroker>,
    sink: &Arc<dyn Sink>,
    letters: &Arc<Letters>,
    tokens: Option<&Arc<Tokens>>,
) -> ProducerSlot {
    let (letters, told) = (Arc::clone(letters), Arc::clone(sink));
    let reports: ReportSink = Arc::new(move |batch| letters.sort(batch, told.as_ref()));
    let timeout = options.send_timeout;
    let open: Open = if let Some(broker) = memory {
        Box::new(move |reports| Ok(Arc::new(broker.producer(reports, timeout)) as Arc<dyn Producer>))
    } else {
        let settings = kafka::settings(options, Some(sink), tokens);
        Box::new(move |reports| Ok(Arc::new(KafkaProducer::new(&settings, reports)?) as Arc<dyn Producer>))
    };
    ProducerSlot::new(open, reports)
}

/// What the consumer's thread is started with.
pub fn plan(options: &Options, producer: &Arc<ProducerSlot>) -> Result<Plan, ClientError> {
    if options.group.topics.is_empty() {
        return Err(ClientError::NoTopics);
    }
    let limits = &options.limits;
    let late_commit = mailbox::late_commit(limits.shutdown_timeout);
    Ok(Plan {
        topics: options.group.topics.iter().map(|topic| selector(topic)).collect(),
        engine: engine(options),
        producer: Arc::clone(producer),
        shell: ShellSettings { clock: Some(clock::mono), late_commit, ..ShellSettings::default() },
        stall_threshold: limits.stall_threshold,
        sleep: limits.poll_interval.min(limits.stall_threshold / 4).min(LONGEST_SLEEP),
    })
}

fn selector(topic: &str) -> TopicSelector {
    let name = topic.to_owned();
    if topic.starts_with('^') { TopicSelector::Pattern(name) } else { TopicSelector::Name(name) }
}

fn engine(options: &Options) -> Settings {
    let jitter = match options.retry.jitter {
        RetryJitter::Full => Jitter::Full,
        RetryJitter::None => Jitter::None,
    };
    let defer = Backoff { base: options.defer.base, max: options.defer.max_delay, jitter };
    Settings {
        max_concurrency: options.limits.max_concurrency,
        max_uncommitted: options.limits.max_uncommitted,
        max_buffered_bytes: options.limits.max_buffered_bytes,
        kept_keys: options.defer.cache_size,
        timeout: options.limits.timeout,
        commit_interval: options.limits.commit_interval,
        revoke_timeout: options.limits.revoke_timeout,
        mode: mode(options),
        failure_topic: options.failure_topic.as_deref().map(Into::into),
        group: options.group.id.as_deref().unwrap_or_default().into(),
        give_up: GiveUp {
            attempts: options.dead_letter_after.attempts.map(saturated),
            age: options.dead_letter_after.age,
        },
        retry: Backoff { base: options.retry.base, max: options.retry.max_delay, jitter },
        deferral: if options.defer.enabled { Deferral::On(defer) } else { Deferral::Off },
        gate: Gate { threshold: options.defer.failure_threshold, window: options.defer.failure_window },
        monopolization: options.monopolization.enabled.then_some(Monopolization {
            threshold: options.monopolization.threshold,
            window: options.monopolization.window,
            watched_keys: options.monopolization.cache_size,
        }),
        metadata_units: METADATA_UNITS,
        fairness: Fairness {
            failure_weight: options.scheduler.failure_weight,
            max_wait: options.scheduler.max_wait,
            wait_weight: options.scheduler.wait_weight,
            remembered_keys: options.scheduler.cache_size,
        },
        intake: intake(options),
        seed: seed(),
    }
}

/// Which records are run, and which ids are remembered.
fn intake(options: &Options) -> Intake {
    let places = |sources: &[IdentitySource]| {
        let place = |source: &IdentitySource| match source {
            IdentitySource::Pointer(segments) => Place::Pointer(segments.clone()),
            IdentitySource::Header(name) => Place::Header(name.clone()),
        };
        sources.iter().map(place).collect()
    };
    Intake {
        allowed_events: options.allowed_events.clone(),
        types: places(&options.identity.event_type),
        ids: places(&options.identity.id),
        remembered_ids: options.idempotence.cache_size,
        version: options.idempotence.version.clone(),
    }
}

fn mode(options: &Options) -> prosody_engine::Mode {
    match options.mode {
        Mode::Pipeline => prosody_engine::Mode::Pipeline,
        Mode::LowLatency => {
            prosody_engine::Mode::LowLatency { max_retries: saturated(options.retry.max_retries) }
        }
        Mode::BestEffort => prosody_engine::Mode::BestEffort,
    }
}

fn saturated(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

/// The one draw of chance: the standard library seeds each of these from the operating system.
fn seed() -> u64 {
    RandomState::new().build_hasher().finish()
}
