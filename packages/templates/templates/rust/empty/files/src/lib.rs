use extism_pdk::*;

/// Called with whom to greet.
#[plugin_fn]
pub fn execute(name: String) -> FnResult<String> {
    Ok(format!("Hello, {name}!"))
}
