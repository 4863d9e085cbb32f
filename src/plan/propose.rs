//! Drafts of plans, made from what the data say and left to people to fill in.

use super::{FILL_IN, FollowUpMessage, LONGEST_SEND_AFTER_HOURS, PlanContent};
use crate::contact::Channel;
use crate::next_issue::GapHours;
use crate::next_issue::ranking::{PrimaryView, SecondaryView};
use crate::risk::Language;

/// Secondary categories that a draft wants to prevent, at most. One step ahead is enough: who tells a customer everything that
/// may ever come tells them too much.
const PREVENTED: usize = 3;

/// A second contact that typically comes within this time is a day later, as people say.
const A_DAY_LATER_HOURS: f64 = 48.0;

/// The draft for a category: what to prevent, an answer to fill in for each channel, and a message with its time.
#[must_use]
pub fn draft(primary: &PrimaryView, channels: &[Channel], language: Language) -> PlanContent {
    let prevented: Vec<&SecondaryView> =
        primary.secondaries.iter().filter(|secondary| secondary.adjacent).take(PREVENTED).collect();
    let next: Vec<&str> = prevented.iter().map(|one| one.category.as_str()).collect();
    let next = next.join(", ");
    let answer = answer_text(primary.category.as_str(), &next, language);
    PlanContent {
        owner: None,
        answers: channels.iter().map(|channel| (channel.clone(), answer.clone())).collect(),
        follow_up: gap(primary).map(|gap| FollowUpMessage {
            message: message_text(primary.category.as_str(), &next, language),
            send_after_hours: send_after_hours(gap),
        }),
        prevents: prevented.iter().map(|one| one.category.clone()).collect(),
        notes: notes(primary, &prevented, language),
    }
}

/// When to write: before the first quarter of those who come back have come, and within 24 hours where half of them come
/// within two days.
#[must_use]
pub fn send_after_hours(gap: GapHours) -> f64 {
    let latest = if gap.median <= A_DAY_LATER_HOURS { 24.0 } else { LONGEST_SEND_AFTER_HOURS };
    // Rounded down to minutes: never after the quarter.
    (gap.p25.min(latest) * 60.0).floor() / 60.0
}

/// The gap of what is likelier: the same issue again or the likely next one.
fn gap(primary: &PrimaryView) -> Option<GapHours> {
    let explicit = primary.explicit.as_ref().and_then(|same| Some((same.n, same.gap_hours?)));
    let next =
        primary.secondaries.iter().find(|one| one.adjacent).map(|one| (one.n, one.gap_hours));
    explicit.into_iter().chain(next).rev().max_by_key(|(n, _)| *n).map(|(_, gap)| gap)
}

fn answer_text(category: &str, next: &str, language: Language) -> String {
    let (solve, ahead, same) = match language {
        Language::En => (
            format!("{FILL_IN}how “{category}” is solved, step by step]"),
            format!("{FILL_IN}what the customer should know ahead about: {next}]"),
            format!("{FILL_IN}how the customer can tell that it is solved, and what to do if not]"),
        ),
        Language::Ru => (
            format!("{FILL_IN}как решается «{category}», по шагам]"),
            format!("{FILL_IN}что клиенту стоит знать заранее о: {next}]"),
            format!("{FILL_IN}как клиент поймёт, что всё решено, и что делать, если нет]"),
        ),
        Language::Be => (
            format!("{FILL_IN}як вырашаецца «{category}», па кроках]"),
            format!("{FILL_IN}што кліенту варта ведаць загадзя пра: {next}]"),
            format!("{FILL_IN}як кліент зразумее, што ўсё вырашана, і што рабіць, калі не]"),
        ),
        Language::Uk => (
            format!("{FILL_IN}як вирішується «{category}», по кроках]"),
            format!("{FILL_IN}що клієнтові варто знати заздалегідь про: {next}]"),
            format!("{FILL_IN}як клієнт зрозуміє, що все вирішено, і що робити, якщо ні]"),
        ),
    };
    if next.is_empty() { format!("{solve}\n{same}") } else { format!("{solve}\n{ahead}\n{same}") }
}

fn message_text(category: &str, next: &str, language: Language) -> String {
    let (opening, ahead, closing) = match language {
        Language::En => (
            format!("We have closed your request about “{category}”. Is it solved?"),
            format!(" {FILL_IN}one sentence about what may come next: {next}]"),
            format!(" If not, {FILL_IN}the shortest way to reach us]."),
        ),
        Language::Ru => (
            format!("Мы закрыли ваше обращение «{category}». Вопрос решён?"),
            format!(" {FILL_IN}одно предложение о том, что может понадобиться дальше: {next}]"),
            format!(" Если нет, {FILL_IN}самый короткий способ связаться с нами]."),
        ),
        Language::Be => (
            format!("Мы закрылі ваш зварот «{category}». Пытанне вырашана?"),
            format!(" {FILL_IN}адзін сказ пра тое, што можа спатрэбіцца далей: {next}]"),
            format!(" Калі не, {FILL_IN}самы кароткі спосаб звязацца з намі]."),
        ),
        Language::Uk => (
            format!("Ми закрили ваше звернення «{category}». Питання вирішено?"),
            format!(" {FILL_IN}одне речення про те, що може знадобитися далі: {next}]"),
            format!(" Якщо ні, {FILL_IN}найкоротший спосіб зв'язатися з нами]."),
        ),
    };
    if next.is_empty() {
        format!("{opening}{closing}")
    } else {
        format!("{opening}{ahead}{closing}")
    }
}

/// What the draft rests on.
fn notes(primary: &PrimaryView, prevented: &[&SecondaryView], language: Language) -> String {
    let percent =
        |rate: Option<f64>| rate.map_or("–".to_owned(), |rate| format!("{:.1} %", rate * 100.0));
    let (n, repeats, rate) = (primary.n, primary.repeats, percent(primary.repeat_rate));
    let mut notes = match language {
        Language::En => {
            format!("Proposed from {n} mature episodes, {repeats} of them with a repeat ({rate}).")
        }
        Language::Ru => format!(
            "Предложено по данным: созревших эпизодов {n}, с повторным обращением {repeats} ({rate})."
        ),
        Language::Be => format!(
            "Прапанавана паводле даных: саспелых эпізодаў {n}, з паўторным зваротам {repeats} ({rate})."
        ),
        Language::Uk => format!(
            "Запропоновано за даними: дозрілих епізодів {n}, із повторним зверненням {repeats} ({rate})."
        ),
    };
    for one in prevented {
        let lift = one.lift.map_or("–".to_owned(), |lift| format!("{lift:.1}"));
        let (name, n, rate) = (&one.category, one.n, percent(one.probability));
        let GapHours { p25, median, .. } = one.gap_hours;
        let told = match language {
            Language::En => format!(
                " {name} follows {n} times ({rate}, lift {lift}), a quarter within {p25:.1} h, half within {median:.1} h."
            ),
            Language::Ru => format!(
                " {name}: следует {n} раз ({rate}, lift {lift}), четверть за {p25:.1} ч, половина за {median:.1} ч."
            ),
            Language::Be => format!(
                " {name}: ідзе следам {n} раз ({rate}, lift {lift}), чвэрць за {p25:.1} г, палова за {median:.1} г."
            ),
            Language::Uk => format!(
                " {name}: іде слідом {n} раз ({rate}, lift {lift}), чверть за {p25:.1} год, половина за {median:.1} год."
            ),
        };
        notes.push_str(&told);
    }
    notes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::next_issue::GapBucket;
    use crate::next_issue::ranking::ExplicitView;
    use crate::ticket::Name;
    use proptest::prelude::*;

    fn name(text: &str) -> Name {
        Name::parse(text).unwrap()
    }

    fn hours(p25: f64, median: f64) -> GapHours {
        GapHours { p25, median, p75: median * 2.0 }
    }

    fn secondary(category: &str, n: u64, adjacent: bool, gap_hours: GapHours) -> SecondaryView {
        SecondaryView {
            category: name(category),
            n,
            probability: Some(0.2),
            interval: None,
            base_rate: Some(0.1),
            lift: Some(2.0),
            lift_interval: None,
            gap_hours,
            gap_bucket: GapBucket::Days,
            adjacent,
        }
    }

    fn primary(explicit: u64, secondaries: Vec<SecondaryView>) -> PrimaryView {
        PrimaryView {
            rank: 1,
            category: name("card lost"),
            n: 100,
            repeats: 30,
            repeat_rate: Some(0.3),
            repeat_interval: None,
            cost_per_contact: 1.0,
            score: 30.0,
            explicit: Some(ExplicitView {
                n: explicit,
                probability: Some(0.1),
                interval: None,
                gap_hours: Some(hours(100.0, 200.0)),
                gap_bucket: Some(GapBucket::Weeks),
            }),
            secondaries,
        }
    }

    #[test]
    fn a_draft_prevents_what_is_known_to_follow_and_writes_before_the_first_quarter_comes() {
        let view = primary(
            10,
            vec![
                secondary("balance", 50, false, hours(1.0, 2.0)),
                secondary("new PIN", 20, true, hours(30.0, 40.0)),
            ],
        );
        let content = draft(&view, &[name("chat"), name("email")], Language::Ru);
        assert_eq!(content.prevents, [name("new PIN")]);
        assert_eq!(content.answers.len(), 2);
        assert_eq!(content.answers[&name("chat")], content.answers[&name("email")]);
        let follow_up = content.follow_up.clone().unwrap();
        // A quarter comes within 30 h, half within 40 h: a day later.
        assert!((follow_up.send_after_hours - 24.0).abs() < 1e-9);
        assert!(
            follow_up.message.contains("new PIN") && follow_up.message.contains("Вопрос решён")
        );
        assert!(content.notes.contains("созревших эпизодов 100"), "{}", content.notes);
        assert!(content.activation_faults().len() >= 3, "a draft cannot be put into use as it is");
    }

    #[test]
    fn the_likelier_repeat_sets_the_time() {
        let view = primary(30, vec![secondary("new PIN", 20, true, hours(30.0, 40.0))]);
        let content = draft(&view, &[], Language::En);
        assert!((content.follow_up.unwrap().send_after_hours - 100.0).abs() < 1e-9);
    }

    proptest! {
        #[test]
        fn a_message_is_never_sent_after_the_first_quarter(p25 in 0.0..700.0f64, more in 0.0..700.0f64) {
            let gap = hours(p25, p25 + more);
            let after = send_after_hours(gap);
            prop_assert!((0.0..=p25).contains(&after));
            prop_assert!(after <= 24.0 || gap.median > 48.0);
        }
    }
}
