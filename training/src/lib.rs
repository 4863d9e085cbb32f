//! Training for `recontact`: from raw data to model folders. The service cannot reach this code.

pub mod failure;
pub mod faults;
pub mod progress;
pub mod table;
