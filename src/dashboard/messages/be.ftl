# Тэксты старонак па-беларуску. Ва ўсіх файлах гэтай папкі адны і тыя ж паведамленні ў адным парадку.

## На кожнай старонцы
skip-to-content = Перайсці да зместу
nav-label = Раздзелы
nav-overview = Агляд
nav-kpis = Паказчыкі
nav-risk = Рызыка
nav-queue = Суправаджэнне
nav-effect = Эфект
nav-next-issues = Наступныя пытанні
nav-models = Мадэлі
nav-users = Карыстальнікі
nav-audit = Журнал
sign-out = Выйсці
footer-zone = Час пададзены для { $zone }.
demonstration = Дэманстрацыя: сапраўдныя звароты адной ІТ-падтрымкі за 2016 год. Гадзіннік гэтай службы пераведзены на той час: цяпер { $now }. Тады з гэтымі кліентамі ніхто паўторна не звязваўся.
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
notice-claim = Зварот за вамі.
notice-release = Зварот зноў у чарзе.
notice-follow-up-done = Запісана: кліент атрымаў адказ.
notice-snooze = Адкладзена; вернецца ў чаргу само.
notice-disagree = Запісана: вы не згодны з ацэнкай.
notice-not-needed = Запісана: не патрабуецца.
notice-model = Запісана. Сэрвіс сам пяройдзе на гэтую мадэль праз некалькі імгненняў.
notice-signed-out = Вы выйшлі.
conflict-kept = Ваша дзеянне не выканана. Уведзенае захавана ніжэй.

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
error-outdated-title = Уваход састарэў
error-outdated = Прайшло зашмат часу, уваход ужо выкарыстаны або пачаты ў іншым браўзеры. Пачніце нанова на старонцы ўваходу.
error-denied-title = Уваход не пацверджаны
error-denied = Служба ўваходу не пацвердзіла, хто вы, або вы адмянілі ўваход.
error-untrusted-title = Уваход не ўдалося праверыць
error-untrusted = Адказ службы ўваходу не ўдалося праверыць, таму ўваход не выкананы. Калі гэта паўторыцца, паведаміце адміністратару; прычына запісана ў журнале сэрвісу.
error-unreachable-title = Служба ўваходу не адказвае
error-unreachable = Служба, якая пацвярджае, хто вы, зараз недаступная. Паспрабуйце яшчэ раз крыху пазней.
error-no-role-title = Няма доступу
error-no-role = Служба ўваходу ведае вас, але ніводная з вашых груп не дае ролі тут. Калі вам патрэбны доступ, звярніцеся да адміністратара.
error-disabled-title = Доступ адключаны
error-disabled = Адміністратар адключыў ваш доступ. Калі ён вам патрэбны, звярніцеся да адміністратара.
error-busy-title = Паспрабуйце яшчэ раз
error-busy = Сэрвіс зараз не можа адказаць. Паспрабуйце яшчэ раз крыху пазней.
error-not-counted-title = Паказчыкі яшчэ падлічваюцца
error-not-counted = Пасля абнаўлення або вялікай загрузкі дні спачатку пералічваюцца. Зайдзіце праз некалькі хвілін.
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
sign-in-through = Увайсці праз { $provider }
sign-in-password = Па імені і паролі
signed-out-title = Тут вы выйшлі
signed-out-leads-on = Зараз выконваецца выхад і ў { $provider }. Калі нічога не адбываецца, працягніце самі.
signed-out-go-on = Працягнуць
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
user-provider = Уваходзіць праз
user-is-provided = Ролю, каманду і пароль вызначае служба, праз якую ўваходзіць карыстальнік; роля і каманда пераймаюцца пры кожным уваходзе.
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
fault-reason = Патрэбны адзін радок ад 1 да 1000 сімвалаў.
fault-name = Трэба ад 1 да { $most } сімвалаў.
fault-user-name = Трэба ад 1 да { $most } літар, лічбаў і знакаў . - _ @.
fault-user-exists = Карыстальнік з такім імем ужо ёсць.
fault-team-missing = У кіраўніка каманды павінна быць каманда.
fault-password = У новым паролі павінна быць ад { $least } да { $most } сімвалаў.
fault-password-again = Новы пароль паўтораны з адрозненнямі.
fault-password-now = Гэта не ваш цяперашні пароль.
fault-password-locked = Было зашмат няправільных пароляў: паспрабуйце пазней.
fault-last-admin = Пасля гэтага не было б каму кіраваць карыстальнікамі.

## Журнал
audit-title = Журнал дзеянняў
audit-explained = Хто ўваходзіў, што мяняў і ў чым было адмоўлена; спачатку новыя запісы. Змяніць тут нічога нельга.
audit-kept = Запісы, старэйшыя за { $days ->
        [one] { $days } дзень
        [few] { $days } дні
       *[other] { $days } дзён
    }, выдаляюцца.
audit-older = Больш старыя запісы
audit-newest = Самыя новыя запісы
audit-any-action = Любое дзеянне
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
audit-sign-in-refused = уваход праз службу ўваходу не выкананы
audit-provider-failed = збой службы ўваходу
audit-signed-out = выхад
audit-refused = роля не дазваляе
audit-not-found = запыт таго, чаго няма або што недаступна
audit-user-added = дададзены карыстальнік
audit-user-disabled = адключаны карыстальнік
audit-user-enabled = карыстальніку зноў дазволены ўваход
audit-role-changed = зменена роля або каманда
audit-password-set = усталяваны пароль
audit-plan-written = напісана версія плана
audit-exported = табліца ўзята файлам
audit-model-changed = іншая мадэль зроблена дзейнай
audit-expired = выдалены запісы, старэйшыя за тэрмін захоўвання (колькі)

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
        [one] не вымяраецца: у зваротах няма поля { $fields }
       *[other] не вымяраецца: у зваротах няма палёў { $fields }
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
resolution-rate = Вырашана адным зваротам, любы канал
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
at-risk-explained = Закрыты за { $days ->
        [one] апошні { $days } дзень
        [few] апошнія { $days } дні
       *[other] апошнія { $days } дзён
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
change-immature = { $count ->
        [one] Пакуль не ўлічаны { $count } эпізод абодвух перыядаў: ён скончыўся
        [few] Пакуль не ўлічаны { $count } эпізоды абодвух перыядаў: яны скончыліся
       *[other] Пакуль не ўлічаны { $count } эпізодаў абодвух перыядаў: яны скончыліся
    } занадта нядаўна. Гэта яшчэ зменіцца, да { $date }.
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

## Суправаджэнне
queue-title = Суправаджэнне
queue-item-title = Суправаджэнне звароту { $ticket }
queue-back = Уся чарга
queue-all-teams = Усе каманды
queue-no-team = Без каманды
queue-all-categories = Усе катэгорыі
queue-state = Стан
queue-today = Узяць сёння
queue-due = Тэрмін
queue-due-any = Любы
queue-due-overdue = Пратэрмінавана
queue-due-today = Сёння або раней
queue-waiting = чакае
queue-suppressed = не праводзіць
queue-claimed = у працы
queue-done = зроблена
queue-snoozed = адкладзена
queue-disagreed = ацэнка аспрэчана
queue-not-needed = не патрабуецца
queue-expired = тэрмін скончыўся
queue-empty = Паказаць няма чаго: нічога не падыходзіць або каманда ўзяла на сёння ўсё, што можа.
queue-day = { $count ->
        [one] сёння можна ўзяць яшчэ { $count } зварот (узята { $taken } з { $capacity }).
        [few] сёння можна ўзяць яшчэ { $count } звароты (узята { $taken } з { $capacity }).
       *[other] сёння можна ўзяць яшчэ { $count } зваротаў (узята { $taken } з { $capacity }).
    }
queue-quiet-until = Ціхія гадзіны да
queue-count = { $count ->
        [one] { $count } зварот, самыя тэрміновыя зверху
        [few] { $count } звароты, самыя тэрміновыя зверху
       *[other] { $count } зваротаў, самыя тэрміновыя зверху
    }
queue-ticket = Зварот
queue-probability = Вернецца
queue-band = Рызыка
queue-claimed-by = У працы ў
queue-model = Мадэль рызыкі
queue-available = Можна пачаць
queue-expires = Марна пасля
queue-closed = Зварот закрыты
queue-overdue = пратэрмінавана
queue-came-back = кліент вярнуўся
queue-came-back-at = Кліент ужо вярнуўся: спачатку паглядзіце на той зварот. Ён прыйшоў
queue-more = Далей
queue-claim = Узяць
queue-release = Вярнуць у чаргу
queue-list-changed = Нехта змяніў спіс; ён абноўлены.
queue-item-changed = Нехта ўжо змяніў гэты зварот.
queue-show-now = Паказаць, як цяпер
queue-why = Чаму кліент, верагодна, вернецца
queue-no-reasons = Прычыны невядомыя.
queue-next-issue = { $days ->
        [one] Верагодна, далей: { $category } ({ $share } за { $days } дзень), каля { $when }.
        [few] Верагодна, далей: { $category } ({ $share } за { $days } дні), каля { $when }.
       *[other] Верагодна, далей: { $category } ({ $share } за { $days } дзён), каля { $when }.
    }
queue-expected-repeat = { $days ->
        [one] Тое ж пытанне ўзнікае зноў у { $share } выпадкаў за { $days } дзень, звычайна каля { $when }.
        [few] Тое ж пытанне ўзнікае зноў у { $share } выпадкаў за { $days } дні, звычайна каля { $when }.
       *[other] Тое ж пытанне ўзнікае зноў у { $share } выпадкаў за { $days } дзён, звычайна каля { $when }.
    }
queue-message = Што сказаць
queue-no-message = У катэгорыі няма плана з паведамленнем.
queue-plan = План, версія { $version }; адказвае: { $owner }.
queue-steps = Што можна зрабіць
queue-finish-title = З кліентам звязаліся
queue-finish = Зроблена
queue-channel = Канал
channel-email = Эл. пошта
channel-phone = Тэлефон
channel-chat = Чат
queue-note = Што запомніць (без персанальных даных)
queue-snooze-title = Адкласці
queue-snooze = Адкласці
queue-until = Да
queue-reason = Прычына
queue-reason-hint = У некалькіх словах, без персанальных даных.
queue-decide-title = Не праводзіць
queue-disagree = Ацэнка няверная
queue-drop = Не патрабуецца
queue-conversation = Перапіска
queue-history = Што ўжо зроблена
queue-changed = Вас апярэдзілі: { $who }, { $what }, { $when }. Цяпер стан: { $status }.
queue-not-allowed = Цяпер гэта немагчыма. Стан: { $status }.
queue-capacity-reached = { $count ->
        [one] Каманда бярэ { $count } зварот у дзень. Спачатку завяршыце або вярніце адзін.
        [few] Каманда бярэ { $count } звароты ў дзень. Спачатку завяршыце або вярніце адзін.
       *[other] Каманда бярэ { $count } зваротаў у дзень. Спачатку завяршыце або вярніце адзін.
    }
queue-quiet = Да { $until } кліента не варта турбаваць.
fault-until = Чакаецца час пасля цяперашняга і да { $expires }, не ў ціхія гадзіны.
fault-moment = Чакаюцца дата і час.
step-enqueue = пастаўлена ў чаргу
step-claim = узята ў працу
step-release = вернута
step-done = зроблена
step-snooze = адкладзена
step-disagree = ацэнка аспрэчана
step-not-needed = не патрабуецца
step-expire = тэрмін скончыўся
step-suppress = знята з чаргі
band-high = высокая
band-medium = сярэдняя
band-low = нізкая
kind-substantive = пытанне па сутнасці
kind-thanks = падзяка
kind-auto-reply = аўтаадказ
kind-bounce = не дастаўлена
kind-survey-reply = адказ на апытанне
kind-spam = рэклама
kind-agent-created = напісана супрацоўнікам
author-customer = кліент
author-agent = супрацоўнік
author-system = праграма

## Перапіска
conversation-count = { $count ->
        [one] { $count } паведамленне, новыя ўнізе
        [few] { $count } паведамленні, новыя ўнізе
       *[other] { $count } паведамленняў, новыя ўнізе
    }
conversation-empty = Паведамленняў, вядомых сістэме, няма.
conversation-redacted = Персанальныя даныя выдалены да захавання тэкстаў. Тэксты захоўваюцца { $days ->
        [one] { $days } дзень.
        [few] { $days } дні.
       *[other] { $days } дзён.
    }
conversation-off = Тэксты тут не захоўваюцца: так наладжана служба. Яны ёсць у вашай сістэме зваротаў.
conversation-erased = Тэкст выдалены разам з данымі кліента.
conversation-old = Тэкст больш не захоўваецца: прайшло больш за { $days ->
        [one] { $days } дзень.
        [few] { $days } дні.
       *[other] { $days } дзён.
    }
conversation-gone = Тэкст тут не захоўваецца: ён ёсць у вашай сістэме зваротаў.
conversation-nothing = Толькі цытата або подпіс.
conversation-rest = Астатняе ({ $count ->
        [one] { $count } знак
        [few] { $count } знакі
       *[other] { $count } знакаў
    })
conversation-cut = Працяг ёсць у вашай сістэме зваротаў.
conversation-first = першае паведамленне, паводле звароту
conversation-last = апошняе паведамленне, паводле звароту
conversation-answer = адказ, паводле звароту
redacted-title = Выдалена да захавання тэксту: { $what }
redacted-email = эл. адрас
redacted-phone = нумар тэлефона
redacted-card = нумар карткі
redacted-iban = нумар рахунку
redacted-passport = нумар пашпарта
redacted-national-id = асабісты нумар
redacted-tax-id = падатковы нумар
redacted-query = частка спасылкі
redacted-ip = IP-адрас
redacted-secret = пароль або код
redacted-location = паштовы адрас
redacted-person = імя

## Зварот
ticket-title = Зварот { $ticket }
ticket-link = Зварот з усімі падзеямі
ticket-customer = Кліент (хэш з ключом)
ticket-reopens = Адкрыта паўторна
ticket-open = адкрыта
ticket-closed = закрыта
ticket-opened = адкрыта
ticket-timeline = Што адбывалася
ticket-events = { $count ->
        [one] { $count } падзея па парадку
        [few] { $count } падзеі па парадку
       *[other] { $count } падзей па парадку
    }
ticket-details = Падрабязнасці
ticket-classified = { $category } (мадэль { $model })
ticket-assessed = Верагоднасць вяртання { $share }, рызыка { $band } (мадэль { $model })
ticket-not-assessed = Рызыка не ацэньвалася.
ticket-feedback = пазнака выпраўлена або пацверджана
ticket-feedback-details = { $head }: { $label }; прадказана: { $predicted } (мадэль { $model })
ticket-step = суправаджэнне: { $what }
ticket-corrected = вынік выпраўлены
ticket-outcomes = Ці вярнуўся кліент
ticket-outcomes-by-window = Вынік кожнага закрыцця па вокнах
ticket-never-closed = Зварот не закрываўся.
ticket-episode = Закрыццё
ticket-window = На працягу
ticket-outcome = Вынік
ticket-matures = Акно сканчаецца
outcome-immature = пакуль невядома: акно не скончылася
outcome-none = не вярнуўся
outcome-explicit = вярнуўся з тым жа пытаннем
outcome-implicit = вярнуўся са звязаным пытаннем
outcome-induced = толькі адказаў на наша паведамленне
outcome-unrelated = звярнуўся толькі з іншым пытаннем

## A customer
customer-title = Кліент { $key }…
customer-link = Усё, што вядома пра кліента
customer-explained = Усё, што вядома пра аднаго чалавека, пад якім бы імем ён ні пісаў. У адрасе стаіць хэш з ключом: па ім нельга даведацца, хто гэта.
customer-team = Толькі тое, што адносіцца да зваротаў каманды { $team }.
customer-opted-out = Кліент прасіў не ацэньваць яго і не звязвацца з ім, з { $since }.
customer-tickets = Звароты
customer-open = З іх адкрытыя
customer-identities = Імёны
customer-follow-ups = Незавершаныя суправаджэнні
customer-no-follow-ups = Такіх няма.
customer-follow-ups-count = { $count ->
        [one] { $count } суправаджэнне, найбліжэйшае па тэрміне першым
        [few] { $count } суправаджэнні, найбліжэйшае па тэрміне першым
       *[other] { $count } суправаджэнняў, найбліжэйшае па тэрміне першым
    }
customer-events-count = { $count ->
        [one] { $count } падзея, спачатку новыя
        [few] { $count } падзеі, спачатку новыя
       *[other] { $count } падзей, спачатку новыя
    }
customer-no-events = Пра падзеі нічога не вядома.
customer-newest = Самыя новыя падзеі
customer-older = Ранейшыя падзеі
customer-ticket-opened = зварот адкрыты
customer-ticket-closed = зварот закрыты
customer-ticket-reopened = зварот адкрыты паўторна
customer-closing = Закрыццё { $number }, { $category }. { $said }
customer-correction = Закрыццё { $number }: { $outcome }. { $reason }
customer-merged = імёны аб'яднаны
customer-unmerged = імёны зноў падзелены
customer-opt-out = прасіў не звязвацца
customer-opt-in = з ім зноў можна звязвацца
customer-no-closings = Сярод гэтых падзей няма закрыццяў.
customer-outcomes-count = { $count ->
        [one] Што стала з { $count } закрыццём са спіса вышэй, па вокнах
       *[other] Што стала з { $count } закрыццямі са спіса вышэй, па вокнах
    }
customer-within = { $count ->
        [one] На працягу { $count } дня
       *[other] На працягу { $count } дзён
    }
customer-identities-title = Звязаныя імёны
customer-identities-table = Імёны аднаго і таго ж чалавека
customer-identity = Хэш з ключом
customer-identity-kind = Што гэта
identity-customer = нумар у службе падтрымкі
identity-email = адрас электроннай пошты
identity-phone = нумар тэлефона
identity-external = нумар у іншай сістэме

## Similar cases
similar-title = Падобныя выпадкі ў мінулым
similar-off = Пошук падобных выпадкаў выключаны (similar.enabled).
similar-no-encoder = Кадавальнік не загружаны: цяпер параўнаць тэксты нельга.
similar-no-vector = Параўноўваць няма чаго: ніводзін тэкст кліента ў гэтым звароце не закадаваны, або кліент выдалены.
similar-other-encoder = Тэксты звароту закадаваны не тым кадавальнікам, які працуе цяпер: вектары двух кадавальнікаў параўнаць нельга.
similar-later = Вектары чытаюцца з базы даных. Абнавіце старонку праз некалькі секунд.
similar-scope = { $count ->
        [one] Закрытыя звароты па першым тэксце кліента; ён параўнаны з { $count } паведамленнем (кадавальнік { $encoder }). Падабенства 1 – той жа тэкст.
       *[other] Закрытыя звароты па першым тэксце кліента; ён параўнаны з { $count } паведамленнямі (кадавальнік { $encoder }). Падабенства 1 – той жа тэкст.
    }
similar-not-comparable = { $count ->
        [one] { $count } паведамленне закадавана іншым кадавальнікам, і параўнаць яго нельга.
        [few] { $count } паведамленні закадаваны іншым кадавальнікам, і параўнаць іх нельга.
       *[other] { $count } паведамленняў закадавана іншым кадавальнікам, і параўнаць іх нельга.
    }
similar-team = Толькі звароты каманды { $team }, сярод 2000 самых падобных паведамленняў.
similar-others = { $count ->
        [one] { $count } выпадак іншага кліента, спачатку самы падобны
        [few] { $count } выпадкі іншых кліентаў, спачатку самы падобны
       *[other] { $count } выпадкаў іншых кліентаў, спачатку самы падобны
    }
similar-same = { $count ->
        [one] { $count } выпадак таго ж кліента, спачатку самы падобны
        [few] { $count } выпадкі таго ж кліента, спачатку самы падобны
       *[other] { $count } выпадкаў таго ж кліента, спачатку самы падобны
    }
similar-no-others = Закрытых выпадкаў іншых кліентаў не знайшлося.
similar-no-same = Іншых закрытых выпадкаў таго ж кліента не знайшлося.
similar-similarity = Падабенства
similar-came-back = { $days ->
        [one] Ці вярнуўся на працягу { $days } дня
       *[other] Ці вярнуўся на працягу { $days } дзён
    }
similar-followed-up = Суправаджэнне
similar-none = без суправаджэння

## Effect
effect-title = Эфект суправаджэння
effect-experiment = Эксперымент
effect-scope = Пачаты { $started }; суправаджаецца { $share } кліентаў; паўтор лічыцца цягам { $days ->
        [one] { $days } дня
       *[other] { $days } дзён
    } пасля закрыцця. Усе каманды.
effect-none = Эксперыментаў яшчэ не было.
effect-demonstration = У 2016 годзе з гэтымі кліентамі ніхто паўторна не звязваўся. Па групах яны падзелены выпадкова, але абслугоўвалі абедзве групы аднолькава: усё, чым яны тут адрозніваюцца, — выпадковасць, і высновы пра эфект быць не павінна.
effect-too-early = Казаць яшчэ рана.
effect-invalid = Памеры груп не такія, якія дала б выпадковасць: ніводнаму ліку тут верыць нельга.
effect-reduces = Суправаджэнне памяншае лік паўтораў.
effect-increases = Суправаджэнне павялічвае лік паўтораў.
effect-no-difference = Розніца не паказана.
effect-next-look = Наступная запланаваная праверка: { $date }
effect-ratio-nobody = Праверка суадносін груп: у эксперыменце пакуль нікога няма.
effect-ratio-fits = Праверка суадносін груп: кліентаў з суправаджэннем — { $treatment }, без яго — { $control }; план { $share }, p = { $p }: памеры падыходзяць.
effect-ratio-broken = Праверка суадносін груп: кліентаў з суправаджэннем — { $treatment }, без яго — { $control }; план { $share }, p = { $p }: памеры не падыходзяць.
effect-left-out = Выключаны: кліенты ў абедзвюх групах: { $both }; звароты, закрыццё якіх больш не вядомае: { $unknown }.
effect-arms = Абедзве групы
effect-arm = Група
effect-treatment = З суправаджэннем
effect-control = Без суправаджэння (кантроль)
effect-customers = Кліенты
effect-flagged = Адзначана
effect-immature = Яшчэ рана
effect-mature = Спелыя
effect-repeats = Паўторы
effect-rate = Доля паўтораў
effect-rates = Долі паўтораў у абедзвюх групах
effect-induced = Адказы на наша суправаджэнне
effect-contacted = Сапраўды звязаліся
effect-results = Што атрымалася
effect-figure = Паказчык
effect-difference = Розніца доляў паўтораў, п. п.
effect-gross = Прадухілена кантактаў
effect-induced-net = Кантакты праз наша суправаджэнне
effect-cost = Кошт суправаджэння ў кантактах
effect-net = Прадухілена кантактаў, нета
effect-money = Зберажона, нета, у грашах
effect-costs = Грошы лічацца так: { $repeat } за паўторны кантакт і { $follow_up } за суправаджэнне, у валюце раздзела [costs] налад; кошт па асобных катэгорыях не ўлічваецца.
effect-nothing-mature = Розніцы пакуль няма: у абедзвюх групах патрэбныя спелыя звароты.
models-title = Мадэлі
models-explained = Усе версіі ў папцы мадэляў і тое, ці можа кожная па праверцы заняць месца дзейнай. У кожнага віду ёсць свая старонка: паказчыкі побач, параўнанні, адхіленні, гісторыя; там адміністратар робіць дзейнай іншую версію.
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
model-change-title = Мадэль: { $kind }
models-back = Усе мадэлі
model-make-live = Версія, якая стане дзейнай
model-was-live = { $version } (працавала раней)
model-reason-hint = Застанецца ў гісторыі разам з вашым імем.
model-change = Зрабіць дзейнай
model-change-explained = Спачатку версія правяраецца цалкам; пакуль новая не загружана, адказвае ранейшая. Разам з заменай захоўваюцца параўнанне, на якое абапіраецца праверка, і ваша прычына.
model-no-other = Іншых версій гэтага віду няма.
model-overtaken = Тым часам дзейнай стала іншая версія: { $version }. Нічога не зменена; паглядзіце яшчэ раз, перш чым вырашаць.
model-refused = Нічога не зменена: { $reason }

## One kind of model
models-gate = Праверка перад заменай
models-figures-title = Паказчыкі навучання
models-compared = Што паказала параўнанне
models-comparison-sha256 = SHA-256 параўнання
models-history-title = Хто што зрабіў дзейным
models-history = { $count ->
        [one] { $count } крок, спачатку апошні
        [few] { $count } крокі, спачатку апошні
       *[other] { $count } крокаў, спачатку апошні
    }
models-no-history = Пакуль нічога не запісана.
model-change-heading = Зрабіць дзейнай іншую версію
model-passes = { $version } (праверку праходзіць)
model-needs-override = { $version } (праверку не праходзіць)
model-override = Замяніць насуперак праверцы
model-override-hint = Патрэбна, калі версія праверку не праходзіць. У гісторыі тады стаіць «без параўнання», ваша імя і прычына; нішто не даказвае, што версія не горшая.
fault-override = Гэта версія праверку не праходзіць. Нічога не зменена; замяніце насуперак праверцы або спачатку параўнайце версіі.
gate-title = Ці можа іншая версія заняць месца дзейнай?
gate-explained = Праверка патрабуе параўнання абедзвюх на адных і тых жа радках, на якіх ніводная не навучалася: вырашальны паказчык не павінен быць горшым, чым у дзейнай. Параўнанні бяруцца з папкі comparisons у папцы мадэляў (recontact-train compare --out). Для вяртання да ранейшай версіі параўнанне не патрэбна.
gate-table = Што праверка кажа пра кожную версію
gate-comparisons = Абедзве версіі на адных і тых жа радках
gate-first = Праходзіць: дзейнай версіі гэтага віду няма.
gate-same = Праходзіць: тая ж мадэль, што і дзейная, да байта.
gate-not-compared = Не праходзіць: з дзейнай версіяй яе ніхто не параўноўваў.
gate-passes = Праходзіць: параўнана і не горшая ({ $told }).
gate-refused = Не праходзіць: { $why }
gate-unreadable = Сказаць нічога нельга: { $reason }
gate-other-models = параўноўваліся іншыя мадэлі ({ $found }).
gate-too-old = параўнанне зроблена { $when }, раней, чым навучана { $version }.
gate-trained-on = параўнанне зроблена на файле { $file }, на якім навучана { $version }.
gate-too-few = у параўнанні { $rows } радкоў; трэба не менш за { $fewest }.
gate-nothing-decides = у параўнанні няма вырашальнага паказчыка.
gate-worse = яна горшая: { $metric } { $candidate }, у дзейнай { $live }.
gate-override-needed = Толькі насуперак праверцы
gate-yes = так
gate-no = не
gate-data = На якім файле
gate-rows = Радкоў
gate-compared-at = Калі параўнана
gate-decides = Вырашальны
gate-compared-with = З якой версіяй
gate-live-value = У той
gate-candidate-value = У гэтай
gate-difference = Рознасць
gate-worse-than = Горш
shadow-title = Побач з дзейнай
shadow-none = Побач з дзейнай ніводная версія не працуе (recontact models shadow).
shadow-explained = Абедзве атрымліваюць адны і тыя ж пытанні; адказы гэтай версіі нікому не паказваюцца. Лік вядзецца з таго часу, як гэты працэс загрузіў абедзве.
shadow-table = Наколькі яна згодна з дзейнай
shadow-beside = Побач з
shadow-compared = Пытанняў
shadow-same = Доля аднолькавых адказаў
shadow-difference = Сярэдняя рознасць імавернасці
shadow-absolute = Тое ж без знака
shadow-failed = Збояў
drift-scope = Параўноўваецца: з { $from } па { $until } і час да гэтага, з { $before }.
drift-not-monitored = Назіранне параўноўвае адказы мадэляў катэгорый і паўторных зваротаў; гэты від не разглядаецца.
drift-told = { $figure }: { $now } (сачыць з { $watch }, трывога з { $alert })
drift-told-difference = { $figure }: было { $before }, стала { $now } (за рознасцю сачыць з { $watch }, трывога з { $alert })
drift-table = Ці змянілася што-небудзь
drift-status = Стан
drift-measure = Мера
drift-before = Было
drift-now = Стала
drift-chance = Выпадкова да
drift-watch-from = Сачыць з
drift-alert-from = Трывога з
drift-cases-before = Выпадкаў было
drift-cases-now = Выпадкаў стала
drift-versions = Версіі
drift-too-few = занадта мала выпадкаў
drift-ok = без змен
drift-watch = трэба сачыць
drift-alert = трывога
measure-psi = індэкс стабільнасці (PSI)
measure-js = адлегласць Енсена–Шэнана
measure-share = доля
measure-mean = сярэдняе
measure-gap = прадказанае мінус назіранае
measure-auc = плошча пад крывой
drift-category-probability = Імавернасць найлепшай катэгорыі
drift-category-labels = Склад катэгорый
drift-category-action = Доля дзеяння
drift-category-abstain-reason = Доля ўстрыманняў па прычыне
drift-category-expected-accuracy = Чаканая дакладнасць
drift-contact-languages = Склад моў
drift-contact-channels = Склад каналаў паведамленняў
drift-risk-probability = Імавернасць вяртання
drift-risk-band = Доля ўзроўню рызыкі
drift-risk-mean = Сярэдняя рызыка
drift-risk-calibration = Сярэдняя рызыка мінус доля паўтораў
drift-risk-feature = Прыкмета
drift-closing-categories = Склад катэгорый закрыццяў
drift-closing-channels = Склад каналаў закрыццяў
drift-embedding-domain = Адрозненне цяперашніх і ранейшых вектараў

## Справаздача пра рызыку
risk-title = Справаздача пра рызыку
risk-scope = Звароты, закрытыя з { $from } па { $until } уключна (дні — у часавым поясе { $zone }), і што пры закрыцці сказала дзейная мадэль рызыкі { $version }: наколькі верагодна, што кліент вернецца { $days ->
        [one] цягам { $days } дня
       *[other] цягам { $days } дзён
    } з тым жа або звязаным пытаннем.
risk-no-model = Дзейнай мадэлі рызыкі няма: паведамляць няма пра што.
risk-empty = Ні ў аднаго звароту, закрытага ў гэты перыяд, няма ацэнкі дзейнай мадэлі рызыкі. Як толькі яна з’явіцца, тут будуць паказчыкі.
risk-only-immature = { $count ->
        [one] { $count } закрыты зварот з ацэнкай занадта нядаўні, і іншых няма
        [few] Усе { $count } закрытыя звароты з ацэнкай занадта нядаўнія
       *[other] Усе { $count } закрытых зваротаў з ацэнкай занадта нядаўнія
    }: ці вернецца кліент, вядома праз { $days ->
        [one] { $days } дзень
        [few] { $days } дні
       *[other] { $days } дзён
    } пасля закрыцця.
risk-immature = { $count ->
        [one] { $count } закрыты зварот занадта нядаўні: ён ёсць
        [few] { $count } закрытыя звароты занадта нядаўнія: яны ёсць
       *[other] { $count } закрытых зваротаў занадта нядаўнія: яны ёсць
    } толькі ў размеркаванні ацэнак.
risk-others = { $count ->
        [one] { $count } закрыты зварот перыяду ацэнены іншай версіяй мадэлі і тут не лічыцца.
        [few] { $count } закрытыя звароты перыяду ацэнены іншымі версіямі мадэлі і тут не лічацца.
       *[other] { $count } закрытых зваротаў перыяду ацэнены іншымі версіямі мадэлі і тут не лічацца.
    }
risk-treated = Кліенты, якіх суправаджалі, таксама ўлічаны: іх можа вяртацца менш, чым прадказана.
risk-said = Што сказала мадэль
risk-scores = Як размеркаваны ацэнкі
risk-score = Ацэнка: верагоднасць вяртання
risk-score-from = Ацэнка ад
risk-score-to = Ацэнка да
risk-calibration = Прадказанае і назіранае: дзесяць роўных груп закрытых зваротаў па ўзрастанні ацэнкі
risk-group = Група
risk-predicted = Прадказана, сярэдняя ацэнка
risk-observed = Вярнуліся
risk-observed-explained = { $count } з { $trials } дастаткова даўніх закрытых зваротаў; прадказана { $predicted }.
risk-mark = прадказана { $predicted }, вярнуліся { $observed }
risk-ideal = дзе тое і другое роўна
risk-parts = Па катэгорыях, камандах і каналах
risk-by-category = Прадказанае і назіранае па катэгорыях, спачатку самыя вялікія
risk-by-team = Прадказанае і назіранае па камандах, спачатку самыя вялікія
risk-by-channel = Прадказанае і назіранае па каналах, спачатку самыя вялікія
risk-caught-title = Што мадэль улавіла б
risk-capacity = Самыя высокія ацэнкі кожнага дня, на якія хапае сіл каманды
risk-capacity-day = Суправаджэнняў на дзень, не больш
risk-taken = У межах сіл
risk-caught = З іх паўтораў
risk-precision = Дакладнасць
risk-precision-explained = { $count } з { $trials } закрытых зваротаў у межах сіл аказаліся паўторамі.
risk-recall = Улоўлена (паўната)
risk-recall-explained = { $count } з { $trials } паўтораў былі сярод самых высокіх ацэнак, на якія хапае сіл каманд. Сярод столькіх жа выпадкова выбраных зваротаў іх было б { $chance }.
risk-by-chance = Паўната пры выпадковым выбары
risk-why = Што павышае рызыку
risk-reasons = Сярод трох самых моцных прычын, якія павышаюць рызыку; спачатку самыя частыя
risk-reason = Прычына
risk-reason-share = З прачытаных
risk-reason-mean = Дадае ў сярэднім, лагарыфм шанцаў
risk-reasons-read = { $count ->
        [one] Прачытаны прычыны { $count } закрытага звароту.
       *[other] Прачытаны прычыны { $count } закрытых зваротаў.
    }
report-pdf = Справаздача ў PDF
report-tenant = Арганізацыя
report-period = Перыяд
report-zone = Часавы пояс
report-made = Складзена
report-window = Акно мадэлі
report-page = Старонка { $page } з { $pages }
report-counted = Што палічана
report-chart = Дыяграма: { $title }. Паказчыкі стаяць у табліцы гэтай справаздачы.
risk-note-closings = Палічаны звароты, закрытыя ў гэты перыяд і ацэненыя дзейнай версіяй мадэлі рызыкі. Пра закрытыя звароты, якія ацанілі іншыя версіі, сказана адным сказам, і больш іх нідзе няма.
risk-note-came-back = Кліент вярнуўся, калі цягам акна мадэлі зноў звярнуўся з тым самым ці звязаным пытаннем; калі чалавек гэта выправіў, правільнае выпраўленне. Долі палічаны па зваротах, чыё акно скончылася. Больш нядаўнія ёсць толькі ў размеркаванні ацэнак.
risk-note-calibration = У дзесяці групах пароўну закрытых зваротаў па ўзрастанні ацэнкі; роўныя ацэнкі застаюцца разам. Інтэрвалы — 95-працэнтныя інтэрвалы долі (Уілсан).
risk-note-capacity = Улоўлена: у кожны дзень каманды, па яе гадзінніках, самыя высокія ацэнкі — столькі, колькі каманда можа суправадзіць за дзень. Дакладнасць — доля тых, хто вярнуўся, сярод іх; паўната — доля ўсіх паўтораў, якая трапіла ў іх лік; пры выпадковым выбары — паўната столькіх жа зваротаў, выбраных наўздагад.
risk-note-reasons = Прычыны: як часта прыкмета — адна з трох самых моцных прычын, якія павышаюць рызыку закрытага звароту. Лагарыфм шанцаў: колькі прыкмета дадае, перш чым ацэнка стане верагоднасцю.

## Наступныя пытанні
next-title = Наступныя пытанні
next-explained = З чым кліенты вяртаюцца пасля закрыцця і праз колькі часу; спачатку пытанні, паўторы якіх абыходзяцца даражэй за ўсё.
next-scope = Разлічана { $when } па спелых закрыццях: { $mature }; яшчэ рана меркаваць пра { $immature }. Катэгорый, дзе такіх закрыццяў менш за { $minimum } і якія не паказаны: { $below }.
next-none = { $count ->
        [one] Ні ў адной катэгорыі няма { $count } спелага закрыцця.
        [few] Ні ў адной катэгорыі няма { $count } спелых закрыццяў, патрэбных для лікаў.
       *[other] Ні ў адной катэгорыі няма { $count } спелых закрыццяў, патрэбных для лікаў.
    }
next-picture = Якое пытанне ідзе за якім: доля закрыццяў і медыяна прамежку ў днях
next-width = чым шырэй, тым большая доля
next-more = { $count ->
        [one] Яшчэ { $count } радзейшая пара ёсць толькі ў табліцы.
        [few] Яшчэ { $count } радзейшыя пары ёсць толькі ў табліцы.
       *[other] Яшчэ { $count } радзейшых пар ёсць толькі ў табліцы.
    }
next-line = { $primary } → { $secondary }: { $share } ({ $count }), медыяна прамежку { $gap }
next-table = { $days ->
        [one] Што ішло на працягу { $days } дня
        [few] Што ішло на працягу { $days } дзён
       *[other] Што ішло на працягу { $days } дзён
    }
next-primary = Закрытае пытанне
next-secondary = Наступнае пытанне
next-episodes = Закрыцці
next-kind = Сувязь
next-again = тое ж пытанне зноў
next-known = вядома, што ідзе следам
next-unproven = не паказана, што ідзе часцей, чым звычайна
next-n = Разоў
next-share = Доля
next-lift = У колькі разоў часцей, чым звычайна
next-lift-explained = Долі — ад закрыццяў пытання, з 95%-ным інтэрвалам. Прамежкі — ад закрыцця да першага звароту па наступным пытанні, у днях.
next-gap-quarter = Чвэрць на працягу, дзён
next-gap = Медыяна прамежку, дзён
next-gap-three-quarters = Тры чвэрці на працягу, дзён
plans-title = Планы
plans-explained = Што адказваюць у кожным канале, каб кліенту не давялося вяртацца. Планы і параўнанні — па ўсіх камандах.
plans-none = Планаў няма, і пытанняў, якім патрэбны план, пакуль не вядома.
plans-table = Планы як яны ёсць і паўторы пры апошняй дзейнай версіі ў параўнанні з паўторамі без яе
plan-none = плана яшчэ няма
plan-version = Версія
plan-status = Стан
plan-owner = Адказвае
plan-by = Хто напісаў
plan-when = Калі
plan-review = Перагледзець
plan-effect-version = Параўноўваецца версія
plan-with-closings = Закрыццяў з планам
plan-with = Паўторы з планам
plan-without-closings = Закрыццяў для параўнання
plan-without = Паўторы без яго
plan-difference = Розніца, п. п.
plan-reading = Як гэта разумець
plan-proposed = чарнавік
plan-active = дзейнічае
plan-retired = больш не дзейнічае
plan-title = План: { $category }
plan-back = Усе наступныя пытанні
plan-now = План як ён ёсць
plan-not-yet = Для гэтага пытання плана яшчэ няма.
plan-accepted = Дзейнічае, хоць адказы розныя, бо
plan-answers = Адказы па каналах
plan-answers-hint = Адзін адказ на канал. Адказ без тэксту не захоўваецца.
plan-answer = Адказ
plan-message = Паведамленне ўслед
plan-after-hours = праз { $hours } г пасля закрыцця
plan-hours = Гадзін ад закрыцця да паведамлення
plan-prevents = Якія пытанні прадухіляе
plan-prevents-hint = Па адным у радку.
plan-notes = Нататкі
plan-findings = Што адрозніваецца паміж каналамі
plan-effects = Версіі і паўторы пры кожнай
plan-versions = Усе версіі, спачатку найноўшая
plan-write = Напісаць наступную версію
plan-review-hint = { $days ->
        [one] Пуста: праз { $days } дзень.
        [few] Пуста: праз { $days } дні.
       *[other] Пуста: праз { $days } дзён.
    }
plan-accept = Увесці ў дзеянне, хоць каналы адказваюць па-рознаму
plan-reason = Чаму гэта правільна
plan-changed = Тым часам захавана версія { $version } (аўтар — { $who }), { $when }. Вышэй — план, які ён цяпер.
plan-fault-review = Патрэбны дзень пасля сённяшняга, напрыклад 2026-01-05.
plan-fault-accept = Каналы адказваюць па-рознаму. Выпраўце адказы або пастаўце адзнаку ніжэй і напішыце, чаму гэта правільна.
plan-fault-reason = Напішыце, чаму тут правільныя розныя адказы.
plan-fault-channel = Кожнаму адказу патрэбны свой канал з імем ад 1 да 200 знакаў.
plan-fault-answers = Не больш за { $channels } каналаў, не больш за { $chars } знакаў у кожным; дзейнаму плану патрэбны хаця б адзін адказ, і нічога не павінна застацца незапоўненым ({ $gap }).
plan-fault-owner = Дзейнаму плану патрэбны той, хто за яго адказвае.
plan-fault-prevents = Патрэбны іншыя пытанні, а не пытанне самога плана.
plan-fault-hours = Патрэбны лік гадзін ад 0 да { $most }.
plan-fault-message = Патрэбны тэкст не даўжэйшы за { $chars } знакаў; у дзейным плане нічога не павінна застацца незапоўненым ({ $gap }).
plan-fault-text = Не больш за { $chars } знакаў.

## Weekly report
weekly-title = Тыднёвая справаздача { $week }
weekly-subject = Тыднёвая справаздача { $week }: паўторныя звароты { $rate }
weekly-scope = Паўторныя звароты палічаны па зваротах, закрытых з { $from } па { $until } уключна (дні — у часавым поясе { $zone }): ці вернецца кліент, вядома праз { $days ->
        [one] { $days } дзень
        [few] { $days } дні
       *[other] { $days } дзён
    } пасля закрыцця, а для гэтых зваротаў гэта было на тыдні { $week }. Тое, што адкрыта, — на { $made }.
weekly-empty = У гэтыя дні не закрыта ніводнага звароту.
weekly-attached = У файле PDF — тое самае і справаздача пра рызыку.
weekly-automatic = Складзена праграмай recontact; адказы ніхто не чытае.
weekly-delivery-title = Тыднёвая справаздача
weekly-delivery-sent = { $week } перададзена: { $receivers }.
weekly-delivery-open = { $week } перадаецца: { $receivers }.
weekly-delivery-failed = { $week } перадаць не ўдалося ({ $receiver }, спроб: { $count }). Наступная спроба — { $next }.
weekly-receiver-folder = папка
weekly-receiver-mail = пошта
weekly-receiver-webhook = вэбхук
