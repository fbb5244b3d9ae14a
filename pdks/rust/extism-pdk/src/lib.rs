//! A stand-in for the real `extism-pdk`, source-compatible in what most plugins use of it: `#[plugin_fn]`, texts and bytes
//! as input and output, `config`, `var`, `http` and the macros of the log. `Json` is not in it, because it needs serde.

pub mod config;
mod convert;
mod error;
pub mod extism;
pub mod http;
#[doc(hidden)]
pub mod internal;
mod json_text;
mod log;
mod memory;
pub mod var;

pub use convert::{FromBytes, FromBytesOwned, ToBytes, ToMemory};
pub use error::{Error, FnResult, SharedFnResult, WithReturnCode};
pub use extism_pdk_macros::plugin_fn;
pub use http::{HttpRequest, HttpResponse};
pub use log::LogLevel;
pub use memory::Memory;

/// The bytes that the function was called with.
pub fn input_bytes() -> Vec<u8> {
    memory::read_input()
}

pub fn input<T: FromBytesOwned>() -> Result<T, Error> {
    T::from_bytes_owned(&input_bytes())
}

/// Sets what the function answers; the last one counts.
pub fn output<T: ToMemory>(value: T) -> Result<(), Error> {
    value.to_memory()?.set_output();
    Ok(())
}
