# Тэксты старонак па-беларуску. Ва ўсіх файлах гэтай папкі адны і тыя ж паведамленні ў адным парадку.

## На кожнай старонцы
skip-to-content = Перайсці да зместу
nav-label = Раздзелы
nav-overview = Агляд
nav-kpis = Паказчыкі
nav-models = Мадэлі
nav-users = Карыстальнікі
nav-audit = Журнал
sign-out = Выйсці
footer-zone = Час пададзены для { $zone }.
save = Захаваць
show = Паказаць
faults-title = Выпраўце, калі ласка:

## Што зроблена
notice-saved = Захавана.
notice-password = Пароль усталяваны. Сеансы, адкрытыя ў іншых месцах, завершаны.
notice-added = Карыстальнік дададзены.
notice-enabled = Карыстальнік зноў можа ўваходзіць.
notice-disabled = Карыстальнік адключаны, усе яго сеансы завершаны.
notice-role = Роля і каманда зменены. Карыстальніку трэба ўвайсці зноў.
notice-signed-out = Вы выйшлі.

## Памылкі
error-to-start = На першую старонку
error-sign-in = Увайдзіце, калі ласка.
error-not-permitted-title = Недаступна для вашай ролі
error-not-permitted = Ваша роля гэтага не дазваляе. Калі вам гэта патрэбна, звярніцеся да адміністратара.
error-not-found-title = Тут нічога няма
error-not-found = Па гэтым адрасе нічога няма, або гэта не прызначана для вас.
error-method-title = Так нельга
error-method = Да гэтага адраса нельга звярнуцца такім чынам. Вярніцеся і скарыстайцеся кнопкамі старонкі.
error-foreign-form-title = Форма састарэла
error-foreign-form = Форма належыць да завершанага сеанса або адпраўлена не з гэтай старонкі. Нічога не зменена. Адкрыйце старонку нанова і паўтарыце дзеянне.
error-unreadable-form-title = Форму не ўдалося прачытаць
error-unreadable-form = Чагосьці ў форме не хапала, або значэнне не тое, што чакалася. Нічога не зменена.
error-attempts-title = Зашмат няправільных пароляў
error-attempts = З вашага адраса прыйшло зашмат няправільных пароляў. Пачакайце некалькі хвілін і паспрабуйце зноў.
error-busy-title = Паспрабуйце яшчэ раз
error-busy = Сэрвіс зараз не можа адказаць. Паспрабуйце яшчэ раз крыху пазней.
error-internal-title = Нешта пайшло не так
error-internal = У сэрвісе адбыўся збой. Прычына запісана ў яго журнале.

## Уваход
sign-in-title = Уваход
sign-in-button = Увайсці
sign-in-no-users = Карыстальнікаў пакуль няма. Першага ствараюць у камандным радку:
sign-in-failed = Імя і пароль не падыходзяць адно да аднаго, або імя заблакавана ці адключана. Пасля { $attempts ->
        [one] { $attempts } няправільнага пароля
       *[other] { $attempts } няправільных пароляў
    } запар імя на час блакуецца.
password = Пароль

## Карыстальнікі
user-name = Імя для ўваходу
user-name-hint = Літары, лічбы і . - _ @; пасля змяніць нельга.
user-display-name = Імя
user-role = Роля
user-team = Каманда
user-team-hint = Для кіраўнікоў каманд: назва каманды, як у зваротах. Яны бачаць толькі гэтую каманду.
user-access = Доступ
user-added = Дададзены
user-is-enabled = можа ўваходзіць
user-is-disabled = адключаны
user-is-self = Гэта вы. Вашу ролю і доступ можа змяніць толькі іншы адміністратар; свой пароль вы мяняеце на старонцы пад вашым імем уверсе.
user-set-role = Роля і каманда
user-set-password = Усталяваць новы пароль
user-sessions-end = Усе сеансы карыстальніка завершацца.
user-enable = Зноў дазволіць уваход
user-disable = Адключыць
users-title = Карыстальнікі
users-back = Усе карыстальнікі
users-count = { $count ->
        [one] { $count } карыстальнік
        [few] { $count } карыстальнікі
       *[other] { $count } карыстальнікаў
    }
users-add = Дадаць карыстальніка
users-add-button = Дадаць
role-manager = Менеджар
role-team-lead = Кіраўнік каманды
role-analyst = Аналітык
role-admin = Адміністратар

## Свой уліковы запіс
account-title = Ваш уліковы запіс
account-preferences = Мова і колеры
account-password = Змяніць пароль
account-password-hint = Сеансы, адкрытыя ў іншых месцах, завершацца.
account-password-button = Змяніць пароль
language = Мова
language-browser = Як у браўзеры
theme = Колеры
theme-system = Як у сістэме
theme-light = Светлыя
theme-dark = Цёмныя
password-now = Цяперашні пароль
password-new = Новы пароль
password-again = Новы пароль яшчэ раз
password-hint = Не карацей за { $least ->
        [one] { $least } сімвал
        [few] { $least } сімвалы
       *[other] { $least } сімвалаў
    }; добра падыходзяць некалькі слоў.

## Што не так з полем
fault-name = Трэба ад 1 да { $most } сімвалаў.
fault-user-name = Трэба ад 1 да { $most } літар, лічбаў і знакаў . - _ @.
fault-user-exists = Карыстальнік з такім імем ужо ёсць.
fault-team-missing = У кіраўніка каманды павінна быць каманда.
fault-password = У новым паролі павінна быць ад { $least } да { $most } сімвалаў.
fault-password-again = Новы пароль паўтораны з адрозненнямі.
fault-password-now = Гэта не ваш цяперашні пароль.
fault-last-admin = Пасля гэтага не было б каму кіраваць карыстальнікамі.

## Журнал
audit-title = Журнал дзеянняў
audit-explained = Хто ўваходзіў, што мяняў і ў чым было адмоўлена; апошнія запісы, не больш за { $most ->
        [one] { $most } радок
        [few] { $most } радкі
       *[other] { $most } радкоў
    }. Змяніць тут нічога нельга.
audit-count = { $count ->
        [one] { $count } радок
        [few] { $count } радкі
       *[other] { $count } радкоў
    }
audit-when = Калі
audit-who = Хто
audit-what = Што
audit-object = З чым
audit-address = Адкуль
audit-nobody = (невядома хто)
audit-signed-in = уваход
audit-sign-in-failed = няправільнае імя або пароль
audit-signed-out = выхад
audit-refused = роля не дазваляе
audit-not-found = запыт таго, чаго няма або што недаступна
audit-user-added = дададзены карыстальнік
audit-user-disabled = адключаны карыстальнік
audit-user-enabled = карыстальніку зноў дазволены ўваход
audit-role-changed = зменена роля або каманда
audit-password-set = усталяваны пароль
audit-exported = табліца ўзята файлам

## Паказчыкі
count-days = { $count ->
        [one] { $count } дзень
        [few] { $count } дні
       *[other] { $count } дзён
    }
interval = інтэрвал 95 %: ад { $low } да { $high }
no-rate = Долі пакуль няма
chart-table = Паказчыкі табліцай
chart-interval = інтэрвал 95 %
chart-young = яшчэ зменіцца
interval-low = Ад
interval-high = Да
closed-tickets = Закрытыя звароты
category = Катэгорыя
label-unknown = (невядома)

## Ключавыя паказчыкі
kpi-title = Ключавыя паказчыкі
kpi-from = З
kpi-until = Па (уключна)
kpi-by = Падзяліць
kpi-by-none = не дзяліць
kpi-only = Толькі гэта (дакладная назва)
kpi-channel = Канал
kpi-segment = Сегмент кліента
kpi-step = Крок графіка
kpi-step-day = Дзень
kpi-step-week = Тыдзень
kpi-step-month = Месяц
kpi-window = Дзён пасля закрыцця
kpi-measure = Паказчык
kpi-scope = З { $from } па { $until } уключна; дні — у часавым поясе { $zone }.
kpi-scope-slice = Толькі { $slice }: { $label }.
kpi-all = Усе паказчыкі за перыяд
kpi-value = Значэнне
kpi-numerator = Што лічыцца
kpi-denominator = З чаго
kpi-cases = Выпадкаў
kpi-window-days = Акно, дзён
kpi-left-out = Не ўвайшло
kpi-remarks = Заўвагі
kpi-definition = Што гэта
kpi-origin = Крыніца
kpi-id = Абазначэнне
kpi-numerator-is = Што лічыцца, словамі
kpi-denominator-is = З чаго, словамі
kpi-part = паведамленняў кліента: { $part }
kpi-seconds = { $number } с
kpi-minutes = { $number } хв
kpi-hours = { $number } гадз
kpi-days = { $number } дз.
kpi-left-immature = { $count ->
        [one] { $count } занадта нядаўні
       *[other] { $count } занадта нядаўніх
    }
kpi-left-without-fields = { $count } без патрэбнага поля
kpi-left-not-resolvable = { $count } не па сілах першай лініі
kpi-left-without-scale = { $count } з невядомай шкалой
kpi-not-measured = { $count ->
        [one] не вымяраецца: у заяўках няма поля { $fields }
       *[other] не вымяраецца: у заяўках няма палёў { $fields }
    }
kpi-no-cases = няма выпадкаў
kpi-small = мала выпадкаў: амаль ні пра што не кажа
kpi-immature-until = яшчэ зменіцца, да { $date }
kpi-small-numbers = Адзначаны паказчыкі, у якіх менш за { $count ->
        [one] { $count } выпадак
        [few] { $count } выпадкі
       *[other] { $count } выпадкаў
    }: яны амаль ні пра што не кажуць.
kpi-immature = { $count ->
        [one] { $count } зварот перыяду скончыўся
        [few] { $count } звароты перыяду скончыліся
       *[other] { $count } зваротаў перыяду скончылася
    } занадта нядаўна: яшчэ невядома, ці вернецца кліент цягам { $days ->
        [one] { $days } дня
       *[other] { $days } дзён
    }. Тое, што ў апошнія дні падобна на паляпшэнне, звычайна тлумачыцца гэтым.
kpi-cut = Першы або апошні крок графіка абрэзаны мяжой перыяду.
kpi-empty = За гэты перыяд нічога не адкрыта, не закрыта і не сказана. Як толькі нешта з’явіцца, тут будуць паказчыкі.
kpi-only-immature = Усе закрыцці гэтага перыяду занадта нядаўнія ({ $count }): долі паўторных зваротаў вядомыя праз { $days ->
        [one] { $days } дзень
        [few] { $days } дні
       *[other] { $days } дзён
    } пасля дня закрыцця.
kpi-not-counted = { $count ->
        [one] { $count } дзень змяніўся і павінен
        [few] { $count } дні змяніліся і павінны
       *[other] { $count } дзён змяніліся і павінны
    } быць спачатку пералічаны — пасля абнаўлення або вялікай загрузкі. Зайдзіце праз некалькі хвілін.
kpi-over-time = Па часе
kpi-trend = Па часе: { $measure }
kpi-slices = Па частках
kpi-by-slice = { $measure }: { $slice }, па парадку назваў
kpi-change-title = Што змянілася з папярэдняга перыяду: { $measure }
kpi-change-from-to = З { $before } да { $after }: { $difference } п. п. (інтэрвал 95 %: ад { $low } да { $high }).
kpi-change-before = Папярэдні перыяд
kpi-change-after = Гэты перыяд
kpi-change-none = У адным з двух перыядаў няма дастаткова даўніх выпадкаў.
kpi-fault-day = Патрэбны дзень, напрыклад 2026-01-05, не раней за 1970 год.
kpi-fault-period = Апошні дзень не можа быць раней за першы, і ўсяго можа быць не больш за { $most ->
        [one] { $most } дзень
        [few] { $most } дні
       *[other] { $most } дзён
    }.
kpi-fault-by = Можна падзяліць па камандах, катэгорыях, каналах або сегментах.
kpi-fault-only = Каб убачыць адну частку, скажыце, па чым дзяліць.
kpi-fault-own-team = Вы бачыце толькі сваю каманду, і далей яна не дзеліцца.
kpi-fault-measure = Такога паказчыка няма.
kpi-fault-window = Можна 1, 3, 7, 14 або 30 дзён.
kpi-fault-step = Можна дзень, тыдзень або месяц.
kpi-fault-steps = На графіку можа быць не больш за { $most ->
        [one] { $most } крок
        [few] { $most } крокі
       *[other] { $most } крокаў
    }: абярыце даўжэйшы крок або карацейшы перыяд.
kpi-fault-slices = Частак занадта шмат: не больш за { $most ->
        [one] { $most } паказчык
        [few] { $most } паказчыкі
       *[other] { $most } паказчыкаў
    }. Паглядзіце адну частку.

## Агляд
overview-title = Агляд
overview-window = Вярнуліся на працягу
overview-period = Закрыты за апошнія
overview-until = Да (пуста: да сёння)
overview-closed-between = Закрыты:
overview-immature = { $count ->
        [0] Усе закрытыя звароты закрыты дастаткова даўно.
        [one] { $count } навейшы зварот закрыты занадта нядаўна і не ўлічаны.
        [few] { $count } навейшыя звароты закрыты занадта нядаўна і не ўлічаны.
       *[other] { $count } навейшых зваротаў закрыта занадта нядаўна і не ўлічана.
    }
overview-empty = Пакуль ніводзін зварот не закрыты дастаткова даўно. Як толькі такія з’явяцца, тут будуць паказчыкі.
repeat-rate = Паўторныя звароты
repeat-rate-explained = { $count } з { $trials }: пасля закрыцця кліент вярнуўся на працягу { $days ->
        [one] { $days } дня
       *[other] { $days } дзён
    } з тым жа або звязаным пытаннем.
resolution-rate = Вырашана з першага звароту
resolution-rate-explained = { $count } з { $trials }: на працягу { $days ->
        [one] { $days } дня
       *[other] { $days } дзён
    } з тым жа пытаннем ніхто не вярнуўся.
explicit-share = Зноў тое ж пытанне
explicit-share-explained = { $count } з { $trials } паўтораў — пра тое ж; астатнія — пра звязанае пытанне.
overview-team = толькі каманда { $team }
overview-weeks = Па тыднях
overview-trend = Паўторныя звароты па тыднях закрыцця
overview-no-trend = Пакуль няма чаго паказаць.
overview-trend-week = Тыдзень закрыцця, з
at-risk = Цяпер пад высокай рызыкай
at-risk-explained = Закрыты за апошнія { $days ->
        [one] { $days } дзень
        [few] { $days } дні
       *[other] { $days } дзён
    } з высокай рызыкай; кліент пакуль не вярнуўся.
follow-ups-due = Трэба звязацца
follow-ups-due-explained = { $overdue ->
        [0] Ніводзін тэрмін не прайшоў.
        [one] У { $overdue } выпадку тэрмін ужо прайшоў.
       *[other] У { $overdue } выпадках тэрмін ужо прайшоў.
    }
change-title = Што змянілася за тыдзень
change-from-to = Доля паўторных зваротаў змянілася з { $before } да { $after }: { $difference } п. п. (інтэрвал 95 %: ад { $low } да { $high }).
change-clear = Гэта больш, чым тлумачыцца выпадковасцю.
change-unclear = Гэта можна растлумачыць адной выпадковасцю.
change-parts = З іх { $mix } — таму што прыйшлі іншыя катэгорыі (склад), і { $rate } — таму што змяніліся самі катэгорыі (доля).
change-table = Катэгорыі, якія паўплывалі мацней за ўсё, у працэнтных пунктах
change-before = Да таго
change-after = За тыдзень
change-mix = Склад
change-rate = Доля
change-total = Разам
change-bar = Паласа
change-more = { $count ->
        [one] І яшчэ { $count } катэгорыя з меншым укладам.
        [few] І яшчэ { $count } катэгорыі з меншым укладам.
       *[other] І яшчэ { $count } катэгорый з меншым укладам.
    }
change-none = Няма двух тыдняў, у якія звароты закрыты дастаткова даўно.
freshness-title = Наколькі гэта свежае
freshness-closing = Апошні закрыты зварот
freshness-contact = Апошні кантакт
freshness-now = Гэта старонка
monitoring-title = Адхіленні
monitoring-unknown = Ці ёсць адхіленні, цяпер вылічваецца або пакуль невядома.
monitoring-quiet = Адхіленняў няма, наколькі пра гэта можна меркаваць па колькасці выпадкаў.
monitoring-alerts = { $count ->
        [one] { $count } паказчык выклікае трывогу:
        [few] { $count } паказчыкі выклікаюць трывогу:
       *[other] { $count } паказчыкаў выклікаюць трывогу:
    }
monitoring-watched = { $count ->
        [one] За { $count } паказчыкам трэба сачыць:
       *[other] За { $count } паказчыкамі трэба сачыць:
    }

models-title = Мадэлі
models-explained = Усе версіі ў папцы мадэляў. Змяніць дзейную можна ў камандным радку: recontact models promote, rollback і shadow.
models-errors = Што не ўдалося загрузіць
models-none = Мадэляў няма: папка мадэляў пустая.
models-count = { $count ->
    [one] { $count } версія
    [few] { $count } версіі
   *[other] { $count } версій
}
models-kind = Мадэль
models-version = Версія
models-state = Стан
models-trained = Навучана
models-live-since = Дзейнічае з
models-by = Хто
models-how = Як
models-reason = Прычына
models-figures = Паказчыкі на адкладзеных даных, вымераныя пры навучанні
models-figure = Паказчык
models-value = Значэнне
models-unreadable = апісанне не чытаецца
models-live = дзейнічае
models-live-not-serving = дзейная, але не загружана
models-serving = яшчэ адказвае, ужо не дзейная
models-shadow = працуе побач з дзейнай
models-idle = не выкарыстоўваецца
model-category = катэгорыя
model-kind = від
model-urgency = тэрміновасць
model-team = каманда
model-language = мова
model-risk = паўторны зварот
model-step-first = першая
model-step-promoted = параўнана і не горшая
model-step-forced = без параўнання
model-step-rolled-back = вяртанне да ранейшай
