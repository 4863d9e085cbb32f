//! [`Dropout`]: numbers left out at random while a transformer learns, so that it does not lean on single ones.
//!
//! Srivastava et al. 2014, "Dropout: A Simple Way to Prevent Neural Networks from Overfitting". What is kept is scaled up, so
//! that nothing changes in the mean. It stands where BERT has it (after the tables, and before each sum with what was there
//! before) but on the shares of attention.

use crate::simulate::random::Random;
use candle_core::{Device, Result, Tensor};

/// Leaves out numbers, others for each seed and step.
#[derive(Debug)]
pub struct Dropout {
    share: f64,
    random: Random,
}

impl Dropout {
    /// Leaves out nothing.
    #[must_use]
    pub fn none() -> Self {
        Self::new(0.0, 0, 0)
    }

    /// Leaves out a share of the numbers, 0 to below 1; the choice depends on the seed and the step alone.
    #[must_use]
    pub fn new(share: f64, seed: u64, step: u64) -> Self {
        Self { share, random: Random::new(seed, step) }
    }

    /// The numbers, some of them 0 and the others scaled up.
    ///
    /// # Errors
    /// When candle refuses.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a share of 16 bits and its inverse"
    )]
    pub fn thin(&mut self, x: Tensor) -> Result<Tensor> {
        if self.share <= 0.0 {
            return Ok(x);
        }
        let below = (self.share * 65_536.0).round() as u16;
        let kept = (1.0 / (1.0 - self.share)) as f32;
        let mut mask = vec![kept; x.elem_count()];
        for four in mask.chunks_mut(4) {
            let bits = self.random.bits();
            for (at, number) in four.iter_mut().enumerate() {
                if ((bits >> (16 * at)) as u16) < below {
                    *number = 0.0;
                }
            }
        }
        let mask = Tensor::from_vec(mask, x.shape(), &Device::Cpu)?;
        x * mask
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn thinned(share: f64, step: u64) -> Vec<f32> {
        let ones = Tensor::ones((100, 101), candle_core::DType::F32, &Device::Cpu).unwrap();
        let thinned = Dropout::new(share, 42, step).thin(ones).unwrap();
        thinned.flatten_all().unwrap().to_vec1().unwrap()
    }

    #[test]
    fn the_share_is_left_out_and_the_mean_stays() {
        let numbers = thinned(0.25, 1);
        let zeros = numbers.iter().filter(|number| **number == 0.0).count();
        assert!((2_300..2_750).contains(&zeros), "{zeros} of {}", numbers.len());
        let others = numbers.iter().filter(|number| **number != 0.0);
        assert!(others.clone().all(|number| (number - 4.0 / 3.0).abs() < 1e-6));
    }

    #[test]
    fn a_step_draws_the_same_each_time_and_another_one_draws_anew() {
        assert_eq!(thinned(0.1, 7), thinned(0.1, 7));
        assert_ne!(thinned(0.1, 7), thinned(0.1, 8));
        assert!(thinned(0.0, 7).iter().all(|number| *number == 1.0));
    }
}
