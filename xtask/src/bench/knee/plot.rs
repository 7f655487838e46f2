//! The sweep as one plot: offered load to the right, time upwards, both in the processor time that a
//! request takes this server.

use load::units::count;
use maud::{Markup, html};

use super::super::page::axis::Axis;
use super::super::page::document;
use super::super::page::lines::{Dot, Line, Lines};
use super::super::table::short;
use super::{Curve, Point, Sweep, predicted};

/// How many points a prediction is drawn with.
const FINE: usize = 200;

/// The whole page.
pub fn page(sweep: &Sweep) -> String {
    let title = "Where each model bends";
    let machine = &sweep.machine;
    let body = html! {
        h1 { (title) }
        p {
            "Each request is a computation, and more and more of them are offered each second, whatever \
             the server does. Load and time are told in the processor time that a request takes that \
             server while nobody waits, which was measured before: at 1, one core has no time left. The \
             dashed lines were known before the sweep: how long it takes one core, and two, if requests \
             come at random. These come evenly, and wait less until the cores are full. A curve ends \
             hollow where another than the server was at its limit."
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
    let curves: Vec<Line> = sweep.curves.iter().map(line).collect();
    let dots = || curves.iter().flat_map(|line| &line.points);
    let cores = sweep.cores.min(2);
    // The prediction has its place, too, if the curves end before it.
    let most = dots().map(|dot| dot.across).fold(cores as f64, f64::max);
    let times: Vec<f64> = dots().map(|dot| dot.upwards).chain([1.0]).collect();
    Lines {
        id: "knee".into(),
        title: "How long a request takes on average, against the load".into(),
        in_words: sweep.curves.iter().map(in_words).collect::<Vec<_>>().join("; "),
        across: (Axis::linear(most), "offered load, in cores' worth"),
        upwards: (
            Axis::logarithmic(&times, |value| format!("{value} ×")),
            "mean response time, in processor times of a request",
        ),
        expected: (1..=cores).map(|cores| expected(cores, &times)).collect(),
        lines: curves,
    }
}

/// As far as it says something about the server, and one point further.
fn line(curve: &Curve) -> Line {
    let end = curve.points.iter().position(|point| point.unseen.is_some());
    let seen = curve.points.iter().take(end.map_or(usize::MAX, |end| end + 1));
    let dot = |point: &Point| Dot {
        across: point.offered * curve.service,
        upwards: point.mean / curve.service,
        told: format!("{} requests/s, {}", count(point.offered as u64), point.times()),
        hollow: point.unseen.is_some(),
    };
    Line { name: short(&curve.name).into(), points: seen.map(dot).collect() }
}

/// What was to be expected, up to where it has no end.
fn expected(cores: usize, times: &[f64]) -> Line {
    let loads = (1..FINE).map(|n| cores as f64 * n as f64 / FINE as f64);
    let dot =
        |across: f64, upwards: f64| Dot { across, upwards, told: String::new(), hollow: false };
    let finite = loads.filter_map(|load| Some(dot(load, predicted(load, cores)?)));
    let endless = dot(cores as f64, times.iter().copied().fold(0.0, f64::max) * 10.0);
    let name = if cores == 1 { "1 core" } else { "2 cores" };
    Line { name: name.into(), points: finite.chain([endless]).collect() }
}

fn figures(sweep: &Sweep) -> Markup {
    let loads = sweep.curves.first().map_or(&[][..], |curve| &curve.points);
    html! {
        div.scroll tabindex="0" role="region" aria-label="All figures" {
            table {
                thead { tr {
                    th scope="col" { "requests/s" }
                    @for point in loads { th scope="col" { (count(point.offered as u64)) } }
                } }
                tbody { @for curve in &sweep.curves { tr {
                    th scope="row" { (short(&curve.name)) ", " (curve.service()) " of CPU a request" }
                    @for point in &curve.points { td { (point.times()) } }
                } } }
            }
        }
    }
}

fn in_words(curve: &Curve) -> String {
    format!("{} {}", short(&curve.name), curve.keeps_up())
}
