//! What the pool of step 04 promises.

// Of `core`, and so not loom's: what the assertions count is no part of what is checked.
use core::sync::atomic::{AtomicUsize, Ordering};
use std::num::NonZeroUsize;
use std::panic;
use std::sync::{Arc, Condvar, Mutex};

use models::{ThreadPool, check};

fn pool(workers: usize) -> ThreadPool {
    ThreadPool::new(NonZeroUsize::new(workers).unwrap()).unwrap()
}

/// Counters for `N` tasks, and what each task does: it counts itself.
fn counters<const N: usize>() -> [Arc<AtomicUsize>; N] {
    std::array::from_fn(|_| Arc::default())
}

fn counts(counter: &Arc<AtomicUsize>) -> impl FnOnce() + Send + 'static {
    let counter = Arc::clone(counter);
    move || {
        counter.fetch_add(1, Ordering::Relaxed);
    }
}

fn ran<const N: usize>(counters: &[Arc<AtomicUsize>; N]) -> [usize; N] {
    std::array::from_fn(|i| counters[i].load(Ordering::Relaxed))
}

#[test]
fn every_task_runs_once_before_the_pool_is_gone() {
    check(|| {
        let tasks = counters::<3>();
        let pool = pool(2);
        for task in &tasks {
            pool.execute(counts(task));
        }
        drop(pool);
        assert_eq!(ran(&tasks), [1; 3], "how often the tasks have run");
    });
}

#[test]
fn tasks_run_side_by_side() {
    check(|| {
        let pool = pool(2);
        let meeting = Arc::new((Mutex::new(0), Condvar::new()));
        for _ in 0..2 {
            let meeting = Arc::clone(&meeting);
            // Neither goes on until both have come.
            pool.execute(move || {
                let (come, changed) = &*meeting;
                let mut come = come.lock().unwrap();
                *come += 1;
                changed.notify_all();
                while *come < 2 {
                    come = changed.wait(come).unwrap();
                }
            });
        }
    });
}

#[test]
fn a_panic_costs_one_task_and_no_worker() {
    check(|| {
        let tasks = counters::<2>();
        let pool = pool(1);
        pool.execute(counts(&tasks[0]));
        pool.execute(|| panic::on_purpose());
        pool.execute(counts(&tasks[1]));
        drop(pool);
        assert_eq!(ran(&tasks), [1; 2], "how often the other tasks have run");
    });
}

#[test]
fn a_task_is_taken_or_given_back() {
    check(|| {
        let tasks = counters::<3>();
        let pool = pool(1);
        let taken = [0, 1, 2].map(|i| match pool.try_execute(Box::new(counts(&tasks[i]))) {
            Ok(()) => 1,
            Err(given_back) => {
                drop(given_back);
                0
            }
        });
        drop(pool);
        assert_eq!(ran(&tasks), taken, "how often the tasks have run, and whether they were taken");
    });
}

#[test]
fn two_may_bring_tasks_at_once() {
    check(|| {
        let tasks = counters::<2>();
        let pool = Arc::new(pool(1));
        let (theirs, task) = (Arc::clone(&pool), counts(&tasks[0]));
        let other = std::thread::spawn(move || theirs.execute(task));
        pool.execute(counts(&tasks[1]));
        other.join().unwrap();
        drop(pool);
        assert_eq!(ran(&tasks), [1; 2], "how often the tasks have run");
    });
}
