//! Learns what texts are seen through: rarity of hashed n-grams and their principal components (linfa's PCA).
//!
//! Outcomes play no part in it, so all training texts may be looked at before the folds are cut.

use super::params::TextParams;
use super::protocol::Example;
use linfa::DatasetBase;
use linfa::traits::Fit;
use linfa_reduction::Pca;
use ndarray::Array2;
use recontact::risk::source::TextComponents;
use recontact::risk::text::{TextProjection, bucket_counts, weighted};
use std::collections::BTreeMap;

/// Fewest training texts of a column from which components are learnt.
const MIN_TEXTS: usize = 50;

/// Learns a projection for each column of texts. Columns with too few texts, or texts that are all the same, are named on
/// standard error and left out.
#[must_use]
pub fn learn(
    columns: &[String],
    rows: &[Example<'_>],
    params: &TextParams,
) -> BTreeMap<String, TextProjection> {
    let mut projections = BTreeMap::new();
    for column in columns {
        let texts: Vec<&str> = rows.iter().filter_map(|row| row.facts.text(column)).collect();
        match projection(&texts, params) {
            Ok(projection) => {
                projections.insert(column.clone(), projection);
            }
            Err(reason) => eprintln!("text column {column} is not used: {reason}"),
        }
    }
    projections
}

/// Computes the components of the texts of all rows, once.
pub fn project(rows: &mut [Example<'_>], projections: &BTreeMap<String, TextProjection>) {
    for row in rows {
        row.texts = projections
            .iter()
            .filter_map(|(column, projection)| {
                let text = row.facts.text(column)?;
                Some((column.clone(), TextComponents::of(text, projection)))
            })
            .collect();
    }
}

fn projection(texts: &[&str], params: &TextParams) -> Result<TextProjection, String> {
    if texts.len() < MIN_TEXTS {
        return Err(format!("{} training texts, expected at least {MIN_TEXTS}", texts.len()));
    }
    let buckets = 1_usize << params.bits;
    let mut seen = vec![0_usize; buckets];
    let counted: Vec<_> = texts.iter().map(|text| bucket_counts(text, buckets)).collect();
    for (bucket, _) in counted.iter().flatten() {
        seen[*bucket] += 1;
    }
    let idf: Vec<f32> = seen.iter().map(|seen| idf(*seen, texts.len())).collect();
    // Spread evenly over all texts, so that the sample spans the whole time.
    let size = params.sample.clamp(1, counted.len());
    let sample: Vec<_> =
        (0..size).map(|place| counted[place * counted.len() / size].clone()).collect();
    let mut matrix = Array2::zeros((sample.len(), buckets));
    for (row, counts) in sample.into_iter().enumerate() {
        for (bucket, value) in weighted(counts, &idf) {
            matrix[[row, bucket]] = value;
        }
    }
    let distinct = matrix.rows().into_iter().any(|row| row != matrix.row(0));
    if !distinct {
        return Err("all training texts are the same".into());
    }
    let width = params.components.min(matrix.nrows() / 4);
    let pca = Pca::params(width)
        .fit(&DatasetBase::from(matrix))
        .map_err(|error| format!("no principal components: {error}"))?;
    let components: Vec<Vec<f32>> = pca
        .components()
        .rows()
        .into_iter()
        .map(|row| row.iter().map(|value| narrowed(*value)).collect())
        .collect();
    TextProjection::new(params.bits, &idf, &components)
}

#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    reason = "row counts, and a weight that is stored in 32 bits"
)]
fn idf(seen: usize, texts: usize) -> f32 {
    (((1.0 + texts as f64) / (1.0 + seen as f64)).ln() + 1.0) as f32
}

#[expect(clippy::cast_possible_truncation, reason = "stored in 32 bits")]
fn narrowed(value: f64) -> f32 {
    if value.is_finite() { value as f32 } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn components_part_texts_of_different_matters_in_russian() {
        let matters = ["не проходит оплата картой", "забыл пароль от кабинета"];
        let ends = ["сегодня", "опять", "помогите", "уже час", "спасибо"];
        let texts: Vec<String> =
            (0..200).map(|i| format!("{} {}", matters[i % 2], ends[i % 5])).collect();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let params = TextParams { bits: 9, components: 4, sample: 150 };
        let projection = projection(&texts, &params).unwrap();
        let seen = |text: &str| projection.project(text);
        // The middle of all endings of a matter.
        let middle = |matter: usize| -> Vec<f64> {
            let all: Vec<Vec<f64>> = (0..5).map(|end| seen(texts[2 * end + matter])).collect();
            (0..4).map(|at| all.iter().map(|text| text[at]).sum::<f64>() / 5.0).collect()
        };
        let distance =
            |a: &[f64], b: &[f64]| -> f64 { a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum() };
        let (payment, password) = (middle(0), middle(1));
        for (text, near, far) in [
            ("не прошла оплата картой", &payment, &password),
            ("забыла пароль", &password, &payment),
        ] {
            assert!(distance(&seen(text), near) < distance(&seen(text), far), "{text}");
        }
    }

    #[test]
    fn too_few_texts_or_only_one_are_no_feature() {
        let params = TextParams::default();
        assert!(projection(&["a"; 10], &params).unwrap_err().contains("at least 50"));
        assert!(projection(&["a"; 100], &params).unwrap_err().contains("the same"));
    }
}
