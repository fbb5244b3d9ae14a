use extism_pdk::*;

/// Ends with an error, as a plugin does that cannot do its work.
#[plugin_fn]
pub fn fails(_: String) -> FnResult<String> {
    Err(Error::msg("the database is down").into())
}

/// Has a bug.
#[plugin_fn]
pub fn panics(input: String) -> FnResult<String> {
    let missing = input.get(input.len() + 1..);
    Ok(missing.expect("there is more").to_owned())
}

/// Answers with what is no JSON.
#[plugin_fn]
pub fn babbles(_: String) -> FnResult<String> {
    Ok("hello, who is there?".to_owned())
}

/// Answers with JSON that says nothing.
#[plugin_fn]
pub fn says_nothing(_: String) -> FnResult<String> {
    Ok("{}".to_owned())
}
