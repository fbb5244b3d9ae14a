//! Calls to other hosts. They go where the plugin's `allowedHosts` say.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::HostError;
use crate::call_host::{json_at, with_json};

#[link(wasm_import_module = "extism:host/user")]
unsafe extern "C" {
    fn proxy_http_call(offset: u64, size: u64) -> u64;
}

/// A request to be sent.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Request {
    url: String,
    method: String,
    headers: BTreeMap<String, String>,
    query: BTreeMap<String, Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    body_base64: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_timeout: Option<u64>,
    follow_redirects: bool,
}

/// What was answered, whatever its status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    pub status: u16,
    /// Names in lower case.
    pub headers: BTreeMap<String, String>,
    pub body: Vec<u8>,
}

#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    status: u16,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    #[serde(default)]
    body_base64: String,
    error: Option<HostError>,
}

impl Request {
    pub fn new(method: &str, url: impl Into<String>) -> Self {
        Request { method: method.into(), url: url.into(), ..Request::default() }
    }

    pub fn get(url: impl Into<String>) -> Self {
        Request::new("GET", url)
    }

    pub fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.insert(name.into(), value.into());
        self
    }

    /// Adds to the query of the URL; escapes what must be.
    pub fn query(mut self, name: &str, value: impl Into<String>) -> Self {
        self.query.entry(name.into()).or_default().push(value.into());
        self
    }

    pub fn body(mut self, bytes: impl AsRef<[u8]>) -> Self {
        self.body_base64 = Some(STANDARD.encode(bytes));
        self
    }

    /// Can only shorten what the node and the deadline of the call allow.
    pub fn timeout_ms(mut self, milliseconds: u64) -> Self {
        self.request_timeout = Some(milliseconds);
        self
    }

    pub fn follow_redirects(mut self) -> Self {
        self.follow_redirects = true;
        self
    }

    /// Sends it and waits for the whole answer. Fails when there is none, such as from a host that is not allowed.
    pub fn send(&self) -> Result<Response, HostError> {
        let answer: Answer = json_at(with_json(proxy_http_call, self))?;
        if let Some(error) = answer.error {
            return Err(error);
        }
        let body = STANDARD.decode(answer.body_base64).map_err(|error| HostError::new("bad_answer", error.to_string()))?;
        Ok(Response { status: answer.status, headers: answer.headers, body })
    }
}

impl Response {
    /// What is not UTF-8 in it is replaced.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub fn json<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        serde_json::from_slice(&self.body)
    }
}
