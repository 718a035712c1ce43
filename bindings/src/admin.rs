//! `NativeAdmin`.

use napi::{Env, Result, Unknown, bindgen_prelude::Object};
use napi_derive::napi;
use prosody_client::{AdminClient, RawValue};

use crate::{errors, promise::promise, raw};

#[napi]
pub struct NativeAdmin {
    admin: AdminClient,
}

#[napi]
impl NativeAdmin {
    #[napi(constructor, catch_unwind)]
    pub fn new(env: Env, options: Unknown<'_>, environment: Vec<(String, String)>) -> Result<Self, String> {
        let status =
            |error: napi::Error| napi::Error::new(error.status.as_ref().to_owned(), error.reason.clone());
        let options = match raw::convert(options).map_err(status)? {
            servers @ RawValue::Text(_) => RawValue::Map(vec![("bootstrapServers".into(), servers)]),
            other => other,
        };
        let node = format!("{:p}", env.raw());
        let admin = AdminClient::new(&options, &environment, &node).map_err(|p| errors::configuration(&p))?;
        Ok(Self { admin: admin.map_err(|error| status(errors::client(&error)))? })
    }

    #[napi(catch_unwind)]
    pub fn create_topic<'env>(
        &self,
        env: &'env Env,
        name: String,
        partitions: i32,
        replication_factor: i32,
    ) -> Result<Object<'env>> {
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
