use serde::Serialize;

use crate::call_host::with_json;

#[link(wasm_import_module = "extism:host/user")]
unsafe extern "C" {
    fn proxy_log_event(offset: u64, size: u64) -> u64;
}

#[derive(Serialize)]
struct Event<'a> {
    function: &'a str,
    message: &'a str,
    level: u8,
}

/// Writes a line into the log of the node with the name of the function as a field of its own. The macros `info!`,
/// `warn!` and so on of `extism-pdk` write plain lines.
pub fn log_event(level: extism_pdk::LogLevel, function: &str, message: &str) {
    with_json(proxy_log_event, &Event { function, message, level: level.to_int() as u8 });
}
