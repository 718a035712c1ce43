//! What a consumer says of itself, from its thread to JSON.

use std::{
    collections::BTreeMap,
    mem,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
        mpsc::{self, Receiver, SyncSender},
    },
    time::Duration,
};

use prosody_broker::Consumer;
use prosody_config::Options;
use prosody_engine::{
    Bound, Budgets, Explanation, PartitionExplanation, RECORDS_IN_HAND, RecordExplanation, Stage, Use,
};
use prosody_model::{Now, PartitionIndex, TopicPartition};
use prosody_shell::Shell;
use serde_json::{Value, json};

use crate::clock;

mod words;

use words::{Wall, key};

/// How long a caller waits for a consumer's thread that is at work: many times what a step takes, and short enough for
/// the thread that runs the handlers.
pub const PATIENCE: Duration = Duration::from_millis(100);
/// Questions that wait: few threads ask, each of them one at a time.
const MOST_QUESTIONS: usize = 8;
/// Parked keys that are listed where nobody says how many.
pub const PARKED_LISTED: usize = 100;

/// An engine's explanation, with the names and the moment that it needs to be read elsewhere.
pub struct Told {
    explanation: Explanation,
    names: BTreeMap<PartitionIndex, TopicPartition>,
    now: Now,
}

/// What comes of asking a consumer.
pub enum Answer {
    Told(Box<Told>),
    /// Its thread was at work for longer than one waits.
    Busy,
    /// None runs.
    Idle,
}

impl Told {
    pub fn of<C: Consumer>(shell: &Shell<C>, now: Now, limit: usize) -> Self {
        let explanation = shell.engine().explain(now.mono, limit);
        let held = explanation.partitions.iter().map(|partition| partition.partition);
        let parked = explanation.parked.iter().map(|record| record.partition);
        let names = held.chain(parked).filter_map(|index| Some((index, shell.name_of(index)?.clone())));
        Self { names: names.collect(), explanation, now }
    }
}

/// Questions to a consumer's thread.
#[derive(Default)]
pub struct Asking {
    asked: AtomicBool,
    /// Bound: [`MOST_QUESTIONS`]; the thread's next step takes all.
    questions: Mutex<Vec<(usize, SyncSender<Told>)>>,
}

impl Asking {
    /// Asks; what comes is the answer.
    pub fn ask(&self, limit: usize) -> Receiver<Told> {
        let (answer, answered) = mpsc::sync_channel(1);
        let mut questions = self.questions.lock().unwrap_or_else(PoisonError::into_inner);
        if questions.len() >= MOST_QUESTIONS {
            // Whoever asked this one has lost patience long since.
            questions.remove(0);
        }
        questions.push((limit, answer));
        drop(questions);
        self.asked.store(true, Ordering::Release);
        answered
    }

    /// Answers what was asked.
    pub fn answer(&self, explain: impl Fn(usize) -> Told) {
        if !self.asked.load(Ordering::Relaxed) || !self.asked.swap(false, Ordering::Acquire) {
            return;
        }
        let questions = mem::take(&mut *self.questions.lock().unwrap_or_else(PoisonError::into_inner));
        for (limit, answer) in questions {
            // Whoever asked may have lost patience.
            let _ = answer.try_send(explain(limit));
        }
    }
}

/// What `client.explain()` gives; `stopped` says why partitions are.
pub fn json(
    state: &str,
    options: &Options,
    answer: &Answer,
    stopped: &BTreeMap<TopicPartition, String>,
) -> String {
    explanation(state, options, answer, stopped).to_string()
}

/// As [`json`], before it is text.
pub fn explanation(
    state: &str,
    options: &Options,
    answer: &Answer,
    stopped: &BTreeMap<TopicPartition, String>,
) -> Value {
    let mut all = match answer {
        Answer::Told(told) => told.json(stopped),
        Answer::Busy | Answer::Idle => json!({
            "at": Wall::new(clock::now()).now(),
            "partitions": [],
            "parked": [],
            "parkedCount": 0,
            "budgets": budgets(&unused(options)),
        }),
    };
    all["state"] = state.into();
    all["busy"] = matches!(answer, Answer::Busy).into();
    all
}

/// The budgets of a consumer that does not run.
fn unused(options: &Options) -> Budgets {
    let unused = |limit| Use { used: 0, limit };
    Budgets {
        max_concurrency: unused(options.limits.max_concurrency),
        max_uncommitted: unused(options.limits.max_uncommitted),
        max_buffered_bytes: unused(options.limits.max_buffered_bytes),
        records_in_hand: unused(RECORDS_IN_HAND),
        records: 0,
        keys: 0,
        ready_keys: 0,
    }
}

impl Told {
    fn json(&self, stopped: &BTreeMap<TopicPartition, String>) -> Value {
        let Explanation { partitions, parked, parked_count, budgets: used } = &self.explanation;
        let wall = Wall::new(self.now);
        let named = |index| self.names.get(&index);
        let partitions = partitions.iter().filter_map(|partition| {
            let name = named(partition.partition)?;
            Some(with_name(name, explain_partition(partition, stopped.get(name), wall)))
        });
        let parked = parked
            .iter()
            .filter_map(|record| Some(with_name(named(record.partition)?, explain_record(record, wall))));
        json!({
            "at": wall.now(),
            "partitions": partitions.collect::<Vec<_>>(),
            "parked": parked.collect::<Vec<_>>(),
            "parkedCount": parked_count,
            "budgets": budgets(used),
        })
    }
}

fn with_name(name: &TopicPartition, mut explanation: Value) -> Value {
    explanation["topic"] = name.topic.as_ref().into();
    explanation["partition"] = name.partition.into();
    explanation
}

fn explain_partition(partition: &PartitionExplanation, stopped: Option<&String>, wall: Wall) -> Value {
    // What the log has stopped is none of the engine's bounds.
    let bound = partition.held.or_else(|| stopped.map(|_| Bound::Stopped));
    let held = bound.map(|bound| {
        let usage = bound.usage();
        json!({
            "bound": bound.name(),
            "used": usage.map(|usage| usage.used),
            "limit": usage.map(|usage| usage.limit),
            "until": bound.until().and_then(|until| wall.at(until)),
            "error": stopped.filter(|_| bound == Bound::Stopped),
        })
    });
    json!({
        "firstUnfinished": partition.first_unfinished,
        "blocking": partition.blocking.as_ref().map(|record| explain_record(record, wall)),
        "unfinished": partition.unfinished,
        "finishedAbove": partition.finished_above,
        "backlog": partition.backlog,
        "completionMap": usage(partition.completion_map),
        "held": held,
    })
}

fn explain_record(record: &RecordExplanation, wall: Wall) -> Value {
    let (stage, since, until, reason) = match record.stage {
        Stage::Queued { since } => ("queued", Some(since), None, None),
        Stage::EarlierCall => ("earlierCall", None, None, None),
        Stage::Running { since } => ("running", Some(since), None, None),
        Stage::DeadLetter => ("deadLetter", None, None, None),
        Stage::Rereading => ("rereading", None, None, None),
        Stage::Unmarked => ("unmarked", None, None, None),
        Stage::Parked { until, reason } => ("parked", None, Some(until), Some(reason.name())),
    };
    json!({
        "offset": record.offset,
        "key": record.key.as_ref().map(key),
        "stage": stage,
        "reason": reason,
        "since": since.and_then(|since| wall.at(since)),
        "until": until.and_then(|until| wall.at(until)),
        "attempts": record.attempts,
        "ageMs": u64::try_from(record.age.as_millis()).unwrap_or(u64::MAX),
        "error": record.error.as_deref(),
        "behind": record.behind,
    })
}

fn budgets(budgets: &Budgets) -> Value {
    json!({
        "maxConcurrency": usage(budgets.max_concurrency),
        "maxUncommitted": usage(budgets.max_uncommitted),
        "maxBufferedBytes": usage(budgets.max_buffered_bytes),
        "recordsInHand": usage(budgets.records_in_hand),
        "records": budgets.records,
        "keys": budgets.keys,
        "readyKeys": budgets.ready_keys,
    })
}

fn usage(usage: Use) -> Value {
    json!({ "used": usage.used, "limit": usage.limit })
}

#[cfg(test)]
mod tests;
