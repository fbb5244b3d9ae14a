//! What the plugins of one request tell each other: values of any JSON, which end with the request. Open to all plugins.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::HostError;
use crate::call_host::{bytes_at, with_bytes, with_json};
use crate::host_error::check_last;

#[link(wasm_import_module = "extism:host/user")]
unsafe extern "C" {
    fn proxy_get_attr(offset: u64, size: u64) -> u64;
    fn proxy_set_attr(offset: u64, size: u64) -> u64;
    fn proxy_del_attr(offset: u64, size: u64) -> u64;
}

#[derive(Serialize)]
struct Attribute<'a, T> {
    key: &'a str,
    value: &'a T,
}

/// None when there is no such attribute, or it is of another type.
pub fn get<T: DeserializeOwned>(key: &str) -> Option<T> {
    let json = bytes_at(with_bytes(proxy_get_attr, key.as_bytes()))?;
    serde_json::from_slice(&json).ok()
}

/// Fails when the request would have more attributes, or larger ones, than it may.
pub fn set<T: Serialize>(key: &str, value: &T) -> Result<(), HostError> {
    with_json(proxy_set_attr, &Attribute { key, value });
    check_last()
}

/// Whether it was there.
pub fn remove(key: &str) -> bool {
    with_bytes(proxy_del_attr, key.as_bytes()) == 1
}
