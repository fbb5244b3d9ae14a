use extism_pdk::*;
use torii_pdk::{RequestChanges, RequestTransformerInput};

/// Tells the target where a request comes from, and takes its cookies away.
#[plugin_fn]
pub fn transform_request(Json(input): Json<RequestTransformerInput>) -> FnResult<Json<RequestChanges>> {
    let replaced = ["cookie", "x-forwarded-for", "x-route"];
    let mut headers = input.otoroshi_request.headers;
    headers.retain(|name, _| !replaced.contains(&name.to_ascii_lowercase().as_str()));
    let changes = RequestChanges { headers: Some(headers), cookies: Some(vec![]), ..Default::default() };
    Ok(Json(changes.with_header("x-forwarded-for", input.request.remote).with_header("x-route", input.route.name)))
}
