//! [`Store`]: everything the service remembers, in SQLite (a file) or PostgreSQL (shared by many processes).
//!
//! One SQL text and one set of migrations serve both. What a method answers as done is committed; what two callers do
//! at once is settled by the database (unique keys, row locks), so any number of processes may share one PostgreSQL.
//! Every row belongs to a [`Tenant`]. Customers are kept only as keyed hashes ([`CustomerKey`]), texts
//! redacted ([`crate::redaction`]) and for a time, and as keyed hashes.
//!
//! An outcome a caller has to tell apart (unchanged, conflict, unknown ticket) is a variant of a result type;
//! [`StoreError`] means that the database did not do its part.

mod adjacency;
mod audit;
mod closing_draft;
mod closing_write;
mod closings;
mod connect;
mod contacts;
mod conversations;
mod corrections;
mod customer;
mod derivation;
mod effect;
mod episodes;
mod erasure;
mod experiments;
mod feedback;
mod follow_ups;
mod identities;
mod import;
mod kpi;
mod maintenance;
mod monitoring;
mod next_issues;
mod opt_outs;
mod outcome_summary;
mod outcomes;
mod overview;
mod person_history;
mod persons;
mod plans;
mod provided;
mod reopenings;
mod risk_report;
mod rows;
mod sessions;
mod similar;
mod sqlite_writer;
mod threads;
mod ticket_reports;
mod tickets;
mod timeline;
mod treated;
mod users;
mod weekly;
mod words;

pub use crate::ticket::{ClosingEvent, TicketEvent};
pub use audit::{AuditAction, AuditCursor, AuditEntry, AuditFilter};
pub use closings::TicketClosed;
pub use contacts::{ContactAnalysis, ContactRecorded};
pub use conversations::{ContactTextToKeep, KeptText, ToldText, ToldTicketText};
pub use corrections::{CorrectionRecorded, NewCorrection};
pub use customer::{CustomerHash, CustomerKey, InvalidCustomerHash, InvalidCustomerKey};
pub use derivation::{ChangeCause, OutcomeChange, OutcomeRules, OutcomesPerWindow};
pub use effect::ExperimentEffect;
pub use episodes::{EndedBy, StoredEpisode};
pub use erasure::{ErasureReport, ErasureRequest};
pub use experiments::{Experiment, ExperimentEnded, ExperimentPlan, ExperimentStarted};
pub use feedback::{
    Feedback, FeedbackCount, FeedbackCursor, FeedbackFilter, FeedbackRecorded, NewFeedback,
    Prediction,
};
pub use follow_ups::{
    FollowUpCursor, FollowUpEvent, FollowUpFilter, FollowUpStep, FollowUpStepped, PersonAction,
    StoredFollowUp, TeamDay,
};
pub use identities::{IdentitiesMerged, IdentityMerge, MergeUndone};
pub use kpi::KpisRefreshed;
pub use next_issues::{EpisodeScope, NextIssuesComputed};
pub use opt_outs::{OptOut, OptOutRecorded};
pub use outcome_summary::{OutcomeCounts, OutcomeFilter, OutcomeSummary};
pub use outcomes::{ClosingOutcomes, EpisodeOutcomes, ExcludedContact, TicketOutcomes};
pub use overview::{FollowUpsOpen, NewestEvents};
pub use person_history::{EventCursor, Happened, KnownPerson, PersonEvent, PersonTicket, SaidRisk};
pub use plans::{ClosingSpan, PlanRecorded, SpanRepeats, StoredPlan, days_of};
pub use provided::{PendingSignIn, ProvidedSignIn};
pub use reopenings::TicketReopened;
pub use risk_report::RiskScope;
pub use sessions::{Credentials, NewSession, Session};
pub use similar::{ClosedCase, ContactVector, EmbeddingChange, EmbeddingSpan, PastContact};
pub use ticket_reports::TicketRecorded;
pub use tickets::{AssessedEpisode, Assessment, StoredTicket, TicketCursor};
pub use timeline::ToldContact;
pub use treated::FlaggedTicket;
pub use users::{NewUser, UserChanged};
pub use weekly::{DeliveryKey, WeeklyDelivery};

use rows::PER_STATEMENT;

use crate::follow_up::FollowUpPolicy;
use crate::ticket::{CustomerId, Name, TicketId};
use crate::timestamp::Timestamp;
use serde::{Deserialize, Serialize};
use sqlite_writer::{SqliteTurn, SqliteWriter};
use sqlx::any::AnyRow;
use sqlx::query::Query;
use sqlx::{Any, AnyConnection, AnyPool, Row, Transaction};
use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// Whose rows a query is about: one organisation among those that share a database.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tenant(Cow<'static, str>);

impl Tenant {
    /// The tenant where there is only one.
    pub const DEFAULT: Self = Self(Cow::Borrowed("default"));

    /// The tenant of this name.
    #[must_use]
    pub fn new(name: Name) -> Self {
        Self(Cow::Owned(name.into()))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for Tenant {
    fn default() -> Self {
        Self::DEFAULT
    }
}

impl fmt::Display for Tenant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// How a process shares the database with itself and others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoreOptions {
    /// Connections this process opens at most; at least 1.
    pub max_connections: u32,
    /// How long a call waits for a connection (or for its turn to write) before it answers
    /// [`StoreError::Unavailable`].
    pub acquire_timeout: Duration,
}

impl Default for StoreOptions {
    fn default() -> Self {
        Self { max_connections: 10, acquire_timeout: Duration::from_secs(5) }
    }
}

/// The database did not do its part.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Not reachable, shutting down or too busy: the same call may succeed later.
    #[error("the database cannot be reached or is too busy: {source}")]
    Unavailable {
        /// What the driver said.
        source: sqlx::Error,
    },
    /// It answered with an error that trying again does not cure.
    #[error("the database failed: {source}")]
    Database {
        /// What the driver said.
        source: sqlx::Error,
    },
    /// The database file or its folder cannot be made.
    #[error("{path}: the database file cannot be made: {source}")]
    File {
        /// The file.
        path: std::path::PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// What was written may not be on the disk. The service must be started again, so that it reads what is there.
    #[error(
        "{path}: what was written may not be on the disk: {source}; check the disk and start again"
    )]
    Disk {
        /// The file.
        path: std::path::PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The rows were hashed with another key, so known customers would look new.
    #[error("this database was written with another customer key: use that key, or a new database")]
    WrongCustomerKey,
    /// The URL names no database this program can use. The URL is not repeated here, as it may hold a password.
    #[error(
        "the database URL is not usable: {reason}; expected sqlite:PATH (such as sqlite:var/recontact.db) \
         or postgres://USER:PASSWORD@HOST:PORT/DATABASE"
    )]
    InvalidUrl {
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A stored value is not one this program writes.
    #[error("table {table}, column {column}: the stored value cannot be read: {reason}")]
    Corrupt {
        /// The table.
        table: &'static str,
        /// The column.
        column: &'static str,
        /// Why it is not accepted.
        reason: String,
    },
    /// The tables cannot be brought to this version; a newer program may have written them.
    #[error("the database cannot be migrated: {source}")]
    Migration {
        /// The migration and what was wrong with it.
        source: sqlx::migrate::MigrateError,
    },
    /// A bulk import was refused as a whole, and nothing of it was kept.
    #[error("ticket {ticket_id}: {reason}")]
    ImportRefused {
        /// The first ticket that cannot be imported.
        ticket_id: TicketId,
        /// Why.
        reason: String,
    },
}

impl StoreError {
    fn corrupt(table: &'static str, column: &'static str, reason: impl fmt::Display) -> Self {
        Self::Corrupt { table, column, reason: reason.to_string() }
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(source: sqlx::Error) -> Self {
        let passes = match &source {
            sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed
            | sqlx::Error::Io(_)
            | sqlx::Error::Tls(_) => true,
            sqlx::Error::Database(error) => error.code().is_some_and(|code| is_passing(&code)),
            _ => false,
        };
        if passes { Self::Unavailable { source } } else { Self::Database { source } }
    }
}

/// Whether an error code of either database tells of a state that passes.
fn is_passing(code: &str) -> bool {
    // SQLite's extended codes carry the primary one in the low byte: 5 is SQLITE_BUSY, 6 is SQLITE_LOCKED.
    // PostgreSQL's have five characters: connection lost, rolled back by others, out of connections, shutting down.
    match code.parse::<u32>() {
        Ok(sqlite) if code.len() < 5 => matches!(sqlite & 0xff, 5 | 6),
        _ => ["08", "40", "53", "57P"].iter().any(|class| code.starts_with(class)),
    }
}

/// The service's memory. Cheap to clone; the clones share their connections.
#[derive(Debug, Clone)]
pub struct Store {
    pool: AnyPool,
    key: CustomerKey,
    /// Who writes to SQLite; `None` for PostgreSQL, where every connection does.
    writer: Option<Arc<SqliteWriter>>,
    /// Which closings are put into the follow-up queue, and how it is worked on; without one, none.
    follow_ups: Option<Arc<FollowUpPolicy>>,
}

impl Store {
    /// The same store, whose closings are followed up by these rules. Without this no closing is put into the queue.
    #[must_use]
    pub fn with_follow_ups(self, policy: FollowUpPolicy) -> Self {
        Self { follow_ups: Some(Arc::new(policy)), ..self }
    }

    /// Checks that the database answers.
    ///
    /// # Errors
    /// [`StoreError`] when it does not.
    pub async fn ping(&self) -> Result<(), StoreError> {
        sqlx::query("SELECT 1").execute(&self.pool).await?;
        Ok(())
    }

    /// Waits until running calls are done and closes all connections; later calls answer
    /// [`StoreError::Unavailable`].
    pub async fn close(&self) {
        if let Some(writer) = &self.writer {
            writer.close().await;
        }
        self.pool.close().await;
    }

    /// Waits until there is something to tidy up.
    pub async fn until_untidy(&self) {
        match &self.writer {
            Some(writer) => writer.until_logged().await,
            None => std::future::pending().await,
        }
    }

    /// Moves what SQLite has logged into its database file: to be called by a process that stays, each time something
    /// was written. PostgreSQL does this by itself. Answers whether that was all; if not, there is soon something to tidy up again.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn tidy(&self) -> Result<bool, StoreError> {
        match &self.writer {
            Some(writer) => writer.move_log().await,
            None => Ok(true),
        }
    }

    /// A customer as the store knows them.
    #[must_use]
    pub fn customer_hash(&self, tenant: &Tenant, id: &CustomerId) -> CustomerHash {
        self.key.customer_hash(tenant, id)
    }

    /// Begins a transaction that writes.
    async fn begin_write(&self) -> Result<WriteTransaction, StoreError> {
        Ok(match &self.writer {
            Some(writer) => WriteTransaction::Sqlite(writer.begin().await?, Arc::clone(writer)),
            None => WriteTransaction::Postgres(self.pool.begin().await?),
        })
    }

    /// Executes one statement that writes; answers how many rows it met.
    async fn execute<'q>(
        &self,
        statement: Query<'q, Any, sqlx::any::AnyArguments>,
    ) -> Result<u64, StoreError> {
        let mut write = self.begin_write().await?;
        let done = statement.execute(write.connection()).await?;
        write.finish(true).await?;
        Ok(done.rows_affected())
    }

    /// Waits until what can be read now is on the disk.
    async fn until_durable(&self) -> Result<(), StoreError> {
        match &self.writer {
            Some(writer) => writer.until_durable().await,
            None => Ok(()),
        }
    }
}

/// A transaction that writes. Dropped before its end, it takes everything back.
enum WriteTransaction {
    Sqlite(SqliteTurn, Arc<SqliteWriter>),
    Postgres(Transaction<'static, Any>),
}

impl WriteTransaction {
    fn connection(&mut self) -> &mut AnyConnection {
        match self {
            Self::Sqlite(turn, _) => &mut turn.connection,
            Self::Postgres(transaction) => transaction,
        }
    }

    /// Keeps what was written when `keep`, and takes all of it back otherwise. When this answers, everything that the
    /// transaction has seen or written is on the disk.
    async fn finish(self, keep: bool) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(turn, writer) => {
                turn.finish(keep).await?;
                writer.until_durable().await
            }
            Self::Postgres(transaction) if keep => Ok(transaction.commit().await?),
            Self::Postgres(transaction) => Ok(transaction.rollback().await?),
        }
    }
}

fn instant(
    row: &AnyRow,
    table: &'static str,
    column: &'static str,
) -> Result<Timestamp, StoreError> {
    Timestamp::from_millis(row.try_get(column)?)
        .map_err(|error| StoreError::corrupt(table, column, error))
}

fn optional_instant(
    row: &AnyRow,
    table: &'static str,
    column: &'static str,
) -> Result<Option<Timestamp>, StoreError> {
    row.try_get::<Option<i64>, _>(column)?
        .map(Timestamp::from_millis)
        .transpose()
        .map_err(|error| StoreError::corrupt(table, column, error))
}

fn name(row: &AnyRow, table: &'static str, column: &'static str) -> Result<Name, StoreError> {
    Name::parse(&row.try_get::<String, _>(column)?)
        .map_err(|error| StoreError::corrupt(table, column, error))
}

fn optional_name(
    row: &AnyRow,
    table: &'static str,
    column: &'static str,
) -> Result<Option<Name>, StoreError> {
    row.try_get::<Option<String>, _>(column)?
        .map(|text| Name::parse(&text))
        .transpose()
        .map_err(|error| StoreError::corrupt(table, column, error))
}

fn encode_error(error: serde_json::Error) -> StoreError {
    StoreError::Database { source: sqlx::Error::Encode(error.into()) }
}

#[cfg(test)]
mod tests {
    use super::is_passing;

    #[test]
    fn busy_and_unreachable_pass_and_constraints_do_not() {
        for code in ["5", "517", "6", "08006", "40001", "53300", "57P01"] {
            assert!(is_passing(code), "{code}");
        }
        for code in ["1555", "787", "13", "23505", "42P01", "22021", "11"] {
            assert!(!is_passing(code), "{code}");
        }
    }
}
