use extism_pdk::*;
use serde_json::json;
use torii_pdk::{BackendInput, BackendOutput};

/// Greets who asks, and says what it was sent.
#[plugin_fn]
pub fn call_backend(Json(input): Json<BackendInput>) -> FnResult<Json<BackendOutput>> {
    let request = &input.request;
    if request.method != "GET" && request.method != "POST" {
        let refusal = json!({ "error": format!("{} is not for this", request.method) });
        return Ok(Json(BackendOutput::json(refusal).with_status(405).with_header("allow", "GET, POST")));
    }
    let name = request.query_param("name").unwrap_or("world");
    info!("greeting {name}");
    let greeting = json!({
        "greeting": format!("Hello, {name}!"),
        "path": request.path,
        "agent": request.header("user-agent"),
        "body": input.body.text(),
    });
    Ok(Json(BackendOutput::json(greeting).with_header("cache-control", "no-store")))
}
