//! Six questions about the steps, each answered with figures of one run.

use load::report::Time;
use load::units::{bytes, count, three_digits};
use load::{Protocol, Report, Workload};

use super::note::{closes, served};
use super::percentile::{Percentile, tail};
use super::record::{Record, Row, Table};
use super::stats::summary;
use super::table::{bytes_per_connection, micros_per_request};
use super::unseen::{Sight, cores_used};

/// A question, and what the run says to it.
pub struct Answer {
    pub question: &'static str,
    /// Nothing, if the run does not say it.
    pub text: String,
    /// Where it is to be seen.
    pub workload: Workload,
}

/// All six, in the order of the steps.
pub fn answers(record: &Record) -> Vec<Answer> {
    let run = Run { record, sight: Sight::of(record) };
    let answer = |question, workload, text: Option<String>| Answer {
        question,
        text: text.unwrap_or_default(),
        workload,
    };
    vec![
        answer("Why is step 01 useless?", Workload::Hoard, run.one_answer()),
        answer("What do threads cost?", Workload::Crowd, run.threads()),
        answer("Who starves in step 04?", Workload::Hoard, run.starved()),
        answer("What stalls steps 05 and 08?", Workload::Mixed, run.stalled()),
        answer("What does step 09 change?", Workload::Mixed, run.elsewhere()),
        answer("What does step 10 add?", Workload::Spread, run.cores()),
    ]
}

struct Run<'a> {
    record: &'a Record,
    sight: Sight,
}

impl<'a> Run<'a> {
    /// The smallest of a workload, in frames where it was measured in both protocols.
    fn table(&self, workload: Workload) -> Option<&'a Table> {
        let of_it = self.record.tables.iter().filter(|table| table.workload == workload);
        of_it.min_by_key(|table| (table.protocol != Protocol::Frames, table.payload))
    }

    fn row(&self, workload: Workload, step: &str) -> Option<(&'a Table, &'a Row)> {
        let table = self.table(workload)?;
        let name = |row: &&Row| row.name.starts_with(&format!("step-{step}-"));
        Some((table, table.rows.iter().find(name)?))
    }

    fn one_answer(&self) -> Option<String> {
        let (_, row) = self.row(Workload::Echo, "01")?;
        let mut text = match closes(row) {
            true => "It hangs up after each answer".to_owned(),
            false => "It did not hang up after each answer in this run".to_owned(),
        };
        if let Some((table, row)) = self.row(Workload::Hoard, "01")
            && let Some((served, all)) = served(row)
        {
            text += &format!(
                "; beside {} silent clients it served {} of the {} that asked something",
                count(table.silent as u64),
                count(served),
                count(all)
            );
        }
        Some(text + ".")
    }

    fn threads(&self) -> Option<String> {
        let cost = |step| {
            let (_, row) = self.row(Workload::Crowd, step)?;
            let last = row.rested().last()?;
            let kernel = last.after.kernel.saturating_sub(last.before.kernel);
            let kernel = kernel / last.crowd.at_rest.max(1) as u64;
            Some(format!(
                "{} threads, and for each connection {} of its own and {} of the kernel's memory \
                 for threads",
                count(last.after.threads),
                bytes(bytes_per_connection(row)?.median as u64),
                bytes(kernel)
            ))
        };
        let (table, _) = self.row(Workload::Crowd, "03")?;
        let mut text = format!(
            "{} connections at rest are, in step 03, {}; in step 05, {}",
            count(table.connections as u64),
            cost("03")?,
            cost("05")?
        );
        let request = |step| {
            let (_, row) = self.row(Workload::Echo, step)?;
            let micros = summary(row.reports().filter_map(micros_per_request))?.median;
            Some(format!("{} µs", three_digits(micros)))
        };
        if let (Some(threads), Some(event_loop)) = (request("03"), request("05")) {
            text += &format!(
                ". An echo among {} costs {threads} of processor time in step 03, {event_loop} in step 05",
                count(self.table(Workload::Echo)?.connections as u64)
            );
        }
        Some(text + ".")
    }

    fn starved(&self) -> Option<String> {
        let (table, row) = self.row(Workload::Hoard, "04")?;
        let (served_here, all) = served(row)?;
        let (_, without) = self.row(Workload::Hoard, "05")?;
        Some(format!(
            "Who comes after as many as it has workers: beside {} silent clients, {} of the {} that ask \
             are served; in step 05, {}.",
            count(table.silent as u64),
            count(served_here),
            count(all),
            count(served(without)?.0)
        ))
    }

    fn stalled(&self) -> Option<String> {
        let half = |step| self.time(Workload::Mixed, step, Percentile::P50);
        Some(format!(
            "The computation for one client, while which all others wait: half of their echoes took \
             {} or longer in step 05 and {} in step 08; in step 06, where workers compute, {}.",
            half("05")?,
            half("08")?,
            half("06")?
        ))
    }

    fn elsewhere(&self) -> Option<String> {
        let (_, before) = self.row(Workload::Mixed, "08")?;
        let (_, after) = self.row(Workload::Mixed, "09")?;
        // One that both have.
        let percentile = tail(before)?.0.min(tail(after)?.0);
        let time = |step| self.time(Workload::Mixed, step, percentile);
        let primes = |row: &Row| {
            let primes = |report: &Report| report.primes.as_ref().map(|primes| primes.per_second);
            Some(three_digits(summary(row.reports().filter_map(primes))?.median))
        };
        Some(format!(
            "While others have primes computed, the {} of an echo is {} instead of the {} of step 08, \
             with {} primes a second instead of {}.",
            percentile.name(),
            time("09")?,
            time("08")?,
            primes(after)?,
            primes(before)?
        ))
    }

    fn cores(&self) -> Option<String> {
        let does = |step| {
            let (table, row) = self.row(Workload::Spread, step)?;
            let cores = summary(row.reports().filter_map(cores_used))?.median;
            let rate = match self.sight.rate(table, row) {
                Some(unseen) => format!("not to be seen here ({})", unseen.word()),
                None => {
                    let rates = row.reports().map(|report| report.requests.per_second);
                    format!("{} answers a second", count(summary(rates)?.median.round() as u64))
                }
            };
            Some(format!("step {step}: {rate}, on {} cores", three_digits(cores)))
        };
        let mut text = format!(
            "Of computations of 200 µs, {}; {}; {}.",
            does("08")?,
            does("09")?,
            does("10")?
        );
        if self.record.machine.cores <= 2 {
            text += " That step 10 also waits on every core, where 09 has one for it, two cores cannot \
                     show: the generator takes one.";
        }
        Some(text)
    }

    fn time(&self, workload: Workload, step: &str, percentile: Percentile) -> Option<Time> {
        let (table, row) = self.row(workload, step)?;
        let seen = self.sight.times(table, row).is_none();
        percentile.of(row).filter(|_| seen)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::record::tests::record;
    use crate::bench::table::tests::{report, row};
    use serde_json::json;

    fn text(record: &Record, question: &str) -> String {
        let all = answers(record);
        let about = all.into_iter().find(|answer| answer.question.contains(question));
        about.expect("it is one of the six").text
    }

    #[test]
    fn a_run_that_does_not_say_it_gives_no_answer() {
        let record = record();
        let all = answers(&record);
        assert_eq!(all.len(), 6);
        assert!(all.iter().all(|answer| answer.text.is_empty()), "it has only step 05");
    }

    #[test]
    fn figures_come_from_the_run() {
        let mut record = record();
        record.tables[0].workload = Workload::Mixed;
        let of = |name: &str, half: u64, p99: u64, primes: f64| {
            let report = report(|report| {
                let mut primes_asked = report["requests"].clone();
                primes_asked["per_second"] = json!(primes);
                report["primes"] = primes_asked;
                report["requests"]["response"]["p50"]["nanos"] = json!(half);
                report["requests"]["response"]["p99"]["nanos"] = json!(p99);
            });
            Row { name: name.into(), ..row(vec![report]) }
        };
        record.tables[0].rows = vec![
            of("step-05-nonblocking", 60_000_000, 160_000_000, 10.0),
            of("step-06-separation", 200_000, 1_000_000, 12.0),
            of("step-08-tokio", 70_000_000, 170_000_000, 10.0),
            of("step-09-spawn-blocking", 300_000, 2_000_000, 13.0),
        ];
        assert_eq!(
            text(&record, "05 and 08"),
            "The computation for one client, while which all others wait: half of their echoes took \
             60.0 ms or longer in step 05 and 70.0 ms in step 08; in step 06, where workers compute, \
             200 µs."
        );
        let changed = text(&record, "step 09");
        assert!(
            changed.contains("the p99 of an echo is 2.00 ms instead of the 170 ms"),
            "{changed}"
        );
        assert!(changed.contains("13.0 primes a second instead of 10.0"), "{changed}");
        assert_eq!(text(&record, "step 04"), "", "nobody was silent");
    }
}
