//! The one function that Rust calls in JavaScript.

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
    reports, slab,
};

/// What crosses: bytes become an `ArrayBuffer` of JavaScript's own, filled here.
pub enum Data {
    Bytes(Vec<u8>),
    Text(String),
}

impl ToNapiValue for Data {
    unsafe fn to_napi_value(env: sys::napi_env, value: Self) -> Result<sys::napi_value> {
        match value {
            Self::Bytes(bytes) => {
                let buffer = ArrayBuffer::copy_from(&Env::from_raw(env), bytes)?;
                // SAFETY: `env` is the environment this function was called with, on its thread.
                unsafe { ToNapiValue::to_napi_value(env, buffer) }
            }
            // SAFETY: as above.
            Self::Text(text) => unsafe { ToNapiValue::to_napi_value(env, text) },
        }
    }
}

type Arguments = FnArgs<(u32, Data)>;
/// Never blocks. Its queue needs no bound of its own: rows are bounded by `maxConcurrency`, reports by the
/// producer's queue.
type Calls = ThreadsafeFunction<(u32, Data), (), Arguments, Status, false, true, 0>;
/// Logs and events beyond this many that wait are dropped.
const TELLING: usize = 1024;
type Telling = ThreadsafeFunction<(u32, Data), (), Arguments, Status, false, true, TELLING>;

pub struct JsSink {
    calls: Calls,
    telling: Telling,
}

impl JsSink {
    pub fn new(sink: &Function<'_, FnArgs<(u32, String)>, ()>) -> Result<Self> {
        let calls = sink
            .build_threadsafe_function::<(u32, Data)>()
            .callee_handled::<false>()
            .weak::<true>()
            .build_callback(|context| Ok(FnArgs { data: context.value }))?;
        let telling = sink
            .build_threadsafe_function::<(u32, Data)>()
            .callee_handled::<false>()
            .weak::<true>()
            .max_queue_size::<TELLING>()
            .build_callback(|context| Ok(FnArgs { data: context.value }))?;
        Ok(Self { calls, telling })
    }

    fn call(&self, kind: u32, data: Vec<u8>) {
        // An environment that is closing takes nothing any more, and needs nothing.
        let _ = self.calls.call((kind, Data::Bytes(data)), ThreadsafeFunctionCallMode::NonBlocking);
    }

    fn tell(&self, kind: u32, value: Value) {
        let text = Value::Array(vec![value]).to_string();
        let _ = self.telling.call((kind, Data::Text(text)), ThreadsafeFunctionCallMode::NonBlocking);
    }
}

impl Sink for JsSink {
    fn rows(&self, rows: &mut Vec<Row>) {
        slab::pack(rows, |slab| self.call(SINK_SLAB, slab));
        rows.clear();
    }

    fn reports(&self, reports: Vec<Report>) {
        self.call(SINK_REPORTS, reports::pack(&reports));
    }

    fn fact(&self, fact: Fact) {
        let told = facts::tell(&fact);
        self.tell(SINK_LOG, told.log);
        if let Some(event) = told.event {
            self.tell(SINK_EVENT, event);
        }
    }
}
