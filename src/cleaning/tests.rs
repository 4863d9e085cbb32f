use super::*;
use proptest::prelude::*;

/// What is left of a text.
fn left(text: &str) -> String {
    clean(text).text
}

fn kinds(text: &str) -> Vec<CutKind> {
    clean(text).cut.iter().map(|cut| cut.kind).collect()
}

#[test]
fn what_was_answered_is_cut_in_four_languages() {
    for (mail, own) in [
        (
            "My card still has not arrived.\n\nOn Mon, 5 Jan 2026 at 10:00, Support <support@example.org> wrote:\n\
             > Dear customer,\n> your card is on its way.\n>\n> Support",
            "My card still has not arrived.",
        ),
        (
            "It failed again\r\n\r\nOn Mon, 5 Jan 2026 at 10:00 Support Team of the Bank\r\n\
             <support@example.org> wrote:\r\n\r\n> Please try once more.\r\n",
            "It failed again",
        ),
        (
            "Карта так и не пришла.\n\nпн, 5 янв. 2026 г. в 10:00, Поддержка <support@example.org>:\n\n\
             > Здравствуйте! Карта в пути.\n",
            "Карта так и не пришла.",
        ),
        (
            "Перевод не дошёл\n\n05.01.2026 10:00, Служба поддержки пишет:\n> Мы отправили перевод.\n",
            "Перевод не дошёл",
        ),
        (
            "Не работает\n\n5 января 2026 г., 10:00 пользователь Поддержка <support@example.org> написал:\n\n\
             Здравствуйте, попробуйте ещё раз.",
            "Не работает",
        ),
        (
            "Картка не прыйшла\n\nпн, 5 сту 2026 г. у 10:00 Падтрымка <support@example.org> піша:\n\n> Картка ў дарозе.",
            "Картка не прыйшла",
        ),
        (
            "Дзе пераклад?\n\n5 студзеня 2026 г., 10:00, Падтрымка <support@example.org> напісаў(ла):\n> Чакайце.",
            "Дзе пераклад?",
        ),
        (
            "Картка не прийшла\n\nпн, 5 січ. 2026 р. о 10:00 Підтримка <support@example.org> пише:\n\n> Картка в дорозі.",
            "Картка не прийшла",
        ),
        (
            "Card lost\n\nSent from Yahoo Mail on Android\n\n  On Mon, 5 Jan 2026 at 10:00, Support<s@example.org> wrote:   \
             Hello, please wait\n  more",
            "Card lost",
        ),
    ] {
        assert_eq!(left(mail), own);
        assert!(kinds(mail).contains(&CutKind::Quote), "{mail}");
    }
}

#[test]
fn dividers_and_blocks_of_headers_end_what_the_customer_wrote() {
    for mail in [
        "Where is it?\n\n-----Original Message-----\nFrom: Support\nSent: Monday\n\nYour card is on its way.",
        "Where is it?\n\n________________________________\nFrom: Support <support@example.org>\nSent: Monday, 5 January 2026\n\
         To: Ivan\nSubject: Your card\n\nIt is on its way.",
        "Where is it?\n\n*From:* Support <support@example.org>\n*Date:* 5 January 2026\n*To:* Ivan\n*Subject:* Card\n\nWait.",
        "Where is it?\n\n---------- Forwarded message ---------\nFrom: Shop\n\nYour order",
        "Where is it?\n\nBegin forwarded message:\n\nYour order",
        "Where is it?\n\nОт: Поддержка <support@example.org>\nОтправлено: 5 января 2026 г. 10:00\nКому: Иван\nТема: Карта\n\nЖдите.",
        "Where is it?\n\n-------- Исходное сообщение --------\nОт: Поддержка\n\nЖдите.",
        "Where is it?\n\n-------- Пересылаемое сообщение --------\n05.01.2026, 10:00, Магазин:\nЗаказ",
        "Where is it?\n\nВід: Підтримка <support@example.org>\nНадіслано: 5 січня 2026 р.\nКому: Іван\nТема: Картка\n\nЧекайте.",
        "Where is it?\n\nАд: Падтрымка <support@example.org>\nАдпраўлена: 5 студзеня 2026 г.\nКаму: Іван\nТэма: Картка\n\nЧакайце.",
        "Where is it?\n\n##- Please type your reply above this line -##\nSupport, 5 Jan\nWe have answered.",
    ] {
        assert_eq!(left(mail), "Where is it?", "{mail}");
    }
}

#[test]
fn answers_between_and_below_quotes_stay() {
    let mail = "Hello,\n\nOn Mon, 5 Jan 2026 at 10:00, Support <s@example.org> wrote:\n> Which card is it?\n\n\
                The blue one.\n\n> When did you order it?\nOn 1 January.\n> Regards\n";
    assert_eq!(left(mail), "Hello,\n\n\nThe blue one.\n\nOn 1 January.");
    let below = "> Чем можем помочь?\n\nКарта не работает";
    assert_eq!(left(below), "Карта не работает");
}

#[test]
fn a_cut_says_what_it_was_and_where_it_stood() {
    let mail = "Дзе картка?\n\n> Яна ў дарозе.\n\n--\nІван Іваноў\n+375 29 123-45-67";
    let cleaned = clean(mail);
    assert_eq!(cleaned.text, "Дзе картка?");
    let found: Vec<_> = cleaned.cut.iter().map(|cut| (cut.kind, cut.text(mail).unwrap())).collect();
    assert_eq!(
        found,
        [
            (CutKind::Quote, "> Яна ў дарозе.\n"),
            (CutKind::Signature, "--\nІван Іваноў\n+375 29 123-45-67"),
        ]
    );
}

#[test]
fn signatures_are_cut_in_four_languages() {
    for signature in [
        "-- \nIvan Ivanov\nAcme Ltd\n+375 29 123-45-67",
        "Best regards,\nIvan Ivanov\nHead of Purchasing\nAcme Ltd\nwww.example.org",
        "Kind regards\nIvan",
        "Best regards, Ivan",
        "Sent from my iPhone",
        "С уважением,\nИван Иванов\nменеджер по закупкам\nтел. +7 916 123-45-67",
        "С уважением, Иван Иванов",
        "Отправлено с iPhone",
        "Отправлено из мобильной Почты Mail.ru",
        "З павагай,\nІван Іваноў",
        "Адпраўлена з iPhone",
        "З повагою,\nІван Іваненко\nдиректор",
        "Надіслано з iPhone",
        "Get Outlook for iOS",
        "С уважением,\nИван\n\nОтправлено с iPhone",
        "С ув., Иван",
        "С уважением\nПетров И.И.\nг. Минск, ул. Ленина, д. 5, кв. 10\n8 (029) 123-45-67",
        "Kind Regards,\n\nJohn Smith | Senior Accountant\nAcme Holdings plc\n1 Long Street, London, EC1A 1AA\n\
         T: +44 20 7946 0000 | M: +44 7700 900000\njohn@acme.example | www.acme.example",
        "Get Outlook for iOS<https://aka.ms/o0ukef>",
    ] {
        let mail = format!("My card has not arrived.\n\n{signature}\n");
        assert_eq!(left(&mail), "My card has not arrived.", "{signature}");
        assert!(kinds(&mail).iter().all(|kind| *kind == CutKind::Signature), "{signature}");
    }
}

#[test]
fn what_may_be_the_customers_own_words_stays() {
    for text in [
        "a < b, and if x<y then I am lost <ivan@example.org>",
        "How do I use the <b> tag in my signature?",
        "What does <html> at the top of my statement mean?",
        "First line<br>second line",
        "The price was >50 EUR\n>= 60 would be wrong",
        "Best regards are not enough, my card is still blocked",
        "Hello\n--\nWhy is my card blocked?\n",
        "С уважением отношусь к вашему банку, но карта не работает",
        "Отправлено с ошибкой, прошу отменить платёж",
        "I travel\nFrom: Minsk\nTo: Moscow\nWill the card work?",
        "Мне вчера поддержка написала: ждите. Жду.",
        "Thanks,\nplease also block my second card",
        "Regards,\nIvan\nP.S. My card is still blocked",
        "This message is confidential: my PIN is known to others",
        "Вот что мне пишет:\nкарта заблокирована",
        "- first\n- second\n---\nthird is not done",
        "🙂👨\u{200D}👩\u{200D}👧 می\u{200C}خواهم",
        "Строка 1\r\nСтрока 2\r\n\r\n",
        "  leading and trailing  \n\n",
    ] {
        let cleaned = clean(text);
        assert_eq!(cleaned, Cleaned { text: text.to_owned(), cut: Vec::new() });
    }
}

#[test]
fn legal_notices_are_cut_from_the_end_only() {
    let english = "This e-mail is confidential and intended solely for the use of the individual to whom it is addressed. If you \
                   have received it in error, please notify the sender and delete it.";
    let russian = "Данное сообщение и любые вложения являются конфиденциальными и предназначены только для адресата. Если вы \
                   получили его по ошибке, сообщите отправителю и удалите письмо.";
    let belarusian = "Гэта паведамленне з'яўляецца канфідэнцыйным і прызначана толькі для адрасата. Калі вы атрымалі яго \
                      памылкова, паведаміце адпраўніку і выдаліце яго, калі ласка.";
    let ukrainian = "Це повідомлення є конфіденційним і призначене лише для адресата. Якщо ви отримали його помилково, \
                     повідомте відправника та видаліть його, будь ласка.";
    let print = "Please consider the environment before printing this e-mail.";
    assert_eq!(left(&format!("Where is my card?\n\n{english}\n\n{print}")), "Where is my card?");
    for notice in [english, russian, belarusian, ukrainian] {
        let mail = format!("Where is my card?\n\nBest regards,\nIvan\n\n{notice}\n");
        assert_eq!(left(&mail), "Where is my card?", "{notice}");
        assert_eq!(kinds(&mail), [CutKind::Signature, CutKind::Disclaimer]);
        let above =
            format!("{notice}\n\nWhere is my card? I have waited for it for two weeks now.");
        assert_eq!(left(&above), above, "a notice above the mail is left where it is");
    }
}

#[test]
fn html_becomes_the_text_that_was_written() {
    let mail = "<html><head><title>x</title><style>p { color: red }</style></head><body>\
        <p>My card &amp; PIN<br>have&nbsp;not   arrived &#128578;</p><script>if (a < b) { track() }</script>\
        <ul><li>ordered on 1&nbsp;January</li><li>paid</li></ul><img src='http://t.example.org/p.gif' width=1></body></html>";
    assert_eq!(left(mail), "My card & PIN\nhave not arrived 🙂\n\nordered on 1 January\npaid");
    assert_eq!(kinds(mail), [CutKind::Html]);
}

#[test]
fn quotes_and_signatures_of_mail_programs_are_cut_from_html() {
    let gmail = "<div dir=\"ltr\">It failed again<div class=\"gmail_signature\">Ivan, Acme</div></div><br>\
        <div class=\"gmail_quote gmail_quote_container\"><div dir=\"ltr\" class=\"gmail_attr\">On Mon, 5 Jan 2026 at 10:00 \
        Support &lt;<a href=\"mailto:s@example.org\">s@example.org</a>&gt; wrote:<br></div>\
        <blockquote class=\"gmail_quote\">Try <b>once</b> more</blockquote></div>";
    let outlook = "<html><body><div>It failed again</div><hr><div id=\"divRplyFwdMsg\" dir=\"ltr\"><b>From:</b> Support<br>\
        <b>Sent:</b> Monday</div><div>Try once more</div></body></html>";
    let apple = "<body>It failed again<div><br><blockquote type=\"cite\"><div>On 5 Jan 2026, at 10:00, Support wrote:</div>\
        <div>Try once more</div></blockquote></div></body>";
    let thunderbird = "<div>It failed again</div><div class=\"moz-cite-prefix\">05.01.2026 10:00, Support пишет:</div>\
        <blockquote type=\"cite\">Try <blockquote>twice</blockquote> more</blockquote>";
    let mailru = "<div>It failed again</div><div>05.01.2026, 10:00, Support:</div><blockquote>Try once more</blockquote>";
    let desktop = "<p>It failed again</p><div style='border:none;border-top:solid #E1E1E1 1.0pt'><p><b>From:</b> Support \
        &lt;s@example.org&gt;<br><b>Sent:</b> Monday<br><b>To:</b> Ivan<br><b>Subject:</b> Payment</p></div><p>Try once more</p>";
    for mail in [gmail, outlook, apple, thunderbird, desktop] {
        assert_eq!(left(mail), "It failed again", "{mail}");
        assert!(kinds(mail).contains(&CutKind::Quote));
    }
    assert!(left(mailru).starts_with("It failed again") && !left(mailru).contains("once"));
    assert!(kinds(gmail).contains(&CutKind::Signature));
}

#[test]
fn answers_between_the_quotes_of_an_html_mail_stay() {
    let mail = "<div>Hello</div><div class=\"gmail_quote\"><div class=\"gmail_attr\">On Mon, Support wrote:</div>\
        <blockquote class=\"gmail_quote\">Which card?</blockquote><div>The blue one</div>\
        <blockquote class=\"gmail_quote\">Since when?</blockquote><div>Since Monday</div></div>";
    assert_eq!(left(mail), "Hello\n\nThe blue one\n\nSince Monday");
    let indented = "<p>As I said:</p><blockquote style=\"margin: 0 0 0 40px; border: none\"><p>my card is lost</p></blockquote>";
    assert_eq!(left(indented), "As I said:\n\nmy card is lost", "an indentation is no quotation");
}

#[test]
fn a_cut_in_html_is_found_again_in_the_original() {
    let mail = "<p>Карта не&nbsp;пришла</p><blockquote type=cite>Ждите</blockquote><p>С уважением,<br>Иван</p>";
    let cleaned = clean(mail);
    assert_eq!(cleaned.text, "Карта не пришла");
    let text = |kind| cleaned.cut.iter().find(|cut| cut.kind == kind).unwrap().text(mail);
    assert_eq!(text(CutKind::Quote), Some("<blockquote type=cite>Ждите</blockquote>"));
    assert!(text(CutKind::Signature).unwrap().starts_with("С уважением"));
    assert_eq!(text(CutKind::Html), None);
}

#[test]
fn characters_that_nobody_sees_are_removed() {
    assert_eq!(
        left("My\u{200B} card\u{FEFF}\u{AD} \u{200C} \u{200C} is\u{2060} lost"),
        "My card   is lost"
    );
    assert_eq!(kinds("My\u{200B} card"), []);
}

#[test]
fn of_a_mail_without_own_words_nothing_is_left() {
    for mail in [
        "> Your card is on its way.\n> Support",
        "-----Original Message-----\nFrom: Support\n\nYour card is on its way.",
        "Sent from my iPhone\n\nOn Mon, 5 Jan 2026 at 10:00, Support <s@example.org> wrote:\n> Hello",
        "С уважением, Иван Иванов",
        "<div><br></div><blockquote>Your card is on its way</blockquote>",
        "<p>&nbsp;&zwnj;&shy;</p>",
    ] {
        assert!(clean(mail).is_nothing(), "{mail}: {:?}", left(mail));
    }
    assert!(!clean("?").is_nothing());
}

#[test]
fn real_contacts_without_mail_around_them_stay_as_they_are() {
    let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("data/banking77/train.csv");
    let mut rows = csv::Reader::from_path(&file).unwrap();
    let column = rows.headers().unwrap().iter().position(|name| name == "text").unwrap();
    let texts: Vec<String> = rows.records().map(|row| row.unwrap()[column].to_owned()).collect();
    assert!(texts.len() > 10_000, "{}", texts.len());
    for text in texts {
        assert_eq!(clean(&text), Cleaned { text: text.clone(), cut: Vec::new() });
    }
}

#[test]
fn headers_above_everything_are_cut_and_the_mail_below_them_stays() {
    let mail = "From: Ivan <ivan@example.org>\nSubject: Card\n\nMy card has not arrived";
    assert_eq!(left(mail), "My card has not arrived");
}

/// Texts of pieces that mean something to the cleaning, in any order.
fn mails() -> impl Strategy<Value = String> {
    let pieces = prop::sample::select(vec![
        "My card has not arrived",
        "Карта не пришла.",
        "\n",
        "\n\n",
        "\r\n",
        " ",
        "> ",
        ">",
        ">5",
        "--\n",
        "-- \n",
        "On Mon, 5 Jan 2026 at 10:00, ",
        "Support <s@example.org> ",
        "wrote:",
        "пишет:",
        "05.01.2026 10:00, ",
        "\n> quoted\n",
        "-----Original Message-----\n",
        "_____\n",
        "From: a@b.c\n",
        "Sent: x\n",
        "To: y\n",
        "Subject: z\n",
        "От: Иван\n",
        "Тема: Карта\n",
        "Best regards,\n",
        "С уважением, Иван\n",
        "Ivan Ivanov\n",
        "Sent from my iPhone\n",
        "<p>",
        "</p>",
        "<div>",
        "</div>",
        "<br>",
        "<blockquote>",
        "</blockquote>",
        "<div class=\"gmail_quote\">",
        "<style>",
        "</style>",
        "<!--",
        "-->",
        "&lt;",
        "&gt;",
        "&amp;",
        "&nbsp;",
        "&zwnj;",
        "\u{A0}",
        "аў.",
        "пн, ",
        "İ",
        "вы писали 5 января 2026 г., 10:00:00:\n",
        "Please consider the environment\n",
        "<div id=divRplyFwdMsg>",
        "<head>",
        "<",
        "b>",
        "/p>",
        "\"",
        "'",
        "\u{200B}",
        "\u{200D}",
        "🙂",
        "This e-mail is confidential and intended solely for the recipient; if you received it in error, please notify us.\n",
        "?",
        "<span style=\"display:none\">",
        "</span>",
        "<pre>",
        "</pre>",
        "- ",
    ]);
    prop::collection::vec(pieces, 0..40).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn cleaning_what_is_clean_changes_nothing(mail in mails()) {
        let cleaned = clean(&mail);
        let again = clean(&cleaned.text);
        prop_assert_eq!(&again.text, &cleaned.text);
        prop_assert!(again.cut.is_empty(), "{:?}", again.cut);
    }

    #[test]
    fn every_cut_lies_in_the_original(mail in mails()) {
        for cut in clean(&mail).cut {
            prop_assert!(cut.start <= cut.end && cut.end <= mail.len());
            prop_assert!(mail.get(cut.start..cut.end).is_some(), "{:?}", cut);
        }
    }

    #[test]
    fn any_text_is_taken(text in any::<String>()) {
        let cleaned = clean(&text);
        prop_assert_eq!(clean(&cleaned.text).text, cleaned.text);
    }

    #[test]
    fn a_plain_text_stays_as_it_is(text in "[a-zа-яёўі0-9,.?! \n]{0,300}") {
        prop_assert_eq!(left(&text), text);
    }
}
