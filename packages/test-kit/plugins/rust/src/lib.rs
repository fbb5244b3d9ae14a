//! One plugin of each kind, written with Extism's public PDK and nothing else, by what Otoroshi's manual says of inputs
//! and outputs. Every function has the name that Otoroshi calls by default.

mod access_validator;
mod backend;
mod failures;
mod pre_route;
mod request;
mod request_transformer;
mod response_transformer;
mod route_matcher;
mod router;
mod sink;
mod websocket_transformer;
