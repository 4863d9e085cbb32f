//! `/effect`: what following up is worth in an experiment, with the intervals and checks that are needed to judge it.

use super::error::show;
use super::field::SelectField;
use super::session::Viewer;
use super::table::{Cell, Column, Export, Fact, NumberFormat, Table};
use super::{Frame, PageError};
use crate::effect::{ArmFigures, ContactCosts, DecidedBy, EffectReport, RateDifference, Verdict};
use crate::live_kpis::tell_effect;
use crate::risk::Language;
use crate::statistics::Interval;
use actix_web::{HttpResponse, web};
use askama::Template;
use serde::Deserialize;

/// Which experiment is asked for.
#[derive(Debug, Default, Deserialize)]
pub(super) struct EffectQuery {
    /// Its identifier; the one that started last if left out.
    experiment: Option<String>,
}

#[derive(Template)]
#[template(path = "effect.html")]
struct EffectPage {
    frame: Frame,
    /// `None` before any experiment was started.
    told: Option<Told>,
}

/// What is told of an experiment.
struct Told {
    choice: SelectField,
    scope: String,
    verdict: String,
    is_alarm: bool,
    sample_ratio: String,
    left_out: String,
    rates: RateChart,
    arms: Table,
    results: Table,
    /// With which costs money is counted.
    costs: Option<String>,
}

pub(super) async fn show_effect(
    viewer: Viewer,
    query: Option<web::Query<EffectQuery>>,
    export: Export,
) -> Result<HttpResponse, PageError> {
    let asked = query.map(web::Query::into_inner).unwrap_or_default().experiment;
    let (app, frame) = (&viewer.app, viewer.frame("effect-title"));
    let experiments = app.store.experiments(&app.tenant).await?;
    let chosen = match &asked {
        Some(id) => experiments.iter().find(|one| one.plan.id.as_str() == id),
        None => experiments.first(),
    };
    let Some(chosen) = chosen else {
        if asked.is_some() {
            return Err(viewer.hide().await);
        }
        return show(&EffectPage { frame, told: None });
    };
    let (id, policy) = (&chosen.plan.id, &app.settings.effect);
    let options = &app.settings.kpi;
    let found = tell_effect(&app.store, &app.tenant, options, (id, policy), viewer.now).await?;
    let Some(found) = found else { return Err(viewer.hide().await) };
    let language = Language::from_tag(frame.lang()).unwrap_or_default();
    let report = found.tally.report(language);
    let started = frame.date_time(found.started_at).text;
    let scope = frame
        .say("effect-scope")
        .with("started", started)
        .with("share", frame.percent(found.treatment_share))
        .with("days", report.window_days);
    let ids = experiments.iter().map(|one| one.plan.id.as_str().to_owned());
    let told = Told {
        choice: SelectField::new(
            "experiment",
            frame.say("effect-experiment"),
            ids.map(|id| (id.clone(), id)),
            id.as_str(),
        ),
        scope: scope.into(),
        verdict: verdict(&frame, &report),
        is_alarm: report.verdict.verdict == Verdict::InvalidSampleRatio,
        sample_ratio: sample_ratio(&frame, &report),
        left_out: frame
            .say("effect-left-out")
            .with("both", frame.integer(report.customers_in_both_arms))
            .with("unknown", frame.integer(report.episodes_without_outcome))
            .into(),
        rates: RateChart::draw(&frame, &report),
        arms: arms_table(&frame, &report).with_files(&export),
        results: results_table(&frame, &report).with_files(&export),
        costs: report.contacts_avoided.as_ref().map(|avoided| costs(&frame, avoided.money.costs)),
    };
    if let Some(file) = export.answer(&viewer, [&told.arms, &told.results]).await? {
        return Ok(file);
    }
    show(&EffectPage { frame, told: Some(told) })
}

fn costs(frame: &Frame, costs: ContactCosts) -> String {
    frame
        .say("effect-costs")
        .with("repeat", frame.decimal(costs.repeat, 2))
        .with("follow_up", frame.decimal(costs.follow_up, 2))
        .into()
}

/// What may be concluded, in words.
pub(super) fn verdict(frame: &Frame, report: &EffectReport) -> String {
    let message = match report.verdict.verdict {
        Verdict::TooEarly => "effect-too-early",
        Verdict::InvalidSampleRatio => "effect-invalid",
        Verdict::Reduces => "effect-reduces",
        Verdict::Increases => "effect-increases",
        Verdict::NoDifferenceShown => "effect-no-difference",
    };
    let concluded = String::from(frame.say(message));
    match report.verdict.next_look_at {
        Some(at) => {
            let next = frame.say("effect-next-look").with("date", frame.date(at).text);
            format!("{concluded} {next}")
        }
        None => concluded,
    }
}

/// Whether the arms have the sizes that chance would give.
fn sample_ratio(frame: &Frame, report: &EffectReport) -> String {
    let ratio = &report.sample_ratio;
    let Some(p_value) = ratio.p_value else { return frame.say("effect-ratio-nobody").into() };
    let message = if ratio.is_valid { "effect-ratio-fits" } else { "effect-ratio-broken" };
    frame
        .say(message)
        .with("treatment", frame.integer(ratio.treatment))
        .with("control", frame.integer(ratio.control))
        .with("share", frame.percent(ratio.expected_treatment_share))
        .with("p", frame.decimal(p_value, 4))
        .into()
}

fn arms_table(frame: &Frame, report: &EffectReport) -> Table {
    let number = |message: &'static str| Column::number(frame.say(message));
    let columns = vec![
        Column::text(frame.say("effect-arm")),
        number("effect-customers"),
        number("effect-flagged"),
        number("effect-immature"),
        number("effect-mature"),
        number("effect-repeats"),
        number("effect-rate"),
        number("interval-low"),
        number("interval-high"),
        number("effect-induced"),
        number("effect-contacted"),
    ];
    let rows = both(report).map(|(name, arm)| {
        let counts =
            [arm.customers, arm.flagged_episodes, arm.immature_episodes, arm.mature_episodes];
        let mut row = vec![Cell::text(frame.say(name))];
        row.extend(counts.map(|count| Cell::count(frame, count)));
        row.push(Cell::count(frame, arm.repeats));
        row.extend([
            share(frame, arm.rate),
            share(frame, arm.rate_interval.map(|interval| interval.low)),
            share(frame, arm.rate_interval.map(|interval| interval.high)),
            Cell::count(frame, arm.induced_contacts),
            Cell::count(frame, arm.contacted_episodes),
        ]);
        row
    });
    Table::new("arms", frame.say("effect-arms"), columns).with_rows(rows)
}

/// The difference, and what it came to in contacts and money: no rows while an arm has nothing that is old enough.
fn results_table(frame: &Frame, report: &EffectReport) -> Table {
    let columns = vec![
        Column::name(frame.say("effect-figure")),
        Column::number(frame.say("kpi-value")),
        Column::number(frame.say("interval-low")),
        Column::number(frame.say("interval-high")),
    ];
    let defined = |name: &'static str, figure: &str| {
        let cell = Cell::text(frame.say(name));
        match report.definitions.iter().find(|one| one.figure == figure) {
            Some(definition) => {
                let title = String::from(frame.say("kpi-definition"));
                let fact = Fact { title, text: definition.text.clone(), lang: None };
                cell.explained(frame.say("kpi-definition"), vec![fact])
            }
            None => cell,
        }
    };
    let mut rows = Vec::new();
    if let Some(difference) = &report.difference {
        let interval = decisive(difference);
        let points = |value: Option<f64>| {
            value.map_or_else(Cell::nothing, |value| Cell::points(frame, value))
        };
        rows.push(vec![
            defined("effect-difference", "difference"),
            points(Some(difference.difference)),
            points(interval.map(|interval| interval.low)),
            points(interval.map(|interval| interval.high)),
        ]);
    }
    if let Some(avoided) = &report.contacts_avoided {
        let figures = [
            ("effect-gross", avoided.gross, avoided.gross_interval),
            ("effect-induced-net", avoided.induced, None),
            ("effect-cost", avoided.follow_up_cost, None),
            ("effect-net", avoided.net, avoided.net_interval),
            ("effect-money", avoided.money.net, avoided.money.net_interval),
        ];
        rows.extend(figures.map(|(name, value, interval)| {
            vec![
                defined(name, "contacts_avoided"),
                amount(frame, Some(value)),
                amount(frame, interval.map(|interval| interval.low)),
                amount(frame, interval.map(|interval| interval.high)),
            ]
        }));
    }
    Table::new("results", frame.say("effect-results"), columns).with_rows(rows)
}

/// The interval that the verdict uses.
pub(super) fn decisive(difference: &RateDifference) -> Option<Interval> {
    match difference.decided_by {
        DecidedBy::Newcombe => difference.newcombe,
        DecidedBy::ClusterRobust => difference.cluster_robust,
    }
}

fn both(report: &EffectReport) -> [(&'static str, &ArmFigures); 2] {
    [("effect-treatment", &report.arms.treatment), ("effect-control", &report.arms.control)]
}

fn share(frame: &Frame, share: Option<f64>) -> Cell {
    match share {
        Some(share) => Cell::number(share, NumberFormat::Percent, frame.percent(share)),
        None => Cell::nothing(),
    }
}

fn amount(frame: &Frame, amount: Option<f64>) -> Cell {
    match amount {
        Some(amount) => Cell::number(amount, NumberFormat::TwoDigits, frame.decimal(amount, 2)),
        None => Cell::nothing(),
    }
}

/// The repeat rates of both arms with their intervals, one below the other, from 0 to 100 %.
struct RateChart {
    ticks: Vec<(f64, String)>,
    marks: Vec<Mark>,
}

/// An arm that has a rate.
struct Mark {
    y: f64,
    name: String,
    x: f64,
    ends: Option<(f64, f64)>,
    text: String,
}

impl RateChart {
    fn draw(frame: &Frame, report: &EffectReport) -> Self {
        let x = |share: f64| 180.0 + 420.0 * share;
        let ticks = [0.0, 0.25, 0.5, 0.75, 1.0].map(|share| (x(share), frame.percent_short(share)));
        let rows = both(report).into_iter().zip([40.0, 90.0]);
        let marks = rows.filter_map(|((name, arm), y)| {
            let rate = arm.rate?;
            let name = String::from(frame.say(name));
            let ends = arm.rate_interval.map(|interval| (x(interval.low), x(interval.high)));
            let text = format!("{name}: {}", frame.percent(rate));
            Some(Mark { y, name, x: x(rate), ends, text })
        });
        Self { ticks: ticks.to_vec(), marks: marks.collect() }
    }
}
