//! The map of next issues: summed up in the database, corrected by people, stored as a whole, computed by one process at a time.

use super::filler::{DAY, EpisodeRow, Filler, HOUR};
use super::*;
use recontact::costs::Costs;
use recontact::live_next_issues::{LiveNextIssues, Refreshed};
use recontact::next_issue::{NextIssueMap, NextIssueOptions};
use recontact::outcome::OutcomePolicy;
use recontact::statistics::Proportion;
use recontact::store::EpisodeScope;

on_both_databases!(
    the_map_is_summed_up_from_mature_episodes_only,
    the_first_contact_of_each_category_counts_once,
    the_newest_correction_overrides_what_was_derived,
    contacts_that_we_caused_never_count,
    one_team_or_channel_is_counted_alone,
    a_stored_map_comes_back_as_it_was_and_is_replaced_as_a_whole,
    one_process_computes_and_the_others_load,
    a_lease_that_was_not_given_back_ends_by_itself,
    pairs_that_become_adjacent_change_the_relation_of_stored_contacts,
    a_map_of_nothing_has_no_rates,
    tenants_have_maps_of_their_own,
);

fn now() -> Timestamp {
    Timestamp::parse("2026-06-01T00:00:00Z").unwrap()
}

/// Milliseconds of an instant so many days before now.
fn days_ago(days: i64) -> i64 {
    now().millis() - days * DAY
}

fn options() -> NextIssueOptions {
    NextIssueOptions {
        refresh_interval_s: 3600,
        lease_s: 900,
        window_days: 14,
        min_episodes: 3,
        secondaries_per_primary: 50,
        top: 20,
        costs: Costs { repeat: 1.0, ..Costs::default() },
    }
}

async fn compute(store: &Store) -> NextIssueMap {
    compute_scope(store, &EpisodeScope::default()).await
}

async fn compute_scope(store: &Store, scope: &EpisodeScope) -> NextIssueMap {
    store
        .compute_next_issues(&TENANT, scope, &options(), &OutcomePolicy::default(), now())
        .await
        .unwrap()
}

fn of(count: u64, trials: u64) -> Proportion {
    Proportion { count, trials }
}

/// Episodes that `secondary` followed, of those of `primary`; nothing where there is no such pair.
fn pair(
    map: &NextIssueMap,
    primary: &str,
    secondary: &str,
    window_days: u32,
) -> Option<Proportion> {
    let figures = map.primary(&name(primary), window_days)?;
    if primary == secondary {
        return figures.explicit.map(|explicit| explicit.proportion);
    }
    let found = figures.secondaries.iter().find(|one| one.category == name(secondary))?;
    Some(found.proportion)
}

async fn the_map_is_summed_up_from_mature_episodes_only(database: &Database) {
    let store = database.store().await;
    let mut filler = Filler::connect(&database.url).await;
    filler.followed(("card", "pin"), days_ago(40), (10, 4), 36 * HOUR).await;
    filler.followed(("loan", "pin"), days_ago(14), (20, 2), HOUR).await;
    filler.followed(("card", "pin"), days_ago(5), (6, 5), 2 * HOUR).await;
    // Closed tomorrow, by a clock that is ahead.
    filler.followed(("card", "pin"), days_ago(-1), (1, 0), HOUR).await;
    let map = compute(&store).await;
    assert_eq!(pair(&map, "card", "pin", 14), Some(of(4, 10)));
    assert_eq!(pair(&map, "card", "pin", 3), Some(of(9, 16)));
    assert_eq!(pair(&map, "card", "pin", 1), Some(of(5, 16)));
    assert_eq!(pair(&map, "loan", "pin", 14), Some(of(2, 20)));
    assert_eq!(map.primary(&name("loan"), 30), None);
    let pin = &map.primary(&name("card"), 14).unwrap().secondaries[0];
    assert_eq!(pin.base, of(6, 30));
    assert_eq!(pin.gap_hours.median, 36.0);
    let coverage = map.coverage[&14];
    assert_eq!((coverage.mature_episodes, coverage.immature_episodes), (30, 7));
    assert_eq!(map.coverage[&30].mature_episodes, 10);
}

async fn the_first_contact_of_each_category_counts_once(database: &Database) {
    let store = database.store().await;
    let mut filler = Filler::connect(&database.url).await;
    let tickets = filler.followed(("card", "pin"), days_ago(40), (4, 2), 20 * HOUR).await;
    filler.contact(&tickets[0], "card", Some("pin"), "unrelated", 2 * HOUR).await;
    filler.contact(&tickets[0], "card", Some("pin"), "unrelated", 9 * DAY).await;
    filler.contact(&tickets[0], "card", Some("loan"), "unrelated", 3 * HOUR).await;
    filler.contact(&tickets[0], "card", None, "unrelated", HOUR).await;
    // Another label, and by its text the same issue.
    filler.contact(&tickets[3], "card", Some("loan"), "explicit", 14 * DAY).await;
    filler.contact(&tickets[2], "card", Some("card"), "explicit", 14 * DAY + 1).await;
    let map = compute(&store).await;
    assert_eq!(pair(&map, "card", "pin", 14), Some(of(2, 4)));
    assert_eq!(pair(&map, "card", "loan", 14), Some(of(1, 4)));
    assert_eq!(pair(&map, "card", "card", 14), Some(of(1, 4)));
    assert_eq!(pair(&map, "card", "card", 30), Some(of(2, 4)));
    let figures = map.primary(&name("card"), 14).unwrap();
    assert_eq!(
        figures
            .secondaries
            .iter()
            .find(|one| one.category == name("pin"))
            .unwrap()
            .gap_hours
            .median,
        11.0
    );
    assert_eq!(figures.repeats, of(1, 4));
}

async fn the_newest_correction_overrides_what_was_derived(database: &Database) {
    let store = database.store().await;
    let mut filler = Filler::connect(&database.url).await;
    let tickets = filler.followed(("card", "card"), days_ago(40), (8, 6), 2 * HOUR).await;
    filler.contact(&tickets[1], "card", Some("pin"), "implicit", 3 * HOUR).await;
    filler.contact(&tickets[2], "card", Some("pin"), "implicit", 3 * HOUR).await;
    filler.correction(&tickets[0], "none", None, 1).await;
    filler.correction(&tickets[1], "unrelated", None, 1).await;
    filler.correction(&tickets[2], "explicit", None, 1).await;
    filler.correction(&tickets[2], "induced", None, 2).await;
    filler.correction(&tickets[3], "explicit", Some(10 * DAY), 1).await;
    // Nobody had come as far as the events tell.
    filler.correction(&tickets[6], "explicit", None, 1).await;
    filler.correction(&tickets[7], "implicit", Some(DAY), 1).await;
    let map = compute(&store).await;
    // Of six that came back, two did so as derived (4 and 5), one later than derived (3); one more is known by a person (6).
    assert_eq!(pair(&map, "card", "card", 7), Some(of(3, 8)));
    assert_eq!(pair(&map, "card", "card", 14), Some(of(4, 8)));
    assert_eq!(pair(&map, "card", "pin", 14), Some(of(1, 8)));
    let repeats = |window| map.primary(&name("card"), window).unwrap().repeats.count;
    assert_eq!((repeats(1), repeats(7), repeats(14)), (4, 4, 5));
}

async fn contacts_that_we_caused_never_count(database: &Database) {
    let store = database.store().await;
    let mut filler = Filler::connect(&database.url).await;
    let tickets = filler.followed(("card", "pin"), days_ago(40), (4, 0), HOUR).await;
    filler.contact(&tickets[0], "card", Some("card"), "induced", HOUR).await;
    filler.contact(&tickets[1], "card", Some("pin"), "induced", HOUR).await;
    let map = compute(&store).await;
    assert_eq!(pair(&map, "card", "card", 14), None);
    assert_eq!(pair(&map, "card", "pin", 14), None);
    assert_eq!(map.primary(&name("card"), 14).unwrap().repeats, of(0, 4));
}

async fn one_team_or_channel_is_counted_alone(database: &Database) {
    let store = database.store().await;
    let mut filler = Filler::connect(&database.url).await;
    for (team, channel) in [("cards", "email"), ("cards", "chat"), ("loans", "chat")] {
        for _ in 0..4 {
            let closed_at = days_ago(40);
            filler.write_episode(&EpisodeRow { category: "card", closed_at, team, channel }).await;
        }
    }
    let scope = |team: Option<&str>, channel: Option<&str>| EpisodeScope {
        team: team.map(name),
        channel: channel.map(name),
    };
    for (scope, expected) in [
        (scope(None, None), 12),
        (scope(Some("cards"), None), 8),
        (scope(None, Some("chat")), 8),
        (scope(Some("loans"), Some("chat")), 4),
        (scope(Some("loans"), Some("email")), 0),
    ] {
        let map = compute_scope(&store, &scope).await;
        assert_eq!(map.coverage[&14].mature_episodes, expected, "{scope:?}");
    }
}

async fn a_stored_map_comes_back_as_it_was_and_is_replaced_as_a_whole(database: &Database) {
    let store = database.store().await;
    assert_eq!(store.load_next_issues(&TENANT).await.unwrap(), NextIssueMap::default());
    assert_eq!(store.next_issues_computed(&TENANT).await.unwrap(), None);
    let mut filler = Filler::connect(&database.url).await;
    filler.followed(("card", "pin"), days_ago(40), (30, 12), 36 * HOUR).await;
    filler.followed(("карта", "карта"), days_ago(40), (9, 3), 7 * HOUR).await;
    let map = compute(&store).await;
    store.replace_next_issues(&TENANT, &map, "basis").await.unwrap();
    assert_eq!(store.load_next_issues(&TENANT).await.unwrap(), map);
    filler.followed(("loan", "pin"), days_ago(40), (100, 1), HOUR).await;
    let newer = NextIssueMap { computed_at: Some(minute(0)), ..compute(&store).await };
    store.replace_next_issues(&TENANT, &newer, "other").await.unwrap();
    assert_eq!(store.load_next_issues(&TENANT).await.unwrap(), newer);
    let computed = store.next_issues_computed(&TENANT).await.unwrap().unwrap();
    assert_eq!((computed.computed_at, computed.basis.as_str()), (minute(0), "other"));
}

fn live(options: NextIssueOptions) -> LiveNextIssues {
    LiveNextIssues::new(options, OutcomePolicy::default())
}

fn after_minutes(minutes: i64) -> Timestamp {
    Timestamp::from_millis(now().millis() + minutes * 60_000).unwrap()
}

async fn one_process_computes_and_the_others_load(database: &Database) {
    let store = database.store().await;
    let mut filler = Filler::connect(&database.url).await;
    filler.followed(("card", "pin"), days_ago(40), (10, 4), HOUR).await;
    let (first, second) = (live(options()), live(options()));
    let refresh = async |live: &LiveNextIssues, process: &str, now| {
        live.refresh(&store, &TENANT, process, now).await.unwrap()
    };
    assert_eq!(refresh(&first, "a", now()).await, Refreshed::Computed);
    assert_eq!(refresh(&second, "b", after_minutes(1)).await, Refreshed::Loaded);
    assert_eq!(first.map(), second.map());
    assert_eq!(refresh(&second, "b", after_minutes(2)).await, Refreshed::Unchanged);
    // An hour later it is due, for the first that looks.
    assert_eq!(refresh(&second, "b", after_minutes(60)).await, Refreshed::Computed);
    assert_eq!(refresh(&first, "a", after_minutes(60)).await, Refreshed::Loaded);
    // A process that was configured otherwise computes at its start.
    let strict = live(NextIssueOptions { min_episodes: 11, ..options() });
    assert_eq!(refresh(&strict, "c", after_minutes(61)).await, Refreshed::Computed);
    assert_eq!(strict.map().primary(&name("card"), 14), None);
}

async fn a_lease_that_was_not_given_back_ends_by_itself(database: &Database) {
    let store = database.store().await;
    let take = async |process: &str, from: i64, until: i64| {
        let (from, until) = (after_minutes(from), after_minutes(until));
        store.take_next_issues_lease(&TENANT, process, from, until).await.unwrap()
    };
    assert!(take("a", 0, 15).await);
    assert!(!take("b", 14, 29).await);
    let refreshed = live(options()).refresh(&store, &TENANT, "b", after_minutes(14)).await;
    assert_eq!(refreshed.unwrap(), Refreshed::Awaited);
    assert!(take("b", 16, 31).await);
    // What another has taken since is not given back.
    store.give_back_next_issues_lease(&TENANT, "a", after_minutes(15)).await.unwrap();
    assert!(!take("c", 17, 32).await);
    store.give_back_next_issues_lease(&TENANT, "b", after_minutes(31)).await.unwrap();
    assert!(take("c", 17, 32).await);
}

async fn pairs_that_become_adjacent_change_the_relation_of_stored_contacts(database: &Database) {
    let store = database.store().await;
    let mut filler = Filler::connect(&database.url).await;
    let tickets = filler.followed(("card", "pin"), days_ago(40), (30, 12), HOUR).await;
    filler.followed(("loan", "card"), days_ago(40), (200, 2), HOUR).await;
    let live = live(options());
    live.refresh(&store, &TENANT, "a", now()).await.unwrap();
    assert_eq!(filler.relations(&tickets[0]).await, ["implicit"]);
    let map = live.map();
    assert_eq!(map.primary(&name("card"), 14).unwrap().repeats, of(12, 30));
    assert_eq!(map.primary(&name("loan"), 14).unwrap().repeats, of(0, 200));
    assert_eq!(map.likely_next(&name("card"), 14, now()).unwrap().category, name("pin"));
    // Many more without: the pair is seen often, and no more often than elsewhere.
    filler.followed(("loan", "pin"), days_ago(40), (300, 290), HOUR).await;
    live.refresh(&store, &TENANT, "a", after_minutes(60)).await.unwrap();
    assert_eq!(filler.relations(&tickets[0]).await, ["unrelated"]);
    assert_eq!(live.map().primary(&name("card"), 14).unwrap().repeats, of(0, 30));
}

async fn a_map_of_nothing_has_no_rates(database: &Database) {
    let store = database.store().await;
    let map = compute(&store).await;
    assert!(map.primaries.is_empty());
    assert_eq!(map.coverage[&14].mature_episodes, 0);
    let live = live(options());
    assert_eq!(live.refresh(&store, &TENANT, "a", now()).await.unwrap(), Refreshed::Computed);
    assert_eq!(live.map().computed_at, Some(now()));
}

async fn tenants_have_maps_of_their_own(database: &Database) {
    let store = database.store().await;
    let mut filler = Filler::connect(&database.url).await.of_tenant("other");
    filler.followed(("card", "pin"), days_ago(40), (10, 4), HOUR).await;
    filler.close().await;
    assert!(compute(&store).await.primaries.is_empty());
    let other = Tenant::new(name("other"));
    let live = live(options());
    live.refresh(&store, &other, "a", now()).await.unwrap();
    assert_eq!(pair(&live.map(), "card", "pin", 14), Some(of(4, 10)));
    assert_eq!(store.load_next_issues(&TENANT).await.unwrap(), NextIssueMap::default());
    assert!(store.take_next_issues_lease(&TENANT, "a", now(), after_minutes(1)).await.unwrap());
    assert!(store.take_next_issues_lease(&other, "b", now(), after_minutes(1)).await.unwrap());
}

#[test]
#[ignore = "fills a million episodes: run with --ignored --nocapture to measure"]
fn a_million_episodes_are_summed_up_on_sqlite() {
    crate::run_on_sqlite(a_million_episodes_are_summed_up);
}

#[test]
#[ignore = "fills a million episodes: run with --ignored --nocapture to measure"]
fn a_million_episodes_are_summed_up_on_postgres() {
    crate::run_on_postgres(a_million_episodes_are_summed_up);
}

#[expect(clippy::print_stdout, reason = "figures for whoever measures")]
async fn a_million_episodes_are_summed_up(database: &Database) {
    let store = database.store().await;
    Filler::connect(&database.url).await.many(1_000_000, now().millis()).await;
    let live = live(options());
    for (what, minutes) in [("first, with relations", 0), ("again", 60)] {
        let start = std::time::Instant::now();
        live.refresh(&store, &TENANT, "a", after_minutes(minutes)).await.unwrap();
        println!(
            "next issues of 1 000 000 episodes, {what}: {:.1} s",
            start.elapsed().as_secs_f64()
        );
    }
    let start = std::time::Instant::now();
    let loaded = store.load_next_issues(&TENANT).await.unwrap();
    println!("loaded: {:.2} s", start.elapsed().as_secs_f64());
    assert_eq!(loaded, *live.map());
    assert_eq!(loaded.primaries.len(), 100);
    let memory = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    println!("{}", memory.lines().find(|line| line.starts_with("VmHWM")).unwrap_or_default());
}
