//! Rows of an experiment as the follow-up queue and the outcomes leave them, written with plain SQL: what reads them is
//! tested apart from what writes them.

use sqlx::{AnyConnection, AssertSqlSafe, Connection, Executor};

/// Instants are days after 2026-01-01T00:00:00Z.
const START_MS: i64 = 1_767_225_600_000;
/// Milliseconds in a day.
pub(crate) const DAY_MS: i64 = 86_400_000;

/// A flagged closing of ticket `t-<number>`.
#[derive(Debug, Clone)]
pub(crate) struct Flagged {
    pub(crate) number: u32,
    pub(crate) customer: &'static str,
    pub(crate) arm: &'static str,
    pub(crate) probability: f64,
    pub(crate) status: &'static str,
    pub(crate) closed_day: i64,
}

/// Writes rows into the database at a URL whose tables are made.
pub(crate) struct Rows(AnyConnection);

/// The instant so many days after the start, in milliseconds.
pub(crate) fn day_ms(day: i64) -> i64 {
    START_MS + day * DAY_MS
}

impl Rows {
    pub(crate) async fn open(url: &str) -> Self {
        sqlx::any::install_default_drivers();
        Self(AnyConnection::connect(url).await.unwrap())
    }

    /// The statement holds nothing but what a test wrote.
    pub(crate) async fn execute(&mut self, statement: String) {
        self.0.execute(AssertSqlSafe(statement)).await.unwrap();
    }

    pub(crate) async fn experiment(&mut self, tenant: &str, id: &str, share: f64) {
        // Over since long after every planned look: the service itself may run one, and only one runs at a time.
        let ended_at = day_ms(300);
        self.execute(format!(
            "INSERT INTO experiments (tenant, id, treatment_share, window_days, started_at, ended_at, body) \
             VALUES ('{tenant}', '{id}', {share}, 14, {START_MS}, {ended_at}, '{{\"author\":\"lead\"}}')"
        ))
        .await;
    }

    /// Marks the day of a ticket's closing, as the store does when anything of it changes.
    async fn mark(&mut self, tenant: &str, number: u32) {
        self.execute(format!(
            "INSERT INTO kpi_changes (tenant, day) SELECT tenant, closed_at / {DAY_MS} FROM episodes \
             WHERE tenant = '{tenant}' AND ticket_id = 't-{number}'"
        ))
        .await;
    }

    /// A ticket, its episode and its follow-up.
    pub(crate) async fn flagged(&mut self, tenant: &str, experiment: &str, flagged: &Flagged) {
        let Flagged { number, customer, arm, probability, status, closed_day } = flagged;
        let closed_at = day_ms(*closed_day);
        self.execute(format!(
            "INSERT INTO tickets (tenant, id, customer_hash, opened_at, updated_at, closed_at, category, details) \
             VALUES ('{tenant}', 't-{number}', '{customer}', {closed_at} - 1000, {closed_at}, {closed_at}, 'card', '{{}}') \
             ON CONFLICT DO NOTHING"
        ))
        .await;
        self.execute(format!(
            "INSERT INTO episodes (tenant, ticket_id, number, customer_hash, category, opened_at, closed_at, ended_by) \
             VALUES ('{tenant}', 't-{number}', 1, '{customer}', 'card', {closed_at} - 1000, {closed_at}, 'closing')"
        ))
        .await;
        self.execute(format!(
            "INSERT INTO follow_ups (tenant, id, ticket_id, episode, experiment_id, customer_hash, arm, team, category, \
             probability, expected_benefit, status, available_at, due_at, is_after_gap, expires_at, version, created_at) \
             VALUES ('{tenant}', 'f-{number}', 't-{number}', 1, '{experiment}', '{customer}', '{arm}', 'cards', 'card', \
             {probability}, 1.0, '{status}', {closed_at}, {closed_at}, 0, {closed_at}, 1, {closed_at})"
        ))
        .await;
        self.mark(tenant, *number).await;
    }

    /// A later contact of ticket `t-<number>`, so many days after its close.
    pub(crate) async fn recontact(
        &mut self,
        tenant: &str,
        number: u32,
        relation: &str,
        gap_ms: i64,
    ) {
        self.execute(format!(
            "INSERT INTO recontacts (tenant, ticket_id, episode, source, source_id, occurred_at, gap_ms, relation, \
             primary_category, derived_at) \
             VALUES ('{tenant}', 't-{number}', 1, 'contact', '{relation}-{gap_ms}', 0, {gap_ms}, '{relation}', 'card', 0)"
        ))
        .await;
        self.mark(tenant, number).await;
    }

    /// What a person says became of ticket `t-<number>`.
    pub(crate) async fn correction(
        &mut self,
        tenant: &str,
        number: u32,
        outcome: &str,
        gap_ms: &str,
        recorded_at: i64,
    ) {
        self.execute(format!(
            "INSERT INTO outcome_corrections (tenant, id, ticket_id, episode, outcome, gap_ms, author, reason, recorded_at) \
             VALUES ('{tenant}', 'k-{number}-{recorded_at}', 't-{number}', 1, '{outcome}', {gap_ms}, 'lead', 'heard it', {recorded_at})"
        ))
        .await;
        self.mark(tenant, number).await;
    }
}
