use crate::request::header;
use extism_pdk::*;
use serde_json::{Value, json};

/// Answers with a page that greets `?name=`, or leaves the request to the real backend.
#[plugin_fn]
pub fn call_backend(Json(context): Json<Value>) -> FnResult<Json<Value>> {
    if header(&context["request"], "x-delegate").is_some() {
        return Ok(Json(json!({ "delegates_call": true })));
    }
    // Values of a query are always lists.
    let Some(name) = context["raw_request"]["query"]["name"][0].as_str() else {
        return Ok(Json(json!({ "status": 400, "body_json": { "error": "who are you?" } })));
    };
    let headers = json!({ "Content-Type": "text/html" });
    Ok(Json(json!({ "status": 201, "headers": headers, "body": format!("<h1>hello {name}</h1>") })))
}
