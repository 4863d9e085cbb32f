//! The HTTP service as its clients see it: the real server on a free port, with its own database and models.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a helper that fails is a failed test")]

#[path = "../support/desk.rs"]
mod desk;
#[path = "../support/filler.rs"]
#[expect(dead_code, reason = "shared with the tests of the store, which use all of it")]
mod filler;
#[path = "../support/flagged.rs"]
mod flagged;
mod helpers;
#[path = "../support/openid.rs"]
mod openid_provider;
#[path = "../support/poppler.rs"]
mod poppler;
#[path = "../support/postgres.rs"]
mod postgres;
#[path = "../support/smtp.rs"]
mod smtp;
#[path = "../support/models.rs"]
mod trained;

mod auth;
mod classify;
mod cleaning;
mod contacts;
mod customers;
mod dashboard;
mod docs;
mod embed;
mod errors;
mod experiments;
mod experiments_effect;
mod feedback;
mod follow_ups;
mod health;
mod kpis;
mod language;
mod models;
mod monitoring;
mod next_issues;
mod outcomes;
mod overload;
mod plans;
mod predict;
mod rules;
mod similar;
mod tickets;
mod weekly;
