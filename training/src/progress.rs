//! What a person is told while a command works: a bar on a terminal, else a line now and then; and once it can be told, in
//! words how long it will take.
//!
//! How long it takes is worked out in [`pace`] and [`fits`], which are told the time and look at no clock.

pub mod fits;
pub mod pace;

pub use fits::FitBar;

use indicatif::{ProgressBar, ProgressStyle};
use pace::{Speaker, Word, left};
use std::ops::Deref;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

/// A bar for steps whose number is known.
#[derive(Debug)]
pub struct Bar {
    shown: ProgressBar,
    what: String,
    begun: Instant,
    /// Where it began: what was done before says nothing of the pace.
    first: Mutex<u64>,
    speaker: Mutex<Speaker>,
}

/// A bar for `length` steps of something with a name, such as `embedding texts`.
#[must_use]
pub fn bar(length: u64, what: impl Into<String>) -> Bar {
    let what = what.into();
    let shown = ProgressBar::new(length).with_message(what.clone());
    if let Ok(style) = ProgressStyle::with_template(
        "{msg:<24} {wide_bar} {human_pos}/{human_len} {elapsed_precise} eta {eta}",
    ) {
        shown.set_style(style);
    }
    Bar {
        shown,
        what,
        begun: Instant::now(),
        first: Mutex::new(0),
        speaker: Mutex::new(Speaker::default()),
    }
}

impl Bar {
    /// Says that more steps are done.
    pub fn inc(&self, steps: u64) {
        self.shown.inc(steps);
        self.tell();
    }

    /// Says how many steps are done in all.
    pub fn set_position(&self, steps: u64) {
        self.shown.set_position(steps);
        self.tell();
    }

    /// Says that so many steps were done before.
    pub fn begin_at(&self, steps: u64) {
        *locked(&self.first) = steps;
        self.shown.set_position(steps);
        self.shown.reset_eta();
    }

    fn tell(&self) {
        let first = *locked(&self.first);
        let (done, all) = (self.shown.position(), self.shown.length().unwrap_or(0));
        let elapsed = self.begun.elapsed();
        let left = left(done.saturating_sub(first), all.saturating_sub(first), elapsed);
        if let Some(word) = locked(&self.speaker).say(elapsed, left) {
            say(&self.shown, &word, || format!("{}: {done} of {all}", self.what));
        }
    }
}

impl Deref for Bar {
    type Target = ProgressBar;

    fn deref(&self) -> &ProgressBar {
        &self.shown
    }
}

/// A bar and its words are of one thread; what a panic left of them is still good.
fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// How long it takes is told above the bar; how far it is, only where no bar tells it.
fn say(bar: &ProgressBar, word: &Word, how_far: impl FnOnce() -> String) {
    match word {
        Word::Whole(_) => bar.suspend(|| eprintln!("{}: {word}", name(&how_far()))),
        Word::Left(_) if bar.is_hidden() => eprintln!("{}, {word}", how_far()),
        Word::Left(_) => {}
    }
}

/// What goes on, without how far it is.
fn name(how_far: &str) -> &str {
    how_far.split_once(':').map_or(how_far, |(name, _)| name)
}
