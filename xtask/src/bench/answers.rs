//! Six questions about the steps, each answered with figures of one run.

use std::cmp::Reverse;

use load::report::Time;
use load::units::{bytes, count, three_digits};
use load::{Plan, Protocol, Report, Workload};

use super::NOBODY;
use super::headline::{of_those_due, starves};
use super::note::{closes, half_wait, served};
use super::percentile::{Percentile, tail};
use super::record::{Record, Row, Table};
use super::stats::summary;
use super::table::{bytes_per_connection, full_crowds, grown, micros_per_request};
use super::unseen::{Sight, cores_used};

/// What stands in place of an answer whose figures say something else.
const NOT_SO: &str = "It did not show in this run";

/// A question, and what the run says to it.
pub struct Answer<'a> {
    pub question: &'static str,
    /// Nothing, if the run does not say it.
    pub text: String,
    /// Where it is to be seen, if it was measured.
    pub table: Option<&'a Table>,
}

/// All six, in the order of the steps.
pub fn answers(record: &Record) -> Vec<Answer<'_>> {
    let run = Run { record, sight: Sight::of(record) };
    let answer = |question, workload, text: Option<String>| Answer {
        question,
        text: text.unwrap_or_default(),
        table: run.table(workload),
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
    /// Of the tables of a workload, that in frames, with the smallest payload, with most silent
    /// clients, and with about as many others as there usually are.
    fn table(&self, workload: Workload) -> Option<&'a Table> {
        let of_it = self.record.tables.iter().filter(|table| table.workload == workload);
        of_it.min_by_key(|table| {
            let usual = Plan::new(NOBODY, workload, table.protocol).connections;
            let frames = table.protocol == Protocol::Frames;
            let from_usual = table.connections.abs_diff(usual);
            (!frames, table.payload, Reverse(table.silent), from_usual)
        })
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
            Some(format!(
                "{} threads, and for each connection {} of its own and {} of the kernel's memory \
                 for threads",
                count(full_crowds(row).map(|rested| rested.after.threads).max()?),
                bytes(bytes_per_connection(row)?.median as u64),
                bytes(grown(row, |footprint| footprint.kernel)? as u64)
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
        let who = match starves(row) && !starves(without) {
            true => "Who comes after as many as it has workers",
            false => NOT_SO,
        };
        Some(format!(
            "{who}: beside {} silent clients, {} of the {} that ask are served; in step 05, {}.",
            count(table.silent as u64),
            count(served_here),
            count(all),
            count(served(without)?.0)
        ))
    }

    fn stalled(&self) -> Option<String> {
        let half = |step| self.time(Workload::Mixed, step, Percentile::P50);
        let wait = |step| Some(half_wait(self.row(Workload::Mixed, step)?.1));
        let what = match wait("05")? && wait("08")? && !wait("06")? {
            true => "The computation for one client, during which all others wait",
            false => NOT_SO,
        };
        Some(format!(
            "{what}: half of the echoes took {} or longer in step 05 and {} in step 08; in step 06, \
             where workers compute, {}.",
            half("05")?,
            half("08")?,
            half("06")?
        ))
    }

    fn elsewhere(&self) -> Option<String> {
        let (table, before) = self.row(Workload::Mixed, "08")?;
        let (_, after) = self.row(Workload::Mixed, "09")?;
        // One that both have.
        let percentile = tail(before)?.0.min(tail(after)?.0);
        let time = |step| self.time(Workload::Mixed, step, percentile);
        let primes = |row: &Row| {
            let primes = |report: &Report| report.primes.as_ref().map(|primes| primes.per_second);
            let primes = summary(row.reports().filter_map(primes));
            primes.filter(|_| self.sight.primes(table, row).is_none())
        };
        let found = primes(after).zip(primes(before)).map_or(String::new(), |(after, before)| {
            let [after, before] = [after, before].map(|primes| three_digits(primes.median));
            format!(", with {after} primes a second instead of {before}")
        });
        Some(format!(
            "While others have primes computed, the {} of an echo is {} instead of the {} of step 08{found}.",
            percentile.name(),
            time("09")?,
            time("08")?,
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
                    of_those_due(&[summary(rates)?.median], table)
                }
            };
            Some(format!("step {step}: {rate}, on {} cores", three_digits(cores)))
        };
        let (table, row) = self.row(Workload::Spread, "08")?;
        let micros = summary(row.reports().filter_map(micros_per_request))?.median;
        let mut text = format!(
            "Of requests that take {} µs of processor time in step 08, {}; {}; {}.",
            three_digits(micros),
            does("08")?,
            does("09")?,
            does("10")?
        );
        let (cores, ask) = (self.record.machine.cores, table.connections);
        if cores <= 2 {
            let few = if cores == 1 { "one core" } else { "two cores" };
            text += &format!(
                " That step 10 also waits on every core, where 09 has one for it, {few} cannot show: \
                 the generator needs some of that, too."
            );
        } else if cores > ask {
            text += &format!(" Only {ask} connections ask: more than {ask} cores it cannot show.");
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
            "The computation for one client, during which all others wait: half of the echoes took \
             60.0 ms or longer in step 05 and 70.0 ms in step 08; in step 06, where workers compute, \
             200 µs."
        );
        let changed = text(&record, "step 09");
        assert!(
            changed.contains("the p99 of an echo is 2.00 ms instead of the 170 ms"),
            "{changed}"
        );
        assert!(changed.contains("13.0 primes a second instead of 10.0"), "{changed}");
        let mut spread = crate::bench::record::tests::record().tables.remove(0);
        let two_cores = report(|report| report["server"]["processor_time"] = json!(1_500_000_000));
        (spread.workload, spread.rows) = (Workload::Spread, vec![row(vec![two_cores])]);
        spread.rows[0].name = "step-09-spawn-blocking".into();
        record.tables.push(spread);
        let unseen = text(&record, "step 09");
        assert!(unseen.ends_with("of step 08."), "it had one core of several: {unseen}");
        assert_eq!(text(&record, "step 04"), "", "nobody was silent");
        record.tables[0].rows[0] = of("step-05-nonblocking", 100_000, 160_000_000, 10.0);
        let otherwise = text(&record, "05 and 08");
        assert!(otherwise.starts_with("It did not show in this run: half of"), "{otherwise}");
    }

    /// A table of these servers, and how many of 64 connections each starves.
    fn hoard(silent: usize, servers: [(&str, u64); 2]) -> Table {
        let row = |(name, starved): (&str, u64)| {
            let round = report(|report| report["starved"] = json!(starved));
            Row { name: name.into(), ..row(vec![round]) }
        };
        let table = record().tables.remove(0);
        Table { workload: Workload::Hoard, silent, rows: servers.map(row).into(), ..table }
    }

    #[test]
    fn who_starves_is_told_only_if_somebody_does() {
        let says = |tables: Vec<Table>| text(&Record { tables, ..record() }, "step 04");
        let (few, many) = (
            hoard(2, [("step-04-threadpool", 0), ("step-05-nonblocking", 0)]),
            hoard(100, [("step-04-threadpool", 62), ("step-05-nonblocking", 0)]),
        );
        assert_eq!(
            says(vec![few, many]),
            "Who comes after as many as it has workers: beside 100 silent clients, 2 of the 64 that \
             ask are served; in step 05, 64.",
            "with most silent clients"
        );
        let few = hoard(2, [("step-04-threadpool", 0), ("step-05-nonblocking", 0)]);
        assert_eq!(
            says(vec![few]),
            "It did not show in this run: beside 2 silent clients, 64 of the 64 that ask are served; \
             in step 05, 64."
        );
    }

    #[test]
    fn what_cores_bring_is_told_in_figures_of_this_machine() {
        let mut record = record();
        let of = |name: &str| {
            let round = report(|report| {
                report["offered"] = json!(1000.0);
                report["server"]["micros_per_request"] = json!(123.0);
            });
            Row { name: name.into(), ..row(vec![round]) }
        };
        let rows = ["step-08-tokio", "step-09-spawn-blocking", "step-10-multithread"].map(of);
        (record.tables[0].workload, record.tables[0].rows) = (Workload::Spread, rows.into());
        record.tables[0].connections = 4;
        let says = |cores: usize, record: &mut Record| {
            record.machine.cores = cores;
            text(record, "step 10")
        };
        let two = says(2, &mut record);
        assert!(two.starts_with("Of requests that take 123 µs of processor time"), "{two}");
        assert!(two.contains("step 10: all 1,000 requests/s due"), "{two}");
        assert!(two.contains("two cores cannot show"), "{two}");
        assert!(says(1, &mut record).contains("one core cannot show"));
        assert!(says(64, &mut record).contains("more than 4 cores it cannot show"));
    }
}
