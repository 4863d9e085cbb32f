//! The registry of trained models: folders below `models/`, and which of them is live.

pub mod artifact;
pub mod live;

pub use artifact::{Artifact, ArtifactError, Manifest, ModelKind};
pub use live::{Registry, RegistryError};
