//! [`SimilarIndex`]: the vectors of the newest contacts, to find those whose texts are most alike.
//!
//! Exact: every vector is compared. One byte per dimension ([`TextVector`]), so a million vectors of 384 dimensions take
//! 384 MB and a fraction of a second.

use crate::outcome::TextVector;
use crate::ticket::Name;
use serde::Deserialize;
use std::collections::{HashMap, HashSet};

/// Whether and among how many contacts similar ones are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SimilarOptions {
    /// Whether similar contacts can be found.
    pub enabled: bool,
    /// Most contacts that are compared, the newest ones; at least 1.
    pub max_contacts: u32,
}

/// What is looked for.
#[derive(Debug, Clone, Copy)]
pub struct Search<'a> {
    /// The vector of the text.
    pub vector: &'a TextVector,
    /// Most contacts in the answer.
    pub limit: usize,
    /// Smallest cosine, -1 to 1.
    pub min_similarity: f64,
    /// A contact that is not to be found.
    pub except: Option<&'a Name>,
    /// The only contacts that are to be found.
    pub among: Option<&'a HashSet<Name>>,
}

/// A contact that was found.
#[derive(Debug, Clone, PartialEq)]
pub struct Similar {
    /// The contact.
    pub contact: Name,
    /// Cosine of the two texts' vectors, -1 to 1.
    pub similarity: f64,
}

/// The vectors of one encoder.
#[derive(Debug)]
pub struct SimilarIndex {
    dimensions: usize,
    most: usize,
    /// Row by row; a row whose contact is gone waits to be overwritten.
    matrix: Vec<i8>,
    contacts: Vec<Option<Name>>,
    lengths: Vec<f64>,
    row_of: HashMap<Name, usize>,
    /// The row that is overwritten next once all are filled: the oldest.
    oldest: usize,
}

impl SimilarIndex {
    /// An empty index of vectors of this many dimensions, that keeps the newest `most` of them.
    #[must_use]
    pub fn new(dimensions: usize, most: usize) -> Self {
        Self {
            dimensions,
            most: most.max(1),
            matrix: Vec::new(),
            contacts: Vec::new(),
            lengths: Vec::new(),
            row_of: HashMap::new(),
            oldest: 0,
        }
    }

    /// How many contacts can be found.
    #[must_use]
    pub fn len(&self) -> usize {
        self.row_of.len()
    }

    /// Whether none can be found.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.row_of.is_empty()
    }

    /// Takes a contact in as the newest; the oldest one goes where there is no room. A vector of other dimensions is not taken.
    pub fn put(&mut self, contact: Name, vector: &TextVector) {
        if vector.dimensions() != self.dimensions {
            return;
        }
        self.remove(&contact);
        let row = if self.contacts.len() < self.most {
            self.contacts.push(None);
            self.lengths.push(0.0);
            self.matrix.resize(self.contacts.len() * self.dimensions, 0);
            self.contacts.len() - 1
        } else {
            let row = self.oldest;
            self.oldest = (row + 1) % self.most;
            row
        };
        if let Some(gone) = self.contacts[row].take() {
            self.row_of.remove(&gone);
        }
        self.matrix[row * self.dimensions..][..self.dimensions].copy_from_slice(vector.values());
        self.lengths[row] = f64::from(dot(vector.values(), vector.values())).sqrt();
        self.contacts[row] = Some(contact.clone());
        self.row_of.insert(contact, row);
    }

    /// Forgets a contact, and its vector with it.
    pub fn remove(&mut self, contact: &Name) {
        if let Some(row) = self.row_of.remove(contact) {
            self.contacts[row] = None;
            self.matrix[row * self.dimensions..][..self.dimensions].fill(0);
        }
    }

    /// The contacts whose texts are most alike, the most similar first, equal ones in the order of their identifiers.
    #[must_use]
    pub fn nearest<'i>(&'i self, search: Search<'_>) -> Vec<Similar> {
        let wanted = search.vector.values();
        if wanted.len() != self.dimensions || search.limit == 0 {
            return Vec::new();
        }
        let length = f64::from(dot(wanted, wanted)).sqrt();
        let compare = |(row, contact, row_length): (&[i8], &'i Name, f64)| {
            let cosine = f64::from(dot(row, wanted)) / (row_length * length);
            let is_wanted = cosine >= search.min_similarity && search.except != Some(contact);
            is_wanted.then_some((cosine, contact))
        };
        let mut found: Vec<(f64, &Name)> = match search.among {
            None => self.rows().filter_map(compare).collect(),
            // Few of many: only these are compared.
            Some(among) => among.iter().filter_map(|one| compare(self.row(one)?)).collect(),
        };
        let nearer =
            |a: &(f64, &Name), b: &(f64, &Name)| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(b.1));
        if search.limit < found.len() {
            found.select_nth_unstable_by(search.limit, nearer);
            found.truncate(search.limit);
        }
        found.sort_by(nearer);
        found
            .into_iter()
            .map(|(cosine, contact)| Similar {
                contact: contact.clone(),
                similarity: cosine.clamp(-1.0, 1.0),
            })
            .collect()
    }
}

impl SimilarIndex {
    /// Every contact with its vector and the length of that.
    fn rows(&self) -> impl Iterator<Item = (&[i8], &Name, f64)> {
        let rows = self.matrix.chunks_exact(self.dimensions);
        let all = rows.zip(&self.contacts).zip(&self.lengths);
        all.filter_map(|((row, contact), length)| Some((row, contact.as_ref()?, *length)))
    }

    /// The same of one contact.
    fn row(&self, contact: &Name) -> Option<(&[i8], &Name, f64)> {
        let (contact, &at) = self.row_of.get_key_value(contact)?;
        let row = &self.matrix[at * self.dimensions..][..self.dimensions];
        Some((row, contact, self.lengths[at]))
    }
}

/// The sum of products. Of bytes up to 127 in size, so it fits up to 100,000 dimensions.
fn dot(a: &[i8], b: &[i8]) -> i32 {
    a.iter().zip(b).map(|(a, b)| i32::from(*a) * i32::from(*b)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn name(number: usize) -> Name {
        Name::parse(&format!("c-{number:04}")).unwrap()
    }

    fn vector(values: &[f32]) -> TextVector {
        TextVector::from_embedding(values).unwrap()
    }

    fn search(vector: &TextVector, limit: usize) -> Search<'_> {
        Search { vector, limit, min_similarity: -1.0, except: None, among: None }
    }

    fn found(index: &SimilarIndex, search: Search<'_>) -> Vec<String> {
        index.nearest(search).into_iter().map(|found| found.contact.to_string()).collect()
    }

    #[test]
    fn the_oldest_goes_where_there_is_no_room_and_what_is_removed_is_not_found() {
        let mut index = SimilarIndex::new(2, 2);
        let wanted = vector(&[1.0, 0.0]);
        for number in 0..3 {
            index.put(name(number), &wanted);
        }
        assert_eq!(found(&index, search(&wanted, 5)), ["c-0001", "c-0002"]);
        index.remove(&name(2));
        index.remove(&name(7));
        assert_eq!(
            (found(&index, search(&wanted, 5)), index.len()),
            (vec!["c-0001".to_owned()], 1)
        );
        index.put(name(3), &wanted);
        index.put(name(4), &vector(&[0.0, 1.0]));
        assert_eq!(found(&index, search(&wanted, 5)), ["c-0003", "c-0004"]);
    }

    #[test]
    fn a_search_is_narrowed_by_similarity_contact_and_customer() {
        let mut index = SimilarIndex::new(2, 10);
        for (number, values) in [[1.0, 0.0], [1.0, 1.0], [0.0, 1.0], [-1.0, 0.0]].iter().enumerate()
        {
            index.put(name(number), &vector(values));
        }
        let wanted = vector(&[2.0, 0.0]);
        assert_eq!(found(&index, search(&wanted, 2)), ["c-0000", "c-0001"]);
        let near = Search { min_similarity: 0.5, ..search(&wanted, 9) };
        assert_eq!(found(&index, near), ["c-0000", "c-0001"]);
        let itself = name(0);
        assert_eq!(found(&index, Search { except: Some(&itself), ..near }), ["c-0001"]);
        let among = HashSet::from([name(2), name(1)]);
        assert_eq!(
            found(&index, Search { among: Some(&among), ..search(&wanted, 9) }),
            ["c-0001", "c-0002"]
        );
        assert!(index.nearest(search(&vector(&[1.0]), 3)).is_empty(), "other dimensions");
    }

    proptest! {
        #[test]
        fn what_is_found_is_what_comparing_one_by_one_finds(
            vectors in prop::collection::vec(prop::collection::vec(-1.0_f32..1.0, 8), 1..40), limit in 1_usize..10,
        ) {
            let mut index = SimilarIndex::new(8, 100);
            let vectors: Vec<TextVector> =
                vectors.iter().filter_map(|values| TextVector::from_embedding(values)).collect();
            for (number, vector) in vectors.iter().enumerate() {
                index.put(name(number), vector);
            }
            let Some(wanted) = vectors.first() else { return Ok(()) };
            let mut cosines: Vec<f64> = vectors.iter().filter_map(|other| wanted.cosine(other)).collect();
            cosines.sort_by(|a, b| b.total_cmp(a));
            let nearest = index.nearest(search(wanted, limit));
            prop_assert_eq!(nearest.len(), limit.min(vectors.len()));
            for (found, expected) in nearest.iter().zip(cosines) {
                prop_assert!((found.similarity - expected).abs() < 1e-9);
            }
        }
    }
}
