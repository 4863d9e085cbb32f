//! Training for `recontact`: from raw data to model folders. The service cannot reach this code.

pub mod failure;
pub mod hub;
pub mod progress;
