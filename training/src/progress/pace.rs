//! How long something will take, from how long its first steps took; and when a person is told so.

use std::fmt;
use std::time::Duration;

/// Nothing is told before so much is known of the pace.
const TRIAL: Duration = Duration::from_secs(2);
/// What ends sooner is not announced.
const WORTH_TELLING: Duration = Duration::from_secs(20);
/// After this time, and twice it, and so on, a line says how far it is.
const FIRST_LINE: Duration = Duration::from_secs(30);
/// The longest time without such a line.
const LONGEST_SILENCE: Duration = Duration::from_secs(600);

/// What is left of `all` equal steps when `done` of them took `elapsed`; none before the first is done.
#[must_use]
pub fn left(done: u64, all: u64, elapsed: Duration) -> Option<Duration> {
    if done == 0 {
        return None;
    }
    Some(elapsed.mul_f64(number(all.saturating_sub(done)) / number(done)))
}

/// What is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Word {
    /// How long all of it takes; told once.
    Whole(Duration),
    /// How long the rest takes.
    Left(Option<Duration>),
}

/// Chooses when to tell something.
#[derive(Debug, Clone)]
pub struct Speaker {
    is_announced: bool,
    next_line: Duration,
}

impl Default for Speaker {
    fn default() -> Self {
        Self { is_announced: false, next_line: FIRST_LINE }
    }
}

impl Speaker {
    /// What there is to say after `elapsed`, when so much is left as far as can be told.
    pub fn say(&mut self, elapsed: Duration, left: Option<Duration>) -> Option<Word> {
        let worth_telling = left.filter(|left| *left >= WORTH_TELLING && elapsed >= TRIAL);
        if let Some(left) = worth_telling.filter(|_| !self.is_announced) {
            self.is_announced = true;
            return Some(Word::Whole(elapsed + left));
        }
        if elapsed < self.next_line {
            return None;
        }
        self.next_line = elapsed + elapsed.min(LONGEST_SILENCE);
        // At the end the result speaks.
        left.is_none_or(|left| !left.is_zero()).then_some(Word::Left(left))
    }
}

impl fmt::Display for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole(whole) => write!(f, "{} in all", about(*whole)),
            Self::Left(Some(left)) => write!(f, "{} left", about(*left)),
            Self::Left(None) => f.write_str("the rest cannot be told yet"),
        }
    }
}

/// A duration as people say it: no more exact than an estimate is.
#[must_use]
pub fn about(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let minutes = (seconds + 30) / 60;
    match seconds {
        ..60 => format!("about {} seconds", seconds.div_ceil(10).max(1) * 10),
        60..90 => "about a minute".to_owned(),
        90..1170 => format!("about {minutes} minutes"),
        1170..5400 => format!("about {} minutes", (minutes + 2) / 5 * 5),
        _ => {
            let halves = (minutes + 15) / 30;
            let half = if halves.is_multiple_of(2) { "" } else { "½" };
            format!("about {}{half} hours", halves / 2)
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "numbers of steps fit into 53 bits")]
fn number(steps: u64) -> f64 {
    steps as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn the_rest_goes_on_at_the_pace_so_far() {
        assert_eq!(left(0, 100, SECOND), None);
        assert_eq!(left(10, 100, 3 * SECOND), Some(27 * SECOND));
        assert_eq!(left(100, 100, 3 * SECOND), Some(Duration::ZERO));
    }

    #[test]
    fn a_long_command_is_announced_once_and_a_short_one_never() {
        let mut speaker = Speaker::default();
        assert_eq!(speaker.say(SECOND, Some(200 * SECOND)), None, "too early to tell");
        assert_eq!(speaker.say(2 * SECOND, None), None, "nothing to tell it by");
        assert_eq!(speaker.say(3 * SECOND, Some(177 * SECOND)), Some(Word::Whole(180 * SECOND)));
        assert_eq!(speaker.say(4 * SECOND, Some(300 * SECOND)), None);
        let mut speaker = Speaker::default();
        assert_eq!(speaker.say(3 * SECOND, Some(9 * SECOND)), None);
        let longer = Some(Word::Whole(310 * SECOND));
        assert_eq!(speaker.say(10 * SECOND, Some(300 * SECOND)), longer, "it was taken for short");
    }

    #[test]
    fn lines_come_ever_more_seldom_and_none_at_the_end() {
        let mut speaker = Speaker::default();
        let said: Vec<u64> = (0..3600)
            .filter(|second| {
                let left = Duration::from_secs(3600 - second);
                let word = speaker.say(Duration::from_secs(*second), Some(left));
                matches!(word, Some(Word::Left(_)))
            })
            .collect();
        assert_eq!(said, [30, 60, 120, 240, 480, 960, 1560, 2160, 2760, 3360]);
        assert_eq!(Speaker::default().say(40 * SECOND, Some(Duration::ZERO)), None);
    }

    #[test]
    fn durations_are_told_as_people_say_them() {
        let said = |seconds: u64| about(Duration::from_secs(seconds));
        assert_eq!(said(3), "about 10 seconds");
        assert_eq!(said(75), "about a minute");
        assert_eq!(said(178), "about 3 minutes");
        assert_eq!(said(2500), "about 40 minutes");
        assert_eq!(said(5400), "about 1½ hours");
        assert_eq!(said(7300), "about 2 hours");
        assert_eq!(Word::Whole(SECOND * 180).to_string(), "about 3 minutes in all");
    }
}
