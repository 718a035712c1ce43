//! `NativeAdmin`.

use std::sync::Arc;

use napi::{
    Env, Result, Unknown,
    bindgen_prelude::{Array, FnArgs, Function, Object},
};
use napi_derive::napi;
use prosody_client::{AdminClient, RawValue, Sink};
use serde_json::json;

use crate::{errors, promise::promise, raw, sink::JsSink, tokens};

/// Beyond what a whole cluster holds; the in-memory broker makes room for each.
const MOST_PARTITIONS: i32 = 1_000_000;

#[napi]
pub struct NativeAdmin {
    admin: AdminClient,
}

#[napi]
impl NativeAdmin {
    #[napi(constructor, catch_unwind)]
    pub fn new(
        env: Env,
        options: Unknown<'_>,
        environment: Array<'_>,
        sink: Function<'_, FnArgs<(u32, String)>, ()>,
    ) -> Result<Self, String> {
        let options = match raw::convert(options).map_err(errors::constructing)? {
            servers @ RawValue::Text(_) => RawValue::Map(vec![("bootstrapServers".into(), servers)]),
            other => other,
        };
        let environment = raw::items(&environment, "environment").map_err(errors::constructing)?;
        let node = format!("{:p}", env.raw());
        let sink: Arc<dyn Sink> = Arc::new(JsSink::new(&sink).map_err(errors::constructing)?);
        let admin = AdminClient::new(&options, &environment, &node, &sink);
        let admin = admin.map_err(|problems| errors::configuration(&problems))?;
        Ok(Self { admin: admin.map_err(|error| errors::constructing(errors::client(&error)))? })
    }

    /// What the wrapper needs to know, as JSON.
    #[napi(catch_unwind)]
    pub fn settings(&self) -> String {
        let warnings: Vec<_> = self.admin.warnings().iter().map(ToString::to_string).collect();
        json!({ "warnings": warnings }).to_string()
    }

    #[napi(catch_unwind)]
    pub fn create_topic<'env>(
        &self,
        env: &'env Env,
        name: String,
        partitions: f64,
        replication_factor: f64,
    ) -> Result<Object<'env>> {
        let partitions = count("partitions", partitions, MOST_PARTITIONS)?;
        let replication_factor = count("replicationFactor", replication_factor, i16::MAX.into())?;
        let (done, promise) = promise(env)?;
        self.admin.create_topic(name, partitions, replication_factor, done);
        Ok(promise)
    }

    #[napi(catch_unwind)]
    pub fn delete_topic<'env>(&self, env: &'env Env, name: String) -> Result<Object<'env>> {
        let (done, promise) = promise(env)?;
        self.admin.delete_topic(name, done);
        Ok(promise)
    }
}

#[napi]
impl NativeAdmin {
    /// As `NativeClient`'s.
    #[napi(catch_unwind)]
    pub fn token(
        &self,
        value: String,
        expires_at_ms: f64,
        principal: String,
        extensions: Array<'_>,
    ) -> Result<()> {
        self.admin.token(Ok(tokens::token(value, expires_at_ms, principal, &extensions)?));
        Ok(())
    }

    /// As `NativeClient`'s.
    #[napi(catch_unwind)]
    pub fn token_failed(&self, reason: String) {
        self.admin.token(Err(reason));
    }
}

/// A whole number, or −1 for the broker's own default; JavaScript would make 1 of 1.5 and of 2³² + 1.
fn count(name: &str, value: f64, most: i32) -> Result<i32> {
    if value.fract() == 0.0 && ((1.0..=f64::from(most)).contains(&value) || (-1.0..=-1.0).contains(&value)) {
        return Ok(value as i32);
    }
    let text = format!(
        "{name} is {value}, expected a whole number from 1 to {most}, or -1 for the broker's default"
    );
    Err(errors::refused(&text))
}
