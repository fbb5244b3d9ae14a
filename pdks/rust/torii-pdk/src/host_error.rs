use std::fmt;

use serde::Deserialize;

use crate::call_host::bytes_at;

/// Why a host function could not do what it was asked; the codes are listed in docs/host-functions.md.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct HostError {
    pub code: String,
    pub detail: String,
}

impl HostError {
    pub(crate) fn new(code: &str, detail: impl Into<String>) -> Self {
        HostError { code: code.into(), detail: detail.into() }
    }
}

impl fmt::Display for HostError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.code, self.detail)
    }
}

impl std::error::Error for HostError {}

#[link(wasm_import_module = "extism:host/user")]
unsafe extern "C" {
    fn proxy_last_error(unused: u64) -> u64;
}

/// An error when the host function that was called last had one.
pub(crate) fn check_last() -> Result<(), HostError> {
    // Safety: takes a number that is not looked at.
    let offset = unsafe { proxy_last_error(0) };
    match bytes_at(offset) {
        None => Ok(()),
        Some(bytes) => Err(serde_json::from_slice(&bytes).unwrap_or_else(|_| HostError::new("unknown", String::from_utf8_lossy(&bytes)))),
    }
}
