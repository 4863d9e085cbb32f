//! Writes a table of tickets and one of contacts, as large as wanted, to measure `recontact-train label` with:
//!
//! ```text
//! cargo run --release --example events -- 1000000 7 tickets.csv contacts.csv
//! ```
//!
//! The first number is how many rows both tables have together, the second the seed. One customer in every 50 events is
//! the same heavy one.
#![expect(clippy::unwrap_used, reason = "a tool for measurements ends at the first fault")]

use recontact::timestamp::Timestamp;
use std::io::{BufWriter, Write};

const DAY_MS: u64 = 86_400_000;
const START_MS: u64 = 1_700_000_000_000;
const TEXTS: [&str; 8] = [
    "My card has not arrived yet",
    "Карта так и не пришла, что делать?",
    "Спасибо большое!",
    "Thanks, all good now",
    "How do I change my PIN?",
    "5",
    "Дзякуй, усё працуе",
    "The transfer is still pending",
];

struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % bound
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [events, seed, tickets, contacts] = arguments.as_slice() else {
        eprintln!("expected: EVENTS SEED TICKETS_FILE CONTACTS_FILE");
        std::process::exit(2);
    };
    let events: u64 = events.parse().unwrap();
    let mut random = Random(seed.parse().unwrap());
    let mut tickets = BufWriter::new(std::fs::File::create(tickets).unwrap());
    let mut contacts = BufWriter::new(std::fs::File::create(contacts).unwrap());
    writeln!(tickets, "ticket_id,customer_id,opened_at,closed_at,category").unwrap();
    writeln!(contacts, "contact_id,customer_id,occurred_at,ticket_id,channel,author,text").unwrap();
    let customers = (events / 8).max(1);
    let (mut written, mut ticket) = (0, 0);
    let mut previous = None;
    while written < events {
        let is_back = random.below(10) < 3;
        let (customer, category, opened_ms) = match previous.filter(|_| is_back) {
            // The customer before comes back, with the same or with another category.
            Some((customer, category, closed_ms)) => {
                let category = if random.below(2) == 0 { category } else { (category + 1) % 50 };
                (customer, category, closed_ms + random.below(20 * DAY_MS))
            }
            None => {
                let customer = if random.below(50) == 0 { 0 } else { random.below(customers) };
                let category = random.below(50).min(random.below(50));
                (customer, category, START_MS + random.below(365 * DAY_MS))
            }
        };
        let closed_ms = opened_ms + 600_000 + random.below(4 * DAY_MS);
        writeln!(
            tickets,
            "T-{ticket},u-{customer},{},{},category-{category}",
            instant(opened_ms),
            instant(closed_ms)
        )
        .unwrap();
        written += 1;
        for message in 0..random.below(4) {
            let at_ms = opened_ms + message * random.below(DAY_MS);
            let author = if message == 1 { "agent" } else { "customer" };
            let text = TEXTS[usize::try_from(random.below(8)).unwrap()];
            writeln!(
                contacts,
                "C-{ticket}-{message},u-{customer},{},T-{ticket},email,{author},\"{text}\"",
                instant(at_ms)
            )
            .unwrap();
            written += 1;
        }
        ticket += 1;
        previous = Some((customer, category, closed_ms));
    }
}

fn instant(ms: u64) -> Timestamp {
    Timestamp::from_millis(i64::try_from(ms).unwrap()).unwrap()
}
