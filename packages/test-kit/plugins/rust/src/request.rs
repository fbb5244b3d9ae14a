use serde_json::{Map, Value};

/// The value of a header of a request or response, whatever case its name is in.
pub fn header<'a>(message: &'a Value, name: &str) -> Option<&'a str> {
    let headers = message["headers"].as_object()?;
    headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).and_then(|(_, value)| value.as_str())
}

/// The headers of a request or response and one more: a plugin's `headers` replace all that there were.
pub fn headers_with(message: &Value, name: &str, value: &str) -> Map<String, Value> {
    let mut headers = message["headers"].as_object().cloned().unwrap_or_default();
    headers.insert(name.to_owned(), Value::from(value));
    headers
}
