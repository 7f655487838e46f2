//! The little statistics that a fair comparison needs.

/// A figure over several rounds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Summary {
    /// Over how many rounds.
    pub rounds: usize,
    /// The middle one; of an even number, the mean of the two in the middle.
    pub median: f64,
    /// Lower end of the interval.
    pub low: f64,
    /// Upper end of the interval.
    pub high: f64,
}

/// With so many rounds, the interval is a confidence interval rather than all that was seen.
pub const ROUNDS_FOR_CONFIDENCE: usize = 6;

/// Median and interval; `None` for no rounds.
///
/// From six rounds on, the interval contains the true median with a confidence of 95 % or more,
/// whatever the distribution (it is between two order statistics, by the sign test). With fewer
/// there is none, and the interval is from the smallest to the largest.
pub fn summary(rounds: impl IntoIterator<Item = f64>) -> Option<Summary> {
    let mut sorted: Vec<f64> = rounds.into_iter().collect();
    sorted.sort_by(f64::total_cmp);
    let n = sorted.len();
    let last = n.checked_sub(1)?;
    let median = (sorted[last / 2] + sorted[n / 2]) / 2.0;
    let outside = if n < ROUNDS_FOR_CONFIDENCE { 0 } else { outside(n) };
    Some(Summary { rounds: n, median, low: sorted[outside], high: sorted[last - outside] })
}

/// How many order statistics may be left out at either end, so that a fair coin falls on one side
/// that seldom (2.5 %) among `n`.
fn outside(n: usize) -> usize {
    let mut tail = 0.0;
    let mut probability = 0.5f64.powi(n as i32);
    let mut k = 0;
    while tail + probability <= 0.025 {
        tail += probability;
        k += 1;
        probability *= (n - k + 1) as f64 / k as f64;
    }
    k.saturating_sub(1)
}

impl Summary {
    /// Half the interval, as a share of the median in percent.
    pub fn spread(&self) -> f64 {
        if self.median == 0.0 { 0.0 } else { (self.high - self.low) / 2.0 / self.median * 100.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_in_the_middle() {
        assert_eq!(summary([]), None);
        let three = summary([5.0, 1.0, 3.0]).unwrap();
        assert_eq!((three.median, three.low, three.high), (3.0, 1.0, 5.0));
        assert_eq!(summary([4.0, 2.0]).unwrap().median, 3.0);
    }

    #[test]
    fn the_interval_leaves_out_as_many_as_the_table_of_the_sign_test_says() {
        // Rank of the lower end of the 95 % interval for a median, from 1.
        for (n, rank) in [(6, 1), (8, 1), (9, 2), (11, 2), (12, 3), (20, 6), (30, 10)] {
            assert_eq!(outside(n) + 1, rank, "{n} rounds");
        }
    }

    #[test]
    fn one_round_that_went_wrong_does_not_widen_the_interval_of_nine() {
        let mut rounds: Vec<f64> = (0..8).map(|i| 100.0 + f64::from(i)).collect();
        rounds.push(1000.0);
        let nine = summary(rounds).unwrap();
        assert_eq!((nine.low, nine.high), (101.0, 107.0));
        assert!(nine.spread() < 3.0);
    }
}
