//! Whether a figure was level over a run, or grew.

use load::cost::Footprint;

/// What a server occupies while it has no clients.
#[derive(Debug, Clone, Copy)]
pub struct Rest {
    /// Memory and threads.
    pub footprint: Footprint,
    /// How many descriptors it has open.
    pub descriptors: u64,
}

/// A figure in the second third of a run, when all that a server sets up once is set up, and in the last:
/// the smallest of each. What is lost lifts also that; what comes and goes can only add to it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Trend {
    /// The smallest of the second third.
    pub before: u64,
    /// The smallest of the last third.
    pub after: u64,
}

impl Trend {
    /// `None` for fewer figures than thirds.
    pub fn of(figures: &[u64]) -> Option<Trend> {
        let third = figures.len() / 3;
        let (_, late) = figures.split_at(figures.len() - 2 * third);
        let (second, last) = late.split_at(third);
        Some(Trend { before: *second.iter().min()?, after: *last.iter().min()? })
    }

    /// Whether it has grown by no more than this.
    pub fn is_level(&self, tolerance: u64) -> bool {
        self.after <= self.before + tolerance
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_set_up_at_the_beginning_is_no_growth() {
        let trend = Trend::of(&[1, 50, 90, 100, 102, 100, 100, 101, 100]).unwrap();
        assert_eq!(trend, Trend { before: 100, after: 100 });
        assert!(trend.is_level(0));
    }

    #[test]
    fn what_grows_to_the_end_is_not_level() {
        let figures: Vec<u64> = (0..30).map(|i| 100 + i).collect();
        let trend = Trend::of(&figures).unwrap();
        assert_eq!(trend, Trend { before: 110, after: 120 });
        assert!(!trend.is_level(9) && trend.is_level(10));
    }

    #[test]
    fn one_peak_is_no_growth_and_excuses_none() {
        let peak_then_level = Trend::of(&[5, 5, 5, 5, 5, 5, 5, 500, 5]).unwrap();
        assert!(peak_then_level.is_level(0), "{peak_then_level:?}");
        let peak_then_growth = Trend::of(&[5, 5, 5, 5, 5, 60, 60, 60, 60]).unwrap();
        assert!(!peak_then_growth.is_level(10), "{peak_then_growth:?}");
    }

    #[test]
    fn two_figures_have_no_thirds() {
        assert_eq!(Trend::of(&[1, 2]), None);
    }
}
