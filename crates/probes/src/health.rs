//! From what is known of a consumer to what its probes say. Pure: every time in here is an age.

use std::time::Duration;

/// What one probe says of a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Whether the probe passes.
    pub pass: bool,
    /// Why it does not; or, where it passes, what is worth knowing all the same.
    pub reasons: Vec<String>,
}

impl Verdict {
    /// It passes, and there is nothing to say.
    pub fn pass() -> Self {
        Self { pass: true, reasons: Vec::new() }
    }

    /// It fails, for one reason.
    pub fn fail(reason: impl Into<String>) -> Self {
        Self { pass: false, reasons: vec![reason.into()] }
    }
}

/// What both probes say of a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdicts {
    /// For `/readyz`.
    pub ready: Verdict,
    /// For `/livez`.
    pub live: Verdict,
}

/// What is known of a consumer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Health {
    /// Why it has ended although nobody unsubscribed. Nothing else matters then.
    pub ended: Option<String>,
    pub phase: Phase,
    /// Partitions held.
    pub assigned: usize,
    /// Held partitions that get nowhere. Bound: the partitions held.
    pub stopped: Vec<Stopped>,
    /// Why Kafka cannot be reached, while it cannot.
    pub kafka_away: Option<String>,
    /// Since when there is work to run and no call has settled; zero while there is none.
    pub no_progress: Duration,
    /// Since when each part has given no sign of life.
    pub silence: Silence,
    /// `stallThresholdMs`: no progress and silences beyond it fail both probes.
    pub stall_threshold: Duration,
}

impl Health {
    /// Of a consumer that has ended by itself, and holds nothing any more.
    pub fn ended(why: &str, stall_threshold: Duration) -> Self {
        Self {
            ended: Some(why.to_owned()),
            phase: Phase::Joining,
            assigned: 0,
            stopped: Vec::new(),
            kafka_away: None,
            no_progress: Duration::ZERO,
            silence: Silence::default(),
            stall_threshold,
        }
    }
}

/// Where a subscription stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// The group has not given it an assignment yet.
    Joining,
    /// It has been given one, which may be empty.
    Running,
    /// It is leaving.
    Draining,
}

/// A held partition that gets nowhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stopped {
    /// As people write it: `orders/3`.
    pub partition: String,
    pub cause: Cause,
}

/// Why a partition gets nowhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cause {
    /// An error that somebody has to look at; its text.
    Error(String),
    /// A store that it needs is away; what the store said.
    Store(String),
}

/// How long ago each part last gave a sign of life.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Silence {
    /// The loop that asks Kafka for records.
    pub poll_loop: Duration,
    /// The state machine that decides.
    pub engine: Duration,
    /// The event loop that runs the handlers.
    pub javascript: Duration,
}

/// One line of the table of states that holds at the moment.
struct Row {
    ready: bool,
    live: bool,
    reason: String,
}

/// What the probes say of a consumer.
///
/// Several rows of the table may hold at once: a probe passes if it passes in all of them. A dependency that is away
/// never fails liveness, since a restart would not bring it back.
///
/// A consumer that has ended by itself does nothing more, whatever ended it: a restart is what helps.
pub fn judge(health: &Health) -> Verdicts {
    if let Some(why) = &health.ended {
        let verdict = Verdict::fail(format!("the consumer has ended: {why}"));
        return Verdicts { ready: verdict.clone(), live: verdict };
    }
    let mut rows: Vec<Row> = Vec::new();
    rows.extend(phase(health));
    rows.extend(health.stopped.iter().map(stopped));
    rows.extend(kafka(health));
    rows.extend(stalls(health));
    Verdicts { ready: verdict(&rows, |row| row.ready), live: live(&rows) }
}

fn phase(health: &Health) -> Option<Row> {
    let reason = match health.phase {
        Phase::Joining => "joining the group",
        Phase::Draining => "draining",
        Phase::Running if health.assigned == 0 => "no partition is assigned",
        Phase::Running => return None,
    };
    Some(Row { ready: false, live: true, reason: reason.into() })
}

fn stopped(stopped: &Stopped) -> Row {
    let partition = &stopped.partition;
    let reason = match &stopped.cause {
        Cause::Error(error) => format!("partition {partition} is stopped: {error}"),
        Cause::Store(error) => format!("partition {partition} waits for the store: {error}"),
    };
    Row { ready: false, live: true, reason }
}

/// What is held can still be worked on and will be committed; with nothing held there is nothing to be ready for.
fn kafka(health: &Health) -> Option<Row> {
    let why = health.kafka_away.as_ref()?;
    Some(Row { ready: health.assigned > 0, live: true, reason: format!("Kafka cannot be reached: {why}") })
}

fn stalls(health: &Health) -> impl Iterator<Item = Row> {
    let Silence { poll_loop, engine, javascript } = health.silence;
    let threshold = health.stall_threshold;
    let parts = [
        ("there is work to run, and no progress", health.no_progress),
        ("the poll loop is silent", poll_loop),
        ("the engine is silent", engine),
        ("the JavaScript event loop is silent", javascript),
    ];
    let over = parts.into_iter().filter(move |(_, age)| *age > threshold);
    over.map(move |(what, age)| {
        let reason = format!("{what} for {age:.0?} (stallThresholdMs is {})", threshold.as_millis());
        Row { ready: false, live: false, reason }
    })
}

/// Where the probe fails, the rows that fail it; else all that there is to say.
fn verdict(rows: &[Row], passes: impl Fn(&Row) -> bool) -> Verdict {
    let pass = rows.iter().all(&passes);
    let said = rows.iter().filter(|row| pass || !passes(row));
    Verdict { pass, reasons: said.map(|row| row.reason.clone()).collect() }
}

/// Of liveness there is nothing to say but what fails it.
fn live(rows: &[Row]) -> Verdict {
    let verdict = verdict(rows, |row| row.live);
    if verdict.pass { Verdict::pass() } else { verdict }
}

#[cfg(test)]
mod tests;
