use extism_pdk::*;
use serde_json::{Value, json};

/// Sends who has no session to the login page, and tells later plugins whose session it is.
#[plugin_fn]
pub fn pre_route(Json(context): Json<Value>) -> FnResult<Json<Value>> {
    let cookies = context["request"]["cookies"].as_array();
    let session = cookies.and_then(|all| all.iter().find(|cookie| cookie["name"] == "session"));
    let Some(session) = session else {
        let headers = json!({ "Location": "/login", "Content-Type": "text/plain" });
        return Ok(Json(json!({ "error": true, "status": 302, "headers": headers, "body": "please log in" })));
    };
    Ok(Json(json!({ "error": false, "attrs": { "set": { "session": session["value"] } } })))
}
