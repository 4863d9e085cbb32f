//! A report as a table for people.

use super::report::{ArmFigures, EffectReport};
use super::uplift::Reading;
use super::{DecidedBy, Verdict};
use crate::risk::Language;
use crate::statistics::Interval;
use std::fmt::Write;

impl EffectReport {
    /// The report as text in lines, for a terminal or a mail.
    #[must_use]
    pub fn to_table(&self, language: Language) -> String {
        let mut page = Page { text: String::new(), language };
        page.verdict(self);
        page.arms(self);
        page.effect(self);
        page.checks(self);
        page.uplift(self);
        page.definitions(self);
        page.text
    }
}

struct Page {
    text: String,
    language: Language,
}

impl Page {
    /// Writing into a String cannot fail.
    fn line(&mut self, label: [&'static str; 4], value: &str) {
        let label = self.language.pick(&label);
        let _ = writeln!(self.text, "{label}: {value}");
    }

    fn heading(&mut self, texts: [&'static str; 4]) {
        let text = self.language.pick(&texts);
        let _ = writeln!(self.text, "\n{text}");
    }

    fn verdict(&mut self, report: &EffectReport) {
        let texts = match report.verdict.verdict {
            Verdict::TooEarly => [
                "too early for a verdict",
                "для вывода слишком рано",
                "для высновы зарана",
                "для висновку зарано",
            ],
            Verdict::InvalidSampleRatio => [
                "invalid: the arms do not have the sizes that chance would give; no figure below can be trusted",
                "недействительно: размеры групп не такие, какие дал бы случай; цифрам ниже нельзя верить",
                "несапраўдна: памеры груп не такія, якія даў бы выпадак; лічбам ніжэй нельга верыць",
                "недійсно: розміри груп не такі, які дав би випадок; цифрам нижче не можна вірити",
            ],
            Verdict::Reduces => [
                "follow-ups reduce repeats",
                "повторов стало меньше",
                "паўтораў стала менш",
                "повторів стало менше",
            ],
            Verdict::Increases => [
                "follow-ups increase repeats",
                "повторов стало больше",
                "паўтораў стала больш",
                "повторів стало більше",
            ],
            Verdict::NoDifferenceShown => [
                "no difference was shown; the power says what would have been seen",
                "различие не показано; мощность говорит, что было бы замечено",
                "розніца не паказана; магутнасць кажа, што было б заўважана",
                "різницю не показано; потужність каже, що було б помічено",
            ],
        };
        let words = self.language.pick(&texts);
        let value = format!("{words} ({})", report.verdict.verdict.as_str());
        self.line(["Verdict", "Вывод", "Выснова", "Висновок"], &value);
        if let Some((look, interval)) = report.verdict.look.zip(report.verdict.interval) {
            let value = format!(
                "{}, {} pp ({:.2} %)",
                look.at,
                points(interval),
                100.0 * (1.0 - look.alpha)
            );
            self.line(["Decided at", "Принято", "Прынята", "Прийнято"], &value);
        }
        if let Some(next) = report.verdict.next_look_at {
            let value = next.to_string();
            self.line(
                ["Next look", "Следующая проверка", "Наступная праверка", "Наступна перевірка"],
                &value,
            );
        }
        let value = format!("{}, {} d", report.as_of, report.window_days);
        self.line(
            ["As of, window", "На момент, окно", "На момант, акно", "На момент, вікно"],
            &value,
        );
    }

    fn arms(&mut self, report: &EffectReport) {
        self.heading(["Arms", "Группы", "Групы", "Групи"]);
        let heads = self.language.pick(&[
            "| arm | customers | flagged | immature | mature | repeats | rate | 95 % | induced | contacted |",
            "| группа | клиенты | отмечено | незрелые | зрелые | повторы | доля | 95 % | вызванные | обработано |",
            "| група | кліенты | адзначана | няспелыя | спелыя | паўторы | доля | 95 % | выкліканыя | апрацавана |",
            "| група | клієнти | позначено | незрілі | зрілі | повтори | частка | 95 % | спричинені | опрацьовано |",
        ]);
        let _ = writeln!(self.text, "{heads}\n|---|---|---|---|---|---|---|---|---|---|");
        let names = [
            ["treatment", "воздействие", "уздзеянне", "вплив"],
            ["control", "контроль", "кантроль", "контроль"],
        ];
        for (name, arm) in names.iter().zip([&report.arms.treatment, &report.arms.control]) {
            let name = self.language.pick(name);
            let _ = writeln!(self.text, "| {name} | {} |", arm_cells(arm));
        }
    }

    fn effect(&mut self, report: &EffectReport) {
        self.heading(["Effect", "Эффект", "Эфект", "Ефект"]);
        if let Some(difference) = &report.difference {
            let mark = |by| if difference.decided_by == by { " *" } else { "" };
            let value = format!("{:+.2} pp", 100.0 * difference.difference);
            self.line(
                ["Difference of rates", "Разность долей", "Розніца доляў", "Різниця часток"],
                &value,
            );
            let newcombe = shown(difference.newcombe, points) + mark(DecidedBy::Newcombe);
            self.line(
                ["  95 %, Newcombe", "  95 %, Ньюкомб", "  95 %, Ньюкамб", "  95 %, Ньюкомб"],
                &newcombe,
            );
            let robust = shown(difference.cluster_robust, points) + mark(DecidedBy::ClusterRobust);
            self.line(
                [
                    "  95 %, by customer",
                    "  95 %, по клиентам",
                    "  95 %, па кліентах",
                    "  95 %, за клієнтами",
                ],
                &robust,
            );
            if let Some(relative) = &difference.relative_change {
                let value =
                    format!("{:+.1} % ({})", 100.0 * relative.change, percents(relative.interval));
                self.line(
                    [
                        "Relative change",
                        "Относительное изменение",
                        "Адносная змена",
                        "Відносна зміна",
                    ],
                    &value,
                );
            }
        }
        if let Some(avoided) = &report.contacts_avoided {
            let value = format!("{:.1} ({})", avoided.gross, shown(avoided.gross_interval, plain));
            self.line(
                [
                    "Contacts avoided, gross",
                    "Предотвращено обращений",
                    "Папярэджана зваротаў",
                    "Попереджено звернень",
                ],
                &value,
            );
            let value = format!("{:.1}", avoided.induced);
            self.line(
                [
                    "  minus induced",
                    "  минус вызванные",
                    "  мінус выкліканыя",
                    "  мінус спричинені",
                ],
                &value,
            );
            let value = format!("{:.1}", avoided.follow_up_cost);
            self.line(
                ["  minus cost", "  минус стоимость", "  мінус кошт", "  мінус вартість"],
                &value,
            );
            let value = format!("{:.1} ({})", avoided.net, shown(avoided.net_interval, plain));
            self.line(["  net", "  чистый итог", "  чысты вынік", "  чистий підсумок"], &value);
            let value =
                format!("{:.2} ({})", avoided.money.net, shown(avoided.money.net_interval, plain));
            self.line(
                [
                    "  net in money",
                    "  чистый итог в деньгах",
                    "  чысты вынік у грашах",
                    "  чистий підсумок у грошах",
                ],
                &value,
            );
        }
        if let Some(difference) = report.contacted_only.difference_from_control {
            let value = format!("{:+.2} pp", 100.0 * difference);
            self.line(
                [
                    "Contacted only (BIASED, no effect)",
                    "Только обработанные (СМЕЩЕНО, не эффект)",
                    "Толькі апрацаваныя (ЗРУШАНА, не эфект)",
                    "Лише опрацьовані (ЗМІЩЕНО, не ефект)",
                ],
                &value,
            );
        }
    }

    fn checks(&mut self, report: &EffectReport) {
        self.heading(["Checks", "Проверки", "Праверкі", "Перевірки"]);
        let ratio = &report.sample_ratio;
        let value = format!(
            "{} : {}, {:.3} : {:.3}, p = {}",
            ratio.treatment,
            ratio.control,
            ratio.expected_treatment_share,
            1.0 - ratio.expected_treatment_share,
            ratio.p_value.map_or_else(|| "-".to_owned(), |p| format!("{p:.4}")),
        );
        self.line(
            ["Sample ratio", "Соотношение групп", "Суадносіны груп", "Співвідношення груп"],
            &value,
        );
        let power = &report.power;
        let value = power
            .minimal_detectable_reduction
            .map_or_else(|| "-".to_owned(), |points| format!("{:.2} pp", 100.0 * points));
        self.line(
            [
                "Smallest fall seen with 80 % power",
                "Наименьшее снижение, видимое с мощностью 80 %",
                "Найменшае зніжэнне, бачнае з магутнасцю 80 %",
                "Найменше зниження, видиме з потужністю 80 %",
            ],
            &value,
        );
        if let Some((chance, needed)) = power.power_for_target.zip(power.needed_for_target) {
            let value = format!(
                "-{:.0} %: {:.0} %, {} + {}",
                100.0 * power.target_reduction,
                100.0 * chance,
                needed.treatment,
                needed.control
            );
            self.line(
                [
                    "Target, power now, episodes needed (treatment + control)",
                    "Цель, мощность сейчас, нужно обращений (воздействие + контроль)",
                    "Мэта, магутнасць цяпер, трэба зваротаў (уздзеянне + кантроль)",
                    "Мета, потужність зараз, потрібно звернень (вплив + контроль)",
                ],
                &value,
            );
        }
    }

    fn uplift(&mut self, report: &EffectReport) {
        self.heading([
            "Uplift by tenths of the score, highest first",
            "Эффект по десятым оценки, сначала высшие",
            "Эфект па дзясятых ацэнкі, спачатку вышэйшыя",
            "Ефект за десятими оцінки, спочатку найвищі",
        ]);
        let heads = self.language.pick(&[
            "| tenth | score from | treatment | control | uplift, pp | 95 % | reading |",
            "| десятая | оценка от | воздействие | контроль | эффект, п.п. | 95 % | вывод |",
            "| дзясятая | ацэнка ад | уздзеянне | кантроль | эфект, п.п. | 95 % | выснова |",
            "| десята | оцінка від | вплив | контроль | ефект, в.п. | 95 % | висновок |",
        ]);
        let _ = writeln!(self.text, "{heads}\n|---|---|---|---|---|---|---|");
        for tenth in &report.uplift {
            let reading = self.language.pick(&match tenth.reading {
                Reading::Helps => ["helps", "помогает", "дапамагае", "допомагає"],
                Reading::Harms => ["HARMS", "ВРЕДИТ", "ШКОДЗІЦЬ", "ШКОДИТЬ"],
                Reading::NotShown => ["-", "-", "-", "-"],
            });
            let _ = writeln!(
                self.text,
                "| {} | {:.4} | {}/{} | {}/{} | {} | {} | {reading} |",
                tenth.tenth,
                tenth.score_from,
                tenth.treatment_repeats,
                tenth.treatment_episodes,
                tenth.control_repeats,
                tenth.control_episodes,
                tenth
                    .uplift
                    .map_or_else(|| "-".to_owned(), |uplift| format!("{:+.2}", 100.0 * uplift)),
                shown(tenth.interval, points),
            );
        }
        let value = report.qini.area.map_or_else(
            || "-".to_owned(),
            |area| {
                let interval = shown(report.qini.interval, |interval| {
                    format!("{:+.5} .. {:+.5}", interval.low, interval.high)
                });
                format!("{area:+.5} ({interval})")
            },
        );
        self.line(
            [
                "Qini area per treated episode",
                "Площадь Qini на обращение",
                "Плошча Qini на зварот",
                "Площа Qini на звернення",
            ],
            &value,
        );
    }

    fn definitions(&mut self, report: &EffectReport) {
        self.heading(["Definitions", "Определения", "Азначэнні", "Визначення"]);
        for definition in &report.definitions {
            let _ = writeln!(self.text, "{}: {}", definition.figure, definition.text);
        }
    }
}

fn arm_cells(arm: &ArmFigures) -> String {
    let rate = arm.rate.map_or_else(|| "-".to_owned(), |rate| format!("{:.2} %", 100.0 * rate));
    format!(
        "{} | {} | {} | {} | {} | {rate} | {} | {} | {}",
        arm.customers,
        arm.flagged_episodes,
        arm.immature_episodes,
        arm.mature_episodes,
        arm.repeats,
        shown(arm.rate_interval, |interval| format!(
            "{:.2} .. {:.2}",
            100.0 * interval.low,
            100.0 * interval.high
        )),
        arm.induced_contacts,
        arm.contacted_episodes,
    )
}

fn shown(interval: Option<Interval>, write: impl Fn(Interval) -> String) -> String {
    interval.map_or_else(|| "-".to_owned(), write)
}

fn points(interval: Interval) -> String {
    format!("{:+.2} .. {:+.2}", 100.0 * interval.low, 100.0 * interval.high)
}

fn percents(interval: Interval) -> String {
    format!("{:+.1} .. {:+.1}", 100.0 * interval.low, 100.0 * interval.high)
}

fn plain(interval: Interval) -> String {
    format!("{:.1} .. {:.1}", interval.low, interval.high)
}
