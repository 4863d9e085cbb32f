use super::*;
use proptest::prelude::*;
use recontact::outcome::{Outcome, RecontactSource, TextVector, WINDOWS_DAYS};

const HOUR_MS: i64 = 3_600_000;

fn name(text: &str) -> Name {
    Name::parse(text).unwrap()
}

fn at(hours: i64) -> Timestamp {
    Timestamp::from_millis(1_700_000_000_000 + hours * HOUR_MS).unwrap()
}

#[derive(Default)]
struct Collected {
    episodes: Vec<LabelledEpisode>,
    openings: Vec<(String, i64)>,
}

impl Visitor for Collected {
    fn see_opening(&mut self, category: &IssueCategory, day: i64) {
        self.openings.push((category.as_str().to_owned(), day));
    }

    fn see_episode(&mut self, episode: LabelledEpisode) -> anyhow::Result<()> {
        self.episodes.push(episode);
        Ok(())
    }
}

fn visit(steps: &[Step], adjacent: &AdjacentPairs) -> Collected {
    let folder = tempfile::tempdir().unwrap();
    let mut sort = super::super::external_sort::ExternalSort::new(folder.path(), "t", 1000);
    steps.iter().for_each(|step| sort.push(step.clone()).unwrap());
    let mut collected = Collected::default();
    let policy = OutcomePolicy::default();
    visit_episodes(&sort.finish().unwrap(), adjacent, &policy, &mut collected).unwrap();
    collected
}

fn step(person: &str, hours: i64, what: What) -> Step {
    Step { person: person.into(), at_ms: at(hours).millis(), what }
}

fn episode_id(ticket: &str) -> EpisodeId {
    EpisodeId { ticket: name(ticket), number: 1 }
}

fn opened(ticket: &str, category: &str, closed: Option<i64>) -> What {
    let closed_ms = closed.map(|hours| at(hours).millis());
    What::Opened { episode: episode_id(ticket), closed_ms, category: name(category) }
}

fn closed(ticket: &str, category: &str, embedding: Option<TextVector>) -> What {
    What::Closed(ClosedEpisode {
        id: episode_id(ticket),
        customer: None,
        category: name(category),
        opened_ms: at(-1).millis(),
        ended_by: EndedBy::Closing,
        embedding,
    })
}

#[test]
fn persons_are_looked_at_apart() {
    let came = |ticket: &str| {
        What::Came(Arrival {
            source: RecontactSource::Ticket,
            source_id: name(ticket),
            ticket: Some(name(ticket)),
            category: Some(name("card")),
            category_is_certain: true,
            answers_follow_up: false,
            embedding: None,
        })
    };
    let steps = [
        step("a", 0, closed("t-1", "card", None)),
        step("a", 5, came("t-2")),
        step("b", 0, closed("t-3", "card", None)),
    ];
    let found = visit(&steps, &AdjacentPairs::default()).episodes;
    assert_eq!(found.iter().map(|episode| episode.recontacts.len()).collect::<Vec<_>>(), [1, 0]);
}

#[test]
fn a_ticket_that_is_open_at_the_close_makes_it_parallel() {
    let steps = [
        step("a", -9, opened("t-2", "pin", Some(4))),
        step("a", -8, opened("t-1", "card", Some(0))),
        step("a", 0, closed("t-1", "card", None)),
        step("a", 4, closed("t-2", "pin", None)),
    ];
    let found = visit(&steps, &AdjacentPairs::default()).episodes;
    assert_eq!(found.iter().map(|episode| episode.is_parallel).collect::<Vec<_>>(), [true, false]);
}

#[test]
fn a_customer_counts_once_for_a_category_and_day() {
    let steps = [
        step("a", 0, opened("t-1", "card", None)),
        step("a", 0, opened("t-2", "card", None)),
        step("a", 0, opened("t-3", "pin", None)),
        step("b", 0, opened("t-4", "card", None)),
    ];
    let openings = visit(&steps, &AdjacentPairs::default()).openings;
    let cards = openings.iter().filter(|(category, _)| category == "card").count();
    assert_eq!((openings.len(), cards), (3, 2));
}

proptest! {
    /// Only some contacts are looked at for each episode; the outcomes must be those of all of them.
    #[test]
    fn the_contacts_that_decide_give_the_outcomes_of_all(
        rows in prop::collection::vec(
            (0_i64..1500, 0_u8..3, prop::option::of(0_usize..4), 0_u8..4, any::<bool>(), prop::option::of(-1.0_f32..1.0), 0_u8..9),
            1..40,
        ),
    ) {
        let categories = ["card", "pin", "loan", "fee"];
        let adjacent: AdjacentPairs = [(name("card"), name("pin"))].into_iter().collect();
        let vector = |x: Option<f32>| x.and_then(|x| TextVector::from_embedding(&[x, 0.3]));
        let mut steps = Vec::new();
        let mut contacts = Vec::new();
        for (index, (hours, kind, category, ticket, is_certain, x, induced)) in rows.into_iter().enumerate() {
            let ticket = format!("t-{ticket}");
            if kind == 0 {
                let id = EpisodeId { ticket: name(&ticket), number: u32::try_from(index).unwrap() };
                let What::Closed(closed) = closed(&ticket, categories[category.unwrap_or(0)], vector(x)) else { continue };
                steps.push(step("a", hours, What::Closed(ClosedEpisode { id, ..closed })));
                continue;
            }
            let arrival = Arrival {
                source: RecontactSource::Contact,
                source_id: name(&format!("c-{index}")),
                ticket: Some(name(&ticket)),
                category: category.map(|category| name(categories[category])),
                category_is_certain: is_certain && category.is_some(),
                answers_follow_up: induced == 0,
                embedding: vector(x),
            };
            contacts.push(LaterContact {
                source: arrival.source,
                source_id: arrival.source_id.clone(),
                ticket: arrival.ticket.clone(),
                occurred_at: at(hours),
                category: arrival.category.clone(),
                category_is_certain: arrival.category_is_certain,
                embedding: arrival.embedding.clone(),
                answers_follow_up: arrival.answers_follow_up,
            });
            steps.push(step("a", hours, What::Came(arrival)));
        }
        let policy = OutcomePolicy::default();
        for episode in visit(&steps, &adjacent).episodes {
            let all = derive(&episode.facts, &contacts, &adjacent, &policy);
            for window in WINDOWS_DAYS {
                let of = |recontacts: &[Recontact]| {
                    let told = Outcome::of(recontacts, episode.facts.closed_at, window, at(9999));
                    told.map(|(outcome, proof)| (outcome, proof.map(|proof| proof.occurred_at)))
                };
                prop_assert_eq!(of(&episode.recontacts), of(&all));
            }
        }
    }
}
