//! What is answered to a request, from its method and path alone.

use std::{
    collections::BTreeMap,
    fmt::Write,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use crate::{Probe, Verdict, Writer, metrics};

/// Reasons in one body; the rest are counted.
const MOST_REASONS: usize = 50;
/// Characters of one reason.
const LONGEST_REASON: usize = 500;
/// The most text of all explanations together, and what of it is for what stands around one.
const MOST_BYTES: usize = 1 << 20;
const FRAME: usize = 2 << 10;
/// The least that one is given: room for its counts.
const LEAST_BYTES: usize = 4 << 10;

const TEXT: &str = "text/plain; charset=utf-8";
const JSON: &str = "application/json";

/// Methods that are answered.
pub const ALLOWED: &str = "GET, HEAD";

/// A client as the server knows it.
#[derive(Clone)]
pub struct Entry {
    /// Tells clients of one group apart: the lowest number that was free.
    pub number: usize,
    pub group: String,
    /// Whether `/explain` tells of it.
    pub explains: bool,
    pub probe: Arc<dyn Probe>,
}

/// What the server's thread and the clients share.
#[derive(Default)]
pub struct Room {
    /// Bound: one a subscribed client; removed when it leaves.
    entries: Mutex<Vec<Entry>>,
    /// Requests by path and code. Bound: the paths and codes of this file.
    requests: Mutex<BTreeMap<(&'static str, u16), u64>>,
    /// Connections closed to make room for others.
    pub evicted: AtomicU64,
    /// Connections closed because they took too long.
    pub overdue: AtomicU64,
}

/// An answer, before it is one of HTTP.
#[derive(Debug, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    pub content_type: &'static str,
    pub body: String,
}

impl Answer {
    fn text(status: u16, body: impl Into<String>) -> Self {
        Self { status, content_type: TEXT, body: body.into() }
    }
}

impl Room {
    /// Lets a client in under the lowest free number.
    pub fn enter(&self, group: String, explains: bool, probe: Arc<dyn Probe>) -> usize {
        let mut entries = lock(&self.entries);
        let free = |number: &usize| entries.iter().all(|entry| entry.number != *number);
        let number = (0..=entries.len()).find(free).unwrap_or_default();
        entries.push(Entry { number, group, explains, probe });
        number
    }

    /// Lets it out again; says whether it was the last.
    pub fn leave(&self, number: usize) -> bool {
        let left: Vec<Entry>;
        let mut entries = lock(&self.entries);
        (left, *entries) = entries.drain(..).partition(|entry| entry.number == number);
        let last = entries.is_empty();
        // What a client holds may take its time to go: not under the lock.
        drop(entries);
        drop(left);
        last
    }

    /// The answer to a request. Never panics, whatever a client does when it is asked.
    pub fn answer(&self, method: &str, path: &str) -> Answer {
        let entries = lock(&self.entries).clone();
        let (name, answer) = self.route(method, path, &entries);
        *lock(&self.requests).entry((name, answer.status)).or_default() += 1;
        answer
    }

    fn route(&self, method: &str, path: &str, entries: &[Entry]) -> (&'static str, Answer) {
        let explains = entries.iter().any(|entry| entry.explains);
        let name = match path {
            "/readyz" => "readyz",
            "/livez" => "livez",
            "/metrics" => "metrics",
            "/explain" if explains => "explain",
            _ => return ("other", Answer::text(404, not_found(explains))),
        };
        if method != "GET" && method != "HEAD" {
            return (name, Answer::text(405, format!("only {ALLOWED} are answered here\n")));
        }
        let answer = match name {
            "readyz" if entries.is_empty() => Answer::text(503, "not ready\nno client is subscribed\n"),
            "readyz" => verdicts(entries, ["ready", "not ready"], |probe| probe.readiness()),
            "livez" => verdicts(entries, ["live", "not live"], |probe| probe.liveness()),
            "metrics" => self.metrics(entries),
            _ => explanations(entries),
        };
        (name, answer)
    }

    fn metrics(&self, entries: &[Entry]) -> Answer {
        let mut writer = Writer::default();
        for entry in entries {
            writer.of_client(entry.number, &entry.group);
            // What it had written by then stands.
            let _ = ask(|| entry.probe.metrics(&mut writer));
        }
        writer.of_nobody();
        for ((path, code), count) in lock(&self.requests).iter() {
            let labels = [("path", *path), ("code", &code.to_string())];
            writer.counter("probe_requests_total", "Requests to the probe server.", &labels, *count);
        }
        for (why, count) in [("room", &self.evicted), ("time", &self.overdue)] {
            let help = "Connections that the probe server closed early, to make room or for taking too long.";
            let count = count.load(Ordering::Relaxed);
            writer.counter("probe_closed_total", help, &[("why", why)], count);
        }
        Answer { status: 200, content_type: metrics::CONTENT_TYPE, body: writer.finish() }
    }
}

fn not_found(explains: bool) -> String {
    let more = if explains { ", /explain" } else { "" };
    format!("nothing is here; there are /readyz, /livez, /metrics{more}\n")
}

/// All must pass. Where several clients share the server, each reason says whose it is.
fn verdicts(entries: &[Entry], words: [&str; 2], of: impl Fn(&dyn Probe) -> Verdict) -> Answer {
    let mut pass = true;
    let mut reasons = Vec::new();
    for entry in entries {
        let panicked = || Verdict::fail("its state cannot be read: this is a bug, see standard error");
        let verdict = ask(|| of(entry.probe.as_ref())).unwrap_or_else(panicked);
        if pass && !verdict.pass {
            // What is only worth knowing gives way to what fails.
            reasons.clear();
        }
        if pass || !verdict.pass {
            pass &= verdict.pass;
            let whose = match entries {
                [_] => String::new(),
                _ => format!("client {} ({}): ", entry.number, entry.group),
            };
            reasons.extend(verdict.reasons.iter().map(|reason| format!("{whose}{reason}")));
        }
    }
    let [good, bad] = words;
    let mut body = format!("{}\n", if pass { good } else { bad });
    for reason in reasons.iter().take(MOST_REASONS) {
        body.extend(reason.chars().take(LONGEST_REASON).map(|c| if c.is_control() { ' ' } else { c }));
        body.push('\n');
    }
    if reasons.len() > MOST_REASONS {
        let _ = writeln!(body, "and {} more", reasons.len() - MOST_REASONS);
    }
    Answer::text(if pass { 200 } else { 503 }, body)
}

/// There is always an answer: clients share the room, and each leaves out what it has no room for.
fn explanations(entries: &[Entry]) -> Answer {
    let count = entries.iter().filter(|entry| entry.explains).count().max(1);
    let most = (MOST_BYTES / count).saturating_sub(FRAME).max(LEAST_BYTES);
    let all = entries.iter().filter(|entry| entry.explains).map(|entry| {
        // A client's explanation is JSON already. One that does not keep to its room is told as none.
        let text = ask(|| entry.probe.explain(most)).filter(|text| !text.is_empty() && text.len() <= most);
        let text = text.unwrap_or_else(|| "null".into());
        format!("{{\"client\":{},\"group\":{},\"explanation\":{text}}}", entry.number, quoted(&entry.group))
    });
    let body = format!("{{\"clients\":[{}]}}\n", all.collect::<Vec<_>>().join(","));
    Answer { status: 200, content_type: JSON, body }
}

/// A JSON string.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for character in text.chars() {
        match character {
            '"' | '\\' => quoted.extend(['\\', character]),
            control if control.is_control() => {
                // Control characters are all below 0xA0.
                let _ = write!(quoted, "\\u{:04x}", u32::from(control));
            }
            other => quoted.push(other),
        }
    }
    quoted.push('"');
    quoted
}

/// A client that panics is one that cannot answer; the server goes on.
fn ask<T>(question: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(question)).ok()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
