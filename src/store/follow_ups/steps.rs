//! What people do with follow-ups. Each step names the version it was decided on, so of two who act at once one wins and the
//! other is told what became of it; the same step sent again changes nothing.

use super::capacity::{day_of, lock_team};
use super::enqueue::{FREQUENCY_CAP, is_capped};
use super::expiry::OPT_OUT;
use super::{FollowUpEvent, StoredFollowUp, events_after, find, insert_event, service};
use crate::follow_up::{Action, Arm, FollowUpPolicy, FollowUpStatus};
use crate::store::experiments::{first_assignment, lock_person};
use crate::store::kpi::marks::mark_episode;
use crate::store::opt_outs::has_opted_out;
use crate::store::{Store, StoreError, Tenant};
use crate::ticket::Name;
use crate::timestamp::Timestamp;
use serde_json::{Value, json};
use sqlx::AnyConnection;

/// Why a follow-up is suppressed whose person turned out to belong to the control group, under an identity known before.
const CONTROL: &str = "control";

/// What a person wants to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PersonAction {
    /// Take it.
    Claim,
    /// Give it back.
    Release,
    /// Record that the customer was contacted.
    Done {
        /// How.
        channel: Name,
    },
    /// Put it off.
    Snooze {
        /// Until when.
        until: Timestamp,
    },
    /// Say that the assessment is wrong.
    Disagree,
    /// Say that it is not needed.
    NotNeeded,
}

/// A step of a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FollowUpStep {
    /// The version on which it was decided.
    pub version: u32,
    /// Who makes it.
    pub author: Name,
    /// Why.
    pub reason: Option<Name>,
    /// What it is.
    pub action: PersonAction,
}

/// What became of a step. Each variant but the last holds the follow-up as it is now.
#[derive(Debug, Clone, PartialEq)]
pub enum FollowUpStepped {
    /// It was made.
    Stepped(StoredFollowUp),
    /// The same step was made before; nothing was changed.
    Repeated(StoredFollowUp),
    /// The follow-up was changed after the version named; the step was not made.
    Changed(StoredFollowUp),
    /// Its status does not allow the step.
    NotAllowed {
        /// As it is now.
        current: StoredFollowUp,
        /// A sentence for the caller.
        reason: String,
    },
    /// The team has taken as many today as it can.
    CapacityReached {
        /// As it is now.
        current: StoredFollowUp,
        /// How many that is.
        capacity: u32,
    },
    /// The customer is to be left in peace now.
    QuietHours {
        /// As it is now.
        current: StoredFollowUp,
        /// Until when.
        until: Timestamp,
    },
    /// The step does not fit.
    Invalid {
        /// The field at fault.
        field: &'static str,
        /// What was expected.
        reason: String,
    },
    /// There is no such follow-up that may be shown.
    Unknown,
}

impl PersonAction {
    /// The action in the table of [`FollowUpStatus::after`].
    #[must_use]
    pub fn action(&self) -> Action {
        match self {
            Self::Claim => Action::Claim,
            Self::Release => Action::Release,
            Self::Done { .. } => Action::Done,
            Self::Snooze { .. } => Action::Snooze,
            Self::Disagree => Action::Disagree,
            Self::NotNeeded => Action::NotNeeded,
        }
    }
}

impl FollowUpStep {
    fn body(&self) -> Value {
        match &self.action {
            PersonAction::Done { channel } => json!({"channel": channel}),
            PersonAction::Snooze { until } => json!({"until": until}),
            _ => json!({}),
        }
    }

    fn is(&self, event: &FollowUpEvent) -> bool {
        event.action == self.action.action()
            && event.author == self.author
            && event.reason == self.reason
            && event.body == self.body()
    }

    fn event(&self, current: &StoredFollowUp, now: Timestamp) -> FollowUpEvent {
        FollowUpEvent {
            version: current.version.saturating_add(1),
            occurred_at: now,
            action: self.action.action(),
            author: self.author.clone(),
            reason: self.reason.clone(),
            body: self.body(),
        }
    }
}

impl Store {
    /// Makes a step of a person, if the follow-up is still as that person saw it.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn step_follow_up(
        &self,
        tenant: &Tenant,
        id: &Name,
        step: &FollowUpStep,
        now: Timestamp,
    ) -> Result<FollowUpStepped, StoreError> {
        let policy = self.follow_up_policy()?;
        let mut write = self.begin_write().await?;
        let mut work = Work { connection: write.connection(), tenant, policy, now };
        let stepped = work.step(id, step).await?;
        // An expiry or a suppression that was found on the way is kept, whatever became of the step.
        write.finish(!matches!(stepped, FollowUpStepped::Unknown)).await?;
        if let FollowUpStepped::Stepped(_) = &stepped {
            let action = step.action.action().as_str();
            metrics::counter!("recontact_follow_up_steps_total", "action" => action).increment(1);
        }
        Ok(stepped)
    }
}

/// One step inside its transaction.
struct Work<'a> {
    connection: &'a mut AnyConnection,
    tenant: &'a Tenant,
    policy: &'a FollowUpPolicy,
    now: Timestamp,
}

impl Work<'_> {
    async fn step(
        &mut self,
        id: &Name,
        step: &FollowUpStep,
    ) -> Result<FollowUpStepped, StoreError> {
        self.lock(id).await?;
        let Some(current) = self.find(id).await? else { return Ok(FollowUpStepped::Unknown) };
        if current.version != step.version {
            return self.settle_stale(current, step).await;
        }
        if !self.is_recorded_as(&current).await? {
            let event = by_service(&current, Action::Expire, self.now)?;
            self.change(&current, &Change::to(FollowUpStatus::Expired, &current), &event).await?;
        }
        let current = self.reread(id).await?;
        let Some(status) = current.status.after(step.action.action()) else {
            let reason =
                format!("a follow-up that is {} takes no {}", current.status, step.action.action());
            return Ok(FollowUpStepped::NotAllowed { current, reason });
        };
        let change = Change::to(status, &current);
        let change = match &step.action {
            PersonAction::Claim => match self.check_claim(current.clone()).await? {
                Some(refusal) => return Ok(refusal),
                None => Change { claimed_by: Some(step.author.clone()), ..change },
            },
            PersonAction::Release => Change { claimed_by: None, ..change },
            PersonAction::Done { .. } => {
                let is_over =
                    matches!(current.status, FollowUpStatus::Expired | FollowUpStatus::Suppressed);
                if is_over && current.claimed_by.as_ref() != Some(&step.author) {
                    let reason = format!(
                        "it is {}, and only who had claimed it can say that it was made",
                        current.status
                    );
                    return Ok(FollowUpStepped::NotAllowed { current, reason });
                }
                Change { handled_at: Some(self.now), ..change }
            }
            PersonAction::Snooze { until } => match self.snoozed_until(&current, *until) {
                Err(reason) => return Ok(FollowUpStepped::Invalid { field: "until", reason }),
                Ok(available_at) => Change { available_at, claimed_by: None, ..change },
            },
            PersonAction::Disagree | PersonAction::NotNeeded => Change {
                handled_at: Some(self.now),
                status_reason: step.reason.as_ref().map(ToString::to_string),
                ..change
            },
        };
        self.change(&current, &change, &step.event(&current, self.now)).await?;
        self.reread(id).await.map(FollowUpStepped::Stepped)
    }

    /// The version has moved on: by this very step, sent before, or by another one.
    async fn settle_stale(
        &mut self,
        current: StoredFollowUp,
        step: &FollowUpStep,
    ) -> Result<FollowUpStepped, StoreError> {
        let events = events_after(self.connection, self.tenant, &current.id, step.version).await?;
        // What the service recorded by itself in between was no one's decision.
        let next = events.iter().find(|event| event.action != Action::Expire);
        Ok(match next {
            Some(event) if step.is(event) => FollowUpStepped::Repeated(current),
            _ => FollowUpStepped::Changed(current),
        })
    }

    /// Why the follow-up cannot be claimed now, if it cannot.
    async fn check_claim(
        &mut self,
        current: StoredFollowUp,
    ) -> Result<Option<FollowUpStepped>, StoreError> {
        let team = current.team.as_ref().map_or("", Name::as_str).to_owned();
        if current.available_at > self.now {
            let reason = format!("it can be claimed from {} on", current.available_at);
            return Ok(Some(FollowUpStepped::NotAllowed { current, reason }));
        }
        lock_team(self.connection, self.tenant, &team).await?;
        lock_person(
            self.connection,
            self.tenant,
            current.experiment_id.as_str(),
            &current.customer,
            Arm::Treatment,
            self.now,
        )
        .await?;
        if let Some(reason) = self.reason_to_suppress(&current).await? {
            let change = Change {
                status_reason: Some(reason.to_owned()),
                ..Change::to(FollowUpStatus::Suppressed, &current)
            };
            let event = by_service(&current, Action::Suppress, self.now)?;
            self.change(&current, &change, &event).await?;
            let current = self.reread(&current.id).await?;
            let reason = format!("it was suppressed meanwhile: {reason}");
            return Ok(Some(FollowUpStepped::NotAllowed { current, reason }));
        }
        let day = day_of(self.connection, self.tenant, self.policy, &team, self.now).await?;
        Ok(match day.quiet_until {
            Some(until) => Some(FollowUpStepped::QuietHours { current, until }),
            None if day.left() == 0 => {
                Some(FollowUpStepped::CapacityReached { current, capacity: day.capacity })
            }
            None => None,
        })
    }

    /// What was not known when it was enqueued: an opt-out of, or another follow-up for, what is one person by now.
    async fn reason_to_suppress(
        &mut self,
        current: &StoredFollowUp,
    ) -> Result<Option<&'static str>, StoreError> {
        if has_opted_out(self.connection, self.tenant, &current.customer).await? {
            return Ok(Some(OPT_OUT));
        }
        let experiment = current.experiment_id.as_str();
        let dealt =
            first_assignment(self.connection, self.tenant, experiment, &current.customer).await?;
        if dealt == Some(Arm::Control) {
            return Ok(Some(CONTROL));
        }
        let id = current.id.as_str();
        let capped =
            is_capped(self.connection, self.tenant, self.policy, &current.customer, id, self.now)
                .await?;
        Ok(capped.then_some(FREQUENCY_CAP))
    }

    fn snoozed_until(
        &self,
        current: &StoredFollowUp,
        until: Timestamp,
    ) -> Result<Timestamp, String> {
        let quiet = self.policy.quiet_hours(current.team.as_ref().map_or("", Name::as_str));
        let available_at = quiet.end_from(until);
        if until > self.now && available_at < current.expires_at {
            return Ok(available_at);
        }
        let moved = if available_at == until { "" } else { ", the end of quiet hours included" };
        Err(format!(
            "expected an instant after now and before the follow-up expires at {}{moved}, got {until}",
            current.expires_at
        ))
    }

    /// An update that changes nothing locks the row on both databases.
    async fn lock(&mut self, id: &Name) -> Result<(), StoreError> {
        sqlx::query("UPDATE follow_ups SET version = version WHERE tenant = $1 AND id = $2")
            .bind(self.tenant.as_str())
            .bind(id.as_str())
            .execute(&mut *self.connection)
            .await?;
        Ok(())
    }

    async fn find(&mut self, id: &Name) -> Result<Option<StoredFollowUp>, StoreError> {
        find(self.connection, self.tenant, id, self.now).await
    }

    async fn reread(&mut self, id: &Name) -> Result<StoredFollowUp, StoreError> {
        self.find(id).await?.ok_or(StoreError::Database { source: sqlx::Error::RowNotFound })
    }

    /// Whether the stored status is the one known by the clock.
    async fn is_recorded_as(&mut self, current: &StoredFollowUp) -> Result<bool, StoreError> {
        let row = sqlx::query(
            "SELECT 1 AS one FROM follow_ups WHERE tenant = $1 AND id = $2 AND status = $3",
        )
        .bind(self.tenant.as_str())
        .bind(current.id.as_str())
        .bind(current.status.as_str())
        .fetch_optional(&mut *self.connection)
        .await?;
        Ok(row.is_some())
    }

    async fn change(
        &mut self,
        current: &StoredFollowUp,
        change: &Change,
        event: &FollowUpEvent,
    ) -> Result<(), StoreError> {
        sqlx::query(
            "UPDATE follow_ups SET status = $3, status_reason = $4, available_at = $5, claimed_by = $6, \
             handled_at = $7, version = version + 1 WHERE tenant = $1 AND id = $2",
        )
        .bind(self.tenant.as_str())
        .bind(current.id.as_str())
        .bind(change.status.as_str())
        .bind(change.status_reason.as_deref())
        .bind(change.available_at.millis())
        .bind(change.claimed_by.as_ref().map(Name::as_str))
        .bind(change.handled_at.map(Timestamp::millis))
        .execute(&mut *self.connection)
        .await?;
        let done = FollowUpStatus::Done;
        if (change.status == done) != (current.status == done) {
            mark_episode(self.connection, self.tenant, &current.episode).await?;
        }
        insert_event(self.connection, self.tenant, current.id.as_str(), event).await
    }
}

/// The columns that a step may change.
struct Change {
    status: FollowUpStatus,
    status_reason: Option<String>,
    available_at: Timestamp,
    claimed_by: Option<Name>,
    handled_at: Option<Timestamp>,
}

impl Change {
    /// Another status, and everything else as it is.
    fn to(status: FollowUpStatus, current: &StoredFollowUp) -> Self {
        Self {
            status,
            status_reason: current.status_reason.clone(),
            available_at: current.available_at,
            claimed_by: current.claimed_by.clone(),
            handled_at: current.handled_at,
        }
    }
}

fn by_service(
    current: &StoredFollowUp,
    action: Action,
    now: Timestamp,
) -> Result<FollowUpEvent, StoreError> {
    Ok(FollowUpEvent {
        version: current.version.saturating_add(1),
        occurred_at: now,
        action,
        author: service()?,
        reason: None,
        body: json!({}),
    })
}
