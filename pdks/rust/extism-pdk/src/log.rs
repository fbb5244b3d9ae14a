/// Levels of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogLevel {
    Trace,
    Debug,
    Info,
    Warn,
    Error,
}

impl LogLevel {
    pub const fn to_int(self) -> i32 {
        self as i32
    }
}

#[macro_export]
macro_rules! log {
    ($level:expr, $($argument:tt)+) => {{
        let least = unsafe { $crate::extism::get_log_level() };
        if $level.to_int() >= least && least != i32::MAX {
            if let Ok(memory) = $crate::Memory::from_bytes(format!($($argument)+)) {
                memory.log($level);
            }
        }
    }};
}

#[macro_export]
macro_rules! trace {
    ($($argument:tt)+) => { $crate::log!($crate::LogLevel::Trace, $($argument)+) };
}

#[macro_export]
macro_rules! debug {
    ($($argument:tt)+) => { $crate::log!($crate::LogLevel::Debug, $($argument)+) };
}

#[macro_export]
macro_rules! info {
    ($($argument:tt)+) => { $crate::log!($crate::LogLevel::Info, $($argument)+) };
}

#[macro_export]
macro_rules! warn {
    ($($argument:tt)+) => { $crate::log!($crate::LogLevel::Warn, $($argument)+) };
}

#[macro_export]
macro_rules! error {
    ($($argument:tt)+) => { $crate::log!($crate::LogLevel::Error, $($argument)+) };
}

#[macro_export]
macro_rules! set_var {
    ($key:expr, $($argument:tt)+) => { $crate::var::set($key, &format!($($argument)+)) };
}
