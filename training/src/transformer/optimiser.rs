//! [`AdamW`] with warm-up and linear decay.
//!
//! Loshchilov & Hutter 2019, algorithm 2. candle's own keeps its moments to itself; ours can be written down and taken up
//! again, and passes over each number once.

use candle_core::backprop::GradStore;
use candle_core::{Result, Tensor, Var, bail};
use rayon::prelude::*;

/// Numbers that one thread takes at a time.
const PIECE: usize = 1 << 15;

/// What does not change while training.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AdamWParams {
    /// Highest rate of learning.
    pub rate: f64,
    /// Steps in which the rate rises to it.
    pub warm_up: usize,
    /// All steps; at the last one the rate has fallen to nearly 0.
    pub steps: usize,
    /// Share of a matrix that is taken away at each step, times the rate. Biases and norms are spared.
    pub weight_decay: f64,
}

impl AdamWParams {
    const BETA_1: f64 = 0.9;
    const BETA_2: f64 = 0.999;
    const EPSILON: f64 = 1e-8;

    /// The rate of a step, counted from 0: it rises linearly over the warm-up and falls linearly to 0 at the end.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "steps are few")]
    pub fn rate_at(&self, step: usize) -> f64 {
        let done = (step + 1) as f64;
        if step < self.warm_up {
            return self.rate * done / self.warm_up as f64;
        }
        let falling = (self.steps.max(self.warm_up + 1) - self.warm_up) as f64;
        self.rate * (1.0 - (step - self.warm_up) as f64 / falling).max(0.0)
    }
}

/// A variable, and what the optimiser remembers of it.
#[derive(Debug)]
pub struct Parameter {
    /// Its name.
    pub name: String,
    /// The variable.
    pub variable: Var,
    /// What its rate is multiplied with: 1 unless layers learn at rates of their own.
    pub rate: f64,
    mean: Vec<f32>,
    square: Vec<f32>,
}

/// The optimiser and all it needs to go on.
#[derive(Debug)]
pub struct AdamW {
    params: AdamWParams,
    parameters: Vec<Parameter>,
    step: usize,
}

/// The numbers of one parameter: its value and the two moments.
#[derive(Debug, Clone, PartialEq)]
pub struct ParameterState {
    /// Its name.
    pub name: String,
    /// The value.
    pub value: Vec<f32>,
    /// Mean of the gradients.
    pub mean: Vec<f32>,
    /// Mean of their squares.
    pub square: Vec<f32>,
}

impl AdamW {
    /// An optimiser at its first step.
    #[must_use]
    pub fn new(variables: Vec<(String, Var)>, params: AdamWParams) -> Self {
        let parameters = variables.into_iter().map(|(name, variable)| Parameter {
            mean: vec![0.0; variable.elem_count()],
            square: vec![0.0; variable.elem_count()],
            name,
            variable,
            rate: 1.0,
        });
        Self { params, parameters: parameters.collect(), step: 0 }
    }

    /// Steps done.
    #[must_use]
    pub fn step_number(&self) -> usize {
        self.step
    }

    /// The parameters, to give layers rates of their own.
    pub fn parameters_mut(&mut self) -> &mut [Parameter] {
        &mut self.parameters
    }

    /// One step along the gradients.
    ///
    /// # Errors
    /// When a gradient is missing or not finite.
    pub fn step(&mut self, gradients: &GradStore) -> Result<()> {
        let rate = self.params.rate_at(self.step);
        self.step += 1;
        let step = i32::try_from(self.step).unwrap_or(i32::MAX);
        let mean_scale = 1.0 / (1.0 - AdamWParams::BETA_1.powi(step));
        let square_scale = 1.0 / (1.0 - AdamWParams::BETA_2.powi(step));
        for parameter in &mut self.parameters {
            let Some(gradient) = gradients.get(parameter.variable.as_tensor()) else {
                bail!("{} has no gradient", parameter.name)
            };
            let is_matrix = parameter.variable.rank() > 1;
            let rate = rate * parameter.rate;
            let decay = if is_matrix { rate * self.params.weight_decay } else { 0.0 };
            parameter.advance(gradient, &Advance::new(rate, decay, mean_scale, square_scale))?;
        }
        Ok(())
    }

    /// All parameters' numbers, in their order.
    ///
    /// # Errors
    /// When candle refuses.
    pub fn state(&self) -> Result<Vec<ParameterState>> {
        let state = |parameter: &Parameter| {
            Ok(ParameterState {
                name: parameter.name.clone(),
                value: parameter.variable.flatten_all()?.to_vec1()?,
                mean: parameter.mean.clone(),
                square: parameter.square.clone(),
            })
        };
        self.parameters.iter().map(state).collect()
    }

    /// Takes the values that [`Self::state`] gave of another run; the moments begin anew.
    ///
    /// # Errors
    /// When it is the state of other parameters.
    pub fn begin_with(&mut self, mut state: Vec<ParameterState>) -> Result<()> {
        for parameter in &mut state {
            parameter.mean.fill(0.0);
            parameter.square.fill(0.0);
        }
        self.resume(0, state)
    }

    /// Goes on from what [`Self::state`] gave after `step` steps.
    ///
    /// # Errors
    /// When it is the state of other parameters.
    pub fn resume(&mut self, step: usize, state: Vec<ParameterState>) -> Result<()> {
        if state.len() != self.parameters.len() {
            bail!("{} parameters, expected {}", state.len(), self.parameters.len());
        }
        for (parameter, state) in self.parameters.iter_mut().zip(state) {
            let count = parameter.variable.elem_count();
            let lengths = [state.value.len(), state.mean.len(), state.square.len()];
            if state.name != parameter.name || lengths != [count; 3] {
                bail!(
                    "{} with {lengths:?} numbers, expected {} with {count}",
                    state.name,
                    parameter.name
                );
            }
            let shape = parameter.variable.shape().clone();
            let device = parameter.variable.device().clone();
            parameter.variable.set(&Tensor::from_vec(state.value, shape, &device)?)?;
            parameter.mean = state.mean;
            parameter.square = state.square;
        }
        self.step = step;
        Ok(())
    }
}

/// What a step does to every number of a parameter.
struct Advance {
    keep: f32,
    rate: f32,
    square_scale: f32,
}

impl Advance {
    #[expect(clippy::cast_possible_truncation, reason = "numbers between 0 and 1000")]
    fn new(rate: f64, decay: f64, mean_scale: f64, square_scale: f64) -> Self {
        Self {
            keep: (1.0 - decay) as f32,
            rate: (rate * mean_scale) as f32,
            square_scale: square_scale as f32,
        }
    }

    #[expect(clippy::cast_possible_truncation, reason = "constants between 0 and 1")]
    fn apply(&self, values: &mut [f32], means: &mut [f32], squares: &mut [f32], gradient: &[f32]) {
        const MEAN: f32 = AdamWParams::BETA_1 as f32;
        const SQUARE: f32 = AdamWParams::BETA_2 as f32;
        const EPSILON: f32 = AdamWParams::EPSILON as f32;
        let numbers = values.iter_mut().zip(means).zip(squares).zip(gradient);
        for (((value, mean), square), gradient) in numbers {
            *mean = MEAN * *mean + (1.0 - MEAN) * gradient;
            *square = SQUARE * *square + (1.0 - SQUARE) * gradient * gradient;
            let size = (*square * self.square_scale).sqrt() + EPSILON;
            *value = *value * self.keep - self.rate * *mean / size;
        }
    }
}

impl Parameter {
    fn advance(&mut self, gradient: &Tensor, advance: &Advance) -> Result<()> {
        let gradient: Vec<f32> = gradient.flatten_all()?.to_vec1()?;
        if !gradient.iter().map(|number| number * 0.0).sum::<f32>().eq(&0.0) {
            bail!("the gradient of {} is not finite: the rate of learning is too high", self.name);
        }
        let mut values: Vec<f32> = self.variable.flatten_all()?.to_vec1()?;
        values
            .par_chunks_mut(PIECE)
            .zip(self.mean.par_chunks_mut(PIECE))
            .zip(self.square.par_chunks_mut(PIECE))
            .zip(gradient.par_chunks(PIECE))
            .for_each(|(((values, means), squares), gradient)| {
                advance.apply(values, means, squares, gradient);
            });
        let (shape, device) = (self.variable.shape().clone(), self.variable.device().clone());
        self.variable.set(&Tensor::from_vec(values, shape, &device)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use candle_core::Device;

    #[test]
    fn the_rate_rises_over_the_warm_up_and_falls_to_nothing() {
        let params = AdamWParams { rate: 1.0, warm_up: 4, steps: 12, weight_decay: 0.0 };
        let rates: Vec<f64> = (0..13).map(|step| params.rate_at(step)).collect();
        assert_eq!(&rates[..5], [0.25, 0.5, 0.75, 1.0, 1.0]);
        assert!(rates.windows(2).skip(4).all(|pair| pair[1] < pair[0]), "{rates:?}");
        assert!((rates[11] - 0.125).abs() < 1e-12 && rates[12] == 0.0, "{rates:?}");
        let all_warm_up = AdamWParams { steps: 3, ..params };
        assert!((0..9).all(|step| all_warm_up.rate_at(step).is_finite()));
    }

    #[test]
    fn two_steps_are_those_of_pytorch() {
        // torch.optim.AdamW([p], lr=0.1, weight_decay=0.1), gradients [[0.5, -2.0]] and [[1.0, 1.0]].
        let variable = Var::new(&[[1.0_f32, -1.0]], &Device::Cpu).unwrap();
        let params = AdamWParams { rate: 0.1, warm_up: 0, steps: 1_000_000_000, weight_decay: 0.1 };
        let mut optimiser = AdamW::new(vec![("w".to_owned(), variable.clone())], params);
        for factor in [[0.5_f32, -2.0], [1.0, 1.0]] {
            let factor = Tensor::new(&[factor], &Device::Cpu).unwrap();
            let loss = (variable.as_tensor() * factor).unwrap().sum_all().unwrap();
            optimiser.step(&loss.backward().unwrap()).unwrap();
        }
        let found = variable.to_vec2::<f32>().unwrap();
        assert!((found[0][0] - 0.784_581_8).abs() < 1e-5, "{found:?}");
        assert!((found[0][1] - -0.854_466_3).abs() < 1e-5, "{found:?}");
    }
}
