//! What the address asks the page for: [`Asked`] from [`KpisQuery`], or what is wrong with it.

use super::super::field::{SelectField, TextField};
use super::super::form::Faults;
use super::super::format::escaped;
use super::super::period;
use super::super::{Frame, PageError};
use super::Viewer;
use crate::kpi::{Dimension, KpiOptions, KpiQuery, MEASURES, Measure, Period, Step, Zone};
use crate::outcome::WINDOWS_DAYS;
use crate::risk::Language;
use crate::ticket::Name;
use serde::Deserialize;

/// Days shown where no period is chosen.
const USUAL_DAYS: i32 = 28;
/// Most steps of a chart: more would run into each other.
const MOST_STEPS: usize = 750;
const DIMENSIONS: [Dimension; 4] =
    [Dimension::Team, Dimension::Category, Dimension::Channel, Dimension::Segment];
const STEPS: [Step; 3] = [Step::Day, Step::Week, Step::Month];

/// The words of the address; what is left out is usual.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(in crate::dashboard) struct KpisQuery {
    /// The first day.
    from: String,
    /// The last day.
    until: String,
    /// By what it is divided.
    by: String,
    /// Of which slice alone.
    only: String,
    /// The steps of the chart.
    step: String,
    /// Days after the close.
    window: String,
    /// The measure of the charts.
    measure: String,
}

/// What the page is to show.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    pub(super) period: Period,
    pub(super) by: Option<Dimension>,
    pub(super) slice: Option<(Dimension, String)>,
    pub(super) step: Step,
    pub(super) window_days: u32,
    pub(super) measure: &'static Measure,
    /// Where its days begin.
    pub(super) zone: Zone,
}

/// The fields of the filters.
pub(super) struct Filters {
    pub(super) from: TextField,
    pub(super) until: TextField,
    /// Those whose team is given have no other choice.
    pub(super) split: Option<(SelectField, TextField)>,
    pub(super) step: SelectField,
    pub(super) window: SelectField,
    pub(super) measure: SelectField,
}

impl KpisQuery {
    /// Reads what is asked for; `None` with what is wrong.
    ///
    /// # Errors
    /// [`PageError::NotFound`] where it is another team's.
    pub(super) async fn read(
        &self,
        viewer: &Viewer,
        frame: &Frame,
    ) -> Result<(Option<Asked>, Faults), PageError> {
        let own_team = viewer.user.position.team();
        let options = &viewer.app.settings.kpi;
        let mut faults = Faults::default();
        let today = options.time_zone.day_of(viewer.now);
        let period = period::read([&self.from, &self.until], USUAL_DAYS, today, frame, &mut faults);
        let mut dimension = None;
        if !self.by.is_empty() {
            let found = DIMENSIONS.into_iter().find(|one| one.as_str() == self.by);
            dimension = faults.note("by", found.ok_or(()), || frame.say("kpi-fault-by"));
        }
        let mut only = self.only.trim();
        if let Some(team) = own_team {
            if dimension.is_some_and(|one| one != Dimension::Team) {
                faults.add("filters", frame.say("kpi-fault-own-team"));
            }
            if !only.is_empty() && only != team.as_str() {
                return Err(viewer.hide().await);
            }
            (dimension, only) = (Some(Dimension::Team), team.as_str());
        }
        let mut slice = None;
        if !only.is_empty() {
            let too_long = || frame.say("fault-name").with("most", Name::MAX_CHARS);
            let label = faults.note("only", Name::parse(only), too_long);
            match (dimension, label) {
                (Some(dimension), Some(label)) => slice = Some((dimension, label.into())),
                (None, Some(_)) => faults.add("by", frame.say("kpi-fault-only")),
                (_, None) => {}
            }
        }
        let measure = chosen(&self.measure, MEASURES.first(), Measure::find);
        let measure = faults.note("measure", measure.ok_or(()), || frame.say("kpi-fault-measure"));
        let window = chosen(&self.window, Some(options.window_days), |word| {
            word.parse().ok().filter(|days| WINDOWS_DAYS.contains(days))
        });
        let window_days = faults.note("window", window.ok_or(()), || frame.say("kpi-fault-window"));
        let usual = period.map(usual_step);
        let step = chosen(&self.step, Some(usual.unwrap_or(Step::Week)), Step::parse);
        let step = faults.note("step", step.ok_or(()), || frame.say("kpi-fault-step"));
        if let (Some(period), Some(step)) = (period, step)
            && (period.steps(step) > MOST_STEPS || is_too_much(period.steps(step), options))
        {
            let most = MOST_STEPS.min(options.figures_max / 4);
            faults.add("step", frame.say("kpi-fault-steps").with("most", most));
        }
        let (Some(period), Some(step), Some(window_days), Some(measure), true) =
            (period, step, window_days, measure, faults.is_empty())
        else {
            return Ok((None, faults));
        };
        let by = dimension.filter(|_| slice.is_none());
        let zone = options.time_zone.clone();
        Ok((Some(Asked { period, by, slice, step, window_days, measure, zone }), faults))
    }

    /// The fields as they were filled in, or as what is shown.
    pub(super) fn filters(
        &self,
        frame: &Frame,
        asked: Option<&Asked>,
        has_own_team: bool,
        faults: &Faults,
    ) -> Filters {
        let days = asked.map(|asked| [asked.period.from, asked.period.to.plus(-1)]);
        let [from, until] = days.map_or([self.from.clone(), self.until.clone()], |days| {
            days.map(|day| day.to_string())
        });
        let text = |field: TextField, value: &str| field.with_value(value).with_faults(faults);
        let by = DIMENSIONS
            .map(|one| (one.as_str().to_owned(), frame.say(dimension_message(one)).to_string()));
        let undivided = [(String::new(), frame.say("kpi-by-none").to_string())];
        let split = || {
            let by = undivided.into_iter().chain(by);
            let only = TextField::new("only", frame.say("kpi-only"), "off").optional();
            (
                SelectField::new("by", frame.say("kpi-by"), by, &self.by).with_faults(faults),
                text(only, self.only.trim()),
            )
        };
        let steps =
            STEPS.map(|one| (word(one).to_owned(), frame.say(step_message(one)).to_string()));
        let step = asked.map_or(self.step.as_str(), |asked| word(asked.step));
        let window = asked.map_or(self.window.clone(), |asked| asked.window_days.to_string());
        let windows = WINDOWS_DAYS.iter().map(|days| {
            (days.to_string(), frame.say("count-days").with("count", days).to_string())
        });
        let measures = MEASURES
            .iter()
            .map(|one| (one.id.to_owned(), language(frame).pick(&one.name).to_owned()));
        let measure = asked.map_or(self.measure.as_str(), |asked| asked.measure.id);
        Filters {
            from: text(TextField::day("from", frame.say("kpi-from")), &from),
            until: text(TextField::day("until", frame.say("kpi-until")), &until),
            split: (!has_own_team).then(split),
            step: SelectField::new("step", frame.say("kpi-step"), steps, step).with_faults(faults),
            window: SelectField::new("window", frame.say("kpi-window"), windows, &window)
                .with_faults(faults),
            measure: SelectField::new("measure", frame.say("kpi-measure"), measures, measure)
                .with_faults(faults),
        }
    }
}

impl Asked {
    /// The query for measures of the whole period.
    pub(super) fn query(&self, measures: Vec<&'static Measure>) -> KpiQuery {
        KpiQuery {
            period: self.period,
            by: None,
            step: None,
            slice: self.slice.clone(),
            window_days: self.window_days,
            measures,
        }
    }

    /// The address of the same page with another measure, or with a slice alone.
    pub(super) fn address(&self, measure: &str, slice: Option<(Dimension, &str)>) -> String {
        let (from, until) = (self.period.from, self.period.to.plus(-1));
        let (step, window) = (word(self.step), self.window_days);
        let by = self.by.map(|by| format!("&by={}", by.as_str())).unwrap_or_default();
        let own = self.slice.as_ref().map(|(dimension, label)| (*dimension, label.as_str()));
        let slice = slice.or(own).map(|(dimension, label)| {
            format!("&by={}&only={}", dimension.as_str(), escaped(label))
        });
        let slice = slice.unwrap_or(by);
        format!(
            "/kpis?from={from}&until={until}{slice}&step={step}&window={window}&measure={measure}"
        )
    }
}

/// A word that is left out is usual; otherwise it must be one of those there are.
fn chosen<T>(word: &str, usual: Option<T>, read: impl FnOnce(&str) -> Option<T>) -> Option<T> {
    if word.is_empty() { usual } else { read(word) }
}

fn usual_step(period: Period) -> Step {
    match period.days() {
        ..=31 => Step::Day,
        32..=200 => Step::Week,
        _ => Step::Month,
    }
}

/// Whether there would be more figures than one answer may have: a measure has four of them at most.
fn is_too_much(steps: usize, options: &KpiOptions) -> bool {
    4 * steps > options.figures_max
}

fn word(step: Step) -> &'static str {
    match step {
        Step::Day => "day",
        Step::Week => "week",
        Step::Month => "month",
    }
}

pub(super) fn step_message(step: Step) -> &'static str {
    match step {
        Step::Day => "kpi-step-day",
        Step::Week => "kpi-step-week",
        Step::Month => "kpi-step-month",
    }
}

pub(super) fn dimension_message(dimension: Dimension) -> &'static str {
    match dimension {
        Dimension::All => "kpi-by-none",
        Dimension::Team => "user-team",
        Dimension::Category => "category",
        Dimension::Channel => "kpi-channel",
        Dimension::Segment => "kpi-segment",
    }
}

/// The language of definitions.
pub(super) fn language(frame: &Frame) -> Language {
    Language::from_tag(frame.lang()).unwrap_or_default()
}
