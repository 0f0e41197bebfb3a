//! What the C ABI costs beside the bare `v8` crate: `make bench` prints the table that
//! docs/BENCHMARKS.md explains.
//!
//! With an argument that is no option, criterion measures what has the argument in its name, each
//! side by itself, and compares with its last time: for work on the speed of one thing.

#![allow(clippy::undocumented_unsafe_blocks)]

mod bare;
mod cases;
mod ours;
mod pair;

use bare::Bare;
use criterion::Criterion;
use jsvm::engine::error::Status;
use ours::Ours;
use pair::{Pair, quartiles, time};
use std::process::Command;
use std::time::{Duration, Instant};

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|a| a != "--bench").collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => table(""),
        ["--memory", whose] => println!("{}", memory_of_one(whose)),
        ["--table", filter] => table(filter),
        _ => criterion(),
    }
}

fn table(filter: &str) {
    println!("| work | libjsvm | bare crate | ratio (quartiles) | target | |");
    println!("|---|---|---|---|---|---|");
    for mut pair in cases::all().into_iter().filter(|pair| pair.name.contains(filter)) {
        let it = pair.compare();
        let [low, ratio, high] = it.ratio;
        println!(
            "| {} | {} | {} | {ratio:.2} ({low:.2}-{high:.2}) | {} |",
            pair.name,
            duration(it.ours),
            duration(it.bare),
            verdict(ratio, pair.target)
        );
    }
    if filter.is_empty() {
        println!();
        limits();
        memory();
    }
}

fn verdict(value: f64, target: Option<f64>) -> String {
    let word = |target| if value <= target { "met" } else { "missed" };
    target.map_or("- | ".into(), |target| format!("{target} | {}", word(target)))
}

fn duration(nanoseconds: f64) -> String {
    match nanoseconds {
        n if n < 1e3 => format!("{n:.0} ns"),
        n if n < 1e6 => format!("{:.2} us", n / 1e3),
        n => format!("{:.2} ms", n / 1e6),
    }
}

/// What a timeout costs, and how late it comes.
fn limits() {
    let more = cases::timeout().compare().more / 1e3;
    println!("- a timeout adds {more:.2} us to a run: target 1.5: {}", met(more <= 1.5));

    let ours = Ours::new();
    let late = (0..51).map(|_| {
        let start = Instant::now();
        assert_eq!(ours.evaluate_for("for (;;) {}", 10), Status::Timeout);
        (start.elapsed() - Duration::from_millis(10)).as_secs_f64() * 1e3
    });
    let [low, late, high] = quartiles(late.collect());
    println!(
        "- `for (;;) {{}}` ends {late:.3} ms after its time ({low:.3}-{high:.3}): target 1: {}",
        met(late <= 1.0)
    );
}

fn met(is: bool) -> &'static str {
    if is { "met" } else { "missed" }
}

/// Memory of an idle isolate, each side in processes of its own.
fn memory() {
    let measure = |whose: &str| {
        let one = || {
            let me = std::env::current_exe().expect("the program's own path");
            let output = Command::new(me).args(["--memory", whose]).output().expect("it can be started");
            String::from_utf8_lossy(&output.stdout).trim().parse::<f64>().expect("a number of KB")
        };
        quartiles((0..5).map(|_| one()).collect())[1]
    };
    let (ours, bare) = (measure("ours"), measure("bare"));
    let ratio = ours / bare;
    println!(
        "- an idle isolate takes {ours:.0} KB, the bare crate's {bare:.0} KB: ratio {ratio:.3}, target 1.05: {}",
        met(ratio <= 1.05)
    );
}

/// KB of resident memory that each of 50 isolates adds.
fn memory_of_one(whose: &str) -> f64 {
    const MANY: usize = 50;
    // The first one starts V8, on both sides.
    let mut ours = vec![Ours::new()];
    let mut bare = vec![Bare::new()];
    let before = resident();
    for _ in 0..MANY {
        match whose {
            "ours" => ours.push(Ours::new()),
            _ => bare.push(Bare::new()),
        }
    }
    (resident() - before) / MANY as f64
}

/// KB of this process's resident memory.
fn resident() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("VmRSS");
    line.trim().trim_end_matches(" kB").parse().expect("a number")
}

fn criterion() {
    let mut criterion = Criterion::default()
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2))
        .configure_from_args();
    for Pair { name, mut ours, mut bare, .. } in cases::all() {
        let mut group = criterion.benchmark_group(name);
        group.bench_function("libjsvm", |b| b.iter_custom(|times| time(&mut ours, times)));
        group.bench_function("bare", |b| b.iter_custom(|times| time(&mut bare, times)));
    }
    criterion.final_summary();
}
