//! What a tuning makes small.

use crate::category::method::Method;
use candle_core::{D, DType, Device, Result, Tensor};

/// What the encoder learns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Objective {
    /// To tell the labels: the log loss of a linear model on its vectors, which learns along.
    Labels,
    /// To place texts of one label together and apart from the others (Khosla et al. 2020, "Supervised Contrastive
    /// Learning"); every two texts of a step are a pair, as in SetFit (Tunstall et al. 2022).
    Contrast,
}

impl Objective {
    /// That of a method which tunes an encoder.
    #[must_use]
    pub fn of(method: Method) -> Self {
        if method == Method::FewShot { Self::Contrast } else { Self::Labels }
    }
}

/// Mean log loss of scores, a row for each text, against the labels.
///
/// # Errors
/// When the shapes do not fit.
pub fn log_loss(scores: &Tensor, labels: &[u32]) -> Result<Tensor> {
    let labels = Tensor::new(labels, &Device::Cpu)?.unsqueeze(1)?;
    log_softmax(scores)?.gather(&labels, 1)?.mean_all()?.neg()
}

/// The contrastive loss of vectors of length 1: for each text that shares its label with another one, the mean log loss of
/// telling those among all others by their cosines divided by `contrast`.
///
/// # Errors
/// When the shapes do not fit.
pub fn contrastive(vectors: &Tensor, labels: &[u32], contrast: f64) -> Result<Tensor> {
    let texts = labels.len();
    let (mut others, mut same) = (vec![0.0_f32; texts * texts], vec![0.0_f32; texts * texts]);
    for a in 0..texts {
        let companions = (0..texts).filter(|b| *b != a && labels[*b] == labels[a]).count();
        for b in 0..texts {
            if a == b {
                // Far below any cosine: a text is no companion of its own.
                others[a * texts + b] = -1e4;
            } else if labels[a] == labels[b] {
                same[a * texts + b] = 1.0 / small(companions);
            }
        }
    }
    let with_companions = same.chunks(texts).filter(|row| row.iter().any(|x| *x > 0.0)).count();
    let shape = (texts, texts);
    let others = Tensor::from_vec(others, shape, &Device::Cpu)?;
    let same = Tensor::from_vec(same, shape, &Device::Cpu)?;
    let cosines = (vectors.matmul(&vectors.t()?)? / contrast)?;
    let logs = log_softmax(&(cosines + others)?)?;
    (logs * same)?.sum_all()?.neg()? / f64::from(small(with_companions.max(1)))
}

#[expect(clippy::cast_precision_loss, reason = "the texts of a step")]
fn small(count: usize) -> f32 {
    count as f32
}

/// Of basic operations, all of which have a backward pass.
fn log_softmax(scores: &Tensor) -> Result<Tensor> {
    let highest = scores.max_keepdim(D::Minus1)?.detach();
    let shifted = scores.broadcast_sub(&highest)?.to_dtype(DType::F32)?;
    let sum = shifted.exp()?.sum_keepdim(D::Minus1)?.log()?;
    shifted.broadcast_sub(&sum)
}

#[cfg(test)]
mod tests {
    use super::*;
    use candle_core::Var;

    fn number(tensor: &Tensor) -> f32 {
        tensor.to_scalar().unwrap()
    }

    #[test]
    fn the_log_loss_is_that_of_the_softmax() {
        let scores = Tensor::new(&[[3.0_f32.ln(), 0.0], [0.0, 0.0]], &Device::Cpu).unwrap();
        let expected = -(0.75_f32.ln() + 0.5_f32.ln()) / 2.0;
        assert!((number(&log_loss(&scores, &[0, 1]).unwrap()) - expected).abs() < 1e-6);
    }

    #[test]
    fn companions_that_lie_together_cost_less() {
        let together =
            Tensor::new(&[[1.0_f32, 0.0], [1.0, 0.0], [0.0, 1.0], [0.0, 1.0]], &Device::Cpu)
                .unwrap();
        let near = number(&contrastive(&together, &[0, 0, 1, 1], 0.1).unwrap());
        let far = number(&contrastive(&together, &[0, 1, 0, 1], 0.1).unwrap());
        assert!(near < 0.01 && far > 5.0, "{near} {far}");
    }

    #[test]
    fn the_gradient_draws_companions_together() {
        let vectors = Var::new(&[[0.8_f32, 0.6], [0.6, 0.8], [0.7, 0.7]], &Device::Cpu).unwrap();
        let loss = contrastive(vectors.as_tensor(), &[0, 0, 1], 0.5).unwrap();
        let gradients = loss.backward().unwrap();
        let gradient = gradients.get(vectors.as_tensor()).unwrap();
        let moved = (vectors.as_tensor() - (gradient * 0.01).unwrap()).unwrap();
        let after = contrastive(&moved, &[0, 0, 1], 0.5).unwrap();
        assert!(number(&after) < number(&loss));
    }
}
