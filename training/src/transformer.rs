//! A BERT that can be trained: the same computation as the service's encoder, with gradients.
//!
//! Texts lie end to end without padding ([`batch`]), the steps are operations of candle with a backward pass of their own
//! ([`ops`]), the weights are candle's variables, moved by [`optimiser`] and kept over a kill by [`checkpoint`]. The one
//! thing to know: the tables of tokens, positions and types stay as they are; everything after them learns. [`dropout`] is
//! there where it is asked for.

pub mod batch;
pub mod checkpoint;
pub mod dropout;
pub mod ops;
pub mod optimiser;

use batch::Batch;
use candle_core::{Device, Result, Tensor, Var, bail};
use dropout::Dropout;
use recontact::classify::encoder::Pooling;
use recontact::classify::encoder::checkpoint::{
    BertCheckpoint, BertShape, POSITIONS, TYPES, WORDS,
};
use std::collections::BTreeMap;

/// The smallest length that a vector is divided by, as in `torch.nn.functional.normalize`.
const SMALLEST_LENGTH: f64 = 1e-12;

/// A BERT whose layers are variables.
#[derive(Debug)]
pub struct Transformer {
    shape: BertShape,
    tables: Tables,
    norm: Norm,
    layers: Vec<Layer>,
}

/// What a token's row is made of before the first norm; does not learn.
#[derive(Debug)]
struct Tables {
    tensors: BTreeMap<String, Tensor>,
    words: Vec<f32>,
    /// With the row of the first type added.
    positions: Vec<f32>,
}

#[derive(Debug)]
struct Layer {
    query: Linear,
    key: Linear,
    value: Linear,
    attention_output: Linear,
    attention_norm: Norm,
    intermediate: Linear,
    output: Linear,
    output_norm: Norm,
}

#[derive(Debug)]
struct Linear {
    weight: Var,
    bias: Var,
}

#[derive(Debug)]
struct Norm {
    weight: Var,
    bias: Var,
}

impl Transformer {
    /// Makes variables of a checkpoint's layers; the checkpoint's own tensors are not changed by training.
    ///
    /// # Errors
    /// When a tensor is missing.
    pub fn new(checkpoint: &BertCheckpoint) -> Result<Self> {
        let BertCheckpoint { shape, tensors } = checkpoint;
        let layers = (0..shape.layers).map(|layer| Layer::new(tensors, layer));
        Ok(Self {
            tables: Tables::new(shape, tensors)?,
            norm: Norm::new(tensors, "embeddings.LayerNorm")?,
            layers: layers.collect::<Result<_>>()?,
            shape: shape.clone(),
        })
    }

    /// The vectors of texts, each of length 1: one row for each text of the batch.
    ///
    /// # Errors
    /// When a token or a position is outside of the tables.
    pub fn embed(&self, batch: &Batch) -> Result<Tensor> {
        self.embed_dropping(batch, &mut Dropout::none())
    }

    /// As [`Self::embed`], with a part of the numbers between the layers left out.
    ///
    /// # Errors
    /// As [`Self::embed`].
    pub fn embed_dropping(&self, batch: &Batch, dropout: &mut Dropout) -> Result<Tensor> {
        let pooled = self.pooled(batch, dropout)?;
        let length = pooled.sqr()?.sum_keepdim(1)?.sqrt()?.maximum(SMALLEST_LENGTH)?;
        pooled.broadcast_div(&length)
    }

    /// The pooled vectors before they are brought to length 1.
    fn pooled(&self, batch: &Batch, dropout: &mut Dropout) -> Result<Tensor> {
        let rows = self.norm.forward(&self.tables.rows(&self.shape, batch)?, &self.shape)?;
        let mut x = dropout.thin(rows)?;
        for layer in &self.layers {
            x = layer.forward(&x, &self.shape, batch, dropout)?;
        }
        match self.shape.pooling {
            Pooling::Mean => ops::mean_rows(&x, batch),
            Pooling::Cls => ops::pick_rows(&x, batch),
        }
    }

    /// Everything that learns, by name, in a fixed order.
    #[must_use]
    pub fn variables(&self) -> Vec<(String, Var)> {
        let mut variables = Vec::new();
        self.norm.collect("embeddings.LayerNorm", &mut variables);
        for (number, layer) in self.layers.iter().enumerate() {
            layer.collect(number, &mut variables);
        }
        variables
    }

    /// Shape and tensors as they are now, tables included.
    #[must_use]
    pub fn checkpoint(&self) -> BertCheckpoint {
        let mut tensors = self.tables.tensors.clone();
        let learnt = self.variables().into_iter();
        tensors.extend(learnt.map(|(name, variable)| (name, variable.as_detached_tensor())));
        BertCheckpoint { shape: self.shape.clone(), tensors }
    }
}

impl Tables {
    fn new(shape: &BertShape, tensors: &BTreeMap<String, Tensor>) -> Result<Self> {
        let numbers = |name: &str| find(tensors, name)?.flatten_all()?.to_vec1::<f32>();
        let mut positions = numbers(POSITIONS)?;
        let types = numbers(TYPES)?;
        for row in positions.chunks_exact_mut(shape.hidden) {
            row.iter_mut().zip(&types).for_each(|(number, of_type)| *number += of_type);
        }
        let kept =
            [WORDS, POSITIONS, TYPES].map(|name| Ok((name.to_owned(), find(tensors, name)?)));
        Ok(Self {
            words: numbers(WORDS)?,
            positions,
            tensors: kept.into_iter().collect::<Result<_>>()?,
        })
    }

    /// A row for each token of the batch.
    fn rows(&self, shape: &BertShape, batch: &Batch) -> Result<Tensor> {
        let hidden = shape.hidden;
        let mut rows = Vec::with_capacity(batch.tokens() * hidden);
        for (id, position) in batch.placed_ids() {
            if id as usize >= shape.vocabulary || position >= shape.positions {
                bail!("token {id} at position {position} is outside of the tables");
            }
            let word = &self.words[id as usize * hidden..][..hidden];
            let place = &self.positions[position * hidden..][..hidden];
            rows.extend(word.iter().zip(place).map(|(word, place)| word + place));
        }
        Tensor::from_vec(rows, (batch.tokens(), hidden), &Device::Cpu)
    }
}

impl Layer {
    fn new(tensors: &BTreeMap<String, Tensor>, number: usize) -> Result<Self> {
        let linear = |part: &str| Linear::new(tensors, &format!("encoder.layer.{number}.{part}"));
        let norm = |part: &str| Norm::new(tensors, &format!("encoder.layer.{number}.{part}"));
        Ok(Self {
            query: linear("attention.self.query")?,
            key: linear("attention.self.key")?,
            value: linear("attention.self.value")?,
            attention_output: linear("attention.output.dense")?,
            attention_norm: norm("attention.output.LayerNorm")?,
            intermediate: linear("intermediate.dense")?,
            output: linear("output.dense")?,
            output_norm: norm("output.LayerNorm")?,
        })
    }

    fn forward(
        &self,
        x: &Tensor,
        shape: &BertShape,
        batch: &Batch,
        dropout: &mut Dropout,
    ) -> Result<Tensor> {
        let (query, key, value) =
            (self.query.forward(x)?, self.key.forward(x)?, self.value.forward(x)?);
        let heeded = ops::attend(&query, &key, &value, shape.heads, batch)?;
        let heeded = dropout.thin(self.attention_output.forward(&heeded)?)?;
        let x = self.attention_norm.forward(&(heeded + x)?, shape)?;
        let inner = ops::activate(&self.intermediate.forward(&x)?, shape.activation)?;
        let outer = dropout.thin(self.output.forward(&inner)?)?;
        self.output_norm.forward(&(outer + x)?, shape)
    }

    fn collect(&self, number: usize, variables: &mut Vec<(String, Var)>) {
        let name = |part: &str| format!("encoder.layer.{number}.{part}");
        for (part, linear) in [
            ("attention.self.query", &self.query),
            ("attention.self.key", &self.key),
            ("attention.self.value", &self.value),
            ("attention.output.dense", &self.attention_output),
            ("intermediate.dense", &self.intermediate),
            ("output.dense", &self.output),
        ] {
            variables.push((name(&format!("{part}.weight")), linear.weight.clone()));
            variables.push((name(&format!("{part}.bias")), linear.bias.clone()));
        }
        self.attention_norm.collect(&name("attention.output.LayerNorm"), variables);
        self.output_norm.collect(&name("output.LayerNorm"), variables);
    }
}

impl Linear {
    fn new(tensors: &BTreeMap<String, Tensor>, name: &str) -> Result<Self> {
        Ok(Self {
            weight: variable(tensors, &format!("{name}.weight"))?,
            bias: variable(tensors, &format!("{name}.bias"))?,
        })
    }

    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        ops::linear(x, &self.weight, &self.bias)
    }
}

impl Norm {
    fn new(tensors: &BTreeMap<String, Tensor>, name: &str) -> Result<Self> {
        Ok(Self {
            weight: variable(tensors, &format!("{name}.weight"))?,
            bias: variable(tensors, &format!("{name}.bias"))?,
        })
    }

    fn forward(&self, x: &Tensor, shape: &BertShape) -> Result<Tensor> {
        #[expect(clippy::cast_possible_truncation, reason = "a small number by nature")]
        let epsilon = shape.norm_epsilon as f32;
        ops::layer_norm(x, &self.weight, &self.bias, epsilon)
    }

    fn collect(&self, name: &str, variables: &mut Vec<(String, Var)>) {
        variables.push((format!("{name}.weight"), self.weight.clone()));
        variables.push((format!("{name}.bias"), self.bias.clone()));
    }
}

fn find(tensors: &BTreeMap<String, Tensor>, name: &str) -> Result<Tensor> {
    match tensors.get(name) {
        Some(tensor) => Ok(tensor.clone()),
        None => bail!("tensor {name} is missing"),
    }
}

/// A variable with numbers of its own.
fn variable(tensors: &BTreeMap<String, Tensor>, name: &str) -> Result<Var> {
    Var::from_tensor(&find(tensors, name)?.copy()?)
}
