//! What each figure of a report is, in words: numerator, denominator, window, exclusions.

use super::Design;
use crate::risk::Language;
use serde::{Deserialize, Serialize};

/// What a figure is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Definition {
    /// The field of the report.
    pub figure: String,
    /// The definition.
    pub text: String,
}

/// Field and its definition in English, Russian, Belarusian and Ukrainian; `{window}` is the window in days.
const TEXTS: [(&str, [&str; 4]); 9] = [
    (
        "arms.rate",
        [
            "Numerator: flagged episodes after whose close the same customer came back within {window} days with the same issue (explicit) or one known to follow (implicit). Denominator: all flagged episodes of the arm whose {window} days are over, followed up or not, suppressed and expired ones included. Not counted as a repeat: thanks, automatic replies, bounces, answers to surveys, unrelated contacts, answers to our own follow-up. Excluded: episodes younger than {window} days, customers in both arms, erased episodes; all are counted.",
            "Числитель: отмеченные обращения, после закрытия которых тот же клиент в течение {window} дн. вернулся с той же проблемой (явный повтор) или с той, которая за ней обычно следует (неявный). Знаменатель: все отмеченные обращения группы, у которых {window} дн. прошли, — и обработанные, и нет, в том числе подавленные и истёкшие. Повтором не считаются благодарности, автоответы, возвраты почты, ответы на опросы, посторонние обращения и ответы на наше собственное сообщение. Исключены: обращения моложе {window} дн., клиенты в обеих группах, удалённые обращения; все они подсчитаны.",
            "Лічнік: адзначаныя звароты, пасля закрыцця якіх той жа кліент цягам {window} дн. вярнуўся з той жа праблемай (яўны паўтор) або з той, якая звычайна ідзе следам (няяўны). Назоўнік: усе адзначаныя звароты групы, у якіх {window} дн. мінулі, — апрацаваныя і не, у тым ліку стрыманыя і пратэрмінаваныя. Паўторам не лічацца падзякі, аўтаадказы, вяртанні пошты, адказы на апытанні, старонія звароты і адказы на наша ўласнае паведамленне. Выключаны: звароты маладзейшыя за {window} дн., кліенты ў абедзвюх групах, выдаленыя звароты; усе яны падлічаны.",
            "Чисельник: позначені звернення, після закриття яких той самий клієнт протягом {window} дн. повернувся з тією ж проблемою (явний повтор) або з тією, що зазвичай іде слідом (неявний). Знаменник: усі позначені звернення групи, у яких {window} дн. минули, — опрацьовані й ні, зокрема стримані та прострочені. Повтором не вважаються подяки, автовідповіді, повернення пошти, відповіді на опитування, сторонні звернення та відповіді на наше власне повідомлення. Виключено: звернення, молодші за {window} дн., клієнти в обох групах, видалені звернення; усіх їх підраховано.",
        ],
    ),
    (
        "difference",
        [
            "Rate of the treatment arm minus that of the control arm, by intention to treat: everybody counts in the arm chance gave them. newcombe takes episodes for independent; cluster_robust counts per customer, who is what chance assigned. The verdict uses newcombe only where every customer has one mature episode.",
            "Доля повторов в группе сопровождения минус доля в контрольной, по назначению: каждый считается в той группе, куда его определил случай. newcombe считает обращения независимыми; cluster_robust считает по клиентам, ведь случай распределял клиентов. Вывод опирается на newcombe, только если у каждого клиента одно зрелое обращение.",
            "Доля паўтораў у групе суправаджэння мінус доля ў кантрольнай, па прызначэнні: кожны лічыцца ў той групе, куды яго вызначыў выпадак. newcombe лічыць звароты незалежнымі; cluster_robust лічыць па кліентах, бо выпадак размяркоўваў кліентаў. Выснова абапіраецца на newcombe, толькі калі ў кожнага кліента адзін спелы зварот.",
            "Частка повторів у групі супроводу мінус частка в контрольній, за призначенням: кожен рахується в тій групі, куди його визначив випадок. newcombe вважає звернення незалежними; cluster_robust рахує за клієнтами, бо випадок розподіляв клієнтів. Висновок спирається на newcombe, лише якщо в кожного клієнта одне зріле звернення.",
        ],
    ),
    (
        "customers",
        [
            "Numerator: customers with at least one repeat within {window} days of a mature flagged episode. Denominator: customers with at least one mature flagged episode.",
            "Числитель: клиенты хотя бы с одним повтором в течение {window} дн. после зрелого отмеченного обращения. Знаменатель: клиенты хотя бы с одним зрелым отмеченным обращением.",
            "Лічнік: кліенты хаця б з адным паўторам цягам {window} дн. пасля спелага адзначанага звароту. Назоўнік: кліенты хаця б з адным спелым адзначаным зваротам.",
            "Чисельник: клієнти хоча б з одним повтором протягом {window} дн. після зрілого позначеного звернення. Знаменник: клієнти хоча б з одним зрілим позначеним зверненням.",
        ],
    ),
    (
        "contacts_avoided",
        [
            "gross = minus the difference times the mature episodes of the treatment arm. net = gross - contacts that answer our own follow-ups (beyond those in the control arm) - cost of the follow-ups, expressed in contacts by the ratio of the two costs. Every episode followed by a repeat counts as one contact.",
            "gross — минус разность, умноженная на число зрелых обращений группы сопровождения. net = gross − обращения, вызванные нашими же сообщениями (сверх контрольной группы), − стоимость сопровождения, выраженная в обращениях через отношение двух стоимостей. Каждое обращение с повтором считается одним контактом.",
            "gross — мінус розніца, памножаная на лік спелых зваротаў групы суправаджэння. net = gross − звароты, выкліканыя нашымі ж паведамленнямі (звыш кантрольнай групы), − кошт апрацоўкі, выражаны ў зваротах праз адносіну двух коштаў. Кожны зварот з паўторам лічыцца адным кантактам.",
            "gross — мінус різниця, помножена на кількість зрілих звернень групи супроводу. net = gross − звернення, спричинені нашими ж повідомленнями (понад контрольну групу), − вартість опрацювання, виражена у зверненнях через відношення двох вартостей. Кожне звернення з повтором рахується одним контактом.",
        ],
    ),
    (
        "contacted_only",
        [
            "Biased, shown so that nobody computes it in secret: who was reached was not chosen by chance. It is no effect.",
            "Смещённая оценка; показана, чтобы никто не считал её втайне: тех, с кем удалось связаться, выбирал не случай. Это не эффект.",
            "Зрушаная ацэнка; паказана, каб ніхто не лічыў яе ўпотай: тых, з кім удалося звязацца, выбіраў не выпадак. Гэта не эфект.",
            "Зміщена оцінка; показана, щоб ніхто не рахував її потай: тих, з ким вдалося зв'язатися, обирав не випадок. Це не ефект.",
        ],
    ),
    (
        "sample_ratio",
        [
            "Chi-square test of the customers in both arms against the planned share, mature or not. p below 0.001: the experiment is invalid and has no verdict.",
            "Критерий хи-квадрат: число клиентов в группах против запланированной доли, независимо от зрелости. p меньше 0,001 — эксперимент недействителен, вывода нет.",
            "Крытэрый хі-квадрат: лік кліентаў у групах супраць запланаванай долі, незалежна ад спеласці. p меншае за 0,001 — эксперымент несапраўдны, высновы няма.",
            "Критерій хі-квадрат: кількість клієнтів у групах проти запланованої частки, незалежно від зрілості. p менше за 0,001 — експеримент недійсний, висновку немає.",
        ],
    ),
    (
        "verdict",
        [
            "Given only at looks planned before the start. A look sees the episodes that were mature on its day; 5 % of error are shared out among the looks (Lan and DeMets, O'Brien and Fleming's kind). The first look whose interval leaves out zero decides. Figures between looks decide nothing.",
            "Даётся только в дни, запланированные до начала. В такой день учитываются обращения, созревшие к нему; 5 % ошибки распределены между этими днями (Лан и де Метс, по О'Брайену и Флемингу). Решает первый день, чей интервал не содержит нуля. Цифры между ними ничего не решают.",
            "Даецца толькі ў дні, запланаваныя да пачатку. У такі дзень улічваюцца звароты, спелыя на яго; 5 % памылкі размеркаваны паміж гэтымі днямі (Лан і дэ Метс, паводле О'Браена і Флемінга). Вырашае першы дзень, чый інтэрвал не мае нуля. Лічбы паміж імі нічога не вырашаюць.",
            "Дається лише в дні, заплановані до початку. У такий день ураховуються звернення, зрілі на нього; 5 % помилки розподілено між цими днями (Лан і де Метс, за О'Браєном і Флемінгом). Вирішує перший день, чий інтервал не містить нуля. Цифри між ними нічого не вирішують.",
        ],
    ),
    (
        "uplift",
        [
            "Control rate minus treatment rate among mature episodes of a tenth of the score order; above 0 repeats are avoided. reading allows for ten comparisons; harms are sleeping dogs: do not follow them up.",
            "Доля повторов в контрольной группе минус доля в группе сопровождения среди зрелых обращений одной десятой по порядку оценок; больше 0 — повторов стало меньше. reading учитывает, что сравнений десять; harms — «спящие собаки»: их лучше не трогать.",
            "Доля паўтораў у кантрольнай групе мінус доля ў групе суправаджэння сярод спелых зваротаў адной дзясятай па парадку ацэнак; больш за 0 — паўтораў стала менш. reading улічвае, што параўнанняў дзесяць; harms — «спячыя сабакі»: іх лепш не чапаць.",
            "Частка повторів у контрольній групі мінус частка в групі супроводу серед зрілих звернень однієї десятої за порядком оцінок; більше за 0 — повторів стало менше. reading ураховує, що порівнянь десять; harms — «сплячі собаки»: їх краще не чіпати.",
        ],
    ),
    (
        "qini",
        [
            "Q(phi) = R_C(phi)·N_T(phi)/N_C(phi) - R_T(phi) among the part phi with the highest scores (R repeats, N mature episodes). area: between the curve and the straight line to its end, per treated episode.",
            "Q(phi) = R_C(phi)·N_T(phi)/N_C(phi) − R_T(phi) среди доли phi с высшими оценками (R — повторы, N — зрелые обращения). area: площадь между кривой и прямой к её концу, на одно обращение группы сопровождения.",
            "Q(phi) = R_C(phi)·N_T(phi)/N_C(phi) − R_T(phi) сярод долі phi з вышэйшымі ацэнкамі (R — паўторы, N — спелыя звароты). area: плошча паміж крывой і прамой да яе канца, на адзін зварот групы суправаджэння.",
            "Q(phi) = R_C(phi)·N_T(phi)/N_C(phi) − R_T(phi) серед частки phi з найвищими оцінками (R — повтори, N — зрілі звернення). area: площа між кривою та прямою до її кінця, на одне звернення групи супроводу.",
        ],
    ),
];

pub(super) fn of(design: &Design, language: Language) -> Vec<Definition> {
    let window = design.window_days.to_string();
    TEXTS
        .iter()
        .map(|(figure, texts)| Definition {
            figure: (*figure).to_owned(),
            text: language.pick(texts).replace("{window}", &window),
        })
        .collect()
}
