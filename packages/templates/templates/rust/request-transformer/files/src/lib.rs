use extism_pdk::*;
use torii_pdk::{RequestChanges, RequestTransformerInput};

/// Tells the target where a request comes from, and takes its cookies away.
#[plugin_fn]
pub fn transform_request(Json(input): Json<RequestTransformerInput>) -> FnResult<Json<RequestChanges>> {
    let mut headers = input.otoroshi_request.headers;
    headers.retain(|name, _| !name.eq_ignore_ascii_case("cookie"));
    let changes = RequestChanges { headers: Some(headers), ..Default::default() };
    Ok(Json(changes.with_header("x-forwarded-for", input.request.remote).with_header("x-route", input.route.name)))
}
