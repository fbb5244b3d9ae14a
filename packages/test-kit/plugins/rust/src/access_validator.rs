use crate::request::header;
use extism_pdk::*;
use serde_json::{Value, json};

/// Lets requests pass that have the header `foo: bar`.
#[plugin_fn]
pub fn access(Json(context): Json<Value>) -> FnResult<Json<Value>> {
    Ok(Json(verdict(&context)))
}

/// The name that Otoroshi's manual has for `access`.
#[plugin_fn]
pub fn can_access(Json(context): Json<Value>) -> FnResult<Json<Value>> {
    Ok(Json(verdict(&context)))
}

fn verdict(context: &Value) -> Value {
    match header(&context["request"], "foo") {
        Some("bar") => json!({ "result": true }),
        Some(_) => json!({ "result": false }),
        None => json!({ "result": false, "error": { "message": "you're not authorized", "status": 401 } }),
    }
}
