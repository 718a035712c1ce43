//! The one function that Rust calls in JavaScript.

use std::sync::Arc;

use napi::{
    Env, Result, Status,
    bindgen_prelude::{ArrayBuffer, FnArgs, Function, ToNapiValue},
    sys,
    threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode},
};
use prosody_client::{Fact, Report, Row, Sink};
use serde_json::Value;

use crate::{
    facts,
    layout::{SINK_EVENT, SINK_LOG, SINK_REPORTS, SINK_SLAB},
    queue::Queue,
    reports, slab,
};

/// What crosses: bytes become an `ArrayBuffer` of JavaScript's own, filled here.
pub enum Data {
    Bytes(Vec<u8>),
    /// Log lines or events that a queue counts until JavaScript takes them.
    Counted {
        text: String,
        count: usize,
        queue: Arc<Queue>,
    },
}

impl ToNapiValue for Data {
    unsafe fn to_napi_value(env: sys::napi_env, value: Self) -> Result<sys::napi_value> {
        match value {
            Self::Bytes(bytes) => {
                let buffer = ArrayBuffer::copy_from(&Env::from_raw(env), bytes)?;
                // SAFETY: `env` is the environment this function was called with, on its thread.
                unsafe { ToNapiValue::to_napi_value(env, buffer) }
            }
            Self::Counted { text, count, queue } => {
                queue.taken(count);
                // SAFETY: as above.
                unsafe { ToNapiValue::to_napi_value(env, text) }
            }
        }
    }
}

type Arguments = FnArgs<(u32, Data)>;
/// Never blocks. Its queue needs no bound of its own: rows are bounded by `maxConcurrency`, reports by the
/// producer's queue, lines and events by [`Queue`].
type Calls = ThreadsafeFunction<(u32, Data), (), Arguments, Status, false, true, 0>;

pub struct JsSink {
    calls: Calls,
    /// Apart, so that no flood of lines pushes out an event.
    lines: Arc<Queue>,
    events: Arc<Queue>,
}

impl JsSink {
    pub fn new(sink: &Function<'_, FnArgs<(u32, String)>, ()>) -> Result<Self> {
        let calls = sink
            .build_threadsafe_function::<(u32, Data)>()
            .callee_handled::<false>()
            .weak::<true>()
            .build_callback(|context| Ok(FnArgs { data: context.value }))?;
        Ok(Self { calls, lines: Arc::default(), events: Arc::default() })
    }

    fn call(&self, kind: u32, data: Data) {
        // An environment that is closing takes nothing any more, and needs nothing.
        let _ = self.calls.call((kind, data), ThreadsafeFunctionCallMode::NonBlocking);
    }

    fn tell(&self, kind: u32, queue: &Arc<Queue>, told: Vec<Value>) {
        if !told.is_empty() {
            let (count, text) = (told.len(), Value::Array(told).to_string());
            self.call(kind, Data::Counted { text, count, queue: Arc::clone(queue) });
        }
    }
}

impl Sink for JsSink {
    fn rows(&self, rows: &mut Vec<Row>) {
        slab::pack(rows, |slab| self.call(SINK_SLAB, Data::Bytes(slab)));
        rows.clear();
    }

    fn reports(&self, reports: Vec<Report>) {
        self.call(SINK_REPORTS, Data::Bytes(reports::pack(&reports)));
    }

    fn facts(&self, facts: Vec<Fact>) {
        let (mut lines, mut events) = (Vec::with_capacity(facts.len()), Vec::new());
        for told in facts.iter().map(facts::tell) {
            lines.push(told.log);
            events.extend(told.event);
        }
        let events = self.events.admit(events);
        let mut lines = self.lines.admit(lines);
        if !lines.is_empty() {
            let dropped = facts::dropped(self.lines.take_dropped(), self.events.take_dropped());
            lines.extend(dropped.inspect(|_| self.lines.add(1)));
        }
        self.tell(SINK_LOG, &self.lines, lines);
        self.tell(SINK_EVENT, &self.events, events);
    }
}
