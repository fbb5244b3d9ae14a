use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Deserializer};

/// The bytes of a body; none when there is no body.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Body(pub Option<Vec<u8>>);

impl Body {
    pub fn bytes(&self) -> &[u8] {
        self.0.as_deref().unwrap_or_default()
    }

    /// What is not UTF-8 in it is replaced.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(self.bytes()).into_owned()
    }
}

impl<'de> Deserialize<'de> for Body {
    /// From base64, which is a third of the size of the list of signed bytes that is there as well.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Some(text) = Option::<String>::deserialize(deserializer)? else {
            return Ok(Body(None));
        };
        STANDARD.decode(text).map(|bytes| Body(Some(bytes))).map_err(serde::de::Error::custom)
    }
}
