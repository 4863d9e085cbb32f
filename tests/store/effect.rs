//! The effect of an experiment: both arms whole, effective outcomes, the customer as the unit, page by page.

use super::*;
use crate::flagged::{DAY_MS, Flagged, Rows, day_ms};
use recontact::config::{CommandLineSettings, Settings};
use recontact::effect::looks::LookPlan;
use recontact::effect::{ContactCosts, EffectPolicy, EffectReport, Verdict};
use recontact::kpi::Zone;
use recontact::live_kpis::tell_effect;
use recontact::risk::Language;
use recontact::store::PersonAction;

on_both_databases!(
    an_unknown_experiment_is_none,
    everybody_flagged_counts_whatever_became_of_the_follow_up,
    a_correction_counts_instead_of_what_was_derived,
    only_the_experiments_window_counts,
    immature_episodes_are_counted_and_in_no_rate,
    the_customer_is_the_unit,
    a_person_of_two_identities_is_one_customer,
    other_tenants_and_experiments_are_not_seen,
    an_episode_that_is_gone_is_counted,
    a_follow_up_that_is_made_counts_at_once,
    a_ticket_counts_as_treated_when_a_follow_up_was_done,
);

fn policy() -> EffectPolicy {
    EffectPolicy {
        looks_days: LookPlan::parse(vec![60]).unwrap(),
        target_reduction: 0.2,
        costs: ContactCosts::parse(8.0, 2.0).unwrap(),
    }
}

/// The report of the rows, which that of counted days must be like.
async fn report_on(store: &Store, id: &str, day: i64) -> Option<EffectReport> {
    let report = report_of_rows(store, id, day).await;
    let now = Timestamp::from_millis(day_ms(day)).unwrap();
    let zone = Zone::parse("Asia/Tokyo").unwrap();
    store.refresh_kpis(&TENANT, &zone, None, 1000).await.unwrap();
    let counted = store.counted_experiment_effect(&TENANT, &name(id), &policy(), now).await;
    let counted = counted.unwrap().map(|effect| effect.tally.report(Language::En));
    assert_eq!(counted, report);
    report
}

async fn report_of_rows(store: &Store, id: &str, day: i64) -> Option<EffectReport> {
    let now = Timestamp::from_millis(day_ms(day)).unwrap();
    let effect = store.experiment_effect(&TENANT, &name(id), &policy(), now).await.unwrap();
    effect.map(|effect| effect.tally.report(Language::En))
}

async fn report(store: &Store) -> EffectReport {
    report_on(store, "first", 60).await.unwrap()
}

fn flagged(
    number: u32,
    customer: &'static str,
    arm: &'static str,
    status: &'static str,
) -> Flagged {
    Flagged { number, customer, arm, probability: 0.5, status, closed_day: 1 }
}

async fn begin(database: &Database) -> (Store, Rows) {
    let store = database.store().await;
    let mut rows = Rows::open(&database.url).await;
    rows.experiment("default", "first", 0.5).await;
    (store, rows)
}

async fn an_unknown_experiment_is_none(database: &Database) {
    let (store, _) = begin(database).await;
    assert_eq!(report_on(&store, "second", 60).await, None);
    let empty = report(&store).await;
    assert_eq!((empty.arms.treatment.flagged_episodes, empty.difference), (0, None));
}

async fn everybody_flagged_counts_whatever_became_of_the_follow_up(database: &Database) {
    let (store, mut rows) = begin(database).await;
    let statuses = [
        "waiting",
        "suppressed",
        "claimed",
        "done",
        "snoozed",
        "disagreed",
        "not_needed",
        "expired",
    ];
    let customers = ["c0", "c1", "c2", "c3", "c4", "c5", "c6", "c7"];
    for (number, (status, customer)) in (0..).zip(statuses.into_iter().zip(customers)) {
        rows.flagged("default", "first", &flagged(number, customer, "treatment", status)).await;
    }
    rows.flagged("default", "first", &flagged(20, "d0", "control", "held_out")).await;
    rows.flagged("default", "first", &flagged(21, "d1", "control", "held_out")).await;
    rows.recontact("default", 1, "explicit", DAY_MS).await;
    rows.recontact("default", 3, "implicit", DAY_MS).await;
    rows.recontact("default", 3, "implicit", 2 * DAY_MS).await;
    rows.recontact("default", 4, "unrelated", DAY_MS).await;
    rows.recontact("default", 3, "induced", DAY_MS).await;
    rows.recontact("default", 20, "explicit", DAY_MS).await;
    let report = report(&store).await;
    let (treatment, control) = (report.arms.treatment, report.arms.control);
    assert_eq!((treatment.mature_episodes, treatment.repeats), (8, 2));
    assert_eq!((treatment.contacted_episodes, treatment.induced_contacts), (1, 1));
    assert_eq!((control.mature_episodes, control.repeats, control.contacted_episodes), (2, 1, 0));
    assert_eq!(report.difference.unwrap().difference, 0.25 - 0.5);
    let avoided = report.contacts_avoided.unwrap();
    // 2 contacts avoided, 1 induced, one follow-up at a quarter of a contact.
    assert!((avoided.net - 0.75).abs() < 1e-9, "{avoided:?}");
}

async fn a_correction_counts_instead_of_what_was_derived(database: &Database) {
    let (store, mut rows) = begin(database).await;
    for (number, customer) in (0..6).zip(["c0", "c1", "c2", "c3", "c4", "c5"]) {
        rows.flagged("default", "first", &flagged(number, customer, "treatment", "done")).await;
    }
    rows.recontact("default", 0, "explicit", DAY_MS).await;
    rows.correction("default", 0, "unrelated", "NULL", 5).await;
    rows.correction("default", 1, "none", "NULL", 5).await;
    rows.correction("default", 1, "implicit", "NULL", 9).await;
    rows.correction("default", 2, "explicit", &(20 * DAY_MS).to_string(), 5).await;
    rows.correction("default", 3, "explicit", &(14 * DAY_MS).to_string(), 5).await;
    rows.recontact("default", 4, "explicit", DAY_MS).await;
    rows.correction("default", 4, "induced", "NULL", 5).await;
    rows.recontact("default", 5, "induced", DAY_MS).await;
    rows.correction("default", 5, "none", "NULL", 5).await;
    let treatment = report(&store).await.arms.treatment;
    // 1 by its newest correction, 3 just inside the window.
    assert_eq!((treatment.repeats, treatment.induced_contacts), (2, 1));
}

async fn only_the_experiments_window_counts(database: &Database) {
    let (store, mut rows) = begin(database).await;
    for (number, customer) in (0..4).zip(["c0", "c1", "c2", "c3"]) {
        rows.flagged("default", "first", &flagged(number, customer, "control", "held_out")).await;
    }
    rows.recontact("default", 0, "explicit", 14 * DAY_MS).await;
    rows.recontact("default", 1, "explicit", 14 * DAY_MS + 1).await;
    rows.recontact("default", 2, "explicit", 0).await;
    rows.recontact("default", 3, "induced", 14 * DAY_MS + 1).await;
    let control = report(&store).await.arms.control;
    assert_eq!((control.repeats, control.induced_contacts), (1, 0));
}

async fn immature_episodes_are_counted_and_in_no_rate(database: &Database) {
    let (store, mut rows) = begin(database).await;
    for (number, customer, closed_day) in [(0, "c0", 10), (1, "c1", 46), (2, "c2", 47)] {
        let late = Flagged { closed_day, ..flagged(number, customer, "treatment", "done") };
        rows.flagged("default", "first", &late).await;
        rows.recontact("default", number, "explicit", DAY_MS).await;
    }
    let treatment = report(&store).await.arms.treatment;
    assert_eq!((treatment.mature_episodes, treatment.immature_episodes), (2, 1));
    assert_eq!((treatment.repeats, treatment.customers), (2, 3));
    let early = report_on(&store, "first", 12).await.unwrap();
    assert_eq!((early.arms.treatment.rate, early.verdict.verdict), (None, Verdict::TooEarly));
}

async fn a_person_of_two_identities_is_one_customer(database: &Database) {
    let (store, mut rows) = begin(database).await;
    for (number, customer) in [(0, "c0"), (1, "c1"), (2, "c2")] {
        rows.flagged("default", "first", &flagged(number, customer, "treatment", "done")).await;
        let person = if customer == "c2" { "c2" } else { "c0" };
        rows.execute(format!(
            "INSERT INTO identities (tenant, identity_hash, kind, person) \
             VALUES ('default', '{customer}', 'customer', '{person}')"
        ))
        .await;
    }
    let treatment = report(&store).await.arms.treatment;
    assert_eq!((treatment.customers, treatment.mature_episodes), (2, 3));
}

async fn the_customer_is_the_unit(database: &Database) {
    let (store, mut rows) = begin(database).await;
    // Two customers in each arm; one customer in both arms.
    let insert = |from: u32, to: u32, customer: &str, arm: &str, status: &str| {
        let numbers = format!(
            "WITH RECURSIVE n(i) AS (SELECT CAST({from} AS BIGINT) UNION ALL SELECT i + 1 FROM n WHERE i < {to}) "
        );
        let closed_at = day_ms(1);
        let id = "CAST(100000 + i AS TEXT)";
        [
            format!(
                "{numbers} INSERT INTO tickets (tenant, id, customer_hash, opened_at, updated_at, closed_at, details) \
                 SELECT 'default', 't-' || {id}, '{customer}', 0, {closed_at}, {closed_at}, '{{}}' FROM n"
            ),
            format!(
                "{numbers} INSERT INTO episodes (tenant, ticket_id, number, customer_hash, category, opened_at, closed_at, ended_by) \
                 SELECT 'default', 't-' || {id}, 1, '{customer}', 'card', 0, {closed_at}, 'closing' FROM n"
            ),
            format!(
                "{numbers} INSERT INTO follow_ups (tenant, id, ticket_id, episode, experiment_id, customer_hash, arm, team, category, \
                 probability, expected_benefit, status, available_at, due_at, is_after_gap, expires_at, version, created_at) \
                 SELECT 'default', 'f-' || {id}, 't-' || {id}, 1, 'first', '{customer}', '{arm}', 'cards', 'card', \
                 0.5, 1.0, '{status}', 0, 0, 0, 0, 1, {closed_at} FROM n"
            ),
        ]
    };
    for statements in [
        insert(0, 1499, "c0", "treatment", "done"),
        insert(1500, 1999, "c1", "treatment", "expired"),
        insert(2000, 2999, "d0", "control", "held_out"),
        insert(3000, 3001, "d1", "control", "held_out"),
        insert(3002, 3002, "both", "control", "held_out"),
        insert(3003, 3003, "both", "treatment", "done"),
    ] {
        for statement in statements {
            rows.execute(statement).await;
        }
    }
    let report = report(&store).await;
    let (treatment, control) = (report.arms.treatment, report.arms.control);
    assert_eq!((treatment.customers, treatment.mature_episodes), (2, 2000));
    assert_eq!((treatment.contacted_episodes, control.customers), (1500, 2));
    assert_eq!((control.mature_episodes, report.customers_in_both_arms), (1002, 1));
}

async fn other_tenants_and_experiments_are_not_seen(database: &Database) {
    let (store, mut rows) = begin(database).await;
    rows.execute("UPDATE experiments SET ended_at = started_at".to_owned()).await;
    rows.experiment("default", "second", 0.5).await;
    rows.experiment("other", "first", 0.5).await;
    rows.flagged("default", "second", &flagged(0, "c0", "treatment", "done")).await;
    rows.flagged("other", "first", &flagged(1, "c1", "treatment", "done")).await;
    rows.flagged("default", "first", &flagged(2, "c2", "control", "held_out")).await;
    // The same ticket of another tenant came back.
    rows.recontact("other", 2, "explicit", DAY_MS).await;
    rows.correction("other", 2, "explicit", "NULL", 1).await;
    let report = report(&store).await;
    assert_eq!(report.arms.treatment.flagged_episodes, 0);
    assert_eq!((report.arms.control.flagged_episodes, report.arms.control.repeats), (1, 0));
}

async fn an_episode_that_is_gone_is_counted(database: &Database) {
    let (store, mut rows) = begin(database).await;
    rows.flagged("default", "first", &flagged(0, "c0", "treatment", "done")).await;
    rows.flagged("default", "first", &flagged(1, "c1", "treatment", "done")).await;
    rows.execute("DELETE FROM episodes WHERE ticket_id = 't-0'".to_owned()).await;
    let report = report_of_rows(&store, "first", 60).await.unwrap();
    assert_eq!((report.arms.treatment.flagged_episodes, report.episodes_without_outcome), (1, 1));
    let now = Timestamp::from_millis(day_ms(60)).unwrap();
    let options = Settings::load(&CommandLineSettings::default()).unwrap().kpi;
    let told = tell_effect(&store, &TENANT, &options, (&name("first"), &policy()), now).await;
    assert_eq!(told.unwrap().unwrap().tally.report(Language::En), report);
}

async fn a_follow_up_that_is_made_counts_at_once(database: &Database) {
    use super::follow_ups::{by_email, fill, must_step, queue};
    let store = queue(database).await;
    let queued = fill(&store, 4, 0).await;
    let contacted = async |store: &Store| {
        report_on(store, "first", 60).await.unwrap().arms.treatment.contacted_episodes
    };
    assert_eq!(contacted(&store).await, 0);
    let claimed = must_step(&store, &queued[0], "ann", PersonAction::Claim, 1).await;
    assert_eq!(contacted(&store).await, 0);
    must_step(&store, &claimed, "ann", by_email(), 2).await;
    assert_eq!(contacted(&store).await, 1);
}

/// What training is told: who was assigned is not who was followed up.
async fn a_ticket_counts_as_treated_when_a_follow_up_was_done(database: &Database) {
    let (store, mut rows) = begin(database).await;
    let flags = [("treatment", "done"), ("treatment", "expired"), ("control", "held_out")];
    for ((number, customer), (arm, status)) in (1..).zip(["c1", "c2", "c3"]).zip(flags) {
        rows.flagged("default", "first", &flagged(number, customer, arm, status)).await;
    }
    rows.experiment("other", "first", 0.5).await;
    rows.flagged("other", "first", &flagged(9, "c9", "treatment", "done")).await;
    let tickets = store.flagged_tickets(&TENANT, "").await.unwrap();
    let seen: Vec<_> = tickets.iter().map(|t| (t.arm.as_str(), t.treated)).collect();
    assert_eq!(seen, [("treatment", true), ("treatment", false), ("control", false)]);
    let last = &tickets[2].ticket_id;
    assert_eq!(store.flagged_tickets(&TENANT, last).await.unwrap(), []);
}
