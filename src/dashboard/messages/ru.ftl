# Тексты страниц по-русски. Во всех файлах этой папки одни и те же сообщения в одном порядке.

## На каждой странице
skip-to-content = Перейти к содержимому
nav-label = Разделы
nav-overview = Обзор
nav-kpis = Показатели
nav-risk = Риск
nav-queue = Сопровождение
nav-effect = Эффект
nav-next-issues = Следующие вопросы
nav-models = Модели
nav-users = Пользователи
nav-audit = Журнал
sign-out = Выйти
footer-zone = Время указано для { $zone }.
demonstration = Демонстрация: настоящие обращения одной ИТ-поддержки за 2016 год. Часы этой службы переведены на то время: сейчас { $now }. Тогда с этими клиентами никто повторно не связывался.
save = Сохранить
show = Показать
faults-title = Исправьте, пожалуйста:

## Что сделано
notice-saved = Сохранено.
notice-password = Пароль установлен. Сеансы, открытые в других местах, завершены.
notice-added = Пользователь добавлен.
notice-enabled = Пользователь снова может входить.
notice-disabled = Пользователь отключён, все его сеансы завершены.
notice-role = Роль и команда изменены. Пользователю нужно войти снова.
notice-claim = Обращение за вами.
notice-release = Обращение снова в очереди.
notice-follow-up-done = Записано: клиент получил ответ.
notice-snooze = Отложено; вернётся в очередь само.
notice-disagree = Записано: вы не согласны с оценкой.
notice-not-needed = Записано: не требуется.
notice-model = Записано. Сервис сам перейдёт на эту модель через несколько мгновений.
notice-signed-out = Вы вышли.
conflict-kept = Ваше действие не выполнено. Введённое сохранено ниже.

## Ошибки
error-to-start = На первую страницу
error-sign-in = Войдите, пожалуйста.
error-not-permitted-title = Недоступно для вашей роли
error-not-permitted = Ваша роль этого не разрешает. Если вам это нужно, обратитесь к администратору.
error-not-found-title = Здесь ничего нет
error-not-found = По этому адресу ничего нет, или это не предназначено для вас.
error-method-title = Так нельзя
error-method = К этому адресу нельзя обратиться таким образом. Вернитесь и воспользуйтесь кнопками страницы.
error-foreign-form-title = Форма устарела
error-foreign-form = Форма относится к завершённому сеансу или отправлена не с этой страницы. Ничего не изменено. Откройте страницу заново и повторите действие.
error-unreadable-form-title = Форму не удалось прочитать
error-unreadable-form = Чего-то в форме не хватало, или значение не то, которое ожидалось. Ничего не изменено.
error-attempts-title = Слишком много неверных паролей
error-attempts = С вашего адреса пришло слишком много неверных паролей. Подождите несколько минут и попробуйте снова.
error-outdated-title = Вход устарел
error-outdated = Прошло слишком много времени, вход уже использован или начат в другом браузере. Начните заново на странице входа.
error-denied-title = Вход не подтверждён
error-denied = Служба входа не подтвердила, кто вы, или вы отменили вход.
error-untrusted-title = Вход не удалось проверить
error-untrusted = Ответ службы входа не удалось проверить, поэтому вход не выполнен. Если это повторится, сообщите администратору; причина записана в журнале сервиса.
error-unreachable-title = Служба входа не отвечает
error-unreachable = Служба, которая подтверждает, кто вы, сейчас недоступна. Попробуйте ещё раз чуть позже.
error-no-role-title = Нет доступа
error-no-role = Служба входа знает вас, но ни одна из ваших групп не даёт роли здесь. Если вам нужен доступ, обратитесь к администратору.
error-disabled-title = Доступ отключён
error-disabled = Администратор отключил ваш доступ. Если он вам нужен, обратитесь к администратору.
error-busy-title = Попробуйте ещё раз
error-busy = Сервис сейчас не может ответить. Попробуйте ещё раз чуть позже.
error-not-counted-title = Показатели ещё считаются
error-not-counted = После обновления или большой загрузки дни сначала пересчитываются. Зайдите через несколько минут.
error-internal-title = Что-то пошло не так
error-internal = В сервисе произошёл сбой. Причина записана в его журнале.

## Вход
sign-in-title = Вход
sign-in-button = Войти
sign-in-no-users = Пользователей пока нет. Первого создают в командной строке:
sign-in-failed = Имя и пароль не подходят друг к другу, либо имя заблокировано или отключено. После { $attempts ->
        [one] { $attempts } неверного пароля
       *[other] { $attempts } неверных паролей
    } подряд имя на время блокируется.
sign-in-through = Войти через { $provider }
sign-in-password = По имени и паролю
signed-out-title = Здесь вы вышли
signed-out-leads-on = Сейчас выполняется выход и в { $provider }. Если ничего не происходит, продолжите сами.
signed-out-go-on = Продолжить
password = Пароль

## Пользователи
user-name = Имя для входа
user-name-hint = Буквы, цифры и . - _ @; потом изменить нельзя.
user-display-name = Имя
user-role = Роль
user-team = Команда
user-team-hint = Для руководителей команд: название команды, как в обращениях. Они видят только эту команду.
user-access = Доступ
user-added = Добавлен
user-is-enabled = может входить
user-is-disabled = отключён
user-is-self = Это вы. Вашу роль и доступ может изменить только другой администратор; свой пароль вы меняете на странице под вашим именем вверху.
user-provider = Входит через
user-is-provided = Роль, команду и пароль определяет служба, через которую входит пользователь; роль и команда перенимаются при каждом входе.
user-set-role = Роль и команда
user-set-password = Установить новый пароль
user-sessions-end = Все сеансы пользователя завершатся.
user-enable = Снова разрешить вход
user-disable = Отключить
users-title = Пользователи
users-back = Все пользователи
users-count = { $count ->
        [one] { $count } пользователь
        [few] { $count } пользователя
       *[other] { $count } пользователей
    }
users-add = Добавить пользователя
users-add-button = Добавить
role-manager = Менеджер
role-team-lead = Руководитель команды
role-analyst = Аналитик
role-admin = Администратор

## Своя учётная запись
account-title = Ваша учётная запись
account-preferences = Язык и цвета
account-password = Сменить пароль
account-password-hint = Сеансы, открытые в других местах, завершатся.
account-password-button = Сменить пароль
language = Язык
language-browser = Как в браузере
theme = Цвета
theme-system = Как в системе
theme-light = Светлые
theme-dark = Тёмные
password-now = Текущий пароль
password-new = Новый пароль
password-again = Новый пароль ещё раз
password-hint = Не короче { $least ->
        [one] { $least } символа
       *[other] { $least } символов
    }; хорошо подходят несколько слов.

## Что не так с полем
fault-reason = Нужна одна строка от 1 до 1000 символов.
fault-name = Нужно от 1 до { $most } символов.
fault-user-name = Нужно от 1 до { $most } букв, цифр и знаков . - _ @.
fault-user-exists = Пользователь с таким именем уже есть.
fault-team-missing = У руководителя команды должна быть команда.
fault-password = В новом пароле должно быть от { $least } до { $most } символов.
fault-password-again = Новый пароль повторён с отличиями.
fault-password-now = Это не ваш текущий пароль.
fault-password-locked = Было слишком много неверных паролей: попробуйте позже.
fault-last-admin = После этого некому было бы управлять пользователями.

## Журнал
audit-title = Журнал действий
audit-explained = Кто входил, что менял и в чём было отказано; сначала новые записи. Изменить здесь ничего нельзя.
audit-kept = Записи старше { $days ->
        [one] { $days } дня
       *[other] { $days } дней
    } удаляются.
audit-older = Более старые записи
audit-newest = Самые новые записи
audit-any-action = Любое действие
audit-count = { $count ->
        [one] { $count } строка
        [few] { $count } строки
       *[other] { $count } строк
    }
audit-when = Когда
audit-who = Кто
audit-what = Что
audit-object = С чем
audit-address = Откуда
audit-nobody = (неизвестно кто)
audit-signed-in = вход
audit-sign-in-failed = неверное имя или пароль
audit-sign-in-refused = вход через службу входа не выполнен
audit-provider-failed = сбой службы входа
audit-signed-out = выход
audit-refused = роль не разрешает
audit-not-found = запрос того, чего нет или что недоступно
audit-user-added = добавлен пользователь
audit-user-disabled = отключён пользователь
audit-user-enabled = пользователю снова разрешён вход
audit-role-changed = изменена роль или команда
audit-password-set = установлен пароль
audit-plan-written = написана версия плана
audit-exported = таблица взята файлом
audit-model-changed = другая модель сделана действующей
audit-expired = удалены записи старше срока хранения (сколько)

## Показатели
count-days = { $count ->
        [one] { $count } день
        [few] { $count } дня
       *[other] { $count } дней
    }
interval = интервал 95 %: от { $low } до { $high }
no-rate = Доли пока нет
chart-table = Показатели таблицей
chart-interval = интервал 95 %
chart-young = ещё изменится
interval-low = От
interval-high = До
closed-tickets = Закрытые обращения
category = Категория
label-unknown = (не известно)

## Ключевые показатели
kpi-title = Ключевые показатели
kpi-from = С
kpi-until = По (включительно)
kpi-by = Разделить
kpi-by-none = не делить
kpi-only = Только это (точное название)
kpi-channel = Канал
kpi-segment = Сегмент клиента
kpi-step = Шаг графика
kpi-step-day = День
kpi-step-week = Неделя
kpi-step-month = Месяц
kpi-window = Дней после закрытия
kpi-measure = Показатель
kpi-scope = С { $from } по { $until } включительно; дни — в часовом поясе { $zone }.
kpi-scope-slice = Только { $slice }: { $label }.
kpi-all = Все показатели за период
kpi-value = Значение
kpi-numerator = Что считается
kpi-denominator = Из чего
kpi-cases = Случаев
kpi-window-days = Окно, дней
kpi-left-out = Не вошло
kpi-remarks = Примечания
kpi-definition = Что это
kpi-origin = Источник
kpi-id = Обозначение
kpi-numerator-is = Что считается, словами
kpi-denominator-is = Из чего, словами
kpi-part = сообщений клиента: { $part }
kpi-seconds = { $number } с
kpi-minutes = { $number } мин
kpi-hours = { $number } ч
kpi-days = { $number } дн.
kpi-left-immature = { $count ->
        [one] { $count } слишком недавнее
       *[other] { $count } слишком недавних
    }
kpi-left-without-fields = { $count } без нужного поля
kpi-left-not-resolvable = { $count ->
        [one] { $count } не по силам первой линии
       *[other] { $count } не по силам первой линии
    }
kpi-left-without-scale = { $count } с неизвестной шкалой
kpi-not-measured = { $count ->
        [one] не измеряется: в обращениях нет поля { $fields }
       *[other] не измеряется: в обращениях нет полей { $fields }
    }
kpi-no-cases = нет случаев
kpi-small = мало случаев: почти ни о чём не говорит
kpi-immature-until = ещё изменится, до { $date }
kpi-small-numbers = Отмечены показатели, в которых меньше { $count ->
        [one] { $count } случая
       *[other] { $count } случаев
    }: они почти ни о чём не говорят.
kpi-immature = { $count ->
        [one] { $count } обращение периода закончилось
        [few] { $count } обращения периода закончились
       *[other] { $count } обращений периода закончились
    } слишком недавно: ещё неизвестно, вернётся ли клиент в течение { $days ->
        [one] { $days } дня
       *[other] { $days } дней
    }. То, что в последние дни похоже на улучшение, обычно объясняется этим.
kpi-cut = Первый или последний шаг графика обрезан границей периода.
kpi-empty = За этот период ничего не открыто, не закрыто и не сказано. Как только что-то появится, здесь будут показатели.
kpi-only-immature = Все закрытия этого периода слишком недавние ({ $count }): доли повторных обращений известны через { $days ->
        [one] { $days } день
        [few] { $days } дня
       *[other] { $days } дней
    } после дня закрытия.
kpi-not-counted = { $count ->
        [one] { $count } день изменился и должен
        [few] { $count } дня изменились и должны
       *[other] { $count } дней изменились и должны
    } быть сперва пересчитаны — после обновления или большой загрузки. Зайдите через несколько минут.
kpi-over-time = По времени
kpi-trend = По времени: { $measure }
kpi-slices = По частям
kpi-by-slice = { $measure }: { $slice }, по порядку названий
kpi-change-title = Что изменилось с предыдущего периода: { $measure }
kpi-change-from-to = С { $before } до { $after }: { $difference } п. п. (интервал 95 %: от { $low } до { $high }).
kpi-change-before = Предыдущий период
kpi-change-after = Этот период
kpi-change-none = В одном из двух периодов нет достаточно давних случаев.
kpi-fault-day = Нужен день, например 2026-01-05, не раньше 1970 года.
kpi-fault-period = Последний день не может быть раньше первого, и всего может быть не больше { $most ->
        [one] { $most } дня
       *[other] { $most } дней
    }.
kpi-fault-by = Можно разделить по командам, категориям, каналам или сегментам.
kpi-fault-only = Чтобы увидеть одну часть, скажите, по чему делить.
kpi-fault-own-team = Вы видите только свою команду, и дальше она не делится.
kpi-fault-measure = Такого показателя нет.
kpi-fault-window = Можно 1, 3, 7, 14 или 30 дней.
kpi-fault-step = Можно день, неделю или месяц.
kpi-fault-steps = На графике может быть не больше { $most ->
        [one] { $most } шага
       *[other] { $most } шагов
    }: выберите шаг длиннее или период короче.
kpi-fault-slices = Частей слишком много: не больше { $most ->
        [one] { $most } показателя
       *[other] { $most } показателей
    }. Посмотрите одну часть.

## Обзор
overview-title = Обзор
overview-window = Вернулись в течение
overview-period = Закрыты за последние
overview-until = До (пусто: до сегодня)
overview-closed-between = Закрыты:
overview-immature = { $count ->
        [0] Все закрытые обращения закрыты достаточно давно.
        [one] { $count } более новое обращение закрыто слишком недавно и не учтено.
        [few] { $count } более новых обращения закрыты слишком недавно и не учтены.
       *[other] { $count } более новых обращений закрыты слишком недавно и не учтены.
    }
overview-empty = Пока ни одно обращение не закрыто достаточно давно. Как только такие появятся, здесь будут показатели.
repeat-rate = Повторные обращения
repeat-rate-explained = { $count } из { $trials }: после закрытия клиент вернулся в течение { $days ->
        [one] { $days } дня
       *[other] { $days } дней
    } с тем же или связанным вопросом.
resolution-rate = Решено одним обращением, любой канал
resolution-rate-explained = { $count } из { $trials }: в течение { $days ->
        [one] { $days } дня
       *[other] { $days } дней
    } с тем же вопросом никто не вернулся.
explicit-share = Снова тот же вопрос
explicit-share-explained = { $count } из { $trials } повторов — о том же; остальные — о связанном вопросе.
overview-team = только команда { $team }
overview-weeks = По неделям
overview-trend = Повторные обращения по неделям закрытия
overview-no-trend = Пока нечего показать.
overview-trend-week = Неделя закрытия, с
at-risk = Сейчас под высоким риском
at-risk-explained = Закрыты за { $days ->
        [one] последний { $days } день
        [few] последние { $days } дня
       *[other] последние { $days } дней
    } с высоким риском; клиент пока не вернулся.
follow-ups-due = Нужно связаться
follow-ups-due-explained = { $overdue ->
        [0] Ни один срок не прошёл.
        [one] В { $overdue } случае срок уже прошёл.
       *[other] В { $overdue } случаях срок уже прошёл.
    }
change-title = Что изменилось за неделю
change-from-to = Доля повторных обращений изменилась с { $before } до { $after }: { $difference } п. п. (интервал 95 %: от { $low } до { $high }).
change-clear = Это больше, чем объясняется случаем.
change-unclear = Это можно объяснить одним случаем.
change-parts = Из них { $mix } — потому что пришли другие категории (состав), и { $rate } — потому что изменились сами категории (доля).
change-table = Категории, повлиявшие сильнее всего, в процентных пунктах
change-before = До того
change-after = За неделю
change-mix = Состав
change-rate = Доля
change-total = Вместе
change-bar = Полоса
change-more = { $count ->
        [one] И ещё { $count } категория с меньшим вкладом.
        [few] И ещё { $count } категории с меньшим вкладом.
       *[other] И ещё { $count } категорий с меньшим вкладом.
    }
change-immature = { $count ->
        [one] Пока не учтён { $count } эпизод обоих периодов: он закончился
        [few] Пока не учтены { $count } эпизода обоих периодов: они закончились
       *[other] Пока не учтены { $count } эпизодов обоих периодов: они закончились
    } слишком недавно. Это ещё изменится, до { $date }.
change-none = Нет двух недель, в которые обращения закрыты достаточно давно.
freshness-title = Насколько это свежо
freshness-closing = Последнее закрытое обращение
freshness-contact = Последний контакт
freshness-now = Эта страница
monitoring-title = Отклонения
monitoring-unknown = Есть ли отклонения, сейчас вычисляется или пока неизвестно.
monitoring-quiet = Отклонений нет, насколько об этом можно судить по числу случаев.
monitoring-alerts = { $count ->
        [one] { $count } показатель вызывает тревогу:
        [few] { $count } показателя вызывают тревогу:
       *[other] { $count } показателей вызывают тревогу:
    }
monitoring-watched = { $count ->
        [one] За { $count } показателем нужно следить:
       *[other] За { $count } показателями нужно следить:
    }

## Сопровождение
queue-title = Сопровождение
queue-item-title = Сопровождение обращения { $ticket }
queue-back = Вся очередь
queue-all-teams = Все команды
queue-no-team = Без команды
queue-all-categories = Все категории
queue-state = Состояние
queue-today = Взять сегодня
queue-due = Срок
queue-due-any = Любой
queue-due-overdue = Просрочено
queue-due-today = Сегодня или раньше
queue-waiting = ждёт
queue-suppressed = не проводить
queue-claimed = в работе
queue-done = сделано
queue-snoozed = отложено
queue-disagreed = оценка оспорена
queue-not-needed = не требуется
queue-expired = срок истёк
queue-empty = Показать нечего: ничего не подходит или команда взяла на сегодня всё, что может.
queue-day = { $count ->
        [one] сегодня можно взять ещё { $count } обращение (взято { $taken } из { $capacity }).
        [few] сегодня можно взять ещё { $count } обращения (взято { $taken } из { $capacity }).
       *[other] сегодня можно взять ещё { $count } обращений (взято { $taken } из { $capacity }).
    }
queue-quiet-until = Тихие часы до
queue-count = { $count ->
        [one] { $count } обращение, самые срочные сверху
        [few] { $count } обращения, самые срочные сверху
       *[other] { $count } обращений, самые срочные сверху
    }
queue-ticket = Обращение
queue-probability = Вернётся
queue-band = Риск
queue-claimed-by = В работе у
queue-model = Модель риска
queue-available = Можно начать
queue-expires = Бесполезно после
queue-closed = Обращение закрыто
queue-overdue = просрочено
queue-came-back = клиент вернулся
queue-came-back-at = Клиент уже вернулся: сначала посмотрите на то обращение. Оно пришло
queue-more = Дальше
queue-claim = Взять
queue-release = Вернуть в очередь
queue-list-changed = Кто-то изменил список; он обновлён.
queue-item-changed = Кто-то уже изменил это обращение.
queue-show-now = Показать, как сейчас
queue-why = Почему клиент, вероятно, вернётся
queue-no-reasons = Причины неизвестны.
queue-next-issue = { $days ->
        [one] Вероятно, дальше: { $category } ({ $share } за { $days } день), около { $when }.
        [few] Вероятно, дальше: { $category } ({ $share } за { $days } дня), около { $when }.
       *[other] Вероятно, дальше: { $category } ({ $share } за { $days } дней), около { $when }.
    }
queue-expected-repeat = { $days ->
        [one] Тот же вопрос возникает снова в { $share } случаев за { $days } день, обычно около { $when }.
        [few] Тот же вопрос возникает снова в { $share } случаев за { $days } дня, обычно около { $when }.
       *[other] Тот же вопрос возникает снова в { $share } случаев за { $days } дней, обычно около { $when }.
    }
queue-message = Что сказать
queue-no-message = У категории нет плана с сообщением.
queue-plan = План, версия { $version }; отвечает: { $owner }.
queue-steps = Что можно сделать
queue-finish-title = С клиентом связались
queue-finish = Сделано
queue-channel = Канал
channel-email = Эл. почта
channel-phone = Телефон
channel-chat = Чат
queue-note = Что запомнить (без персональных данных)
queue-snooze-title = Отложить
queue-snooze = Отложить
queue-until = До
queue-reason = Причина
queue-reason-hint = В нескольких словах, без персональных данных.
queue-decide-title = Не проводить
queue-disagree = Оценка неверна
queue-drop = Не требуется
queue-conversation = Переписка
queue-history = Что уже сделано
queue-changed = Вас опередили: { $who }, { $what }, { $when }. Сейчас состояние: { $status }.
queue-not-allowed = Сейчас это невозможно. Состояние: { $status }.
queue-capacity-reached = { $count ->
        [one] Команда берёт { $count } обращение в день. Сначала завершите или верните одно.
        [few] Команда берёт { $count } обращения в день. Сначала завершите или верните одно.
       *[other] Команда берёт { $count } обращений в день. Сначала завершите или верните одно.
    }
queue-quiet = До { $until } клиента не следует беспокоить.
fault-until = Ожидается время после текущего и до { $expires }, не в тихие часы.
fault-moment = Ожидаются дата и время.
step-enqueue = поставлено в очередь
step-claim = взято в работу
step-release = возвращено
step-done = сделано
step-snooze = отложено
step-disagree = оценка оспорена
step-not-needed = не требуется
step-expire = срок истёк
step-suppress = снято с очереди
band-high = высокий
band-medium = средний
band-low = низкий
kind-substantive = вопрос по существу
kind-thanks = благодарность
kind-auto-reply = автоответ
kind-bounce = не доставлено
kind-survey-reply = ответ на опрос
kind-spam = реклама
kind-agent-created = написано сотрудником
author-customer = клиент
author-agent = сотрудник
author-system = программа

## Переписка
conversation-count = { $count ->
        [one] { $count } сообщение, новые внизу
        [few] { $count } сообщения, новые внизу
       *[other] { $count } сообщений, новые внизу
    }
conversation-empty = Сообщений, известных системе, нет.
conversation-redacted = Персональные данные удалены до сохранения текстов. Тексты хранятся { $days ->
        [one] { $days } день.
        [few] { $days } дня.
       *[other] { $days } дней.
    }
conversation-off = Тексты здесь не хранятся: так настроена служба. Они есть в вашей системе обращений.
conversation-erased = Текст удалён вместе с данными клиента.
conversation-old = Текст больше не хранится: прошло больше { $days ->
        [one] { $days } дня.
       *[other] { $days } дней.
    }
conversation-gone = Текст здесь не хранится: он есть в вашей системе обращений.
conversation-nothing = Только цитата или подпись.
conversation-rest = Остальное ({ $count ->
        [one] { $count } знак
        [few] { $count } знака
       *[other] { $count } знаков
    })
conversation-cut = Продолжение есть в вашей системе обращений.
conversation-first = первое сообщение, по данным обращения
conversation-last = последнее сообщение, по данным обращения
conversation-answer = ответ, по данным обращения
redacted-title = Удалено до сохранения текста: { $what }
redacted-email = эл. адрес
redacted-phone = номер телефона
redacted-card = номер карты
redacted-iban = номер счёта
redacted-passport = номер паспорта
redacted-national-id = личный номер
redacted-tax-id = налоговый номер
redacted-query = часть ссылки
redacted-ip = IP-адрес
redacted-secret = пароль или код
redacted-location = почтовый адрес
redacted-person = имя

## Обращение
ticket-title = Обращение { $ticket }
ticket-link = Обращение со всеми событиями
ticket-customer = Клиент (хеш с ключом)
ticket-reopens = Открыто повторно
ticket-open = открыто
ticket-closed = закрыто
ticket-opened = открыто
ticket-timeline = Что происходило
ticket-events = { $count ->
        [one] { $count } событие по порядку
        [few] { $count } события по порядку
       *[other] { $count } событий по порядку
    }
ticket-details = Подробности
ticket-classified = { $category } (модель { $model })
ticket-assessed = Вероятность возврата { $share }, риск { $band } (модель { $model })
ticket-not-assessed = Риск не оценивался.
ticket-feedback = метка исправлена или подтверждена
ticket-feedback-details = { $head }: { $label }; предсказано: { $predicted } (модель { $model })
ticket-step = сопровождение: { $what }
ticket-corrected = исход исправлен
ticket-outcomes = Вернулся ли клиент
ticket-outcomes-by-window = Исход каждого закрытия по окнам
ticket-never-closed = Обращение не закрывалось.
ticket-episode = Закрытие
ticket-window = В течение
ticket-outcome = Исход
ticket-matures = Окно кончается
outcome-immature = пока неизвестно: окно не закончилось
outcome-none = не вернулся
outcome-explicit = вернулся с тем же вопросом
outcome-implicit = вернулся со связанным вопросом
outcome-induced = только ответил на наше сообщение
outcome-unrelated = обратился только с другим вопросом

## A customer
customer-title = Клиент { $key }…
customer-link = Всё, что известно о клиенте
customer-explained = Всё, что известно об одном человеке, под каким бы именем он ни писал. В адресе стоит хеш с ключом: по нему нельзя узнать, кто это.
customer-team = Только то, что относится к обращениям команды { $team }.
customer-opted-out = Клиент просил не оценивать его и не связываться с ним, с { $since }.
customer-tickets = Обращения
customer-open = Из них открыты
customer-identities = Имена
customer-follow-ups = Незавершённые сопровождения
customer-no-follow-ups = Таких нет.
customer-follow-ups-count = { $count ->
        [one] { $count } сопровождение, ближайшее по сроку первым
        [few] { $count } сопровождения, ближайшее по сроку первым
       *[other] { $count } сопровождений, ближайшее по сроку первым
    }
customer-events-count = { $count ->
        [one] { $count } событие, сначала новые
        [few] { $count } события, сначала новые
       *[other] { $count } событий, сначала новые
    }
customer-no-events = О событиях ничего не известно.
customer-newest = Самые новые события
customer-older = Более ранние события
customer-ticket-opened = обращение открыто
customer-ticket-closed = обращение закрыто
customer-ticket-reopened = обращение открыто повторно
customer-closing = Закрытие { $number }, { $category }. { $said }
customer-correction = Закрытие { $number }: { $outcome }. { $reason }
customer-merged = имена объединены
customer-unmerged = имена снова разделены
customer-opt-out = просил не связываться
customer-opt-in = с ним снова можно связываться
customer-no-closings = Среди этих событий нет закрытий.
customer-outcomes-count = { $count ->
        [one] Что стало с { $count } закрытием из списка выше, по окнам
       *[other] Что стало с { $count } закрытиями из списка выше, по окнам
    }
customer-within = { $count ->
        [one] В течение { $count } дня
       *[other] В течение { $count } дней
    }
customer-identities-title = Связанные имена
customer-identities-table = Имена одного и того же человека
customer-identity = Хеш с ключом
customer-identity-kind = Что это
identity-customer = номер в службе поддержки
identity-email = адрес электронной почты
identity-phone = номер телефона
identity-external = номер в другой системе

## Similar cases
similar-title = Похожие случаи в прошлом
similar-off = Поиск похожих случаев выключен (similar.enabled).
similar-no-encoder = Кодировщик не загружен: сейчас сравнить тексты нельзя.
similar-no-vector = Сравнивать нечего: ни один текст клиента в этом обращении не закодирован, или клиент удалён.
similar-other-encoder = Тексты обращения закодированы не тем кодировщиком, который работает сейчас: векторы двух кодировщиков сравнить нельзя.
similar-later = Векторы читаются из базы данных. Обновите страницу через несколько секунд.
similar-scope = { $count ->
        [one] Закрытые обращения по первому тексту клиента; он сравнен с { $count } сообщением (кодировщик { $encoder }). Сходство 1 – тот же текст.
       *[other] Закрытые обращения по первому тексту клиента; он сравнен с { $count } сообщениями (кодировщик { $encoder }). Сходство 1 – тот же текст.
    }
similar-not-comparable = { $count ->
        [one] { $count } сообщение закодировано другим кодировщиком, и сравнить его нельзя.
        [few] { $count } сообщения закодированы другим кодировщиком, и сравнить их нельзя.
       *[other] { $count } сообщений закодированы другим кодировщиком, и сравнить их нельзя.
    }
similar-team = Только обращения команды { $team }, среди 2000 самых похожих сообщений.
similar-others = { $count ->
        [one] { $count } случай другого клиента, сначала самый похожий
        [few] { $count } случая других клиентов, сначала самый похожий
       *[other] { $count } случаев других клиентов, сначала самый похожий
    }
similar-same = { $count ->
        [one] { $count } случай того же клиента, сначала самый похожий
        [few] { $count } случая того же клиента, сначала самый похожий
       *[other] { $count } случаев того же клиента, сначала самый похожий
    }
similar-no-others = Закрытых случаев других клиентов не нашлось.
similar-no-same = Других закрытых случаев того же клиента не нашлось.
similar-similarity = Сходство
similar-came-back = { $days ->
        [one] Вернулся ли в течение { $days } дня
       *[other] Вернулся ли в течение { $days } дней
    }
similar-followed-up = Сопровождение
similar-none = без сопровождения

## Effect
effect-title = Эффект сопровождения
effect-experiment = Эксперимент
effect-scope = Начат { $started }; сопровождается { $share } клиентов; повтор считается в течение { $days ->
        [one] { $days } дня
       *[other] { $days } дней
    } после закрытия. Все команды.
effect-none = Экспериментов ещё не было.
effect-demonstration = В 2016 году с этими клиентами никто повторно не связывался. По группам они разделены случайно, но обслуживали обе группы одинаково: всё, чем они здесь отличаются, — случайность, и вывода об эффекте быть не должно.
effect-too-early = Говорить ещё рано.
effect-invalid = Размеры групп не такие, какие дал бы случай: ни одному числу здесь верить нельзя.
effect-reduces = Сопровождение уменьшает число повторов.
effect-increases = Сопровождение увеличивает число повторов.
effect-no-difference = Разница не показана.
effect-next-look = Следующая запланированная проверка: { $date }
effect-ratio-nobody = Проверка соотношения групп: в эксперименте пока никого нет.
effect-ratio-fits = Проверка соотношения групп: клиентов с сопровождением — { $treatment }, без него — { $control }; план { $share }, p = { $p }: размеры подходят.
effect-ratio-broken = Проверка соотношения групп: клиентов с сопровождением — { $treatment }, без него — { $control }; план { $share }, p = { $p }: размеры не подходят.
effect-left-out = Исключены: клиенты в обеих группах: { $both }; обращения, закрытие которых больше не известно: { $unknown }.
effect-arms = Обе группы
effect-arm = Группа
effect-treatment = С сопровождением
effect-control = Без сопровождения (контроль)
effect-customers = Клиенты
effect-flagged = Отмечено
effect-immature = Ещё рано
effect-mature = Зрелые
effect-repeats = Повторы
effect-rate = Доля повторов
effect-rates = Доли повторов в обеих группах
effect-induced = Ответы на наше сопровождение
effect-contacted = Действительно связались
effect-results = Что получилось
effect-figure = Показатель
effect-difference = Разница долей повторов, п. п.
effect-gross = Предотвращено контактов
effect-induced-net = Контакты из-за нашего сопровождения
effect-cost = Стоимость сопровождения в контактах
effect-net = Предотвращено контактов, нетто
effect-money = Сбережено, нетто, в деньгах
effect-costs = Деньги считаются так: { $repeat } за повторный контакт и { $follow_up } за сопровождение, в валюте раздела [costs] настроек; стоимость по отдельным категориям не учитывается.
effect-nothing-mature = Разницы пока нет: в обеих группах нужны зрелые обращения.
models-title = Модели
models-explained = Все версии в папке моделей и то, может ли каждая по проверке занять место действующей. У каждого вида есть своя страница: показатели рядом, сравнения, отклонения, история; там администратор делает действующей другую версию.
models-errors = Что не удалось загрузить
models-none = Моделей нет: папка моделей пуста.
models-count = { $count ->
    [one] { $count } версия
    [few] { $count } версии
   *[other] { $count } версий
}
models-kind = Модель
models-version = Версия
models-state = Состояние
models-trained = Обучена
models-live-since = Действует с
models-by = Кто
models-how = Как
models-reason = Причина
models-figures = Показатели на отложенных данных, измеренные при обучении
models-figure = Показатель
models-value = Значение
models-unreadable = описание не читается
models-live = действует
models-live-not-serving = действующая, но не загружена
models-serving = ещё отвечает, уже не действующая
models-shadow = работает рядом с действующей
models-idle = не используется
model-category = категория
model-kind = вид
model-urgency = срочность
model-team = команда
model-language = язык
model-risk = повторное обращение
model-step-first = первая
model-step-promoted = сравнена и не хуже
model-step-forced = без сравнения
model-step-rolled-back = возврат к прежней
model-change-title = Модель: { $kind }
models-back = Все модели
model-make-live = Версия, которая станет действующей
model-was-live = { $version } (работала раньше)
model-reason-hint = Останется в истории вместе с вашим именем.
model-change = Сделать действующей
model-change-explained = Сначала версия проверяется целиком; пока новая не загружена, отвечает прежняя. Вместе с заменой сохраняются сравнение, на которое опирается проверка, и ваша причина.
model-no-other = Других версий этого вида нет.
model-overtaken = Тем временем действующей стала другая версия: { $version }. Ничего не изменено; посмотрите ещё раз, прежде чем решать.
model-refused = Ничего не изменено: { $reason }

## One kind of model
models-gate = Проверка перед заменой
models-figures-title = Показатели обучения
models-compared = Что показало сравнение
models-comparison-sha256 = SHA-256 сравнения
models-history-title = Кто что сделал действующим
models-history = { $count ->
        [one] { $count } шаг, сначала последний
        [few] { $count } шага, сначала последний
       *[other] { $count } шагов, сначала последний
    }
models-no-history = Пока ничего не записано.
model-change-heading = Сделать действующей другую версию
model-passes = { $version } (проверку проходит)
model-needs-override = { $version } (проверку не проходит)
model-override = Заменить вопреки проверке
model-override-hint = Нужно, если версия проверку не проходит. В истории тогда стоит «без сравнения», ваше имя и причина; ничто не доказывает, что версия не хуже.
fault-override = Эта версия проверку не проходит. Ничего не изменено; замените вопреки проверке или сначала сравните версии.
gate-title = Может ли другая версия занять место действующей?
gate-explained = Проверка требует сравнения обеих на одних и тех же строках, на которых ни одна не обучалась: решающий показатель не должен быть хуже, чем у действующей. Сравнения берутся из папки comparisons в папке моделей (recontact-train compare --out). Для возврата к прежней версии сравнение не нужно.
gate-table = Что проверка говорит о каждой версии
gate-comparisons = Обе версии на одних и тех же строках
gate-first = Проходит: действующей версии этого вида нет.
gate-same = Проходит: та же модель, что и действующая, до байта.
gate-not-compared = Не проходит: с действующей версией её никто не сравнивал.
gate-passes = Проходит: сравнена и не хуже ({ $told }).
gate-refused = Не проходит: { $why }
gate-unreadable = Сказать ничего нельзя: { $reason }
gate-other-models = сравнивались другие модели ({ $found }).
gate-too-old = сравнение сделано { $when }, раньше, чем обучена { $version }.
gate-trained-on = сравнение сделано на файле { $file }, на котором обучена { $version }.
gate-too-few = в сравнении { $rows } строк; нужно не меньше { $fewest }.
gate-nothing-decides = в сравнении нет решающего показателя.
gate-worse = она хуже: { $metric } { $candidate }, у действующей { $live }.
gate-override-needed = Только вопреки проверке
gate-yes = да
gate-no = нет
gate-data = На каком файле
gate-rows = Строк
gate-compared-at = Когда сравнена
gate-decides = Решающий
gate-compared-with = С какой версией
gate-live-value = У той
gate-candidate-value = У этой
gate-difference = Разность
gate-worse-than = Хуже
shadow-title = Рядом с действующей
shadow-none = Рядом с действующей ни одна версия не работает (recontact models shadow).
shadow-explained = Обе получают одни и те же вопросы; ответы этой версии никому не показываются. Счёт ведётся с тех пор, как этот процесс загрузил обе.
shadow-table = Насколько она согласна с действующей
shadow-beside = Рядом с
shadow-compared = Вопросов
shadow-same = Доля одинаковых ответов
shadow-difference = Средняя разность вероятности
shadow-absolute = То же без знака
shadow-failed = Сбоев
drift-scope = Сравнивается: с { $from } по { $until } и время до этого, с { $before }.
drift-not-monitored = Наблюдение сравнивает ответы моделей категорий и повторных обращений; этот вид не рассматривается.
drift-told = { $figure }: { $now } (следить с { $watch }, тревога с { $alert })
drift-told-difference = { $figure }: было { $before }, стало { $now } (за разностью следить с { $watch }, тревога с { $alert })
drift-table = Изменилось ли что-нибудь
drift-status = Состояние
drift-measure = Мера
drift-before = Было
drift-now = Стало
drift-chance = Случайно до
drift-watch-from = Следить с
drift-alert-from = Тревога с
drift-cases-before = Случаев было
drift-cases-now = Случаев стало
drift-versions = Версии
drift-too-few = слишком мало случаев
drift-ok = без изменений
drift-watch = нужно следить
drift-alert = тревога
measure-psi = индекс стабильности (PSI)
measure-js = расстояние Йенсена–Шеннона
measure-share = доля
measure-mean = среднее
measure-gap = предсказанное минус наблюдаемое
measure-auc = площадь под кривой
drift-category-probability = Вероятность лучшей категории
drift-category-labels = Состав категорий
drift-category-action = Доля действия
drift-category-abstain-reason = Доля воздержаний по причине
drift-category-expected-accuracy = Ожидаемая точность
drift-contact-languages = Состав языков
drift-contact-channels = Состав каналов сообщений
drift-risk-probability = Вероятность возврата
drift-risk-band = Доля уровня риска
drift-risk-mean = Средний риск
drift-risk-calibration = Средний риск минус доля повторов
drift-risk-feature = Признак
drift-closing-categories = Состав категорий закрытий
drift-closing-channels = Состав каналов закрытий
drift-embedding-domain = Различимость нынешних и прежних векторов

## Отчёт о риске
risk-title = Отчёт о риске
risk-scope = Обращения, закрытые с { $from } по { $until } включительно (дни — в часовом поясе { $zone }), и что при закрытии сказала действующая модель риска { $version }: насколько вероятно, что клиент вернётся { $days ->
        [one] в течение { $days } дня
       *[other] в течение { $days } дней
    } с тем же или связанным вопросом.
risk-no-model = Действующей модели риска нет: отчитываться не о чем.
risk-empty = Ни у одного обращения, закрытого в этот период, нет оценки действующей модели риска. Как только она появится, здесь будут показатели.
risk-only-immature = { $count ->
        [one] { $count } закрытое обращение с оценкой слишком недавнее, и других нет
        [few] Все { $count } закрытых обращения с оценкой слишком недавние
       *[other] Все { $count } закрытых обращений с оценкой слишком недавние
    }: вернётся ли клиент, известно через { $days ->
        [one] { $days } день
        [few] { $days } дня
       *[other] { $days } дней
    } после закрытия.
risk-immature = { $count ->
        [one] { $count } закрытое обращение слишком недавнее: оно есть
        [few] { $count } закрытых обращения слишком недавние: они есть
       *[other] { $count } закрытых обращений слишком недавние: они есть
    } только в распределении оценок.
risk-others = { $count ->
        [one] { $count } закрытое обращение периода оценено другой версией модели и здесь не считается.
        [few] { $count } закрытых обращения периода оценены другими версиями модели и здесь не считаются.
       *[other] { $count } закрытых обращений периода оценены другими версиями модели и здесь не считаются.
    }
risk-treated = Клиенты, которых сопровождали, тоже учтены: их может возвращаться меньше, чем предсказано.
risk-said = Что сказала модель
risk-scores = Как распределены оценки
risk-score = Оценка: вероятность возвращения
risk-score-from = Оценка от
risk-score-to = Оценка до
risk-calibration = Предсказанное и наблюдаемое: десять равных групп закрытых обращений по возрастанию оценки
risk-group = Группа
risk-predicted = Предсказано, средняя оценка
risk-observed = Вернулись
risk-observed-explained = { $count } из { $trials } достаточно давних закрытых обращений; предсказано { $predicted }.
risk-mark = предсказано { $predicted }, вернулись { $observed }
risk-ideal = где то и другое равно
risk-parts = По категориям, командам и каналам
risk-by-category = Предсказанное и наблюдаемое по категориям, сначала самые крупные
risk-by-team = Предсказанное и наблюдаемое по командам, сначала самые крупные
risk-by-channel = Предсказанное и наблюдаемое по каналам, сначала самые крупные
risk-caught-title = Что модель уловила бы
risk-capacity = Самые высокие оценки каждого дня, на которые хватает сил команды
risk-capacity-day = Сопровождений в день, не больше
risk-taken = В пределах сил
risk-caught = Из них повторов
risk-precision = Точность
risk-precision-explained = { $count } из { $trials } закрытых обращений в пределах сил оказались повторами.
risk-recall = Уловлено (полнота)
risk-recall-explained = { $count } из { $trials } повторов были среди самых высоких оценок, на которые хватает сил команд. Среди стольких же случайно выбранных обращений их было бы { $chance }.
risk-by-chance = Полнота при случайном выборе
risk-why = Что повышает риск
risk-reasons = Среди трёх самых сильных причин, повышающих риск; сначала самые частые
risk-reason = Причина
risk-reason-share = Из прочитанных
risk-reason-mean = Добавляет в среднем, логарифм шансов
risk-reasons-read = { $count ->
        [one] Прочитаны причины { $count } закрытого обращения.
       *[other] Прочитаны причины { $count } закрытых обращений.
    }
report-pdf = Отчёт в PDF
report-tenant = Организация
report-period = Период
report-zone = Часовой пояс
report-made = Составлен
report-window = Окно модели
report-page = Страница { $page } из { $pages }
report-counted = Что посчитано
report-chart = Диаграмма: { $title }. Показатели стоят в таблице этого отчёта.
risk-note-closings = Посчитаны обращения, закрытые в этот период и оценённые действующей версией модели риска. О закрытых обращениях, которые оценили другие версии, сказано одним предложением, и больше их нигде нет.
risk-note-came-back = Клиент вернулся, если в течение окна модели снова обратился с тем же или связанным вопросом; если человек это исправил, верно исправление. Доли посчитаны по обращениям, чьё окно закончилось. Более недавние есть только в распределении оценок.
risk-note-calibration = В десяти группах поровну закрытых обращений по возрастанию оценки; равные оценки остаются вместе. Интервалы — 95-процентные интервалы доли (Уилсон).
risk-note-capacity = Уловлено: в каждый день команды, по её часам, самые высокие оценки — столько, сколько команда может сопроводить за день. Точность — доля вернувшихся среди них; полнота — доля всех повторов, которая попала в их число; при случайном выборе — полнота стольких же обращений, выбранных наугад.
risk-note-reasons = Причины: как часто признак — одна из трёх самых сильных причин, повышающих риск закрытого обращения. Логарифм шансов: сколько признак добавляет, прежде чем оценка станет вероятностью.

## Следующие вопросы
next-title = Следующие вопросы
next-explained = С чем клиенты возвращаются после закрытия и через сколько времени; сначала вопросы, повторы которых обходятся дороже всего.
next-scope = Рассчитано { $when } по зрелым закрытиям: { $mature }; ещё рано судить о { $immature }. Категорий, где таких закрытий меньше { $minimum } и которые не показаны: { $below }.
next-none = { $count ->
        [one] Ни в одной категории нет { $count } зрелого закрытия.
        [few] Ни в одной категории нет { $count } зрелых закрытий, нужных для чисел.
       *[other] Ни в одной категории нет { $count } зрелых закрытий, нужных для чисел.
    }
next-picture = Какой вопрос следует за каким: доля закрытий и медиана промежутка в днях
next-width = чем шире, тем больше доля
next-more = { $count ->
        [one] Ещё { $count } более редкая пара есть только в таблице.
        [few] Ещё { $count } более редкие пары есть только в таблице.
       *[other] Ещё { $count } более редких пар есть только в таблице.
    }
next-line = { $primary } → { $secondary }: { $share } ({ $count }), медиана промежутка { $gap }
next-table = { $days ->
        [one] Что следовало в течение { $days } дня
        [few] Что следовало в течение { $days } дней
       *[other] Что следовало в течение { $days } дней
    }
next-primary = Закрытый вопрос
next-secondary = Следующий вопрос
next-episodes = Закрытия
next-kind = Связь
next-again = тот же вопрос снова
next-known = известно, что следует
next-unproven = не показано, что следует чаще обычного
next-n = Раз
next-share = Доля
next-lift = Во сколько раз чаще обычного
next-lift-explained = Доли — от закрытий вопроса, с 95%-ным интервалом. Промежутки — от закрытия до первого обращения по следующему вопросу, в днях.
next-gap-quarter = Четверть в течение, дней
next-gap = Медиана промежутка, дней
next-gap-three-quarters = Три четверти в течение, дней
plans-title = Планы
plans-explained = Что отвечают в каждом канале, чтобы клиенту не пришлось возвращаться. Планы и сравнения — по всем командам.
plans-none = Планов нет, и вопросов, которым нужен план, пока не известно.
plans-table = Планы как они есть и повторы при последней действовавшей версии в сравнении с повторами без неё
plan-none = плана ещё нет
plan-version = Версия
plan-status = Состояние
plan-owner = Отвечает
plan-by = Кто написал
plan-when = Когда
plan-review = Пересмотреть
plan-effect-version = Сравнивается версия
plan-with-closings = Закрытий с планом
plan-with = Повторы с планом
plan-without-closings = Закрытий для сравнения
plan-without = Повторы без него
plan-difference = Разница, п. п.
plan-reading = Как это понимать
plan-proposed = черновик
plan-active = действует
plan-retired = больше не действует
plan-title = План: { $category }
plan-back = Все следующие вопросы
plan-now = План как он есть
plan-not-yet = Для этого вопроса плана ещё нет.
plan-accepted = Действует, хотя ответы различаются, потому что
plan-answers = Ответы по каналам
plan-answers-hint = Один ответ на канал. Ответ без текста не сохраняется.
plan-answer = Ответ
plan-message = Сообщение вслед
plan-after-hours = через { $hours } ч после закрытия
plan-hours = Часов от закрытия до сообщения
plan-prevents = Какие вопросы предотвращает
plan-prevents-hint = По одному в строке.
plan-notes = Заметки
plan-findings = Что различается между каналами
plan-effects = Версии и повторы при каждой
plan-versions = Все версии, сначала новейшая
plan-write = Написать следующую версию
plan-review-hint = { $days ->
        [one] Пусто: через { $days } день.
        [few] Пусто: через { $days } дня.
       *[other] Пусто: через { $days } дней.
    }
plan-accept = Ввести в действие, хотя каналы отвечают по-разному
plan-reason = Почему это правильно
plan-changed = Тем временем сохранена версия { $version } (автор — { $who }), { $when }. Выше — план, каков он сейчас.
plan-fault-review = Нужен день после сегодняшнего, например 2026-01-05.
plan-fault-accept = Каналы отвечают по-разному. Исправьте ответы или поставьте отметку ниже и напишите, почему это правильно.
plan-fault-reason = Напишите, почему здесь правильны разные ответы.
plan-fault-channel = Каждому ответу нужен свой канал с именем от 1 до 200 знаков.
plan-fault-answers = Не больше { $channels } каналов, не больше { $chars } знаков в каждом; действующему плану нужен хотя бы один ответ, и ничего не должно остаться незаполненным ({ $gap }).
plan-fault-owner = Действующему плану нужен тот, кто за него отвечает.
plan-fault-prevents = Нужны другие вопросы, а не вопрос самого плана.
plan-fault-hours = Нужно число часов от 0 до { $most }.
plan-fault-message = Нужен текст не длиннее { $chars } знаков; в действующем плане ничего не должно остаться незаполненным ({ $gap }).
plan-fault-text = Не больше { $chars } знаков.

## Weekly report
weekly-title = Недельный отчёт { $week }
weekly-subject = Недельный отчёт { $week }: повторные обращения { $rate }
weekly-scope = Повторные обращения посчитаны по обращениям, закрытым с { $from } по { $until } включительно (дни — в часовом поясе { $zone }): вернётся ли клиент, известно через { $days ->
        [one] { $days } день
        [few] { $days } дня
       *[other] { $days } дней
    } после закрытия, а для этих обращений это было на неделе { $week }. То, что открыто, — на { $made }.
weekly-empty = В эти дни не закрыто ни одного обращения.
weekly-attached = В файле PDF — то же самое и отчёт о риске.
weekly-automatic = Составлено программой recontact; ответы никто не читает.
weekly-delivery-title = Недельный отчёт
weekly-delivery-sent = { $week } передан: { $receivers }.
weekly-delivery-open = { $week } передаётся: { $receivers }.
weekly-delivery-failed = { $week } передать не удалось ({ $receiver }, попыток: { $count }). Следующая попытка — { $next }.
weekly-receiver-folder = папка
weekly-receiver-mail = почта
weekly-receiver-webhook = вебхук
