//! What the plugin is configured with.

use crate::{Error, Memory, extism};

pub fn get(key: impl AsRef<str>) -> Result<Option<String>, Error> {
    let key = Memory::from_bytes(key.as_ref())?;
    // Safety: the host answers 0 or the offset of a block.
    let found = Memory::find(unsafe { extism::config_get(key.offset()) });
    key.free();
    found.map(|memory| memory.to_string()).transpose()
}
