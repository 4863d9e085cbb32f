//! Key figures are what plain code counts from the rows, whatever happened to them.

use super::kpi_history::*;
use super::timeline::{self, close_at, day, reopen, say, solve};
use super::*;
use recontact::kpi::{
    CountedClosings, Dimension, Exclusion, KpiContext, KpiOptions, KpiQuery, KpiReport, MEASURES,
    Measure, Period, Step, Zone,
};
use recontact::live_kpis::{KpiError, tell, tell_change};
use recontact::risk::Language;
use recontact::store::{IdentitiesMerged, MergeUndone};

on_both_databases!(
    every_figure_is_what_plain_code_counts_from_the_rows,
    whatever_happens_is_counted_at_once,
    nothing_happened_and_nothing_is_told,
    one_ticket_is_told_as_small,
    what_is_too_young_enters_no_rate_and_is_told,
    days_that_were_counted_in_another_zone_are_counted_anew,
    days_that_were_counted_by_earlier_rules_are_counted_anew,
    more_changed_days_than_one_call_counts_are_refused_until_they_are_counted,
    the_effects_of_categories_add_up_to_the_change,
    tenants_have_days_of_their_own,
);

fn options(zone: &str) -> KpiOptions {
    KpiOptions {
        time_zone: Zone::parse(zone).unwrap(),
        window_days: 14,
        small_numbers: 30,
        refresh_interval_s: 60,
        days_at_once: 10_000,
        figures_max: 1_000_000,
    }
}

fn context(options: &KpiOptions, now: Timestamp) -> KpiContext<'_> {
    KpiContext { zone: &options.time_zone, small_numbers: 30, language: Language::En, now }
}

fn all_measures(period: Period) -> KpiQuery {
    KpiQuery {
        period,
        by: None,
        step: None,
        slice: None,
        window_days: 14,
        measures: MEASURES.iter().collect(),
    }
}

fn days(from: &str, to: &str) -> Period {
    let day = |text| recontact::kpi::Day::parse(text).unwrap();
    Period { from: day(from), to: day(to) }
}

async fn told(store: &Store, query: &KpiQuery, now: Timestamp) -> KpiReport {
    let options = options("Europe/Warsaw");
    tell(store, &TENANT, &options, query, context(&options, now)).await.unwrap()
}

/// Compares every figure of a query with plain counting.
async fn check(store: &Store, plain: &Plain, query: &KpiQuery, now: Timestamp, what: &str) {
    let report = told(store, query, now).await;
    let dimension = query.dimension().as_str();
    let mut seen = Vec::new();
    for group in &report.groups {
        let of_slice = query.slice.as_ref().map(|(_, label)| label.clone());
        let label = group.label.clone().or(of_slice).unwrap_or_default();
        seen.push(label.clone());
        let scope = Scope {
            from: i64::from(group.period.from.number()),
            to: i64::from(group.period.to.number()),
            dimension,
            label,
            window: i64::from(query.window_days),
            now: now.millis(),
        };
        for figure in &group.figures {
            let (value, n) = plain.figure(figure.measure, figure.part, &scope);
            let place = format!("{what}: {} {:?} at {now}, {scope:?}", figure.measure, figure.part);
            match (figure.value, value) {
                (Some(told), Some(counted)) => {
                    assert!(
                        (told - counted).abs() <= 1e-9 * counted.abs().max(1.0),
                        "{place}: told {told}, counted {counted}"
                    );
                }
                (told, counted) => assert_eq!(told, counted, "{place}"),
            }
            if figure.measure != "backlog" {
                assert_eq!(figure.n, n, "{place}");
            }
            if let Some(window) = figure.window_days {
                let young = figure.excluded.iter().find(|left| left.reason == Exclusion::Immature);
                let counted = plain.immature(&scope, i64::from(window));
                assert_eq!(young.map_or(0, |left| left.n), counted, "{place}");
            }
            if let (Some(value), Some(interval)) = (figure.value, figure.interval) {
                let holds = interval.low <= value + 1e-9 && value <= interval.high + 1e-9;
                assert!(holds, "{place}: {interval:?}");
            }
        }
    }
    // No slice is forgotten in which something happened.
    if query.by.is_some() && query.needs_backlog() && query.period == whole() {
        for label in plain.labels(dimension) {
            assert!(seen.contains(&label), "{what}: nothing is told of {dimension} {label:?}");
        }
    }
}

/// Everything that happens in the story.
fn whole() -> Period {
    days("2026-01-01", "2026-06-01")
}

/// The closings in columns, as [`Plain::closings`] tells them.
async fn counted_closings(store: &Store) -> Vec<Closing> {
    let mut all = Vec::new();
    let add = |team: &str, closings: CountedClosings| {
        for one in &closings.closings {
            let category = closings.categories[one.category].clone();
            let labels = [team.to_owned(), category, closings.channels[one.channel].clone()];
            let score =
                one.score.map(|(version, score)| (closings.versions[version].clone(), score));
            let outcomes =
                [7, 30].map(|window| match (one.is_explicit(window), one.is_repeated(window)) {
                    (true, _) => "explicit",
                    (_, true) => "implicit",
                    _ => "none",
                });
            all.push((one.closed_at.millis(), labels, score, outcomes));
        }
    };
    store.counted_closings(&TENANT, days("2025-01-01", "2027-01-01"), None, add).await.unwrap();
    all.sort_by(|a, b| a.partial_cmp(b).unwrap());
    all
}

/// Days are counted and months added up; what changes afterwards takes months away again.
async fn add_up(store: &Store, now: Timestamp) {
    let zone = Zone::parse("Europe/Warsaw").unwrap();
    store.refresh_kpis(&TENANT, &zone, None, 10_000).await.unwrap();
    while store.add_up_kpi_months(&TENANT, &zone, 7, now).await.unwrap() {}
}

async fn check_everything(database: &Database, store: &Store, what: &str) {
    // In turn with months and without: first as what has happened left them.
    let plain = Plain::read(&database.url).await;
    check(store, &plain, &all_measures(whole()), day(200.0), what).await;
    add_up(store, day(200.0)).await;
    assert_eq!(counted_closings(store).await, plain.closings(), "{what}");
    for now in [day(60.0), day(100.3), day(200.0)] {
        for by in [
            None,
            Some(Dimension::Team),
            Some(Dimension::Category),
            Some(Dimension::Channel),
            Some(Dimension::Segment),
        ] {
            check(store, &plain, &KpiQuery { by, ..all_measures(whole()) }, now, what).await;
        }
    }
    // Months, and what changed by category from one to the next.
    for by in [None, Some(Dimension::Category)] {
        let query = KpiQuery { by, step: Some(Step::Month), ..all_measures(whole()) };
        check(store, &plain, &query, day(200.0), what).await;
        let query = KpiQuery { by, ..all_measures(days("2026-01-20", "2026-04-15")) };
        check(store, &plain, &query, day(200.0), what).await;
    }
    // The night in which clocks are changed, and weeks around it; other windows.
    for window_days in [1, 3, 7, 30] {
        let query = KpiQuery {
            window_days,
            step: Some(Step::Week),
            ..all_measures(days("2026-03-18", "2026-04-12"))
        };
        check(store, &plain, &query, day(100.3), what).await;
        let query = KpiQuery {
            window_days,
            step: Some(Step::Day),
            slice: Some((Dimension::Category, "lost_card".to_owned())),
            ..all_measures(days("2026-03-27", "2026-04-01"))
        };
        check(store, &plain, &query, day(200.0), what).await;
    }
}

async fn every_figure_is_what_plain_code_counts_from_the_rows(database: &Database) {
    let store = database.store().await;
    let mut chance = Chance::new(7);
    for number in 0..140 {
        ticket_story(&store, &mut chance, &format!("t-{number}")).await;
        if number % 20 == 0 {
            // Days are counted while the story goes on.
            told(&store, &all_measures(whole()), day(90.0)).await;
        }
    }
    check_everything(database, &store, "the story").await;
}

async fn whatever_happens_is_counted_at_once(database: &Database) {
    let store = database.store().await;
    let mut chance = Chance::new(3);
    for number in 0..60 {
        ticket_story(&store, &mut chance, &format!("t-{number}")).await;
    }
    check_everything(database, &store, "the beginning").await;
    let author = name("lead");
    let (a, b) = (customer(1), customer(2));
    let merged =
        store.merge_identities(&TENANT, &a, &b, &author, "same name", &rules(), day(110.0)).await;
    let IdentitiesMerged::Merged(merge) = merged.unwrap() else { panic!("not merged") };
    check_everything(database, &store, "two customers are one").await;
    let undone =
        store.undo_merge(&TENANT, &merge.id, &author, "another", &rules(), day(111.0)).await;
    assert!(matches!(undone.unwrap(), MergeUndone::Undone(_)));
    check_everything(database, &store, "they are two again").await;
    erase(&store, 3).await;
    erase(&store, 4).await;
    check_everything(database, &store, "two are erased").await;
    solve(&store, "late", "u-5", "lost_card", 20.0, 21.0).await;
    check_everything(database, &store, "a ticket is reported late").await;
    correct(&store, &mut chance, "late", 30.0).await;
    check_everything(database, &store, "its outcome is corrected").await;
    let late = timeline::contact("c-late", "u-5", day(23.0));
    say(&store, &late, &timeline::about("lost_card")).await;
    check_everything(database, &store, "a contact is reported late").await;
    reopen(&store, "late", 60.0).await;
    check_everything(database, &store, "it is opened again, long after").await;
    close_at(&store, "late", 61.0, day(61.0)).await;
    check_everything(database, &store, "and closed again").await;
    let past = [closed_ticket("past-1", "u-5", 50_000), closed_ticket("past-2", "u-6", 70_000)];
    store.import_closed(&TENANT, &past, &rules(), day(112.0)).await.unwrap();
    check_everything(database, &store, "history is imported").await;
    let pairs = AdjacentPairs::from_iter([(name("lost_card"), name("card_arrival"))]);
    let moved = store.refresh_adjacency(&TENANT, &PAIRS, &pairs, &POLICY, day(113.0)).await;
    assert!(moved.unwrap() > 0);
    check_everything(database, &store, "other categories follow each other").await;
}

async fn nothing_happened_and_nothing_is_told(database: &Database) {
    let store = database.store().await;
    let report = told(&store, &all_measures(days("2026-01-01", "2026-02-01")), day(60.0)).await;
    let [only] = report.groups.as_slice() else { panic!("{:?}", report.groups) };
    for figure in &only.figures {
        let is_count = matches!(figure.measure, "backlog" | "contacts_per_day");
        assert_eq!(figure.value, is_count.then_some(0.0), "{}", figure.measure);
        assert_eq!((figure.n, figure.not_measured.as_deref()), (0, None), "{}", figure.measure);
    }
    let by =
        KpiQuery { by: Some(Dimension::Team), ..all_measures(days("2026-01-01", "2026-02-01")) };
    assert!(told(&store, &by, day(60.0)).await.groups.is_empty());
}

async fn one_ticket_is_told_as_small(database: &Database) {
    let store = database.store().await;
    solve(&store, "t-1", "u-1", "card_arrival", 0.0, 1.0).await;
    let report = told(&store, &all_measures(days("2026-01-01", "2026-02-01")), day(60.0)).await;
    let figure =
        |id: &str| report.groups[0].figures.iter().find(|figure| figure.measure == id).unwrap();
    let rcr = figure("rcr");
    assert_eq!((rcr.value, rcr.n, rcr.is_small), (Some(0.0), 1, true));
    assert_eq!(figure("resolution").value, Some(86_400.0));
    assert_eq!((figure("resolution").interval, figure("sla").value), (None, Some(1.0)));
    assert_eq!(figure("nps").not_measured.as_deref(), Some("needs field nps of the ticket event"));
    assert_eq!(
        figure("cost_per_contact").not_measured.as_deref(),
        Some("needs fields handling_cost, messages_in of the ticket event")
    );
}

async fn what_is_too_young_enters_no_rate_and_is_told(database: &Database) {
    let store = database.store().await;
    solve(&store, "t-1", "u-1", "card_arrival", 0.0, 1.0).await;
    solve(&store, "t-2", "u-1", "card_arrival", 2.0, 3.0).await;
    let query = all_measures(days("2026-01-01", "2026-02-01"));
    // Closed on 6 and 8 January: mature with the ends of these days and 14 days, in Warsaw at 23:00 UTC.
    let at = |text: &str| Timestamp::parse(text).unwrap();
    for (now, mature, young) in [
        ("2026-01-20T22:59:59Z", 0, 2),
        ("2026-01-20T23:00:00Z", 1, 1),
        ("2026-01-22T22:59:59Z", 1, 1),
        ("2026-01-22T23:00:00Z", 2, 0),
    ] {
        let report = told(&store, &query, at(now)).await;
        let rcr = &report.groups[0].figures[0];
        assert_eq!((rcr.measure, rcr.n), ("rcr", mature), "{now}");
        assert_eq!(rcr.excluded.first().map_or(0, |left| left.n), young, "{now}");
        assert_eq!(rcr.value.is_some(), mature > 0, "{now}");
        assert_eq!(rcr.mature_at, Some(at("2026-02-14T23:00:00Z")));
    }
}

async fn days_that_were_counted_in_another_zone_are_counted_anew(database: &Database) {
    let store = database.store().await;
    // Closed at 23:30 UTC, which is the day after in Warsaw.
    let event = TicketEvent { opened_at: minute(0), ..opening("t-1") };
    record(&store, &event).await;
    close_with(&store, "t-1", &closing(15 * 60 + 30), |_, _| None).await;
    let resolution = [Measure::find("resolution").unwrap()];
    for (zone, on_6) in
        [("UTC", 0), ("Europe/Warsaw", 1), ("America/New_York", 0), ("Asia/Tokyo", 1)]
    {
        let options = options(zone);
        let query = KpiQuery {
            measures: resolution.to_vec(),
            ..all_measures(days("2026-01-06", "2026-01-07"))
        };
        let told = tell(&store, &TENANT, &options, &query, context(&options, day(60.0))).await;
        assert_eq!(told.unwrap().groups[0].figures[0].n, on_6, "{zone}");
    }
}

/// As a database is after an upgrade from before closings were kept in columns.
async fn days_that_were_counted_by_earlier_rules_are_counted_anew(database: &Database) {
    let store = database.store().await;
    solve(&store, "t-1", "u-1", "card_arrival", 0.0, 1.0).await;
    told(&store, &all_measures(whole()), day(60.0)).await;
    let mut rows = flagged::Rows::open(&database.url).await;
    for statement in [
        "UPDATE settings SET value = 'Europe/Warsaw 1' WHERE name = 'kpi_basis'",
        "DELETE FROM kpi_closings",
    ] {
        rows.execute(statement.to_owned()).await;
    }
    assert_eq!(counted_closings(&store).await, []);
    told(&store, &all_measures(whole()), day(60.0)).await;
    assert_eq!(counted_closings(&store).await, Plain::read(&database.url).await.closings());
}

async fn more_changed_days_than_one_call_counts_are_refused_until_they_are_counted(
    database: &Database,
) {
    let store = database.store().await;
    for number in 0..6 {
        let opened = f64::from(number) * 3.0;
        solve(&store, &format!("t-{number}"), "u-1", "lost_card", opened, opened + 1.0).await;
    }
    let options = KpiOptions { days_at_once: 2, ..options("UTC") };
    let query = all_measures(days("2026-01-01", "2026-02-01"));
    let ask = || tell(&store, &TENANT, &options, &query, context(&options, day(60.0)));
    let left = match ask().await {
        Err(KpiError::NotCounted(left)) => left,
        other => panic!("{other:?}"),
    };
    assert!(left > 0);
    while store.refresh_kpis(&TENANT, &options.time_zone, None, 2).await.unwrap().left > 0 {}
    let report = ask().await.unwrap();
    let resolution = report.groups[0].figures.iter().find(|one| one.measure == "resolution");
    assert_eq!(resolution.unwrap().n, 6);
}

async fn the_effects_of_categories_add_up_to_the_change(database: &Database) {
    let store = database.store().await;
    let mut chance = Chance::new(11);
    for number in 0..120 {
        ticket_story(&store, &mut chance, &format!("t-{number}")).await;
    }
    let (options, period) = (options("Europe/Warsaw"), days("2026-02-15", "2026-04-01"));
    for id in ["rcr", "fcr_window", "sla", "explicit_share"] {
        let measure = Measure::find(id).unwrap();
        let now = day(100.0);
        let change =
            tell_change(&store, &TENANT, &options, (measure, period, 7), context(&options, now))
                .await;
        let change = change.unwrap();
        let parts = change.decomposition.unwrap();
        let sum: f64 = parts.effects.iter().map(|effect| effect.total).sum();
        assert!((sum - parts.difference).abs() < 1e-12, "{id}");
        for (period, side) in [(change.before, parts.before), (change.after, parts.after)] {
            let query =
                KpiQuery { window_days: 7, measures: vec![measure], ..all_measures(period) };
            let figure = &told(&store, &query, now).await.groups[0].figures[0];
            assert_eq!((figure.value, figure.n), (side.rate(), side.trials), "{id}");
        }
    }
}

async fn tenants_have_days_of_their_own(database: &Database) {
    let store = database.store().await;
    solve(&store, "t-1", "u-1", "card_arrival", 0.0, 1.0).await;
    let other = Tenant::new(name("other"));
    let (options, query) = (options("UTC"), all_measures(days("2026-01-01", "2026-02-01")));
    let report =
        tell(&store, &other, &options, &query, context(&options, day(60.0))).await.unwrap();
    assert!(report.groups[0].figures.iter().all(|figure| figure.n == 0));
}
