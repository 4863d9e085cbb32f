//! The picture of `/next-issues`: primary issues at the left, what followed them at the right, and a line for each pair whose width is the
//! share. Every line has its own place at both ends, so that no two labels lie on each other.

use super::{Link, LinkKind};
use crate::dashboard::Frame;
use std::collections::BTreeMap;

/// Most lines that are drawn, the most frequent ones; the table has all of them.
const MOST_LINES: usize = 40;
/// Room for one end of a line, and between two issues.
const SLOT: f64 = 26.0;
const GAP: f64 = 12.0;
/// Room for the titles of both columns.
const TOP: f64 = 32.0;
/// Where a line begins, bends and ends.
const BEGIN: f64 = 330.0;
const BEND: f64 = 440.0;
const END: f64 = 548.0;
/// Width of a line with a share of 100 %, and the thinnest one.
const WIDEST: f64 = 22.0;
const THINNEST: f64 = 1.0;
/// Characters of a name that have room beside the lines.
const NAME_CHARS: usize = 24;

/// What is drawn, in a picture that is 760 wide.
pub(super) struct Picture {
    pub(super) height: f64,
    pub(super) primaries: Vec<Node>,
    pub(super) secondaries: Vec<Node>,
    pub(super) lines: Vec<Line>,
    pub(super) more: usize,
}

/// An issue.
pub(super) struct Node {
    pub(super) y: f64,
    pub(super) name: String,
    pub(super) whole_name: String,
}

/// A pair of issues.
pub(super) struct Line {
    pub(super) y: f64,
    pub(super) path: String,
    pub(super) width: String,
    pub(super) label: String,
    pub(super) text: String,
    pub(super) is_again: bool,
}

impl Picture {
    /// `None` where nothing followed.
    pub(super) fn draw(frame: &Frame, links: &[Link<'_>]) -> Option<Self> {
        let (drawn, more) = most_frequent(links);
        let (starts, primaries, left_end) = left(&drawn);
        let (ends, secondaries, right_end) = right(&drawn, &starts);
        let places = starts.iter().zip(&ends);
        let lines: Vec<Line> = drawn
            .iter()
            .zip(places)
            .map(|((link, share), (start, end))| line(frame, link, *share, *start, *end))
            .collect();
        let height = left_end.max(right_end) + GAP;
        (!lines.is_empty()).then_some(Self { height, primaries, secondaries, lines, more })
    }
}

/// The links that have a share, in their order, and how many are left out.
fn most_frequent<'l, 'r>(links: &'l [Link<'r>]) -> (Vec<(&'l Link<'r>, f64)>, usize) {
    let mut counts: Vec<u64> = links.iter().map(|link| link.n).collect();
    counts.sort_unstable_by(|a, b| b.cmp(a));
    let least = counts.get(MOST_LINES - 1).copied().unwrap_or(0);
    let frequent = links.iter().filter(|link| link.n >= least);
    let drawn: Vec<_> =
        frequent.filter_map(|link| Some((link, link.share?))).take(MOST_LINES).collect();
    let more = links.len() - drawn.len();
    (drawn, more)
}

/// Where each line begins, the issues there, and where the column ends.
fn left(drawn: &[(&Link<'_>, f64)]) -> (Vec<f64>, Vec<Node>, f64) {
    let (mut starts, mut nodes) = (Vec::new(), Vec::new());
    let mut y = TOP;
    for of_primary in drawn.chunk_by(|(a, _), (b, _)| a.primary.rank == b.primary.rank) {
        let first = y;
        for _ in of_primary {
            starts.push(y + SLOT / 2.0);
            y += SLOT;
        }
        let (link, _) = of_primary[0];
        nodes.push(node(link.primary.category.as_str(), f64::midpoint(first, y)));
        y += GAP;
    }
    (starts, nodes, y)
}

/// Where each line ends, the issues there from top to bottom by where their lines come from, and where the column ends.
fn right(drawn: &[(&Link<'_>, f64)], starts: &[f64]) -> (Vec<f64>, Vec<Node>, f64) {
    let mut lines_of: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (index, (link, _)) in drawn.iter().enumerate() {
        lines_of.entry(link.issue).or_default().push(index);
    }
    let mut issues: Vec<(f64, &str, Vec<usize>)> = lines_of
        .into_iter()
        .map(|(issue, lines)| (mean(lines.iter().map(|line| starts[*line])), issue, lines))
        .collect();
    issues.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (mut ends, mut nodes) = (vec![0.0; drawn.len()], Vec::new());
    let mut y = TOP;
    for (_, issue, lines) in issues {
        let first = y;
        for line in lines {
            ends[line] = y + SLOT / 2.0;
            y += SLOT;
        }
        nodes.push(node(issue, f64::midpoint(first, y)));
        y += GAP;
    }
    (ends, nodes, y)
}

fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (sum, count) = values.fold((0.0, 0.0), |(sum, count), value| (sum + value, count + 1.0));
    if count > 0.0 { sum / count } else { 0.0 }
}

fn node(name: &str, y: f64) -> Node {
    let is_long = name.chars().count() > NAME_CHARS;
    let mut short: String =
        name.chars().take(if is_long { NAME_CHARS - 1 } else { NAME_CHARS }).collect();
    if is_long {
        short.push('…');
    }
    Node { y, name: short, whole_name: name.to_owned() }
}

fn line(frame: &Frame, link: &Link<'_>, share: f64, start: f64, end: f64) -> Line {
    let percent = frame.percent(share);
    let gap = link.gap.map(|gap| {
        let days = frame.decimal(gap.median / 24.0, 1);
        String::from(frame.say("kpi-days").with("number", days))
    });
    let label = match &gap {
        Some(gap) => format!("{percent} · {gap}"),
        None => percent.clone(),
    };
    let text = frame
        .say("next-line")
        .with("primary", link.primary.category.as_str())
        .with("secondary", link.issue)
        .with("share", percent)
        .with("count", frame.integer(link.n))
        .with("gap", gap.unwrap_or_else(|| "–".to_owned()));
    Line {
        y: start,
        path: format!("M{BEGIN} {start} C{BEND} {start} {BEND} {end} {END} {end}"),
        width: format!("{:.1}", (share * WIDEST).max(THINNEST)),
        label,
        text: text.into(),
        is_again: link.kind == LinkKind::Again,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_name_is_cut_and_told_whole() {
        let long = "ё".repeat(200);
        let node = node(&long, 1.0);
        assert_eq!((node.name.chars().count(), node.whole_name), (NAME_CHARS, long));
        assert_eq!(super::node("card", 1.0).name, "card");
    }
}
