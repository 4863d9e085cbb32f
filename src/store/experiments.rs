//! Experiments and the arms of customers. One experiment runs at a time; its share and window never change.

use super::{
    CustomerHash, CustomerKey, Store, StoreError, Tenant, instant, name, optional_instant,
};
use crate::follow_up::{Arm, FollowUpPolicy};
use crate::ticket::Name;
use crate::timestamp::Timestamp;
use serde::{Deserialize, Serialize};
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};

/// What an experiment is to be: fixed when it starts.
#[derive(Debug, Clone, PartialEq)]
pub struct ExperimentPlan {
    /// Its identifier, also part of the hash that decides the arms: another experiment deals anew.
    pub id: Name,
    /// The part of customers that is followed up, 0.05 to 0.95.
    pub treatment_share: f64,
    /// Days after a closing in which a repeat counts: one of [`crate::outcome::WINDOWS_DAYS`].
    pub window_days: u32,
    /// Who starts it.
    pub author: Option<Name>,
    /// What it is for.
    pub note: Option<String>,
}

/// An experiment as stored.
#[derive(Debug, Clone, PartialEq)]
pub struct Experiment {
    /// What was fixed when it started.
    pub plan: ExperimentPlan,
    /// When it started.
    pub started_at: Timestamp,
    /// When it ended; `None` while it runs.
    pub ended_at: Option<Timestamp>,
    /// Who ended it.
    pub ended_by: Option<Name>,
}

/// What became of a start.
#[derive(Debug, Clone, PartialEq)]
pub enum ExperimentStarted {
    /// It runs now.
    Started(Experiment),
    /// It was started before with the same content; this is what it is now.
    Unchanged(Experiment),
    /// An experiment of this identifier was started with other content; nothing was changed.
    Conflict(Experiment),
    /// Another experiment runs; nothing was changed.
    OtherRunning(Experiment),
}

/// What became of an end.
#[derive(Debug, Clone, PartialEq)]
pub enum ExperimentEnded {
    /// It is over now.
    Ended(Experiment),
    /// It was over before.
    AlreadyEnded(Experiment),
    /// There is none of this identifier.
    Unknown,
}

/// What column `body` holds.
#[derive(Serialize, Deserialize)]
struct Body {
    #[serde(default)]
    author: Option<Name>,
    #[serde(default)]
    note: Option<String>,
    #[serde(default)]
    ended_by: Option<Name>,
}

/// What closings need to know of the experiment that runs.
pub(super) struct RunningExperiment {
    pub(super) id: String,
    pub(super) treatment_share: f64,
    pub(super) window_days: u32,
}

/// Reads experiments; the rest of the statement follows.
macro_rules! select_experiments {
    ($rest:literal) => {
        concat!(
            "SELECT id, treatment_share, window_days, started_at, ended_at, body FROM experiments ",
            $rest
        )
    };
}

impl Store {
    /// Starts an experiment, unless one runs.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn start_experiment(
        &self,
        tenant: &Tenant,
        plan: &ExperimentPlan,
        now: Timestamp,
    ) -> Result<ExperimentStarted, StoreError> {
        let body = body_json(&Body {
            author: plan.author.clone(),
            note: plan.note.clone(),
            ended_by: None,
        })?;
        let mut write = self.begin_write().await?;
        let inserted = sqlx::query(
            "INSERT INTO experiments (tenant, id, treatment_share, window_days, started_at, body) \
             VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING",
        )
        .bind(tenant.as_str())
        .bind(plan.id.as_str())
        .bind(plan.treatment_share)
        .bind(i64::from(plan.window_days))
        .bind(now.millis())
        .bind(body)
        .execute(write.connection())
        .await?
        .rows_affected();
        let same_id = find(write.connection(), tenant, plan.id.as_str()).await?;
        let other = find_running(write.connection(), tenant).await?;
        write.finish(inserted == 1).await?;
        match (same_id, other) {
            (Some(experiment), _) if inserted == 1 => Ok(ExperimentStarted::Started(experiment)),
            (Some(experiment), _) if experiment.plan == *plan => {
                Ok(ExperimentStarted::Unchanged(experiment))
            }
            (Some(experiment), _) => Ok(ExperimentStarted::Conflict(experiment)),
            (None, Some(running)) => Ok(ExperimentStarted::OtherRunning(running)),
            // The one that ran ended while this was answered: the caller may try again.
            (None, None) => Err(StoreError::Unavailable { source: sqlx::Error::RowNotFound }),
        }
    }

    /// Starts the tenant's first experiment by the policy, where there never was one; whether it did.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn start_first_experiment(
        &self,
        tenant: &Tenant,
        policy: &FollowUpPolicy,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let note = "the first experiment, started by the service itself".to_owned();
        let body = body_json(&Body { author: None, note: Some(note), ended_by: None })?;
        let start = sqlx::query(
            "INSERT INTO experiments (tenant, id, treatment_share, window_days, started_at, body) \
             SELECT $1, $2, $3, $4, $5, $6 WHERE NOT EXISTS (SELECT 1 FROM experiments WHERE tenant = $1) \
             ON CONFLICT DO NOTHING",
        )
        .bind(tenant.as_str())
        .bind("first")
        .bind(policy.treatment_share)
        .bind(i64::from(policy.window_days))
        .bind(now.millis())
        .bind(body);
        Ok(self.execute(start).await? == 1)
    }

    /// Ends an experiment: no customer is assigned any more, and no closing is put into the queue until another starts.
    /// Follow-ups that are in the queue stay there until they are made or expire.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn end_experiment(
        &self,
        tenant: &Tenant,
        id: &Name,
        author: Option<&Name>,
        now: Timestamp,
    ) -> Result<ExperimentEnded, StoreError> {
        let mut write = self.begin_write().await?;
        let ended = sqlx::query(
            "UPDATE experiments SET ended_at = $3 WHERE tenant = $1 AND id = $2 AND ended_at IS NULL",
        )
        .bind(tenant.as_str())
        .bind(id.as_str())
        .bind(now.millis())
        .execute(write.connection())
        .await?
        .rows_affected();
        let Some(mut experiment) = find(write.connection(), tenant, id.as_str()).await? else {
            write.finish(false).await?;
            return Ok(ExperimentEnded::Unknown);
        };
        if ended == 0 {
            write.finish(false).await?;
            return Ok(ExperimentEnded::AlreadyEnded(experiment));
        }
        experiment.ended_by = author.cloned();
        let body = body_json(&Body {
            author: experiment.plan.author.clone(),
            note: experiment.plan.note.clone(),
            ended_by: experiment.ended_by.clone(),
        })?;
        sqlx::query("UPDATE experiments SET body = $3 WHERE tenant = $1 AND id = $2")
            .bind(tenant.as_str())
            .bind(id.as_str())
            .bind(body)
            .execute(write.connection())
            .await?;
        write.finish(true).await?;
        Ok(ExperimentEnded::Ended(experiment))
    }

    /// Every experiment, the latest start first.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn experiments(&self, tenant: &Tenant) -> Result<Vec<Experiment>, StoreError> {
        sqlx::query(select_experiments!("WHERE tenant = $1 ORDER BY started_at DESC, id"))
            .bind(tenant.as_str())
            .fetch_all(&self.pool)
            .await?
            .iter()
            .map(read)
            .collect()
    }

    /// One experiment.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn experiment(
        &self,
        tenant: &Tenant,
        id: &Name,
    ) -> Result<Option<Experiment>, StoreError> {
        let mut connection = self.pool.acquire().await?;
        find(&mut connection, tenant, id.as_str()).await
    }
}

/// The experiment that runs, if one does.
pub(super) async fn running_experiment(
    connection: &mut AnyConnection,
    tenant: &Tenant,
) -> Result<Option<RunningExperiment>, StoreError> {
    let running = find_running(connection, tenant).await?;
    Ok(running.map(|experiment| RunningExperiment {
        id: experiment.plan.id.into(),
        treatment_share: experiment.plan.treatment_share,
        window_days: experiment.plan.window_days,
    }))
}

/// All identities of the person that has identity `$2`, that one included.
macro_rules! identities_of_the_person {
    () => {
        "(SELECT CAST($2 AS TEXT) UNION SELECT o.identity_hash FROM identities i \
          JOIN identities o ON o.tenant = i.tenant AND o.person = i.person \
          WHERE i.tenant = $1 AND i.identity_hash = $2)"
    };
}
pub(super) use identities_of_the_person;

/// The customer's arm, fixed now if it was not before. Where several identities of one person were assigned before they were
/// known to be one person, the first assignment counts.
///
/// Locks the assignment until the transaction ends: two closings of one person are settled one after the other.
pub(super) async fn assign(
    connection: &mut AnyConnection,
    key: &CustomerKey,
    tenant: &Tenant,
    experiment: &RunningExperiment,
    customer: &CustomerHash,
    now: Timestamp,
) -> Result<Arm, StoreError> {
    let first = first_assignment(connection, tenant, &experiment.id, customer).await?;
    // Of a person with several identities the smallest one stands for all, whichever the ticket came with.
    let smallest = smallest_identity(connection, tenant, customer).await?;
    let arm = first.unwrap_or_else(|| {
        key.assignment_key(tenant).assign(&experiment.id, &smallest, experiment.treatment_share)
    });
    fix(connection, tenant, &experiment.id, &smallest, arm, now).await?;
    // A merge can be undone: then each identity keeps what it was dealt.
    if smallest != customer.as_str() {
        fix(connection, tenant, &experiment.id, customer.as_str(), arm, now).await?;
    }
    Ok(arm)
}

/// Locks a person against being assigned, capped or claimed for by anybody else until the transaction ends.
pub(super) async fn lock_person(
    connection: &mut AnyConnection,
    tenant: &Tenant,
    experiment: &str,
    customer: &CustomerHash,
    arm: Arm,
    now: Timestamp,
) -> Result<(), StoreError> {
    let smallest = smallest_identity(connection, tenant, customer).await?;
    fix(connection, tenant, experiment, &smallest, arm, now).await
}

/// The arm that the person was dealt first, under any of their identities.
pub(super) async fn first_assignment(
    connection: &mut AnyConnection,
    tenant: &Tenant,
    experiment: &str,
    customer: &CustomerHash,
) -> Result<Option<Arm>, StoreError> {
    let row = sqlx::query(concat!(
        "SELECT arm FROM assignments WHERE tenant = $1 AND experiment_id = $3 AND customer_hash IN ",
        identities_of_the_person!(),
        " ORDER BY assigned_at, customer_hash LIMIT 1"
    ))
    .bind(tenant.as_str())
    .bind(customer.as_str())
    .bind(experiment)
    .fetch_optional(connection)
    .await?;
    row.map(|row| read_arm(&row, "assignments")).transpose()
}

async fn smallest_identity(
    connection: &mut AnyConnection,
    tenant: &Tenant,
    customer: &CustomerHash,
) -> Result<String, StoreError> {
    let row = sqlx::query(
        "SELECT MIN(o.identity_hash) AS smallest FROM identities i \
         JOIN identities o ON o.tenant = i.tenant AND o.person = i.person \
         WHERE i.tenant = $1 AND i.identity_hash = $2",
    )
    .bind(tenant.as_str())
    .bind(customer.as_str())
    .fetch_one(connection)
    .await?;
    let smallest: Option<String> = row.try_get("smallest")?;
    Ok(smallest.unwrap_or_else(|| customer.as_str().to_owned()))
}

/// Writes an arm unless there is one, and locks the row: an update that changes nothing is the one statement that means this
/// on both databases.
async fn fix(
    connection: &mut AnyConnection,
    tenant: &Tenant,
    experiment: &str,
    customer: &str,
    arm: Arm,
    now: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO assignments (tenant, experiment_id, customer_hash, arm, assigned_at) \
         VALUES ($1, $2, $3, $4, $5) \
         ON CONFLICT (tenant, experiment_id, customer_hash) DO UPDATE SET arm = assignments.arm",
    )
    .bind(tenant.as_str())
    .bind(experiment)
    .bind(customer)
    .bind(arm.as_str())
    .bind(now.millis())
    .execute(connection)
    .await?;
    Ok(())
}

async fn find(
    connection: &mut AnyConnection,
    tenant: &Tenant,
    id: &str,
) -> Result<Option<Experiment>, StoreError> {
    let row = sqlx::query(select_experiments!("WHERE tenant = $1 AND id = $2"))
        .bind(tenant.as_str())
        .bind(id)
        .fetch_optional(connection)
        .await?;
    row.as_ref().map(read).transpose()
}

async fn find_running(
    connection: &mut AnyConnection,
    tenant: &Tenant,
) -> Result<Option<Experiment>, StoreError> {
    let row = sqlx::query(select_experiments!("WHERE tenant = $1 AND ended_at IS NULL"))
        .bind(tenant.as_str())
        .fetch_optional(connection)
        .await?;
    row.as_ref().map(read).transpose()
}

pub(super) fn read_arm(row: &AnyRow, table: &'static str) -> Result<Arm, StoreError> {
    let text: String = row.try_get("arm")?;
    Arm::parse(&text)
        .ok_or_else(|| StoreError::corrupt(table, "arm", format!("unknown arm {text:?}")))
}

fn read(row: &AnyRow) -> Result<Experiment, StoreError> {
    let body: Body = serde_json::from_str(&row.try_get::<String, _>("body")?)
        .map_err(|error| StoreError::corrupt("experiments", "body", error))?;
    let window_days = u32::try_from(row.try_get::<i64, _>("window_days")?)
        .map_err(|error| StoreError::corrupt("experiments", "window_days", error))?;
    Ok(Experiment {
        plan: ExperimentPlan {
            id: name(row, "experiments", "id")?,
            treatment_share: row.try_get("treatment_share")?,
            window_days,
            author: body.author,
            note: body.note,
        },
        started_at: instant(row, "experiments", "started_at")?,
        ended_at: optional_instant(row, "experiments", "ended_at")?,
        ended_by: body.ended_by,
    })
}

fn body_json(body: &Body) -> Result<String, StoreError> {
    serde_json::to_string(body)
        .map_err(|error| StoreError::Database { source: sqlx::Error::Encode(error.into()) })
}
