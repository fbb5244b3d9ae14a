//! Calls to other hosts.

use std::collections::{BTreeMap, HashMap};

use crate::json_text::{flat_object, quoted};
use crate::{Error, Memory, ToMemory, extism};

/// A request to be sent.
#[derive(Debug, Clone, Default)]
pub struct HttpRequest {
    pub url: String,
    pub headers: BTreeMap<String, String>,
    pub method: Option<String>,
}

impl HttpRequest {
    pub fn new(url: impl Into<String>) -> Self {
        HttpRequest { url: url.into(), ..HttpRequest::default() }
    }

    pub fn with_method(mut self, method: impl Into<String>) -> Self {
        self.method = Some(method.into());
        self
    }

    pub fn with_header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.insert(name.into(), value.into());
        self
    }

    fn to_json(&self) -> String {
        let headers: Vec<String> = self.headers.iter().map(|(name, value)| format!("{}:{}", quoted(name), quoted(value))).collect();
        let method = self.method.as_deref().map(quoted).unwrap_or_else(|| "null".into());
        format!("{{\"url\":{},\"headers\":{{{}}},\"method\":{method}}}", quoted(&self.url), headers.join(","))
    }
}

/// What was answered, whatever its status; 0 when there is no answer.
pub struct HttpResponse {
    body: Vec<u8>,
    status: u16,
    headers: HashMap<String, String>,
}

impl HttpResponse {
    pub fn status_code(&self) -> u16 {
        self.status
    }

    pub fn body(&self) -> Vec<u8> {
        self.body.clone()
    }

    pub fn headers(&self) -> &HashMap<String, String> {
        &self.headers
    }

    pub fn header(&self, name: impl AsRef<str>) -> Option<&str> {
        self.headers.get(name.as_ref()).map(String::as_str)
    }
}

pub fn request<T: ToMemory>(request: &HttpRequest, body: Option<T>) -> Result<HttpResponse, Error> {
    let request = Memory::from_bytes(request.to_json())?;
    let body = body.map(|value| value.to_memory()).transpose()?;
    let body_offset = body.as_ref().map_or(0, Memory::offset);
    // Safety: both blocks are there; the host answers 0 or the offset of a block.
    let answer = Memory::find(unsafe { extism::http_request(request.offset(), body_offset) });
    let status = unsafe { extism::http_status_code() } as u16;
    let headers = Memory::find(unsafe { extism::http_headers() });
    let headers = headers.map(|memory| flat_object(&memory.to_vec())).unwrap_or_default();
    Ok(HttpResponse { body: answer.map(|memory| memory.to_vec()).unwrap_or_default(), status, headers })
}
