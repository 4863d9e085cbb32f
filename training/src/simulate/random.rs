//! [`Random`]: a seeded generator whose numbers are the same on every machine.

use recontact::statistics::normal_quantile;

/// `SplitMix64` (Steele, Lea & Flood 2014).
#[derive(Debug, Clone)]
pub struct Random(u64);

/// Rows in a new order (Fisher and Yates), drawn for a seed and a number.
#[must_use]
pub fn shuffled(mut rows: Vec<usize>, seed: u64, number: u64) -> Vec<usize> {
    let mut random = Random::new(seed, number);
    for at in (1..rows.len()).rev() {
        rows.swap(at, random.pick(at + 1));
    }
    rows
}

impl Random {
    /// A generator for a seed and the number of whatever it draws for, such as a customer: what is drawn for one does not
    /// depend on the others.
    #[must_use]
    pub fn new(seed: u64, number: u64) -> Self {
        let mut random = Self(seed);
        let mixed = random.bits();
        Self(mixed ^ number.wrapping_mul(0xA24B_AED4_963E_E407))
    }

    /// 64 bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// Between 0 and 1, both left out.
    #[expect(clippy::cast_precision_loss, reason = "53 bits")]
    pub fn uniform(&mut self) -> f64 {
        ((self.bits() >> 11) as f64 + 0.5) / (1_u64 << 53) as f64
    }

    /// Whether something of this probability happens.
    pub fn chance(&mut self, probability: f64) -> bool {
        self.uniform() < probability
    }

    /// Standard normal.
    pub fn normal(&mut self) -> f64 {
        normal_quantile(self.uniform())
    }

    /// One of `count` things, from 0; `count` is at least 1.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "small counts"
    )]
    pub fn pick(&mut self, count: usize) -> usize {
        ((self.uniform() * count as f64) as usize).min(count - 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_uniform_normal_and_repeatable() {
        let mut random = Random::new(7, 3);
        let normals: Vec<f64> = (0..20_000).map(|_| random.normal()).collect();
        let mean = normals.iter().sum::<f64>() / 20_000.0;
        let variance = normals.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / 20_000.0;
        assert!(mean.abs() < 0.03 && (variance - 1.0).abs() < 0.04, "{mean} {variance}");
        let again: Vec<f64> = {
            let mut random = Random::new(7, 3);
            (0..20_000).map(|_| random.normal()).collect()
        };
        assert_eq!(normals, again);
        assert_ne!(Random::new(7, 4).bits(), Random::new(7, 3).bits());
    }
}
