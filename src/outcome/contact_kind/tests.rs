use super::*;
use proptest::prelude::*;

fn kind(text: &str) -> ContactKind {
    recognise(text, Author::Customer).kind
}

fn expect(expected: ContactKind, texts: &[&str]) {
    for text in texts {
        let found = recognise(text, Author::Customer);
        assert_eq!(found.kind, expected, "{text:?}: {found:?}");
        assert!(expected == ContactKind::Substantive || found.confidence >= 0.9, "{found:?}");
    }
}

#[test]
fn thanks_alone_are_thanks_in_every_language() {
    expect(
        ContactKind::Thanks,
        &[
            "Thanks!",
            "Thank you so much",
            "thanks, all good now",
            "THX",
            "ty",
            "Cheers!",
            "Many thanks for your quick reply!",
            "Thank you, it works now.",
            "ok",
            "OK, thanks",
            "Got it, thank you!",
            "Perfect, thank you very much 🙂",
            "That's great, thanks",
            "Great. Problem solved!",
            "Thanks again for your help, have a nice day",
            "спасибо",
            "Спасибо большое!",
            "спасибо огромное за помощь!!!",
            "Всё работает, спасибо",
            "Большое Вам спасибо)))",
            "ок спс",
            "Понял, спасибо.",
            "Благодарю за оперативный ответ",
            "Вопрос решён, спасибо",
            "Проблема решена",
            "Спасибо, всего доброго",
            "Добрый день! Спасибо за помощь.",
            "хорошо, спасибо",
            "дзякуй",
            "Вялікі дзякуй!",
            "Шчыра дзякую за дапамогу",
            "Усё добра, дзякуй",
            "Дзякуй, усё працуе",
            "дякую",
            "Дуже дякую!",
            "Щиро дякую за швидку відповідь",
            "Все працює, дякую",
            "Питання вирішено, дякую",
        ],
    );
}

#[test]
fn a_good_sign_alone_is_thanks_and_another_is_not() {
    expect(ContactKind::Thanks, &["👍", "🙏🙏🙏", "❤️", ":)", "👍🏻", "Ok 👌"]);
    expect(
        ContactKind::Substantive,
        &["👎", "?", "???", "...", "!", "😡", "thanks 😡", "Спасибо 👎"],
    );
}

#[test]
fn whoever_still_needs_something_is_not_done_for_having_thanked() {
    expect(
        ContactKind::Substantive,
        &[
            "Спасибо, но карта так и не пришла",
            "thanks for nothing, still broken",
            "no thanks, I want a refund",
            "no thanks",
            "ok but when?",
            "5 items are missing",
            "Thanks for nothing",
            "Thanks in advance",
            "Thank you, and where is my card",
            "thanks, still waiting",
            "Is it working now",
            "not working",
            "it is not working now",
            "ok, waiting",
            "Yes",
            "да",
            "yes please",
            "Thanks. One more thing: how do I change the PIN?",
            "Thanks?",
            "ok?",
            "Всё хорошо?",
            "Спасибо, жду",
            "Спасибо не надо",
            "не работает",
            "Спасибо за ответ, но проблема не решена",
            "Не понял",
            "ничего не понятно",
            "Хорошо бы вернуть деньги",
            "спасибо, а когда?",
            "Понял, но деньги не вернулись",
            "дзякуй, але не працуе",
            "Дякую, але картка не прийшла",
            "дякую, а коли?",
            "не дякую",
            "не дзякуй",
            "Спасибо вам большое за испорченный отпуск",
            "Great, now it is broken again",
            "It was working now it is not",
            "How do I say thanks",
            "problem",
            "the problem is not solved",
            "I have a problem",
            "help",
            "hello",
            "Здравствуйте",
            "Добрый день",
            "thanks 12345",
            "Refund",
            "support",
            "Received wrong item thanks",
        ],
    );
}

#[test]
fn a_long_message_that_ends_with_thanks_is_substantive() {
    expect(
        ContactKind::Substantive,
        &[
            "Hello,\n\nMy card was charged twice for the same order.\n\nThanks,\nAnna",
            "Добрый день!\nКарта заблокирована, разблокируйте пожалуйста.\nСпасибо!",
        ],
    );
}

#[test]
fn quoted_mail_greeting_and_signature_are_set_aside() {
    expect(
        ContactKind::Thanks,
        &[
            "Thanks!\n\nOn Mon, 5 Jan 2026 at 10:00, Support <help@example.com> wrote:\n> How can we help?\n> My card is lost",
            "Thank you!\n\nOn Mon, 5 Jan 2026 at 10:00, Support Desk\n<help@example.com> wrote:\n> text",
            "Спасибо!\n\nпн, 5 янв. 2026 г. в 10:00, Поддержка <help@example.com> пишет:\n> Ваша карта готова?",
            "Thanks\n-----Original Message-----\nFrom: Support\nMy card is lost",
            "Спасибо\n\nОт: Поддержка\nОтправлено: 5 января\nКому: Анна\nТема: карта\n\nКарта не работает?",
            "Thanks!\n--\nAnna Smith\nHead of Sales\n+1 555 0100",
            "Thank you.\n\nBest regards,\nAnna Smith\nAcme Ltd.",
            "Thanks,\nAnna",
            "Hi John,\nthanks a lot!",
            "Спасибо!\n\nС уважением,\nИванов И. И.",
            "Спасибо\nОтправлено с iPhone",
            "Дзякуй!\nЗ павагай,\nАлесь",
            "> My card?\nThanks!",
        ],
    );
    expect(
        ContactKind::Substantive,
        &[
            "The card never came.\n> Thanks for writing",
            "Hi John,\nmy card is lost, thanks!",
            "Thanks.\nBest regards,\nAnna\nPS: when will the card come?",
            "> only quoted",
            "Thanks\nFrom: the shop I got the wrong thing",
        ],
    );
}

#[test]
fn automatic_replies_are_told_from_people_who_speak_of_them() {
    expect(
        ContactKind::AutoReply,
        &[
            "Automatic reply: Your ticket 4711\nI am away.",
            "Out of office",
            "Auto-Reply: re your request",
            "I am out of the office until 12 January with limited access to email. For urgent matters contact Bob.",
            "Hello, I'm on annual leave and will answer upon my return.",
            "This is an automated response. Please do not reply.",
            "Автоответ: я в отпуске",
            "Автоматический ответ",
            "Здравствуйте! Я в отпуске до 15 июля. По срочным вопросам обращайтесь к Петрову. Отвечу по возвращении.",
            "Это автоматическое сообщение, отвечать на него не нужно.",
            "Аўтаматычны адказ: я ў адпачынку",
            "Я ў адпачынку да панядзелка, у тэрміновых выпадках пішыце Алесю",
            "Автоматична відповідь",
            "Я у відпустці до 15 липня. У термінових випадках пишіть Олені.",
        ],
    );
    expect(
        ContactKind::Substantive,
        &[
            "Automatic reply is not working in my account",
            "Out of office printer is broken",
            "I am on vacation and my card does not work",
            "Я в отпуске, карта не работает, помогите",
            "I got your out of office message, for urgent matters nobody answers. When will you?",
            "This is an automated message and I want a human",
            "Я в отпуске, вернусь 15 июля, карта не работает, отвечу по возвращении",
            "Ваш автоответ мне не помог",
            "У відпустці вкрали картку",
        ],
    );
}

#[test]
fn returned_mails_are_told_from_parcels_that_did_not_come() {
    expect(
        ContactKind::Bounce,
        &[
            "Delivery Status Notification (Failure)\nYour message wasn't delivered to the recipient a@example.com",
            "Undelivered Mail Returned to Sender\nThis is the mail system at host mx.example.com.",
            "MAILER-DAEMON\n550 5.1.1 user unknown",
            "Mail delivery failed: returning message to sender\nA message could not be delivered to its recipients",
            "Subject: Undeliverable: Your ticket\nDelivery has failed to these recipients",
            "Недоставленное сообщение\nАдресат не найден: 550 5.1.1",
            "Не удалось доставить сообщение следующим получателям: a@example.com",
        ],
    );
    expect(
        ContactKind::Substantive,
        &[
            "Mail delivery failed, my parcel did not arrive",
            "My mail was returned to sender, why",
            "I got a mailer-daemon with 550 5.1.1 when writing to you",
            "Доставка не удалась, где посылка",
            "Не удалось доставить сообщение в чате банка",
        ],
    );
}

#[test]
fn a_bare_rating_answers_a_survey_and_a_number_with_a_matter_does_not() {
    expect(
        ContactKind::SurveyReply,
        &[
            "5",
            "10",
            "0",
            "10/10",
            "5/5",
            "9 out of 10",
            "9 из 10",
            "8 з 10",
            "оценка 5",
            "Оценка: 5",
            "ацэнка 5",
            "оцінка 4",
            "rating: 4",
            "5 stars",
            "5 звёзд",
            "5, спасибо",
            "10/10 thank you!",
            "⭐⭐⭐⭐⭐",
            "Моя оценка - 1",
            "5!",
        ],
    );
    expect(
        ContactKind::Substantive,
        &[
            "5 items are missing",
            "5?",
            "11",
            "2024",
            "15/10",
            "5 10",
            "1234 5678",
            "оценка 5 но карта не пришла",
            "5%",
            "-5",
            "$5",
            "10:30",
            "ticket 5",
            "2 карты",
            "1 спасибо не хватает",
            "4/7",
            "0 response so far",
            "rating",
        ],
    );
}

#[test]
fn advertising_needs_an_offer_a_link_and_a_way_out() {
    expect(
        ContactKind::Spam,
        &["We offer SEO services, see https://example.com. To unsubscribe reply STOP"],
    );
    expect(
        ContactKind::Substantive,
        &[
            "How do I unsubscribe from your special offer",
            "Please unsubscribe me https://example.com",
            "Your special offer at https://example.com does not work",
        ],
    );
}

#[test]
fn who_wrote_counts_before_what_was_written() {
    assert_eq!(recognise("My card is lost", Author::Agent).kind, ContactKind::AgentCreated);
    assert_eq!(recognise("My card is lost", Author::System).kind, ContactKind::AutoReply);
    let bounce = "Undelivered Mail Returned to Sender\n550 5.1.1";
    assert_eq!(recognise(bounce, Author::System).kind, ContactKind::Bounce);
}

#[test]
fn letters_and_their_marks_may_be_apart() {
    let apart = "Все работает, вопрос решен спасибо".replace("решен", "реше\u{308}н");
    assert_eq!(kind(&apart), ContactKind::Thanks);
    assert_eq!(kind("Дзяку\u{438}\u{306}"), ContactKind::Thanks);
}

#[test]
fn no_question_of_a_banks_customers_is_suppressed() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/data/banking77/train.csv");
    let mut reader = csv::Reader::from_path(path).unwrap();
    let mut rows = 0;
    for record in reader.records() {
        let record = record.unwrap();
        assert_eq!(kind(&record[0]), ContactKind::Substantive, "{}", &record[0]);
        rows += 1;
    }
    assert_eq!(rows, 10_003);
}

#[test]
fn words_are_read_as_they_are_written() {
    for kind in ContactKind::ALL {
        assert_eq!(ContactKind::parse(kind.as_str()), Some(kind));
        assert_eq!(serde_json::to_value(kind).unwrap(), kind.as_str());
    }
    for author in Author::ALL {
        assert_eq!(Author::parse(author.as_str()), Some(author));
        assert_eq!(serde_json::to_value(author).unwrap(), author.as_str());
    }
    assert_eq!((ContactKind::parse("Thanks"), Author::parse("")), (None, None));
}

proptest! {
    #[test]
    fn any_text_is_recognised_as_something_and_what_is_suppressed_is_sure(text in "\\PC{0,80}") {
        let found = recognise(&text, Author::Customer);
        prop_assert!((0.0..=1.0).contains(&found.confidence));
        prop_assert!(found.kind == ContactKind::Substantive || found.confidence >= 0.9);
    }

    #[test]
    fn a_word_that_is_not_thanks_makes_thanks_substantive(word in "[а-я]{5,9}", before in any::<bool>()) {
        let known = super::phrases::GRATITUDE.iter().chain(super::phrases::ALL_WELL).chain(super::phrases::FILLERS);
        prop_assume!(known.clone().all(|phrase| phrase.split(' ').all(|part| part != word)));
        let text = if before { format!("{word} спасибо") } else { format!("спасибо {word}") };
        prop_assert_eq!(kind(&text), ContactKind::Substantive);
    }
}
