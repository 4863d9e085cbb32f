//! Hands the weekly report on: as files into a folder, as mail, and to a webhook.
//!
//! Each receiver is a delivery of its own in the store. Whoever takes it in hand makes the report and hands it on; a failure is
//! tried again later, by whichever process is first. A process that ends in between loses the delivery when its lease is over:
//! then another one makes it. So a receiver gets a report once, unless a process is lost between handing it on and saying so;
//! mail and webhook then carry the same identifier again.

mod folder;
mod mail;
mod webhook;

use crate::config::Settings;
use crate::dashboard::weekly::{WeeklyAsked, WeeklyReport, compose};
use crate::registry::{ModelKind, Registry};
use crate::risk::RiskModel;
use crate::store::{DeliveryKey, Store, StoreError, Tenant};
use crate::timestamp::Timestamp;
use crate::weekly::{MailAddress, MailOptions, WebhookOptions, Week, WeeklyOptions, wait_after};
use sha2::{Digest, Sha256};
use std::path::Path;
use std::time::Duration;

/// How long making a report may take.
const MAKING: Duration = Duration::from_secs(120);
/// How much longer than making and handing on a process keeps a delivery.
const SPARE: Duration = Duration::from_secs(60);
/// How much longer than its own limit a delivery is waited for, so that it can say itself what was slow.
const GRACE: Duration = Duration::from_secs(5);
/// Characters of an error that are kept.
const ERROR_CHARS: usize = 400;

/// Who gets the report.
#[derive(Debug, Clone, Copy)]
pub enum Receiver<'a> {
    /// A folder on this machine.
    Folder(&'a Path),
    /// A mailbox.
    Mail(&'a MailOptions, &'a MailAddress),
    /// A program.
    Webhook(&'a WebhookOptions),
}

/// What became of a delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivered {
    /// The receiver, by the name that the store has.
    pub receiver: String,
    /// `None`: it was sent before, another process has it, or it is not yet time for the next attempt.
    pub result: Option<Result<(), String>>,
}

impl<'a> Receiver<'a> {
    /// Every receiver that is configured.
    #[must_use]
    pub fn all(options: &'a WeeklyOptions) -> Vec<Self> {
        let mail =
            options.mail.iter().flat_map(|mail| mail.to.iter().map(move |to| Self::Mail(mail, to)));
        let folder = options.folder.iter().map(|folder| Self::Folder(folder));
        folder.chain(mail).chain(options.webhook.iter().map(Self::Webhook)).collect()
    }

    /// Its name in the store, which holds no address.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::Folder(_) => "folder".to_owned(),
            Self::Mail(_, to) => format!("mail-{}", digest(&to.as_str().to_lowercase())),
            Self::Webhook(_) => "webhook".to_owned(),
        }
    }
}

/// The beginning of a hash, in hexadecimal digits.
fn digest(text: &str) -> String {
    Sha256::digest(text).iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

/// Version and window of the live risk model, read from its files; `None` where there is none that can be used.
#[must_use]
pub fn live_risk_model(settings: &Settings) -> Option<(String, u32)> {
    let registry = Registry::new(&settings.models);
    let live = registry.live().ok()?;
    let artifact = registry.open_live(ModelKind::Risk, live.get(&ModelKind::Risk)?).ok()?;
    let model = RiskModel::load(&artifact).ok()?;
    Some((model.version().to_owned(), model.window_days()))
}

/// Hands the report of a week to everybody who has not got it. `process`: what tells this process from others.
///
/// # Errors
/// [`StoreError`] when it cannot be told who has it.
pub async fn hand_on(
    asked: &WeeklyAsked<'_>,
    process: &str,
    clock: impl Fn() -> Timestamp,
) -> Result<Vec<Delivered>, StoreError> {
    let options = &asked.settings.weekly_report;
    let mut report = None;
    let mut delivered = Vec::new();
    for receiver in Receiver::all(options) {
        let name = receiver.name();
        let hand = Hand { asked, process, receiver, name: &name };
        let result = hand.deliver(&mut report, &clock).await?;
        delivered.push(Delivered { receiver: name, result });
    }
    Ok(delivered)
}

/// A delivery that a process may make.
struct Hand<'a> {
    asked: &'a WeeklyAsked<'a>,
    process: &'a str,
    receiver: Receiver<'a>,
    name: &'a str,
}

impl Hand<'_> {
    fn store(&self) -> (&Store, &Tenant) {
        (self.asked.store, self.asked.tenant)
    }

    fn key(&self) -> DeliveryKey<'_> {
        DeliveryKey { week: self.asked.week.monday(), receiver: self.name }
    }

    fn options(&self) -> &WeeklyOptions {
        &self.asked.settings.weekly_report
    }

    /// Takes the delivery in hand and makes it; `None` where there is nothing to do.
    async fn deliver(
        &self,
        report: &mut Option<WeeklyReport>,
        clock: &impl Fn() -> Timestamp,
    ) -> Result<Option<Result<(), String>>, StoreError> {
        let (store, tenant) = self.store();
        let (now, timeout) = (clock(), Duration::from_secs(self.options().timeout_s));
        let until = later(now, MAKING + timeout + SPARE);
        let attempt =
            store.take_weekly_delivery(tenant, self.key(), self.process, now, until).await?;
        let Some(attempt) = attempt else { return Ok(None) };
        let result = self.make_and_send(report, timeout, clock).await;
        match &result {
            Ok(()) => {
                store.finish_weekly_delivery(tenant, self.key(), self.process, clock()).await?;
            }
            Err(error) => {
                let wait = wait_after(
                    attempt,
                    Duration::from_secs(self.options().retry_s),
                    Duration::from_secs(self.options().longest_retry_s),
                );
                let next = later(clock(), wait);
                store.fail_weekly_delivery(tenant, self.key(), self.process, error, next).await?;
            }
        }
        self.tell(attempt, &result);
        Ok(Some(result))
    }

    async fn make_and_send(
        &self,
        report: &mut Option<WeeklyReport>,
        timeout: Duration,
        clock: &impl Fn() -> Timestamp,
    ) -> Result<(), String> {
        let made = match report.take() {
            Some(made) => made,
            None => tokio::time::timeout(MAKING, compose(self.asked))
                .await
                .map_err(|_| "making the report took too long".to_owned())?
                .map_err(|error| format!("the report could not be made: {error}"))?,
        };
        let made = report.insert(made);
        let (store, tenant) = self.store();
        let held = store.holds_weekly_delivery(tenant, self.key(), self.process).await;
        match held {
            Ok(true) => {}
            Ok(false) => return Err("another process has taken it over".to_owned()),
            Err(error) => return Err(error.to_string()),
        }
        let sent = tokio::time::timeout(timeout + GRACE, self.send(made, timeout, clock())).await;
        let sent =
            sent.unwrap_or_else(|_| Err(format!("no answer within {} s", timeout.as_secs())));
        sent.map_err(|error| error.chars().take(ERROR_CHARS).collect())
    }

    async fn send(
        &self,
        report: &WeeklyReport,
        timeout: Duration,
        now: Timestamp,
    ) -> Result<(), String> {
        let week = self.asked.week;
        // The same for every attempt, so that whoever gets it twice can tell.
        let id = digest(&format!("{} {week} {}", self.asked.tenant.as_str(), self.name));
        match self.receiver {
            Receiver::Folder(folder) => folder::write(folder, week, report).await,
            Receiver::Mail(options, to) => {
                mail::send(options, to, &mail::Letter { report, week, id: &id, now }, timeout).await
            }
            Receiver::Webhook(options) => webhook::send(options, report, &id, timeout, now).await,
        }
    }

    fn tell(&self, attempt: u32, result: &Result<(), String>) {
        let (week, receiver) = (self.asked.week.to_string(), self.name);
        let outcome = if result.is_ok() { "sent" } else { "failed" };
        let kind = receiver.split('-').next().unwrap_or_default().to_owned();
        metrics::counter!("recontact_weekly_report_deliveries_total", "receiver" => kind, "result" => outcome).increment(1);
        match result {
            Ok(()) => tracing::info!(week, receiver, attempt, "weekly report handed on"),
            Err(error) => {
                tracing::warn!(week, receiver, attempt, %error, "weekly report could not be handed on");
            }
        }
    }
}

fn later(now: Timestamp, wait: Duration) -> Timestamp {
    now.plus_millis(i64::try_from(wait.as_millis()).unwrap_or(i64::MAX / 4))
}

/// The week whose report is due now.
#[must_use]
pub fn due(settings: &Settings, now: Timestamp) -> Week {
    let options = &settings.weekly_report;
    let zone = options.zone(&settings.kpi.time_zone);
    crate::weekly::due_week(options.weekday, options.hour, zone, now)
}
