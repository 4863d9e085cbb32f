//! [`CountedClosings`]: what is known of the closings of one team on one local day, in a form of which the pages read two years
//! at once: columns of numbers, and the names that they stand for once.
//!
//! Everything that depends on the instant, the window or the configuration is left to whoever reads it. Windows have whole days,
//! so of a gap it is enough to know within how many days it is.

use super::day::EpisodeFact;
use crate::outcome::{Outcome, Relation};
use crate::timestamp::{DAY_MS, Timestamp};
use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD as BASE64;
use std::collections::BTreeMap;

/// The probability that a version of the risk model gave a closing.
#[derive(Debug, Clone, PartialEq)]
pub struct Score {
    /// The version.
    pub version: String,
    /// The probability, 0 to 1.
    pub probability: f64,
}

/// A flagged closing's place in an experiment.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Assigned {
    /// The experiment.
    pub experiment: String,
    /// Whether the customer is in the control group.
    pub is_control: bool,
}

/// One closing. Numbers of names are places in the lists of [`CountedClosings`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CountedClosing {
    /// When it was closed.
    pub closed_at: Timestamp,
    /// The number of its category.
    pub category: usize,
    /// The number of its channel.
    pub channel: usize,
    /// The number of the risk model's version and the probability, where there was one.
    pub score: Option<(usize, f64)>,
    /// The number of its experiment and arm, where it was flagged.
    pub assigned: Option<usize>,
    /// Within how many days the customer came with the same issue; [`NEVER`] where they did not.
    explicit_days: u8,
    /// The same for a related issue.
    implicit_days: u8,
}

/// Stands for no return at all.
const NEVER: u8 = u8::MAX;
/// Stands for no number.
const NONE: u16 = u16::MAX;
/// The form of the columns; another one is not read.
const FORM: u8 = 1;

/// The closings of a team and day in order of time.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CountedClosings {
    /// Their categories.
    pub categories: Vec<String>,
    /// Their channels; what is not known is empty.
    pub channels: Vec<String>,
    /// The versions of the risk model that assessed them.
    pub versions: Vec<String>,
    /// The experiments and arms of those that were flagged.
    pub arms: Vec<Assigned>,
    /// The closings.
    pub closings: Vec<CountedClosing>,
}

/// Closings with what came of them within a window.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RepeatCounts {
    /// All of them.
    pub closings: u64,
    /// Those whose customers came back with the same issue.
    pub explicit: u64,
    /// Those whose customers came back with a related one only.
    pub implicit: u64,
}

impl RepeatCounts {
    /// Those whose customers came back with either.
    #[must_use]
    pub fn repeats(&self) -> u64 {
        self.explicit + self.implicit
    }

    /// Adds what was counted of other closings.
    pub fn add_all(&mut self, others: Self) {
        self.closings += others.closings;
        self.explicit += others.explicit;
        self.implicit += others.implicit;
    }

    /// Counts a closing.
    pub fn add(&mut self, closing: &CountedClosing, window_days: u32) {
        self.closings += 1;
        if closing.is_explicit(window_days) {
            self.explicit += 1;
        } else if closing.is_repeated(window_days) {
            self.implicit += 1;
        }
    }
}

impl CountedClosing {
    /// Whether the customer came back within so many days with the same issue or a related one: what a person says counts, else
    /// what was derived.
    #[must_use]
    pub fn is_repeated(&self, window_days: u32) -> bool {
        u32::from(self.explicit_days.min(self.implicit_days)) <= window_days.min(MOST_DAYS)
    }

    /// Whether they came with the same issue.
    #[must_use]
    pub fn is_explicit(&self, window_days: u32) -> bool {
        u32::from(self.explicit_days) <= window_days.min(MOST_DAYS)
    }
}

/// The longest gap that is told from none.
const MOST_DAYS: u32 = NEVER as u32 - 1;

/// Within how many days a gap is.
pub(super) fn days_of(gap_ms: i64) -> u8 {
    let days = gap_ms.max(0).saturating_add(DAY_MS - 1) / DAY_MS;
    u8::try_from(days).map_or(NEVER - 1, |days| days.min(NEVER - 1))
}

/// Within how many days the customer came back with the same issue, and with a related one.
pub(super) fn return_days(episode: &EpisodeFact) -> (Option<u8>, Option<u8>) {
    if let Some((outcome, gap_ms)) = episode.correction {
        let days = Some(gap_ms.map_or(0, days_of));
        return match outcome {
            Outcome::Explicit => (days, None),
            Outcome::Implicit => (None, days),
            Outcome::None | Outcome::Induced | Outcome::Unrelated => (None, None),
        };
    }
    let first = |relation: Relation| {
        let gaps = episode.returns.iter().filter(|came| came.relation == relation);
        gaps.map(|came| days_of(came.gap_ms)).min()
    };
    (first(Relation::Explicit), first(Relation::Implicit))
}

/// The closings of a day by team; a team that is not known is empty.
#[must_use]
pub fn closings_by_team(episodes: &[EpisodeFact]) -> BTreeMap<String, CountedClosings> {
    let mut ordered: Vec<&EpisodeFact> = episodes.iter().collect();
    // Episodes come in the order of their tickets, which decides among those of one instant.
    ordered.sort_by_key(|episode| episode.closed_at);
    let mut teams: BTreeMap<String, CountedClosings> = BTreeMap::new();
    for episode in ordered {
        teams.entry(episode.labels.team.clone()).or_default().add(episode);
    }
    teams
}

impl CountedClosings {
    fn add(&mut self, episode: &EpisodeFact) {
        let (explicit_days, implicit_days) = return_days(episode);
        let score = episode.score.as_ref();
        self.closings.push(CountedClosing {
            closed_at: episode.closed_at,
            category: number_of(&mut self.categories, &episode.labels.category),
            channel: number_of(&mut self.channels, &episode.labels.channel),
            score: score
                .map(|score| (number_of(&mut self.versions, &score.version), score.probability)),
            assigned: episode.flagged.as_ref().map(|flagged| {
                let (experiment, is_control) = (flagged.experiment.clone(), flagged.is_control);
                number_of(&mut self.arms, &Assigned { experiment, is_control })
            }),
            explicit_days: explicit_days.unwrap_or(NEVER),
            implicit_days: implicit_days.unwrap_or(NEVER),
        });
    }

    /// The form in which they are stored.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut bytes = vec![FORM];
        let first = self.closings.first().map_or(0, |first| first.closed_at.millis());
        put(&mut bytes, self.closings.len());
        bytes.extend(first.to_le_bytes());
        let arms: Vec<String> = self
            .arms
            .iter()
            .map(|arm| format!("{}{}", if arm.is_control { 'c' } else { 't' }, arm.experiment))
            .collect();
        for names in [&self.categories, &self.channels, &self.versions, &arms] {
            put(&mut bytes, names.len());
            for name in names {
                put(&mut bytes, name.len());
                bytes.extend(name.as_bytes());
            }
        }
        for closing in &self.closings {
            let offset = u32::try_from(closing.closed_at.millis() - first).unwrap_or(u32::MAX);
            bytes.extend(offset.to_le_bytes());
            bytes.extend(short(Some(closing.category)));
            bytes.extend(short(Some(closing.channel)));
            bytes.extend(short(closing.score.map(|(version, _)| version)));
            bytes.extend(short(closing.assigned));
            bytes.extend([closing.explicit_days, closing.implicit_days]);
            bytes.extend(closing.score.map_or(0.0, |(_, probability)| probability).to_le_bytes());
        }
        BASE64.encode(bytes)
    }

    /// Reads what [`CountedClosings::to_text`] wrote; `None` when it is something else.
    #[must_use]
    pub fn from_text(text: &str) -> Option<Self> {
        let bytes = BASE64.decode(text).ok()?;
        let mut rest = bytes.as_slice();
        if take::<1>(&mut rest)? != [FORM] {
            return None;
        }
        let count = take_count(&mut rest)?;
        let first = i64::from_le_bytes(take(&mut rest)?);
        let mut lists: [Vec<String>; 4] = Default::default();
        for names in &mut lists {
            for _ in 0..take_count(&mut rest)? {
                let length = take_count(&mut rest)?;
                let (name, after) = rest.split_at_checked(length)?;
                names.push(std::str::from_utf8(name).ok()?.to_owned());
                rest = after;
            }
        }
        let [categories, channels, versions, arms] = lists;
        let arms = arms.iter().map(|arm| read_arm(arm)).collect::<Option<Vec<_>>>()?;
        let lengths = [categories.len(), channels.len(), versions.len(), arms.len()];
        let mut closings = Vec::with_capacity(count.min(rest.len() / ROW_BYTES));
        for row in rest.chunks_exact(ROW_BYTES) {
            closings.push(read_row(row, first, lengths)?);
        }
        let is_whole = closings.len() == count && rest.len() == count * ROW_BYTES;
        is_whole.then_some(Self { categories, channels, versions, arms, closings })
    }
}

/// Bytes of a closing.
const ROW_BYTES: usize = 4 + 4 * 2 + 2 + 8;

fn read_row(row: &[u8], first: i64, lengths: [usize; 4]) -> Option<CountedClosing> {
    let mut rest = row;
    let offset = u32::from_le_bytes(take(&mut rest)?);
    let mut numbers = [None; 4];
    for (number, length) in numbers.iter_mut().zip(lengths) {
        let read = u16::from_le_bytes(take(&mut rest)?);
        if read != NONE {
            *number = Some(usize::from(read)).filter(|read| *read < length);
            (*number)?;
        }
    }
    let [explicit_days, implicit_days] = take(&mut rest)?;
    let probability = f64::from_le_bytes(take(&mut rest)?);
    let [category, channel, version, assigned] = numbers;
    Some(CountedClosing {
        closed_at: Timestamp::from_millis(first + i64::from(offset)).ok()?,
        category: category?,
        channel: channel?,
        score: version.map(|version| (version, probability)),
        assigned,
        explicit_days,
        implicit_days,
    })
}

fn read_arm(text: &str) -> Option<Assigned> {
    let (is_control, experiment) = match text.strip_prefix('c') {
        Some(experiment) => (true, experiment),
        None => (false, text.strip_prefix('t')?),
    };
    Some(Assigned { experiment: experiment.to_owned(), is_control })
}

/// The place of a name in a list, where it is added if it is new.
fn number_of<T, N>(names: &mut Vec<T>, name: &N) -> usize
where
    T: PartialEq<N>,
    N: ToOwned<Owned = T> + ?Sized,
{
    names.iter().position(|known| known == name).unwrap_or_else(|| {
        names.push(name.to_owned());
        names.len() - 1
    })
}

fn short(number: Option<usize>) -> [u8; 2] {
    number.map_or(NONE, |number| u16::try_from(number).unwrap_or(NONE)).to_le_bytes()
}

fn put(bytes: &mut Vec<u8>, count: usize) {
    bytes.extend(u32::try_from(count).unwrap_or(u32::MAX).to_le_bytes());
}

fn take<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (bytes, after) = rest.split_first_chunk()?;
    *rest = after;
    Some(*bytes)
}

fn take_count(rest: &mut &[u8]) -> Option<usize> {
    usize::try_from(u32::from_le_bytes(take(rest)?)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kpi::{Flagged, Labels, Return};

    fn episode(minutes: i64, category: &str, returns: &[(i64, Relation)]) -> EpisodeFact {
        let came = |(gap_ms, relation): &(i64, Relation)| Return {
            gap_ms: *gap_ms,
            relation: *relation,
            is_other_channel: false,
        };
        EpisodeFact {
            labels: Labels { category: category.to_owned(), ..Labels::default() },
            person: 1,
            returns: returns.iter().map(came).collect(),
            correction: None,
            ticket: None,
            closed_at: Timestamp::from_millis(1_767_600_000_000 + minutes * 60_000).unwrap(),
            score: None,
            flagged: None,
        }
    }

    fn counted(episodes: &[EpisodeFact]) -> CountedClosings {
        closings_by_team(episodes).remove("").unwrap()
    }

    #[test]
    fn closings_are_read_as_they_were_written() {
        let mut later = episode(1400, "карта", &[(1, Relation::Implicit)]);
        later.score = Some(Score { version: "risk-1".to_owned(), probability: 0.1 + 0.2 });
        later.flagged = Some(Flagged {
            experiment: "first".to_owned(),
            is_control: true,
            at: later.closed_at,
            score: 0.3,
            is_contacted: false,
        });
        let counted = counted(&[later, episode(3, "", &[])]);
        let order: Vec<_> = counted.closings.iter().map(|one| one.category).collect();
        assert_eq!(
            (order, counted.categories.as_slice()),
            (vec![0, 1], &["", "карта"].map(String::from)[..])
        );
        let text = counted.to_text();
        assert_eq!(CountedClosings::from_text(&text), Some(counted));
        for other in ["", "x", &text[..text.len() - 4], &format!("{text}AAAA")] {
            assert_eq!(CountedClosings::from_text(other), None, "{other}");
        }
        let nothing = CountedClosings::default();
        assert_eq!(CountedClosings::from_text(&nothing.to_text()), Some(nothing));
    }

    #[test]
    fn a_return_counts_within_a_window_to_its_very_end() {
        let week = 7 * DAY_MS;
        for (gap_ms, repeated) in [(1, true), (week, true), (week + 1, false)] {
            let closings = counted(&[episode(0, "card", &[(gap_ms, Relation::Implicit)])]);
            let one = closings.closings[0];
            assert_eq!((one.is_repeated(7), one.is_explicit(7)), (repeated, false), "{gap_ms}");
            assert!(one.is_repeated(8));
        }
        let never = counted(&[episode(0, "card", &[(1, Relation::Unrelated)])]).closings[0];
        assert!(!never.is_repeated(u32::MAX) && !never.is_explicit(u32::MAX));
    }

    #[test]
    fn what_a_person_says_counts_instead_of_what_was_derived() {
        let mut one = episode(0, "card", &[(DAY_MS, Relation::Explicit)]);
        for (said, explicit, repeated) in [
            ((Outcome::None, None), false, false),
            ((Outcome::Explicit, None), true, true),
            ((Outcome::Implicit, Some(3 * DAY_MS)), false, true),
            ((Outcome::Implicit, Some(9 * DAY_MS)), false, false),
            ((Outcome::Induced, None), false, false),
        ] {
            one.correction = Some(said);
            let told = counted(std::slice::from_ref(&one)).closings[0];
            assert_eq!(
                (told.is_explicit(7), told.is_repeated(7)),
                (explicit, repeated),
                "{said:?}"
            );
        }
    }
}
