//! The sweep as one plot: offered load to the right, time upwards.

use load::units::count;
use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::super::page::axis::Axis;
use super::super::table::short;
use super::{Curve, Sweep};

const WIDTH: f64 = 860.0;
const HEIGHT: f64 = 520.0;
const LEFT: f64 = 70.0;
const RIGHT: f64 = 190.0;
const TOP: f64 = 26.0;
const BOTTOM: f64 = 50.0;

/// Two labels are at least so far apart.
const LABEL: f64 = 17.0;

/// How many points a prediction is drawn with.
const FINE: usize = 200;

/// Where things are.
struct Plot {
    loads: Axis,
    times: Axis,
}

/// The whole page.
pub fn page(sweep: &Sweep) -> String {
    let title = "Where each model bends";
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) }
                style { (PreEscaped(include_str!("../page/page.css"))) (PreEscaped(include_str!("plot.css"))) }
            }
            body {
                h1 { (title) }
                p {
                    "Each request computes for " (load::units::time(std::time::Duration::from_secs_f64(sweep.service)))
                    ". More and more of them are offered each second, whatever the server does. The dashed lines were \
                     drawn before the first was sent: what one core can do at most, and what two can."
                }
                div.scroll tabindex="0" role="region" aria-label="The plot" { (Plot::of(sweep).draw(sweep)) }
                details { summary { "All figures" } (figures(sweep)) }
                footer { p { (sweep.machine.cpu) ", " (sweep.cores) " cores, " (sweep.machine.kernel) ", " (sweep.machine.date) ", release build of " (sweep.machine.git_revision) } }
            }
        }
    }
    .into_string()
}

fn figures(sweep: &Sweep) -> Markup {
    let loads: Vec<f64> = sweep
        .curves
        .first()
        .map_or(Vec::new(), |curve| curve.points.iter().map(|p| p.offered).collect());
    html! {
        div.scroll tabindex="0" role="region" aria-label="All figures" {
            table {
                thead { tr {
                    th scope="col" { "p99 at requests/s" }
                    @for load in &loads { th scope="col" { (count(*load as u64)) } }
                } }
                tbody { @for curve in &sweep.curves { tr {
                    th scope="row" { (short(&curve.name)) }
                    @for point in &curve.points { td { (point.p99) } }
                } } }
            }
        }
    }
}

impl Plot {
    fn of(sweep: &Sweep) -> Plot {
        let points = || sweep.curves.iter().flat_map(|curve| &curve.points);
        let most = points().map(|point| point.offered).fold(0.0, f64::max);
        let times: Vec<f64> = points().map(|point| point.mean * 1e9).collect();
        let lowest = sweep.service * 1e9;
        Plot {
            loads: Axis::linear(most),
            times: Axis::times(&times.into_iter().chain([lowest]).collect::<Vec<_>>()),
        }
    }

    fn x(&self, offered: f64) -> f64 {
        LEFT + self.loads.place(offered) * (WIDTH - LEFT - RIGHT)
    }

    fn y(&self, nanos: f64) -> f64 {
        HEIGHT - BOTTOM - self.times.place(nanos) * (HEIGHT - TOP - BOTTOM)
    }

    fn draw(&self, sweep: &Sweep) -> Markup {
        let size = format!("0 0 {WIDTH} {HEIGHT}");
        html! {
            svg.knee viewBox=(size) role="img" aria-labelledby="knee-title knee-description" {
                title id="knee-title" { "How long a request takes on average, against the load" }
                desc id="knee-description" { (in_words(sweep)) }
                (self.grid())
                @for cores in 1..=sweep.cores.min(2) { (self.prediction(sweep, cores)) }
                @for (i, (curve, label)) in sweep.curves.iter().zip(self.labels(sweep)).enumerate() {
                    (self.curve(curve, i, label))
                }
            }
        }
    }

    fn grid(&self) -> Markup {
        let (right, bottom) = (WIDTH - RIGHT, HEIGHT - BOTTOM);
        html! {
            @for tick in &self.times.ticks {
                @let y = bottom - tick.place * (bottom - TOP);
                line.grid x1=(LEFT) x2=(right) y1=(y) y2=(y) {}
                text.tick x=(LEFT - 8.0) y=(y + 4.0) text-anchor="end" { (tick.label) }
            }
            @for tick in &self.loads.ticks {
                @let x = LEFT + tick.place * (right - LEFT);
                line.grid x1=(x) x2=(x) y1=(TOP) y2=(bottom) {}
                text.tick x=(x) y=(bottom + 18.0) text-anchor="middle" { (tick.label) }
            }
            text.tick x=((LEFT + right) / 2.0) y=(HEIGHT - 8.0) text-anchor="middle" { "requests offered a second" }
            text.tick x="6" y=(TOP - 6.0) { "mean response time" }
        }
    }

    /// What was to be expected, and where it has no end.
    fn prediction(&self, sweep: &Sweep, cores: usize) -> Markup {
        let capacity = sweep.capacity(cores);
        let loads = (1..FINE).map(|n| capacity * n as f64 / FINE as f64);
        let points = loads.filter_map(|load| Some((load, sweep.predicted(load, cores)? * 1e9)));
        let word = if cores == 1 { "1 core" } else { "2 cores" };
        let x = self.x(capacity);
        html! {
            polyline.predicted points=(self.points(points)) {}
            @if self.loads.place(capacity) < 1.0 {
                line.predicted x1=(x) x2=(x) y1=(TOP) y2=(HEIGHT - BOTTOM) {}
                text.tick x=(x - 4.0) y=(TOP + 12.0) text-anchor="end" { (word) }
            }
        }
    }

    fn curve(&self, curve: &Curve, number: usize, label: f64) -> Markup {
        let points = curve.points.iter().map(|point| (point.offered, point.mean * 1e9));
        let last = curve
            .points
            .last()
            .map_or((LEFT, TOP), |point| (self.x(point.offered), self.y(point.mean * 1e9)));
        let class = format!("curve c{}", number % 8);
        html! {
            g class="server" tabindex="0" {
                title { (short(&curve.name)) }
                polyline class=(class) points=(self.points(points)) {}
                @for point in &curve.points {
                    circle class=(format!("dot c{}", number % 8)) cx=(self.x(point.offered)) cy=(self.y(point.mean * 1e9)) r="3" {
                        title { (short(&curve.name)) ": " (count(point.offered as u64)) " requests/s, p99 " (point.p99) }
                    }
                }
                line class=(format!("leader c{}", number % 8)) x1=(last.0 + 4.0) y1=(last.1) x2=(WIDTH - RIGHT + 14.0) y2=(label - 4.0) {}
                text class=(format!("label c{}", number % 8)) x=(WIDTH - RIGHT + 18.0) y=(label) { (short(&curve.name)) }
            }
        }
    }

    fn points(&self, points: impl Iterator<Item = (f64, f64)>) -> String {
        let place = |(load, nanos)| format!("{:.1},{:.1}", self.x(load), self.y(nanos));
        points.map(place).collect::<Vec<_>>().join(" ")
    }

    /// Where each name is written: beside the end of its curve, and not over another.
    fn labels(&self, sweep: &Sweep) -> Vec<f64> {
        let end = |curve: &Curve| curve.points.last().map_or(TOP, |p| self.y(p.mean * 1e9));
        let mut order: Vec<usize> = (0..sweep.curves.len()).collect();
        order.sort_by(|&a, &b| end(&sweep.curves[a]).total_cmp(&end(&sweep.curves[b])));
        let mut labels = vec![0.0; order.len()];
        let mut free = TOP + 4.0;
        for i in order {
            labels[i] = (end(&sweep.curves[i]) + 4.0).max(free);
            free = labels[i] + LABEL;
        }
        labels
    }
}

fn in_words(sweep: &Sweep) -> String {
    let knee = |curve: &Curve| match Sweep::knee(curve) {
        Some(knee) => {
            format!("{} keeps up until {} a second", short(&curve.name), count(knee as u64))
        }
        None => format!("{} never keeps up", short(&curve.name)),
    };
    sweep.curves.iter().map(knee).collect::<Vec<_>>().join("; ")
}
