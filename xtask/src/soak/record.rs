//! What a soak has shown, and whether that is as it should be.

use std::process::ExitStatus;
use std::time::Duration;

use conform::Protocol;
use load::units::{bytes, count};

use super::book::Tally;
use super::guests::CLIENTS;
use super::level::{Rest, Trend};
use super::minutes_of;
use crate::reliability;

/// By how much the least that is resident at rest may be more in the last third of the rests than in the
/// second: an allocator keeps what it was given in pieces that differ from rest to rest. To lose
/// 100 bytes for each guest is more than that after some thousand of them.
const DRIFT: u64 = 512 * 1024;

/// The same for threads: a pool that grows with need keeps, for a while, as many as had work at once, and
/// that is no more than there were guests. To lose one for each guest is more than that at once.
const POOLED: u64 = CLIENTS as u64;

/// What a soak has shown.
pub struct Record {
    pub name: String,
    pub protocol: Protocol,
    pub time: Duration,
    pub tally: Tally,
    /// What the server had open before the first client came.
    pub descriptors: u64,
    pub rests: Vec<Rest>,
    /// How each stop ended, and how long it took.
    pub stops: Vec<(ExitStatus, Duration)>,
}

/// One thing that must hold.
struct Verdict {
    holds: bool,
    what: &'static str,
    shown: String,
}

impl Record {
    /// Whether everything does.
    pub fn holds(&self) -> bool {
        self.all().iter().all(|verdict| verdict.holds)
    }

    /// A line for each thing that must hold, and what complaints there are.
    pub fn verdicts(&self) -> String {
        let mut text = String::new();
        for Verdict { holds, what, shown } in self.all() {
            text += &format!("  {}  {what:<28} {shown}\n", if holds { "holds" } else { "FAILS" });
        }
        self.tally.complaints.iter().for_each(|why| text += &format!("         {why}\n"));
        text
    }

    fn all(&self) -> [Verdict; 5] {
        let Tally { asked, answered, too_late, .. } = self.tally;
        let longest = self.stops.iter().map(|(_, took)| *took).max().unwrap_or_default();
        let bad = self.stops.iter().find(|(status, _)| !status.success());
        let most = self.rests.iter().map(|rest| rest.descriptors).max().unwrap_or(u64::MAX);
        [
            Verdict {
                holds: asked > 0 && asked == answered,
                what: "every request is answered",
                shown: format!(
                    "{} asked, {} answered right; {} more came too late for a stop",
                    count(asked),
                    count(answered),
                    count(too_late)
                ),
            },
            Verdict {
                holds: !self.stops.is_empty() && bad.is_none(),
                what: "it stops and starts again",
                shown: format!(
                    "{} stops under load, {}, the longest {:.2} s",
                    self.stops.len(),
                    bad.map_or("each with exit code 0".into(), |(status, _)| format!(
                        "one with {status}"
                    )),
                    longest.as_secs_f64()
                ),
            },
            self.level("memory is level", |rest| rest.footprint.resident, bytes, DRIFT),
            self.level("threads are level", |rest| rest.footprint.threads, count, POOLED),
            Verdict {
                holds: most <= self.descriptors,
                what: "descriptors are given back",
                shown: format!(
                    "{} before the first client, at most {most} at rest",
                    self.descriptors
                ),
            },
        ]
    }

    fn level(
        &self,
        what: &'static str,
        figure: fn(&Rest) -> u64,
        unit: fn(u64) -> String,
        drift: u64,
    ) -> Verdict {
        let figures: Vec<u64> = self.rests.iter().map(figure).collect();
        let trend = Trend::of(&figures);
        Verdict {
            holds: trend.is_some_and(|trend| trend.is_level(drift)),
            what,
            shown: trend.map_or("too few rests to tell".into(), |trend| {
                format!(
                    "{}, then {} (the least of the second and of the last third of {} rests)",
                    unit(trend.before),
                    unit(trend.after),
                    figures.len()
                )
            }),
        }
    }

    /// Its row in the page's table.
    fn row(&self) -> String {
        let (first, last) = (self.rests.first(), self.rests.last());
        let memory = |rest: Option<&Rest>| rest.map_or(0, |rest| rest.footprint.resident);
        let threads = |rest: Option<&Rest>| rest.map_or(0, |rest| rest.footprint.threads);
        format!(
            "{}{:.1} | {} | {} | {} | {} | {} → {} | {} → {} | {} → {} | {} | {} |",
            self.key(),
            minutes_of(self.time),
            count(self.tally.guests),
            count(self.tally.asked),
            count(self.tally.answered),
            self.stops.len(),
            bytes(memory(first)),
            bytes(memory(last)),
            threads(first),
            threads(last),
            self.descriptors,
            self.rests.iter().map(|rest| rest.descriptors).max().unwrap_or(0),
            if self.holds() { "all holds" } else { "**fails**" },
            reliability::here(),
        )
    }

    fn key(&self) -> String {
        format!("| {} | {} | ", self.name, self.protocol.flag())
    }
}

/// The heading of the page's table.
const HEADING: &str = "\
| server | protocol | minutes | clients | asked | answered | stops | memory at rest | threads | descriptors | verdict | when and where |
|---|---|--:|--:|--:|--:|--:|--:|--:|--:|---|---|";

/// The page's table with this record's row in it, in its place.
pub fn renewed(old: &str, record: &Record) -> String {
    let key = record.key();
    let others = old.lines().skip(2).filter(|row| row.starts_with("| ") && !row.starts_with(&key));
    let mut rows: Vec<String> = others.map(str::to_owned).chain([record.row()]).collect();
    rows.sort();
    format!("{HEADING}\n{}", rows.join("\n"))
}

#[cfg(test)]
mod tests {
    use load::cost::Footprint;

    use super::*;

    fn record() -> Record {
        let footprint = Footprint { resident: 1 << 20, threads: 3, ..Footprint::default() };
        let mut tally = Tally::default();
        tally.right(5);
        Record {
            name: "step-03-threads".into(),
            protocol: Protocol::Http,
            time: Duration::from_secs(90),
            tally,
            descriptors: 9,
            rests: vec![Rest { footprint, descriptors: 9 }; 6],
            stops: vec![(ExitStatus::default(), Duration::from_millis(10))],
        }
    }

    fn failure() -> ExitStatus {
        std::process::Command::new(crate::steps::cargo())
            .arg("--no-such-flag")
            .output()
            .unwrap()
            .status
    }

    type Spoil = fn(&mut Record);

    #[test]
    fn each_thing_that_must_hold_can_fail() {
        assert!(record().holds(), "{}", record().verdicts());
        let spoilt: [(&str, Spoil); 7] = [
            ("every request is answered", |record| record.tally.asked += 1),
            ("every request is answered", |record| record.tally = Tally::default()),
            ("it stops and starts again", |record| record.stops.clear()),
            ("it stops and starts again", |record| record.stops[0].0 = failure()),
            ("memory is level", |record| {
                record
                    .rests
                    .iter_mut()
                    .skip(4)
                    .for_each(|rest| rest.footprint.resident += DRIFT + 1);
            }),
            ("threads are level", |record| {
                record
                    .rests
                    .iter_mut()
                    .skip(4)
                    .for_each(|rest| rest.footprint.threads += POOLED + 1);
            }),
            ("descriptors are given back", |record| record.rests[2].descriptors += 1),
        ];
        for (what, spoil) in spoilt {
            let mut record = record();
            spoil(&mut record);
            let text = record.verdicts();
            let failing: Vec<&str> = text.lines().filter(|line| line.contains("FAILS")).collect();
            assert!(!record.holds() && failing.len() == 1 && failing[0].contains(what), "{text}");
        }
    }

    #[test]
    fn a_row_replaces_the_one_of_the_same_server_and_protocol() {
        let first = renewed("", &record());
        assert_eq!(first.lines().count(), 3, "{first}");
        let mut other = record();
        other.name = "step-02-stateful".into();
        let both = renewed(&first, &other);
        assert!(both.lines().nth(2).unwrap().starts_with("| step-02-stateful | http | 1.5 | "));
        assert_eq!(renewed(&both, &record()).lines().count(), 4);
    }
}
