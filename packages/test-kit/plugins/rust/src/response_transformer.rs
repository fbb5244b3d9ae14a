use crate::request::headers_with;
use extism_pdk::*;
use serde_json::{Value, json};

/// Adds the header `foo: bar`, and says nothing of the status and the body.
#[plugin_fn]
pub fn transform_response(Json(context): Json<Value>) -> FnResult<Json<Value>> {
    let response = &context["otoroshi_response"];
    if response["status"] == 503 {
        return Ok(Json(json!({ "error": true, "status": 502, "body": "back in a minute" })));
    }
    Ok(Json(json!({ "headers": headers_with(response, "foo", "bar") })))
}
