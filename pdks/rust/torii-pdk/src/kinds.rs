use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Body, RawRequest, TargetRequest, TargetResponse};

/// The route that a plugin runs for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct RouteRef {
    pub id: String,
    pub name: String,
}

/// What an output changes about the attributes of the request: `clear` first, then `del`, then `set`.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct AttributeChanges {
    pub clear: bool,
    pub del: Vec<String>,
    pub set: BTreeMap<String, Value>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct OutputCookie {
    pub name: String,
    pub value: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_age: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub domain: Option<String>,
    pub secure: bool,
    pub http_only: bool,
}

macro_rules! input {
    ($(#[$about:meta])* $name:ident { $($(#[$field_about:meta])* $field:ident: $type:ty),* $(,)? }) => {
        $(#[$about])*
        #[derive(Debug, Clone, Default, PartialEq, Deserialize)]
        #[serde(default)]
        pub struct $name {
            pub snowflake: String,
            /// The plugin's own `config`.
            pub config: BTreeMap<String, String>,
            /// The attributes of the request when the plugin is called.
            pub attrs: BTreeMap<String, Value>,
            $($(#[$field_about])* pub $field: $type,)*
        }
    };
}

input!(
    /// What a `backend` is called with.
    BackendInput {
        route: RouteRef,
        raw_request: RawRequest,
        request: TargetRequest,
        #[serde(rename = "request_body_base64")]
        body: Body,
    }
);

input!(
    /// What a `request_transformer` is called with.
    RequestTransformerInput {
        route: RouteRef,
        /// As it came in.
        request: RawRequest,
        /// As it would go to the target.
        otoroshi_request: TargetRequest,
        #[serde(rename = "request_body_base64")]
        body: Body,
    }
);

input!(
    /// What a `response_transformer` is called with.
    ResponseTransformerInput {
        route: RouteRef,
        request: RawRequest,
        otoroshi_response: TargetResponse,
        #[serde(rename = "response_body_base64")]
        body: Body,
    }
);

input!(
    /// What an `access_validator` is called with.
    AccessValidatorInput { route: RouteRef, request: RawRequest }
);

input!(
    /// What a `pre_route` plugin is called with.
    PreRouteInput { route: RouteRef, request: RawRequest }
);

input!(
    /// What a `route_matcher` is called with.
    RouteMatcherInput { route: RouteRef, request: RawRequest }
);

input!(
    /// What a `sink` is called with.
    SinkInput {
        request: RawRequest,
        origin: String,
        /// That the request would be answered with, and why.
        status: u16,
        message: String,
    }
);

macro_rules! output {
    ($(#[$about:meta])* $name:ident { $($(#[$field_about:meta])* $field:ident: $type:ty),* $(,)? }) => {
        $(#[$about])*
        #[derive(Debug, Clone, Default, PartialEq, Serialize)]
        pub struct $name {
            $($(#[$field_about])* #[serde(skip_serializing_if = "Option::is_none")] pub $field: Option<$type>,)*
            #[serde(skip_serializing_if = "Option::is_none")]
            pub headers: Option<BTreeMap<String, String>>,
            #[serde(skip_serializing_if = "Option::is_none")]
            pub cookies: Option<Vec<OutputCookie>>,
            #[serde(skip_serializing_if = "Option::is_none")]
            pub attrs: Option<AttributeChanges>,
            #[serde(skip_serializing_if = "Option::is_none")]
            pub body_str: Option<String>,
            #[serde(skip_serializing_if = "Option::is_none")]
            pub body_json: Option<Value>,
            #[serde(skip_serializing_if = "Option::is_none")]
            pub body_base64: Option<String>,
        }

        impl $name {
            pub fn with_header(mut self, name: &str, value: impl Into<String>) -> Self {
                self.headers.get_or_insert_default().insert(name.into(), value.into());
                self
            }

            pub fn with_text(mut self, text: impl Into<String>) -> Self {
                self.body_str = Some(text.into());
                self
            }

            pub fn with_json(mut self, value: Value) -> Self {
                self.body_json = Some(value);
                self
            }

            pub fn with_bytes(mut self, bytes: impl AsRef<[u8]>) -> Self {
                use base64::Engine;
                self.body_base64 = Some(base64::engine::general_purpose::STANDARD.encode(bytes));
                self
            }
        }
    };
}

output!(
    /// What a `backend` or a `sink` answers; 200 unless it says otherwise.
    BackendOutput {
        status: u16,
        /// Leaves the answer to the route's own target.
        delegates_call: bool,
    }
);

output!(
    /// What a `request_transformer` answers: what is left out stays as it is, headers are replaced as a whole. With `error`
    /// the request goes no further, and this is the answer.
    RequestChanges { error: bool, status: u16, method: String, url: String }
);

output!(
    /// What a `response_transformer` answers: what is left out stays as it is, headers are replaced as a whole.
    ResponseChanges { error: bool, status: u16 }
);

output!(
    /// What a `pre_route` plugin answers; with `error` the request goes no further, and this is the answer.
    PreRouteOutput { error: bool, status: u16 }
);

impl BackendOutput {
    pub fn text(text: impl Into<String>) -> Self {
        BackendOutput::default().with_header("content-type", "text/plain; charset=utf-8").with_text(text)
    }

    pub fn json(value: Value) -> Self {
        BackendOutput::default().with_header("content-type", "application/json").with_json(value)
    }

    pub fn with_status(mut self, status: u16) -> Self {
        self.status = Some(status);
        self
    }
}

/// What an `access_validator` answers.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AccessValidatorOutput {
    pub result: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<Refusal>,
}

/// What is answered to a request that may not pass.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Refusal {
    pub message: String,
    pub status: u16,
}

impl AccessValidatorOutput {
    pub fn pass() -> Self {
        AccessValidatorOutput { result: true, error: None }
    }

    pub fn refuse(status: u16, message: impl Into<String>) -> Self {
        AccessValidatorOutput { result: false, error: Some(Refusal { message: message.into(), status }) }
    }
}

/// What a `route_matcher` answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RouteMatcherOutput {
    pub result: bool,
}
