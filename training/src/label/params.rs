//! [`LabelParams`]: what `recontact-train label` reads from `--config`.

use crate::bad_input;
use crate::tickets::TicketColumns;
use recontact::outcome::OutcomePolicy;
use recontact::timestamp::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::Path;

/// Parameters of the labelling. Every field has the documented default.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LabelParams {
    /// Until when events are known; an episode whose window ends later is immature. Left out: the latest event.
    pub observed_until: Option<Timestamp>,
    /// Rows that are sorted in memory at once; memory grows with it and with nothing else. Default 100,000.
    pub run_rows: usize,
    /// The columns of the tickets table.
    pub columns: TicketNames,
    /// The columns of the contacts table.
    pub contact_columns: ContactNames,
    /// How outcomes are derived.
    pub outcomes: OutcomePolicy,
}

/// Names of the columns of the tickets table. An optional column that is named must exist; one that is not named is used
/// when the table has it under the name given here.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct TicketNames {
    /// The helpdesk's identifier. Several rows with one identifier are the ticket's several closings.
    pub ticket_id: String,
    /// Whose problem it was; empty where not known.
    pub customer_id: String,
    /// When it was opened.
    pub opened_at: String,
    /// When it was closed; empty while it is open.
    pub closed_at: String,
    /// What it was about.
    pub category: String,
    /// When it was opened again after the closing before (`reopened_at`).
    pub reopened_at: Option<String>,
    /// The customer's first text (`first_text`); read only with an encoder.
    pub first_text: Option<String>,
    /// The customer's e-mail address (`email`).
    pub email: Option<String>,
    /// The customer's telephone number (`phone`).
    pub phone: Option<String>,
    /// What else [`TicketColumns`] knows; accepted, so that one file can serve labelling and training, and not used.
    #[serde(flatten)]
    pub unused: BTreeMap<String, toml::Value>,
}

/// Names of the columns of the contacts table, as in [`TicketNames`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ContactNames {
    /// The helpdesk's identifier.
    pub contact_id: String,
    /// Who wrote; empty where not known, then the customer of the ticket counts.
    pub customer_id: String,
    /// When it was written.
    pub occurred_at: String,
    /// The ticket it belongs to (`ticket_id`).
    pub ticket_id: Option<String>,
    /// How it came in (`channel`).
    pub channel: Option<String>,
    /// Who wrote it: customer, agent or system (`author`). Left out or empty: the customer.
    pub author: Option<String>,
    /// What it is, where the helpdesk knows: substantive, thanks, auto_reply, bounce, survey_reply, spam or agent_created
    /// (`kind`). Left out or empty: it is recognised from author and text.
    pub kind: Option<String>,
    /// What it is about (`category`).
    pub category: Option<String>,
    /// What was written (`text`).
    pub text: Option<String>,
    /// The follow-up of ours that it answers (`follow_up_id`).
    pub follow_up_id: Option<String>,
    /// The customer's e-mail address (`email`).
    pub email: Option<String>,
    /// The customer's telephone number (`phone`).
    pub phone: Option<String>,
}

impl LabelParams {
    /// Reads and checks a TOML file.
    ///
    /// # Errors
    /// [`crate::failure::BadInput`] naming the file and the field.
    pub fn read(path: &Path) -> anyhow::Result<Self> {
        let file = path.display();
        let text = std::fs::read_to_string(path)
            .map_err(|error| bad_input!("--config {file}: cannot be read: {error}"))?;
        let params: Self =
            toml::from_str(&text).map_err(|error| bad_input!("--config {file}: {error}"))?;
        params.check().map_err(|fault| bad_input!("--config {file}: {fault}"))?;
        Ok(params)
    }

    fn check(&self) -> Result<(), String> {
        self.outcomes.check().map_err(|error| format!("[outcomes] {error}"))?;
        if self.run_rows < 1000 {
            return Err(format!("run_rows: expected at least 1000, got {}", self.run_rows));
        }
        let unused: toml::Table =
            self.columns.unused.iter().map(|(key, value)| (key.clone(), value.clone())).collect();
        let known: Result<TicketColumns, _> = unused.try_into();
        known.map(|_| ()).map_err(|error| format!("[columns] {}", error.message()))
    }
}

impl Default for LabelParams {
    fn default() -> Self {
        Self {
            observed_until: None,
            run_rows: 100_000,
            columns: TicketNames::default(),
            contact_columns: ContactNames::default(),
            outcomes: OutcomePolicy::default(),
        }
    }
}

impl Default for TicketNames {
    fn default() -> Self {
        Self {
            ticket_id: "ticket_id".into(),
            customer_id: "customer_id".into(),
            opened_at: "opened_at".into(),
            closed_at: "closed_at".into(),
            category: "category".into(),
            reopened_at: None,
            first_text: None,
            email: None,
            phone: None,
            unused: BTreeMap::new(),
        }
    }
}

impl Default for ContactNames {
    fn default() -> Self {
        Self {
            contact_id: "contact_id".into(),
            customer_id: "customer_id".into(),
            occurred_at: "occurred_at".into(),
            ticket_id: None,
            channel: None,
            author: None,
            kind: None,
            category: None,
            text: None,
            follow_up_id: None,
            email: None,
            phone: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> anyhow::Result<LabelParams> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("label.toml");
        std::fs::write(&path, text).unwrap();
        LabelParams::read(&path)
    }

    #[test]
    fn a_file_of_the_risk_model_can_be_used_and_what_nobody_knows_is_named() {
        let params =
            read("[columns]\nticket_id = \"Nummer\"\ncategorical = [\"area\"]\nteam = \"group\"")
                .unwrap();
        assert_eq!(params.columns.ticket_id, "Nummer");
        let cases = [
            ("[columns]\ntickt_id = \"x\"", "tickt_id"),
            ("windows = 3", "windows"),
            ("[contact_columns]\nmail = \"x\"", "mail"),
            (
                "[outcomes]\nsimilarity_threshold = 2",
                "similarity_threshold: expected a number from 0 to 1",
            ),
            ("run_rows = 10", "run_rows: expected at least 1000, got 10"),
        ];
        for (text, expected) in cases {
            let fault = read(text).unwrap_err().to_string();
            assert!(fault.contains(expected), "{fault}");
        }
    }
}
