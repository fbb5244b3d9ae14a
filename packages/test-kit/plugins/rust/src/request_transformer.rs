use crate::request::{header, headers_with};
use extism_pdk::*;
use serde_json::{Value, json};

/// Adds the header `foo: bar` and greets in the body; refuses requests with the header `x-blocked`.
#[plugin_fn]
pub fn transform_request(Json(context): Json<Value>) -> FnResult<Json<Value>> {
    let request = &context["otoroshi_request"];
    if header(request, "x-blocked").is_some() {
        let body = json!({ "message": "blocked" });
        return Ok(Json(json!({ "error": true, "status": 429, "headers": { "Retry-After": "30" }, "body_json": body })));
    }
    let mut output = json!({ "headers": headers_with(request, "foo", "bar") });
    if let Some(bytes) = context["request_body_bytes"].as_array() {
        // Otoroshi's bytes are signed.
        let sent: Vec<u8> = bytes.iter().filter_map(Value::as_i64).map(|byte| byte as u8).collect();
        output["body_str"] = Value::from(format!("hello {}", String::from_utf8_lossy(&sent)));
    }
    Ok(Json(output))
}
