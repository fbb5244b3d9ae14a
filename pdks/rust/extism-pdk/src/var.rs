//! Variables, which live as long as the instance of the plugin.

use crate::{Error, FromBytesOwned, Memory, ToMemory, extism};

pub fn get<T: FromBytesOwned>(key: impl AsRef<str>) -> Result<Option<T>, Error> {
    let key = Memory::from_bytes(key.as_ref())?;
    // Safety: the host answers 0 or the offset of a block.
    let found = Memory::find(unsafe { extism::var_get(key.offset()) });
    key.free();
    found.map(|memory| memory.to()).transpose()
}

pub fn set(key: impl AsRef<str>, value: impl ToMemory) -> Result<(), Error> {
    let value = value.to_memory()?;
    let key = Memory::from_bytes(key.as_ref())?;
    // Safety: both blocks are there.
    unsafe { extism::var_set(key.offset(), value.offset()) };
    Ok(())
}

pub fn remove(key: impl AsRef<str>) -> Result<(), Error> {
    let key = Memory::from_bytes(key.as_ref())?;
    // Safety: 0 is no block, which removes the variable.
    unsafe { extism::var_set(key.offset(), 0) };
    Ok(())
}
