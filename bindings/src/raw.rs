//! Any JavaScript value as a raw option, unjudged; and lists of which the length is not to be trusted.

use napi::{
    JsValue, Result, Unknown, ValueType,
    bindgen_prelude::{Array, FromNapiValue, JsObjectValue, Object},
};
use prosody_client::RawValue;

use crate::errors;

/// Options nest three deep at most; deeper than this nobody looks, and a cycle ends here.
const DEPTH: usize = 8;
/// All options together are a few hundred values. Past this nobody looks either: a wide cycle, or a whole logger
/// passed as an option, would take minutes.
const VALUES: usize = 10_000;

pub fn convert(value: Unknown<'_>) -> Result<RawValue> {
    let mut values = VALUES;
    nested(value, DEPTH, &mut values)
}

/// The items of an array, without room for its length in advance: an array may claim four billion.
pub fn items<T: FromNapiValue>(array: &Array<'_>, what: &str) -> Result<Vec<T>> {
    let mut items = Vec::new();
    for index in 0..array.len() {
        let missing = || errors::shape(format!("{what}: there is no item {index} of {}", array.len()));
        items.push(array.get::<T>(index)?.ok_or_else(missing)?);
    }
    Ok(items)
}

fn nested(value: Unknown<'_>, depth: usize, values: &mut usize) -> Result<RawValue> {
    *values = values.saturating_sub(1);
    Ok(match value.get_type()? {
        ValueType::Undefined => RawValue::Undefined,
        ValueType::Null => RawValue::Null,
        ValueType::Boolean => RawValue::Bool(bool::from_unknown(value)?),
        ValueType::Number => RawValue::Number(f64::from_unknown(value)?),
        ValueType::String => RawValue::Text(String::from_unknown(value)?),
        ValueType::Object if depth == 0 => RawValue::Other("object nested too deep".into()),
        ValueType::Object if value.is_array()? => list(&Array::from_unknown(value)?, depth, values)?,
        ValueType::Object if plain(value)? => map(Object::from_unknown(value)?, depth, values)?,
        ValueType::Object => RawValue::Other("object".into()),
        ValueType::Symbol => RawValue::Other("symbol".into()),
        ValueType::Function => RawValue::Other("function".into()),
        ValueType::External => RawValue::Other("external".into()),
        _ => RawValue::Other("bigint".into()),
    })
}

/// Dates, promises, buffers and errors have no options in them.
fn plain(value: Unknown<'_>) -> Result<bool> {
    Ok(!(value.is_date()?
        || value.is_promise()?
        || value.is_typedarray()?
        || value.is_arraybuffer()?
        || value.is_error()?))
}

fn list(array: &Array<'_>, depth: usize, values: &mut usize) -> Result<RawValue> {
    let mut items = Vec::new();
    for index in 0..array.len() {
        if *values == 0 {
            return Ok(RawValue::Other("list with too many values".into()));
        }
        // A hole is undefined, and counts like any other value.
        let item: Unknown<'_> = array.get_element(index)?;
        items.push(nested(item, depth - 1, values)?);
    }
    Ok(RawValue::List(items))
}

fn map(object: Object<'_>, depth: usize, values: &mut usize) -> Result<RawValue> {
    let mut entries = Vec::new();
    for name in Object::keys(&object)? {
        if *values == 0 {
            return Ok(RawValue::Other("object with too many values".into()));
        }
        let value: Unknown<'_> = object.get_named_property(&name)?;
        entries.push((name, nested(value, depth - 1, values)?));
    }
    Ok(RawValue::Map(entries))
}
