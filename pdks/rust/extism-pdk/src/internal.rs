//! What the macros of this crate call.

use crate::{Error, FnResult, FromBytesOwned, Memory, ToMemory, WithReturnCode, extism, input, output};

pub fn read<T: FromBytesOwned>() -> FnResult<T> {
    input().map_err(|error| WithReturnCode::new(error, -1))
}

/// Sets the output or the error, and answers what the function returns to the host.
pub fn finish<T: ToMemory>(result: FnResult<T>) -> i32 {
    match result {
        Ok(value) => match output(value) {
            Ok(()) => 0,
            Err(error) => fail(&error, -1),
        },
        Err(WithReturnCode(error, status)) => fail(&error, status),
    }
}

fn fail(error: &Error, status: i32) -> i32 {
    if let Ok(memory) = Memory::from_bytes(format!("{error:?}")) {
        // Safety: the block lives until the call has ended.
        unsafe { extism::error_set(memory.offset()) };
    }
    status
}
