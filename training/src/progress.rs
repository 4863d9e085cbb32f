//! Progress bars on standard error; silent when standard error is no terminal.

use indicatif::{ProgressBar, ProgressStyle};

/// A bar for `length` steps of something with a name, such as `embedding texts`.
#[must_use]
pub fn bar(length: u64, what: &'static str) -> ProgressBar {
    let bar = ProgressBar::new(length).with_message(what);
    if let Ok(style) = ProgressStyle::with_template(
        "{msg:<24} {wide_bar} {human_pos}/{human_len} {elapsed_precise} eta {eta}",
    ) {
        bar.set_style(style);
    }
    bar
}

/// A bar for steps whose number is not known; its message changes.
#[must_use]
pub fn steps(what: &'static str) -> ProgressBar {
    let bar = ProgressBar::new_spinner().with_prefix(what);
    if let Ok(style) =
        ProgressStyle::with_template("{prefix:<24} step {pos} {msg} {elapsed_precise}")
    {
        bar.set_style(style);
    }
    bar
}
