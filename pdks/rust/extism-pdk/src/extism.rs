//! The kernel, as every Extism host has it.

#[link(wasm_import_module = "extism:host/env")]
unsafe extern "C" {
    pub fn alloc(length: u64) -> u64;
    pub fn free(offset: u64);
    pub fn length(offset: u64) -> u64;
    pub fn length_unsafe(offset: u64) -> u64;
    pub fn load_u8(offset: u64) -> u8;
    pub fn load_u64(offset: u64) -> u64;
    pub fn store_u8(offset: u64, value: u8);
    pub fn store_u64(offset: u64, value: u64);
    pub fn input_length() -> u64;
    pub fn input_load_u8(offset: u64) -> u8;
    pub fn input_load_u64(offset: u64) -> u64;
    pub fn output_set(offset: u64, length: u64);
    pub fn error_set(offset: u64);
    pub fn config_get(offset: u64) -> u64;
    pub fn var_get(offset: u64) -> u64;
    pub fn var_set(offset: u64, value_offset: u64);
    pub fn http_request(request: u64, body: u64) -> u64;
    pub fn http_status_code() -> i32;
    pub fn http_headers() -> u64;
    pub fn log_trace(offset: u64);
    pub fn log_debug(offset: u64);
    pub fn log_info(offset: u64);
    pub fn log_warn(offset: u64);
    pub fn log_error(offset: u64);
    pub fn get_log_level() -> i32;
}
