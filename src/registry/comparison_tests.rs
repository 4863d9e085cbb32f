use super::*;
use std::collections::BTreeMap;

fn model(version: &str) -> ComparedModel {
    ComparedModel { version: version.into(), manifest_sha256: format!("sha of {version}") }
}

fn manifest(version: &str, trained_on: &str) -> Manifest {
    Manifest {
        format: 1,
        kind: ModelKind::Category,
        version: version.into(),
        created_at: Timestamp::parse("2026-01-05T09:00:00Z").unwrap(),
        program: "test".into(),
        data: vec![super::super::artifact::DataFile {
            role: "train".into(),
            file: "train.csv".into(),
            sha256: trained_on.into(),
            rows: 10,
        }],
        parameters: serde_json::json!({}),
        model: serde_json::json!({}),
        metrics: serde_json::json!({}),
        files: BTreeMap::new(),
    }
}

fn difference(metric: &str, higher_is_better: bool, ends: (f64, f64, f64)) -> Difference {
    let (low, difference, high) = ends;
    Difference {
        metric: metric.into(),
        higher_is_better,
        decides: true,
        a: 0.9,
        b: 0.9 + difference,
        difference,
        interval: Some(Interval { low, high }),
    }
}

fn comparison(differences: Vec<Difference>) -> Comparison {
    Comparison {
        format: COMPARISON_FORMAT,
        kind: ModelKind::Category,
        a: model("v1"),
        b: model("v2"),
        data: ComparedData { file: "later.csv".into(), sha256: "sha of later".into(), rows: 100 },
        compared_at: Timestamp::parse("2026-02-01T00:00:00Z").unwrap(),
        differences,
    }
}

fn check(comparison: &Comparison) -> Result<(), ComparisonError> {
    let (a, b) = (manifest("v1", "sha of one"), manifest("v2", "sha of two"));
    comparison.check((&model("v1"), &a), (&model("v2"), &b))
}

#[test]
fn a_candidate_that_is_not_worse_passes() {
    for ends in [(0.001, 0.008, 0.015), (-0.010, -0.004, 0.003), (-0.001, 0.0, 0.001)] {
        check(&comparison(vec![difference("accuracy", true, ends)])).unwrap();
    }
}

#[test]
fn a_candidate_that_is_shown_or_seems_to_be_worse_is_refused_with_its_figures() {
    for ends in [(-0.004, -0.002, -0.001), (-0.030, -0.006, 0.010)] {
        let refused = check(&comparison(vec![difference("accuracy", true, ends)])).unwrap_err();
        let message = refused.to_string();
        assert!(message.contains("accuracy") && message.contains("0.9000"), "{message}");
    }
}

#[test]
fn where_less_is_better_a_rise_is_worse() {
    check(&comparison(vec![difference("log_loss", false, (-0.02, -0.01, -0.001))])).unwrap();
    let rise = comparison(vec![difference("log_loss", false, (0.001, 0.002, 0.003))]);
    assert!(matches!(check(&rise), Err(ComparisonError::Worse { .. })));
}

#[test]
fn every_figure_that_decides_must_pass_and_one_must_be_there() {
    let better = difference("roc_auc", true, (0.01, 0.02, 0.03));
    let worse = difference("log_loss", false, (0.01, 0.02, 0.03));
    assert!(matches!(
        check(&comparison(vec![better.clone(), worse.clone()])),
        Err(ComparisonError::Worse { .. })
    ));
    let told_only = Difference { decides: false, ..worse };
    check(&comparison(vec![better, told_only.clone()])).unwrap();
    assert_eq!(check(&comparison(vec![told_only])), Err(ComparisonError::NothingDecides));
}

#[test]
fn a_comparison_of_other_models_or_the_other_way_round_is_refused_by_name() {
    let fine = comparison(vec![difference("accuracy", true, (0.0, 0.0, 0.0))]);
    let turned = Comparison { a: fine.b.clone(), b: fine.a.clone(), ..fine.clone() };
    let kind = Comparison { kind: ModelKind::Team, ..fine.clone() };
    let retrained = ComparedModel { manifest_sha256: "another".into(), ..fine.b.clone() };
    let retrained = Comparison { b: retrained, ..fine };
    for other in [turned, kind, retrained] {
        let message = check(&other).unwrap_err().to_string();
        assert!(message.contains("v1 as --a and v2 as --b"), "{message}");
    }
}

#[test]
fn a_comparison_from_before_the_training_or_on_training_rows_is_refused() {
    let mut early = comparison(vec![difference("accuracy", true, (0.0, 0.0, 0.0))]);
    early.compared_at = Timestamp::parse("2026-01-01T00:00:00Z").unwrap();
    assert!(matches!(check(&early), Err(ComparisonError::TooOld { .. })));
    for seen in ["sha of one", "sha of two"] {
        let mut seen_before = comparison(vec![difference("accuracy", true, (0.0, 0.0, 0.0))]);
        seen_before.data.sha256 = seen.into();
        assert!(matches!(check(&seen_before), Err(ComparisonError::TrainedOn { .. })), "{seen}");
    }
}

#[test]
fn a_comparison_of_a_handful_of_rows_is_refused() {
    let mut few = comparison(vec![difference("accuracy", true, (0.0, 0.0, 0.0))]);
    few.data.rows = FEWEST_ROWS - 1;
    assert_eq!(check(&few), Err(ComparisonError::TooFewRows { rows: FEWEST_ROWS - 1 }));
}

#[test]
fn a_file_that_is_no_comparison_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("found.json");
    for content in ["", "{}", "[1]"] {
        fs::write(&path, content).unwrap();
        let message = Comparison::read(&path).unwrap_err().to_string();
        assert!(message.contains("found.json: not a comparison"), "{message}");
    }
    let mut newer = comparison(Vec::new());
    newer.format = 2;
    fs::write(&path, serde_json::to_vec(&newer).unwrap()).unwrap();
    let message = Comparison::read(&path).unwrap_err().to_string();
    assert!(message.contains("format 2 where 1 was expected"), "{message}");
    assert!(Comparison::read(&folder.path().join("none.json")).is_err());
}
