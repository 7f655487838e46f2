//! The sweep as one plot: offered load to the right, time upwards.

use std::time::Duration;

use load::units::{count, time};
use maud::{Markup, html};

use super::super::page::axis::Axis;
use super::super::page::lines::{Dot, Line, Lines};
use super::super::page::{document, round_time};
use super::super::table::short;
use super::{Curve, Sweep};

/// How many points a prediction is drawn with.
const FINE: usize = 200;

/// The whole page.
pub fn page(sweep: &Sweep) -> String {
    let title = "Where each model bends";
    let service = time(Duration::from_secs_f64(sweep.service));
    let machine = &sweep.machine;
    let body = html! {
        h1 { (title) }
        p {
            "Each request computes for " (service) ". More and more of them are offered each second, \
             whatever the server does. The dashed lines were drawn before the first was sent: what \
             one core can do at most, and what two can."
        }
        div.scroll tabindex="0" role="region" aria-label="The plot" { (lines(sweep).draw()) }
        details { summary { "All figures" } (figures(sweep)) }
        footer {
            p {
                (machine.cpu) ", " (sweep.cores) " cores, " (machine.kernel) ", " (machine.date)
                ", release build of " (machine.git_revision)
            }
        }
    };
    document(title, body)
}

fn lines(sweep: &Sweep) -> Lines {
    let points = || sweep.curves.iter().flat_map(|curve| &curve.points);
    let most = points().map(|point| point.offered).fold(0.0, f64::max);
    let times: Vec<f64> = points().map(|point| point.mean * 1e9).collect();
    let times = [&times[..], &[sweep.service * 1e9]].concat();
    Lines {
        id: "knee".into(),
        title: "How long a request takes on average, against the load".into(),
        in_words: sweep.curves.iter().map(in_words).collect::<Vec<_>>().join("; "),
        across: (Axis::linear(most), "requests offered a second"),
        upwards: (Axis::logarithmic(&times, round_time), "mean response time"),
        lines: sweep.curves.iter().map(line).collect(),
        expected: (1..=sweep.cores.min(2)).map(|cores| expected(sweep, cores, &times)).collect(),
    }
}

fn line(curve: &Curve) -> Line {
    let dot = |point: &super::Point| Dot {
        across: point.offered,
        upwards: point.mean * 1e9,
        told: format!("{} requests/s, p99 {}", count(point.offered as u64), point.p99),
        hollow: false,
    };
    Line { name: short(&curve.name).into(), points: curve.points.iter().map(dot).collect() }
}

/// What was to be expected, up to where it has no end.
fn expected(sweep: &Sweep, cores: usize, times: &[f64]) -> Line {
    let capacity = sweep.capacity(cores);
    let loads = (1..FINE).map(|n| capacity * n as f64 / FINE as f64);
    let dot = |load: f64, nanos: f64| Dot {
        across: load,
        upwards: nanos,
        told: String::new(),
        hollow: false,
    };
    let finite = loads.filter_map(|load| Some(dot(load, sweep.predicted(load, cores)? * 1e9)));
    let endless = dot(capacity, times.iter().copied().fold(0.0, f64::max) * 10.0);
    let name = if cores == 1 { "1 core" } else { "2 cores" };
    Line { name: name.into(), points: finite.chain([endless]).collect() }
}

fn figures(sweep: &Sweep) -> Markup {
    let loads = sweep.curves.first().map_or(&[][..], |curve| &curve.points);
    html! {
        div.scroll tabindex="0" role="region" aria-label="All figures" {
            table {
                thead { tr {
                    th scope="col" { "mean, p99 at requests/s" }
                    @for point in loads { th scope="col" { (count(point.offered as u64)) } }
                } }
                tbody { @for curve in &sweep.curves { tr {
                    th scope="row" { (short(&curve.name)) }
                    @for point in &curve.points {
                        td { (time(Duration::from_secs_f64(point.mean))) ", " (point.p99) }
                    }
                } } }
            }
        }
    }
}

fn in_words(curve: &Curve) -> String {
    match Sweep::knee(curve) {
        Some(knee) => {
            format!("{} keeps up until {} a second", short(&curve.name), count(knee as u64))
        }
        None => format!("{} never keeps up", short(&curve.name)),
    }
}
