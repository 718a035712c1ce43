//! `NativeClient`: what `docs/bridge.md` says, and nothing more.

use std::{sync::Arc, time::Duration};

use napi::{
    Env, Result, Unknown,
    bindgen_prelude::{Array, ArrayBuffer, FnArgs, Function, Object},
};
use napi_derive::napi;
use prosody_client::{Client, State};
use serde_json::json;

use crate::{
    errors, outcomes,
    promise::{in_time, promise},
    raw, sends,
    sink::JsSink,
    tokens,
};

#[napi]
pub struct NativeClient {
    client: Client,
    sink: Arc<JsSink>,
}

#[napi]
impl NativeClient {
    #[napi(constructor, catch_unwind)]
    pub fn new(
        env: Env,
        options: Unknown<'_>,
        environment: Array<'_>,
        sink: Function<'_, FnArgs<(u32, String)>, ()>,
    ) -> Result<Self, String> {
        let options = raw::convert(options).map_err(errors::constructing)?;
        let environment = raw::items(&environment, "environment").map_err(errors::constructing)?;
        let sink = Arc::new(JsSink::new(&sink).map_err(errors::constructing)?);
        // Names the Node environment, worker or main, for as long as it lives.
        let node = format!("{:p}", env.raw());
        match Client::new(&options, &environment, node, sink.clone()) {
            Ok(client) => Ok(Self { client, sink }),
            Err(problems) => Err(errors::configuration(&problems)),
        }
    }

    /// Starts the consumer. `handles` says which handlers there are; without timers it changes nothing yet.
    #[napi(catch_unwind)]
    pub fn subscribe<'env>(&self, env: &'env Env, _handles: u32) -> Result<Object<'env>> {
        let (done, promise) = promise(env)?;
        self.client.subscribe(done);
        Ok(promise)
    }

    #[napi(catch_unwind)]
    pub fn unsubscribe<'env>(&self, env: &'env Env) -> Result<Object<'env>> {
        let (done, promise) = promise(env)?;
        self.client.unsubscribe(done);
        Ok(promise)
    }

    /// Takes outcomes. With `takes` it may give a slab back, which comes before any that is called for.
    #[napi(catch_unwind)]
    pub fn settle<'env>(
        &self,
        env: &'env Env,
        rows: &[u32],
        count: u32,
        texts: Option<Array<'_>>,
        takes: Option<bool>,
    ) -> Result<Option<ArrayBuffer<'env>>> {
        let texts = texts.map_or_else(|| Ok(Vec::new()), |texts| raw::items(&texts, "settle: texts"))?;
        let outcomes = outcomes::unpack(rows, count as usize, &texts).map_err(errors::shape)?;
        if takes != Some(true) {
            self.client.settle(outcomes);
            return Ok(None);
        }
        self.client.settle_here(outcomes);
        self.sink.take_slab(*env)
    }

    #[napi(catch_unwind)]
    pub fn send(&self, bytes: &[u8], count: u32) -> Result<()> {
        let records = sends::unpack(bytes, count).map_err(errors::shape)?;
        self.client.send(records);
        Ok(())
    }

    #[napi(catch_unwind)]
    pub fn flush<'env>(&self, env: &'env Env, timeout_ms: f64) -> Result<Object<'env>> {
        let (done, promise) = in_time(env)?;
        self.client.flush(duration(timeout_ms), done);
        Ok(promise)
    }

    /// A token that the sink asked for; without an end (NaN) one that does not say it.
    #[napi(catch_unwind)]
    pub fn token(
        &self,
        value: String,
        expires_at_ms: f64,
        principal: String,
        extensions: Array<'_>,
    ) -> Result<()> {
        self.client.token(Ok(tokens::token(value, expires_at_ms, principal, &extensions)?));
        Ok(())
    }

    /// Says why there is no token.
    #[napi(catch_unwind)]
    pub fn token_failed(&self, reason: String) {
        self.client.token(Err(reason));
    }

    /// Ends the producer. To be called after `unsubscribe`.
    #[napi(catch_unwind)]
    pub fn close<'env>(&self, env: &'env Env) -> Result<Object<'env>> {
        let (done, promise) = promise(env)?;
        self.client.close(self.client.options().send_timeout, done);
        Ok(promise)
    }

    #[napi(catch_unwind)]
    pub fn state(&self) -> u32 {
        match self.client.state() {
            State::Unconfigured => 0,
            State::Configured => 1,
            State::Running => 2,
        }
    }

    #[napi(catch_unwind)]
    pub fn assigned_partition_count(&self) -> u32 {
        self.client.assigned_partitions() as u32
    }

    #[napi(catch_unwind)]
    pub fn is_stalled(&self) -> bool {
        self.client.is_stalled()
    }

    /// What holds each partition, as JSON.
    #[napi(catch_unwind)]
    pub fn explain(&self, limit: u32) -> String {
        self.client.explain(limit as usize)
    }

    /// What the wrapper needs to know, as JSON.
    #[napi(catch_unwind)]
    pub fn settings(&self) -> String {
        let options = self.client.options();
        let warnings: Vec<_> = self.client.warnings().iter().map(ToString::to_string).collect();
        json!({
            "sourceSystem": options.source_system,
            "mode": options.mode.name(),
            "ack": options.group.ack.name(),
            "warnings": warnings,
            "sendTimeoutMs": options.send_timeout.as_millis() as u64,
            "shutdownTimeoutMs": options.limits.shutdown_timeout.as_millis() as u64,
        })
        .to_string()
    }
}

/// Milliseconds of JavaScript; what is no duration counts as none.
fn duration(ms: f64) -> Duration {
    Duration::try_from_secs_f64(ms / 1e3).unwrap_or_default()
}
