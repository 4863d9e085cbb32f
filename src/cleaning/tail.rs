//! What stands below a mail: signatures and legal notices. Found from the end upwards, one at a time.

use super::CutKind;
use super::lines::Line;
use super::{notice, signature};

/// Bytes of the end of a text in which one signature or notice is looked for.
pub(super) const REACH: usize = 8 * 1024;

/// The last thing of a text that is none of the writer's words: what it is, and where it begins.
pub(super) fn find(text: &str) -> Option<(CutKind, usize)> {
    let text = text.trim_end();
    let last = last_lines(text, signature::MOST_LINES + 1);
    if let Some(start) = signature::find(&last) {
        return Some((CutKind::Signature, start));
    }
    notice::find(text).map(|start| (CutKind::Disclaimer, start))
}

/// The last lines of a text that are not empty, at most so many, from the top down.
pub(super) fn last_lines(text: &str, most: usize) -> Vec<Line<'_>> {
    let mut found = Vec::new();
    let mut end = text.len();
    let from = text.len().saturating_sub(REACH);
    while end > from && found.len() < most {
        let line_end = text.as_bytes()[..end - 1].iter().rposition(|byte| *byte == b'\n');
        let start = line_end.map_or(0, |at| at + 1);
        let line = Line { range: start..end, text: text[start..end].trim() };
        if !line.is_blank() {
            found.push(line);
        }
        end = start;
    }
    found.reverse();
    found
}
