//! [`AssignmentKey`]: chance that anybody with the key can repeat. A customer's arm is a keyed hash of experiment and customer,
//! so it is the same in every process and cannot be guessed, chosen or influenced by whoever sees the ticket.

use hmac::{Hmac, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use std::fmt;

/// The largest part that may be treated: at least 5 % are always left alone, or the effect could never be told.
pub const MAX_TREATMENT_SHARE: f64 = 0.95;

/// The smallest part that may be treated.
pub const MIN_TREATMENT_SHARE: f64 = 0.05;

/// Whether a part may be treated: from [`MIN_TREATMENT_SHARE`] to [`MAX_TREATMENT_SHARE`].
#[must_use]
pub fn is_share(share: f64) -> bool {
    (MIN_TREATMENT_SHARE..=MAX_TREATMENT_SHARE).contains(&share)
}

/// Whether a customer is followed up in an experiment.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    utoipa::ToSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Arm {
    /// Flagged closings go into the queue.
    Treatment,
    /// Flagged closings are recorded and left alone, so that there is something to compare with.
    Control,
}

impl Arm {
    /// The word in responses and the store.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Treatment => "treatment",
            Self::Control => "control",
        }
    }

    /// Reads [`Arm::as_str`].
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Treatment, Self::Control].into_iter().find(|arm| arm.as_str() == text)
    }
}

/// The secret behind the arms: 32 bytes that serve nothing else.
#[derive(Clone)]
pub struct AssignmentKey([u8; Self::BYTES]);

impl AssignmentKey {
    /// Length of a key.
    pub const BYTES: usize = 32;

    /// Takes 32 bytes that come from a random source, or are derived from a secret for this purpose alone.
    #[must_use]
    pub fn new(bytes: [u8; Self::BYTES]) -> Self {
        Self(bytes)
    }

    /// The arm of a customer in an experiment, of which `treatment_share` (0 to 1) is treated.
    ///
    /// A pure function of key, experiment and customer: treated is whose number ([`AssignmentKey::uniform`]) lies below the
    /// share. So a larger share keeps everybody treated who was so under a smaller one, within the same experiment.
    #[must_use]
    pub fn assign(&self, experiment: &str, customer: &str, treatment_share: f64) -> Arm {
        if self.uniform(experiment, customer) < treatment_share {
            Arm::Treatment
        } else {
            Arm::Control
        }
    }

    /// The customer's number in the experiment, evenly spread over `0.0..1.0`: the first 53 bits of HMAC-SHA256 over both, each
    /// preceded by its length.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "53 bits fit into a double without loss")]
    pub fn uniform(&self, experiment: &str, customer: &str) -> f64 {
        // HMAC fills a key that is shorter than its block with zeros; doing it here keeps this infallible.
        let mut block = [0; 64];
        block[..Self::BYTES].copy_from_slice(&self.0);
        let mut mac = <Hmac<Sha256> as hmac::digest::KeyInit>::new((&block).into());
        for part in [experiment, customer] {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part.as_bytes());
        }
        let digest = mac.finalize().into_bytes();
        let bits = digest.iter().take(8).fold(0u64, |bits, byte| (bits << 8) | u64::from(*byte));
        (bits >> 11) as f64 / (1u64 << 53) as f64
    }
}

impl fmt::Debug for AssignmentKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AssignmentKey(secret)")
    }
}

#[cfg(test)]
#[expect(clippy::cast_precision_loss, reason = "small numbers of a test")]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn key(byte: u8) -> AssignmentKey {
        AssignmentKey::new([byte; 32])
    }

    fn treated(key: &AssignmentKey, experiment: &str, share: f64) -> usize {
        (0..20_000)
            .filter(|n| key.assign(experiment, &format!("c-{n}"), share) == Arm::Treatment)
            .count()
    }

    #[test]
    fn the_share_of_the_treated_converges_to_the_one_asked_for() {
        for (share, byte) in [(0.05, 1), (0.5, 2), (0.9, 3)] {
            let count = treated(&key(byte), "first", share);
            // Four standard deviations of a binomial count: missed by chance once in 16000 keys, and the keys are fixed.
            let four_deviations = 4.0 * (20_000.0 * share * (1.0 - share)).sqrt();
            let distance = (count as f64 - 20_000.0 * share).abs();
            assert!(distance < four_deviations, "{share}: {count}");
        }
    }

    #[test]
    fn arms_of_two_experiments_have_nothing_to_do_with_each_other() {
        let key = key(7);
        let both = (0..20_000)
            .map(|n| format!("c-{n}"))
            .filter(|customer| {
                ["first", "second"]
                    .iter()
                    .all(|experiment| key.assign(experiment, customer, 0.5) == Arm::Treatment)
            })
            .count();
        // 5000 expected, standard deviation 61.
        assert!((both as f64 - 5_000.0).abs() < 250.0, "{both}");
    }

    #[test]
    fn an_experiment_and_a_customer_cannot_be_taken_for_another_pair() {
        let key = key(7);
        assert!((key.uniform("ab", "c") - key.uniform("a", "bc")).abs() > f64::EPSILON);
    }

    #[test]
    fn the_arm_is_the_first_bits_of_the_hmac() {
        let mut mac = Hmac::<Sha256>::new_from_slice(&[7; 32]).unwrap();
        mac.update(b"\0\0\0\0\0\0\0\x05first\0\0\0\0\0\0\0\x03u-9");
        let digest = mac.finalize().into_bytes();
        let first = u64::from_be_bytes(digest[..8].try_into().unwrap());
        let expected = first as f64 / u64::MAX as f64;
        assert!((key(7).uniform("first", "u-9") - expected).abs() < 1e-12);
    }

    #[test]
    fn at_least_one_in_twenty_is_left_alone_and_one_in_twenty_is_treated() {
        for share in [0.05, 0.5, 0.95] {
            assert!(is_share(share), "{share}");
        }
        for share in [0.0, 0.049, 0.951, 1.0, -1.0, f64::NAN, f64::INFINITY] {
            assert!(!is_share(share), "{share}");
        }
    }

    proptest! {
        #[test]
        fn the_arm_is_a_pure_function_and_a_larger_share_keeps_the_treated(
            experiment in ".{0,12}", customer in ".{0,12}", a in 0.0..1.0f64, b in 0.0..1.0f64,
        ) {
            let (small, large) = if a <= b { (a, b) } else { (b, a) };
            let uniform = key(1).uniform(&experiment, &customer);
            prop_assert!((0.0..1.0).contains(&uniform));
            let arm = key(1).assign(&experiment, &customer, small);
            prop_assert_eq!(arm, key(1).assign(&experiment, &customer, small));
            if arm == Arm::Treatment {
                prop_assert_eq!(key(1).assign(&experiment, &customer, large), Arm::Treatment);
            }
        }
    }
}
