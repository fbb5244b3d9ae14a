use extism_pdk::*;
use serde_json::{Value, json};

/// Whether it answers what no route takes: whatever is below `/parked`.
#[plugin_fn]
pub fn sink_matches(Json(context): Json<Value>) -> FnResult<Json<Value>> {
    let path = context["request"]["path"].as_str().unwrap_or_default();
    Ok(Json(json!({ "result": path.starts_with("/parked") })))
}

#[plugin_fn]
pub fn sink_handle(Json(context): Json<Value>) -> FnResult<Json<Value>> {
    let sent = context["body_bytes"].as_array().map_or(0, Vec::len);
    let headers = json!({ "Content-Type": "text/plain" });
    let body = format!("parked instead of {}, {sent} bytes", context["status"]);
    Ok(Json(json!({ "status": 200, "headers": headers, "body": body })))
}
