//! Promises that are settled from other threads.

use napi::{Either, Env, Error, JsDeferred, Status, bindgen_prelude::Object};
use prosody_client::{ClientError, Done};

use crate::errors;

/// Nothing, or whether something was in time.
type Answer = Either<bool, ()>;
type Resolver = Box<dyn FnOnce(Env) -> napi::Result<Answer>>;

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
pub fn promise(env: &Env) -> napi::Result<(Done, Object<'_>)> {
    settled_by(env, |result| result.map(|()| Either::B(())))
}

/// A promise of whether something ended in time: a time-out is an answer here, not an error.
pub fn in_time(env: &Env) -> napi::Result<(Done, Object<'_>)> {
    settled_by(env, |result| match result {
        Err(error) if error.code() == "TIMEOUT" => Ok(Either::A(false)),
        other => other.map(|()| Either::A(true)),
    })
}

fn settled_by(
    env: &Env,
    answer: fn(Result<(), ClientError>) -> Result<Answer, ClientError>,
) -> napi::Result<(Done, Object<'_>)> {
    let (deferred, promise) = env.create_deferred::<Answer, Resolver>()?;
    let mut pending = Pending(Some(deferred));
    let done: Done = Box::new(move |result| {
        let Some(deferred) = pending.0.take() else { return };
        match answer(result) {
            Ok(answer) => deferred.resolve(Box::new(move |_| Ok(answer))),
            Err(error) => deferred.reject(errors::client(&error)),
        }
    });
    Ok((done, promise))
}
