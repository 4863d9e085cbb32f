//! What holds for every text.

use super::*;
use proptest::prelude::*;

/// Pieces that mean something to one of the finders, in any order.
fn texts() -> impl Strategy<Value = String> {
    let pieces = prop::sample::select(vec![
        "+375 29 123-45-67",
        "8 (916) 123-45-67",
        "067 123 45 67",
        "4111 1111 1111 1111",
        "BY13NBRB3600900000002Z00AB00",
        "45 08 123456",
        "4508",
        "123456",
        "MP1234567",
        "3140583A001PB5",
        "112-233-445 95",
        "500100732259",
        "паспорт ",
        "серия ",
        "номер ",
        "ИНН ",
        "тел. ",
        "заказ ",
        "ivan@example.org",
        " собака ",
        "(at)",
        "https://u:p@host.example/a?b=c#d=e",
        "https://",
        "?a=b",
        "192.168.1.1",
        "2001:db8::1",
        "::",
        "password: ",
        "Tr0ub4dor&3",
        "код из смс ",
        "sk-test_4eC39HqLyjWDarjtT1zdp7dc",
        "0123456789abcdef0123456789abcdef",
        "my name is ",
        "меня зовут ",
        "Dear ",
        "Здравствуйте, ",
        "Иван",
        " Петрович",
        "Smith",
        "С уважением,\n",
        "Thanks, ",
        "г. Минск, ",
        "ул. Ленина",
        ", д. 5",
        " кв. 12",
        "12 Oak Tree Road",
        "SW1A 1AA",
        "220030, ",
        "+",
        "8",
        "1",
        "7",
        " ",
        "-",
        ".",
        ",",
        "(",
        ")",
        "/",
        "@",
        "№",
        "\n",
        "!",
        "A",
        "a",
        "я",
        "Я",
        "І.",
        "🙂",
        "İ",
        "\u{a0}",
        "<PHONE_NUMBER>",
        "<PERSON>",
        "<",
        ">",
        "<SECRET",
        "\u{1}",
        "руб",
    ]);
    prop::collection::vec(pieces, 0..30).prop_map(|pieces| pieces.concat())
}

fn whole(text: &str) -> String {
    redact(text, usize::MAX).text
}

fn holds_for(text: &str, max_chars: usize) -> Result<(), TestCaseError> {
    let mut before = 0;
    for span in find(text) {
        prop_assert!(before <= span.start && span.start < span.end, "{span:?}");
        prop_assert!(text.get(span.start..span.end).is_some(), "{span:?}");
        before = span.end;
    }
    let redacted = whole(text);
    prop_assert_eq!(find(&redacted), Vec::new(), "{:?}", &redacted);
    prop_assert_eq!(&whole(&redacted), &redacted);
    let cut = redact(text, max_chars);
    prop_assert_eq!(cut.is_cut(), text.chars().count() > max_chars);
    prop_assert!(redacted.starts_with(cut.as_str()) || text.chars().count() > max_chars + BEYOND);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    #[test]
    fn spans_are_valid_and_nothing_is_found_in_what_is_redacted(text in texts(), max_chars in 0usize..200) {
        holds_for(&text, max_chars)?;
    }

    #[test]
    fn any_text_is_taken(text in any::<String>()) {
        holds_for(&text, 40)?;
    }

    #[test]
    fn pieces_put_together_are_the_text(text in texts()) {
        let redacted = whole(&text);
        let parts: String = pieces(&redacted)
            .iter()
            .map(|piece| match piece {
                Piece::Text(text) => (*text).to_owned(),
                Piece::Placeholder(entity) => entity.to_string(),
            })
            .collect();
        prop_assert_eq!(parts, redacted);
    }
}

/// Texts that were built to take long: the same many times. Whatever stands in them, each character is looked at a bounded number of
/// times, so that time grows with the length; if anything looked back over what it has seen, these would be thousands.
#[test]
fn each_character_is_looked_at_a_bounded_number_of_times() {
    const PIECES: &[&str] = &[
        "a",
        "1",
        "1 ",
        "1-",
        "1.",
        "+375 ",
        "+1",
        "89161234567 ",
        "a@",
        "a@a.",
        "a@a.aa ",
        "@",
        "(at)",
        " собака ",
        "://a",
        "://a@",
        "?a=",
        "a?a=a",
        "::",
        "a:",
        "1:",
        "ab12 ",
        "GB29 ",
        "AB1234567",
        "0aB",
        "0aB-",
        "sk-",
        "password ",
        "code sms ",
        "my name is ",
        "Dear A",
        "Петрович ",
        "А. Б. ",
        "ул. ",
        "ул. Я, ",
        "1 A ",
        "кв. 1 ",
        "г. М, ",
        "thanks\n",
        "Thanks, A\n",
        "<",
        "<PERSON>",
        "\u{1}",
        "\n",
        " ",
        "паспорт ",
        "номер ",
        "4111 ",
        "1111-",
        "тел 12345 ",
        "(1)",
        "🙂",
        "И",
        "aA",
        "'",
        "-",
        "A-",
    ];
    const SIZE: usize = 1 << 17;
    const MOST: usize = 400;
    for piece in PIECES {
        let text = piece.repeat(SIZE / piece.len());
        let draft = search(&text);
        let each = draft.looked.get() / draft.len();
        eprintln!("{each:>5} looks at each character, {:>6} found: {piece:?}", draft.count());
        assert!(each <= MOST, "{piece:?}: {each}");
    }
}
