//! Time, measured by criterion.

use std::path::Path;
use std::time::{Duration, Instant};

use criterion::Criterion;

use crate::Case;

const ROUNDS: usize = 3;

/// How many nanoseconds a run takes, for each contestant of each case: the median of all samples.
pub fn all(cases: &[Case]) -> Vec<Vec<f64>> {
    let mut criterion = Criterion::default()
        .without_plots()
        .output_directory(&Path::new(env!("CARGO_MANIFEST_DIR")).join("target/criterion"))
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1));
    let mut samples: Vec<Vec<Vec<f64>>> =
        cases.iter().map(|case| vec![Vec::new(); case.contestants.len()]).collect();
    for round in 1..=ROUNDS {
        for (case, samples) in cases.iter().zip(&mut samples) {
            for (contestant, samples) in case.contestants.iter().zip(samples) {
                let name = format!("{}/{}/{round}", case.name, contestant.name);
                criterion.bench_function(&name, |bencher| {
                    bencher.iter_custom(|n| {
                        let start = Instant::now();
                        (contestant.run)(&case.input, n);
                        let time = start.elapsed();
                        samples.push(time.as_nanos() as f64 / n as f64);
                        time
                    });
                });
            }
        }
    }
    samples.into_iter().map(|case| case.into_iter().map(median).collect()).collect()
}

fn median(mut samples: Vec<f64>) -> f64 {
    samples.sort_by(f64::total_cmp);
    samples[samples.len() / 2]
}
