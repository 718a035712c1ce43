//! Any JavaScript value as a raw option, unjudged.

use napi::{
    JsValue, Result, Unknown, ValueType,
    bindgen_prelude::{Array, FromNapiValue, JsObjectValue, Object},
};
use prosody_client::RawValue;

/// Options nest three deep at most; deeper than this nobody looks, and a cycle ends here.
const DEPTH: usize = 8;

pub fn convert(value: Unknown<'_>) -> Result<RawValue> {
    nested(value, DEPTH)
}

fn nested(value: Unknown<'_>, depth: usize) -> Result<RawValue> {
    Ok(match value.get_type()? {
        ValueType::Undefined => RawValue::Undefined,
        ValueType::Null => RawValue::Null,
        ValueType::Boolean => RawValue::Bool(bool::from_unknown(value)?),
        ValueType::Number => RawValue::Number(f64::from_unknown(value)?),
        ValueType::String => RawValue::Text(String::from_unknown(value)?),
        ValueType::Object if depth == 0 => RawValue::Other("object nested too deep".into()),
        ValueType::Object if value.is_array()? => list(&Array::from_unknown(value)?, depth)?,
        ValueType::Object if plain(value)? => map(Object::from_unknown(value)?, depth)?,
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

fn list(array: &Array<'_>, depth: usize) -> Result<RawValue> {
    let mut items = Vec::new();
    for index in 0..array.len() {
        items.push(
            array
                .get::<Unknown<'_>>(index)?
                .map_or(Ok(RawValue::Undefined), |item| nested(item, depth - 1))?,
        );
    }
    Ok(RawValue::List(items))
}

fn map(object: Object<'_>, depth: usize) -> Result<RawValue> {
    let mut entries = Vec::new();
    for name in Object::keys(&object)? {
        let value: Unknown<'_> = object.get_named_property(&name)?;
        entries.push((name, nested(value, depth - 1)?));
    }
    Ok(RawValue::Map(entries))
}
