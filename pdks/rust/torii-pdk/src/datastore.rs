//! Datastores: values under keys in Redis, the same for all nodes. The grants are `plugin_datastore:read`,
//! `plugin_datastore:write`, `global_datastore:read` and `global_datastore:write`.

use serde::Serialize;

use crate::store::{self, Keys, Write};
use crate::{HostError, call_host, host_error};

const DONE: store::Done = 1;
const NO_END: i64 = -1;
const NOT_THERE: i64 = -2;

/// How long a key is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimeToLive {
    NotThere,
    NoEnd,
    /// Milliseconds.
    Ends(u64),
}

#[derive(Serialize)]
struct Expiry<'a> {
    key: &'a str,
    pttl: u64,
}

#[derive(Serialize)]
struct Removal<'a> {
    keys: &'a [&'a str],
}

macro_rules! datastore {
    (
        $(#[$about:meta])* $name:ident, $get:literal, $exists:literal, $pttl:literal, $set:literal, $setnx:literal, $cas:literal,
        $incrby:literal, $pexpire:literal, $keys:literal, $del:literal
    ) => {
        $(#[$about])*
        pub mod $name {
            use super::*;

            #[link(wasm_import_module = "extism:host/user")]
            unsafe extern "C" {
                #[link_name = $get]
                fn host_get(offset: u64, size: u64) -> u64;
                #[link_name = $exists]
                fn host_exists(offset: u64, size: u64) -> u64;
                #[link_name = $pttl]
                fn host_pttl(offset: u64, size: u64) -> u64;
                #[link_name = $set]
                fn host_set(offset: u64, size: u64) -> u64;
                #[link_name = $setnx]
                fn host_setnx(offset: u64, size: u64) -> u64;
                #[link_name = $cas]
                fn host_cas(offset: u64, size: u64) -> u64;
                #[link_name = $incrby]
                fn host_incrby(offset: u64, size: u64) -> u64;
                #[link_name = $pexpire]
                fn host_pexpire(offset: u64, size: u64) -> u64;
                #[link_name = $keys]
                fn host_keys(offset: u64, size: u64) -> u64;
                #[link_name = $del]
                fn host_del(offset: u64, size: u64) -> u64;
            }

            /// The value; none also for one that is empty.
            pub fn get(key: &str) -> Result<Option<Vec<u8>>, HostError> {
                store::get(host_get, key)
            }

            /// The value as text; what is not UTF-8 in it is replaced.
            pub fn get_text(key: &str) -> Result<Option<String>, HostError> {
                Ok(get(key)?.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()))
            }

            pub fn exists(key: &str) -> Result<bool, HostError> {
                let answer = call_host::with_bytes(host_exists, key.as_bytes());
                host_error::check_last()?;
                Ok(answer == 1)
            }

            pub fn time_to_live(key: &str) -> Result<TimeToLive, HostError> {
                let answer = call_host::with_bytes(host_pttl, key.as_bytes()) as i64;
                host_error::check_last()?;
                Ok(match answer {
                    NOT_THERE => TimeToLive::NotThere,
                    NO_END => TimeToLive::NoEnd,
                    milliseconds => TimeToLive::Ends(milliseconds.max(0) as u64),
                })
            }

            pub fn set(key: &str, value: impl AsRef<[u8]>) -> Result<(), HostError> {
                set_with(key, value, &Write::default())
            }

            pub fn set_with(key: &str, value: impl AsRef<[u8]>, options: &Write) -> Result<(), HostError> {
                store::write(host_set, DONE, key, value.as_ref(), None, options).map(|_| ())
            }

            /// Whether it was written: false when the key was there.
            pub fn set_if_absent(key: &str, value: impl AsRef<[u8]>, options: &Write) -> Result<bool, HostError> {
                store::write(host_setnx, DONE, key, value.as_ref(), None, options)
            }

            /// Whether it was written: false when the value is not the expected one; none expects the key not to be there.
            pub fn compare_and_swap(key: &str, expected: Option<&[u8]>, value: impl AsRef<[u8]>, options: &Write) -> Result<bool, HostError> {
                store::write(host_cas, DONE, key, value.as_ref(), expected, options)
            }

            /// The new sum; a key that is not there counts as 0.
            pub fn increment(key: &str, by: i64) -> Result<i64, HostError> {
                store::add(host_incrby, key, by)
            }

            /// Whether the key was there. It is gone at once when `ttl_ms` is 0.
            pub fn expire(key: &str, ttl_ms: u64) -> Result<bool, HostError> {
                let answer = call_host::with_json(host_pexpire, &Expiry { key, pttl: ttl_ms });
                host_error::check_last()?;
                Ok(answer == 1)
            }

            /// At most `limit`, which is at most 10,000.
            pub fn keys(prefix: &str, limit: u32) -> Result<Keys, HostError> {
                store::keys(host_keys, prefix, limit)
            }

            /// How many of them were there; at most 1,000 at a time.
            pub fn remove(keys: &[&str]) -> Result<u64, HostError> {
                let answer = call_host::with_json(host_del, &Removal { keys });
                host_error::check_last()?;
                Ok(answer)
            }
        }
    };
}

datastore!(
    /// The plugin's own.
    plugin,
    "proxy_plugin_datastore_get",
    "proxy_plugin_datastore_exists",
    "proxy_plugin_datastore_pttl",
    "proxy_plugin_datastore_set",
    "proxy_plugin_datastore_setnx",
    "proxy_plugin_datastore_cas",
    "proxy_plugin_datastore_incrby",
    "proxy_plugin_datastore_pexpire",
    "proxy_plugin_datastore_keys",
    "proxy_plugin_datastore_del"
);

datastore!(
    /// That of all plugins of the workspace.
    global,
    "proxy_datastore_get",
    "proxy_datastore_exists",
    "proxy_datastore_pttl",
    "proxy_datastore_set",
    "proxy_datastore_setnx",
    "proxy_datastore_cas",
    "proxy_datastore_incrby",
    "proxy_datastore_pexpire",
    "proxy_datastore_keys",
    "proxy_datastore_del"
);
