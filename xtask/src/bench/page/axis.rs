//! Where a value has its place.

use super::number;

/// From the lowest to the highest value, linear or logarithmic.
pub struct Axis {
    pub low: f64,
    high: f64,
    logarithmic: bool,
    pub ticks: Vec<Tick>,
}

/// A value that is written at the axis.
pub struct Tick {
    /// Between 0 and 1.
    pub place: f64,
    pub label: String,
}

impl Axis {
    /// From 0 to a round number above the highest value.
    pub fn linear(highest: f64) -> Axis {
        let step = step(highest / 6.0);
        let high = (highest / step).ceil().max(1.0) * step;
        let mut axis = Axis { low: 0.0, high, logarithmic: false, ticks: Vec::new() };
        let values = (0..).map(|n| f64::from(n) * step).take_while(|value| *value <= high * 1.001);
        axis.ticks = values.map(|value| axis.tick(value, number(value))).collect();
        axis
    }

    /// Over the powers of ten that these values lie between.
    pub fn logarithmic(values: &[f64], label: impl Fn(f64) -> String) -> Axis {
        let lowest = values.iter().copied().fold(f64::INFINITY, f64::min);
        let highest = values.iter().copied().fold(0.0, f64::max);
        let (lowest, highest) = if values.is_empty() { (1.0, 10.0) } else { (lowest, highest) };
        let low = 10_f64.powf(lowest.max(1.0).log10().floor());
        let high = 10_f64.powf(highest.max(lowest * 1.01).log10().ceil());
        let mut axis = Axis { low, high, logarithmic: true, ticks: Vec::new() };
        let decades = (high / low).log10().round() as i32;
        let values = (0..=decades).map(|n| low * 10_f64.powi(n));
        axis.ticks = values.map(|value| axis.tick(value, label(value))).collect();
        axis
    }

    fn tick(&self, value: f64, label: String) -> Tick {
        Tick { place: self.place(value), label }
    }

    /// Between 0 and 1.
    pub fn place(&self, value: f64) -> f64 {
        let place = match self.logarithmic {
            true => (value.max(self.low) / self.low).ln() / (self.high / self.low).ln(),
            false => (value - self.low) / (self.high - self.low),
        };
        place.clamp(0.0, 1.0)
    }
}

/// 1, 2 or 5 times a power of ten, at least as much as this.
fn step(least: f64) -> f64 {
    let power = 10_f64.powf(least.max(f64::MIN_POSITIVE).log10().floor());
    let steps = [1.0, 2.0, 5.0, 10.0].map(|factor| factor * power);
    steps.into_iter().find(|step| *step >= least * 0.999).unwrap_or(10.0 * power)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(axis: &Axis) -> Vec<&str> {
        axis.ticks.iter().map(|tick| tick.label.as_str()).collect()
    }

    #[test]
    fn a_linear_axis_begins_at_nothing_and_ends_at_a_round_number() {
        let axis = Axis::linear(4.3);
        assert_eq!(labels(&axis), ["0", "1", "2", "3", "4", "5"]);
        assert_eq!((axis.place(0.0), axis.place(2.5), axis.place(9.0)), (0.0, 0.5, 1.0));
        assert_eq!(
            labels(&Axis::linear(9000.0)),
            ["0", "2,000", "4,000", "6,000", "8,000", "10,000"]
        );
        assert!(Axis::linear(0.0).place(1.0).is_finite());
    }

    #[test]
    fn a_logarithmic_axis_goes_by_powers_of_ten() {
        let times = |values: &[f64]| Axis::logarithmic(values, super::super::round_time);
        let axis = times(&[150e3, 2.5e6]);
        assert_eq!(labels(&axis), ["100 µs", "1 ms", "10 ms"]);
        assert!((axis.place(1e6) - 0.5).abs() < 1e-9);
        assert_eq!(axis.place(0.0), 0.0);
        assert_eq!(labels(&times(&[1e6])), ["1 ms", "10 ms"]);
        assert!(times(&[]).place(1e6) > 0.0);
    }
}
