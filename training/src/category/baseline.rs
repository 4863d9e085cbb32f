//! What a category model has to beat: always the most frequent category, and the nearest TF-IDF centroid.

use recontact::contact::ContactText;
use std::collections::{BTreeSet, HashMap};

/// For each test text the most frequent category of the training part.
#[must_use]
pub fn majority(train: &[usize], labels: usize, test: usize) -> Vec<usize> {
    let mut counts = vec![0usize; labels];
    train.iter().for_each(|&label| counts[label] += 1);
    let most = counts.iter().enumerate().max_by_key(|&(label, count)| (count, usize::MAX - label));
    vec![most.map_or(0, |(label, _)| label); test]
}

/// For each test text the category whose mean TF-IDF vector points most in the same direction (Rocchio): words and
/// pairs of words, tf = 1 + ln(count), idf = ln((1 + n) / (1 + df)) + 1, vectors of length 1.
#[must_use]
pub fn nearest_centroid(
    train: &[ContactText],
    train_labels: &[usize],
    labels: usize,
    test: &[ContactText],
) -> Vec<usize> {
    let vectorizer = TfIdf::fit(train);
    let mut centroids = vec![vec![0f32; vectorizer.idf.len()]; labels];
    for (text, &label) in train.iter().zip(train_labels) {
        for (term, weight) in vectorizer.vector(text) {
            centroids[label][term] += weight;
        }
    }
    for centroid in &mut centroids {
        let length = centroid.iter().map(|x| x * x).sum::<f32>().sqrt().max(f32::MIN_POSITIVE);
        centroid.iter_mut().for_each(|x| *x /= length);
    }
    let nearest = |text: &ContactText| {
        let vector = vectorizer.vector(text);
        let score =
            |centroid: &[f32]| vector.iter().map(|&(term, x)| centroid[term] * x).sum::<f32>();
        let scores = centroids.iter().map(|centroid| score(centroid)).enumerate();
        scores.max_by(|a, b| a.1.total_cmp(&b.1).then(b.0.cmp(&a.0))).map_or(0, |(label, _)| label)
    };
    test.iter().map(nearest).collect()
}

struct TfIdf {
    terms: HashMap<String, usize>,
    idf: Vec<f32>,
}

impl TfIdf {
    #[expect(clippy::cast_precision_loss, reason = "a share of rows needs no more than f32")]
    fn fit(texts: &[ContactText]) -> Self {
        let mut terms: HashMap<String, usize> = HashMap::new();
        let mut documents: Vec<usize> = Vec::new();
        for text in texts {
            for term in terms_of(text).into_iter().collect::<BTreeSet<_>>() {
                let index = *terms.entry(term).or_insert(documents.len());
                if index == documents.len() {
                    documents.push(0);
                }
                documents[index] += 1;
            }
        }
        let rows = texts.len() as f32;
        let idf = documents.iter().map(|&df| ((1.0 + rows) / (1.0 + df as f32)).ln() + 1.0);
        Self { idf: idf.collect(), terms }
    }

    /// Known terms with their weights; length 1 unless empty.
    #[expect(clippy::cast_precision_loss, reason = "counts of a term in a text are small")]
    fn vector(&self, text: &ContactText) -> Vec<(usize, f32)> {
        let mut counts: HashMap<usize, usize> = HashMap::new();
        for term in terms_of(text) {
            if let Some(&index) = self.terms.get(&term) {
                *counts.entry(index).or_insert(0) += 1;
            }
        }
        let mut vector: Vec<(usize, f32)> = counts
            .into_iter()
            .map(|(term, count)| (term, (1.0 + (count as f32).ln()) * self.idf[term]))
            .collect();
        // A fixed order makes sums of floats repeatable.
        vector.sort_by_key(|&(term, _)| term);
        let length = vector.iter().map(|(_, x)| x * x).sum::<f32>().sqrt().max(f32::MIN_POSITIVE);
        vector.iter_mut().for_each(|(_, x)| *x /= length);
        vector
    }
}

/// Lower-case words of letters and digits of any script, and pairs of neighbours.
fn terms_of(text: &ContactText) -> Vec<String> {
    let lower = text.as_str().to_lowercase();
    let words: Vec<&str> =
        lower.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let pairs = words.windows(2).map(|pair| pair.join(" "));
    words.iter().map(|&word| word.to_owned()).chain(pairs).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(texts: &[&str]) -> Vec<ContactText> {
        texts.iter().map(|text| ContactText::parse(text, 1000).unwrap()).collect()
    }

    #[test]
    fn a_text_goes_to_the_category_it_shares_words_with_in_any_script() {
        let train = texts(&["карта не пришла", "где моя карта", "top up failed", "my top up"]);
        let test = texts(&["карта где?", "failed top-up"]);
        assert_eq!(nearest_centroid(&train, &[0, 0, 1, 1], 2, &test), [0, 1]);
    }

    #[test]
    fn the_majority_is_the_most_frequent_category() {
        assert_eq!(majority(&[2, 1, 1, 0], 3, 2), [1, 1]);
    }
}
