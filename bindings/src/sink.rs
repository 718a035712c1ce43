//! The one function that Rust calls in JavaScript.

use std::sync::Arc;

use napi::{
    Env, Result, Status,
    bindgen_prelude::{ArrayBuffer, FnArgs, Function, ToNapiValue},
    sys,
    threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode},
};
use prosody_client::{Delivery, Fact, Report, Row, Sink};
use serde_json::Value;

use crate::{
    facts,
    layout::{SINK_EVENT, SINK_LOG, SINK_PING, SINK_REPORTS, SINK_SLAB, SINK_TOKEN},
    outbox::Outbox,
    queue::Queue,
    reports, slab,
};

/// What crosses: bytes become an `ArrayBuffer` of JavaScript's own, filled here.
pub enum Data {
    Bytes(Vec<u8>),
    /// The next slab; nothing where `settle` has had it already.
    Slab(Arc<Outbox>),
    /// Log lines, a JSON array; what was dropped up to the moment in which they are taken is told with them.
    Lines {
        text: String,
        count: usize,
        queues: Arc<Queues>,
    },
    /// Events, a JSON array.
    Events {
        text: String,
        count: usize,
        queues: Arc<Queues>,
    },
    /// Answered by being taken: that happens on JavaScript's own thread, when it has time for it.
    Ping(Box<dyn FnOnce() + Send>),
}

impl ToNapiValue for Data {
    unsafe fn to_napi_value(env: sys::napi_env, value: Self) -> Result<sys::napi_value> {
        match value {
            Self::Bytes(bytes) => {
                let buffer = buffer(Env::from_raw(env), bytes)?;
                // SAFETY: `env` is the environment this function was called with, on its thread.
                unsafe { ToNapiValue::to_napi_value(env, buffer) }
            }
            Self::Slab(outbox) => {
                let slab = outbox.take().map(|slab| buffer(Env::from_raw(env), slab)).transpose()?;
                // SAFETY: as above.
                unsafe { ToNapiValue::to_napi_value(env, slab) }
            }
            Self::Lines { mut text, count, queues } => {
                queues.lines.taken(count);
                let dropped = facts::dropped(queues.lines.take_dropped(), queues.events.take_dropped());
                if let Some(line) = dropped {
                    text.pop();
                    text.extend([",", &line.to_string(), "]"]);
                }
                // SAFETY: as above.
                unsafe { ToNapiValue::to_napi_value(env, text) }
            }
            Self::Events { text, count, queues } => {
                queues.events.taken(count);
                // SAFETY: as above.
                unsafe { ToNapiValue::to_napi_value(env, text) }
            }
            Self::Ping(answer) => {
                answer();
                // SAFETY: as above.
                unsafe { ToNapiValue::to_napi_value(env, "") }
            }
        }
    }
}

fn buffer<'env>(env: Env, bytes: Vec<u8>) -> Result<ArrayBuffer<'env>> {
    ArrayBuffer::copy_from(&env, bytes)
}

type Arguments = FnArgs<(u32, Data)>;
/// Never blocks. Its queue needs no bound of its own: rows are bounded by `maxConcurrency`, reports by the
/// producer's queue, pings by their sender, lines and events by [`Queue`].
type Calls = ThreadsafeFunction<(u32, Data), (), Arguments, Status, false, true, 0>;

pub struct JsSink {
    calls: Calls,
    slabs: Arc<Outbox>,
    queues: Arc<Queues>,
}

/// What waits of each. Apart, so that no flood of lines pushes out an event.
#[derive(Debug, Default)]
pub struct Queues {
    lines: Queue,
    events: Queue,
}

impl JsSink {
    pub fn new(sink: &Function<'_, FnArgs<(u32, String)>, ()>) -> Result<Self> {
        let calls = sink
            .build_threadsafe_function::<(u32, Data)>()
            .callee_handled::<false>()
            .weak::<true>()
            .build_callback(|context| Ok(FnArgs { data: context.value }))?;
        Ok(Self { calls, slabs: Arc::default(), queues: Arc::default() })
    }

    fn call(&self, kind: u32, data: Data) {
        // An environment that is closing takes nothing any more, and needs nothing.
        let _ = self.calls.call((kind, data), ThreadsafeFunctionCallMode::NonBlocking);
    }

    /// The next slab, for JavaScript that is in a call of ours.
    pub fn take_slab<'env>(&self, env: Env) -> Result<Option<ArrayBuffer<'env>>> {
        self.slabs.take().map(|slab| buffer(env, slab)).transpose()
    }
}

impl Sink for JsSink {
    fn rows(&self, rows: &mut Vec<Row>, delivery: Delivery) {
        // A reply is one slab; the others are called for.
        let mut awaited = delivery == Delivery::Reply;
        slab::pack(rows, |slab| {
            self.slabs.put(slab);
            if !std::mem::take(&mut awaited) {
                self.call(SINK_SLAB, Data::Slab(Arc::clone(&self.slabs)));
            }
        });
        rows.clear();
    }

    fn has_rows(&self) -> bool {
        !self.slabs.is_empty()
    }

    fn reports(&self, reports: Vec<Report>) {
        self.call(SINK_REPORTS, Data::Bytes(reports::pack(&reports)));
    }

    fn facts(&self, facts: Vec<Fact>) {
        let (mut lines, mut events) = (Vec::with_capacity(facts.len()), Vec::new());
        for told in facts.iter().map(facts::tell) {
            // What is logged for debugging only, records that were skipped among it, may come by the thousand.
            let detail = told.log["level"] == "debug";
            lines.push((told.log, detail));
            events.extend(told.event.map(|event| (event, detail)));
        }
        let (lines, events) = (self.queues.lines.admit(lines), self.queues.events.admit(events));
        if !lines.is_empty() {
            let (count, text) = (lines.len(), Value::Array(lines).to_string());
            self.call(SINK_LOG, Data::Lines { text, count, queues: Arc::clone(&self.queues) });
        }
        if !events.is_empty() {
            let (count, text) = (events.len(), Value::Array(events).to_string());
            self.call(SINK_EVENT, Data::Events { text, count, queues: Arc::clone(&self.queues) });
        }
    }

    // Bound: librdkafka asks once a client, and again only when it has been answered.
    fn token_wanted(&self) {
        self.call(SINK_TOKEN, Data::Bytes(Vec::new()));
    }

    fn ping(&self, answer: Box<dyn FnOnce() + Send>) {
        self.call(SINK_PING, Data::Ping(answer));
    }
}
