//! Labelled texts: read from tables, checked, split by category.

use super::spelling::Spellings;
use crate::bad_input;
use crate::faults::Faults;
use crate::table::TableStream;
use recontact::classify::category::{Label, LabelSet};
use recontact::cleaning::clean;
use recontact::contact::{ContactText, DEFAULT_MAX_TEXT_BYTES};
use recontact::ticket::{IssueCategory, Name};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;

/// Training takes about so many times what its rows take: features, embeddings and weights come besides.
const TIMES_KEPT: f64 = 3.0;

/// Texts with their categories.
#[derive(Debug, Clone, Default)]
pub struct Examples {
    /// What customers wrote.
    pub texts: Vec<ContactText>,
    /// What each text is about.
    pub categories: Vec<IssueCategory>,
    /// The identifier of each contact; empty texts where none was asked for or given.
    pub ids: Vec<String>,
}

/// The columns of a table of labelled texts.
#[derive(Debug, Clone, Copy)]
pub struct Columns<'a> {
    /// What the customer wrote.
    pub text: &'a str,
    /// The label.
    pub label: &'a str,
    /// The contact's identifier, where corrections are to find it.
    pub id: Option<&'a str>,
}

impl Examples {
    /// Reads a file's labelled texts.
    ///
    /// # Errors
    /// [`crate::failure::BadInput`] with every fault: file, row, column, what was expected.
    pub fn read(path: &Path, columns: Columns<'_>) -> anyhow::Result<Self> {
        // Row after row: of a wide table only these columns are kept.
        let mut table = TableStream::open_to_keep(path, TIMES_KEPT)?;
        let head = table.head().clone();
        let (text_column, label_column) = (head.column(columns.text)?, head.column(columns.label)?);
        let id_column = columns.id.map(|id| head.column(id)).transpose()?;
        let mut examples = Self::default();
        let mut faults = Faults::default();
        while let Some(row) = table.next(&mut faults)? {
            let text = row.cell(text_column).unwrap_or_default();
            let text = ContactText::parse(text, DEFAULT_MAX_TEXT_BYTES);
            let category = Name::parse(row.cell(label_column).unwrap_or_default());
            match (text, category) {
                (Ok(text), Ok(category)) => {
                    let id = id_column.and_then(|column| row.cell(column)).unwrap_or_default();
                    examples.push(text, category, id.trim().to_owned());
                }
                (text, category) => {
                    if let Err(error) = text {
                        faults.push(format!("{}: {error}", head.place(row, text_column)));
                    }
                    if let Err(error) = category {
                        faults.push(format!("{}: {error}", head.place(row, label_column)));
                    }
                }
            }
        }
        table.finish(faults)?;
        Ok(examples)
    }

    /// Adds one.
    pub fn push(&mut self, text: ContactText, category: IssueCategory, id: String) {
        self.texts.push(text);
        self.categories.push(category);
        self.ids.push(id);
    }

    /// Number of texts.
    #[must_use]
    pub fn len(&self) -> usize {
        self.texts.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.texts.is_empty()
    }

    /// Rows of each category.
    #[must_use]
    pub fn counts(&self) -> BTreeMap<&IssueCategory, usize> {
        let mut counts = BTreeMap::new();
        for category in &self.categories {
            *counts.entry(category).or_insert(0) += 1;
        }
        counts
    }

    /// Splits off a share of each category's rows, chosen by the seed: the rest, and what was split off.
    #[must_use]
    pub fn split(&self, share: f64, seed: u64) -> (Self, Self) {
        let (rest, held_out) = stratified(&self.categories, share, seed);
        (self.pick(&rest), self.pick(&held_out))
    }

    /// Categories with fewer rows than needed are refused, all of them at once.
    ///
    /// # Errors
    /// [`crate::failure::BadInput`].
    pub fn check_counts(&self, file: &str, least: usize) -> anyhow::Result<()> {
        let counts = self.counts();
        let mut faults = Faults::default();
        for (category, count) in counts.iter().filter(|(_, count)| **count < least) {
            faults.push(format!(
                "{file}: category {category:?} has {count} training example(s), at least {least} are needed: \
                 add examples, merge it with another category or leave its rows out",
                category = category.as_str()
            ));
        }
        faults.finish()?;
        if counts.len() < 2 {
            return Err(bad_input!(
                "{file}: expected at least 2 categories, found {}",
                counts.len()
            ));
        }
        Ok(())
    }

    /// How many texts of `other` also occur here, upper and lower case and white space at the ends set aside.
    #[must_use]
    pub fn overlap(&self, other: &Self) -> usize {
        let bare = |text: &ContactText| text.as_str().trim().to_lowercase();
        let here: HashSet<String> = self.texts.iter().map(bare).collect();
        other.texts.iter().filter(|text| here.contains(&bare(text))).count()
    }

    fn pick(&self, rows: &[usize]) -> Self {
        Self {
            texts: rows.iter().map(|&row| self.texts[row].clone()).collect(),
            categories: rows.iter().map(|&row| self.categories[row].clone()).collect(),
            ids: rows.iter().map(|&row| self.ids[row].clone()).collect(),
        }
    }
}

/// Cleans all texts as the service does. One of which nothing would be left stays as it is; their number is told.
pub fn clean_texts(texts: &mut [ContactText], file: &str) {
    tell_left_as_they_are(clean_each(texts), file);
}

/// The same, with the number as the answer.
pub(crate) fn clean_each(texts: &mut [ContactText]) -> usize {
    let mut kept = 0;
    for text in texts {
        let cleaned = clean(text.as_str());
        let is_nothing = cleaned.is_nothing();
        match ContactText::parse(&cleaned.text, usize::MAX) {
            Ok(cleaned) if !is_nothing => *text = cleaned,
            _ => kept += 1,
        }
    }
    kept
}

/// Tells how many texts stayed as they were.
pub(crate) fn tell_left_as_they_are(kept: usize, file: &str) {
    if kept > 0 {
        eprintln!(
            "{file}: cleaning would leave nothing of {kept} text(s): they are left as they are"
        );
    }
}

/// The label set of the training rows, in alphabetical order, with their parents where a table gives them.
///
/// # Errors
/// [`crate::failure::BadInput`] when the table leaves a category out, names one twice or forms no tree.
pub fn label_set(
    examples: &Examples,
    taxonomy: Option<&Path>,
    spellings: &Spellings,
) -> anyhow::Result<LabelSet> {
    let parent_of = taxonomy.map(|path| read_taxonomy(path, spellings)).transpose()?;
    let mut labels = Vec::new();
    for category in examples.counts().into_keys() {
        let parents = match &parent_of {
            None => Vec::new(),
            Some(parent_of) => parents(category, parent_of)?,
        };
        labels.push(Label { category: category.clone(), parents });
    }
    LabelSet::new(labels).map_err(|error| bad_input!("{error}"))
}

/// What a category belongs to, from the top down.
fn parents(category: &Name, parent_of: &HashMap<Name, Option<Name>>) -> anyhow::Result<Vec<Name>> {
    let first = parent_of.get(category).ok_or_else(|| {
        bad_input!("the taxonomy has no row for category {:?}", category.as_str())
    })?;
    let Some(first) = first else { return Ok(Vec::new()) };
    let mut parents = vec![first.clone()];
    while let Some(Some(above)) = parents.last().and_then(|last| parent_of.get(last)) {
        if parents.contains(above) {
            return Err(bad_input!("the taxonomy runs in a circle at {:?}", above.as_str()));
        }
        parents.push(above.clone());
    }
    parents.reverse();
    Ok(parents)
}

/// The parent of each category; none of one that stands at the top.
fn read_taxonomy(
    path: &Path,
    spellings: &Spellings,
) -> anyhow::Result<HashMap<Name, Option<Name>>> {
    let mut table = TableStream::open(path)?;
    let head = table.head().clone();
    let (category, parent) = (head.column("category")?, head.column("parent")?);
    let mut parent_of = HashMap::new();
    let mut faults = Faults::default();
    while let Some(row) = table.next(&mut faults)? {
        let name = |column| {
            Name::parse(row.cell(column).unwrap_or_default())
                .map(|name| spellings.kept(&name).clone())
                .map_err(|error| bad_input!("{}: {error}", head.place(row, column)))
        };
        let category_name = name(category)?;
        let parent_name = row.cell(parent).map(|_| name(parent)).transpose()?;
        if parent_of.insert(category_name, parent_name).is_some() {
            return Err(bad_input!("{}: the category stands twice", head.place(row, category)));
        }
    }
    table.finish(faults)?;
    Ok(parent_of)
}

/// Row numbers of a stratified split: the rest, and `share` of each category (rounded, but never all of it). Both keep
/// the rows' order.
pub(super) fn stratified<T: Ord>(groups: &[T], share: f64, seed: u64) -> (Vec<usize>, Vec<usize>) {
    let mut members: BTreeMap<&T, Vec<usize>> = BTreeMap::new();
    for (row, group) in groups.iter().enumerate() {
        members.entry(group).or_default().push(row);
    }
    let mut random = SplitMix64(seed);
    let mut is_held_out = vec![false; groups.len()];
    for rows in members.values_mut() {
        for at in (1..rows.len()).rev() {
            rows.swap(at, random.below(at + 1));
        }
        for &row in &rows[..rounded_share(rows.len(), share)] {
            is_held_out[row] = true;
        }
    }
    (0..groups.len()).partition(|&row| !is_held_out[row])
}

#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a share of a number of rows lies between 0 and that number"
)]
fn rounded_share(rows: usize, share: f64) -> usize {
    ((rows as f64 * share).round() as usize).min(rows.saturating_sub(1))
}

/// SplitMix64 (Steele, Lea, Flood 2014): a few lines that give the same split on every machine and in every version.
pub(crate) struct SplitMix64(pub(crate) u64);

impl SplitMix64 {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number below `bound`, which is small against 2^64, so that the bias does not matter.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % bound as u64).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_split_loses_nothing_and_takes_its_share_of_each_group(
            groups in prop::collection::vec(0u8..5, 1..200), seed in any::<u64>(),
        ) {
            let (rest, held_out) = stratified(&groups, 0.2, seed);
            let mut all: Vec<usize> = rest.iter().chain(&held_out).copied().collect();
            all.sort_unstable();
            prop_assert_eq!(all, (0..groups.len()).collect::<Vec<_>>());
            for group in 0..5 {
                let count = |rows: &[usize]| rows.iter().filter(|&&row| groups[row] == group).count();
                let total = count(&rest) + count(&held_out);
                prop_assert_eq!(count(&held_out), rounded_share(total, 0.2));
            }
            prop_assert_eq!(stratified(&groups, 0.2, seed), (rest, held_out));
        }
    }
}
