use extism_pdk::*;
use serde_json::{Value, json};

/// Writes what clients say in capitals, and drops what is forbidden.
#[plugin_fn]
pub fn on_request_message(Json(context): Json<Value>) -> FnResult<Json<Value>> {
    let message = &context["message"];
    if message["kind"] != "text" {
        return Ok(Json(json!({ "error": false, "message": message })));
    }
    let text = message["payload"].as_str().unwrap_or_default();
    if text.contains("forbidden") {
        return Ok(Json(json!({ "error": true, "statusCode": 500, "reason": "not this word" })));
    }
    Ok(Json(json!({ "error": false, "message": { "kind": "text", "payload": text.to_uppercase() } })))
}

/// Quotes what the backend says.
#[plugin_fn]
pub fn on_response_message(Json(context): Json<Value>) -> FnResult<Json<Value>> {
    let message = &context["message"];
    if message["kind"] != "text" {
        return Ok(Json(json!({ "error": false, "message": message })));
    }
    let text = message["payload"].as_str().unwrap_or_default();
    Ok(Json(json!({ "error": false, "message": { "kind": "text", "payload": format!("> {text}") } })))
}
