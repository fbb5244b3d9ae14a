use std::collections::BTreeMap;

use serde::Deserialize;

/// A request as it came in. Headers that came more than once are joined by a comma.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct RawRequest {
    pub id: i64,
    pub method: String,
    pub headers: BTreeMap<String, String>,
    pub cookies: Vec<Cookie>,
    pub tls: bool,
    /// The path and the query.
    pub uri: String,
    pub query: BTreeMap<String, Vec<String>>,
    pub path: String,
    pub version: String,
    pub has_body: bool,
    pub remote: String,
    pub path_params: BTreeMap<String, String>,
}

/// A request as it goes to the target, its path stripped where the route says so.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct TargetRequest {
    pub url: String,
    pub method: String,
    pub headers: BTreeMap<String, String>,
    pub query: BTreeMap<String, Vec<String>>,
    pub version: String,
    pub cookies: Vec<Cookie>,
    pub path: String,
    pub path_params: BTreeMap<String, String>,
}

/// A response of the target.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct TargetResponse {
    pub status: u16,
    pub headers: BTreeMap<String, String>,
    pub cookies: Vec<Cookie>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Cookie {
    pub name: String,
    pub value: String,
}

/// The value of a header, whatever the case of its name.
pub fn header_of<'a>(headers: &'a BTreeMap<String, String>, name: &str) -> Option<&'a str> {
    headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
}

macro_rules! readable {
    ($name:ident) => {
        impl $name {
            pub fn header(&self, name: &str) -> Option<&str> {
                header_of(&self.headers, name)
            }

            /// The first value of a parameter in the query.
            pub fn query_param(&self, name: &str) -> Option<&str> {
                self.query.get(name)?.first().map(String::as_str)
            }

            pub fn cookie(&self, name: &str) -> Option<&str> {
                self.cookies.iter().find(|cookie| cookie.name == name).map(|cookie| cookie.value.as_str())
            }
        }
    };
}

readable!(RawRequest);
readable!(TargetRequest);

impl TargetResponse {
    pub fn header(&self, name: &str) -> Option<&str> {
        header_of(&self.headers, name)
    }
}
