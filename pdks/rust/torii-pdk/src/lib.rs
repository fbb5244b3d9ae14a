//! For functions of the Torii gateway, beside `extism-pdk`: what a function of each kind is called with and answers, and
//! the host functions of the gateway. A module imports, and needs grants for, only what it uses of them.
//!
//! ```ignore
//! use extism_pdk::*;
//! use torii_pdk::{BackendInput, BackendOutput};
//!
//! #[plugin_fn]
//! pub fn call_backend(Json(input): Json<BackendInput>) -> FnResult<Json<BackendOutput>> {
//!     let name = input.request.query_param("name").unwrap_or("world");
//!     Ok(Json(BackendOutput::text(format!("Hello, {name}!"))))
//! }
//! ```

pub mod attributes;
mod body;
mod call_host;
pub mod datastore;
mod host_error;
pub mod http;
mod kinds;
mod log;
pub mod map;
mod request;
mod store;

pub use body::Body;
pub use host_error::HostError;
pub use kinds::{
    AccessValidatorInput, AccessValidatorOutput, AttributeChanges, BackendInput, BackendOutput, OutputCookie, PreRouteInput, PreRouteOutput, Refusal,
    RequestChanges, RequestTransformerInput, ResponseChanges, ResponseTransformerInput, RouteMatcherInput, RouteMatcherOutput, RouteRef, SinkInput,
};
pub use log::log_event;
pub use request::{Cookie, RawRequest, TargetRequest, TargetResponse, header_of};
pub use store::{Keys, Write};
