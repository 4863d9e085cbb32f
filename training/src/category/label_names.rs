//! Of few texts a label, the label's name is one more: `card_arrival` is a text about cards and their arrival.
//!
//! A name is taken only where names are words: where the nearest name is the right one for most texts of the labels.

use super::budget::is_few;
use super::encoders::embed;
use super::fit_parts::Labelled;
use ndarray::{Array2, ArrayView1};
use recontact::classify::category::LabelSet;
use recontact::classify::encoder::TextEncoder;
use recontact::contact::ContactText;

/// Share of a label's texts, in the mean of the labels, whose nearest name has to be the right one.
const MOST: f64 = 0.5;
/// Texts of each label that are looked at.
const LOOKED_AT: usize = 16;

/// The names of all labels as texts, in the labels' order; none where there are texts enough, or names that tell nothing.
///
/// # Errors
/// When the encoder fails.
pub fn as_texts(
    labelled: Labelled<'_>,
    labels: &LabelSet,
    encoder: Option<&TextEncoder>,
) -> anyhow::Result<Vec<ContactText>> {
    let Some(encoder) = encoder.filter(|_| is_few(labelled.y, labelled.labels)) else {
        return Ok(Vec::new());
    };
    let names = labels.labels().iter().map(|label| in_words(label.category.as_str()));
    let Some(names) = names.collect::<Option<Vec<_>>>() else { return Ok(Vec::new()) };
    let of_names = embed(encoder, &names, "embedding names")?;
    let mut seen = vec![0_usize; labelled.labels];
    let looked_at: Vec<usize> = (0..labelled.y.len())
        .filter(|row| {
            let seen = &mut seen[labelled.y[*row]];
            *seen += 1;
            *seen <= LOOKED_AT
        })
        .collect();
    let texts: Vec<ContactText> =
        looked_at.iter().map(|row| labelled.texts[*row].clone()).collect();
    let y: Vec<usize> = looked_at.iter().map(|row| labelled.y[*row]).collect();
    let of_texts = embed(encoder, &texts, "embedding train")?;
    // Of two labels, half is what chance gives.
    let tell = labelled.labels > 2 && share_told(&of_names, &of_texts, &y) > MOST;
    Ok(if tell { names } else { Vec::new() })
}

/// A name as a person would say it; none where nothing is left.
fn in_words(name: &str) -> Option<ContactText> {
    let spaced: String = name.chars().map(|c| if c.is_alphanumeric() { c } else { ' ' }).collect();
    let words: Vec<&str> = spaced.split_whitespace().collect();
    ContactText::parse(&words.join(" "), usize::MAX).ok()
}

/// Share of a label's texts whose nearest name is its own, in the mean of the labels: a frequent label counts as a rare one.
fn share_told(names: &Array2<f64>, texts: &Array2<f64>, y: &[usize]) -> f64 {
    let nearest = |text: ArrayView1<'_, f64>| super::choose::best(&names.dot(&text).to_vec());
    let mut of_labels = vec![(0_usize, 0_usize); names.nrows()];
    for (text, &label) in texts.rows().into_iter().zip(y) {
        of_labels[label].0 += usize::from(nearest(text) == label);
        of_labels[label].1 += 1;
    }
    let shares: Vec<f64> = of_labels
        .iter()
        .filter(|(_, texts)| *texts > 0)
        .map(|(told, texts)| super::report::share(*told, *texts))
        .collect();
    ndarray::aview1(&shares).mean().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn a_name_is_read_as_words_in_any_script() {
        let read = |name| in_words(name).map(|text| text.as_str().to_owned());
        assert_eq!(read("Refund_not_showing_up").as_deref(), Some("Refund not showing up"));
        assert_eq!(read("Карта / не пришла?").as_deref(), Some("Карта не пришла"));
        assert_eq!(read("-/-"), None);
    }

    #[test]
    fn names_tell_the_texts_that_lie_nearest_to_them() {
        let names = array![[1.0, 0.0], [0.0, 1.0]];
        let texts = array![[0.9, 0.1], [0.2, 0.8], [0.6, 0.4]];
        // All of the first label, half of the second.
        assert!((share_told(&names, &texts, &[0, 1, 1]) - 0.75).abs() < 1e-12);
    }
}
