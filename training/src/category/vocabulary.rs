//! Which terms a lexical head counts: chosen from the training texts.

use recontact::classify::lexical::terms::{Block, TermKey, for_each_term};
use recontact::classify::lexical::{LexicalFeatures, TermMap, inverse_document_frequency};
use recontact::contact::ContactText;

/// The terms of a head, and their weights.
#[derive(Debug, Clone)]
pub struct Vocabulary {
    /// What the head counts.
    pub features: LexicalFeatures,
    /// The terms in order: first those of the words' block.
    pub terms: Vec<String>,
    /// How many of them are of the words' block.
    pub words: usize,
}

/// In how many texts a term stands, and in which it was seen last.
struct Seen {
    block: Block,
    texts: u32,
    last: u32,
}

impl Vocabulary {
    /// Takes every word and pair of words, and the pieces that at least two texts have; if that is more than `most`
    /// terms, the most frequent ones, equal ones by their hash.
    ///
    /// # Errors
    /// When the texts have no term at all, which visible characters rule out.
    pub fn choose(texts: &[ContactText], most: usize) -> anyhow::Result<Self> {
        let seen = count(texts);
        let mut chosen: Vec<(TermKey, &Seen)> = seen
            .iter()
            .filter(|(_, seen)| seen.block == Block::Words || seen.texts >= 2)
            .map(|(key, seen)| (*key, seen))
            .collect();
        if chosen.len() > most {
            chosen.sort_unstable_by_key(|(key, seen)| (std::cmp::Reverse(seen.texts), *key));
            chosen.truncate(most);
        }
        let chosen: TermMap<u32> =
            chosen.into_iter().map(|(key, seen)| (key, seen.texts)).collect();
        let mut named = named(texts, &chosen);
        named.sort_unstable();
        let words = named.iter().take_while(|(block, _, _)| *block == Block::Words).count();
        let idf = named
            .iter()
            .map(|(_, _, with)| inverse_document_frequency(texts.len(), *with as usize))
            .collect();
        let terms: Vec<String> = named.into_iter().map(|(_, term, _)| term).collect();
        let names: Vec<&str> = terms.iter().map(String::as_str).collect();
        let (of_words, of_pieces) = names.split_at(words);
        let features =
            LexicalFeatures::new(of_words, of_pieces, idf).map_err(anyhow::Error::msg)?;
        Ok(Self { features, terms, words })
    }
}

fn count(texts: &[ContactText]) -> TermMap<Seen> {
    let mut seen: TermMap<Seen> = TermMap::default();
    for (text, number) in texts.iter().zip(1..) {
        for_each_term(text.as_str(), |block, key, _| {
            let term = seen.entry(key).or_insert(Seen { block, texts: 0, last: 0 });
            if term.last != number {
                term.last = number;
                term.texts += 1;
            }
        });
    }
    seen
}

/// The chosen terms with their characters, which are not kept for those that were only counted.
fn named(texts: &[ContactText], chosen: &TermMap<u32>) -> Vec<(Block, String, u32)> {
    let mut missing = chosen.clone();
    let mut named = Vec::with_capacity(chosen.len());
    for text in texts {
        for_each_term(text.as_str(), |block, key, term| {
            if let Some(with) = missing.remove(&key) {
                named.push((block, term.to_owned(), with));
            }
        });
    }
    named
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(texts: &[&str]) -> Vec<ContactText> {
        texts.iter().map(|text| ContactText::parse(text, 1000).unwrap()).collect()
    }

    #[test]
    fn all_words_and_the_pieces_of_two_texts_are_counted() {
        let chosen = Vocabulary::choose(&texts(&["my card", "Card lost"]), 1000).unwrap();
        assert_eq!(&chosen.terms[..chosen.words], ["card", "card lost", "lost", "my", "my card"]);
        let pieces = &chosen.terms[chosen.words..];
        assert_eq!(
            pieces,
            [" ca", " car", " card", "ard", "ard ", "car", "card", "card ", "rd "],
            "none of my and lost, which stand in one text"
        );
    }

    #[test]
    fn the_most_frequent_terms_stay_when_there_are_too_many() {
        let few = Vocabulary::choose(&texts(&["card lost", "card", "card again"]), 1).unwrap();
        assert_eq!(few.terms.len(), 1);
        let many = Vocabulary::choose(&texts(&["карта", "карта моя"]), 5).unwrap();
        assert!(!many.terms.contains(&"моя".to_owned()), "{:?}", many.terms);
    }
}
