//! The results for a spreadsheet: a line for each round of each server (RFC 4180).

use load::report::Time;

use super::cell::Outcome;
use super::percentile::Percentile::{P50, P90, P99, P999};
use super::record::{Record, Row, Table};

const HEAD: &str = "workload,protocol,connections,silent,payload,server,round,requests_per_second,p50_ns,p90_ns,p99_ns,p999_ns,\
    max_ns,at_least_from,answered,censored,lost,cpu_us_per_request,resident_bytes,threads,starved,errors,\
    bytes_per_connection,busy_at_rest,generator_saturated,failed";

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
            line.extend([String::new(), String::new(), report.generator.saturated.to_string()]);
            line.push(String::new());
        }
        Outcome::Rested(rested) => {
            line.extend(vec![String::new(); 11]);
            line.extend([rested.after.resident.to_string(), rested.after.threads.to_string()]);
            line.push((rested.crowd.connections - rested.crowd.at_rest).to_string());
            line.push(rested.crowd.errors.total().to_string());
            line.push(rested.bytes_per_connection.to_string());
            line.extend([rested.busy_at_rest.to_string(), String::new(), String::new()]);
        }
        Outcome::Failed(reason) => {
            line.extend(vec![String::new(); 18]);
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
