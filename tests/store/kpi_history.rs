//! A history with everything that is hard to count, and plain code that counts key figures from the rows of the tables.

use super::timeline::*;
use super::*;
use recontact::contact::Contact;
use recontact::identity::{Identity, IdentityKind};
use recontact::outcome::{Author, EpisodeId, Outcome};
use recontact::store::{ContactAnalysis, CorrectionRecorded, ErasureRequest, NewCorrection};
use serde_json::Value;
use sqlx::any::AnyRow;
use sqlx::{AnyPool, Row};
use std::collections::HashMap;

pub(super) const DAY_MS: i64 = 86_400_000;

/// Chance that is the same each time.
pub(super) struct Chance(u64);

impl Chance {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A number from 0 to below `most`.
    pub(super) fn below(&mut self, most: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % most
    }

    fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }

    fn pick<'t>(&mut self, words: &[&'t str]) -> &'t str {
        words[self.below(words.len() as u64) as usize]
    }

    fn maybe<T>(&mut self, value: impl FnOnce(&mut Self) -> T) -> Option<T> {
        if self.one_in(3) { None } else { Some(value(self)) }
    }
}

const CATEGORIES: [&str; 3] = ["card_arrival", "activate_card", "lost_card"];

fn details(chance: &mut Chance, opened: f64) -> TicketDetails {
    let has_scale = !chance.one_in(5);
    TicketDetails {
        team: chance.maybe(|c| name(c.pick(&["cards", "loans"]))),
        channel: chance.maybe(|c| name(c.pick(&["Email", "chat", "Phone"]))),
        segment: chance.maybe(|c| name(c.pick(&["gold", "basic"]))),
        sla_met: chance.maybe(|c| c.one_in(2)),
        csat: chance.maybe(|c| 1.0 + c.below(5) as f64),
        csat_lowest: has_scale.then_some(1.0),
        csat_highest: has_scale.then_some(5.0),
        first_response_at: chance.maybe(|c| day(opened + c.below(100) as f64 / 100.0)),
        messages_in: chance.maybe(|c| c.below(6) as u32),
        first_contact_resolved: chance.maybe(|c| c.one_in(2)),
        first_level_resolvable: chance.maybe(|c| !c.one_in(3)),
        agent_replies: chance.maybe(|c| c.below(4) as u32),
        agents_involved: chance.maybe(|c| 1 + c.below(3) as u32),
        handling_s: chance.maybe(|c| c.below(5000) as u32),
        handling_cost: chance.maybe(|c| c.below(10_000) as f64 / 100.0),
        nps: chance.maybe(|c| c.below(11) as u32),
        survey_resolved: chance.maybe(|c| c.one_in(2)),
        ..TicketDetails::default()
    }
}

/// Tells one ticket's story: opened, changed, written on, closed, opened again, closed again, corrected; not all of it each time.
pub(super) async fn ticket_story(store: &Store, chance: &mut Chance, id: &str) {
    let opened = chance.below(85 * 24) as f64 / 24.0;
    let customer = format!("u-{}", chance.below(30));
    let event = TicketEvent {
        id: name(id),
        customer_id: name(&customer),
        opened_at: day(opened),
        updated_at: None,
        category: chance.maybe(|c| name(c.pick(&CATEGORIES))),
        details: details(chance, opened),
    };
    store.record_ticket(&TENANT, &event, &rules(), day(opened)).await.unwrap();
    let mut at = opened;
    if chance.one_in(3) {
        at += 0.1;
        let changed = TicketEvent {
            updated_at: Some(day(at)),
            category: Some(name(chance.pick(&CATEGORIES))),
            details: details(chance, opened),
            ..event.clone()
        };
        store.record_ticket(&TENANT, &changed, &rules(), day(at)).await.unwrap();
    }
    if chance.one_in(3) {
        written(store, chance, id, Some(id), &customer, opened + 0.05).await;
    }
    if chance.one_in(8) {
        return;
    }
    at += 0.2 + chance.below(60) as f64 / 10.0;
    close(store, chance, id, opened, at).await;
    if chance.one_in(5) {
        at += 0.5 + chance.below(40) as f64;
        reopen(store, id, at).await;
        if !chance.one_in(3) {
            at += 0.5;
            close(store, chance, id, opened, at).await;
        }
    }
    if chance.one_in(4) {
        let later = at + chance.below(200) as f64 / 10.0;
        written(store, chance, &format!("{id}-later"), None, &customer, later).await;
    }
    if chance.one_in(6) {
        correct(store, chance, id, at).await;
    }
}

async fn close(store: &Store, chance: &mut Chance, id: &str, opened: f64, at: f64) {
    let event = ClosingEvent {
        closed_at: day(at),
        category: Some(name(chance.pick(&CATEGORIES))),
        details: details(chance, opened),
    };
    let said = chance.maybe(|c| Assessment {
        model_version: c.pick(&["risk-1", "risk-2"]).to_owned(),
        probability: c.below(1000) as f64 / 1000.0,
        ..assessment("low")
    });
    let closed = store
        .close_ticket(&TENANT, &name(id), &event, &rules(), day(at), |_, _| said.clone())
        .await
        .unwrap();
    assert!(matches!(closed, TicketClosed::Closed(_)), "{id}: {closed:?}");
}

async fn written(
    store: &Store,
    chance: &mut Chance,
    id: &str,
    ticket: Option<&str>,
    customer: &str,
    at: f64,
) {
    let contact = Contact {
        ticket_id: ticket.map(name),
        channel: chance.maybe(|c| name(c.pick(&["email", "chat"]))),
        author: if chance.one_in(6) { Author::Agent } else { Author::Customer },
        ..contact(&format!("c-{id}"), customer, day(at))
    };
    let analysis = ContactAnalysis {
        category: chance.maybe(|c| name(c.pick(&CATEGORIES))),
        ..about("card_arrival")
    };
    say(store, &contact, &analysis).await;
}

pub(super) async fn correct(store: &Store, chance: &mut Chance, id: &str, at: f64) {
    let outcomes = [Outcome::None, Outcome::Explicit, Outcome::Implicit, Outcome::Unrelated];
    let correction = NewCorrection {
        episode: EpisodeId { ticket: name(id), number: 1 },
        outcome: outcomes[chance.below(4) as usize],
        gap_ms: chance.maybe(|c| (1 + c.below(20) as i64) * DAY_MS),
        cause_code: None,
        author: name("lead"),
        reason: "asked the customer".to_owned(),
    };
    let said = store.correct_outcome(&TENANT, &correction, day(at + 1.0)).await.unwrap();
    assert!(!matches!(said, CorrectionRecorded::UnknownEpisode), "{id}");
}

pub(super) fn customer(number: u64) -> Identity {
    Identity::parse(IdentityKind::Customer, &format!("u-{number}")).unwrap()
}

pub(super) async fn erase(store: &Store, number: u64) {
    let request = ErasureRequest {
        identity: customer(number),
        author: name("privacy"),
        reason: "asked for it".to_owned(),
        random: [number as u8; 32],
        is_dry_run: false,
    };
    store.erase_customer(&TENANT, &request, day(120.0)).await.unwrap();
}

/// Warsaw's clock in 2026, said here once more in plain words.
fn local_ms(ms: i64) -> i64 {
    let at = |text: &str| Timestamp::parse(text).unwrap().millis();
    let is_summer = at("2026-03-29T01:00:00Z") <= ms && ms < at("2026-10-25T01:00:00Z");
    ms + if is_summer { 7_200_000 } else { 3_600_000 }
}

pub(super) fn local_day(ms: i64) -> i64 {
    local_ms(ms).div_euclid(DAY_MS)
}

fn start_of_day(day: i64) -> i64 {
    (day * DAY_MS - 3 * 3_600_000..=day * DAY_MS)
        .step_by(3_600_000)
        .find(|ms| local_day(*ms) == day)
        .unwrap()
}

/// What is looked at: days from `from` to before `to`, one slice, one window, at an instant.
#[derive(Debug, Clone)]
pub(super) struct Scope {
    pub(super) from: i64,
    pub(super) to: i64,
    pub(super) dimension: &'static str,
    pub(super) label: String,
    pub(super) window: i64,
    pub(super) now: i64,
}

impl Scope {
    fn holds(&self, ms: i64) -> bool {
        (self.from..self.to).contains(&local_day(ms))
    }

    fn is_in_slice(&self, labels: &[String; 4]) -> bool {
        match self.dimension {
            "team" => labels[0] == self.label,
            "category" => labels[1] == self.label,
            "channel" => labels[2] == self.label,
            "segment" => labels[3] == self.label,
            _ => true,
        }
    }

    fn is_mature(&self, ms: i64, window: i64) -> bool {
        start_of_day(local_day(ms) + 1) + window * DAY_MS <= self.now
    }
}

struct Episode {
    key: (String, i64),
    customer: String,
    labels: [String; 4],
    closed_at: i64,
    is_closing: bool,
}

struct Ticket {
    opened_at: i64,
    closed_at: Option<i64>,
    labels: [String; 4],
    details: Value,
    reopens: i64,
}

/// A contact, with category and channel of its own.
struct Written {
    at: i64,
    ticket: Option<String>,
    category: String,
    channel: String,
    counts: bool,
    is_customers: bool,
}

/// See [`Plain::closings`].
pub(super) type Closing = (i64, [String; 3], Option<(String, f64)>, [&'static str; 2]);

/// All rows, as they stand in the tables.
pub(super) struct Plain {
    episodes: Vec<Episode>,
    tickets: HashMap<String, Ticket>,
    persons: HashMap<String, String>,
    /// Ticket, number, gap, relation, channel.
    returns: Vec<((String, i64), i64, String, String)>,
    corrections: Vec<((String, i64), String, Option<i64>)>,
    /// Version and probability of each assessment.
    scores: HashMap<(String, i64), (String, f64)>,
    reopenings: Vec<(String, i64)>,
    contacts: Vec<Written>,
}

fn text(row: &AnyRow, column: &str) -> String {
    row.get::<Option<String>, _>(column).unwrap_or_default()
}

impl Plain {
    pub(super) async fn read(url: &str) -> Self {
        sqlx::any::install_default_drivers();
        let pool = AnyPool::connect(url).await.unwrap();
        let all =
            async |statement: &'static str| sqlx::query(statement).fetch_all(&pool).await.unwrap();
        let mut tickets = HashMap::new();
        for row in all("SELECT * FROM tickets").await {
            let details: Value = serde_json::from_str(&text(&row, "details")).unwrap();
            let label = |field: &str| details[field].as_str().unwrap_or_default().to_owned();
            let labels =
                [label("team"), text(&row, "category"), label("channel"), label("segment")];
            let ticket = Ticket {
                opened_at: row.get("opened_at"),
                closed_at: row.get("closed_at"),
                labels,
                reopens: row.get("reopens"),
                details,
            };
            tickets.insert(text(&row, "id"), ticket);
        }
        let mut episodes = Vec::new();
        for row in all("SELECT * FROM episodes").await {
            let ticket = text(&row, "ticket_id");
            let segment = tickets[&ticket].labels[3].clone();
            episodes.push(Episode {
                labels: [
                    text(&row, "team"),
                    text(&row, "category"),
                    text(&row, "channel"),
                    segment,
                ],
                key: (ticket, row.get("number")),
                customer: text(&row, "customer_hash"),
                closed_at: row.get("closed_at"),
                is_closing: text(&row, "ended_by") == "closing",
            });
        }
        let contact_rows = all("SELECT * FROM contacts").await;
        let channels: HashMap<String, String> =
            contact_rows.iter().map(|row| (text(row, "id"), text(row, "channel"))).collect();
        let returns = all("SELECT * FROM recontacts").await;
        let returns = returns.iter().map(|row| {
            let source = text(row, "source_id");
            let channel = match text(row, "source").as_str() {
                "contact" => channels[&source].clone(),
                "ticket" => tickets[&source].labels[2].clone(),
                _ => String::new(),
            };
            (
                (text(row, "ticket_id"), row.get("episode")),
                row.get("gap_ms"),
                text(row, "relation"),
                channel,
            )
        });
        let returns = returns.collect();
        let corrections = all("SELECT * FROM outcome_corrections ORDER BY recorded_at, id").await;
        let corrections = corrections.iter().map(|row| {
            ((text(row, "ticket_id"), row.get("episode")), text(row, "outcome"), row.get("gap_ms"))
        });
        let reopenings = all("SELECT * FROM ticket_events WHERE kind = 'reopening'").await;
        let contacts = contact_rows.iter().map(|row| {
            let is_customers = text(row, "author") == "customer";
            Written {
                at: row.get("occurred_at"),
                ticket: row.get("ticket_id"),
                category: text(row, "category"),
                channel: text(row, "channel"),
                counts: is_customers && text(row, "kind") == "substantive",
                is_customers,
            }
        });
        let scores = all("SELECT * FROM assessments").await;
        let scores = scores.iter().map(|row| {
            (
                (text(row, "ticket_id"), row.get("episode")),
                (text(row, "model_version"), row.get("probability")),
            )
        });
        let plain = Self {
            scores: scores.collect(),
            persons: all("SELECT * FROM identities")
                .await
                .iter()
                .map(|row| (text(row, "identity_hash"), text(row, "person")))
                .collect(),
            returns,
            corrections: corrections.collect(),
            reopenings: reopenings
                .iter()
                .map(|row| (text(row, "ticket_id"), row.get("occurred_at")))
                .collect(),
            contacts: contacts.collect(),
            episodes,
            tickets,
        };
        pool.close().await;
        plain
    }

    /// Every closing: its instant, team, category, channel, score, and its outcome within 7 and 30 days.
    pub(super) fn closings(&self) -> Vec<Closing> {
        let of = |episode: &Episode| {
            let [team, category, channel, _] = episode.labels.clone();
            let outcomes = [7, 30].map(|window| match self.outcome(episode, window).as_str() {
                "explicit" => "explicit",
                "implicit" => "implicit",
                _ => "none",
            });
            let score = self.scores.get(&episode.key).cloned();
            (episode.closed_at, [team, category, channel], score, outcomes)
        };
        let mut closings: Vec<Closing> = self.episodes.iter().map(of).collect();
        closings.sort_by(|a, b| a.partial_cmp(b).unwrap());
        closings
    }

    /// Labels that occur in a dimension.
    pub(super) fn labels(&self, dimension: &str) -> Vec<String> {
        let place = ["team", "category", "channel", "segment"].iter().position(|d| *d == dimension);
        let Some(place) = place else { return vec![String::new()] };
        let mut labels: Vec<String> = self
            .episodes
            .iter()
            .map(|episode| episode.labels[place].clone())
            .chain(self.tickets.values().map(|ticket| ticket.labels[place].clone()))
            .collect();
        labels.sort();
        labels.dedup();
        labels
    }

    fn outcome(&self, episode: &Episode, window: i64) -> String {
        let limit = window * DAY_MS;
        let said = self.corrections.iter().rfind(|(key, _, _)| *key == episode.key);
        if let Some((_, outcome, gap)) = said {
            return if gap.is_some_and(|gap| gap > limit) {
                "none".to_owned()
            } else {
                outcome.clone()
            };
        }
        let came: Vec<&str> = self
            .returns
            .iter()
            .filter(|(key, gap, _, _)| *key == episode.key && (1..=limit).contains(gap))
            .map(|(_, _, relation, _)| relation.as_str())
            .collect();
        let order = ["explicit", "implicit", "induced", "unrelated"];
        (*order.iter().find(|relation| came.contains(relation)).unwrap_or(&"none")).to_owned()
    }

    fn came_the_same_way(&self, episode: &Episode, window: i64) -> bool {
        if self.corrections.iter().any(|(key, _, _)| *key == episode.key) {
            return self.outcome(episode, window) == "explicit";
        }
        let own = episode.labels[2].to_lowercase();
        self.returns.iter().any(|(key, gap, relation, channel)| {
            let other = channel.to_lowercase();
            *key == episode.key
                && (1..=window * DAY_MS).contains(gap)
                && relation == "explicit"
                && (own.is_empty() || other.is_empty() || own == other)
        })
    }

    fn episodes<'s>(&'s self, scope: &'s Scope) -> impl Iterator<Item = &'s Episode> {
        self.episodes
            .iter()
            .filter(|episode| scope.holds(episode.closed_at) && scope.is_in_slice(&episode.labels))
    }

    /// Tickets closed in the scope, each at its last closing.
    fn tickets<'s>(&'s self, scope: &'s Scope) -> impl Iterator<Item = &'s Ticket> {
        self.episodes(scope).filter(|episode| episode.is_closing).filter_map(|episode| {
            let ticket = &self.tickets[&episode.key.0];
            (ticket.closed_at == Some(episode.closed_at)).then_some(ticket)
        })
    }

    /// Value and number of cases.
    pub(super) fn figure(
        &self,
        measure: &str,
        part: Option<&str>,
        scope: &Scope,
    ) -> (Option<f64>, u64) {
        let share = |cases: Vec<bool>| {
            let (count, n) = (cases.iter().filter(|case| **case).count(), cases.len());
            ((n > 0).then(|| count as f64 / n as f64), n as u64)
        };
        let mature = |window: i64| {
            self.episodes(scope).filter(move |episode| scope.is_mature(episode.closed_at, window))
        };
        let is_repeat = |outcome: &str| matches!(outcome, "explicit" | "implicit");
        let known = |ask: &dyn Fn(&Value) -> Option<bool>| {
            share(self.tickets(scope).filter_map(|ticket| ask(&ticket.details)).collect())
        };
        let window = scope.window;
        match measure {
            "rcr" => share(mature(window).map(|e| is_repeat(&self.outcome(e, window))).collect()),
            "rcr_customers" => {
                let mut persons: HashMap<&str, bool> = HashMap::new();
                for episode in mature(window) {
                    let person = self.persons.get(&episode.customer).unwrap_or(&episode.customer);
                    *persons.entry(person).or_default() |=
                        is_repeat(&self.outcome(episode, window));
                }
                share(persons.into_values().collect())
            }
            "explicit_share" => share(
                mature(window)
                    .map(|e| self.outcome(e, window))
                    .filter(|outcome| is_repeat(outcome))
                    .map(|outcome| outcome == "explicit")
                    .collect(),
            ),
            "fcr_window" => {
                share(mature(window).map(|e| !self.came_the_same_way(e, window)).collect())
            }
            "ocr" => share(mature(window).map(|e| self.outcome(e, window) != "explicit").collect()),
            "nca_7" => share(mature(7).map(|e| self.outcome(e, 7) == "none").collect()),
            "fcr_gross" => known(&|d| d["first_contact_resolved"].as_bool()),
            "fcr_net" => known(&|d| {
                let resolved = d["first_contact_resolved"].as_bool()?;
                (d["first_level_resolvable"].as_bool()?).then_some(resolved)
            }),
            "one_touch" => known(&|d| Some(d["agent_replies"].as_u64()? < 2)),
            "one_touch_exact" => known(&|d| Some(d["agent_replies"].as_u64()? == 1)),
            "one_closer" => share(
                self.tickets(scope)
                    .filter_map(|t| {
                        Some(t.details["agents_involved"].as_u64()? == 1 && t.reopens == 0)
                    })
                    .collect(),
            ),
            "fcr_survey" => known(&|d| d["survey_resolved"].as_bool()),
            "sla" => known(&|d| d["sla_met"].as_bool()),
            "csat" => known(&|d| satisfied(d)),
            "csat_by_contacts" => known(&|d| {
                let messages = d["messages_in"].as_u64().filter(|messages| *messages > 0)?;
                let own = if messages >= 4 { "4+".to_owned() } else { messages.to_string() };
                if part == Some(own.as_str()) { satisfied(d) } else { None }
            }),
            "nps" => {
                let answers: Vec<i64> =
                    self.tickets(scope).filter_map(|t| t.details["nps"].as_i64()).collect();
                let points =
                    answers.iter().map(|a| i64::from(*a >= 9) - i64::from(*a <= 6)).sum::<i64>();
                let n = answers.len();
                ((n > 0).then(|| 100.0 * points as f64 / n as f64), n as u64)
            }
            "aht" => {
                let times: Vec<f64> =
                    self.tickets(scope).filter_map(|t| t.details["handling_s"].as_f64()).collect();
                let n = times.len();
                ((n > 0).then(|| times.iter().sum::<f64>() / n as f64), n as u64)
            }
            "cost_per_contact" => {
                let both = |t: &Ticket| {
                    Some((t.details["handling_cost"].as_f64()?, t.details["messages_in"].as_f64()?))
                };
                let pairs: Vec<(f64, f64)> = self.tickets(scope).filter_map(both).collect();
                let sum = |of: fn(&(f64, f64)) -> f64| pairs.iter().map(of).sum::<f64>();
                let messages = sum(|pair| pair.1);
                ((messages > 0.0).then(|| sum(|pair| pair.0) / messages), pairs.len() as u64)
            }
            "first_response" => middle(
                self.tickets(scope)
                    .filter_map(|t| {
                        let at =
                            Timestamp::parse(t.details["first_response_at"].as_str()?).unwrap();
                        Some((at.millis() - t.opened_at).div_euclid(1000))
                    })
                    .filter(|seconds| *seconds >= 0)
                    .collect(),
            ),
            "resolution" => middle(
                self.tickets(scope)
                    .map(|t| (t.closed_at.unwrap() - t.opened_at).div_euclid(1000))
                    .collect(),
            ),
            "backlog" => {
                let end = scope.to;
                let mut open = 0_i64;
                for ticket in self.tickets.values().filter(|t| scope.is_in_slice(&t.labels)) {
                    open += i64::from(local_day(ticket.opened_at) < end);
                }
                for (id, at) in &self.reopenings {
                    let is_in = scope.is_in_slice(&self.tickets[id].labels);
                    open += i64::from(is_in && local_day(*at) < end);
                }
                for episode in self.episodes.iter().filter(|episode| episode.is_closing) {
                    let is_in = scope.is_in_slice(&self.tickets[&episode.key.0].labels);
                    open -= i64::from(is_in && local_day(episode.closed_at) < end);
                }
                (Some(open as f64), 0)
            }
            "contacts_per_day" => self.contacts_per_day(scope),
            other => panic!("{other} is not counted here"),
        }
    }

    fn contacts_per_day(&self, scope: &Scope) -> (Option<f64>, u64) {
        let mut n = 0;
        for contact in &self.contacts {
            let of_ticket = contact.ticket.as_ref().and_then(|id| self.tickets.get(id));
            let [team, theirs, _, segment] =
                of_ticket.map_or_else(Default::default, |ticket| ticket.labels.clone());
            let own = &contact.category;
            let category = if own.is_empty() { theirs } else { own.clone() };
            let labels = [team, category, contact.channel.clone(), segment];
            let is_in = scope.holds(contact.at) && scope.is_in_slice(&labels);
            n += u64::from(contact.counts && is_in);
        }
        for (id, ticket) in &self.tickets {
            let is_of =
                |contact: &Written| contact.is_customers && contact.ticket.as_ref() == Some(id);
            let is_alone = !self.contacts.iter().any(is_of);
            let is_in = scope.holds(ticket.opened_at) && scope.is_in_slice(&ticket.labels);
            n += u64::from(is_alone && is_in);
        }
        let days = scope.to.min(local_day(scope.now) + 1) - scope.from;
        ((days > 0).then(|| n as f64 / days as f64), n)
    }

    /// Episodes that are too young.
    pub(super) fn immature(&self, scope: &Scope, window: i64) -> u64 {
        let is_young = |episode: &&Episode| !scope.is_mature(episode.closed_at, window);
        self.episodes(scope).filter(is_young).count() as u64
    }
}

fn satisfied(details: &Value) -> Option<bool> {
    let (low, high) = (details["csat_lowest"].as_f64()?, details["csat_highest"].as_f64()?);
    Some((details["csat"].as_f64()? - low) / (high - low) >= 0.75)
}

fn middle(mut values: Vec<i64>) -> (Option<f64>, u64) {
    values.sort_unstable();
    let n = values.len();
    let value = match n {
        0 => None,
        _ if n % 2 == 1 => Some(values[n / 2] as f64),
        _ => Some((values[n / 2 - 1] + values[n / 2]) as f64 / 2.0),
    };
    (value, n as u64)
}
