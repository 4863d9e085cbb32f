//! Reads a query for figures from words, as addresses and command lines give them.

use super::KpiOptions;
use super::calendar::{Day, Period, Step};
use super::day::Dimension;
use super::measure::{MEASURES, Measure};
use super::report::KpiQuery;
use crate::outcome::WINDOWS_DAYS;
use crate::ticket::Name;
use crate::timestamp::Timestamp;

/// Days told where no first one is given.
const USUAL_DAYS: i32 = 28;
/// Most days of a period: figures of centuries are a mistake.
const MOST_DAYS: i32 = 36_600;

/// What is asked for, word by word; everything may be left out.
#[derive(Debug, Clone, Default)]
#[expect(missing_docs, reason = "each is a parameter explained where it is read")]
pub struct KpiWords {
    pub from: Option<String>,
    pub to: Option<String>,
    pub by: Option<String>,
    pub step: Option<String>,
    pub measures: Option<String>,
    pub window_days: Option<String>,
    pub team: Option<String>,
    pub category: Option<String>,
    pub channel: Option<String>,
    pub segment: Option<String>,
}

impl KpiQuery {
    /// Reads what is asked for.
    ///
    /// # Errors
    /// The parameter, what was expected and what was found.
    pub fn parse(words: &KpiWords, options: &KpiOptions, now: Timestamp) -> Result<Self, String> {
        let period = parse_period(words, options, now)?;
        let (mut by, mut step) = (None, None);
        for word in words.by.iter().flat_map(|words| words.split(',')) {
            match (Dimension::parse(word), Step::parse(word)) {
                (Some(dimension), _) if dimension != Dimension::All && by.is_none() => {
                    by = Some(dimension);
                }
                (None, Some(found)) if step.is_none() => step = Some(found),
                _ => {
                    return Err(format!(
                        "by: expected one of team, category, channel, segment, one of day, week, month, or one of each with a comma between, got {word:?}"
                    ));
                }
            }
        }
        if let Some(word) = &words.step {
            let found = Step::parse(word);
            step = Some(
                found.ok_or_else(|| format!("step: expected day, week or month, got {word:?}"))?,
            );
        }
        let query = Self {
            period,
            by,
            step,
            slice: parse_slice(words, by)?,
            window_days: parse_window(words.window_days.as_deref(), options)?,
            measures: parse_measures(words.measures.as_deref())?,
        };
        let steps = query.step.map_or(1, |step| period.steps(step));
        let figures = steps.saturating_mul(query.measures.len());
        if figures > options.figures_max {
            let most = options.figures_max;
            return Err(format!(
                "by: {figures} figures are asked for, at most {most} are told: ask for a shorter period, longer steps or fewer measures"
            ));
        }
        Ok(query)
    }
}

/// A window in days; that of the configuration where none is given.
///
/// # Errors
/// What was expected.
pub fn parse_window(word: Option<&str>, options: &KpiOptions) -> Result<u32, String> {
    let Some(word) = word else { return Ok(options.window_days) };
    word.parse()
        .ok()
        .filter(|days| WINDOWS_DAYS.contains(days))
        .ok_or_else(|| format!("window_days: expected one of {WINDOWS_DAYS:?}, got {word:?}"))
}

/// The days from `from` up to the day before `to`: up to yesterday, and 28 of them, where these are left out.
///
/// # Errors
/// The parameter and what was expected.
pub fn parse_period(
    words: &KpiWords,
    options: &KpiOptions,
    now: Timestamp,
) -> Result<Period, String> {
    let read = |name: &str, word: &Option<String>| {
        word.as_deref().map(Day::parse).transpose().map_err(|error| format!("{name}: {error}"))
    };
    let to = read("to", &words.to)?.unwrap_or_else(|| options.time_zone.day_of(now));
    let from = read("from", &words.from)?.unwrap_or_else(|| to.plus(-USUAL_DAYS));
    let period = Period { from, to };
    if !(1..=MOST_DAYS).contains(&period.days()) {
        return Err(format!("to: expected 1 to {MOST_DAYS} days after from ({from}), got {to}"));
    }
    Ok(period)
}

fn parse_slice(
    words: &KpiWords,
    by: Option<Dimension>,
) -> Result<Option<(Dimension, String)>, String> {
    let given: Vec<(Dimension, &String)> = [
        (Dimension::Team, &words.team),
        (Dimension::Category, &words.category),
        (Dimension::Channel, &words.channel),
        (Dimension::Segment, &words.segment),
    ]
    .into_iter()
    .filter_map(|(dimension, word)| Some((dimension, word.as_ref()?)))
    .collect();
    match given[..] {
        [] => Ok(None),
        [(dimension, _)] if by.is_some() => {
            let name = dimension.as_str();
            Err(format!(
                "{name}: expected no slice beside by; days are counted by one dimension at a time"
            ))
        }
        // Nothing stands for what is not known.
        [(dimension, word)] if word.is_empty() => Ok(Some((dimension, String::new()))),
        [(dimension, word)] => {
            let label =
                Name::parse(word).map_err(|error| format!("{}: {error}", dimension.as_str()))?;
            Ok(Some((dimension, label.into())))
        }
        [_, (dimension, _), ..] => {
            let name = dimension.as_str();
            Err(format!("{name}: expected one slice; days are counted by one dimension at a time"))
        }
    }
}

fn parse_measures(words: Option<&str>) -> Result<Vec<&'static Measure>, String> {
    let Some(words) = words else { return Ok(MEASURES.iter().collect()) };
    words.split(',').map(parse_measure).collect()
}

/// A measure by its identifier.
///
/// # Errors
/// What was expected.
pub fn parse_measure(word: &str) -> Result<&'static Measure, String> {
    Measure::find(word).ok_or_else(|| {
        let known: Vec<&str> = MEASURES.iter().map(|measure| measure.id).collect();
        format!("measure: expected some of {}, got {word:?}", known.join(", "))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kpi::Zone;

    fn options() -> KpiOptions {
        KpiOptions {
            time_zone: Zone::parse("Europe/Minsk").unwrap(),
            window_days: 14,
            small_numbers: 30,
            refresh_interval_s: 60,
            days_at_once: 31,
            figures_max: 1000,
        }
    }

    fn ask(words: &KpiWords) -> Result<KpiQuery, String> {
        KpiQuery::parse(words, &options(), Timestamp::parse("2026-01-31T21:30:00Z").unwrap())
    }

    fn word(text: &str) -> Option<String> {
        Some(text.to_owned())
    }

    #[test]
    fn nothing_asks_for_all_measures_of_the_last_28_whole_days() {
        let query = ask(&KpiWords::default()).unwrap();
        assert_eq!(query.period.to.to_string(), "2026-02-01");
        assert_eq!((query.period.days(), query.measures.len()), (28, MEASURES.len()));
        assert_eq!((query.window_days, query.dimension()), (14, Dimension::All));
    }

    #[test]
    fn a_slice_and_a_step_can_be_asked_for_together() {
        let query = ask(&KpiWords { by: word("category,week"), ..KpiWords::default() }).unwrap();
        assert_eq!((query.by, query.step), (Some(Dimension::Category), Some(Step::Week)));
        let query = ask(&KpiWords { by: word("day"), team: word("cards"), ..KpiWords::default() });
        assert_eq!(query.unwrap().dimension(), Dimension::Team);
    }

    #[test]
    fn what_cannot_be_told_is_refused_by_name() {
        let nothing = KpiWords::default;
        for (words, named) in [
            (KpiWords { by: word("agent"), ..nothing() }, "by"),
            (KpiWords { by: word("all"), ..nothing() }, "by"),
            (KpiWords { by: word("team,category"), ..nothing() }, "by"),
            (KpiWords { from: word("yesterday"), ..nothing() }, "from"),
            (KpiWords { to: word("2026-01-05"), from: word("2026-01-05"), ..nothing() }, "to"),
            (KpiWords { measures: word("rcr,happiness"), ..nothing() }, "measure"),
            (KpiWords { window_days: word("5"), ..nothing() }, "window_days"),
            (KpiWords { by: word("team"), team: word("cards"), ..nothing() }, "team"),
            (KpiWords { channel: word("x"), team: word("y"), ..nothing() }, "channel"),
            (KpiWords { by: word("day"), from: word("2020-01-01"), ..nothing() }, "by"),
        ] {
            let error = ask(&words).unwrap_err();
            assert!(error.starts_with(&format!("{named}: ")), "{error}");
        }
    }
}
