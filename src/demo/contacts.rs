//! Real contacts, classified by the running service.

use super::{Client, shortened};
use anyhow::Context;
use serde_json::{Value, json};
use std::io::Write;
use std::path::Path;

/// Contacts that are classified: one of so many rows of the test file.
const CONTACT_STEP: usize = 385;
/// A contact in a language the shipped category model was not trained on: it must abstain.
const RUSSIAN_CONTACT: &str = "Моя карта до сих пор не пришла, что мне делать?";

/// Shows what the service says of some contacts, beside the category that a person gave them.
///
/// # Errors
/// If the file is not the shipped one or the service fails.
pub(super) fn show(client: &Client, out: &mut impl Write, path: &Path) -> anyhow::Result<()> {
    show_contacts(client, out, &contacts(path)?)
}

/// Real contacts with the category a person gave them.
fn contacts(path: &Path) -> anyhow::Result<Vec<(String, Option<String>)>> {
    let mut reader =
        csv::Reader::from_path(path).with_context(|| format!("reading {}", path.display()))?;
    let mut contacts = Vec::new();
    for record in reader.records().step_by(CONTACT_STEP) {
        let record = record?;
        let (text, category) = (record.get(0), record.get(1));
        contacts.push((text.unwrap_or_default().to_owned(), category.map(str::to_owned)));
    }
    contacts.push((RUSSIAN_CONTACT.to_owned(), None));
    Ok(contacts)
}

fn show_contacts(
    client: &Client,
    out: &mut impl Write,
    contacts: &[(String, Option<String>)],
) -> anyhow::Result<()> {
    let inputs: Vec<Value> = contacts.iter().map(|(text, _)| json!({ "text": text })).collect();
    let answer = client.post("/v1/classify", &json!({ "inputs": inputs }))?;
    writeln!(out, "\nContacts, classified by {}:\n", answer["model"]["version"])?;
    writeln!(out, "{:<56} {:<40} {:>5}  {:<8} true category", "text", "category", "p", "action")?;
    let results = answer["results"].as_array().context("no results")?;
    for ((text, truth), result) in contacts.iter().zip(results) {
        let category =
            result["category"].as_str().or(result["reason"].as_str()).unwrap_or_default();
        let probability =
            result["probability"].as_f64().map_or("–".to_owned(), |p| format!("{p:.2}"));
        let action = result["action"].as_str().unwrap_or_default();
        let truth = truth.as_deref().unwrap_or("(Russian: the model knows English only)");
        writeln!(
            out,
            "{:<56} {category:<40} {probability:>5}  {action:<8} {truth}",
            shortened(text, 55)
        )?;
    }
    Ok(())
}
