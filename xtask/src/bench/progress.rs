//! What is going on, on stderr: a bar on a terminal, a line for each cell elsewhere.

use std::io::{self, IsTerminal};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

/// How far the run is.
pub struct Progress {
    /// `None` off a terminal.
    bar: Option<ProgressBar>,
    cells: u64,
    done: u64,
}

impl Progress {
    /// So many cells are to come.
    pub fn new(cells: u64) -> Progress {
        let bar = io::stderr().is_terminal().then(|| {
            let style = ProgressStyle::with_template("{bar:24} {pos}/{len} {msg}, {eta} left");
            let bar = ProgressBar::new(cells);
            bar.set_style(style.expect("the template is a constant and is right"));
            bar.enable_steady_tick(Duration::from_millis(200));
            bar
        });
        Progress { bar, cells, done: 0 }
    }

    /// This cell comes next.
    pub fn begin(&self, cell: &str) {
        if let Some(bar) = &self.bar {
            bar.set_message(cell.to_string());
        }
    }

    /// It is done.
    pub fn end(&mut self, cell: &str, result: &str) {
        self.done += 1;
        match &self.bar {
            Some(bar) => bar.inc(1),
            None => {
                let width = self.cells.to_string().len();
                eprintln!("[{:>width$}/{}] {cell}: {result}", self.done, self.cells);
            }
        }
    }

    /// Prints something that is to stay.
    pub fn print(&self, text: &str) {
        match &self.bar {
            Some(bar) => bar.suspend(|| println!("{text}")),
            None => println!("{text}"),
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
