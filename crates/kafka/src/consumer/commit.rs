//! Commits.
//!
//! One round of requests is under way at a time. Two could overtake each other when one is repeated after a
//! coordinator's failure, and the committed offset would fall.

use std::{
    collections::HashMap,
    ffi::c_void,
    mem,
    time::{Duration, Instant},
};

use prosody_broker::{BrokerError, Commit, CommitResult, ConsumerEvent, ErrorCode};
use prosody_model::{Epoch, TopicPartition};
use rdkafka_sys as sys;

use super::Membership;
use crate::{
    error,
    ffi::{Event, EventKind, PartitionList},
};

/// What a broker adds to each partition of a commit besides names and metadata.
const ENTRY_OVERHEAD: usize = 160;

#[derive(Debug, Default)]
pub(super) struct Commits {
    /// Not sent yet. Bounded by what the caller has unanswered; sending removes them.
    waiting: Vec<Commit>,
    /// Sent and not answered. Bounded by one round; the answer removes them, and librdkafka answers every
    /// request in the end.
    requests: HashMap<u64, Request>,
    last_request: u64,
}

#[derive(Debug)]
struct Request {
    entries: Vec<Entry>,
    /// Nobody waits for the answer any more.
    abandoned: bool,
}

/// One partition's part of a round.
#[derive(Debug)]
struct Entry {
    partition: TopicPartition,
    commit: Commit,
    /// Earlier offsets of the same epoch, which this one stands for.
    covered: Vec<i64>,
}

impl Entry {
    fn results(self, result: &Result<(), BrokerError>) -> impl Iterator<Item = CommitResult> + use<> {
        let (epoch, result) = (self.commit.epoch, result.clone());
        let offsets = self.covered.into_iter().chain([self.commit.offset]);
        offsets.map(move |offset| CommitResult { epoch, offset, result: result.clone() })
    }
}

impl Commits {
    /// The answers in a commit event.
    pub(super) fn answered(&mut self, event: &Event) -> Vec<CommitResult> {
        let Some(request) = self.requests.remove(&event.tag()) else { return Vec::new() };
        if request.abandoned {
            return Vec::new();
        }
        let whole = event.error();
        let mut codes = vec![whole; request.entries.len()];
        for element in event.partitions() {
            if let Some(code) = codes.get_mut(element.tag)
                && element.error != 0
            {
                *code = element.error;
            }
        }
        let answers = request.entries.into_iter().zip(codes);
        answers
            .flat_map(|(entry, code)| {
                let result = if code == 0 { Ok(()) } else { Err(refused(&entry, code)) };
                entry.results(&result)
            })
            .collect()
    }
}

fn refused(entry: &Entry, code: i32) -> BrokerError {
    error::about(format_args!("committing {} of {}", entry.commit.offset, entry.partition), code)
}

impl Membership {
    pub(super) fn commit(&mut self, commits: Vec<Commit>) {
        if commits.is_empty() {
            return;
        }
        self.commits.waiting.extend(commits);
        self.send_waiting_commits();
        if !self.out.is_empty() {
            self.ready.wake();
        }
    }

    pub(super) fn send_waiting_commits(&mut self) {
        if self.commits.waiting.is_empty() || !self.commits.requests.is_empty() {
            return;
        }
        let waiting = mem::take(&mut self.commits.waiting);
        let (entries, mut results) = self.merge(waiting);
        let (_, failed) = self.send(entries);
        results.extend(failed);
        if !results.is_empty() {
            self.out.push(ConsumerEvent::Committed(results));
        }
    }

    /// One entry per epoch that is still held, the last commit winning; the rest is answered.
    fn merge(&self, commits: Vec<Commit>) -> (Vec<Entry>, Vec<CommitResult>) {
        let mut entries: Vec<Entry> = Vec::with_capacity(commits.len());
        let mut places: HashMap<Epoch, usize> = HashMap::with_capacity(commits.len());
        let mut over = Vec::new();
        for commit in commits {
            if let Some(at) = places.get(&commit.epoch) {
                let entry = &mut entries[*at];
                entry.covered.push(entry.commit.offset);
                entry.commit = commit;
            } else if let Some(partition) = self.name_of(commit.epoch) {
                places.insert(commit.epoch, entries.len());
                entries.push(Entry { partition, commit, covered: Vec::new() });
            } else {
                over.push(fenced(&commit));
            }
        }
        (entries, over)
    }

    /// Sends entries in requests that a broker takes; gives the requests' numbers, and answers to those that
    /// could not be sent.
    fn send(&mut self, entries: Vec<Entry>) -> (Vec<u64>, Vec<CommitResult>) {
        let (mut sent, mut failed) = (Vec::new(), Vec::new());
        let (mut bytes, mut part) = (0, Vec::new());
        for entry in entries {
            let size = ENTRY_OVERHEAD
                + self.group_id.len()
                + entry.partition.topic.len()
                + entry.commit.metadata.len();
            if bytes + size > self.max_commit_bytes && !part.is_empty() {
                self.send_one(mem::take(&mut part), &mut sent, &mut failed);
                bytes = 0;
            }
            bytes += size;
            part.push(entry);
        }
        if !part.is_empty() {
            self.send_one(part, &mut sent, &mut failed);
        }
        (sent, failed)
    }

    fn send_one(&mut self, entries: Vec<Entry>, sent: &mut Vec<u64>, failed: &mut Vec<CommitResult>) {
        let mut list = PartitionList::new();
        for (tag, entry) in entries.iter().enumerate() {
            if let Some(mut element) = list.add(&entry.partition.topic, entry.partition.partition) {
                element.offset(entry.commit.offset).tag(tag).metadata(&entry.commit.metadata);
            }
        }
        self.commits.last_request += 1;
        let number = self.commits.last_request;
        // SAFETY: client, list and queue are live; the list is copied; without a callback the answer comes as
        // an event that carries the number.
        let code = unsafe {
            sys::rd_kafka_commit_queue(
                self.handle.raw(),
                list.raw(),
                self.answers.raw(),
                None,
                number as *mut c_void,
            )
        } as i32;
        if code == 0 {
            self.commits.requests.insert(number, Request { entries, abandoned: false });
            sent.push(number);
        } else {
            failed.extend(entries.into_iter().flat_map(|entry| {
                let result = Err(refused(&entry, code));
                entry.results(&result)
            }));
        }
    }

    pub(super) fn commit_now(&mut self, commits: Vec<Commit>, timeout: Duration) -> Vec<CommitResult> {
        let deadline = Instant::now() + timeout;
        let (mut entries, mut results) = self.merge(commits);
        // What waits for the same partitions is older: sent afterwards it would take the offset back.
        let (older, waiting) = mem::take(&mut self.commits.waiting)
            .into_iter()
            .partition(|older| entries.iter().any(|entry| entry.commit.epoch == older.epoch));
        self.commits.waiting = waiting;
        let older: Vec<Commit> = older;
        let mut own = Vec::new();
        if self.wait_for_answers(deadline, &[]).1 {
            let (sent, failed) = self.send(mem::take(&mut entries));
            results.extend(failed);
            own = sent;
            results.extend(self.wait_for_answers(deadline, &own).0);
        }
        for entry in entries {
            let result = Err(late(&entry, timeout));
            results.extend(entry.results(&result));
        }
        for number in own {
            if let Some(request) = self.commits.requests.get_mut(&number) {
                request.abandoned = true;
                for entry in mem::take(&mut request.entries) {
                    let result = Err(late(&entry, timeout));
                    results.extend(entry.results(&result));
                }
            }
        }
        let covered = older.iter().filter_map(|older| {
            let result = &results.iter().find(|result| result.epoch == older.epoch)?.result;
            Some(CommitResult { epoch: older.epoch, offset: older.offset, result: result.clone() })
        });
        let covered: Vec<_> = covered.collect();
        if !covered.is_empty() {
            self.out.push(ConsumerEvent::Committed(covered));
        }
        if !self.out.is_empty() {
            self.ready.wake();
        }
        // Offsets may have been answered meanwhile, and not well.
        self.set_alarm();
        results
    }

    /// Serves the answers queue until nothing is under way or it is too late. Answers to `own` requests come
    /// back; others go their usual way. Also says whether nothing is under way any more.
    fn wait_for_answers(&mut self, deadline: Instant, own: &[u64]) -> (Vec<CommitResult>, bool) {
        let mut results = Vec::new();
        while !self.commits.requests.is_empty() {
            let left = deadline.saturating_duration_since(Instant::now());
            let Some(event) = self.answers.poll(left) else {
                if left.is_zero() {
                    break;
                }
                continue;
            };
            if event.kind() == EventKind::Commit && own.contains(&event.tag()) {
                results.extend(self.commits.answered(&event));
            } else {
                self.on_answer(&event);
            }
        }
        (results, self.commits.requests.is_empty())
    }

    /// Answers to everything that is under way or waits, for a membership that ends.
    pub(super) fn drop_commits(&mut self) -> Vec<CommitResult> {
        let waiting = mem::take(&mut self.commits.waiting);
        let mut results: Vec<_> = waiting.iter().map(super::refused).collect();
        for request in
            mem::take(&mut self.commits.requests).into_values().filter(|request| !request.abandoned)
        {
            let closed = Err(error::closed("consumer"));
            results.extend(request.entries.into_iter().flat_map(|entry| entry.results(&closed)));
        }
        results
    }
}

fn late(entry: &Entry, timeout: Duration) -> BrokerError {
    let what = format_args!("committing {} of {}", entry.commit.offset, entry.partition);
    let reason = format!("no answer within {} ms, it may have been applied", timeout.as_millis());
    error::of_kind(ErrorCode::Timeout, what, &reason)
}

fn fenced(commit: &Commit) -> CommitResult {
    let message = format!(
        "committing {}: the partition is not held any more in epoch {}; its next owner goes on from the last commit",
        commit.offset, commit.epoch.0
    );
    CommitResult {
        epoch: commit.epoch,
        offset: commit.offset,
        result: Err(BrokerError::new(ErrorCode::Fenced, message)),
    }
}
