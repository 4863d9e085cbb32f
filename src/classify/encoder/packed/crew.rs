//! [`Crew`]: threads that work on the same job side by side, and [`Barrier`], where they wait for each other.
//!
//! The one thing to know: the caller is one of them. A worker that has nothing to do looks for the next job for a moment
//! before it sleeps, since waking it costs a good part of what one short text takes.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, TryRecvError, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, Thread};

/// How often a thread that waits for another looks before it lets other threads run in between.
const LOOKS: usize = 2000;
/// How often a worker looks for the next job, others running in between, before it sleeps: some 100 microseconds.
const LOOKS_FOR_JOB: usize = 300;

/// A thread of the crew has failed (a bug): the job has no result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Broken;

/// What a crew does together.
pub(super) trait Job: Send + Sync + 'static {
    /// A thread's own room, kept from job to job.
    type Workspace: Default + Send;

    /// One thread's part; `seat` is its number, from 0.
    fn work(&self, seat: usize, workspace: &mut Self::Workspace) -> Result<(), Broken>;

    /// Tells the threads that wait for a failed one to give up.
    fn give_up(&self);
}

/// Threads for jobs of one kind. Dropping it ends them.
pub(super) struct Crew<J: Job> {
    own: Mutex<J::Workspace>,
    workers: Vec<Sender<Shift<J>>>,
}

struct Shift<J> {
    job: Arc<J>,
    working: Arc<AtomicUsize>,
    failed: Arc<AtomicBool>,
    /// To be woken by the last one.
    caller: Thread,
}

impl<J: Job> Crew<J> {
    /// A crew of `threads`, the caller among them; at least one.
    ///
    /// # Errors
    /// If the system refuses a thread.
    pub(super) fn new(threads: usize) -> std::io::Result<Self> {
        let worker = |seat: usize| {
            let (sender, receiver) = channel();
            thread::Builder::new()
                .name(format!("inference-{seat}"))
                .spawn(move || keep_working::<J>(seat, &receiver))?;
            Ok(sender)
        };
        let workers = (1..threads).map(worker).collect::<std::io::Result<_>>()?;
        Ok(Self { own: Mutex::default(), workers })
    }

    /// Threads, the caller among them.
    pub(super) fn threads(&self) -> usize {
        self.workers.len() + 1
    }

    /// Does a job with all threads; one job at a time.
    pub(super) fn run(&self, job: &Arc<J>) -> Result<(), Broken> {
        let mut workspace = self.own.lock().unwrap_or_else(PoisonError::into_inner);
        let working = Arc::new(AtomicUsize::new(0));
        let failed = Arc::new(AtomicBool::new(false));
        for worker in &self.workers {
            let (job, working) = (Arc::clone(job), Arc::clone(&working));
            working.fetch_add(1, Ordering::Relaxed);
            let (failed, caller) = (Arc::clone(&failed), thread::current());
            if worker.send(Shift { job, working, failed, caller }).is_err() {
                unreachable!("a worker ends only when its sender is dropped");
            }
        }
        work_guarded(job.as_ref(), 0, &mut workspace, &failed);
        let is_done = || working.load(Ordering::Acquire) == 0;
        // Sleeps rather than yields: whatever keeps a worker from its core may need this one.
        if !(0..LOOKS).any(|_| {
            std::hint::spin_loop();
            is_done()
        }) {
            while !is_done() {
                thread::park();
            }
        }
        if failed.load(Ordering::Relaxed) { Err(Broken) } else { Ok(()) }
    }
}

fn keep_working<J: Job>(seat: usize, receiver: &Receiver<Shift<J>>) {
    let mut workspace = J::Workspace::default();
    while let Some(Shift { job, working, failed, caller }) = next(receiver) {
        work_guarded(job.as_ref(), seat, &mut workspace, &failed);
        drop(job);
        if working.fetch_sub(1, Ordering::AcqRel) == 1 {
            caller.unpark();
        }
    }
}

/// The next job; `None` when the crew is gone.
fn next<T>(receiver: &Receiver<T>) -> Option<T> {
    for _ in 0..LOOKS_FOR_JOB {
        match receiver.try_recv() {
            Ok(shift) => return Some(shift),
            Err(TryRecvError::Disconnected) => return None,
            Err(TryRecvError::Empty) => thread::yield_now(),
        }
    }
    receiver.recv().ok()
}

/// A panic (a bug) or a broken barrier fails the job and leaves the thread running.
fn work_guarded<J: Job>(job: &J, seat: usize, workspace: &mut J::Workspace, failed: &AtomicBool) {
    let result = catch_unwind(AssertUnwindSafe(|| job.work(seat, workspace)));
    if !matches!(result, Ok(Ok(()))) {
        failed.store(true, Ordering::Relaxed);
        job.give_up();
        *workspace = J::Workspace::default();
    }
}

fn wait_until(is_done: impl Fn() -> bool) {
    let mut looks = 0;
    while !is_done() {
        looks += 1;
        if looks < LOOKS {
            std::hint::spin_loop();
        } else {
            thread::yield_now();
        }
    }
}

/// Where some threads wait until all of them have come.
#[derive(Debug)]
pub(super) struct Barrier {
    seats: usize,
    arrived: AtomicUsize,
    round: AtomicUsize,
    broken: AtomicBool,
}

impl Barrier {
    pub(super) fn new(seats: usize) -> Self {
        let [arrived, round] = [AtomicUsize::new(0), AtomicUsize::new(0)];
        Self { seats, arrived, round, broken: AtomicBool::new(false) }
    }

    /// Waits for the others; what they wrote before is visible after.
    pub(super) fn wait(&self) -> Result<(), Broken> {
        let round = self.round.load(Ordering::Acquire);
        if self.arrived.fetch_add(1, Ordering::AcqRel) + 1 == self.seats {
            self.arrived.store(0, Ordering::Relaxed);
            self.round.store(round + 1, Ordering::Release);
        } else {
            let is_broken = || self.broken.load(Ordering::Relaxed);
            wait_until(|| self.round.load(Ordering::Acquire) != round || is_broken());
        }
        if self.broken.load(Ordering::Relaxed) { Err(Broken) } else { Ok(()) }
    }

    /// Lets everyone who waits, now or later, give up.
    pub(super) fn give_up(&self) {
        self.broken.store(true, Ordering::Relaxed);
    }
}

#[cfg(test)]
#[expect(clippy::panic, clippy::unwrap_used, reason = "a failing thread is what is tested")]
mod tests {
    use super::*;

    /// Every seat adds its part in every round, and checks after the barrier that all the others have.
    struct Rounds {
        barrier: Barrier,
        sums: Vec<AtomicUsize>,
        panics_at: Option<(usize, usize)>,
    }

    impl Rounds {
        fn new(seats: usize, rounds: usize, panics_at: Option<(usize, usize)>) -> Arc<Self> {
            let sums = (0..rounds).map(|_| AtomicUsize::new(0)).collect();
            Arc::new(Self { barrier: Barrier::new(seats), sums, panics_at })
        }
    }

    impl Job for Rounds {
        type Workspace = ();

        fn work(&self, seat: usize, (): &mut ()) -> Result<(), Broken> {
            let seats = self.barrier.seats;
            for (round, sum) in self.sums.iter().enumerate() {
                assert_ne!(Some((seat, round)), self.panics_at, "as the test asks");
                sum.fetch_add(seat + 1, Ordering::Relaxed);
                self.barrier.wait()?;
                assert_eq!(sum.load(Ordering::Relaxed), seats * (seats + 1) / 2);
            }
            Ok(())
        }

        fn give_up(&self) {
            self.barrier.give_up();
        }
    }

    #[test]
    fn nobody_passes_a_barrier_before_all_have_come() {
        for threads in 1..=4 {
            let crew = Crew::<Rounds>::new(threads).unwrap();
            assert_eq!(crew.threads(), threads);
            for _ in 0..5 {
                crew.run(&Rounds::new(threads, 200, None)).unwrap();
            }
        }
    }

    #[test]
    fn a_thread_that_panics_fails_the_job_and_the_crew_does_the_next() {
        let crew = Crew::<Rounds>::new(3).unwrap();
        for seat in 0..3 {
            assert_eq!(crew.run(&Rounds::new(3, 9, Some((seat, 4)))), Err(Broken));
            crew.run(&Rounds::new(3, 9, None)).unwrap();
        }
    }
}
