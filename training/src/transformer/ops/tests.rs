//! Each step against its formula in double precision, and its gradients against differences of the loss.

use super::*;
use crate::transformer::batch::Batch;
use candle_core::{Device, Var};
use recontact::classify::encoder::checkpoint::Activation;

/// Numbers that look random and are always the same, between -1 and 1.
fn numbers(count: usize, seed: u64) -> Vec<f32> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        #[expect(clippy::cast_precision_loss, reason = "24 bits")]
        let number = (state >> 40) as f32 / 8_388_608.0 - 1.0;
        number
    };
    (0..count).map(|_| next()).collect()
}

fn variable(shape: (usize, usize), seed: u64) -> Var {
    let tensor = Tensor::from_vec(numbers(shape.0 * shape.1, seed), shape, &Device::Cpu).unwrap();
    Var::from_tensor(&tensor).unwrap()
}

fn vector(width: usize, seed: u64) -> Var {
    Var::from_tensor(&variable((1, width), seed).reshape(width).unwrap()).unwrap()
}

/// A loss with another slope at every number.
fn loss(result: &Tensor) -> Tensor {
    let slopes = Tensor::from_vec(numbers(result.elem_count(), 99), result.dims(), &Device::Cpu);
    (result * slopes.unwrap()).unwrap().sum_all().unwrap()
}

/// Compares the gradients of all variables with central differences of the loss.
fn assert_gradients(variables: &[&Var], forward: impl Fn() -> Tensor) {
    const STEP: f32 = 1e-2;
    let gradients = loss(&forward()).backward().unwrap();
    for (which, variable) in variables.iter().enumerate() {
        let found: Vec<f32> =
            gradients.get(variable).unwrap().flatten_all().unwrap().to_vec1().unwrap();
        let values: Vec<f32> = variable.flatten_all().unwrap().to_vec1().unwrap();
        for at in 0..values.len() {
            let loss_at = |change: f32| {
                let mut moved = values.clone();
                moved[at] += change;
                let moved = Tensor::from_vec(moved, variable.dims(), &Device::Cpu).unwrap();
                variable.set(&moved).unwrap();
                loss(&forward()).to_scalar::<f32>().unwrap()
            };
            let expected = (loss_at(STEP) - loss_at(-STEP)) / (2.0 * STEP);
            let difference = (found[at] - expected).abs();
            assert!(
                difference <= 2e-3 + 0.02 * expected.abs(),
                "{which}, {at}: {} {expected}",
                found[at]
            );
        }
        let original = Tensor::from_vec(values, variable.dims(), &Device::Cpu).unwrap();
        variable.set(&original).unwrap();
    }
}

fn batch() -> Batch {
    let sequences: [&[u32]; 3] = [&[1, 2, 3, 4, 5], &[6], &[7, 8, 9]];
    Batch::new(sequences)
}

#[test]
fn the_exponential_and_gelu_are_exact_to_single_precision() {
    for step in 0..20_000_u16 {
        let x = f32::from(step) / -200.0;
        let difference = f64::from(exp_negative(x)) - f64::from(x).exp();
        assert!(difference.abs() <= 2e-7, "e^{x}: {difference}");
        for x in [x, -x] {
            let row = Tensor::new(&[x], &Device::Cpu).unwrap();
            let exact = row.gelu_erf().unwrap().to_vec1::<f32>().unwrap()[0];
            let found = activate(&row, Activation::Gelu).unwrap().to_vec1::<f32>().unwrap()[0];
            assert!((found - exact).abs() <= 1e-6 * (1.0 + x.abs()), "{x}: {found} {exact}");
            let exact = row.gelu().unwrap().to_vec1::<f32>().unwrap()[0];
            let found = activate(&row, Activation::GeluTanh).unwrap().to_vec1::<f32>().unwrap()[0];
            assert!((found - exact).abs() <= 1e-6 * (1.0 + x.abs()), "{x}: {found} {exact}");
        }
    }
}

#[test]
fn the_gradients_of_a_linear_layer_are_right() {
    let (x, weight, bias) = (variable((5, 11), 1), variable((7, 11), 2), vector(7, 3));
    assert_gradients(&[&x, &weight, &bias], || linear(&x, &weight, &bias).unwrap());
}

#[test]
fn the_gradients_of_the_activations_are_right() {
    let x = variable((4, 9), 4);
    for activation in [Activation::Gelu, Activation::GeluTanh] {
        assert_gradients(&[&x], || activate(&(x.as_tensor() * 3.0).unwrap(), activation).unwrap());
    }
}

#[test]
fn a_layer_norm_is_candles_and_its_gradients_are_right() {
    let (x, weight, bias) = (variable((40, 19), 5), vector(19, 6), vector(19, 7));
    let found = layer_norm(&x, &weight, &bias, 1e-5).unwrap();
    let exact = candle_nn_layer_norm(&x, &weight, &bias);
    let difference = (found - exact).unwrap().abs().unwrap().max_all().unwrap();
    assert!(difference.to_scalar::<f32>().unwrap() < 2e-6);
    let few = Var::from_tensor(&x.narrow(0, 0, 3).unwrap().contiguous().unwrap()).unwrap();
    assert_gradients(&[&few, &weight, &bias], || layer_norm(&few, &weight, &bias, 1e-5).unwrap());
}

/// The formula in candle's basic operations.
fn candle_nn_layer_norm(x: &Tensor, weight: &Tensor, bias: &Tensor) -> Tensor {
    let centred = x.broadcast_sub(&x.mean_keepdim(1).unwrap()).unwrap();
    let variance = centred.sqr().unwrap().mean_keepdim(1).unwrap();
    let normal = centred.broadcast_div(&(variance + 1e-5).unwrap().sqrt().unwrap()).unwrap();
    normal.broadcast_mul(weight).unwrap().broadcast_add(bias).unwrap()
}

#[test]
fn attention_stays_within_each_text_and_its_gradients_are_right() {
    let (query, key, value) = (variable((9, 12), 8), variable((9, 12), 9), variable((9, 12), 10));
    let found = attend(&query, &key, &value, 3, &batch()).unwrap();
    let alone: Vec<Tensor> = [(0, 5), (5, 1), (6, 3)]
        .into_iter()
        .map(|(first, length)| attention_of_one_text(&query, &key, &value, first, length))
        .collect();
    let exact = Tensor::cat(&alone, 0).unwrap();
    let difference = (found - exact).unwrap().abs().unwrap().max_all().unwrap();
    assert!(difference.to_scalar::<f32>().unwrap() < 1e-6);
    assert_gradients(&[&query, &key, &value], || {
        attend(&query, &key, &value, 3, &batch()).unwrap()
    });
}

/// The formula in candle's basic operations, three heads of four numbers.
fn attention_of_one_text(q: &Var, k: &Var, v: &Var, first: usize, length: usize) -> Tensor {
    let heads = |x: &Var| {
        let rows = x.narrow(0, first, length).unwrap().reshape((length, 3, 4)).unwrap();
        rows.transpose(0, 1).unwrap().contiguous().unwrap()
    };
    let scores =
        (heads(q).matmul(&heads(k).t().unwrap().contiguous().unwrap()).unwrap() / 2.0).unwrap();
    let powers = scores.exp().unwrap();
    let weights = powers.broadcast_div(&powers.sum_keepdim(2).unwrap()).unwrap();
    let heeded = weights.matmul(&heads(v)).unwrap();
    heeded.transpose(0, 1).unwrap().contiguous().unwrap().reshape((length, 12)).unwrap()
}

#[test]
fn pooling_takes_the_mean_or_the_first_row_and_its_gradients_are_right() {
    let x = variable((9, 5), 11);
    let means = mean_rows(&x, &batch()).unwrap();
    let last = x.narrow(0, 6, 3).unwrap().mean(0).unwrap();
    let difference = (means.get(2).unwrap() - last).unwrap().abs().unwrap().max_all().unwrap();
    assert!(difference.to_scalar::<f32>().unwrap() < 1e-6);
    let firsts = pick_rows(&x, &batch()).unwrap();
    assert_eq!(
        firsts.get(1).unwrap().to_vec1::<f32>().unwrap(),
        x.get(5).unwrap().to_vec1::<f32>().unwrap()
    );
    assert_gradients(&[&x], || mean_rows(&x, &batch()).unwrap());
    assert_gradients(&[&x], || pick_rows(&x, &batch()).unwrap());
}
