//! Errors on their way to JavaScript.

use napi::{Error, Status};
use prosody_client::{ClientError, Problems};
use serde_json::json;

/// The form in which the wrapper expects an error's message.
pub fn json(code: &str, message: &str, retryable: bool) -> String {
    json!({ "code": code, "message": message, "retryable": retryable }).to_string()
}

pub fn client(error: &ClientError) -> Error {
    Error::new(Status::GenericFailure, json(error.code(), &error.to_string(), error.retryable()))
}

/// An argument of the wrong shape: a fault of the wrapper, not of the application.
pub fn shape(message: String) -> Error {
    Error::new(Status::InvalidArg, message)
}

/// An argument of the application that no broker needs to be asked about.
pub fn refused(message: &str) -> Error {
    Error::new(Status::InvalidArg, json("INVALID_ARGUMENT", message, false))
}

/// Every bad option, as JSON; the status becomes the error's `code`.
pub fn configuration(problems: &Problems) -> Error<String> {
    let list = problems.0.iter().map(|problem| {
        let variable = problem.variable.as_deref();
        json!({ "path": problem.path, "value": problem.value, "expected": problem.expected, "variable": variable })
    });
    Error::new(Problems::CODE.to_owned(), list.collect::<serde_json::Value>().to_string())
}

/// Any error in the form that constructors throw, which name their own `code`.
pub fn constructing(error: Error) -> Error<String> {
    Error::new(error.status.as_ref().to_owned(), error.reason.clone())
}
