//! Tokens as JavaScript hands them over.

use napi::{Result, bindgen_prelude::Array};
use prosody_client::{Token, UNTOLD};

use crate::{errors, raw};

/// A token of its parts; `extensions` are names and values in turn.
pub fn token(value: String, expires_at_ms: f64, principal: String, extensions: &Array<'_>) -> Result<Token> {
    let texts: Vec<String> = raw::items(extensions, "token: extensions")?;
    let (pairs, rest) = texts.as_chunks::<2>();
    if !rest.is_empty() {
        return Err(errors::shape("token: names and values of extensions come in pairs".to_owned()));
    }
    let extensions = pairs.iter().map(|[name, value]| (name.clone(), value.clone())).collect();
    let expires_at_ms = if expires_at_ms.is_nan() { UNTOLD } else { expires_at_ms as i64 };
    Ok(Token { value, expires_at_ms, principal, extensions })
}
