use extism_pdk::*;
use torii_pdk::{AccessValidatorInput, AccessValidatorOutput};

/// Lets those through that send the token of the plugin's config in a header.
#[plugin_fn]
pub fn access(Json(input): Json<AccessValidatorInput>) -> FnResult<Json<AccessValidatorOutput>> {
    let expected = input.config.get("token").map_or("bar", String::as_str);
    if input.request.header("x-token") == Some(expected) {
        return Ok(Json(AccessValidatorOutput::pass()));
    }
    Ok(Json(AccessValidatorOutput::refuse(401, "you are not authorized")))
}
