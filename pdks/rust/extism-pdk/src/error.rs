use std::fmt;

/// Any error, as `anyhow::Error` in the real crate.
pub struct Error(Box<dyn std::error::Error + Send + Sync>);

impl Error {
    pub fn msg(message: impl fmt::Display) -> Self {
        Error(message.to_string().into())
    }
}

impl<E: std::error::Error + Send + Sync + 'static> From<E> for Error {
    fn from(error: E) -> Self {
        Error(Box::new(error))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

/// A result, and what the function returns to the host beside it.
pub struct WithReturnCode<T>(pub T, pub i32);

impl<T> WithReturnCode<T> {
    pub fn new(value: T, status: i32) -> Self {
        WithReturnCode(value, status)
    }
}

impl<E: Into<Error>> From<E> for WithReturnCode<Error> {
    fn from(error: E) -> Self {
        WithReturnCode(error.into(), -1)
    }
}

impl fmt::Debug for WithReturnCode<Error> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

pub type FnResult<T> = Result<T, WithReturnCode<Error>>;
pub type SharedFnResult<T> = Result<T, Error>;
