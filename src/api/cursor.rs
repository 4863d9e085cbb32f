//! Cursors of pages: opaque to clients, in hexadecimal digits.

use super::problem::{Problem, ProblemCode};

/// What a client sends back to get the next page.
#[must_use]
pub fn format(plain: &str) -> String {
    plain.bytes().map(|byte| format!("{byte:02x}")).collect()
}

/// Reads [`format()`], then what `read` makes of it.
///
/// # Errors
/// [`ProblemCode::InvalidQuery`] where either cannot.
pub fn parse<T>(cursor: &str, read: impl FnOnce(&str) -> Option<T>) -> Result<T, Problem> {
    plain(cursor).as_deref().and_then(read).ok_or_else(|| {
        let detail = "cursor: expected the next_cursor of a page";
        Problem::new(ProblemCode::InvalidQuery, detail)
    })
}

fn plain(cursor: &str) -> Option<String> {
    if !cursor.is_ascii() {
        return None;
    }
    let bytes = (0..cursor.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(cursor.get(at..at + 2)?, 16).ok())
        .collect::<Option<Vec<u8>>>()?;
    String::from_utf8(bytes).ok()
}
