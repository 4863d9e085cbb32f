//! The phrases by which thanks are recognised, in lower case, without apostrophes, `ё` written `е`.
//!
//! A message is thanks when nothing is left of it but these; so a phrase belongs here only if it asks for nothing.

/// Words of thanks.
pub(super) const GRATITUDE: &[&str] = &[
    // English
    "thanks", "thank you", "thankyou", "thank u", "thx", "thnx", "tnx", "tks", "ty", "tysm", "cheers", "many thanks",
    "much appreciated", "appreciated", "appreciate it", "i appreciate it", "i really appreciate it",
    "i appreciate your help", "i appreciate the help", "we appreciate your help", "much obliged", "greatly appreciated",
    // Russian
    "спасибо", "спасибки", "спасиб", "пасиб", "пасибо", "спс", "благодарю", "благодарим", "благодарен",
    "благодарна", "мерси", "сенкс",
    // Belarusian
    "дзякуй", "дзякую", "дзякуем", "дзякуі", "удзячны", "удзячная",
    // Ukrainian
    "дякую", "дякуємо", "дяка", "дякс", "спасибі", "вдячний", "вдячна",
];

/// Word that all is well, or that an answer was understood.
pub(super) const ALL_WELL: &[&str] = &[
    // English
    "ok", "okay", "okey", "okey dokey", "k", "kk", "got it", "i got it", "understood", "noted", "i see", "all good",
    "its all good", "all good now", "its all good now", "all is good", "all is well", "all fine", "all sorted",
    "everything is fine", "everything is fine now", "everything is good", "everything is ok", "everything is okay",
    "everything works", "everything works now", "everything is working", "everything is working now", "it works",
    "it works now", "works now", "it is working", "it is working now", "its working", "its working now", "working now",
    "problem solved", "problem is solved", "the problem is solved", "problem resolved", "the problem is resolved",
    "the problem has been solved", "the problem has been resolved", "my problem is solved", "issue solved",
    "issue resolved", "issue is resolved", "the issue is resolved", "the issue has been resolved", "my issue is resolved",
    "my issue has been resolved", "resolved", "solved", "sorted", "its sorted", "its fixed", "its fixed now", "fixed now",
    "that helped", "this helped", "that worked", "this worked", "it worked", "great", "thats great", "perfect",
    "thats perfect", "awesome", "excellent", "wonderful", "brilliant", "fantastic", "amazing", "super", "cool", "nice",
    "lovely", "great job", "good job", "well done", "great service", "great support", "you are the best",
    "youre the best", "you rock", "you are awesome", "you are amazing",
    // Russian
    "ок", "окей", "оке", "хорошо", "ладно", "понял", "поняла", "поняли", "понятно", "все понятно", "ясно", "все ясно",
    "принято", "отлично", "супер", "прекрасно", "замечательно", "чудесно", "класс", "круто", "здорово", "идеально",
    "все хорошо", "все отлично", "все ок", "все супер", "все в порядке", "все нормально", "все работает",
    "все заработало", "заработало", "уже работает", "уже все работает", "теперь работает", "теперь все работает",
    "все получилось", "получилось", "вопрос решен", "вопрос решился", "вопрос закрыт", "мой вопрос решен",
    "проблема решена", "проблема решилась", "проблема устранена", "проблему решили", "решено", "все решено",
    "все решилось", "разобрался", "разобралась", "разобрались", "очень помогли", "помогли", "вы очень помогли",
    "вы мне очень помогли", "выручили", "вы лучшие", "вы супер", "молодцы",
    // Belarusian
    "добра", "зразумела", "зразумеў", "усе зразумела", "усе зразумела", "выдатна", "цудоўна", "усе добра", "усе добра",
    "усе ў парадку", "усе ў парадку", "усе працуе", "усе працуе", "усе атрымалася", "усе атрымалася", "праблема вырашана",
    "пытанне вырашана", "вырашана", "вельмі дапамаглі", "дапамаглі",
    // Ukrainian
    "добре", "гаразд", "зрозуміло", "все зрозуміло", "зрозумів", "зрозуміла", "чудово", "відмінно", "прекрасно", "все добре",
    "все гаразд", "усе добре", "усе гаразд", "все ок", "все працює", "усе працює", "вже працює", "тепер працює",
    "все вийшло", "питання вирішено", "проблему вирішено", "проблема вирішена", "вирішено", "дуже допомогли", "допомогли",
];

/// What may stand beside the others and says nothing alone.
pub(super) const FILLERS: &[&str] = &[
    // English
    "so much", "very much", "a lot", "lots", "a million", "a bunch", "again", "once again", "very", "really", "so", "and",
    "oh", "wow", "well", "all", "everyone", "guys", "team", "support", "support team", "sir", "madam", "you", "both",
    "for your help", "for the help", "for all your help", "for all the help", "for help", "for your support",
    "for the support", "for your assistance", "for the assistance", "for your time", "for everything", "for helping",
    "for helping me", "for helping out", "for the reply", "for your reply", "for the quick reply", "for your quick reply",
    "for the response", "for your response", "for the quick response", "for your quick response",
    "for the prompt response", "for your prompt response", "for the prompt reply", "for the fast reply",
    "for the fast response", "for the answer", "for your answer", "for the quick answer", "for the info",
    "for the information", "for the update", "for the clarification", "for the explanation", "for letting me know",
    "for explaining", "for clarifying", "for fixing it", "for fixing this", "for resolving this", "for sorting it out",
    "for the great service", "for the quick help", "for your quick help", "for the quick fix", "received", "now",
    "have a nice day", "have a good day", "have a great day", "have a good one", "have a nice weekend",
    "have a good weekend", "have a great weekend", "good day", "bye", "goodbye", "take care", "kind regards",
    "best regards", "warm regards", "regards", "best", "best wishes", "hi", "hello", "hey", "hi there", "hello there",
    "good morning", "good afternoon", "good evening", "dear support", "dear team", "dear support team", "dear sir",
    // Russian
    "большое", "большущее", "огромное", "большое вам", "вам", "тебе", "всем", "очень", "еще раз", "и", "а", "да уж", "ой",
    "за помощь", "за вашу помощь", "за ответ", "за ваш ответ", "за быстрый ответ", "за оперативный ответ",
    "за оперативность", "за скорость", "за информацию", "за поддержку", "за разъяснение", "за разъяснения", "за пояснение",
    "за объяснение", "за консультацию", "за внимание", "за все", "за работу", "за вашу работу", "за быструю помощь",
    "за оперативную помощь", "за быстрое решение", "за решение вопроса", "за решение проблемы", "за понимание", "за сервис",
    "за быструю работу", "за терпение", "за то что помогли", "что помогли", "теперь", "уже", "получил", "получила",
    "получили", "от души", "сердечно", "искренне", "коллеги", "друзья", "ребята", "девушка", "всего доброго",
    "всего хорошего", "всех благ", "хорошего дня", "хорошего вечера", "хороших выходных", "доброго дня", "удачи",
    "удачного дня", "до свидания", "пока", "с уважением", "добрый день", "доброе утро", "добрый вечер", "здравствуйте",
    "здравствуй", "привет", "приветствую",
    // Belarusian
    "вялікі", "вялікае", "вялікі вам", "шчыры", "шчыра", "вельмі", "яшчэ раз", "і", "за дапамогу", "за вашу дапамогу",
    "за адказ", "за хуткі адказ", "за хуткую дапамогу", "за падтрымку", "за інфармацыю", "за ўсе", "за ўсе", "цяпер",
    "зараз", "ужо", "атрымаў", "атрымала", "добры дзень", "добрай раніцы", "добры вечар", "вітаю", "прывітанне",
    "да пабачэння", "гарнага дня", "добрага дня", "усяго добрага", "усяго найлепшага", "з павагай",
    // Ukrainian
    "велике", "дуже", "щиро", "щире", "красно", "ще раз", "та", "за допомогу", "за вашу допомогу", "за відповідь",
    "за швидку відповідь", "за швидку допомогу", "за оперативність", "за підтримку", "за інформацію", "за все", "за усе",
    "тепер", "вже", "отримав", "отримала", "добрий день", "доброго ранку", "добрий вечір", "доброго вечора", "вітаю",
    "привіт", "до побачення", "гарного дня", "гарного вечора", "на все добре", "всього найкращого", "з повагою",
];

/// Words before a rating in the answer to a survey.
pub(super) const RATING_WORDS: &[&str] = &[
    "rating", "my rating", "score", "my score", "rate", "grade", "mark", "оценка", "моя оценка", "ставлю", "балл", "ацэнка",
    "мая ацэнка", "адзнака", "оцінка", "моя оцінка", "бал",
];

/// Words after a rating.
pub(super) const RATING_UNITS: &[&str] = &[
    "stars", "star", "points", "звезд", "звезда", "звезды", "баллов", "балла", "балл", "зорак", "зоркі", "балаў", "зірок",
    "зірки", "балів", "бали",
];

/// Words between a rating and the highest one.
pub(super) const OUT_OF: &[&str] = &["out of", "of", "из", "з", "із"];

/// How an automatic reply begins, where a colon or the end of the line follows.
pub(super) const AUTO_REPLY_HEADS: &[&str] = &[
    "automatic reply", "auto reply", "autoreply", "auto response", "autoresponse", "automatic response", "out of office",
    "out of office reply", "out of office autoreply", "out of office automatic reply", "out of the office",
    "автоответ", "автоматический ответ", "автоответчик", "нет на месте", "вне офиса", "аўтаадказ", "аўтаматычны адказ",
    "автовідповідь", "автоматична відповідь", "поза офісом",
];

/// Sentences by which a message says of itself that a machine wrote it.
pub(super) const WRITTEN_BY_MACHINE: &[&str] = &[
    "this is an automated response", "this is an automated reply", "this is an automated message",
    "this is an automatic reply", "this is an automatic response", "this is an automatically generated message",
    "this is an automatically generated email", "this is an auto generated email", "this email was generated automatically",
    "это автоматический ответ", "это автоматическое сообщение", "это автоматическое письмо",
    "это письмо сформировано автоматически", "это сообщение сформировано автоматически",
    "данное письмо сформировано автоматически", "гэта аўтаматычны адказ", "гэта аўтаматычнае паведамленне",
    "це автоматична відповідь", "це автоматичне повідомлення", "цей лист сформовано автоматично",
];

/// That somebody is away.
pub(super) const AWAY: &[&str] = &[
    "out of office", "out of the office", "away from the office", "away from my desk", "on annual leave", "on vacation",
    "on holiday", "on leave", "on parental leave", "on maternity leave", "в отпуске", "отсутствую", "нет на рабочем месте",
    "не будет в офисе", "в командировке", "ў адпачынку", "у адпачынку", "адсутнічаю", "у відпустці", "відсутній",
    "відсутня", "у відрядженні",
];

/// What an automatic reply says besides: when it will be answered, or whom to ask instead.
pub(super) const AWAY_ADVICE: &[&str] = &[
    "upon my return", "when i return", "when i am back", "when i get back", "once i return", "as soon as i return",
    "limited access to email", "limited access to my email", "no access to email", "no access to my email",
    "will have limited access", "for urgent matters", "for urgent issues", "in urgent cases", "if your request is urgent",
    "if it is urgent", "in case of emergency", "please contact my colleague", "отвечу по возвращении",
    "отвечу вам по возвращении", "отвечу после", "после возвращения", "по возвращении", "в срочных случаях",
    "по срочным вопросам", "если вопрос срочный", "ограничен доступ к почте", "ограниченный доступ к почте",
    "нет доступа к почте", "па тэрміновых пытаннях", "у тэрміновых выпадках", "адкажу пасля", "пасля вяртання",
    "у термінових випадках", "з термінових питань", "відповім після", "після повернення",
];

/// What an automatic reply does not say.
pub(super) const NEEDS: &[&str] = &[
    "help me", "does not work", "doesnt work", "not working", "my card", "my account", "my order", "refund", "не работает",
    "помогите", "верните", "не пришл", "моя карта", "мой заказ", "не могу", "не працуе", "дапамажыце", "не працює", "допоможіть",
];

/// How a returned mail begins.
pub(super) const BOUNCE_HEADS: &[&str] = &[
    "mail delivery failed", "mail delivery failure", "mail delivery subsystem", "delivery status notification",
    "undelivered mail returned to sender", "undeliverable", "returned mail", "failure notice", "delivery failure",
    "delivery has failed to these recipients", "your message could not be delivered", "your message wasnt delivered",
    "message not delivered", "this message was created automatically by mail delivery software",
    "this is the mail system at host", "address not found", "недоставленное сообщение", "недоставлено",
    "не удалось доставить сообщение", "сообщение не доставлено", "ваше сообщение не доставлено", "письмо не доставлено",
    "ваше письмо не доставлено", "паведамленне не дастаўлена", "повідомлення не доставлено", "не вдалося доставити",
];

/// What else a returned mail holds.
pub(super) const BOUNCE_SIGNS: &[&str] = &[
    "mailer daemon", "postmaster", "returned to sender", "recipient", "recipients", "diagnostic code", "remote server",
    "user unknown", "mailbox full", "mailbox unavailable", "mail system", "mail delivery software", "permanent error",
    "permanently failed", "address couldnt be found", "получател", "адресат", "атрымальнік", "одержувач", "адресу не знайдено",
];

/// Offers that only advertising makes.
pub(super) const ADVERTISING: &[&str] = &[
    "seo services", "first page of google", "guest post", "backlinks", "limited time offer", "buy now", "special offer",
    "increase your traffic", "продвижение сайтов", "раскрутка сайта", "выгодное предложение", "база клиентов",
    "просування сайтів", "вигідна пропозиція",
];

/// How a mailing lets its readers leave.
pub(super) const UNSUBSCRIBE: &[&str] =
    &["unsubscribe", "отписаться от рассылки", "отказаться от рассылки", "адпісацца", "відписатися"];
