//! Lines in one plot, one for each server, with its name at the end of it.

use maud::{Markup, html};

use super::axis::{Axis, Tick};

const WIDTH: f64 = 860.0;
const HEIGHT: f64 = 520.0;
const LEFT: f64 = 70.0;
const RIGHT: f64 = 190.0;
const TOP: f64 = 26.0;
const BOTTOM: f64 = 50.0;

/// Two names are at least so far apart.
const LABEL: f64 = 17.0;

/// How many colours there are.
const COLOURS: usize = 8;

/// What is drawn.
pub struct Lines {
    /// Tells this plot from others on the page.
    pub id: String,
    pub title: String,
    /// What there is to be seen, for who cannot see it.
    pub in_words: String,
    pub across: (Axis, &'static str),
    pub upwards: (Axis, &'static str),
    pub lines: Vec<Line>,
    /// Drawn dashed, and named at the upper end: what was to be expected.
    pub expected: Vec<Line>,
}

/// One server's.
pub struct Line {
    pub name: String,
    pub points: Vec<Dot>,
}

/// One point, and what is told of it.
pub struct Dot {
    pub across: f64,
    pub upwards: f64,
    pub told: String,
    /// Drawn hollow: no more than a bound is known.
    pub hollow: bool,
}

impl Lines {
    pub fn draw(&self) -> Markup {
        let (title, words) = (format!("{}-title", self.id), format!("{}-words", self.id));
        html! {
            svg.lines viewBox={ "0 0 " (WIDTH) " " (HEIGHT) } role="img" aria-labelledby={ (title) " " (words) } {
                title id=(title) { (self.title) }
                desc id=(words) { (self.in_words) }
                (self.grid())
                @for line in &self.expected { (self.expected(line)) }
                @for (i, (line, label)) in self.lines.iter().zip(self.labels()).enumerate() {
                    (self.line(line, i % COLOURS, label))
                }
            }
        }
    }

    fn x(&self, value: f64) -> f64 {
        LEFT + self.across.0.place(value) * (WIDTH - LEFT - RIGHT)
    }

    fn y(&self, value: f64) -> f64 {
        HEIGHT - BOTTOM - self.upwards.0.place(value) * (HEIGHT - TOP - BOTTOM)
    }

    fn grid(&self) -> Markup {
        let (right, bottom) = (WIDTH - RIGHT, HEIGHT - BOTTOM);
        let x = |tick: &Tick| LEFT + tick.place * (right - LEFT);
        let y = |tick: &Tick| bottom - tick.place * (bottom - TOP);
        html! {
            @for tick in &self.upwards.0.ticks {
                line.grid x1=(LEFT) x2=(right) y1=(y(tick)) y2=(y(tick)) {}
                text.tick x=(LEFT - 8.0) y=(y(tick) + 4.0) text-anchor="end" { (tick.label) }
            }
            @for tick in &self.across.0.ticks {
                line.grid x1=(x(tick)) x2=(x(tick)) y1=(TOP) y2=(bottom) {}
                text.tick x=(x(tick)) y=(bottom + 18.0) text-anchor="middle" { (tick.label) }
            }
            text.tick x=((LEFT + right) / 2.0) y=(HEIGHT - 8.0) text-anchor="middle" { (self.across.1) }
            text.tick x="6" y=(TOP - 8.0) { (self.upwards.1) }
        }
    }

    fn expected(&self, line: &Line) -> Markup {
        let end = line.points.last().map(|dot| self.x(dot.across));
        html! {
            polyline.expected points=(self.points(line)) {}
            @if let Some(x) = end {
                text.tick x=(x - 6.0) y=(TOP + 12.0) text-anchor="end" { (line.name) }
            }
        }
    }

    fn line(&self, line: &Line, colour: usize, label: f64) -> Markup {
        let end = line.points.last();
        let end = end.map_or((LEFT, TOP), |dot| (self.x(dot.across), self.y(dot.upwards)));
        let aside = WIDTH - RIGHT + 14.0;
        html! {
            g class={ "server c" (colour) } tabindex="0" {
                title { (line.name) }
                polyline.curve points=(self.points(line)) {}
                @for dot in &line.points {
                    circle.dot.hollow[dot.hollow] cx=(self.x(dot.across)) cy=(self.y(dot.upwards)) r="3" {
                        title { (line.name) ": " (dot.told) }
                    }
                }
                line.leader x1=(end.0 + 4.0) y1=(end.1) x2=(aside) y2=(label - 4.0) {}
                text.label x=(aside + 4.0) y=(label) { (line.name) }
            }
        }
    }

    fn points(&self, line: &Line) -> String {
        let place = |dot: &Dot| format!("{:.1},{:.1}", self.x(dot.across), self.y(dot.upwards));
        line.points.iter().map(place).collect::<Vec<_>>().join(" ")
    }

    /// Where each name is written: beside the end of its line, and not over another.
    fn labels(&self) -> Vec<f64> {
        let end = |line: &Line| line.points.last().map_or(TOP, |dot| self.y(dot.upwards));
        let mut order: Vec<usize> = (0..self.lines.len()).collect();
        order.sort_by(|&a, &b| end(&self.lines[a]).total_cmp(&end(&self.lines[b])));
        let mut labels = vec![0.0; order.len()];
        let mut free = TOP + 4.0;
        for i in order {
            labels[i] = (end(&self.lines[i]) + 4.0).max(free);
            free = labels[i] + LABEL;
        }
        labels
    }
}
