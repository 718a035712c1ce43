//! Promises that are settled from other threads.

use napi::{Either, Env, Error, JsDeferred, Result, Status, bindgen_prelude::Object};
use prosody_client::Done;

use crate::errors;

/// Nothing, or whether something was in time.
type Answer = Either<bool, ()>;
type Resolver = fn(Env) -> Result<Answer>;

/// Rejects if nobody settles it: a promise that stays pending tells nothing.
struct Pending(Option<JsDeferred<Answer, Resolver>>);

impl Drop for Pending {
    fn drop(&mut self) {
        if let Some(deferred) = self.0.take() {
            let text = errors::json("INTERNAL", "the call was given up before it ended", true);
            deferred.reject(Error::new(Status::GenericFailure, text));
        }
    }
}

/// A promise, and what settles it.
pub fn promise(env: &Env) -> Result<(Done, Object<'_>)> {
    let (deferred, promise) = env.create_deferred::<Answer, Resolver>()?;
    let mut pending = Pending(Some(deferred));
    let done: Done = Box::new(move |result| {
        let Some(deferred) = pending.0.take() else { return };
        match result {
            Ok(()) => deferred.resolve(|_| Ok(Either::B(()))),
            Err(error) => deferred.reject(errors::client(&error)),
        }
    });
    Ok((done, promise))
}

/// A promise of whether something ended in time: a time-out is an answer here, not an error.
pub fn in_time(env: &Env) -> Result<(Done, Object<'_>)> {
    let (deferred, promise) = env.create_deferred::<Answer, Resolver>()?;
    let mut pending = Pending(Some(deferred));
    let done: Done = Box::new(move |result| {
        let Some(deferred) = pending.0.take() else { return };
        match result {
            Ok(()) => deferred.resolve(|_| Ok(Either::A(true))),
            Err(error) if error.code() == "TIMEOUT" => deferred.resolve(|_| Ok(Either::A(false))),
            Err(error) => deferred.reject(errors::client(&error)),
        }
    });
    Ok((done, promise))
}
