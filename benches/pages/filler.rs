//! Writes a [`History`] as the store would have written it, in bulk, and has the store derive what it keeps beside.

use super::history::{CHANNELS, DAY_MS, DAYS, Draws, History, SEGMENTS, TEAMS, Ticket};
use recontact::config::Settings;
use recontact::kpi::Zone;
use recontact::live_next_issues::LiveNextIssues;
use recontact::plan::{PlanContent, PlanStatus};
use recontact::registry::{Artifact, ModelKind, Registry};
use recontact::risk::RiskModel;
use recontact::store::{
    AuditAction, AuditEntry, CustomerKey, NewUser, Store, StoreOptions, StoredPlan, Tenant,
};
use recontact::ticket::{ClosedTicket, CustomerHistory, Name, PastTicket, TicketDetails};
use recontact::timestamp::Timestamp;
use recontact::user::{Password, PasswordHash, Position, Role, UserName};
use sha2::{Digest, Sha256};
use sqlx::{AnyConnection, AssertSqlSafe, Connection, Executor};
use std::fmt::Write;
use std::path::Path;
use std::time::{Duration, Instant};

const TENANT: Tenant = Tenant::DEFAULT;
/// Tickets in one transaction, and rows in one statement.
const CHUNK: usize = 20_000;
const ROWS: usize = 200;
/// Assessments that are made by the model itself; the others repeat their texts.
const BODIES: usize = 256;
pub(crate) const PASSWORD: &str = "correct horse battery";
const HASH: &str = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

/// What filling came to.
pub(crate) struct Filled {
    pub(crate) writing: Duration,
    pub(crate) next_issues: Duration,
    pub(crate) counting: Duration,
    pub(crate) days: u64,
}

pub(crate) fn key() -> CustomerKey {
    CustomerKey::new([7; 32])
}

pub(crate) async fn connect(url: &str) -> Store {
    Store::connect(url, key(), StoreOptions::default()).await.unwrap()
}

/// The labels that the shipped category model knows.
pub(crate) fn categories(root: &Path) -> Vec<String> {
    let mut table = csv::Reader::from_path(root.join("data/banking77/test.csv")).unwrap();
    let mut names: Vec<String> = table.records().map(|row| row.unwrap()[1].to_owned()).collect();
    names.sort();
    names.dedup();
    names
}

/// Fills an empty database.
pub(crate) async fn fill(url: &str, root: &Path, tickets: usize) -> Filled {
    let started = Instant::now();
    connect(url).await.close().await;
    let names = categories(root);
    let history = History::make(tickets, names.len(), Timestamp::now().millis());
    let rows =
        RowsOf { names: &names, history: &history, bodies: bodies(root), version: live(root).0 };
    let mut connection = AnyConnection::connect(url).await.unwrap();
    let is_sqlite = url.starts_with("sqlite:");
    if is_sqlite {
        for pragma in ["synchronous = OFF", "cache_size = -200000", "temp_store = MEMORY"] {
            run(&mut connection, format!("PRAGMA {pragma}")).await;
        }
    }
    rows.write_experiments(&mut connection).await;
    for first in (0..history.tickets.len()).step_by(CHUNK) {
        let end = (first + CHUNK).min(history.tickets.len());
        let mut transaction = connection.begin().await.unwrap();
        rows.write(&mut transaction, first..end).await;
        transaction.commit().await.unwrap();
    }
    for statement in [
        "INSERT INTO identities (tenant, identity_hash, kind, person) \
         SELECT DISTINCT tenant, customer_hash, 'customer', customer_hash FROM tickets",
        "INSERT INTO assignments (tenant, experiment_id, customer_hash, arm, assigned_at) \
         SELECT tenant, experiment_id, customer_hash, MIN(arm), MIN(created_at) FROM follow_ups \
         GROUP BY tenant, experiment_id, customer_hash",
        "INSERT INTO settings (tenant, name, value) VALUES ('default', 'outcomes_derived', '1')",
    ] {
        run(&mut connection, statement.to_owned()).await;
    }
    if !is_sqlite {
        // As autovacuum does it in time.
        run(&mut connection, "VACUUM ANALYZE".to_owned()).await;
    }
    connection.close().await.unwrap();
    let store = connect(url).await;
    write_plans(&store, &names, history.now_ms).await;
    write_users(&store).await;
    let writing = started.elapsed();
    let filled = derive(&store).await;
    store.close().await;
    Filled { writing, ..filled }
}

/// Has the store compute what it keeps beside the rows.
async fn derive(store: &Store) -> Filled {
    let settings = Settings::load(&Default::default()).unwrap();
    let started = Instant::now();
    let map = LiveNextIssues::new(settings.next_issues.clone(), settings.outcomes.clone());
    map.refresh(store, &TENANT, "bench", Timestamp::now()).await.unwrap();
    let next_issues = started.elapsed();
    let started = Instant::now();
    let days = count_days(store, &settings.kpi.time_zone).await;
    let counting = started.elapsed();
    Filled { writing: Duration::ZERO, next_issues, counting, days }
}

/// Counts every day that has changed.
pub(crate) async fn count_days(store: &Store, zone: &Zone) -> u64 {
    let days = store.refresh_kpis(&TENANT, zone, None, u32::MAX).await.unwrap().days;
    store.add_up_kpi_months(&TENANT, zone, usize::MAX, Timestamp::now()).await.unwrap();
    days
}

async fn run(connection: &mut AnyConnection, statement: String) {
    connection.execute(AssertSqlSafe(statement)).await.unwrap();
}

/// The live risk model's version and the model.
pub(crate) fn live(root: &Path) -> (String, RiskModel) {
    let registry = Registry::new(root.join("models"));
    let version = registry.live().unwrap().get(&ModelKind::Risk).unwrap().version.clone();
    let folder = root.join("models/risk").join(&version);
    let artifact = Artifact::open(&folder, ModelKind::Risk).unwrap();
    (version, RiskModel::load(&artifact).unwrap())
}

/// What is stored of assessments, as the model makes them.
fn bodies(root: &Path) -> Vec<String> {
    let (_, model) = live(root);
    let mut draws = Draws::new(3);
    let name = |text: String| Name::parse(&text).unwrap();
    let mut one = |number: usize| {
        let closed_at = Timestamp::parse("2026-03-01T12:00:00Z").unwrap();
        let earlier = (0..number % 5).map(|index| PastTicket {
            opened_at: closed_at.plus_days(-(3 * i64::try_from(index).unwrap() + 2)),
            closed_at: Some(closed_at.plus_days(-(3 * i64::try_from(index).unwrap() + 1))),
            category: Some(name(format!("{}", draws.next() % 60))),
        });
        let history = CustomerHistory { tickets: earlier.collect() };
        let ticket = ClosedTicket {
            id: name(format!("b-{number}")),
            customer_id: name("u".to_owned()),
            opened_at: closed_at
                .plus_millis(-3_600_000 * (1 + i64::try_from(number % 90).unwrap())),
            closed_at,
            category: name(format!("{}", number % 60)),
            details: TicketDetails {
                channel: Some(name("Phone".to_owned())),
                team: Some(name(format!("{}", number % 70))),
                reassignments: Some(u32::try_from(number % 4).unwrap()),
                reopens: Some(0),
                sla_met: Some(!number.is_multiple_of(3)),
                ..TicketDetails::default()
            },
        };
        let mut said = serde_json::to_value(model.assess(&ticket, &history)).unwrap();
        said["next_issue"] = serde_json::Value::Null;
        said["expected_repeat"] = serde_json::Value::Null;
        said.to_string()
    };
    (0..BODIES).map(&mut one).collect()
}

struct RowsOf<'h> {
    names: &'h [String],
    history: &'h History,
    bodies: Vec<String>,
    version: String,
}

/// An experiment and the closings that belong to it.
struct Trial {
    id: &'static str,
    from_day: i64,
    to_day: i64,
}

/// One that was never ended for a year, as somebody leaves it who does not look, and four that took a quarter each.
const TRIALS: [Trial; 5] = [
    Trial { id: "first", from_day: -DAYS, to_day: -365 },
    Trial { id: "autumn", from_day: -365, to_day: -273 },
    Trial { id: "winter", from_day: -273, to_day: -182 },
    Trial { id: "spring", from_day: -182, to_day: -91 },
    Trial { id: "summer", from_day: -91, to_day: 1 },
];

fn hash_of(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().fold(String::new(), |mut hash, byte| {
        let _ = write!(hash, "{byte:02x}");
        hash
    })
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// Rows of a table, written some hundred at a time.
struct Into {
    head: &'static str,
    rows: Vec<String>,
}

impl Into {
    fn new(head: &'static str) -> Self {
        Self { head, rows: Vec::new() }
    }

    async fn write(self, connection: &mut AnyConnection) {
        for rows in self.rows.chunks(ROWS) {
            run(connection, format!("INSERT INTO {} VALUES {}", self.head, rows.join(","))).await;
        }
    }
}

impl RowsOf<'_> {
    async fn write_experiments(&self, connection: &mut AnyConnection) {
        let now = self.history.now_ms;
        for Trial { id, from_day, to_day } in TRIALS {
            let ended =
                if to_day > 0 { "NULL".to_owned() } else { (now + to_day * DAY_MS).to_string() };
            run(
                connection,
                format!(
                    "INSERT INTO experiments (tenant, id, treatment_share, window_days, started_at, ended_at, body) \
                     VALUES ('default', '{id}', 0.5, 14, {}, {ended}, '{{\"author\":\"lead\"}}')",
                    now + from_day * DAY_MS
                ),
            )
            .await;
        }
    }

    async fn write(&self, connection: &mut AnyConnection, range: std::ops::Range<usize>) {
        let mut tickets = Into::new(
            "tickets (tenant, id, customer_hash, opened_at, updated_at, closed_at, category, details, closing_sha256, reopens)",
        );
        let mut events = Into::new(
            "ticket_events (tenant, ticket_id, kind, occurred_at, content_sha256, category, details, recorded_at)",
        );
        let mut contacts = Into::new(
            "contacts (tenant, id, customer_hash, ticket_id, occurred_at, channel, text_hash, content_sha256, classification, \
             model_version, recorded_at, author, kind, kind_rule, category, category_is_certain)",
        );
        let mut episodes = Into::new(
            "episodes (tenant, ticket_id, number, customer_hash, category, team, channel, opened_at, closed_at, ended_by, is_parallel)",
        );
        let mut assessments = Into::new(
            "assessments (tenant, ticket_id, episode, closed_at, model_version, inputs_sha256, assessed_at, probability, band, body)",
        );
        let mut recontacts = Into::new(
            "recontacts (tenant, ticket_id, episode, source, source_id, occurred_at, gap_ms, relation, primary_category, category, derived_at)",
        );
        let mut corrections = Into::new(
            "outcome_corrections (tenant, id, ticket_id, episode, outcome, gap_ms, author, reason, recorded_at)",
        );
        let mut follow_ups = FollowUps::new();
        for index in range {
            let ticket = &self.history.tickets[index];
            let (hash, details) = (hash_of(&format!("u-{}", ticket.customer)), details(ticket));
            let (category, channel) =
                (quoted(&self.names[ticket.category]), quoted(CHANNELS[ticket.channel]));
            let Ticket { opened_at, closed_at, .. } = *ticket;
            let is_closed = closed_at <= self.history.now_ms;
            let closed = if is_closed { closed_at.to_string() } else { "NULL".to_owned() };
            let closing = if is_closed { quoted(HASH) } else { "NULL".to_owned() };
            let updated = if is_closed { closed_at } else { opened_at };
            tickets.rows.push(format!(
                "('default','t-{index}','{hash}',{opened_at},{updated},{closed},{category},'{details}',{closing},0)"
            ));
            events.rows.push(format!(
                "('default','t-{index}','state',{opened_at},'{HASH}',{category},'{details}',{opened_at})"
            ));
            contacts.rows.push(format!(
                "('default','c-{index}','{hash}','t-{index}',{opened_at},{channel},'{HASH}','{}','{CLASSIFIED}','banking77-2',\
                 {opened_at},'customer','substantive','words',{category},1)",
                hash_of(&format!("c-{index}"))
            ));
            if !is_closed {
                continue;
            }
            events.rows.push(format!(
                "('default','t-{index}','closing',{closed_at},'{HASH}',{category},'{details}',{closed_at})"
            ));
            episodes.rows.push(format!(
                "('default','t-{index}',1,'{hash}',{category},{},{channel},{opened_at},{closed_at},'closing',{})",
                quoted(TEAMS[ticket.team]),
                i64::from(ticket.draw.is_multiple_of(40))
            ));
            assessments.rows.push(format!(
                "('default','t-{index}',1,{closed_at},{},'{}',{closed_at},{},'{}',{})",
                quoted(&self.version),
                hash_of(&format!("a-{index}")),
                ticket.score,
                ticket.band,
                quoted(&self.bodies[index % self.bodies.len()])
            ));
            for came in &ticket.returns {
                let at = closed_at + came.gap_ms;
                recontacts.rows.push(format!(
                    "('default','t-{index}',1,'contact','c-{}',{at},{},'{}',{category},{},{at})",
                    came.ticket,
                    came.gap_ms,
                    came.relation,
                    quoted(&self.names[self.history.tickets[came.ticket].category])
                ));
            }
            if ticket.draw.is_multiple_of(200) {
                let outcome =
                    ["none", "explicit", "implicit", "unrelated"][(ticket.draw / 200 % 4) as usize];
                let at = closed_at + 5 * DAY_MS;
                corrections.rows.push(format!(
                    "('default','k-{index}','t-{index}',1,'{outcome}',NULL,'lead','asked the customer',{at})"
                ));
            }
            follow_ups.add(self, index, &hash);
        }
        for table in [tickets, events, contacts, episodes, assessments, recontacts, corrections] {
            table.write(connection).await;
        }
        follow_ups.write(connection).await;
    }
}

const CLASSIFIED: &str = r#"{"category":"card_arrival","probability":0.93,"alternatives":[{"label":"card_arrival","probability":0.93},{"label":"card_delivery_estimate","probability":0.04},{"label":"lost_or_stolen_card","probability":0.01}],"action":"auto","reason":null,"language":"en","truncated":false,"tokens_total":14,"tokens_used":14}"#;

fn details(ticket: &Ticket) -> String {
    let mut draws = Draws::new(ticket.draw);
    let minutes = (ticket.closed_at - ticket.opened_at) / 60_000;
    let response = Timestamp::from_millis(
        ticket.opened_at + (draws.share() * minutes as f64 * 0.5) as i64 * 60_000,
    )
    .unwrap();
    let mut text = format!(
        r#"{{"channel":"{}","priority":"{}","team":"{}","reassignments":{},"reopens":0,"sla_met":{},"first_response_at":"{response}","messages_in":{},"messages_out":{},"first_contact_resolved":{},"agent_replies":{},"agents_involved":{},"handling_s":{},"handling_cost":{:.2},"segment":"{}""#,
        CHANNELS[ticket.channel],
        ["low", "normal", "high"][(draws.next() % 3) as usize],
        TEAMS[ticket.team],
        draws.next() % 3,
        draws.share() < 0.85,
        1 + draws.next() % 5,
        1 + draws.next() % 4,
        draws.share() < 0.6,
        draws.next() % 5,
        1 + draws.next() % 3,
        120 + draws.next() % 3000,
        2.0 + draws.share() * 20.0,
        SEGMENTS[(ticket.customer) % SEGMENTS.len()],
    );
    if draws.share() < 0.2 {
        let _ = write!(
            text,
            r#","csat":{}.0,"csat_lowest":1.0,"csat_highest":5.0"#,
            1 + draws.next() % 5
        );
    }
    if draws.share() < 0.05 {
        let _ = write!(text, r#","nps":{}"#, draws.next() % 11);
    }
    text + "}"
}

/// Flagged closings with what became of them.
struct FollowUps {
    rows: Into,
    events: Into,
}

impl FollowUps {
    fn new() -> Self {
        Self {
            rows: Into::new(
                "follow_ups (tenant, id, ticket_id, episode, experiment_id, customer_hash, arm, team, category, probability, \
                 expected_benefit, status, status_reason, available_at, due_at, is_after_gap, expires_at, claimed_by, handled_at, \
                 version, created_at)",
            ),
            events: Into::new(
                "follow_up_events (tenant, follow_up_id, version, occurred_at, action, author, reason, body)",
            ),
        }
    }

    fn add(&mut self, of: &RowsOf<'_>, index: usize, hash: &str) {
        let (ticket, now) = (&of.history.tickets[index], of.history.now_ms);
        if ticket.band != "high" {
            return;
        }
        let age_days = (ticket.closed_at - now).div_euclid(DAY_MS);
        let Some(trial) =
            TRIALS.iter().find(|trial| trial.from_day <= age_days && age_days < trial.to_day)
        else {
            return;
        };
        let is_treated = hash_of(&format!("{} {hash}", trial.id)).as_bytes()[0] < b'8';
        let (closed_at, at) = (ticket.closed_at, ticket.closed_at + 7_200_000);
        let expires_at = closed_at + 3 * DAY_MS;
        let luck = ticket.draw / 7 % 100;
        let (status, last) = match (is_treated, expires_at > now, luck) {
            (false, ..) => ("held_out", None),
            (_, true, 0..40) if at + 3_600_000 < now => ("done", Some("done")),
            (_, true, _) => ("waiting", None),
            (.., 0..65) => ("done", Some("done")),
            (.., 65..85) => ("expired", Some("expire")),
            (.., 85..93) => ("disagreed", Some("disagree")),
            _ => ("not_needed", Some("not_needed")),
        };
        let is_claimed = matches!(status, "done" | "disagreed" | "not_needed");
        let id = &hash_of(&format!("f-{index}"))[..24];
        let handled = last.map_or("NULL".to_owned(), |_| (at + 3_600_000).to_string());
        let version = 1 + i64::from(is_claimed) + i64::from(last.is_some());
        self.rows.rows.push(format!(
            "('default','{id}','t-{index}',1,'{}','{hash}','{}',{},{},{score},{score},'{status}',NULL,{at},{},0,{expires_at},{},{handled},{version},{closed_at})",
            trial.id,
            if is_treated { "treatment" } else { "control" },
            quoted(TEAMS[ticket.team]),
            quoted(&of.names[ticket.category]),
            closed_at + DAY_MS,
            if is_claimed { "'ann'" } else { "NULL" },
            score = ticket.score,
        ));
        let mut step = |version: i64, at: i64, action: &str, author: &str| {
            self.events.rows.push(format!(
                "('default','{id}',{version},{at},'{action}','{author}',NULL,'{{}}')"
            ));
        };
        step(1, closed_at, "enqueue", "recontact");
        if is_claimed {
            step(2, at, "claim", "ann");
        }
        if let Some(action) = last {
            step(version, at + 3_600_000, action, if is_claimed { "ann" } else { "recontact" });
        }
    }

    async fn write(self, connection: &mut AnyConnection) {
        self.rows.write(connection).await;
        self.events.write(connection).await;
    }
}

/// A plan for every category: a draft, in use since some time, and for most of them once more since then.
async fn write_plans(store: &Store, names: &[String], now_ms: i64) {
    for (index, name) in names.iter().enumerate() {
        let age = 60 + 4 * i64::try_from(index).unwrap();
        let at = |days: i64| Timestamp::from_millis(now_ms - days * DAY_MS).unwrap();
        let versions = [
            (age + 30, PlanStatus::Proposed),
            (age, PlanStatus::Active),
            (age / 2, PlanStatus::Active),
        ];
        for (version, (days, status)) in (1..).zip(versions) {
            let content = PlanContent {
                owner: Some(Name::parse("lead").unwrap()),
                notes: format!("version {version}"),
                ..PlanContent::default()
            };
            let plan = StoredPlan {
                category: Name::parse(name).unwrap(),
                version,
                status,
                author: Name::parse("lead").unwrap(),
                created_at: at(days),
                review_at: at(days - 91),
                content,
                accepted_because: None,
            };
            store.record_plan(&TENANT, &plan).await.unwrap();
        }
    }
}

/// An admin, a team lead, and what an audit has after two years.
async fn write_users(store: &Store) {
    let hash = PasswordHash::of(&Password::parse(PASSWORD).unwrap(), [7; 16]).unwrap();
    for (number, (name, role, team)) in
        [("ann", Role::Admin, None), ("tom", Role::TeamLead, Some(TEAMS[0]))]
            .into_iter()
            .enumerate()
    {
        let user = NewUser {
            name: UserName::parse(name).unwrap(),
            display_name: Name::parse(name).unwrap(),
            password: Some(hash.clone()),
            position: Position::new(role, team.map(|team| Name::parse(team).unwrap())).unwrap(),
        };
        let entry = AuditEntry {
            id: format!("bench-{number}"),
            occurred_at: Timestamp::now(),
            actor: Some("bench".to_owned()),
            action: AuditAction::UserAdded,
            object: Some(name.to_owned()),
            address: None,
        };
        assert!(store.add_user(&TENANT, &user, &entry).await.unwrap());
    }
}
