//! How long the fits of a training will take. Their number is known before; how long one takes is known from those of its
//! kind that are done, and of the one that runs from how far its gradient has fallen: towards the end it falls by about the
//! same factor each step, so the share of the way is that of its logarithm.

use super::pace::{Speaker, Word, about};
use super::{locked, say};
use indicatif::{ProgressBar, ProgressStyle};
use std::collections::BTreeMap;
use std::sync::{Mutex, OnceLock};
use std::time::{Duration, Instant};

/// Before this share of the way a gradient tells nothing.
const LEAST_SHARE: f64 = 0.1;
/// From this share on it tells more than the fits before, which began elsewhere.
const SURE_SHARE: f64 = 0.5;

/// Fits to come and fits done, by kind.
#[derive(Debug, Clone, Default)]
pub struct Fits {
    kinds: BTreeMap<String, Kind>,
    running: Option<Running>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Kind {
    to_come: usize,
    done: u32,
    took: Duration,
}

#[derive(Debug, Clone)]
struct Running {
    kind: String,
    since: Duration,
    /// The first and the smallest gradient, and the one at which the fit ends.
    gradients: Option<(f64, f64, f64)>,
}

/// What is left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Left {
    /// So long.
    pub time: Duration,
    /// Whether some of the fits to come are of a kind that was not timed yet, and counted as the slowest that was.
    pub is_guess: bool,
}

impl Fits {
    /// Says that so many fits of a kind are to come besides.
    pub fn expect(&mut self, kind: &str, fits: usize) {
        self.kinds.entry(kind.to_owned()).or_default().to_come += fits;
    }

    /// Says that no more fits of a kind are to come than so many.
    pub fn at_most(&mut self, kind: &str, fits: usize) {
        let of = self.kinds.entry(kind.to_owned()).or_default();
        of.to_come = of.to_come.min(fits);
    }

    /// A fit begins.
    pub fn begin(&mut self, kind: &str, now: Duration) {
        let of = self.kinds.entry(kind.to_owned()).or_default();
        of.to_come = of.to_come.saturating_sub(1);
        self.running = Some(Running { kind: kind.to_owned(), since: now, gradients: None });
    }

    /// The running fit has come to this gradient; it ends at `tolerance`.
    pub fn step(&mut self, gradient: f64, tolerance: f64) {
        if let Some(running) = &mut self.running {
            let (first, least, _) = running.gradients.unwrap_or((gradient, gradient, tolerance));
            // The gradient also rises now and then.
            running.gradients = Some((first, least.min(gradient), tolerance));
        }
    }

    /// The running fit has ended.
    pub fn end(&mut self, now: Duration) {
        let Some(running) = self.running.take() else { return };
        let of = self.kinds.entry(running.kind).or_default();
        of.done += 1;
        of.took += now.saturating_sub(running.since);
    }

    /// Fits that are done, and all.
    #[must_use]
    pub fn counts(&self) -> (u64, u64) {
        let done: u64 = self.kinds.values().map(|kind| u64::from(kind.done)).sum();
        let to_come: u64 = self.kinds.values().map(|kind| kind.to_come as u64).sum();
        (done, done + to_come + u64::from(self.running.is_some()))
    }

    /// How long the rest takes; none before anything tells it.
    #[must_use]
    pub fn left(&self, now: Duration) -> Option<Left> {
        let mut left = Left { time: Duration::ZERO, is_guess: false };
        let mut each: BTreeMap<&str, Duration> = self
            .kinds
            .iter()
            .filter(|(_, kind)| kind.done > 0)
            .map(|(name, kind)| (name.as_str(), kind.took / kind.done))
            .collect();
        if let Some(running) = &self.running {
            let spent = now.saturating_sub(running.since);
            let told = running.whole(spent, each.get(running.kind.as_str()).copied());
            left.is_guess = told.is_none();
            let whole = told.or(each.values().max().copied())?;
            left.time = whole.saturating_sub(spent);
            each.entry(&running.kind).or_insert(whole);
        }
        let slowest = each.values().max().copied();
        for (name, kind) in self.kinds.iter().filter(|(_, kind)| kind.to_come > 0) {
            let known = each.get(name.as_str()).copied();
            left.is_guess |= known.is_none();
            let fits = u32::try_from(kind.to_come).unwrap_or(u32::MAX);
            left.time += known.or(slowest)? * fits;
        }
        Some(left)
    }
}

impl Running {
    /// How long it takes in all, from its gradient or from those before.
    fn whole(&self, spent: Duration, before: Option<Duration>) -> Option<Duration> {
        let share = self.gradients.map_or(0.0, |(first, least, tolerance)| {
            let way = (first / tolerance).ln();
            if way > 0.0 { ((first / least).ln() / way).clamp(0.0, 1.0) } else { 1.0 }
        });
        let by_gradient = (share >= LEAST_SHARE).then(|| spent.div_f64(share));
        if share >= SURE_SHARE { by_gradient } else { before.or(by_gradient) }
    }
}

/// Tells how far the fits of a training are.
#[derive(Debug)]
pub struct FitBar {
    shown: ProgressBar,
    what: &'static str,
    /// When the first fit began: what was done before it is told by others.
    begun: OnceLock<Instant>,
    state: Mutex<(Fits, Speaker)>,
}

impl FitBar {
    /// A bar for something with a name, such as `fitting`. Nothing is shown before the first fit.
    #[must_use]
    pub fn new(what: &'static str) -> Self {
        let shown = ProgressBar::new(0).with_prefix(what);
        if let Ok(style) = ProgressStyle::with_template(
            "{prefix:<24} {wide_bar} {pos}/{len} fits {elapsed_precise} {msg}",
        ) {
            shown.set_style(style);
        }
        Self { shown, what, begun: OnceLock::new(), state: Mutex::default() }
    }

    /// See [`Fits::expect`].
    pub fn expect(&self, kind: &str, fits: usize) {
        locked(&self.state).0.expect(kind, fits);
    }

    /// See [`Fits::at_most`].
    pub fn at_most(&self, kind: &str, fits: usize) {
        locked(&self.state).0.at_most(kind, fits);
    }

    /// Does a fit; what it is given hears the gradient after each step and the one at which the fit ends.
    ///
    /// # Errors
    /// What the fit says.
    pub fn fit<T>(
        &self,
        kind: &str,
        fit: impl FnOnce(&dyn Fn(f64, f64)) -> anyhow::Result<T>,
    ) -> anyhow::Result<T> {
        locked(&self.state).0.begin(kind, self.elapsed());
        self.tell(kind, None);
        let fitted = fit(&|gradient, tolerance| {
            locked(&self.state).0.step(gradient, tolerance);
            self.tell(kind, Some(gradient));
        })?;
        locked(&self.state).0.end(self.elapsed());
        self.tell(kind, None);
        let (done, all) = locked(&self.state).0.counts();
        if done == all {
            self.shown.finish_and_clear();
        }
        Ok(fitted)
    }

    /// Since the first fit began.
    fn elapsed(&self) -> Duration {
        self.begun.get_or_init(Instant::now).elapsed()
    }

    fn tell(&self, kind: &str, gradient: Option<f64>) {
        let elapsed = self.elapsed();
        let mut state = locked(&self.state);
        let (done, all) = state.0.counts();
        let left = state.0.left(elapsed);
        let word = state.1.say(elapsed, left.map(|left| left.time));
        drop(state);
        if done < all {
            self.shown.set_length(all);
            self.shown.set_position(done);
            let gradient = gradient.map_or_else(String::new, |g| format!(", gradient {g:.1e}"));
            let eta = left.map_or_else(String::new, |left| {
                let least = if left.is_guess { "at least " } else { "" };
                format!(", {least}{} left", about(left.time))
            });
            self.shown.set_message(format!("{kind}{gradient}{eta}"));
        }
        if let Some(word) = word {
            let how_far = || format!("{}: {done} of {all} fits done", self.what);
            match (word, left) {
                (Word::Whole(_), Some(Left { is_guess: true, .. })) => {
                    self.shown.suspend(|| eprintln!("{}: at least {word}", self.what));
                }
                _ => say(&self.shown, &word, how_far),
            }
        }
    }
}

impl Drop for FitBar {
    fn drop(&mut self) {
        self.shown.finish_and_clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn nothing_is_told_before_the_gradient_or_a_fit_tells_it() {
        let mut fits = Fits::default();
        fits.expect("words", 3);
        assert_eq!(fits.left(seconds(0)), None);
        fits.begin("words", seconds(0));
        fits.step(1.0, 1e-5);
        assert_eq!(fits.left(seconds(9)), None);
        assert_eq!(fits.counts(), (0, 3));
    }

    #[test]
    fn the_running_fit_is_as_far_as_the_logarithm_of_its_gradient_has_fallen() {
        let mut fits = Fits::default();
        fits.expect("words", 3);
        fits.begin("words", seconds(100));
        fits.step(1.0, 1e-4);
        // A hundredth of the first gradient is half of the way to a ten-thousandth.
        fits.step(1e-2, 1e-4);
        // It rises again, which makes the fit no longer.
        fits.step(1e-1, 1e-4);
        let left = fits.left(seconds(110)).unwrap();
        assert_eq!(left, Left { time: seconds(10 + 2 * 20), is_guess: false });
    }

    #[test]
    fn a_fit_of_a_kind_that_tells_no_gradient_is_taken_for_as_slow_as_the_slowest() {
        let mut fits = Fits::default();
        fits.expect("words", 1);
        fits.expect("trees", 2);
        fits.begin("words", seconds(0));
        fits.end(seconds(30));
        fits.begin("trees", seconds(30));
        let left = fits.left(seconds(40)).unwrap();
        assert_eq!(left, Left { time: seconds(20 + 30), is_guess: true });
    }

    #[test]
    fn fits_that_are_done_tell_of_those_to_come_and_of_the_one_that_begins() {
        let mut fits = Fits::default();
        fits.expect("words", 3);
        fits.begin("words", seconds(0));
        fits.end(seconds(30));
        assert_eq!(fits.left(seconds(30)).unwrap().time, seconds(60));
        fits.begin("words", seconds(30));
        assert_eq!(fits.left(seconds(40)).unwrap().time, seconds(20 + 30));
        // One that takes longer than the others is not over before it is over.
        assert_eq!(fits.left(seconds(90)).unwrap().time, seconds(30));
    }

    #[test]
    fn a_kind_that_was_never_timed_counts_as_the_slowest_and_is_told_as_a_guess() {
        let mut fits = Fits::default();
        fits.expect("words", 1);
        fits.expect("embeddings", 1);
        fits.expect("both", 2);
        for (kind, from, to) in [("embeddings", 0, 5), ("words", 5, 25)] {
            fits.begin(kind, seconds(from));
            fits.end(seconds(to));
        }
        let left = fits.left(seconds(25)).unwrap();
        assert_eq!(left, Left { time: seconds(40), is_guess: true });
        fits.at_most("both", 0);
        assert_eq!(fits.left(seconds(25)).unwrap().time, Duration::ZERO);
        assert_eq!(fits.counts(), (2, 2));
    }

    #[test]
    fn a_fit_that_begins_at_its_end_takes_no_time() {
        let mut fits = Fits::default();
        fits.expect("words", 1);
        fits.begin("words", seconds(0));
        fits.step(1e-6, 1e-5);
        assert_eq!(fits.left(seconds(1)).unwrap().time, Duration::ZERO);
    }
}
