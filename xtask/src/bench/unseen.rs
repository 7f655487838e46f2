//! What cannot be seen: a figure that says something about the generator, or about how many cores
//! there are, is not printed. In its place stands a word that says which.

use load::Workload;
use load::report::{Report, ServerCost};

use super::record::{Record, Row, Table};
use super::stats::summary;

/// Whoever uses this share of a core, or of the machine, has nothing left of it.
pub const AT_LIMIT: f64 = 0.95;

/// A server that uses more of the machine than this uses several cores.
const SEVERAL: f64 = 1.05;

/// Why there is no figure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Unseen {
    /// The server had one core here, and uses more where it may.
    OneCore,
    /// Server and generator together used all of the machine.
    Full,
    /// The generator had no time left; the server had.
    Generator,
    /// The generator sent later than it should have.
    Late,
}

impl Unseen {
    /// What stands in place of the figure.
    pub fn word(self) -> &'static str {
        match self {
            Unseen::OneCore => "one core",
            Unseen::Full => "full",
            Unseen::Generator => "generator",
            Unseen::Late => "late",
        }
    }

    /// What stands below.
    pub fn says(self, cores: usize) -> String {
        let why = match self {
            Unseen::OneCore => {
                return format!(
                    "one core: this server uses several (see spread) and had one here; the generator \
                     has another, of {cores}"
                );
            }
            Unseen::Full => format!(
                "server and generator used up {} together; the figure would be that of the machine",
                if cores == 1 { "the only core".into() } else { format!("all {cores} cores") }
            ),
            Unseen::Generator => {
                "the generator was at its limit, the server was not; the figure would be the \
                 generator's"
                    .into()
            }
            Unseen::Late => {
                "the generator sent late, so the times would be its own; a busy machine?".into()
            }
        };
        format!("{}: {why}", self.word())
    }
}

/// What is known of a run, to tell what can be seen in it.
pub struct Sight {
    pub cores: usize,
    pinned: bool,
    /// Servers that have used several cores where they might.
    several: Vec<String>,
}

impl Sight {
    pub fn of(record: &Record) -> Sight {
        let pinned = record.method.pinned;
        let free = record.tables.iter().filter(|table| !confined(pinned, table));
        let several = free.flat_map(|table| &table.rows).filter(|row| on_several(row));
        Sight {
            cores: record.machine.cores,
            pinned,
            several: several.map(|row| row.name.clone()).collect(),
        }
    }

    /// Why nothing is said of how much a server can do.
    pub fn rate(&self, table: &Table, row: &Row) -> Option<Unseen> {
        let mut offered = row.reports().map(|report| report.offered);
        let closed = offered.next().is_some_and(|rate| rate.is_none());
        if closed { self.primes(table, row) } else { self.shared(table, row) }
    }

    /// Why nothing is said of how many primes it finds: they are always asked for in a closed loop.
    pub fn primes(&self, table: &Table, row: &Row) -> Option<Unseen> {
        let one_core = confined(self.pinned, table) && self.uses_several(row);
        self.shared(table, row).or(one_core.then_some(Unseen::OneCore))
    }

    /// Why nothing is said of how long that takes.
    pub fn times(&self, table: &Table, row: &Row) -> Option<Unseen> {
        self.shared(table, row).or(mostly(row, Report::late).then_some(Unseen::Late))
    }

    /// It has used several cores where it might.
    pub fn uses_several(&self, row: &Row) -> bool {
        self.several.contains(&row.name)
    }

    fn shared(&self, table: &Table, row: &Row) -> Option<Unseen> {
        let all = self.cores as f64 * AT_LIMIT;
        let full = |report: &Report| {
            // While the generator waits for a core, the server may have it: that is counted already.
            let busy = report.generator.busy.zip(cores_used(report));
            busy.is_some_and(|(generator, server)| generator + server >= all)
        };
        if !confined(self.pinned, table) && mostly(row, full) {
            return Some(Unseen::Full);
        }
        mostly(row, generator_alone).then_some(Unseen::Generator)
    }

    /// What stands below a table, a line for each word in it.
    pub fn legend(&self, table: &Table) -> Vec<String> {
        let primes = |row| self.primes(table, row).filter(|_| table.workload == Workload::Mixed);
        let seen = |row| [self.rate(table, row), self.times(table, row), primes(row)];
        let mut all: Vec<Unseen> = table.rows.iter().flat_map(seen).flatten().collect();
        all.sort();
        all.dedup();
        all.into_iter().map(|unseen| unseen.says(self.cores)).collect()
    }
}

/// Whether each server had one core there, whatever its number of threads.
fn confined(pinned: bool, table: &Table) -> bool {
    pinned && table.workload != Workload::Spread
}

/// How many cores the server was using.
pub fn cores_used(report: &Report) -> Option<f64> {
    let spent = |server: &ServerCost| server.processor_time as f64 / 1e9 / report.seconds;
    report.server.as_ref().map(spent)
}

fn on_several(row: &Row) -> bool {
    summary(row.reports().filter_map(cores_used)).is_some_and(|cores| cores.median > SEVERAL)
}

/// The generator was at its limit, and the server may have had more to give.
fn generator_alone(report: &Report) -> bool {
    let full = report.generator.taken().is_some_and(|taken| taken > AT_LIMIT);
    full && !both_at_limit(report)
}

/// Each had a core, and each used all of it.
pub fn both_at_limit(report: &Report) -> bool {
    let generator = report.generator.taken().is_some_and(|taken| taken > AT_LIMIT);
    // One that uses several cores may have more to spare.
    generator && cores_used(report).is_some_and(|cores| (AT_LIMIT..SEVERAL).contains(&cores))
}

/// In fewer than half of the rounds, it does not reach the median.
pub fn mostly(row: &Row, is: impl Fn(&Report) -> bool) -> bool {
    let rounds = row.reports().count();
    rounds > 0 && row.reports().filter(|report| is(report)).count() * 2 >= rounds
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::cell::Outcome;
    use crate::bench::record::tests::record;
    use crate::bench::table::tests::{report, row};
    use serde_json::{Value, json};

    /// An echo and a spread of one server, which uses so many cores in the spread.
    fn run(spread_cores: f64, change: impl Fn(&mut Value) + Copy) -> Record {
        let mut record = record();
        record.tables[0].rows = vec![row(vec![report(change)])];
        let spread = report(|report| {
            report["workload"] = json!("spread");
            report["offered"] = json!(6000.0);
            report["server"]["processor_time"] = json!((spread_cores * 1e9) as u64);
        });
        let mut table = crate::bench::record::tests::record().tables.remove(0);
        (table.workload, table.rows) = (Workload::Spread, vec![row(vec![spread])]);
        record.tables.push(table);
        record
    }

    fn of_echo(record: &Record) -> [Option<Unseen>; 2] {
        let (sight, table) = (Sight::of(record), &record.tables[0]);
        [sight.rate(table, &table.rows[0]), sight.times(table, &table.rows[0])]
    }

    fn of_spread(record: &Record) -> Option<Unseen> {
        let table = &record.tables[1];
        Sight::of(record).rate(table, &table.rows[0])
    }

    #[test]
    fn what_one_core_does_is_not_what_a_server_of_several_can_do() {
        assert_eq!(of_echo(&run(1.0, |_| ())), [None, None]);
        let several = run(1.3, |_| ());
        assert_eq!(of_echo(&several), [Some(Unseen::OneCore), None]);
        assert_eq!(of_spread(&several), None, "there, nobody is pinned");
        let legend = Sight::of(&several).legend(&several.tables[0]);
        assert!(legend.len() == 1 && legend[0].contains("see spread"), "{legend:?}");
        let open = run(1.4, |report| report["offered"] = json!(200.0));
        assert_eq!(of_echo(&open), [None, None], "what is offered is answered, on one core or two");
        let free = Record {
            method: crate::bench::record::MethodRecord { pinned: false, ..several.method.clone() },
            ..several
        };
        assert_eq!(of_echo(&free), [None, None]);
    }

    #[test]
    fn a_machine_that_both_have_used_up_shows_no_server() {
        assert_eq!(of_spread(&run(1.3, |_| ())), None);
        let full = run(1.5, |_| ());
        assert_eq!(of_spread(&full), Some(Unseen::Full), "the generator has the other half core");
        let mut shared = run(1.3, |_| ());
        shared.tables[1].rows = vec![row(vec![report(|report| {
            report["workload"] = json!("spread");
            report["offered"] = json!(6000.0);
            report["server"]["processor_time"] = json!(1_300_000_000);
            report["generator"]["waited"] = json!(0.2);
        })])];
        assert_eq!(of_spread(&shared), None, "one core is idle at times, if not that of both");
        let mut one_core = run(0.6, |_| ());
        one_core.machine.cores = 1;
        assert_eq!(of_spread(&one_core), Some(Unseen::Full));
    }

    #[test]
    fn a_generator_at_its_limit_shows_itself() {
        let busy = |server: u64| {
            move |report: &mut Value| {
                report["generator"]["busy"] = json!(0.99);
                report["generator"]["saturated"] = json!(true);
                report["server"]["processor_time"] = json!(server);
            }
        };
        let alone = run(1.0, busy(500_000_000));
        assert_eq!(of_echo(&alone), [Some(Unseen::Generator); 2]);
        assert_eq!(of_echo(&run(1.0, busy(970_000_000))), [None, None], "so is the server");
        let others_have_its_core = run(1.0, |report| {
            report["generator"] =
                json!({ "busy": 0.5, "waited": 0.48, "send_lag_p99": 0, "saturated": true });
        });
        assert_eq!(of_echo(&others_have_its_core), [Some(Unseen::Generator); 2]);
    }

    #[test]
    fn what_was_sent_late_has_no_times() {
        let late = |report: &mut Value| {
            report["offered"] = json!(200.0);
            report["generator"]["saturated"] = json!(true);
        };
        assert_eq!(of_echo(&run(1.0, late)), [None, Some(Unseen::Late)]);
        let mut once = run(1.0, late);
        let rounds = &mut once.tables[0].rows[0].rounds;
        rounds.extend([report(|_| ()), report(|_| ()), Outcome::Failed("no".into())]);
        assert_eq!(of_echo(&once), [None, None], "one round of three does not reach the median");
    }
}
