//! Numbers for people.

use std::time::Duration;

/// `950 ns`, `12.3 µs`, `4.56 ms`, `7.89 s`: three digits and a unit.
pub fn time(time: Duration) -> String {
    let nanos = time.as_nanos() as f64;
    let (value, unit) = match nanos {
        n if n < 1e3 => return format!("{n} ns"),
        n if n < 1e6 => (n / 1e3, "µs"),
        n if n < 1e9 => (n / 1e6, "ms"),
        n => (n / 1e9, "s"),
    };
    format!("{} {unit}", three_digits(value))
}

/// `512 B`, `12.3 KiB`, `4.56 MiB`.
pub fn bytes(bytes: u64) -> String {
    match bytes as f64 {
        n if n < 1024.0 => format!("{bytes} B"),
        n if n < 1024.0 * 1024.0 => format!("{} KiB", three_digits(n / 1024.0)),
        n => format!("{} MiB", three_digits(n / (1024.0 * 1024.0))),
    }
}

/// `1,234,567`.
pub fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut text = String::new();
    for (i, digit) in digits.char_indices() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `1.23`, `12.3`, `123`, `1234`.
pub fn three_digits(value: f64) -> String {
    match value.abs() {
        n if n < 9.995 => format!("{value:.2}"),
        n if n < 99.95 => format!("{value:.1}"),
        _ => format!("{value:.0}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_digits_and_a_unit() {
        assert_eq!(time(Duration::from_nanos(999)), "999 ns");
        assert_eq!(time(Duration::from_nanos(1_000)), "1.00 µs");
        assert_eq!(time(Duration::from_nanos(12_345)), "12.3 µs");
        assert_eq!(time(Duration::from_micros(99_960)), "100 ms");
        assert_eq!(time(Duration::from_secs(4)), "4.00 s");
        assert_eq!(bytes(1023), "1023 B");
        assert_eq!(bytes(1536), "1.50 KiB");
        assert_eq!(bytes(5 << 20), "5.00 MiB");
    }

    #[test]
    fn thousands_are_set_apart() {
        assert_eq!(count(0), "0");
        assert_eq!(count(999), "999");
        assert_eq!(count(1_000), "1,000");
        assert_eq!(count(1_234_567), "1,234,567");
    }
}
