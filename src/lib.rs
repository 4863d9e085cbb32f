//! `recontact` classifies customer contacts and tells, when a ticket is closed, how likely the customer is to come back.

pub mod classify;
pub mod contact;
pub mod probability;
pub mod registry;
pub mod risk;
pub mod ticket;
pub mod timestamp;
