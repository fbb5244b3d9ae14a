use extism_pdk::*;
use serde_json::json;
use torii_pdk::{BackendInput, BackendOutput, http, map};

/// Looks a French address up, and remembers what it found: for the same question the service is asked once.
#[plugin_fn]
#[allow(non_snake_case)]
pub fn GetCompleteAddress(Json(input): Json<BackendInput>) -> FnResult<Json<BackendOutput>> {
    let Some(search) = input.request.query_param("q").filter(|search| !search.is_empty()) else {
        return Ok(failure("missing query param q"));
    };
    if let Some(known) = map::plugin::get(search)? {
        return Ok(Json(BackendOutput::json(serde_json::from_slice(&known)?)));
    }

    let response = http::Request::get("https://api-adresse.data.gouv.fr/search/").query("q", search).send()?;
    if response.status != 200 {
        return Ok(failure("failed fetching address with given input"));
    }
    map::plugin::set(search, &response.body)?;
    Ok(Json(BackendOutput::json(response.json()?)))
}

fn failure(message: &str) -> Json<BackendOutput> {
    Json(BackendOutput::json(json!({ "error": message })).with_status(400))
}
