//! [`Reason`]: what one feature adds to a risk, and the same in words.
//!
//! A sentence is `label: value (typical: …); raises the risk`. The value follows a colon, so that no language needs
//! plural forms. An attribute that only one helpdesk has is shown under its own name.

use super::CALIBRATION_REASON;
use super::features::FeatureValue;
use super::source::CROSS;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// What one feature adds to a ticket's log-odds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reason {
    /// Name of the feature.
    pub feature: String,
    /// The ticket's value, raw units; null when not known.
    pub value: FeatureValue,
    /// The mean of the training tickets for numbers, the most frequent value for categories.
    pub typical: FeatureValue,
    /// Log-odds added beyond the average training ticket; positive raises the risk.
    pub contribution: f64,
}

/// A language reasons are written in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// English.
    #[default]
    En,
    /// Russian.
    Ru,
    /// Belarusian.
    Be,
    /// Ukrainian.
    Uk,
}

impl Language {
    /// Every language, in the order of the texts below.
    pub const ALL: [Self; 4] = [Self::En, Self::Ru, Self::Be, Self::Uk];

    /// The ISO 639-1 code.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Ru => "ru",
            Self::Be => "be",
            Self::Uk => "uk",
        }
    }

    /// The language of a tag such as `ru` or `uk-UA`, if there are texts in it.
    #[must_use]
    pub fn from_tag(tag: &str) -> Option<Self> {
        let code = tag.split(['-', '_']).next().unwrap_or_default().to_ascii_lowercase();
        Self::ALL.into_iter().find(|language| language.code() == code)
    }

    /// The text in this language, of texts in the order of [`Self::ALL`].
    #[must_use]
    pub fn pick(self, texts: &[&'static str; 4]) -> &'static str {
        let [en, ru, be, uk] = texts;
        match self {
            Self::En => en,
            Self::Ru => ru,
            Self::Be => be,
            Self::Uk => uk,
        }
    }
}

/// A reason as a plain sentence.
#[must_use]
pub fn describe(reason: &Reason, language: Language) -> String {
    let label = label(&reason.feature, language);
    let value = shown(&reason.value, language);
    let typical = shown(&reason.typical, language);
    let usual = language.pick(&["typical", "обычно", "звычайна", "зазвичай"]);
    let effect = if reason.contribution >= 0.0 {
        ["raises the risk", "повышает риск", "павышае рызыку", "підвищує ризик"]
    } else {
        ["lowers the risk", "снижает риск", "зніжае рызыку", "знижує ризик"]
    };
    format!("{label}: {value} ({usual}: {typical}); {}", language.pick(&effect))
}

/// Begins the name of a feature that holds the past return rate of another one.
pub const RETURN_RATE_PREFIX: &str = "return_rate:";

/// The name of a feature for people. Two crossed categories are named one after the other; what is not known here is
/// shown as it is, with its underscores as spaces.
#[must_use]
pub fn label(feature: &str, language: Language) -> Cow<'static, str> {
    if let Some(of) = feature.strip_prefix(RETURN_RATE_PREFIX) {
        let rate = language.pick(&[
            "Past share of returns for",
            "Доля возвратов в прошлом для",
            "Доля вяртанняў у мінулым для",
            "Частка повернень у минулому для",
        ]);
        return Cow::Owned(format!("{rate} «{}»", label(of, language)));
    }
    if let Some((first, second)) = feature.split_once(CROSS) {
        return Cow::Owned(format!("{}{CROSS}{}", label(first, language), label(second, language)));
    }
    match LABELS.iter().find(|(name, _)| *name == feature) {
        Some((_, texts)) => Cow::Borrowed(language.pick(texts)),
        None => {
            let attribute = language.pick(&["Attribute", "Признак", "Прыкмета", "Ознака"]);
            Cow::Owned(format!("{attribute} «{}»", feature.replace('_', " ")))
        }
    }
}

fn shown(value: &FeatureValue, language: Language) -> String {
    match value {
        FeatureValue::Missing => {
            language.pick(&["not known", "неизвестно", "невядома", "невідомо"]).to_owned()
        }
        FeatureValue::Flag(true) => language.pick(&["yes", "да", "так", "так"]).to_owned(),
        FeatureValue::Flag(false) => language.pick(&["no", "нет", "не", "ні"]).to_owned(),
        FeatureValue::Number(number) => shown_number(*number, language),
        FeatureValue::Text(text) => text.clone(),
    }
}

/// At most two decimals, without trailing zeros; a decimal comma outside English.
fn shown_number(number: f64, language: Language) -> String {
    let text = format!("{number:.2}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    let text = if text == "-0" { "0" } else { text };
    if language == Language::En { text.to_owned() } else { text.replace('.', ",") }
}

/// Labels of the built-in features: English, Russian, Belarusian, Ukrainian.
#[rustfmt::skip]
const LABELS: &[(&str, [&str; 4])] = &[
    ("duration_hours", ["Hours from opening to closing", "Часов от открытия до закрытия", "Гадзін ад адкрыцця да закрыцця", "Годин від відкриття до закриття"]),
    ("duration_to_category_median", ["Time to closing as a multiple of what is usual for the issue", "Время до закрытия относительно обычного для вопроса", "Час да закрыцця адносна звычайнага для пытання", "Час до закриття відносно звичайного для питання"]),
    ("first_response_hours", ["Hours until the first answer", "Часов до первого ответа", "Гадзін да першага адказу", "Годин до першої відповіді"]),
    ("reassignments", ["Times handed to another team", "Передач другой команде", "Перадач іншай камандзе", "Передач іншій команді"]),
    ("reopens", ["Times reopened before this closing", "Повторных открытий до этого закрытия", "Паўторных адкрыццяў да гэтага закрыцця", "Повторних відкриттів до цього закриття"]),
    ("csat", ["Customer's satisfaction rating", "Оценка удовлетворённости клиента", "Ацэнка задаволенасці кліента", "Оцінка задоволеності клієнта"]),
    ("messages_in", ["Messages from the customer", "Сообщений от клиента", "Паведамленняў ад кліента", "Повідомлень від клієнта"]),
    ("messages_out", ["Messages to the customer", "Сообщений клиенту", "Паведамленняў кліенту", "Повідомлень клієнту"]),
    ("chars_in", ["Characters written by the customer", "Символов в сообщениях клиента", "Сімвалаў у паведамленнях кліента", "Символів у повідомленнях клієнта"]),
    ("chars_out", ["Characters written to the customer", "Символов в сообщениях клиенту", "Сімвалаў у паведамленнях кліенту", "Символів у повідомленнях клієнту"]),
    ("chars_per_message_in", ["Characters per message from the customer", "Символов в одном сообщении клиента", "Сімвалаў у адным паведамленні кліента", "Символів в одному повідомленні клієнта"]),
    ("chars_per_message_out", ["Characters per message to the customer", "Символов в одном сообщении клиенту", "Сімвалаў у адным паведамленні кліенту", "Символів в одному повідомленні клієнту"]),
    ("tickets_1d", ["Customer's other tickets in the last day", "Других обращений клиента за сутки", "Іншых зваротаў кліента за суткі", "Інших звернень клієнта за добу"]),
    ("tickets_7d", ["Customer's other tickets in the last 7 days", "Других обращений клиента за 7 дней", "Іншых зваротаў кліента за 7 дзён", "Інших звернень клієнта за 7 днів"]),
    ("tickets_30d", ["Customer's other tickets in the last 30 days", "Других обращений клиента за 30 дней", "Іншых зваротаў кліента за 30 дзён", "Інших звернень клієнта за 30 днів"]),
    ("tickets_90d", ["Customer's other tickets in the last 90 days", "Других обращений клиента за 90 дней", "Іншых зваротаў кліента за 90 дзён", "Інших звернень клієнта за 90 днів"]),
    ("same_category_tickets_1d", ["Other tickets on the same issue in the last day", "Других обращений по тому же вопросу за сутки", "Іншых зваротаў па тым жа пытанні за суткі", "Інших звернень з того самого питання за добу"]),
    ("same_category_tickets_7d", ["Other tickets on the same issue in the last 7 days", "Других обращений по тому же вопросу за 7 дней", "Іншых зваротаў па тым жа пытанні за 7 дзён", "Інших звернень з того самого питання за 7 днів"]),
    ("same_category_tickets_30d", ["Other tickets on the same issue in the last 30 days", "Других обращений по тому же вопросу за 30 дней", "Іншых зваротаў па тым жа пытанні за 30 дзён", "Інших звернень з того самого питання за 30 днів"]),
    ("same_category_tickets_90d", ["Other tickets on the same issue in the last 90 days", "Других обращений по тому же вопросу за 90 дней", "Іншых зваротаў па тым жа пытанні за 90 дзён", "Інших звернень з того самого питання за 90 днів"]),
    ("days_since_last_ticket", ["Days since the customer's last other ticket", "Дней с последнего другого обращения клиента", "Дзён з апошняга іншага звароту кліента", "Днів від останнього іншого звернення клієнта"]),
    ("days_since_last_same_category_ticket", ["Days since the last other ticket on the same issue", "Дней с последнего другого обращения по тому же вопросу", "Дзён з апошняга іншага звароту па тым жа пытанні", "Днів від останнього іншого звернення з того самого питання"]),
    ("days_since_first_ticket", ["Days since the customer's first ticket", "Дней с первого обращения клиента", "Дзён з першага звароту кліента", "Днів від першого звернення клієнта"]),
    ("open_tickets", ["Customer's other tickets still open", "Других открытых обращений клиента", "Іншых адкрытых зваротаў кліента", "Інших відкритих звернень клієнта"]),
    ("open_same_category_tickets", ["Other tickets on the same issue still open", "Других открытых обращений по тому же вопросу", "Іншых адкрытых зваротаў па тым жа пытанні", "Інших відкритих звернень з того самого питання"]),
    ("tickets_opened_meanwhile", ["Other tickets opened while this one was being worked on", "Других обращений, пока это было в работе", "Іншых зваротаў, пакуль гэты быў у працы", "Інших звернень, поки це було в роботі"]),
    ("same_category_tickets_opened_meanwhile", ["Other tickets on the same issue opened while this one was being worked on", "Других обращений по тому же вопросу, пока это было в работе", "Іншых зваротаў па тым жа пытанні, пакуль гэты быў у працы", "Інших звернень з того самого питання, поки це було в роботі"]),
    ("distinct_categories", ["Different issues the customer has written about before", "Разных вопросов, с которыми клиент обращался раньше", "Розных пытанняў, з якімі кліент звяртаўся раней", "Різних питань, з якими клієнт звертався раніше"]),
    ("customer_return_rate", ["Share of the customer's earlier tickets they returned for", "Доля прошлых обращений клиента с возвратом", "Доля мінулых зваротаў кліента з вяртаннем", "Частка минулих звернень клієнта з поверненням"]),
    ("customer_same_category_return_rate", ["Share of the customer's earlier tickets on the same issue they returned for", "Доля прошлых обращений клиента по тому же вопросу с возвратом", "Доля мінулых зваротаў кліента па тым жа пытанні з вяртаннем", "Частка минулих звернень клієнта з того самого питання з поверненням"]),
    ("category", ["Issue", "Вопрос", "Пытанне", "Питання"]),
    ("channel", ["Channel", "Канал", "Канал", "Канал"]),
    ("priority", ["Priority", "Приоритет", "Прыярытэт", "Пріоритет"]),
    ("team", ["Team", "Команда", "Каманда", "Команда"]),
    ("kind", ["Kind of contact", "Вид обращения", "Від звароту", "Вид звернення"]),
    ("urgency", ["Urgency", "Срочность", "Тэрміновасць", "Терміновість"]),
    ("category_changed", ["Issue changed while it was worked on", "Вопрос менялся за время работы", "Пытанне змянялася падчас працы", "Питання змінювалося під час роботи"]),
    ("opened_weekday", ["Weekday of the opening (1 is Monday)", "День недели открытия (1 — понедельник)", "Дзень тыдня адкрыцця (1 — панядзелак)", "День тижня відкриття (1 — понеділок)"]),
    ("opened_hour", ["Hour of the opening", "Час открытия", "Гадзіна адкрыцця", "Година відкриття"]),
    ("closed_weekday", ["Weekday of the closing (1 is Monday)", "День недели закрытия (1 — понедельник)", "Дзень тыдня закрыцця (1 — панядзелак)", "День тижня закриття (1 — понеділок)"]),
    ("closed_hour", ["Hour of the closing", "Час закрытия", "Гадзіна закрыцця", "Година закриття"]),
    ("first_text", ["Text of the first message (length shown)", "Текст первого сообщения (показана длина)", "Тэкст першага паведамлення (паказана даўжыня)", "Текст першого повідомлення (показано довжину)"]),
    ("last_text", ["Text of the last message (length shown)", "Текст последнего сообщения (показана длина)", "Тэкст апошняга паведамлення (паказана даўжыня)", "Текст останнього повідомлення (показано довжину)"]),
    ("answer_text", ["Text of the answer (length shown)", "Текст ответа (показана длина)", "Тэкст адказу (паказана даўжыня)", "Текст відповіді (показано довжину)"]),
    (CALIBRATION_REASON, ["Correction of the stated probability", "Поправка к заявленной вероятности", "Папраўка да заяўленай верагоднасці", "Поправка до заявленої ймовірності"]),
    ("sla_met", ["Service level met", "Срок обслуживания соблюдён", "Тэрмін абслугоўвання вытрыманы", "Строк обслуговування дотримано"]),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::risk::features;

    fn reason(feature: &str, value: FeatureValue, typical: FeatureValue) -> Reason {
        Reason { feature: feature.into(), value, typical, contribution: 0.82 }
    }

    #[test]
    fn a_reason_reads_as_a_sentence_in_every_language() {
        let (value, typical) = (FeatureValue::Number(3.0), FeatureValue::Number(0.4));
        let reason = reason("same_category_tickets_30d", value, typical);
        let texts = Language::ALL.map(|language| describe(&reason, language));
        assert_eq!(
            texts,
            [
                "Other tickets on the same issue in the last 30 days: 3 (typical: 0.4); raises the risk",
                "Других обращений по тому же вопросу за 30 дней: 3 (обычно: 0,4); повышает риск",
                "Іншых зваротаў па тым жа пытанні за 30 дзён: 3 (звычайна: 0,4); павышае рызыку",
                "Інших звернень з того самого питання за 30 днів: 3 (зазвичай: 0,4); підвищує ризик",
            ]
        );
    }

    #[test]
    fn every_built_in_feature_has_a_label() {
        for (name, _) in features::built_in() {
            assert!(LABELS.iter().any(|(known, _)| *known == name), "{name}");
        }
    }

    #[test]
    fn an_attribute_of_the_helpdesk_is_shown_under_its_own_name() {
        let value = FeatureValue::Text("12".into());
        let text = describe(&reason("device_model", value, FeatureValue::Missing), Language::Ru);
        assert_eq!(text, "Признак «device model»: 12 (обычно: неизвестно); повышает риск");
    }

    #[test]
    fn language_tags_are_read_and_others_have_no_texts() {
        assert_eq!(Language::from_tag("uk-UA"), Some(Language::Uk));
        assert_eq!(Language::from_tag("BE"), Some(Language::Be));
        assert_eq!(Language::from_tag("de"), None);
    }
}
