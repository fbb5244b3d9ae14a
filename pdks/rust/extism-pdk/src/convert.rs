use std::borrow::Cow;

use crate::{Error, HttpResponse, Memory, WithReturnCode};

/// What can be an output.
pub trait ToBytes<'a> {
    type Bytes: AsRef<[u8]>;

    fn to_bytes(&self) -> Result<Self::Bytes, Error>;
}

/// What can be an input, and may borrow it.
pub trait FromBytes<'a>: Sized {
    fn from_bytes(bytes: &'a [u8]) -> Result<Self, Error>;
}

pub trait FromBytesOwned: for<'a> FromBytes<'a> {
    fn from_bytes_owned(bytes: &[u8]) -> Result<Self, Error>;
}

impl<T: for<'a> FromBytes<'a>> FromBytesOwned for T {
    fn from_bytes_owned(bytes: &[u8]) -> Result<Self, Error> {
        T::from_bytes(bytes)
    }
}

macro_rules! bytes_as_they_are {
    ($($type:ty),*) => {
        $(impl<'a> ToBytes<'a> for $type {
            type Bytes = Vec<u8>;

            fn to_bytes(&self) -> Result<Vec<u8>, Error> {
                let bytes: &[u8] = self.as_ref();
                Ok(bytes.to_vec())
            }
        })*
    };
}

bytes_as_they_are!(String, &String, &'a str, Vec<u8>, &'a [u8], &'a Vec<u8>);

macro_rules! little_endian {
    ($($type:ty),*) => {
        $(impl<'a> ToBytes<'a> for $type {
            type Bytes = [u8; size_of::<$type>()];

            fn to_bytes(&self) -> Result<Self::Bytes, Error> {
                Ok(self.to_le_bytes())
            }
        }

        impl FromBytes<'_> for $type {
            fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
                Ok(<$type>::from_le_bytes(bytes.try_into()?))
            }
        })*
    };
}

little_endian!(i32, i64, u32, u64, f32, f64);

impl ToBytes<'_> for () {
    type Bytes = [u8; 0];

    fn to_bytes(&self) -> Result<[u8; 0], Error> {
        Ok([])
    }
}

impl<'a, T: ToBytes<'a>> ToBytes<'a> for Option<T> {
    type Bytes = Cow<'static, [u8]>;

    fn to_bytes(&self) -> Result<Self::Bytes, Error> {
        match self {
            None => Ok(Cow::Borrowed(&[])),
            Some(value) => Ok(Cow::Owned(value.to_bytes()?.as_ref().to_vec())),
        }
    }
}

impl FromBytes<'_> for String {
    fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        Ok(std::str::from_utf8(bytes)?.to_string())
    }
}

impl FromBytes<'_> for Vec<u8> {
    fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        Ok(bytes.to_vec())
    }
}

impl FromBytes<'_> for () {
    fn from_bytes(_: &[u8]) -> Result<Self, Error> {
        Ok(())
    }
}

impl<'a, T: FromBytes<'a>> FromBytes<'a> for Option<T> {
    fn from_bytes(bytes: &'a [u8]) -> Result<Self, Error> {
        if bytes.is_empty() { Ok(None) } else { T::from_bytes(bytes).map(Some) }
    }
}

/// What can be put into a block of the host.
pub trait ToMemory {
    fn to_memory(&self) -> Result<Memory, Error>;

    /// What the function returns to the host.
    fn status(&self) -> i32 {
        0
    }
}

impl<'a, T: ToBytes<'a>> ToMemory for T {
    fn to_memory(&self) -> Result<Memory, Error> {
        Memory::from_bytes(self.to_bytes()?)
    }
}

impl ToMemory for HttpResponse {
    fn to_memory(&self) -> Result<Memory, Error> {
        Memory::from_bytes(self.body())
    }
}

impl<T: ToMemory> ToMemory for WithReturnCode<T> {
    fn to_memory(&self) -> Result<Memory, Error> {
        self.0.to_memory()
    }

    fn status(&self) -> i32 {
        self.1
    }
}
