use crate::{Error, FromBytesOwned, LogLevel, ToBytes, extism};

const WORD: usize = 8;

/// A block of the host's memory.
pub struct Memory {
    offset: u64,
    length: u64,
}

impl Memory {
    pub fn new<'a, T: ToBytes<'a>>(value: &T) -> Result<Self, Error> {
        Memory::from_bytes(value.to_bytes()?)
    }

    pub fn from_bytes(bytes: impl AsRef<[u8]>) -> Result<Self, Error> {
        let bytes = bytes.as_ref();
        let length = bytes.len() as u64;
        // Safety: the block has that length, and only it is written.
        let offset = unsafe { extism::alloc(length) };
        let words = bytes.chunks_exact(WORD);
        let rest = words.remainder();
        for (index, word) in words.enumerate() {
            let value = u64::from_le_bytes(word.try_into().expect("chunks have the length of a word"));
            unsafe { extism::store_u64(offset + (index * WORD) as u64, value) };
        }
        let rest_offset = offset + length - rest.len() as u64;
        for (index, byte) in rest.iter().enumerate() {
            unsafe { extism::store_u8(rest_offset + index as u64, *byte) };
        }
        Ok(Memory { offset, length })
    }

    pub fn null() -> Self {
        Memory { offset: 0, length: 0 }
    }

    pub fn find(offset: u64) -> Option<Self> {
        // Safety: the host answers 0 for what is no block.
        let length = unsafe { extism::length(offset) };
        (length > 0).then_some(Memory { offset, length })
    }

    pub fn offset(&self) -> u64 {
        self.offset
    }

    pub fn len(&self) -> usize {
        self.length as usize
    }

    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    pub fn to_vec(&self) -> Vec<u8> {
        // Safety: reads within the block.
        read(self.len(), |at| unsafe { extism::load_u64(self.offset + at) }, |at| unsafe { extism::load_u8(self.offset + at) })
    }

    pub fn to_string(&self) -> Result<String, Error> {
        Ok(String::from_utf8(self.to_vec())?)
    }

    pub fn to<T: FromBytesOwned>(&self) -> Result<T, Error> {
        T::from_bytes_owned(&self.to_vec())
    }

    pub fn set_output(self) {
        unsafe { extism::output_set(self.offset, self.length) }
    }

    pub fn log(&self, level: LogLevel) {
        let write = match level {
            LogLevel::Trace => extism::log_trace,
            LogLevel::Debug => extism::log_debug,
            LogLevel::Info => extism::log_info,
            LogLevel::Warn => extism::log_warn,
            LogLevel::Error => extism::log_error,
        };
        unsafe { write(self.offset) }
    }

    pub fn free(self) {
        unsafe { extism::free(self.offset) }
    }
}

pub(crate) fn read_input() -> Vec<u8> {
    // Safety: reads within the input.
    let length = unsafe { extism::input_length() } as usize;
    read(length, |at| unsafe { extism::input_load_u64(at) }, |at| unsafe { extism::input_load_u8(at) })
}

fn read(length: usize, word_at: impl Fn(u64) -> u64, byte_at: impl Fn(u64) -> u8) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(length);
    while bytes.len() + WORD <= length {
        bytes.extend_from_slice(&word_at(bytes.len() as u64).to_le_bytes());
    }
    while bytes.len() < length {
        bytes.push(byte_at(bytes.len() as u64));
    }
    bytes
}
