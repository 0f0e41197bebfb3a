//! Two ways to do the same work, and how their times compare.
//!
//! A machine that others use too changes its speed from one second to the next. So the two sides
//! take turns in short batches, time is what the clock of the calling thread's CPU time says, and
//! what counts is the median of the ratios of neighbours.

use std::time::Duration;

/// Does the work so many times.
pub type Side = Box<dyn FnMut(u64)>;

pub struct Pair {
    pub name: &'static str,
    /// What the ratio should not pass.
    pub target: Option<f64>,
    /// How many times the work is done in one iteration.
    pub each: f64,
    pub ours: Side,
    pub bare: Side,
}

/// Nanoseconds of one time, and the ratio: its median and its quartiles.
pub struct Comparison {
    pub ours: f64,
    pub bare: f64,
    pub ratio: [f64; 3],
    /// The median of the differences, in nanoseconds.
    pub more: f64,
}

const ROUNDS: u128 = 1001;
const BATCH: Duration = Duration::from_micros(300);
/// Work that takes longer than a batch is done in fewer rounds, in about this time.
const LONGEST: Duration = Duration::from_secs(4);

pub fn time(side: &mut Side, iterations: u64) -> Duration {
    let start = cpu_time();
    side(iterations);
    cpu_time() - start
}

fn cpu_time() -> Duration {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: writes our own variable.
    unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &mut time) };
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

impl Pair {
    pub fn compare(&mut self) -> Comparison {
        let mut iterations = 1;
        // Grows until a batch is long enough, which warms up V8's compilers on the way.
        let batch = loop {
            let taken = time(&mut self.bare, iterations).min(time(&mut self.ours, iterations));
            if taken >= BATCH {
                break taken;
            }
            iterations *= 2;
        };
        let rounds = ROUNDS.min(LONGEST.as_nanos() / batch.as_nanos() / 2).max(21);
        let mut times = Vec::new();
        for round in 0..rounds {
            // Neither side is always the first.
            let (ours, bare) = if round % 2 == 0 {
                let ours = time(&mut self.ours, iterations);
                (ours, time(&mut self.bare, iterations))
            } else {
                let bare = time(&mut self.bare, iterations);
                (time(&mut self.ours, iterations), bare)
            };
            let one = |time: Duration| time.as_nanos() as f64 / (iterations as f64 * self.each);
            times.push((one(ours), one(bare)));
        }
        let of = |pick: fn(&(f64, f64)) -> f64| quartiles(times.iter().map(pick).collect());
        Comparison {
            ours: of(|t| t.0)[1],
            bare: of(|t| t.1)[1],
            ratio: of(|t| t.0 / t.1),
            more: of(|t| t.0 - t.1)[1],
        }
    }
}

/// The lower quartile, the median and the upper quartile.
pub fn quartiles(mut numbers: Vec<f64>) -> [f64; 3] {
    numbers.sort_by(f64::total_cmp);
    [1, 2, 3].map(|quarter| numbers[(numbers.len() - 1) * quarter / 4])
}
