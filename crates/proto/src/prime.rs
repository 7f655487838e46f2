//! Whether a number is prime, found out the slow way.

/// Trial division by 2 and the odd numbers.
///
/// Slow on purpose: it stands for any long computation. The largest prime in a `u64` takes two
/// thousand million divisions, which is seconds; an even number takes one.
pub fn is_prime(n: u64) -> bool {
    if n < 4 {
        return n >= 2;
    }
    if n.is_multiple_of(2) {
        return false;
    }
    let mut divisor = 3;
    loop {
        let quotient = n / divisor;
        // Past the square root, a divisor's partner would have been found before it.
        if quotient < divisor {
            return true;
        }
        if quotient * divisor == n {
            return false;
        }
        divisor += 2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_a_sieve() {
        let mut sieve = vec![true; 20_000];
        sieve[..2].fill(false);
        for n in 2..sieve.len() {
            if sieve[n] {
                for multiple in (n * n..sieve.len()).step_by(n) {
                    sieve[multiple] = false;
                }
            }
        }
        for (n, &expected) in sieve.iter().enumerate() {
            assert_eq!(is_prime(n as u64), expected, "{n}");
        }
    }

    #[test]
    fn holds_at_the_edges() {
        assert!(!is_prime(u64::MAX)); // 3 × 5 × 17 × …
        assert!(!is_prime(u64::MAX - 1));
        assert!(is_prime(2_147_483_647)); // 2^31 − 1
        assert!(!is_prime(1_000_003 * 1_000_033)); // two large primes: no early exit
        assert!(!is_prime(65_537 * 65_537));
    }
}
