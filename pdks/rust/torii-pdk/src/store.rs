use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use crate::HostError;
use crate::call_host::{HostFunction, bytes_at, json_at, with_bytes, with_json};
use crate::host_error::check_last;

/// How a value is written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Write {
    /// Milliseconds until the key is gone; without, it stays.
    pub ttl_ms: Option<u64>,
    /// Waits until a replica has the write, where the store is in Redis.
    pub durable: bool,
}

/// Keys that were found.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Keys {
    pub keys: Vec<String>,
    /// False when there may be more than the limits let through.
    pub complete: bool,
}

/// What a host function answers a write with that was done. Any other answer without an error is a key in its way.
pub(crate) type Done = i64;

/// Stands for no sum.
const NO_SUM: i64 = i64::MIN;

#[derive(Serialize)]
struct WriteArgument<'a> {
    key: &'a str,
    value_base64: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    expected_base64: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ttl: Option<u64>,
    durable: bool,
}

#[derive(Serialize)]
struct AddArgument<'a> {
    key: &'a str,
    incr: String,
}

#[derive(Serialize)]
struct KeyQuery<'a> {
    prefix: &'a str,
    limit: u32,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum KeysAnswer {
    Found(Keys),
    Failed { error: HostError },
}

pub(crate) fn get(function: HostFunction, key: &str) -> Result<Option<Vec<u8>>, HostError> {
    let found = bytes_at(with_bytes(function, key.as_bytes()));
    if found.is_none() {
        check_last()?;
    }
    Ok(found)
}

/// Whether it was written: false when the key, or its value, stood in its way.
pub(crate) fn write(
    function: HostFunction,
    done: Done,
    key: &str,
    value: &[u8],
    expected: Option<&[u8]>,
    options: &Write,
) -> Result<bool, HostError> {
    let argument = WriteArgument {
        key,
        value_base64: STANDARD.encode(value),
        expected_base64: expected.map(|bytes| STANDARD.encode(bytes)),
        ttl: options.ttl_ms,
        durable: options.durable,
    };
    if with_json(function, &argument) as i64 == done {
        return Ok(true);
    }
    check_last()?;
    Ok(false)
}

pub(crate) fn add(function: HostFunction, key: &str, by: i64) -> Result<i64, HostError> {
    // As text, which alone is exact beyond 2^53.
    let sum = with_json(function, &AddArgument { key, incr: by.to_string() }) as i64;
    if sum == NO_SUM {
        check_last()?;
    }
    Ok(sum)
}

pub(crate) fn keys(function: HostFunction, prefix: &str, limit: u32) -> Result<Keys, HostError> {
    match json_at(with_json(function, &KeyQuery { prefix, limit }))? {
        KeysAnswer::Found(keys) => Ok(keys),
        KeysAnswer::Failed { error } => Err(error),
    }
}
