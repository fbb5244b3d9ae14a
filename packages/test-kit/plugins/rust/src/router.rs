use crate::request::header;
use extism_pdk::*;
use serde_json::{Value, json};

/// Chooses the route that the header `x-route` names, and decides nothing without it.
#[plugin_fn]
pub fn find_route(Json(context): Json<Value>) -> FnResult<Json<Value>> {
    let request = &context["request"];
    let Some(name) = header(request, "x-route") else {
        return Ok(Json(json!({})));
    };
    let path = request["path"].as_str().unwrap_or_default();
    let (first, tenant) = path.trim_start_matches('/').split_once('/').unwrap_or((path, ""));
    let params = json!({ "tenant": tenant });
    Ok(Json(json!({ "route": { "name": name }, "path": format!("/{first}"), "path_params": params, "no_more_segments": false })))
}
