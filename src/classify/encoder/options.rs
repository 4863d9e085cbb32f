//! [`InferenceOptions`]: on what and how an encoder is computed. None of it changes what an embedding means.

use super::packed::kernels::InstructionSet;
use serde::{Deserialize, Serialize};
use std::num::NonZeroUsize;

/// Section `[inference]` of the configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct InferenceOptions {
    /// Which of the two implementations.
    pub path: InferencePath,
    /// Precision of the packed path's weights and activations.
    pub precision: Precision,
    /// Where the reference path computes; anything but the processor needs the program built for it.
    pub device: InferenceDevice,
    /// Threads that compute at once; 0: as many as the process may use processor cores. The reference path uses all cores
    /// in any case.
    pub threads: usize,
    /// Instructions of the packed path; `None`: the best that the processor has.
    pub instruction_set: Option<InstructionSet>,
}

/// The implementations of the transformer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum InferencePath {
    /// Packed where it applies, else the reference.
    #[default]
    Auto,
    /// Packed weights on the processor, for BERT, DistilBERT and XLM-RoBERTa.
    Packed,
    /// candle-transformers' modules: every supported architecture, every device.
    Reference,
}

/// Numbers that weights and activations are kept in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Precision {
    /// 32-bit floats: equal to sentence-transformers within 1e-5.
    #[default]
    F32,
    /// Bytes in the linear layers: two to three times as fast, a quarter of the memory, cosine to F32 about 0.998.
    Int8,
}

/// What computes the reference path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum InferenceDevice {
    /// The processor.
    #[default]
    Cpu,
    /// The first NVIDIA GPU; needs the cargo feature `cuda`.
    Cuda,
    /// Apple's GPU; needs the cargo feature `metal`.
    Metal,
}

impl InferenceOptions {
    /// Checks what the fields' types cannot say.
    ///
    /// # Errors
    /// The option, what was wrong with it and what was expected.
    pub fn validate(&self) -> Result<(), String> {
        if self.path == InferencePath::Packed && self.device != InferenceDevice::Cpu {
            return Err("path \"packed\" needs device \"cpu\"".to_owned());
        }
        if self.path == InferencePath::Reference && self.precision == Precision::Int8 {
            return Err("precision \"int8\" needs path \"packed\" or \"auto\"".to_owned());
        }
        if self.threads > MAX_THREADS {
            return Err(format!("threads {} must not be above {MAX_THREADS}", self.threads));
        }
        match self.instruction_set {
            Some(set) if !set.is_available() => {
                Err(format!("instruction_set: this processor does not have {set:?}"))
            }
            _ => Ok(()),
        }
    }

    /// Threads that compute at once.
    #[must_use]
    pub fn threads(&self) -> NonZeroUsize {
        NonZeroUsize::new(self.threads)
            .or_else(|| std::thread::available_parallelism().ok())
            .unwrap_or(NonZeroUsize::MIN)
    }
}

/// More threads than any one machine has cores.
const MAX_THREADS: usize = 1024;
