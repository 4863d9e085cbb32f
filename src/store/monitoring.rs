//! What monitoring compares: stored classifications, assessments and vectors of a window. Where there are more than are wanted,
//! those with the lowest content hash are taken: a sample that is the same whenever it is asked for.

use super::episodes::read_vector;
use super::{Store, StoreError, Tenant};
use crate::monitoring::{
    ClosingRow, ContactRow, Features, MonitoringOptions, Sample, Samples, Value, Window, Windows,
};
use crate::risk::{CALIBRATION_REASON, FeatureValue};
use crate::timestamp::Timestamp;
use futures_util::TryStreamExt;
use serde::Deserialize;
use sqlx::Row;
use std::borrow::Cow;

/// What monitoring looks at in a stored classification. Those of earlier versions may lack any of it.
#[derive(Default, Deserialize)]
#[serde(default)]
struct StoredClassification {
    probability: Option<f64>,
    alternatives: Vec<StoredLabel>,
    action: Option<String>,
    reason: Option<String>,
    language: Option<String>,
}

#[derive(Deserialize)]
struct StoredLabel {
    probability: f64,
}

/// What monitoring looks at in a stored risk: its reasons name every feature that moved it, with the value. An erased
/// customer's have none.
#[derive(Deserialize)]
struct StoredRisk<'a> {
    #[serde(borrow, default)]
    reasons: Vec<StoredReason<'a>>,
}

#[derive(Deserialize)]
struct StoredReason<'a> {
    #[serde(borrow)]
    feature: Cow<'a, str>,
    value: FeatureValue,
    contribution: f64,
}

impl StoredRisk<'_> {
    fn add_to(&self, features: &mut Features) {
        let of_features = |reason: &&StoredReason<'_>| reason.feature != CALIBRATION_REASON;
        for reason in self.reasons.iter().filter(of_features) {
            let value = match &reason.value {
                FeatureValue::Missing => Value::Missing,
                FeatureValue::Number(number) => Value::Number(*number),
                FeatureValue::Flag(true) => Value::Category("true"),
                FeatureValue::Flag(false) => Value::Category("false"),
                FeatureValue::Text(text) => Value::Category(text),
            };
            if !features.contains_key(reason.feature.as_ref()) {
                features.insert(reason.feature.to_string(), Default::default());
            }
            if let Some(sample) = features.get_mut(reason.feature.as_ref()) {
                sample.add(value, reason.contribution);
            }
        }
    }
}

impl Store {
    /// What both windows hold, as of `now`.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn monitoring_samples(
        &self,
        tenant: &Tenant,
        windows: &Windows,
        options: &MonitoringOptions,
        now: Timestamp,
    ) -> Result<Samples, StoreError> {
        let encoder = self.newest_encoder(tenant).await?;
        let mut samples = [Sample::default(), Sample::default()];
        for (sample, window) in samples.iter_mut().zip([windows.reference, windows.current]) {
            sample.contacts = self.contacts_in(tenant, window, options.max_rows).await?;
            (sample.closings, sample.features) =
                self.closings_in(tenant, window, options, now).await?;
            if let Some(encoder) = &encoder {
                let most = options.max_embeddings;
                sample.embeddings = self.embeddings_in(tenant, window, encoder, most).await?;
            }
        }
        let [reference, current] = samples;
        Ok(Samples { reference, current, encoder })
    }

    async fn newest_encoder(&self, tenant: &Tenant) -> Result<Option<String>, StoreError> {
        let encoder = sqlx::query_scalar(
            "SELECT encoder FROM contact_embeddings WHERE tenant = $1 AND encoder IS NOT NULL \
             ORDER BY change DESC LIMIT 1",
        )
        .bind(tenant.as_str())
        .fetch_optional(&self.pool)
        .await?;
        Ok(encoder)
    }

    async fn contacts_in(
        &self,
        tenant: &Tenant,
        window: Window,
        most: u32,
    ) -> Result<Vec<ContactRow>, StoreError> {
        let rows = sqlx::query(
            "SELECT model_version, classification, category, channel FROM contacts \
             WHERE tenant = $1 AND occurred_at >= $2 AND occurred_at < $3 AND author = 'customer' \
             ORDER BY content_sha256, id LIMIT $4",
        )
        .bind(tenant.as_str())
        .bind(window.from.millis())
        .bind(window.to.millis())
        .bind(i64::from(most))
        .fetch_all(&self.pool)
        .await?;
        let contacts = rows.iter().map(|row| {
            let json: String = row.try_get("classification")?;
            let said: StoredClassification = serde_json::from_str(&json)
                .map_err(|error| StoreError::corrupt("contacts", "classification", error))?;
            let best = said.alternatives.first().map(|label| label.probability);
            Ok(ContactRow {
                model_version: row.try_get("model_version")?,
                // A rule's answer has alternatives of the model, but no probability.
                probability: match said.action.as_deref() {
                    Some("abstain") => said.probability.or(best),
                    _ => said.probability,
                },
                category: row.try_get("category")?,
                action: said.action,
                reason: said.reason,
                language: said.language,
                channel: row.try_get("channel")?,
            })
        });
        contacts.collect()
    }

    /// The sample is drawn before the assessments themselves are read: sorting them would move all of a window's reasons.
    async fn closings_in(
        &self,
        tenant: &Tenant,
        window: Window,
        options: &MonitoringOptions,
        now: Timestamp,
    ) -> Result<(Vec<ClosingRow>, Features), StoreError> {
        let mature_until = now.plus_days(-i64::from(options.outcome_days));
        let mut rows = sqlx::query(
            "SELECT a.model_version AS model_version, a.probability AS probability, a.band AS band, a.body AS body, \
             a.closed_at AS closed_at, e.category AS category, e.channel AS channel, (SELECT COUNT(*) \
             FROM recontacts r WHERE r.tenant = a.tenant AND r.ticket_id = a.ticket_id AND r.episode = a.episode \
             AND r.relation IN ('explicit', 'implicit') AND r.gap_ms > 0 AND r.gap_ms <= $4) AS repeats \
             FROM (SELECT tenant, ticket_id, episode FROM assessments WHERE tenant = $1 AND closed_at >= $2 \
             AND closed_at < $3 ORDER BY inputs_sha256, ticket_id, episode LIMIT $5) s \
             JOIN assessments a ON a.tenant = s.tenant AND a.ticket_id = s.ticket_id AND a.episode = s.episode \
             LEFT JOIN episodes e ON e.tenant = a.tenant AND e.ticket_id = a.ticket_id AND e.number = a.episode",
        )
        .bind(tenant.as_str())
        .bind(window.from.millis())
        .bind(window.to.millis())
        .bind(i64::from(options.outcome_days) * 86_400_000)
        .bind(i64::from(options.max_rows))
        .fetch(&self.pool);
        let (mut closings, mut features) = (Vec::new(), Features::new());
        // One after the other: what is kept of an assessment is a tenth of what was stored.
        while let Some(row) = rows.try_next().await? {
            let body: String = row.try_get("body")?;
            let risk: StoredRisk<'_> = serde_json::from_str(&body)
                .map_err(|error| StoreError::corrupt("assessments", "body", error))?;
            risk.add_to(&mut features);
            let is_mature = row.try_get::<i64, _>("closed_at")? <= mature_until.millis();
            let repeats: i64 = row.try_get("repeats")?;
            closings.push(ClosingRow {
                model_version: row.try_get("model_version")?,
                probability: row.try_get("probability")?,
                band: row.try_get("band")?,
                category: row.try_get("category")?,
                channel: row.try_get("channel")?,
                repeated: is_mature.then_some(repeats > 0),
            });
        }
        Ok((closings, features))
    }

    async fn embeddings_in(
        &self,
        tenant: &Tenant,
        window: Window,
        encoder: &str,
        most: u32,
    ) -> Result<Vec<Vec<f32>>, StoreError> {
        let rows = sqlx::query(
            "SELECT c.embedding AS embedding FROM contacts c JOIN contact_embeddings e \
             ON e.tenant = c.tenant AND e.contact_id = c.id WHERE c.tenant = $1 AND c.occurred_at >= $2 \
             AND c.occurred_at < $3 AND e.encoder = $4 AND c.embedding IS NOT NULL \
             ORDER BY c.content_sha256, c.id LIMIT $5",
        )
        .bind(tenant.as_str())
        .bind(window.from.millis())
        .bind(window.to.millis())
        .bind(encoder)
        .bind(i64::from(most))
        .fetch_all(&self.pool)
        .await?;
        let mut vectors = Vec::with_capacity(rows.len());
        for row in &rows {
            let vector = read_vector(row, "contacts")?;
            vectors
                .extend(vector.map(|v| v.values().iter().map(|part| f32::from(*part)).collect()));
        }
        Ok(vectors)
    }
}
