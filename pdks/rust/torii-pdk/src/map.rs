//! Maps: values under keys, in the memory of the node or in Redis, as the plugin's `mapStore` says. The grants are
//! `plugin_map:read`, `plugin_map:write`, `global_map:read` and `global_map:write`.

use crate::store::{self, Keys, Write};
use crate::{HostError, call_host, host_error};

const DONE: store::Done = 0;

macro_rules! map {
    ($(#[$about:meta])* $name:ident, $get:literal, $set:literal, $setnx:literal, $cas:literal, $incrby:literal, $keys:literal, $del:literal) => {
        $(#[$about])*
        pub mod $name {
            use super::*;

            #[link(wasm_import_module = "extism:host/user")]
            unsafe extern "C" {
                #[link_name = $get]
                fn host_get(offset: u64, size: u64) -> u64;
                #[link_name = $set]
                fn host_set(offset: u64, size: u64) -> u64;
                #[link_name = $setnx]
                fn host_setnx(offset: u64, size: u64) -> u64;
                #[link_name = $cas]
                fn host_cas(offset: u64, size: u64) -> u64;
                #[link_name = $incrby]
                fn host_incrby(offset: u64, size: u64) -> u64;
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

            /// At most `limit`, which is at most 10,000.
            pub fn keys(prefix: &str, limit: u32) -> Result<Keys, HostError> {
                store::keys(host_keys, prefix, limit)
            }

            pub fn remove(key: &str) -> Result<(), HostError> {
                call_host::bytes_at(call_host::with_bytes(host_del, key.as_bytes()));
                host_error::check_last()
            }
        }
    };
}

map!(
    /// The plugin's own, whatever version of it runs.
    plugin,
    "proxy_plugin_map_get",
    "proxy_plugin_map_set",
    "proxy_plugin_map_setnx",
    "proxy_plugin_map_cas",
    "proxy_plugin_map_incrby",
    "proxy_plugin_map_keys",
    "proxy_plugin_map_del"
);

map!(
    /// That of all plugins of the workspace.
    global,
    "proxy_global_map_get",
    "proxy_global_map_set",
    "proxy_global_map_setnx",
    "proxy_global_map_cas",
    "proxy_global_map_incrby",
    "proxy_global_map_keys",
    "proxy_global_map_del"
);
