//! What `auto` may spend, and what it left out for that.

use super::method::Method;
use serde::Serialize;
use std::time::Duration;

/// Up to so many texts a label, as the median, are few: an encoder is tuned by contrast, and the label's name is a text.
const FEW_TEXTS_A_LABEL: usize = 16;

/// The time that a run may take.
#[derive(Clone, Copy)]
pub struct Budget<'a> {
    /// How much; none: as much as it needs.
    allowed: Option<Duration>,
    /// How much is gone.
    spent: &'a dyn Fn() -> Duration,
}

/// A method that `auto` did not compare.
#[derive(Debug, Clone, Serialize)]
pub struct NotTried {
    /// Which.
    pub method: Method,
    /// Why, in words.
    pub reason: String,
}

impl<'a> Budget<'a> {
    /// A budget, with the clock that tells what is gone of it.
    #[must_use]
    pub fn new(allowed: Option<Duration>, spent: &'a dyn Fn() -> Duration) -> Self {
        Self { allowed, spent }
    }

    /// What is gone.
    #[must_use]
    pub fn spent(&self) -> Duration {
        (self.spent)()
    }

    /// Refuses what takes longer than what is left.
    ///
    /// # Errors
    /// How long it would take, and what there is, in words.
    pub fn check(&self, needed: Duration) -> Result<(), String> {
        let Some(allowed) = self.allowed else { return Ok(()) };
        let left = allowed.saturating_sub(self.spent());
        if needed <= left {
            return Ok(());
        }
        Err(format!(
            "it would take about {}, and {} of --minutes {} are left",
            told(needed),
            told(left),
            allowed.as_secs().div_ceil(60)
        ))
    }
}

/// Whether there are few texts a label, as the median.
#[must_use]
pub fn is_few(y: &[usize], labels: usize) -> bool {
    let mut counts = vec![0_usize; labels];
    y.iter().for_each(|&label| counts[label] += 1);
    counts.sort_unstable();
    counts.get(labels / 2).is_some_and(|median| *median <= FEW_TEXTS_A_LABEL)
}

/// How an encoder is tuned for such labels.
#[must_use]
pub fn tuning_for(y: &[usize], labels: usize) -> Method {
    if is_few(y, labels) { Method::FewShot } else { Method::FineTune }
}

/// A duration as people say it.
#[must_use]
pub fn told(duration: Duration) -> String {
    match duration.as_secs() {
        seconds @ ..60 => format!("{seconds} s"),
        seconds => format!("{} min", seconds.div_ceil(60)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_takes_longer_than_what_is_left_is_refused_with_both_durations() {
        let spent = || Duration::from_secs(240);
        let budget = Budget::new(Some(Duration::from_secs(600)), &spent);
        assert_eq!(budget.check(Duration::from_secs(360)), Ok(()));
        assert_eq!(
            budget.check(Duration::from_secs(1200)),
            Err("it would take about 20 min, and 6 min of --minutes 10 are left".to_owned())
        );
        assert_eq!(Budget::new(None, &spent).check(Duration::MAX), Ok(()));
    }

    #[test]
    fn few_texts_a_label_are_learnt_by_contrast_and_many_by_their_labels() {
        let y = |texts: usize| -> Vec<usize> { (0..5 * texts).map(|row| row % 5).collect() };
        assert_eq!(tuning_for(&y(8), 5), Method::FewShot);
        assert_eq!(tuning_for(&y(40), 5), Method::FineTune);
        // One label with many texts among labels with few.
        let mut uneven = y(3);
        uneven.extend([0; 1000]);
        assert_eq!(tuning_for(&uneven, 5), Method::FewShot);
    }
}
