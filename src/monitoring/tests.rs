use super::*;
use proptest::prelude::*;

const OPTIONS: MonitoringOptions = MonitoringOptions {
    current_days: 7,
    reference_days: 28,
    min_n: 200,
    max_rows: 10_000,
    max_embeddings: 1000,
    refresh_interval_s: 3600,
    outcome_days: 14,
    psi_watch: 0.1,
    psi_alert: 0.25,
    js_watch: 0.1,
    js_alert: 0.2,
    difference_watch: 0.05,
    difference_alert: 0.1,
    auc_watch: 0.6,
    auc_alert: 0.7,
};

/// Numbers in 0..1, evenly spread and mixed.
fn spread(count: u32) -> Vec<f64> {
    (0..count).map(|n| (f64::from(n) * 0.618_033_988_749_895).fract()).collect()
}

fn contacts(count: u32, category: &str, lowered: f64) -> Vec<ContactRow> {
    let contact = |probability: f64| ContactRow {
        model_version: "category-1".to_owned(),
        probability: Some((0.5 + 0.5 * probability - lowered).clamp(0.0, 1.0)),
        category: Some(category.to_owned()),
        action: Some("auto".to_owned()),
        language: Some("en".to_owned()),
        ..ContactRow::default()
    };
    spread(count).into_iter().map(contact).collect()
}

fn report(reference: Vec<ContactRow>, current: Vec<ContactRow>) -> MonitoringReport {
    let now = Timestamp::parse("2026-03-01T00:00:00Z").unwrap();
    let samples = Samples {
        reference: Sample { contacts: reference, ..Sample::default() },
        current: Sample { contacts: current, ..Sample::default() },
        encoder: None,
    };
    MonitoringReport::new(&samples, Windows::ending(now, &OPTIONS), &OPTIONS, now)
}

fn figure<'a>(report: &'a MonitoringReport, name: &str) -> &'a Figure {
    report.figures.iter().find(|figure| figure.name == name).unwrap()
}

#[test]
fn the_reference_ends_where_the_current_window_begins() {
    let windows = report(Vec::new(), Vec::new()).windows;
    assert_eq!(windows.current.from, Timestamp::parse("2026-02-22T00:00:00Z").unwrap());
    assert_eq!(windows.reference.to, windows.current.from);
    assert_eq!(windows.reference.from, Timestamp::parse("2026-01-25T00:00:00Z").unwrap());
}

#[test]
fn equal_windows_are_in_order_and_a_shifted_one_alerts() {
    let same = report(contacts(800, "card", 0.0), contacts(300, "card", 0.0));
    assert_eq!(same.status, Status::Ok, "{same:#?}");
    let shifted = report(contacts(800, "card", 0.0), contacts(300, "loan", 0.3));
    for name in ["category_probability", "category_labels", "category_expected_accuracy"] {
        assert_eq!(figure(&shifted, name).status, Status::Alert, "{name}");
    }
    assert_eq!(figure(&shifted, "contact_languages").status, Status::Ok);
    assert_eq!(shifted.status, Status::Alert);
    let accuracy = figure(&shifted, "category_expected_accuracy");
    assert!((accuracy.reference_value.unwrap() - accuracy.value.unwrap() - 0.3).abs() < 0.01);
    assert_eq!(accuracy.n, Counts { reference: 800, current: 300 });
    assert_eq!(accuracy.model_versions.current, ["category-1"]);
}

#[test]
fn few_cases_have_figures_but_no_verdict() {
    let few = report(contacts(800, "card", 0.0), contacts(199, "loan", 0.3));
    assert!(few.figures.iter().all(|figure| figure.status == Status::TooFew));
    assert!(figure(&few, "category_labels").value.unwrap() > 0.99);
    let none = report(Vec::new(), Vec::new());
    assert_eq!((none.status, figure(&none, "risk_mean").value), (Status::TooFew, None));
}

#[test]
fn the_reasons_for_abstaining_are_told_apart() {
    let mut current = contacts(300, "card", 0.0);
    for row in &mut current[..90] {
        row.action = Some("abstain".to_owned());
        row.reason = Some("out_of_scope".to_owned());
        row.category = None;
    }
    let told = report(contacts(800, "card", 0.0), current);
    let reason = figure(&told, "category_abstain_reason");
    assert_eq!(reason.label.as_deref(), Some("out_of_scope"));
    assert!((reason.value.unwrap() - 0.3).abs() < 1e-9 && reason.reference_value == Some(0.0));
    assert_eq!(reason.status, Status::Alert);
}

#[test]
fn a_model_that_promises_too_much_is_told_once_outcomes_are_mature() {
    let closing = |repeated| ClosingRow { probability: 0.5, repeated, ..ClosingRow::default() };
    let of = |every: usize| {
        let rows = (0..300).map(|n| closing(Some(n % every == 0))).chain([closing(None)]);
        let now = Timestamp::parse("2026-03-01T00:00:00Z").unwrap();
        let samples = Samples {
            reference: Sample { closings: rows.collect(), ..Sample::default() },
            ..Samples::default()
        };
        MonitoringReport::new(&samples, Windows::ending(now, &OPTIONS), &OPTIONS, now)
    };
    let right = figure(&of(2), "risk_calibration").clone();
    assert_eq!((right.value, right.status, right.n.reference), (Some(0.0), Status::Ok, 300));
    assert_eq!(figure(&of(5), "risk_calibration").status, Status::Alert);
}

#[test]
fn vectors_of_one_kind_cannot_be_told_apart_and_moved_ones_can() {
    let vectors = |seed: u32, moved: f32| {
        let value = |n: u32, at: u32| {
            let mixed = (n * 31 + at + 1).wrapping_mul(seed).wrapping_mul(2_654_435_761);
            f32::from(u16::try_from((mixed ^ (mixed >> 13)) % 1000).unwrap()) / 1000.0
        };
        (0..300)
            .map(|n| (0..8).map(|at| value(n, at) + if at == 3 { moved } else { 0.0 }).collect())
            .collect::<Vec<Vec<f32>>>()
    };
    let same = domain_area(&vectors(7, 0.0), &vectors(11, 0.0)).unwrap();
    assert!((same.value - 0.5).abs() < 0.1, "{same:?}");
    let moved = domain_area(&vectors(7, 0.0), &vectors(11, 0.8)).unwrap();
    assert!(moved.value > 0.9 && moved.chance < 0.6, "{moved:?}");
    assert_eq!(domain_area(&vectors(7, 0.0), &[vec![0.0; 9], vec![0.0; 9]]), None);
    assert_eq!(domain_area(&[], &vectors(7, 0.0)), None);
}

fn features(rows: impl IntoIterator<Item = (&'static str, Value<'static>, f64)>) -> Features {
    let mut features = Features::new();
    for (name, value, contribution) in rows {
        features.entry(name.to_owned()).or_default().add(value, contribution);
    }
    features
}

fn report_of_features(reference: Features, current: Features) -> MonitoringReport {
    let now = Timestamp::parse("2026-03-01T00:00:00Z").unwrap();
    let sample = |features| Sample { features, ..Sample::default() };
    let samples =
        Samples { reference: sample(reference), current: sample(current), ..Samples::default() };
    MonitoringReport::new(&samples, Windows::ending(now, &OPTIONS), &OPTIONS, now)
}

#[test]
fn features_are_told_one_by_one_and_those_that_move_risks_most_come_first() {
    let window = |count: u32, channel: &'static str, missing_from: u32| {
        features((0..count).flat_map(move |n| {
            let known = n % 10 < missing_from;
            let csat = if known { Value::Number(f64::from(n % 5)) } else { Value::Missing };
            let other = if n % 3 == 0 { channel } else { "email" };
            [
                ("csat", csat, 0.1),
                ("tickets_7d", Value::Number(f64::from(n % 7)), -0.5),
                ("channel", Value::Category(other), 0.3),
            ]
        }))
    };
    let mut before = window(800, "phone", 9);
    before.extend(features([("of_the_model_before", Value::Number(1.0), 9.0)]));
    let told = report_of_features(before, window(300, "chat", 2));
    let found: Vec<_> = told
        .figures
        .iter()
        .filter(|figure| figure.name == "risk_feature")
        .map(|figure| (figure.label.as_deref().unwrap(), figure.measure, figure.status))
        .collect();
    assert_eq!(
        found,
        [
            ("tickets_7d", Measure::PopulationStability, Status::Ok),
            ("channel", Measure::JensenShannon, Status::Alert),
            ("csat", Measure::PopulationStability, Status::Alert),
        ]
    );
    let csat = told.figures.iter().find(|figure| figure.label.as_deref() == Some("csat")).unwrap();
    assert_eq!(csat.n, Counts { reference: 800, current: 300 }, "a missing value is a case");
}

#[test]
fn a_feature_that_only_one_model_has_has_too_few_cases_and_one_of_two_kinds_is_compared_as_labels()
{
    let numbers = |count| (0..count).map(|_| ("channel", Value::Number(3.0), 0.1));
    let labels = |count| (0..count).map(|_| ("channel", Value::Category("3"), 0.1));
    let new = report_of_features(Features::new(), features(numbers(300)));
    let figure_of = |report: &MonitoringReport| figure(report, "risk_feature").clone();
    assert_eq!((figure_of(&new).status, figure_of(&new).value), (Status::TooFew, None));
    let both = report_of_features(features(numbers(800)), features(labels(300)));
    assert_eq!(
        (figure_of(&both).measure, figure_of(&both).status),
        (Measure::JensenShannon, Status::Ok)
    );
    assert!(figure_of(&both).value.unwrap() < 1e-9);
}

#[test]
fn a_count_that_is_mostly_zero_is_seen_to_change_and_so_is_a_number_that_goes_missing() {
    let sample = |zeros: usize, others: usize| {
        let others = (0..others).map(|n| [1.0, 2.0, 7.0][n % 3]);
        std::iter::repeat_n(0.0, zeros).chain(others).collect::<Vec<f64>>()
    };
    let found = population_stability(&sample(950, 50), &sample(700, 300)).unwrap();
    // Two bins: (0.7 - 0.95) ln(0.7 / 0.95) + (0.3 - 0.05) ln(0.3 / 0.05).
    let expected = -0.25 * (0.7_f64 / 0.95).ln() + 0.25 * 6_f64.ln();
    assert!((found.value - expected).abs() < 0.01, "{found:?}");
    let same = population_stability(&sample(950, 50), &sample(285, 15)).unwrap();
    assert!(same.value < same.chance, "{same:?}");
    let below = population_stability(&[5.0; 300], &[-1.0; 300]).unwrap();
    assert!(below.value > 1.0, "{below:?}");
    let known = vec![1.0; 500];
    let numbers = |known, missing| Numbers { known, missing };
    let gone = population_stability_with_missing(numbers(&known, 500), numbers(&known[..100], 900));
    // (0.1 - 0.5) ln(0.1 / 0.5) + (0.9 - 0.5) ln(0.9 / 0.5).
    let expected = -0.4 * 0.2_f64.ln() + 0.4 * 1.8_f64.ln();
    assert!((gone.unwrap().value - expected).abs() < 0.01, "{gone:?}");
    let never = population_stability_with_missing(numbers(&[], 300), numbers(&[], 300)).unwrap();
    assert!(never.value.abs() < 1e-12 && never.chance.abs() < 1e-12, "one bin: nothing can change");
}

#[test]
fn jensen_shannon_is_1_where_nothing_is_shared_and_a_worked_example_in_between() {
    let mix = |pairs: &[(&str, u64)]| -> Mix {
        pairs.iter().map(|(label, count)| ((*label).to_owned(), *count)).collect()
    };
    let apart = jensen_shannon(&mix(&[("a", 3)]), &mix(&[("b", 5)])).unwrap();
    assert!((apart.value - 1.0).abs() < 1e-9);
    // (1, 0) against (1/2, 1/2): the divergence is 1.5 - 0.75 log2 3.
    let half = jensen_shannon(&mix(&[("a", 2)]), &mix(&[("a", 1), ("b", 1)])).unwrap();
    assert!((half.value - (1.5 - 0.75 * 3f64.log2()).sqrt()).abs() < 1e-9);
}

/// Numbers in 0..1 from a seed (SplitMix64).
fn random(seed: u64, count: usize) -> Vec<f64> {
    let number = |n: usize| {
        let step = seed.wrapping_mul(1_000_003).wrapping_add(n as u64 + 1);
        let mut mixed = step.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        f64::from(u32::try_from((mixed ^ (mixed >> 31)) >> 32).unwrap()) / f64::from(u32::MAX)
    };
    (0..count).map(number).collect()
}

#[test]
fn about_one_in_twenty_pairs_of_equal_windows_is_above_the_level_of_chance() {
    const PAIRS: u64 = 200;
    let whole = |x: f64| f32::from((0..1000_u16).find(|n| f64::from(*n) >= x * 999.0).unwrap());
    let labels = |numbers: &[f64]| {
        let mut mix = Mix::new();
        for number in numbers {
            *mix.entry(format!("{:.0}", number * number * 40.0)).or_default() += 1;
        }
        mix
    };
    let vectors = |numbers: &[f64]| -> Vec<Vec<f32>> {
        numbers.chunks(5).map(|row| row.iter().map(|x| whole(*x)).collect()).collect()
    };
    let mut above = [0_u64; 3];
    for seed in 0..PAIRS {
        let (reference, current) = (random(2 * seed, 800), random(2 * seed + 1, 300));
        let found = [
            population_stability(&reference, &current),
            jensen_shannon(&labels(&reference), &labels(&current)),
            domain_area(&vectors(&reference), &vectors(&current)),
        ];
        for (above, found) in above.iter_mut().zip(found) {
            *above += u64::from(found.is_some_and(|found| found.value > found.chance));
        }
    }
    // 5 % of 200 are 10, three standard deviations 9 more.
    assert!(above.iter().all(|count| (1..=20).contains(count)), "{above:?}");
}

fn mixes() -> impl Strategy<Value = Mix> {
    prop::collection::btree_map("[a-e]", 1u64..50, 1..5)
}

proptest! {
    #[test]
    fn the_index_is_never_negative_and_0_for_equal_samples(
        one in prop::collection::vec(0.0..1.0f64, 1..200),
        other in prop::collection::vec(0.0..1.0f64, 1..200),
    ) {
        prop_assert!(population_stability(&one, &other).unwrap().value >= 0.0);
        prop_assert!(population_stability(&one, &one).unwrap().value.abs() < 1e-12);
    }

    #[test]
    fn the_distance_is_symmetric_between_0_and_1_and_0_for_equal_mixes(one in mixes(), other in mixes()) {
        let (there, back) =
            (jensen_shannon(&one, &other).unwrap().value, jensen_shannon(&other, &one).unwrap().value);
        prop_assert!((there - back).abs() < 1e-12 && (0.0..=1.0).contains(&there));
        prop_assert!(jensen_shannon(&one, &one).unwrap().value.abs() < 1e-12);
    }
}
