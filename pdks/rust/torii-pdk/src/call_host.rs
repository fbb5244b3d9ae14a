use extism_pdk::Memory;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::HostError;

/// A host function that takes where its argument is, and its size.
pub(crate) type HostFunction = unsafe extern "C" fn(u64, u64) -> u64;

pub(crate) fn with_bytes(function: HostFunction, argument: &[u8]) -> u64 {
    let memory = Memory::from_bytes(argument).expect("bytes can always be stored");
    // Safety: the host checks what it is given, and answers a number or the offset of a block.
    let answer = unsafe { function(memory.offset(), argument.len() as u64) };
    memory.free();
    answer
}

pub(crate) fn with_json(function: HostFunction, argument: &impl Serialize) -> u64 {
    let json = serde_json::to_vec(argument).expect("arguments of host functions have only texts as keys");
    with_bytes(function, &json)
}

/// What the host wrote; nothing when it points nowhere.
pub(crate) fn bytes_at(offset: u64) -> Option<Vec<u8>> {
    if offset == 0 {
        return None;
    }
    let memory = Memory::find(offset)?;
    let bytes = memory.to_vec();
    memory.free();
    Some(bytes)
}

pub(crate) fn json_at<T: DeserializeOwned>(offset: u64) -> Result<T, HostError> {
    let bytes = bytes_at(offset).unwrap_or_default();
    serde_json::from_slice(&bytes).map_err(|error| HostError::new("bad_answer", error.to_string()))
}
