//! Two runs side by side: what has changed, and by how much more than chance explains.

use std::time::Duration;

use load::units::{three_digits, time};

use super::percentile::Percentile;
use super::record::{Record, Row, Table};
use super::stats::{Summary, summary};
use super::table::{micros_per_request, short};

/// A change of one figure.
#[derive(Debug, PartialEq)]
pub struct Change {
    /// Which, and whose: `mixed frames 05-nonblocking p99`.
    pub place: String,
    old: Summary,
    new: Summary,
    unit: Unit,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Unit {
    Micros,
    Nanos,
    Bytes,
}

impl Change {
    /// By how much the median is larger, as a share of the old one. More is worse, in all that is
    /// compared.
    pub fn share(&self) -> f64 {
        self.new.median / self.old.median - 1.0
    }

    /// Whether the intervals of the two runs have nothing in common. Fewer than three rounds have
    /// no interval to speak of.
    pub fn exceeds_noise(&self) -> bool {
        let apart = self.new.low > self.old.high || self.new.high < self.old.low;
        apart && self.old.rounds >= 3 && self.new.rounds >= 3
    }

    fn line(&self) -> String {
        let show = |summary: Summary| match self.unit {
            Unit::Micros => format!("{} µs", three_digits(summary.median)),
            Unit::Nanos => time(Duration::from_nanos(summary.median as u64)),
            Unit::Bytes => format!("{:.0} bytes", summary.median),
        };
        let sign = if self.exceeds_noise() { "!" } else { " " };
        let (old, new) = (show(self.old), show(self.new));
        format!("{sign} {:+6.1} %  {old} to {new}  {}", self.share() * 100.0, self.place)
    }
}

/// What both runs have measured, in the order of the new one.
pub fn changes(old: &Record, new: &Record) -> Vec<Change> {
    let of_table = |table: &Table| {
        let kind = |t: &Table| (t.workload, t.protocol, t.beside(), t.payload);
        let before = old.tables.iter().find(|before| kind(before) == kind(table));
        let rows = before.map_or(&[][..], |before| &before.rows);
        let pairs = table
            .rows
            .iter()
            .filter_map(|row| Some((rows.iter().find(|before| before.name == row.name)?, row)));
        pairs.flat_map(|(before, row)| of_row(table, before, row)).collect::<Vec<_>>()
    };
    new.tables.iter().flat_map(of_table).collect()
}

/// A name, a unit, and what a row says of it.
type Figure = (&'static str, Unit, fn(&Row) -> Option<Summary>);

fn of_row(table: &Table, old: &Row, new: &Row) -> Vec<Change> {
    let figures: [Figure; 4] = [
        ("CPU/request", Unit::Micros, |row| summary(row.reports().filter_map(micros_per_request))),
        ("p90", Unit::Nanos, |row| each_round(row, Percentile::P90)),
        ("p99", Unit::Nanos, |row| each_round(row, Percentile::P99)),
        ("memory/connection", Unit::Bytes, |row| {
            summary(row.rested().map(|rested| rested.bytes_per_connection))
        }),
    ];
    let place = format!("{} {} {}", table.workload.name(), table.protocol.name(), short(&new.name));
    let change = |(name, unit, figure): Figure| {
        let (old, new) = (figure(old)?, figure(new)?);
        (old.median > 0.0).then(|| Change { place: format!("{place} {name}"), old, new, unit })
    };
    figures.into_iter().filter_map(change).collect()
}

/// Of the rounds that have requests enough. Of a wait that has not ended, nobody knows how long it was.
fn each_round(row: &Row, percentile: Percentile) -> Option<Summary> {
    let times = row.reports().filter_map(|report| percentile.of_round(report));
    let ended = times.filter(|time| !time.at_least);
    summary(ended.map(|time| time.nanos as f64))
}

/// The changes, the largest first, with those above that no chance explains.
pub fn show(changes: &mut [Change], old: &Record) -> String {
    changes.sort_by(|a, b| {
        let key = |change: &Change| (change.exceeds_noise(), change.share().abs());
        let (a, b) = (key(a), key(b));
        b.0.cmp(&a.0).then(b.1.total_cmp(&a.1))
    });
    let beyond = changes.iter().filter(|change| change.exceeds_noise()).count();
    let mut text = format!(
        "\ncompared with {} of {}: {beyond} of {} figures have changed by more than the spread of both \
         runs (!)\n",
        old.machine.git_revision,
        old.machine.date,
        changes.len()
    );
    for change in changes.iter() {
        text += &change.line();
        text.push('\n');
    }
    text
}

/// Those that have become worse by more than so many percent, and by more than chance explains.
pub fn regressions(changes: &[Change], percent: f64) -> Vec<&str> {
    let worse = |change: &&Change| change.exceeds_noise() && change.share() * 100.0 > percent;
    changes.iter().filter(worse).map(|change| change.place.as_str()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(old: [f64; 3], new: [f64; 3]) -> Change {
        let summary = |values| summary(values).unwrap();
        Change { place: "here".into(), old: summary(old), new: summary(new), unit: Unit::Micros }
    }

    #[test]
    fn what_overlaps_may_be_chance() {
        let noise = change([4.0, 4.1, 4.3], [4.2, 4.4, 4.6]);
        assert!(!noise.exceeds_noise() && noise.share() > 0.05);
        let worse = change([4.0, 4.1, 4.3], [5.0, 5.1, 5.2]);
        assert!(worse.exceeds_noise());
        let better = change([5.0, 5.1, 5.2], [4.0, 4.1, 4.3]);
        assert!(better.exceeds_noise() && better.share() < 0.0);
        let once = Change { old: summary([4.0]).unwrap(), ..change([4.0; 3], [9.0; 3]) };
        assert!(!once.exceeds_noise(), "one round has no spread");
        let all = [noise, worse, better];
        assert_eq!(regressions(&all, 10.0).len(), 1);
        assert_eq!(regressions(&all, 30.0).len(), 0);
    }

    #[test]
    fn the_certain_and_the_large_come_first() {
        let record = |revision: &str| -> Record {
            let mut record = crate::bench::record::tests::record();
            record.machine.git_revision = revision.into();
            record
        };
        let mut changes =
            [change([4.0, 4.1, 4.3], [4.2, 4.4, 4.6]), change([4.0, 4.1, 4.3], [5.0, 5.1, 5.2])];
        let text = show(&mut changes, &record("abc"));
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines[1].contains("abc") && lines[1].contains("1 of 2"), "{text}");
        assert!(lines[2].starts_with("!  +24.4 %  4.10 µs to 5.10 µs"), "{text}");
        assert!(lines[3].starts_with("    +7.3 %"), "{text}");
    }
}
