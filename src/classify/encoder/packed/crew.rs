//! [`Crew`]: threads that work on the same job side by side, and [`Barrier`], where they wait for each other.
//!
//! The caller is one of them, and nobody is waited for who has not come: a worker whose core is taken by something else
//! (or that sleeps and wakes late) misses a job instead of holding it up. A worker that has nothing to do looks for the next
//! job for a moment before it sleeps, since waking it costs a good part of what one short text takes.

use crate::classify::encoder::give_way;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, TryRecvError, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, Thread};

/// How often a thread that waits for another looks before it lets other threads run in between.
const LOOKS: usize = 200;
/// How often a worker looks for the next job, others running in between, before it sleeps: some 100 microseconds.
const LOOKS_FOR_JOB: usize = 300;

/// A length of time: so many looks at a number that another thread may change, each some 10 nanoseconds.
pub(super) type Looks = usize;

/// A thread of the crew has failed (a bug): the job has no result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Broken;

/// What a crew does together.
pub(super) trait Job: Send + Sync + 'static {
    /// A thread's own room, kept from job to job.
    type Workspace: Default + Send;

    /// Whether the threads need each other: then who they are is settled before any of them starts, and this is how often
    /// the caller looks whether all have come. Else (`None`) each starts when it comes.
    fn joint(&self) -> Option<Looks>;

    /// The part of thread `seat` (from 0, the caller); of a joint job, `seats` threads take part.
    fn work(
        &self,
        seat: usize,
        seats: usize,
        workspace: &mut Self::Workspace,
    ) -> Result<(), Broken>;

    /// Tells the threads that wait for a failed one to give up.
    fn give_up(&self);
}

/// Threads for jobs of one kind. Dropping it ends them.
pub(super) struct Crew<J: Job> {
    own: Mutex<J::Workspace>,
    workers: Vec<Sender<Arc<Shift<J>>>>,
}

impl<J: Job> Crew<J> {
    /// A crew of `threads`, the caller among them; at least one.
    ///
    /// # Errors
    /// If the system refuses a thread.
    pub(super) fn new(threads: usize) -> std::io::Result<Self> {
        let worker = |number: usize| {
            let (sender, receiver) = channel();
            thread::Builder::new().name(format!("crew-{number}")).spawn(move || {
                give_way();
                keep_working::<J>(&receiver);
            })?;
            Ok(sender)
        };
        let workers = (1..threads).map(worker).collect::<std::io::Result<_>>()?;
        Ok(Self { own: Mutex::default(), workers })
    }

    /// Threads, the caller among them.
    pub(super) fn threads(&self) -> usize {
        self.workers.len() + 1
    }

    /// Does a job with the caller and every worker that comes; one job at a time.
    pub(super) fn run(&self, job: Arc<J>) -> Result<(), Broken> {
        let mut workspace = self.own.lock().unwrap_or_else(PoisonError::into_inner);
        let shift = Arc::new(Shift::new(job));
        for worker in &self.workers {
            if worker.send(Arc::clone(&shift)).is_err() {
                unreachable!("a worker ends only when its sender is dropped");
            }
        }
        if let Some(looks) = shift.job.joint() {
            spin_until(looks, || shift.joined() == self.workers.len());
            shift.close();
        }
        shift.work(0, &mut workspace);
        shift.close();
        // Sleeps rather than yields: whatever keeps a worker from its core may need this one.
        if !spin_until(LOOKS, || shift.is_done()) {
            while !shift.is_done() {
                thread::park();
            }
        }
        if shift.failed.load(Ordering::Relaxed) { Err(Broken) } else { Ok(()) }
    }
}

/// One job and who takes part in it.
struct Shift<J> {
    job: Arc<J>,
    /// Workers that have come, and [`CLOSED`] when no more may.
    joined: AtomicUsize,
    /// Workers that have done their part.
    finished: AtomicUsize,
    failed: AtomicBool,
    /// To be woken by whoever finishes.
    caller: Thread,
}

/// Set in [`Shift::joined`] when nobody may join any more.
const CLOSED: usize = 1 << (usize::BITS - 1);

impl<J: Job> Shift<J> {
    fn new(job: Arc<J>) -> Self {
        Self {
            job,
            joined: AtomicUsize::new(0),
            finished: AtomicUsize::new(0),
            failed: AtomicBool::new(false),
            caller: thread::current(),
        }
    }

    fn joined(&self) -> usize {
        self.joined.load(Ordering::Acquire) & !CLOSED
    }

    fn is_closed(&self) -> bool {
        self.joined.load(Ordering::Acquire) & CLOSED != 0
    }

    fn close(&self) {
        self.joined.fetch_or(CLOSED, Ordering::AcqRel);
    }

    /// A worker's seat; `None` if it has come too late.
    fn join(&self) -> Option<usize> {
        let next = |joined: usize| (joined & CLOSED == 0).then_some(joined + 1);
        self.joined
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, next)
            .ok()
            .map(|before| before + 1)
    }

    fn is_done(&self) -> bool {
        self.finished.load(Ordering::Acquire) == self.joined()
    }

    /// A panic (a bug) or a broken barrier fails the job and leaves the thread running.
    fn work(&self, seat: usize, workspace: &mut J::Workspace) {
        let work = || self.job.work(seat, self.joined() + 1, workspace);
        if !matches!(catch_unwind(AssertUnwindSafe(work)), Ok(Ok(()))) {
            self.failed.store(true, Ordering::Relaxed);
            self.job.give_up();
            *workspace = J::Workspace::default();
        }
    }
}

fn keep_working<J: Job>(receiver: &Receiver<Arc<Shift<J>>>) {
    let mut workspace = J::Workspace::default();
    while let Some(shift) = next(receiver) {
        let Some(seat) = shift.join() else { continue };
        if shift.job.joint().is_some() {
            wait_until(|| shift.is_closed());
        }
        shift.work(seat, &mut workspace);
        let caller = shift.caller.clone();
        shift.finished.fetch_add(1, Ordering::AcqRel);
        caller.unpark();
    }
}

/// The next shift; `None` when the crew is gone.
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

/// Looks so many times and says whether it was so.
fn spin_until(looks: usize, is_so: impl Fn() -> bool) -> bool {
    for _ in 0..looks {
        if is_so() {
            return true;
        }
        std::hint::spin_loop();
    }
    is_so()
}

fn wait_until(is_so: impl Fn() -> bool) {
    if !spin_until(LOOKS, &is_so) {
        while !is_so() {
            thread::yield_now();
        }
    }
}

/// Where the threads of a joint job wait until all of them have come.
#[derive(Debug, Default)]
pub(super) struct Barrier {
    arrived: AtomicUsize,
    round: AtomicUsize,
    broken: AtomicBool,
}

impl Barrier {
    /// Waits for the others of `seats` threads; what they wrote before is visible after.
    pub(super) fn wait(&self, seats: usize) -> Result<(), Broken> {
        let round = self.round.load(Ordering::Acquire);
        if self.arrived.fetch_add(1, Ordering::AcqRel) + 1 == seats {
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
mod tests {
    use super::*;

    /// Every seat adds its part in every round, and checks after the barrier that all the others have.
    struct Rounds {
        barrier: Barrier,
        sums: Vec<AtomicUsize>,
        panics_at: Option<(usize, usize)>,
        seats: AtomicUsize,
        patience: Looks,
    }

    impl Rounds {
        fn new(rounds: usize, panics_at: Option<(usize, usize)>) -> Arc<Self> {
            Self::with_patience(rounds, panics_at, Looks::MAX)
        }

        fn with_patience(
            rounds: usize,
            panics_at: Option<(usize, usize)>,
            patience: Looks,
        ) -> Arc<Self> {
            let sums = (0..rounds).map(|_| AtomicUsize::new(0)).collect();
            Arc::new(Self {
                barrier: Barrier::default(),
                sums,
                panics_at,
                seats: AtomicUsize::new(0),
                patience,
            })
        }
    }

    impl Job for Rounds {
        type Workspace = ();

        fn joint(&self) -> Option<Looks> {
            Some(self.patience)
        }

        fn work(&self, seat: usize, seats: usize, (): &mut ()) -> Result<(), Broken> {
            self.seats.store(seats, Ordering::Relaxed);
            for (round, sum) in self.sums.iter().enumerate() {
                assert_ne!(Some((seat, round)), self.panics_at, "as the test asks");
                sum.fetch_add(seat + 1, Ordering::Relaxed);
                self.barrier.wait(seats)?;
                assert_eq!(sum.load(Ordering::Relaxed), seats * (seats + 1) / 2);
            }
            Ok(())
        }

        fn give_up(&self) {
            self.barrier.give_up();
        }
    }

    /// Takes numbers until none is left.
    struct Numbers {
        next: AtomicUsize,
        taken: Vec<AtomicUsize>,
    }

    impl Job for Numbers {
        type Workspace = ();

        fn joint(&self) -> Option<Looks> {
            None
        }

        fn work(&self, _: usize, _: usize, (): &mut ()) -> Result<(), Broken> {
            while let Some(taken) = self.taken.get(self.next.fetch_add(1, Ordering::Relaxed)) {
                taken.fetch_add(1, Ordering::Relaxed);
            }
            Ok(())
        }

        fn give_up(&self) {}
    }

    #[test]
    fn nobody_passes_a_barrier_before_all_have_come() {
        for threads in 1..=4 {
            let crew = Crew::<Rounds>::new(threads).unwrap();
            assert_eq!(crew.threads(), threads);
            for _ in 0..5 {
                let job = Rounds::new(200, None);
                crew.run(Arc::clone(&job)).unwrap();
                assert_eq!(job.seats.load(Ordering::Relaxed), threads);
            }
        }
    }

    #[test]
    fn who_does_not_come_in_time_is_not_waited_for() {
        let crew = Crew::<Rounds>::new(4).unwrap();
        for _ in 0..200 {
            let job = Rounds::with_patience(3, None, 0);
            crew.run(Arc::clone(&job)).unwrap();
            assert!((1..=4).contains(&job.seats.load(Ordering::Relaxed)));
        }
    }

    #[test]
    fn everything_is_done_once_whoever_comes() {
        let crew = Crew::<Numbers>::new(3).unwrap();
        for _ in 0..200 {
            let taken = (0..50).map(|_| AtomicUsize::new(0)).collect();
            let job = Arc::new(Numbers { next: AtomicUsize::new(0), taken });
            crew.run(Arc::clone(&job)).unwrap();
            assert!(job.taken.iter().all(|taken| taken.load(Ordering::Relaxed) == 1));
        }
    }

    #[test]
    fn a_thread_that_panics_fails_the_job_and_the_crew_does_the_next() {
        let crew = Crew::<Rounds>::new(3).unwrap();
        for seat in 0..3 {
            assert_eq!(crew.run(Rounds::new(9, Some((seat, 4)))), Err(Broken));
            crew.run(Rounds::new(9, None)).unwrap();
        }
    }
}
