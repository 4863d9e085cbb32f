use super::*;
use crate::classify::category::Label;
use crate::classify::lexical::LexicalFeatures;
use crate::ticket::Name;
use proptest::prelude::*;

proptest! {
    #[test]
    fn a_softmax_sums_to_one_and_keeps_the_order(
        scores in prop::collection::vec(-1e4f64..1e4, 2..40),
        temperature in 0.05f64..20.0,
    ) {
        let probabilities = softmax(scores.clone(), temperature);
        prop_assert!((probabilities.iter().sum::<f64>() - 1.0).abs() < 1e-9);
        for i in 1..scores.len() {
            if scores[i] > scores[i - 1] {
                prop_assert!(probabilities[i] >= probabilities[i - 1]);
            }
        }
    }
}

/// Two labels, one word and one piece.
fn lexical_head() -> TextHead {
    let label = |name| Label::flat(Name::parse(name).unwrap());
    let description = HeadDescription {
        encoder: None,
        labels: LabelSet::new(vec![label("cards"), label("transfers")]).unwrap(),
        languages: vec!["en".to_owned()],
        temperature: 1.0,
        lexical: Some(LexicalDescription { words: 1, pieces: 1, alone_temperature: 2.0 }),
        scope: Some(Scope { threshold: 0.5, alone_threshold: None }),
    };
    let part = LexicalPart {
        features: LexicalFeatures::new(&["card"], &["tra"], vec![1.0, 1.0]).unwrap(),
        weights: vec![127, -127, -127, 127],
        scales: vec![2.0 / 127.0, 1.0 / 127.0],
        alone_biases: vec![0.0, 0.0],
    };
    TextHead::new(description, Vec::new(), vec![0.0, 0.25], Some(part)).unwrap()
}

#[test]
fn scores_are_the_weighted_terms_and_the_biases() {
    let head = lexical_head();
    let vector = head.lexical_vector("my card").unwrap();
    let scored = head.score(TextView { embedding: None, lexical: Some(&vector) });
    assert!((scored.top_score - 2.0).abs() < 1e-6, "{scored:?}");
    let odds = scored.probabilities[0] / scored.probabilities[1];
    assert!((odds.ln() - (2.0 - (-2.0 + 0.25))).abs() < 1e-5, "{scored:?}");
}

#[test]
fn a_text_without_a_known_term_is_out_of_scope() {
    let head = lexical_head();
    let scored = |text: &str| {
        let vector = head.lexical_vector(text).unwrap();
        head.score(TextView { embedding: None, lexical: Some(&vector) })
    };
    assert!(scored("card").is_in_scope);
    assert!(!scored("weather").is_in_scope);
}

#[test]
fn what_is_written_is_read_back_unchanged() {
    let head = lexical_head();
    let bytes = head.to_safetensors(&["card".to_owned(), "tra".to_owned()]).unwrap();
    let tensors = SafeTensors::deserialize(&bytes).unwrap();
    assert_eq!(TextHead::read(head.description().clone(), &tensors).unwrap(), head);
}

#[test]
fn a_lexical_part_of_another_shape_is_refused() {
    let mut description = lexical_head().description().clone();
    description.lexical = Some(LexicalDescription { words: 2, pieces: 1, alone_temperature: 1.0 });
    let bytes = lexical_head().to_safetensors(&["card".to_owned(), "tra".to_owned()]).unwrap();
    let tensors = SafeTensors::deserialize(&bytes).unwrap();
    let refused = TextHead::read(description, &tensors).unwrap_err();
    assert!(refused.contains("2 terms"), "{refused}");
}
