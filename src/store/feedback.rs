//! Feedback: what people say the label of a contact should have been. It stays beside what was predicted.

use super::customer::content_sha256;
use super::erasure::ERASED;
use super::{Store, StoreError, Tenant, instant, name, optional_name};
use crate::contact::Head;
use crate::probability::Probability;
use crate::ticket::{Name, TicketId};
use crate::timestamp::Timestamp;
use serde::{Deserialize, Serialize};
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};

/// Feedback to be recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewFeedback {
    /// About which contact.
    pub contact_id: Name,
    /// About which of its labels.
    pub head: Head,
    /// The right one.
    pub label: Name,
    /// Who says so.
    pub author: Name,
    /// When they said it.
    pub occurred_at: Timestamp,
    /// In their words.
    pub note: Option<String>,
    /// Whether the live model, a rule or the default of the head can answer this label; `None` where it has neither model nor rules.
    pub is_known_label: Option<bool>,
}

/// What a head had said of a contact when it was recorded.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Prediction {
    /// The label; `None` where the head abstained or said nothing.
    pub label: Option<Name>,
    /// Its calibrated probability; `None` also where a rule said so.
    pub probability: Option<Probability>,
    /// auto, suggest or abstain; `None` where the head said nothing.
    pub action: Option<String>,
    /// The model, or the rules, that said so.
    pub model_version: Option<String>,
}

/// Feedback with the prediction that it is about.
#[derive(Debug, Clone, PartialEq)]
pub struct Feedback {
    /// What was said.
    pub said: NewFeedback,
    /// What had been predicted.
    pub prediction: Prediction,
}

/// What became of feedback.
#[derive(Debug, Clone, PartialEq)]
pub enum FeedbackRecorded {
    /// It is recorded now.
    Recorded(Feedback),
    /// It was recorded before; nothing was changed.
    Unchanged(Feedback),
    /// This author said something else of this head of this contact at this instant; nothing was changed.
    Conflict,
    /// No such contact is recorded, or its customer was erased.
    UnknownContact,
}

/// Where a page of feedback ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FeedbackCursor {
    /// The last one's instant.
    pub occurred_at: Timestamp,
    /// Its contact.
    pub contact_id: Name,
    /// Its head.
    pub head: Head,
    /// Its author.
    pub author: Name,
}

/// Which feedback to read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FeedbackFilter {
    /// About this head only.
    pub head: Option<Head>,
    /// By this author only.
    pub author: Option<Name>,
    /// Said at this instant or later.
    pub since: Option<Timestamp>,
}

/// How often one prediction was confirmed and overridden.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedbackCount {
    /// By which head.
    pub head: Head,
    /// By which model or rules, where the head said something.
    pub model_version: Option<String>,
    /// What was predicted; `None` where the head abstained or said nothing.
    pub predicted_label: Option<Name>,
    /// With which action.
    pub action: Option<String>,
    /// Contacts with feedback.
    pub total: u64,
    /// Those of them whose right label is another one; 0 where nothing was predicted.
    pub overridden: u64,
}

/// Reads feedback; the rest of the condition follows.
macro_rules! select_feedback {
    ($rest:expr) => {
        concat!(
            "SELECT contact_id, head, author, occurred_at, label, note, content_sha256, is_known_label, predicted_label, \
             probability, action, model_version FROM feedback WHERE tenant = $1 AND ",
            $rest
        )
    };
}

impl Store {
    /// Records what a person says of a contact's label. The prediction stays as it is; the same again changes nothing.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn record_feedback(
        &self,
        tenant: &Tenant,
        said: &NewFeedback,
        now: Timestamp,
    ) -> Result<FeedbackRecorded, StoreError> {
        let mut write = self.begin_write().await?;
        let recorded = record(write.connection(), tenant, said, now).await?;
        write.finish(matches!(recorded, FeedbackRecorded::Recorded(_))).await?;
        Ok(recorded)
    }

    /// Feedback, oldest first, at most `limit`, going on after `after`.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn feedback(
        &self,
        tenant: &Tenant,
        filter: &FeedbackFilter,
        after: Option<&FeedbackCursor>,
        limit: u32,
    ) -> Result<Vec<Feedback>, StoreError> {
        let rows = sqlx::query(select_feedback!(
            "occurred_at >= $2 AND ($3 = '' OR head = $3) AND ($4 = '' OR author = $4) \
             AND (occurred_at, contact_id, head, author) > ($5, $6, $7, $8) \
             ORDER BY occurred_at, contact_id, head, author LIMIT $9"
        ))
        .bind(tenant.as_str())
        .bind(filter.since.map_or(0, Timestamp::millis))
        .bind(filter.head.map_or("", Head::as_str))
        .bind(filter.author.as_ref().map_or("", Name::as_str))
        // Before every instant there is.
        .bind(after.map_or(-1, |after| after.occurred_at.millis()))
        .bind(after.map_or("", |after| after.contact_id.as_str()))
        .bind(after.map_or("", |after| after.head.as_str()))
        .bind(after.map_or("", |after| after.author.as_str()))
        .bind(i64::from(limit))
        .fetch_all(&self.pool)
        .await?;
        rows.iter().map(read).collect()
    }

    /// What people said of the contacts of a ticket, oldest first.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn ticket_feedback(
        &self,
        tenant: &Tenant,
        ticket: &TicketId,
    ) -> Result<Vec<Feedback>, StoreError> {
        let rows = sqlx::query(select_feedback!(
            "contact_id IN (SELECT c.id FROM contacts c WHERE c.tenant = $1 AND c.ticket_id = $2) \
             ORDER BY occurred_at, contact_id, head, author"
        ))
        .bind(tenant.as_str())
        .bind(ticket.as_str())
        .fetch_all(&self.pool)
        .await?;
        rows.iter().map(read).collect()
    }

    /// Counts, of the feedback since an instant, the last for each contact and head by what was predicted.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn feedback_counts(
        &self,
        tenant: &Tenant,
        since: Option<Timestamp>,
    ) -> Result<Vec<FeedbackCount>, StoreError> {
        let rows = sqlx::query(
            "SELECT head, model_version, predicted_label, action, COUNT(*) AS total, \
             COUNT(CASE WHEN label <> predicted_label THEN 1 END) AS overridden \
             FROM feedback f WHERE tenant = $1 AND occurred_at >= $2 AND NOT EXISTS (SELECT 1 FROM feedback l \
             WHERE l.tenant = f.tenant AND l.contact_id = f.contact_id AND l.head = f.head \
             AND (l.occurred_at, l.author) > (f.occurred_at, f.author)) \
             GROUP BY head, model_version, predicted_label, action",
        )
        .bind(tenant.as_str())
        .bind(since.map_or(0, Timestamp::millis))
        .fetch_all(&self.pool)
        .await?;
        rows.iter().map(read_count).collect()
    }
}

async fn record(
    connection: &mut AnyConnection,
    tenant: &Tenant,
    said: &NewFeedback,
    now: Timestamp,
) -> Result<FeedbackRecorded, StoreError> {
    // An erasure, or the same feedback sent at once, comes before or after.
    sqlx::query("UPDATE contacts SET recorded_at = recorded_at WHERE tenant = $1 AND id = $2")
        .bind(tenant.as_str())
        .bind(said.contact_id.as_str())
        .execute(&mut *connection)
        .await?;
    let contact = sqlx::query(
        "SELECT classification, model_version FROM contacts \
         WHERE tenant = $1 AND id = $2 AND content_sha256 <> $3",
    )
    .bind(tenant.as_str())
    .bind(said.contact_id.as_str())
    .bind(ERASED)
    .fetch_optional(&mut *connection)
    .await?;
    let Some(contact) = contact else { return Ok(FeedbackRecorded::UnknownContact) };
    let sha256 = content_sha256(&(&said.label, &said.note))?;
    let earlier = sqlx::query(select_feedback!(
        "contact_id = $2 AND head = $3 AND author = $4 AND occurred_at = $5"
    ))
    .bind(tenant.as_str())
    .bind(said.contact_id.as_str())
    .bind(said.head.as_str())
    .bind(said.author.as_str())
    .bind(said.occurred_at.millis())
    .fetch_optional(&mut *connection)
    .await?;
    if let Some(earlier) = earlier {
        let is_same = earlier.try_get::<String, _>("content_sha256")? == sha256;
        return Ok(if is_same {
            FeedbackRecorded::Unchanged(read(&earlier)?)
        } else {
            FeedbackRecorded::Conflict
        });
    }
    let prediction = Prediction::of(
        said.head,
        &contact.try_get::<String, _>("classification")?,
        contact.try_get("model_version")?,
    )?;
    insert(connection, tenant, said, &prediction, &sha256, now).await?;
    Ok(FeedbackRecorded::Recorded(Feedback { said: said.clone(), prediction }))
}

async fn insert(
    connection: &mut AnyConnection,
    tenant: &Tenant,
    said: &NewFeedback,
    prediction: &Prediction,
    sha256: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO feedback (tenant, contact_id, head, author, occurred_at, label, note, content_sha256, is_known_label, \
         predicted_label, probability, action, model_version, recorded_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
    )
    // Not kept prepared: the driver gives a missing probability another type than a known one, and a prepared statement is
    // held to the types it was first used with.
    .persistent(false)
    .bind(tenant.as_str())
    .bind(said.contact_id.as_str())
    .bind(said.head.as_str())
    .bind(said.author.as_str())
    .bind(said.occurred_at.millis())
    .bind(said.label.as_str())
    .bind(said.note.as_deref())
    .bind(sha256)
    .bind(said.is_known_label.map(i64::from))
    .bind(prediction.label.as_ref().map(Name::as_str))
    .bind(prediction.probability.map(Probability::value))
    .bind(prediction.action.as_deref())
    .bind(prediction.model_version.as_deref())
    .bind(now.millis())
    .execute(connection)
    .await?;
    Ok(())
}

/// The part of a stored classification that feedback is about.
#[derive(Deserialize)]
struct StoredAnswer {
    #[serde(alias = "category")]
    label: Option<Name>,
    probability: Option<Probability>,
    action: Option<String>,
    source: Option<StoredSource>,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum StoredSource {
    Model(String),
    Rules(String),
    Trigrams(String),
}

impl Prediction {
    /// What a classification, in the form in which it is answered, says by a head; the category stands at its top.
    fn of(head: Head, classification: &str, category_version: String) -> Result<Self, StoreError> {
        let corrupt = |error| StoreError::corrupt("contacts", "classification", error);
        let mut said: serde_json::Value = serde_json::from_str(classification).map_err(corrupt)?;
        let said = match head.answer_field() {
            None => said,
            Some(field) => said.get_mut(field).map(serde_json::Value::take).unwrap_or_default(),
        };
        let answer: Option<StoredAnswer> = serde_json::from_value(said).map_err(corrupt)?;
        let Some(answer) = answer.filter(|answer| answer.action.is_some()) else {
            return Ok(Self::default());
        };
        let StoredAnswer { label, probability, action, source } = answer;
        let model_version = match source {
            Some(
                StoredSource::Model(version)
                | StoredSource::Rules(version)
                | StoredSource::Trigrams(version),
            ) => Some(version),
            None => (head == Head::Category).then_some(category_version),
        };
        Ok(Self {
            probability: probability.filter(|_| label.is_some()),
            label,
            action,
            model_version,
        })
    }
}

fn read(row: &AnyRow) -> Result<Feedback, StoreError> {
    let probability = row.try_get::<Option<f64>, _>("probability")?.map(Probability::new);
    Ok(Feedback {
        said: NewFeedback {
            contact_id: name(row, "feedback", "contact_id")?,
            head: read_head(row, "head")?,
            label: name(row, "feedback", "label")?,
            author: name(row, "feedback", "author")?,
            occurred_at: instant(row, "feedback", "occurred_at")?,
            note: row.try_get("note")?,
            is_known_label: row.try_get::<Option<i64>, _>("is_known_label")?.map(|is| is != 0),
        },
        prediction: Prediction {
            label: optional_name(row, "feedback", "predicted_label")?,
            probability: probability
                .transpose()
                .map_err(|error| StoreError::corrupt("feedback", "probability", error))?,
            action: row.try_get("action")?,
            model_version: row.try_get("model_version")?,
        },
    })
}

fn read_count(row: &AnyRow) -> Result<FeedbackCount, StoreError> {
    let count = |column| {
        u64::try_from(row.try_get::<i64, _>(column)?)
            .map_err(|error| StoreError::corrupt("feedback", column, error))
    };
    Ok(FeedbackCount {
        head: read_head(row, "head")?,
        model_version: row.try_get("model_version")?,
        predicted_label: optional_name(row, "feedback", "predicted_label")?,
        action: row.try_get("action")?,
        total: count("total")?,
        overridden: count("overridden")?,
    })
}

/// A head in a column.
pub(super) fn read_head(row: &AnyRow, column: &'static str) -> Result<Head, StoreError> {
    let word: String = row.try_get(column)?;
    Head::parse(&word)
        .ok_or_else(|| StoreError::corrupt("feedback", column, format!("unknown: {word}")))
}
