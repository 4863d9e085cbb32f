//! `recontact` classifies customer contacts and tells, when a ticket is closed, how likely the customer is to come back.
//!
//! # The map, in reading order
//!
//! * What the support desk talks about: [`contact`], [`ticket`], [`identity`], [`timestamp`], [`probability`], [`tag`].
//! * What is said of it: [`cleaning`] (the writer's own words), [`redaction`] (without personal data, to be kept), [`classify`] (text to category, candle) and [`risk`] (closed ticket to risk).
//! * What became of it: [`outcome`] (did the customer come back), [`next_issue`] (about what next), [`plan`] (what to do
//!   against that).
//! * What is done about it: [`follow_up`] (queue and control group) and [`effect`] (did it help), on [`statistics`].
//! * How it all goes: [`kpi`] (key figures, each with its definition), told by [`live_kpis`].
//! * Where models come from: [`registry`] (folders, promotion) and [`live_models`] (those that answer); beside them
//!   [`shadow`] (those that are only compared), [`live_next_issues`], [`live_monitoring`] (whether anything drifts, [`monitoring`]), and [`live_similar`] (contacts with similar texts,
//!   [`similar`]).
//! * What is remembered: [`store`] (SQLite or PostgreSQL) and [`customer_key`].
//! * What is handed on: [`pdf`] (documents to forward), [`weekly`] (when the weekly report is due) and [`weekly_report`] (who gets it).
//! * The ways in: [`api`] for programs and [`dashboard`] for people ([`user`]: who may sign in, [`openid`]: who else says so); [`server`],
//!   [`app`], with [`config`] and [`telemetry`]; [`background`] is what goes on beside, [`report`] prints figures, [`user_admin`] manages
//!   users, [`demo`] shows it all.
//!
//! # The two main paths
//!
//! A contact: `api::contacts` parses it, `classify::queue` batches it, `classify` answers, `store::contacts` records it.
//!
//! A closing: `api::tickets` parses it, `store::closings` locks the ticket and reads the customer's history,
//! `risk::features` turns both into numbers, `risk` assesses, and ticket, assessment, episode and follow-up are stored in
//! one transaction. A later contact finds the episode again (`store::derivation`, `outcome`).

pub mod api;
pub mod app;
pub mod background;
pub mod classify;
pub mod cleaning;
pub mod config;
pub mod contact;
pub mod costs;
pub mod customer_key;
pub mod dashboard;
pub mod demo;
pub mod effect;
pub mod follow_up;
pub mod identity;
pub mod kpi;
pub mod live_kpis;
pub mod live_models;
pub mod live_monitoring;
pub mod live_next_issues;
pub mod live_similar;
pub mod monitoring;
pub mod next_issue;
pub mod openid;
pub mod outcome;
pub mod pdf;
pub mod plan;
pub mod probability;
pub mod redaction;
pub mod registry;
pub mod report;
pub mod risk;
mod routing;
pub mod server;
pub mod shadow;
pub mod similar;
pub mod statistics;
pub mod store;
pub mod tag;
pub mod telemetry;
pub mod ticket;
pub mod timestamp;
pub mod user;
pub mod user_admin;
pub mod weekly;
pub mod weekly_report;
