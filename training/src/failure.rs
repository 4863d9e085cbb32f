//! What ends a command: [`BadInput`] is the caller's to mend (exit code 2), anything else is ours or the machine's (1).

use std::process::ExitCode;

/// The input, the configuration or the arguments are wrong. The message names the file, row, column or option and
/// says what was expected.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct BadInput(pub String);

/// Builds an [`anyhow::Error`] holding a [`BadInput`], with the arguments of `format!`.
#[macro_export]
macro_rules! bad_input {
    ($($argument:tt)*) => {
        ::anyhow::Error::new($crate::failure::BadInput(format!($($argument)*)))
    };
}

/// Exit code for an error: 2 when a [`BadInput`] is among its causes, else 1.
#[must_use]
pub fn exit_code(error: &anyhow::Error) -> ExitCode {
    let is_bad_input = error.chain().any(|cause| cause.is::<BadInput>());
    ExitCode::from(if is_bad_input { 2 } else { 1 })
}
