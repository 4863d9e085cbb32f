//! Writes what a helpdesk and the service would have recorded of a simulated experiment: `tickets.csv`, `contacts.csv`,
//! `follow_ups.csv`, and `truth.json` with what only a simulation knows.
//!
//! Only what happened before the end of the simulated days is written. A repeat is a new ticket of the same customer, of the
//! same category (explicit) or the next of its family (implicit); it is worked on and closed like the others, and not flagged
//! again. `treated` is true of tickets that were flagged while their customer was in the treatment arm, reached or not:
//! their outcomes are not what would have happened without us, and who was reached depends on what happened.

use super::random::Random;
use super::world::{Customer, FAMILY_SIZE, Ticket, World};
use anyhow::Context;
use recontact::effect::Arm;
use std::fs::File;
use std::path::Path;

/// Explicit repeats among all, as customer-effort research reports it.
const EXPLICIT: f64 = 0.55;
/// Days of work on a repeat.
const REPEAT_WORK_DAYS: f64 = 0.5;
/// Days after which an answer to a follow-up comes.
const ANSWER_DAYS: f64 = 0.1;

const TICKETS: [&str; 13] = [
    "ticket_id",
    "customer_id",
    "opened_at",
    "closed_at",
    "category",
    "channel",
    "priority",
    "team",
    "reassignments",
    "sla_met",
    "messages_in",
    "messages_out",
    "treated",
];
const CONTACTS: [&str; 8] = [
    "contact_id",
    "customer_id",
    "ticket_id",
    "occurred_at",
    "author",
    "kind",
    "category",
    "follow_up_id",
];
const FOLLOW_UPS: [&str; 11] = [
    "follow_up_id",
    "ticket_id",
    "customer_id",
    "arm",
    "score",
    "status",
    "created_at",
    "handled_at",
    "treated",
    "repeat",
    "induced",
];

/// Rows written.
#[derive(Debug, Clone, Copy, Default, serde::Serialize)]
pub struct Written {
    /// Closed tickets.
    pub tickets: usize,
    /// Contacts.
    pub contacts: usize,
    /// Flagged tickets of both arms.
    pub follow_ups: usize,
}

/// Writes the three tables into a folder.
///
/// # Errors
/// What the disk says.
pub fn write(world: &World, seed: u64, folder: &Path) -> anyhow::Result<Written> {
    let mut tables = Tables::create(world, folder)?;
    for number in 0..u64::from(world.params.customers) {
        // Apart from the world's own chance, so that reports from memory and from tables agree.
        let mut random = Random::new(!seed, number);
        tables.customer(number, &world.customer(seed, number), &mut random)?;
    }
    tables.finish()
}

struct Tables<'w> {
    world: &'w World,
    tickets: csv::Writer<File>,
    contacts: csv::Writer<File>,
    follow_ups: csv::Writer<File>,
    written: Written,
}

/// A ticket as it will stand in the table.
struct TicketRow<'r> {
    id: String,
    customer: &'r str,
    opened_day: f64,
    closed_day: f64,
    category: usize,
    difficulty: f64,
    is_treated: bool,
}

impl<'w> Tables<'w> {
    fn create(world: &'w World, folder: &Path) -> anyhow::Result<Self> {
        let table = |name: &str, heads: &[&str]| {
            let path = folder.join(name);
            let mut writer = csv::Writer::from_path(&path)
                .with_context(|| format!("writing {}", path.display()))?;
            writer.write_record(heads)?;
            anyhow::Ok(writer)
        };
        Ok(Self {
            world,
            tickets: table("tickets.csv", &TICKETS)?,
            contacts: table("contacts.csv", &CONTACTS)?,
            follow_ups: table("follow_ups.csv", &FOLLOW_UPS)?,
            written: Written::default(),
        })
    }

    fn finish(mut self) -> anyhow::Result<Written> {
        self.tickets.flush()?;
        self.contacts.flush()?;
        self.follow_ups.flush()?;
        Ok(self.written)
    }

    fn customer(
        &mut self,
        number: u64,
        customer: &Customer,
        random: &mut Random,
    ) -> anyhow::Result<()> {
        let name = format!("c-{number}");
        for (index, ticket) in customer.tickets.iter().enumerate() {
            let id = format!("t-{number}-{index}");
            let row = TicketRow {
                id: id.clone(),
                customer: &name,
                opened_day: ticket.opened_day,
                closed_day: ticket.closed_day,
                category: ticket.category,
                difficulty: ticket.difficulty,
                is_treated: ticket.is_flagged && customer.arm == Arm::Treatment,
            };
            self.ticket(&row, random)?;
            if ticket.is_flagged && !customer.is_lost {
                self.follow_up(&row, customer.arm, ticket)?;
            }
            let happened = ticket.happened(customer.arm);
            if happened.is_induced {
                let day = ticket.closed_day + self.contact_days() + ANSWER_DAYS;
                self.contact(&row, "answer", day, "substantive", &format!("f-{id}"))?;
            }
            if let Some(gap) = happened.repeat_gap_days {
                self.repeat(&row, ticket.closed_day + gap, random)?;
            }
        }
        Ok(())
    }

    /// A ticket and the messages that belong to it; nothing of what comes after the end.
    fn ticket(&mut self, row: &TicketRow<'_>, random: &mut Random) -> anyhow::Result<()> {
        self.contact(row, "first", row.opened_day, "substantive", "")?;
        let says_thanks = random.chance(self.world.params.thanks);
        if !self.is_observed(row.closed_day) {
            return Ok(());
        }
        if says_thanks {
            self.contact(row, "thanks", row.closed_day + 0.02, "thanks", "")?;
        }
        let reassignments = if row.difficulty > 1.0 {
            "2"
        } else if row.difficulty > 0.0 {
            "1"
        } else {
            "0"
        };
        let sla_met = (row.closed_day - row.opened_day < 1.0).to_string();
        let priority = if row.difficulty > 1.2 { "high" } else { "normal" };
        let opened_at = self.world.instant(row.opened_day).to_string();
        let closed_at = self.world.instant(row.closed_day).to_string();
        let category = category_name(row.category);
        let team = format!("team-{}", row.category / FAMILY_SIZE);
        let messages_in = (1 + random.pick(3)).to_string();
        let messages_out = (1 + random.pick(3)).to_string();
        let is_treated = row.is_treated.to_string();
        let record = [
            row.id.as_str(),
            row.customer,
            &opened_at,
            &closed_at,
            &category,
            ["email", "chat", "phone"][random.pick(3)],
            priority,
            &team,
            reassignments,
            &sla_met,
            &messages_in,
            &messages_out,
            &is_treated,
        ];
        self.tickets.write_record(record)?;
        self.written.tickets += 1;
        Ok(())
    }

    fn repeat(&mut self, of: &TicketRow<'_>, day: f64, random: &mut Random) -> anyhow::Result<()> {
        let is_explicit = random.chance(EXPLICIT);
        let work = REPEAT_WORK_DAYS * random.uniform();
        if !self.is_observed(day) {
            return Ok(());
        }
        let family = of.category / FAMILY_SIZE * FAMILY_SIZE;
        let next = family + (of.category - family + 1) % FAMILY_SIZE;
        let row = TicketRow {
            id: format!("{}-r", of.id),
            customer: of.customer,
            opened_day: day,
            closed_day: day + work,
            category: if is_explicit { of.category } else { next },
            difficulty: of.difficulty,
            is_treated: false,
        };
        self.ticket(&row, random)
    }

    fn follow_up(&mut self, row: &TicketRow<'_>, arm: Arm, ticket: &Ticket) -> anyhow::Result<()> {
        let observation = self.world.observation(arm, ticket);
        if !self.is_observed(row.closed_day) {
            return Ok(());
        }
        let contact_day = row.closed_day + self.contact_days();
        let is_done = observation.contacted && self.is_observed(contact_day);
        let is_mature = observation.matures_at <= self.world.end();
        let status = match arm {
            Arm::Control => "held_out",
            Arm::Treatment if is_done => "done",
            Arm::Treatment if self.is_observed(contact_day) => "expired",
            Arm::Treatment => "waiting",
        };
        let when_mature = |text: String| if is_mature { text } else { String::new() };
        let handled_at =
            if is_done { self.world.instant(contact_day).to_string() } else { String::new() };
        let score = format!("{:.6}", ticket.score);
        let flagged_at = observation.flagged_at.to_string();
        let is_treated = row.is_treated.to_string();
        let repeat = when_mature(observation.repeat.to_string());
        let induced = when_mature(observation.induced.to_string());
        let id = format!("f-{}", row.id);
        let record = [
            id.as_str(),
            row.id.as_str(),
            row.customer,
            if arm == Arm::Treatment { "treatment" } else { "control" },
            &score,
            status,
            &flagged_at,
            &handled_at,
            &is_treated,
            &repeat,
            &induced,
        ];
        self.follow_ups.write_record(record)?;
        self.written.follow_ups += 1;
        Ok(())
    }

    fn contact(
        &mut self,
        row: &TicketRow<'_>,
        what: &str,
        day: f64,
        kind: &str,
        follow_up_id: &str,
    ) -> anyhow::Result<()> {
        if !self.is_observed(day) {
            return Ok(());
        }
        let id = format!("{}-{what}", row.id);
        let category = category_name(row.category);
        let occurred_at = self.world.instant(day).to_string();
        let record = [
            id.as_str(),
            row.customer,
            row.id.as_str(),
            &occurred_at,
            "customer",
            kind,
            &category,
            follow_up_id,
        ];
        self.contacts.write_record(record)?;
        self.written.contacts += 1;
        Ok(())
    }

    fn is_observed(&self, day: f64) -> bool {
        day <= f64::from(self.world.params.days)
    }

    fn contact_days(&self) -> f64 {
        self.world.params.follow_up_hours / 24.0
    }
}

fn category_name(category: usize) -> String {
    let member = ['a', 'b', 'c'][category % FAMILY_SIZE];
    format!("issue-{}{member}", category / FAMILY_SIZE)
}
