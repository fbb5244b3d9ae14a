use crate::request::header;
use extism_pdk::*;
use serde_json::{Value, json};

/// The route is for requests with the header `foo: bar` alone.
#[plugin_fn]
pub fn matches_route(Json(context): Json<Value>) -> FnResult<Json<Value>> {
    Ok(Json(json!({ "result": header(&context["request"], "foo") == Some("bar") })))
}
