//! What is found in texts that were written for it, what must stay, and the laws that hold for every text.

use super::*;
use std::collections::BTreeMap;
use std::fmt::Write as _;

const LANGUAGES: [(&str, &str); 4] = [
    ("en", include_str!("../../tests/fixtures/redaction/en.txt")),
    ("ru", include_str!("../../tests/fixtures/redaction/ru.txt")),
    ("be", include_str!("../../tests/fixtures/redaction/be.txt")),
    ("uk", include_str!("../../tests/fixtures/redaction/uk.txt")),
];

/// A text of the files and what is to be found in it.
struct Example {
    text: String,
    spans: Vec<Span>,
}

fn example(line: &str) -> Example {
    let line = line.replace("\\n", "\n");
    let (mut text, mut spans, mut rest) = (String::new(), Vec::new(), line.as_str());
    while let Some((before, after)) = rest.split_once('[') {
        let marked = after.split_once(']').and_then(|(marked, after)| {
            let (kind, value) = marked.split_once('|')?;
            Some((Entity::parse(kind)?, value, after))
        });
        let (entity, value, after) = marked.unwrap_or_else(|| panic!("{line}"));
        text.push_str(before);
        spans.push(Span { entity, start: text.len(), end: text.len() + value.len() });
        text.push_str(value);
        rest = after;
    }
    text.push_str(rest);
    Example { text, spans }
}

/// Marked: how many there are. Covered: those of which nothing is left, whatever they were taken for; exact: with just these
/// bounds and this kind. Found: how much was found; false: of it, what touches nothing marked.
#[derive(Debug, Default, Clone, Copy)]
struct Tally {
    marked: u32,
    covered: u32,
    exact: u32,
    found: u32,
    wrong: u32,
}

impl Tally {
    fn recall(self) -> f64 {
        f64::from(self.covered) / f64::from(self.marked)
    }

    fn precision(self) -> f64 {
        1.0 - f64::from(self.wrong) / f64::from(self.found)
    }
}

fn measure(faults: &mut String) -> BTreeMap<(&'static str, &'static str), Tally> {
    let mut tallies: BTreeMap<(&str, &str), Tally> = BTreeMap::new();
    for (language, file) in LANGUAGES {
        for line in file.lines() {
            let example = example(line);
            let found = find(&example.text);
            let mut count = |entity: Entity, add: &dyn Fn(&mut Tally)| {
                for key in [
                    (entity.as_str(), language),
                    (entity.as_str(), "all"),
                    ("all", language),
                    ("all", "all"),
                ] {
                    add(tallies.entry(key).or_default());
                }
            };
            for span in &example.spans {
                let covered = span.start..span.end;
                let left = example.text[covered.clone()]
                    .char_indices()
                    .map(|(at, c)| (covered.start + at, c))
                    .any(|(at, c)| {
                        c.is_alphanumeric()
                            && !found.iter().any(|one| (one.start..one.end).contains(&at))
                    });
                let is_exact = found.contains(span);
                count(span.entity, &|tally| {
                    tally.marked += 1;
                    tally.covered += u32::from(!left);
                    tally.exact += u32::from(is_exact);
                });
                if left || !is_exact {
                    writeln!(
                        faults,
                        "{language} {} {:?}: {:?}",
                        if left { "MISSED" } else { "inexact" },
                        span.entity,
                        example.text
                    )
                    .unwrap();
                }
            }
            for one in &found {
                let is_wrong =
                    !example.spans.iter().any(|span| one.start < span.end && span.start < one.end);
                count(one.entity, &|tally| {
                    tally.found += 1;
                    tally.wrong += u32::from(is_wrong);
                });
                if is_wrong {
                    writeln!(
                        faults,
                        "{language} FALSE {:?} {:?}: {:?}",
                        one.entity,
                        &example.text[one.start..one.end],
                        example.text
                    )
                    .unwrap();
                }
            }
        }
    }
    tallies
}

#[test]
fn what_was_written_for_it_is_found_and_what_looks_similar_stays() {
    let mut faults = String::new();
    let tallies = measure(&mut faults);
    eprintln!("{faults}");
    eprintln!(
        "{:<14} {:<4} {:>6} {:>7} {:>6} {:>6} {:>6}  recall  precision",
        "kind", "", "marked", "covered", "exact", "found", "false"
    );
    for ((kind, language), tally) in &tallies {
        let Tally { marked, covered, exact, found, wrong } = tally;
        eprintln!(
            "{kind:<14} {language:<4} {marked:>6} {covered:>7} {exact:>6} {found:>6} {wrong:>6}  {:.3}   {:.3}",
            tally.recall(),
            tally.precision()
        );
    }
    let all = tallies[&("all", "all")];
    assert!(all.recall() >= 0.90 && all.precision() >= 0.96, "{all:?}\n{faults}");
}
