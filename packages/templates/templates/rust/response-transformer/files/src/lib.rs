use extism_pdk::*;
use serde_json::Value;
use torii_pdk::{ResponseChanges, ResponseTransformerInput};

/// Adds a field to answers that are objects in JSON, and a header to all.
#[plugin_fn]
pub fn transform_response(Json(input): Json<ResponseTransformerInput>) -> FnResult<Json<ResponseChanges>> {
    let response = input.otoroshi_response;
    let is_json = response.header("content-type").is_some_and(|value| value.starts_with("application/json"));
    let changes = ResponseChanges { status: Some(response.status), headers: Some(response.headers), ..Default::default() };
    let marked = changes.with_header("x-transformed-by", "torii");
    if !is_json {
        return Ok(Json(marked));
    }
    let mut body: Value = serde_json::from_slice(input.body.bytes())?;
    if let Some(fields) = body.as_object_mut() {
        fields.insert("transformed".into(), true.into());
    }
    Ok(Json(marked.with_json(body)))
}
