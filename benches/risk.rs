//! How long one assessment takes with the model that the project ships: `cargo bench --bench risk`.
#![expect(clippy::unwrap_used, reason = "a benchmark that cannot set itself up must fail")]

use divan::{Bencher, black_box};
use recontact::registry::{Artifact, ModelKind};
use recontact::risk::RiskModel;
use recontact::ticket::{
    AttributeValue, ClosedTicket, CustomerHistory, Name, PastTicket, TicketDetails,
};
use recontact::timestamp::Timestamp;
use std::path::Path;

fn main() {
    divan::main();
}

/// The model's answer for a customer with so many other tickets, reasons and all windows included.
#[divan::bench(args = [0, 10, 100, 1000])]
fn assess(bencher: Bencher<'_, '_>, others: i64) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/risk/incidents-2");
    let artifact = Artifact::open(&folder, ModelKind::Risk).unwrap();
    let model = RiskModel::load(&artifact).unwrap();
    let (ticket, history) = (ticket(), history(others));
    bencher.bench_local(|| model.assess(black_box(&ticket), black_box(&history)));
}

fn ticket() -> ClosedTicket {
    let named = |text: &str| Name::parse(text).unwrap();
    let text = |text: &str| AttributeValue::Text(text.to_owned());
    ClosedTicket {
        id: named("t-1"),
        customer_id: named("u-1"),
        opened_at: Timestamp::parse("2016-04-01T09:00:00Z").unwrap(),
        closed_at: Timestamp::parse("2016-04-03T10:30:00Z").unwrap(),
        category: named("224"),
        details: TicketDetails {
            channel: Some(named("Phone")),
            priority: Some(named("3")),
            team: Some(named("70")),
            reassignments: Some(1),
            reopens: Some(0),
            sla_met: Some(true),
            attributes: [
                ("area".to_owned(), text("42")),
                ("symptom".to_owned(), text("4")),
                ("location".to_owned(), text("93")),
            ]
            .into(),
            ..TicketDetails::default()
        },
    }
}

fn history(others: i64) -> CustomerHistory {
    let start = Timestamp::parse("2016-01-01T09:00:00Z").unwrap();
    let tickets = (0..others).map(|index| {
        let opened_at = start.plus_days(index % 90);
        let category = Some(Name::parse(&(220 + index % 7).to_string()).unwrap());
        PastTicket { opened_at, closed_at: Some(opened_at.plus_days(1)), category }
    });
    CustomerHistory { tickets: tickets.collect() }
}
