//! Training for `recontact`: from raw data to model folders. The service cannot reach this code.

pub mod card;
pub mod category;
pub mod check_data;
pub mod compare;
pub mod distill;
pub mod evaluate;
pub mod export;
pub mod failure;
pub mod faults;
pub mod hub;
pub mod instant;
pub mod label;
pub mod logistic;
pub mod metrics;
pub mod peak_memory;
pub mod prepare;
pub mod progress;
pub mod risk;
pub mod run_lock;
pub mod similarity;
pub mod simulate;
pub mod table;
pub mod tickets;
pub mod topics;
pub mod transformer;
pub mod whole_file;
