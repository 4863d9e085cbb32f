//! Episodes and the contacts after them, written straight into a database that the store has migrated.

use sqlx::AnyPool;
use sqlx::any::AnyPoolOptions;

/// Milliseconds in an hour and in a day.
pub(crate) const HOUR: i64 = 3_600_000;
pub(crate) const DAY: i64 = 24 * HOUR;

/// A connection beside the store's.
pub(crate) struct Filler {
    pool: AnyPool,
    tenant: &'static str,
    next: i64,
}

/// An episode to write; what is not said is as in [`Filler::episode`].
#[derive(Clone)]
pub(crate) struct EpisodeRow<'r> {
    pub(crate) category: &'r str,
    pub(crate) closed_at: i64,
    pub(crate) team: &'r str,
    pub(crate) channel: &'r str,
}

impl Filler {
    pub(crate) async fn connect(url: &str) -> Self {
        sqlx::any::install_default_drivers();
        let pool = AnyPoolOptions::new().max_connections(1).connect(url).await.unwrap();
        Self { pool, tenant: "default", next: 0 }
    }

    /// Whose rows follow.
    pub(crate) fn of_tenant(mut self, tenant: &'static str) -> Self {
        self.tenant = tenant;
        self
    }

    pub(crate) async fn episode(&mut self, category: &str, closed_at: i64) -> String {
        let (team, channel) = ("cards", "email");
        self.write_episode(&EpisodeRow { category, closed_at, team, channel }).await
    }

    /// Writes an episode and answers its ticket.
    pub(crate) async fn write_episode(&mut self, row: &EpisodeRow<'_>) -> String {
        self.next += 1;
        let ticket = format!("e-{}", self.next);
        sqlx::query(
            "INSERT INTO tickets (tenant, id, customer_hash, opened_at, updated_at, closed_at, category, details) \
             VALUES ($1, $2, $3, $4, $4, $5, $6, '{}')",
        )
        .bind(self.tenant)
        .bind(&ticket)
        .bind(format!("hash-{}", self.next))
        .bind(row.closed_at - HOUR)
        .bind(row.closed_at)
        .bind(row.category)
        .execute(&self.pool)
        .await
        .unwrap();
        sqlx::query(
            "INSERT INTO episodes (tenant, ticket_id, number, customer_hash, category, team, channel, opened_at, \
             closed_at, ended_by) VALUES ($1, $2, 1, $3, $4, $5, $6, $7, $8, 'closing')",
        )
        .bind(self.tenant)
        .bind(&ticket)
        .bind(format!("hash-{}", self.next))
        .bind(row.category)
        .bind(row.team)
        .bind(row.channel)
        .bind(row.closed_at - HOUR)
        .bind(row.closed_at)
        .execute(&self.pool)
        .await
        .unwrap();
        self.mark(&ticket).await;
        ticket
    }

    /// Marks the day of a ticket's closing, as the store does when anything of it changes.
    async fn mark(&self, ticket: &str) {
        sqlx::query(
            "INSERT INTO kpi_changes (tenant, day) SELECT tenant, closed_at / 86400000 FROM episodes \
             WHERE tenant = $1 AND ticket_id = $2",
        )
        .bind(self.tenant)
        .bind(ticket)
        .execute(&self.pool)
        .await
        .unwrap();
    }

    /// Writes a contact after an episode of `primary`.
    pub(crate) async fn contact(
        &mut self,
        ticket: &str,
        primary: &str,
        category: Option<&str>,
        relation: &str,
        gap_ms: i64,
    ) {
        self.next += 1;
        sqlx::query(
            "INSERT INTO recontacts (tenant, ticket_id, episode, source, source_id, occurred_at, gap_ms, relation, \
             primary_category, category, derived_at) VALUES ($1, $2, 1, 'contact', $3, $4, $4, $5, $6, $7, 0)",
        )
        .bind(self.tenant)
        .bind(ticket)
        .bind(format!("c-{}", self.next))
        .bind(gap_ms)
        .bind(relation)
        .bind(primary)
        .bind(category)
        .execute(&self.pool)
        .await
        .unwrap();
        self.mark(ticket).await;
    }

    /// Writes what a person says about an episode.
    pub(crate) async fn correction(
        &mut self,
        ticket: &str,
        outcome: &str,
        gap_ms: Option<i64>,
        recorded_at: i64,
    ) {
        self.next += 1;
        sqlx::query(
            "INSERT INTO outcome_corrections (tenant, id, ticket_id, episode, outcome, gap_ms, author, reason, \
             recorded_at) VALUES ($1, $2, $3, 1, $4, $5, 'lead', 'asked the customer', $6)",
        )
        .bind(self.tenant)
        .bind(format!("k-{}", self.next))
        .bind(ticket)
        .bind(outcome)
        .bind(gap_ms)
        .bind(recorded_at)
        .execute(&self.pool)
        .await
        .unwrap();
        self.mark(ticket).await;
    }

    /// Writes a flagged episode's arm.
    pub(crate) async fn flagged(
        &mut self,
        ticket: &str,
        category: &str,
        experiment: &str,
        arm: &str,
    ) {
        self.next += 1;
        sqlx::query(
            "INSERT INTO follow_ups (tenant, id, ticket_id, episode, experiment_id, customer_hash, arm, team, category, \
             probability, expected_benefit, status, available_at, due_at, is_after_gap, expires_at, version, created_at) \
             VALUES ($1, $2, $3, 1, $4, $2, $5, 'cards', $6, 0.5, 1.0, 'waiting', 0, 0, 0, 0, 1, 0)",
        )
        .bind(self.tenant)
        .bind(format!("f-{}", self.next))
        .bind(ticket)
        .bind(experiment)
        .bind(arm)
        .bind(category)
        .execute(&self.pool)
        .await
        .unwrap();
        self.mark(ticket).await;
    }

    /// The relation of each contact of an episode, in the order of their gaps.
    pub(crate) async fn relations(&self, ticket: &str) -> Vec<String> {
        sqlx::query_scalar(
            "SELECT relation FROM recontacts WHERE tenant = $1 AND ticket_id = $2 ORDER BY gap_ms",
        )
        .bind(self.tenant)
        .bind(ticket)
        .fetch_all(&self.pool)
        .await
        .unwrap()
    }

    /// `episodes` mature episodes of a category closed at `closed_at`, `followed` of them followed by `secondary` after
    /// `gap_ms`.
    pub(crate) async fn followed(
        &mut self,
        (category, secondary): (&str, &str),
        closed_at: i64,
        (episodes, followed): (usize, usize),
        gap_ms: i64,
    ) -> Vec<String> {
        let relation = if category == secondary { "explicit" } else { "unrelated" };
        let mut tickets = Vec::new();
        for index in 0..episodes {
            let ticket = self.episode(category, closed_at).await;
            if index < followed {
                self.contact(&ticket, category, Some(secondary), relation, gap_ms).await;
            }
            tickets.push(ticket);
        }
        tickets
    }

    /// Writes `episodes` episodes of a hundred categories over the year before `now`, and a contact after 35 % of them: the same
    /// issue for 55 of 100, else one of three that follow the category. The same numbers give the same rows.
    pub(crate) async fn many(&mut self, episodes: i64, now: i64) {
        for statement in [
            "INSERT INTO episodes (tenant, ticket_id, number, customer_hash, category, team, channel, opened_at, closed_at, \
             ended_by) WITH RECURSIVE counted(n) AS (SELECT CAST(1 AS BIGINT) UNION ALL SELECT n + 1 FROM counted WHERE n < $1) \
             SELECT 'default', 'm-' || n, 1, 'h-' || n, 'c-' || ((n * 7919) % 100), 'team-' || (n % 7), 'email', \
             $2 - ((n * 100003) % 31536000) * 1000 - 3600000, $2 - ((n * 100003) % 31536000) * 1000, 'closing' FROM counted",
            "INSERT INTO recontacts (tenant, ticket_id, episode, source, source_id, occurred_at, gap_ms, relation, \
             primary_category, category, derived_at) \
             WITH RECURSIVE counted(n) AS (SELECT CAST(1 AS BIGINT) UNION ALL SELECT n + 1 FROM counted WHERE n < $1) \
             SELECT 'default', 'm-' || n, 1, 'contact', 'k-' || n, $2, ((n * 69621) % 2592000) * 1000 + 1, \
             CASE WHEN (n * 30269) % 101 < 55 THEN 'explicit' ELSE 'unrelated' END, 'c-' || ((n * 7919) % 100), \
             CASE WHEN (n * 30269) % 101 < 55 THEN 'c-' || ((n * 7919) % 100) \
             ELSE 'c-' || ((n * 7919 + 1 + n % 3) % 100) END, 0 FROM counted WHERE (n * 48271) % 103 < 36",
        ] {
            sqlx::query(statement).bind(episodes).bind(now).execute(&self.pool).await.unwrap();
        }
    }

    pub(crate) async fn close(self) {
        self.pool.close().await;
    }
}
