use super::*;
use crate::effect::looks::LookPlan;
use crate::effect::uplift::{Reading, ScoreHistogram};
use crate::effect::{ContactCosts, Design, Observation};

const WINDOW: u32 = 14;

fn start() -> Timestamp {
    Timestamp::parse("2026-01-01T00:00:00Z").unwrap()
}

fn design(days: &[u32]) -> Design {
    Design {
        window_days: WINDOW,
        treatment_share: 0.5,
        started_at: start(),
        ended_at: None,
        looks: LookPlan::parse(days.to_vec()).unwrap(),
        costs: ContactCosts::parse(8.0, 2.0).unwrap(),
        target_reduction: 0.2,
    }
}

fn episode(arm: Arm, flagged_day: i64, repeat: bool) -> Observation {
    Observation {
        arm,
        score: 0.5,
        flagged_at: start().plus_days(flagged_day),
        matures_at: start().plus_days(flagged_day + i64::from(WINDOW)),
        repeat,
        induced: 0,
        contacted: arm == Arm::Treatment,
    }
}

fn tally(days: &[u32], as_of_day: i64) -> Tally {
    Tally::new(design(days), start().plus_days(as_of_day), ScoreHistogram::default().cuts())
}

/// An arm of customers with one episode each, flagged on a day; the first `repeats` of them came back.
fn fill(tally: &mut Tally, arm: Arm, customers: u32, repeats: u32, day: i64) {
    for index in 0..customers {
        tally.add_customer(&[episode(arm, day, index < repeats)]);
    }
}

fn report(tally: &Tally) -> EffectReport {
    tally.report(Language::En)
}

#[test]
fn the_difference_is_newcombes_published_example_and_counts_contacts() {
    // Newcombe 1998b, table II, method 10: 56/70 - 48/80 is 0.2 (0.0524, 0.3339).
    let mut tally = tally(&[30], 30);
    fill(&mut tally, Arm::Treatment, 70, 56, 0);
    fill(&mut tally, Arm::Control, 80, 48, 0);
    let report = report(&tally);
    let difference = report.difference.unwrap();
    assert!((difference.difference - 0.2).abs() < 1e-12);
    let newcombe = difference.newcombe.unwrap();
    assert!((newcombe.low - 0.0524).abs() < 5e-5 && (newcombe.high - 0.3339).abs() < 5e-5);
    assert_eq!(difference.decided_by, DecidedBy::Newcombe);
    assert_eq!(report.verdict.verdict, Verdict::Increases);
    let avoided = report.contacts_avoided.unwrap();
    assert!((avoided.gross + 14.0).abs() < 1e-9);
    assert!((avoided.gross_interval.unwrap().low + 70.0 * newcombe.high).abs() < 1e-9);
}

#[test]
fn net_is_gross_less_induced_less_cost() {
    let mut tally = tally(&[30], 30);
    for index in 0..100 {
        let mut treated = episode(Arm::Treatment, 0, index < 20);
        treated.induced = u32::from(index % 25 == 0);
        treated.contacted = index < 80;
        tally.add_customer(&[treated]);
    }
    fill(&mut tally, Arm::Control, 100, 50, 0);
    let report = report(&tally);
    let avoided = report.contacts_avoided.unwrap();
    assert!((avoided.gross - 30.0).abs() < 1e-9);
    assert!((avoided.induced - 4.0).abs() < 1e-9);
    // 80 follow-ups at a quarter of a contact.
    assert!((avoided.follow_up_cost - 20.0).abs() < 1e-9);
    assert!((avoided.net - 6.0).abs() < 1e-9);
    assert!((avoided.money.net - 48.0).abs() < 1e-9);
    let interval = avoided.net_interval.unwrap();
    assert!(interval.low < 6.0 && 6.0 < interval.high);
    // 20 of the 80 contacted came back, half of the control arm did.
    assert!(report.contacted_only.is_biased);
    assert!((report.contacted_only.difference_from_control.unwrap() + 0.25).abs() < 1e-12);
}

#[test]
fn before_the_first_look_and_before_maturity_there_is_no_verdict() {
    let mut early = tally(&[30], 29);
    fill(&mut early, Arm::Treatment, 1000, 0, 0);
    fill(&mut early, Arm::Control, 1000, 900, 0);
    let before = report(&early);
    assert_eq!((before.verdict.verdict, before.verdict.look), (Verdict::TooEarly, None));
    assert_eq!(before.verdict.next_look_at, Some(start().plus_days(30)));
    let mut immature = tally(&[30], 30);
    fill(&mut immature, Arm::Treatment, 1000, 0, 20);
    fill(&mut immature, Arm::Control, 1000, 900, 20);
    let immature = report(&immature);
    assert_eq!(immature.verdict.verdict, Verdict::TooEarly);
    assert_eq!(immature.arms.control.immature_episodes, 1000);
    assert_eq!((immature.arms.control.rate, immature.difference), (None, None));
}

#[test]
fn a_verdict_of_a_look_does_not_change_between_looks() {
    let mut tally = tally(&[30, 60], 45);
    fill(&mut tally, Arm::Treatment, 2000, 200, 0);
    fill(&mut tally, Arm::Control, 2000, 600, 0);
    let at_look = report(&tally).verdict;
    assert_eq!((at_look.verdict, at_look.look.unwrap().number), (Verdict::Reduces, 1));
    // What matured after the look enters the figures, not the verdict.
    fill(&mut tally, Arm::Treatment, 2000, 1900, 20);
    fill(&mut tally, Arm::Control, 2000, 0, 20);
    let later = report(&tally);
    assert_eq!(later.verdict, at_look);
    assert!(later.difference.unwrap().difference > 0.0);
}

#[test]
fn an_interim_look_that_shows_nothing_waits_and_the_last_one_says_so() {
    let mut interim = tally(&[30, 60], 45);
    fill(&mut interim, Arm::Treatment, 500, 100, 0);
    fill(&mut interim, Arm::Control, 500, 101, 0);
    assert_eq!(report(&interim).verdict.verdict, Verdict::TooEarly);
    let mut last = tally(&[30, 60], 61);
    fill(&mut last, Arm::Treatment, 500, 100, 0);
    fill(&mut last, Arm::Control, 500, 101, 0);
    let last = report(&last);
    assert_eq!(last.verdict.verdict, Verdict::NoDifferenceShown);
    assert!(last.power.minimal_detectable_reduction.unwrap() > 0.05);
    assert!(last.power.power_for_target.unwrap() < 0.5);
    let needed = last.power.needed_for_target.unwrap();
    assert!(needed.control > 1300, "{needed:?}");
    assert!(needed.control.abs_diff(needed.treatment) <= 2, "{needed:?}");
}

#[test]
fn arms_that_chance_would_not_give_have_no_verdict() {
    let mut tally = tally(&[30], 31);
    fill(&mut tally, Arm::Treatment, 1100, 100, 0);
    fill(&mut tally, Arm::Control, 900, 300, 0);
    let report = report(&tally);
    assert!(!report.sample_ratio.is_valid);
    assert_eq!(report.verdict.verdict, Verdict::InvalidSampleRatio);
    assert_eq!((report.verdict.interval, report.verdict.look), (None, None));
}

#[test]
fn customers_with_several_alike_episodes_are_not_taken_for_many() {
    let mut tally = tally(&[30], 31);
    // 40 customers of 10 episodes that all came back or all did not: 26 of 40 against 14 of 40.
    for (arm, back) in [(Arm::Treatment, 26), (Arm::Control, 18)] {
        for index in 0..40 {
            tally.add_customer(&[episode(arm, 0, index < back); 10]);
        }
    }
    let report = report(&tally);
    let difference = report.difference.unwrap();
    assert_eq!(difference.decided_by, DecidedBy::ClusterRobust);
    assert!((difference.design_effect.unwrap() - 10.0).abs() < 0.5);
    assert!(difference.newcombe.unwrap().low > 0.0);
    assert!(difference.cluster_robust.unwrap().low < 0.0);
    assert_eq!(report.verdict.verdict, Verdict::NoDifferenceShown);
    let customers = report.customers.unwrap();
    assert_eq!(customers.treatment, Proportion { count: 26, trials: 40 });
}

#[test]
fn customers_in_both_arms_are_counted_and_left_out() {
    let mut tally = tally(&[30], 31);
    tally.add_customer(&[episode(Arm::Treatment, 0, true), episode(Arm::Control, 1, true)]);
    tally.add_customer(&[]);
    tally.skip_without_outcome();
    let report = report(&tally);
    assert_eq!((report.customers_in_both_arms, report.episodes_without_outcome), (1, 1));
    assert_eq!((report.arms.treatment.customers, report.arms.control.customers), (0, 0));
    assert_eq!(report.sample_ratio.p_value, None);
}

#[test]
fn an_empty_experiment_has_no_rate_and_can_be_shown() {
    let report = report(&tally(&[30], 40));
    assert_eq!(report.verdict.verdict, Verdict::TooEarly);
    assert_eq!((report.arms.treatment.rate, report.contacts_avoided.as_ref()), (None, None));
    assert_eq!(report.uplift.len(), 10);
    assert!(
        report
            .uplift
            .iter()
            .all(|tenth| tenth.uplift.is_none() && tenth.reading == Reading::NotShown)
    );
    assert_eq!(report.qini.area, None);
    for language in Language::ALL {
        let text = report.to_table(language);
        assert!(text.contains("too_early") && !text.contains("NaN"), "{text}");
    }
}

#[test]
fn every_figure_has_its_definition_in_every_language() {
    let tally = tally(&[30], 40);
    let english = report(&tally).definitions;
    for language in Language::ALL {
        let definitions = tally.report(language).definitions;
        assert_eq!(definitions.len(), english.len());
        assert!(definitions.iter().all(|definition| !definition.text.contains("{window}")));
        if language != Language::En {
            assert!(definitions.iter().zip(&english).all(|(a, b)| a.text != b.text));
        }
    }
    assert!(english[0].text.contains("14 days"));
}
