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

/// A figure in the second third of a run, when all that a server sets up once is set up, and in the last.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Trend {
    /// The median of the second third.
    pub before: u64,
    /// The largest of the second third.
    pub most: u64,
    /// The median of the last third.
    pub after: u64,
}

impl Trend {
    /// `None` for fewer figures than thirds.
    pub fn of(figures: &[u64]) -> Option<Trend> {
        let third = figures.len() / 3;
        let (_, late) = figures.split_at(figures.len() - 2 * third);
        let (second, last) = late.split_at(third);
        Some(Trend { before: median(second)?, most: *second.iter().max()?, after: median(last)? })
    }

    /// Whether the median has grown by no more than this; or not beyond what was there before at times.
    pub fn is_level(&self, tolerance: u64) -> bool {
        self.after <= self.most.max(self.before + tolerance)
    }
}

/// The lower one of the two in the middle, where there are two.
fn median(figures: &[u64]) -> Option<u64> {
    let mut sorted = figures.to_vec();
    sorted.sort_unstable();
    sorted.get(sorted.len().checked_sub(1)? / 2).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_set_up_at_the_beginning_is_no_growth() {
        let trend = Trend::of(&[1, 50, 90, 100, 102, 99, 100, 101, 100]).unwrap();
        assert_eq!(trend, Trend { before: 100, most: 102, after: 100 });
        assert!(trend.is_level(0));
    }

    #[test]
    fn what_grows_to_the_end_is_not_level() {
        let figures: Vec<u64> = (0..30).map(|i| 100 + i).collect();
        let trend = Trend::of(&figures).unwrap();
        assert_eq!(trend, Trend { before: 114, most: 119, after: 124 });
        assert!(!trend.is_level(9) && trend.is_level(10));
    }

    #[test]
    fn one_peak_is_no_growth() {
        let trend = Trend::of(&[5, 5, 5, 5, 5, 5, 5, 500, 5]).unwrap();
        assert!(trend.is_level(0), "{trend:?}");
    }

    #[test]
    fn two_figures_have_no_thirds() {
        assert_eq!(Trend::of(&[1, 2]), None);
    }
}
