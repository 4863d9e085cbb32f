//! The registry of trained models: folders below `models/`, and which of them is live.

pub mod artifact;
pub mod comparison;
pub mod gate;
pub mod live;
pub mod promotion;

pub use artifact::{Artifact, ArtifactError, Manifest, ModelKind};
pub use comparison::Comparison;
pub use live::{Registry, RegistryError};
