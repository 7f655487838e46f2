//! The results for a spreadsheet: a line for each round of each server (RFC 4180).

use load::report::Time;

use super::cell::Outcome;
use super::percentile::Percentile::{P50, P90, P99, P999};
use super::record::{Record, Row, Table};

const HEAD: &str = "workload,protocol,connections,silent,payload,server,round,requests_per_second,p50_ns,p90_ns,p99_ns,p999_ns,\
    max_ns,at_least_from,answered,censored,lost,cpu_us_per_request,resident_bytes,threads,starved,errors,\
    bytes_per_connection,busy_at_rest,generator_saturated,generator_busy,generator_waited,send_lag_p99_ns,failed";

/// All of it. What a round does not tell is empty, and so is a percentile for which it had too few
/// requests.
pub fn csv(record: &Record) -> String {
    let mut text = format!("{HEAD}\r\n");
    for table in &record.tables {
        for row in &table.rows {
            for (i, outcome) in row.rounds.iter().enumerate() {
                text += &line(table, row, i + 1, outcome).join(",");
                text += "\r\n";
            }
        }
    }
    text
}

fn line(table: &Table, row: &Row, round: usize, outcome: &Outcome) -> Vec<String> {
    let (workload, protocol) = (table.workload.name(), table.protocol.name());
    let mut line = vec![workload.into(), protocol.into()];
    line.extend([table.connections, table.silent, table.payload].map(|n| n.to_string()));
    line.extend([quoted(&row.name), round.to_string()]);
    match outcome {
        Outcome::Measured(report) => {
            let (requests, server) = (&report.requests, report.server.as_ref());
            let latency = &requests.response;
            let percentiles = [P50, P90, P99, P999];
            let mut times: Vec<(&str, Option<Time>)> =
                percentiles.map(|p| (p.name(), p.of_round(report))).into();
            times.push(("max", Some(latency.max)));
            line.push(requests.per_second.to_string());
            let nanos = |time: Option<Time>| time.map_or(String::new(), |t| t.nanos.to_string());
            line.extend(times.iter().map(|(_, time)| nanos(*time)));
            let at_least = times.iter().find(|(_, time)| time.is_some_and(|time| time.at_least));
            line.push(at_least.map_or("", |(name, _)| name).into());
            line.extend(
                [requests.answered, requests.censored, requests.lost].map(|n| n.to_string()),
            );
            let cost = server.and_then(|server| server.micros_per_request);
            line.push(cost.map_or_else(String::new, |micros| micros.to_string()));
            let footprint = server.map(|server| server.footprint);
            line.push(footprint.map_or_else(String::new, |f| f.resident.to_string()));
            line.push(footprint.map_or_else(String::new, |f| f.threads.to_string()));
            line.extend([report.starved.to_string(), report.errors.total().to_string()]);
            let generator = &report.generator;
            line.extend([String::new(), String::new(), generator.saturated.to_string()]);
            let share = |share: Option<f64>| share.map_or_else(String::new, |s| s.to_string());
            line.extend([generator.busy, generator.waited].map(share));
            line.extend([generator.send_lag_p99.to_string(), String::new()]);
        }
        Outcome::Rested(rested) => {
            line.extend(vec![String::new(); 11]);
            line.extend([rested.after.resident.to_string(), rested.after.threads.to_string()]);
            line.push((rested.crowd.connections - rested.crowd.at_rest).to_string());
            line.push(rested.crowd.errors.total().to_string());
            let full = rested.crowd.at_rest == rested.crowd.connections;
            let each = full.then(|| rested.bytes_per_connection.to_string());
            line.extend([each.unwrap_or_default(), rested.busy_at_rest.to_string()]);
            line.extend(vec![String::new(); 5]);
        }
        Outcome::Failed(reason) => {
            line.extend(vec![String::new(); 21]);
            line.push(quoted(reason));
        }
    }
    line
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::record::tests::record;
    use serde_json::json;

    /// A crowd of a thousand, so many of which were let in.
    fn crowd(at_rest: usize) -> Outcome {
        let errors = json!({
            "refused": 0, "reset": 0, "closed": 0, "wrong": 0, "timeout": 0, "other": 0,
        });
        let footprint = json!({ "resident": 9, "threads": 1, "kernel": 0, "sockets": 0 });
        let rested = json!({
            "crowd": { "connections": 1000, "at_rest": at_rest, "errors": errors },
            "before": footprint, "after": footprint,
            "bytes_per_connection": 100.0, "busy_at_rest": 0.5,
        });
        serde_json::from_value(json!({ "rested": rested })).unwrap()
    }

    #[test]
    fn memory_of_a_crowd_that_was_turned_away_is_not_told_for_each() {
        let mut record = record();
        record.tables[0].rows[0].rounds = vec![crowd(1000), crowd(64)];
        let text = csv(&record);
        let lines: Vec<&str> = text.split_terminator("\r\n").collect();
        assert!(lines[1].ends_with(",9,1,0,0,100,0.5,,,,,"), "{text}");
        assert!(lines[2].ends_with(",9,1,936,0,,0.5,,,,,"), "{text}");
        let columns = |line: &str| line.split(',').count();
        assert!(lines.iter().all(|line| columns(line) == columns(HEAD)), "{text}");
    }

    #[test]
    fn every_line_has_as_many_values_as_the_head() {
        let text = csv(&record());
        let columns = |line: &str| {
            // No value of these has a comma or a quote inside its quotes.
            line.split(',').count()
        };
        let lines: Vec<&str> = text.split_terminator("\r\n").collect();
        assert_eq!(lines.len(), 1 + 3, "{text}");
        for line in &lines {
            assert_eq!(columns(line), columns(HEAD), "{line}");
        }
        assert!(
            lines[1].starts_with("echo,frames,64,0,8,\"step-05-nonblocking\",1,1000,80000,"),
            "{text}"
        );
        assert!(lines[3].ends_with(",\"it said \"\"no\"\"\""), "{text}");
    }
}
