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

/// An error with its causes, each said once: some errors say their cause themselves.
#[must_use]
pub fn told(error: &anyhow::Error) -> String {
    let mut told = error.to_string();
    for cause in error.chain().skip(1).map(ToString::to_string) {
        if !told.ends_with(&cause) {
            told = format!("{told}: {cause}");
        }
    }
    told
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cause_is_said_once() {
        let full = std::io::Error::other("no space left");
        let error = anyhow::Error::new(full).context("w.csv: no space left").context("writing");
        assert_eq!(told(&error), "writing: w.csv: no space left");
        assert_eq!(told(&anyhow::anyhow!("alone")), "alone");
    }
}
