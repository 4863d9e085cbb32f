//! Corrections of outcomes: kept beside what was derived, the latest counts.

use super::timeline::*;
use super::*;
use recontact::outcome::{EpisodeId, Outcome};
use recontact::store::{CorrectionRecorded, NewCorrection, OutcomeFilter};

on_both_databases!(
    the_latest_correction_counts_and_both_are_kept,
    the_correction_that_counts_sent_again_changes_nothing,
    a_correction_of_no_episode_is_refused,
    a_gap_longer_than_the_window_is_no_return_in_the_figures,
    who_has_come_back_as_somebody_says_is_not_at_risk_any_more,
);

fn correction(outcome: Outcome) -> NewCorrection {
    NewCorrection {
        episode: EpisodeId { ticket: name("t-1"), number: 1 },
        outcome,
        gap_ms: None,
        cause_code: Some(name("first_time_error")),
        author: name("lead"),
        reason: "heard it on the telephone".to_owned(),
    }
}

async fn correct(store: &Store, correction: &NewCorrection, at: f64) -> CorrectionRecorded {
    store.correct_outcome(&TENANT, correction, day(at)).await.unwrap()
}

async fn who_has_come_back_as_somebody_says_is_not_at_risk_any_more(database: &Database) {
    let store = database.store().await;
    solve(&store, "t-1", "u-1", "card_arrival", 0.0, 1.0).await;
    let at_risk = async || store.count_at_risk(&TENANT, "high", None, day(0.0)).await.unwrap();
    assert_eq!(at_risk().await, 1);
    correct(&store, &correction(Outcome::Implicit), 2.0).await;
    assert_eq!(at_risk().await, 0);
    correct(&store, &correction(Outcome::Unrelated), 3.0).await;
    assert_eq!(at_risk().await, 1);
}

async fn the_latest_correction_counts_and_both_are_kept(database: &Database) {
    let store = database.store().await;
    solve(&store, "t-1", "u-1", "card_arrival", 0.0, 1.0).await;
    for (outcome, at) in
        [(Outcome::Explicit, 20.0), (Outcome::Implicit, 20.0), (Outcome::Unrelated, 19.0)]
    {
        let recorded = correct(&store, &correction(outcome), at).await;
        assert!(matches!(recorded, CorrectionRecorded::Recorded(_)), "{recorded:?}");
    }
    let found = episodes(&store, "t-1").await.remove(0);
    let said: Vec<_> = found.corrections.iter().map(|c| c.outcome).collect();
    assert_eq!(said, [Outcome::Explicit, Outcome::Implicit, Outcome::Unrelated]);
    assert!(found.recontacts.is_empty());
    let filter = OutcomeFilter { window_days: 7, from: None, to: None, category: None, team: None };
    let summary = store.outcome_summary(&TENANT, &filter, day(30.0)).await.unwrap();
    assert_eq!((summary.all.unrelated, summary.all.total(), summary.corrected), (1, 1, 1));
}

async fn the_correction_that_counts_sent_again_changes_nothing(database: &Database) {
    let store = database.store().await;
    solve(&store, "t-1", "u-1", "card_arrival", 0.0, 1.0).await;
    correct(&store, &correction(Outcome::Explicit), 20.0).await;
    let again = correct(&store, &correction(Outcome::Explicit), 21.0).await;
    assert!(
        matches!(&again, CorrectionRecorded::Unchanged(c) if c.recorded_at == day(20.0)),
        "{again:?}"
    );
    correct(&store, &correction(Outcome::None), 22.0).await;
    let back = correct(&store, &correction(Outcome::Explicit), 23.0).await;
    assert!(matches!(back, CorrectionRecorded::Recorded(_)), "{back:?}");
    assert_eq!(episodes(&store, "t-1").await.remove(0).corrections.len(), 3);
}

async fn a_correction_of_no_episode_is_refused(database: &Database) {
    let store = database.store().await;
    record(&store, &opening("t-1")).await;
    let refused = correct(&store, &correction(Outcome::Explicit), 1.0).await;
    assert_eq!(refused, CorrectionRecorded::UnknownEpisode);
}

async fn a_gap_longer_than_the_window_is_no_return_in_the_figures(database: &Database) {
    let store = database.store().await;
    solve(&store, "t-1", "u-1", "card_arrival", 0.0, 1.0).await;
    let said = NewCorrection { gap_ms: Some(5 * 86_400_000), ..correction(Outcome::Explicit) };
    correct(&store, &said, 20.0).await;
    for (window_days, explicit) in [(1, 0), (3, 0), (7, 1), (14, 1)] {
        let filter =
            OutcomeFilter { window_days, from: None, to: None, category: None, team: None };
        let summary = store.outcome_summary(&TENANT, &filter, day(40.0)).await.unwrap();
        assert_eq!((summary.all.explicit, summary.all.total()), (explicit, 1), "{window_days}");
    }
}
