//! What is a number, and what is a prime.

use super::*;

/// Composites that some test of primes takes for primes: Carmichael numbers, which pass Fermat's with
/// any base, and strong pseudoprimes, which pass Miller's and Rabin's with the first few.
const LIARS: [u64; 10] =
    [561, 1105, 1729, 2047, 2821, 6601, 1_373_653, 25_326_001, 3_215_031_751, 2_152_302_898_747];

pub(super) const CASES: &[Case] = &[
    case("numbers", Property::Speaks, "Primes are told from composites, of any size.", |given| {
        let edges = [3, 4, 7917, 7919, 2_147_483_647, 4_294_967_291, 4_294_967_296, 4_294_967_311];
        let all = questions(numbers(&mut given.random()).into_iter().chain(edges));
        ask(&all, answer(all.as_bytes()))
    })
    .usually("Usually a number is kept in 32 bits."),
    case("zero-and-one", Property::Speaks, "0 and 1 have no divisors but are no primes.", |_| {
        ask("^P0$^P1$", "composite\ncomposite\n")
    })
    .usually("Usually whatever has no divisor between 1 and itself is called a prime."),
    case("two", Property::Speaks, "2 is even, and a prime.", |_| ask("^P2$", "prime\n"))
        .usually("Usually even numbers are sorted out first, and 2 with them."),
    case(
        "squares",
        Property::Speaks,
        "The square of a prime has one divisor: its root.",
        |given| {
            let mut random = given.random();
            let squares = [9, 25].into_iter().chain((8..20).map(|bits| random.prime(bits).pow(2)));
            let all = questions(squares);
            ask(&all, answer(all.as_bytes()))
        },
    )
    .usually("Usually divisors are tried up to the square root, and not the root itself."),
    case(
        "two-factors",
        Property::Speaks,
        "The least divisor of a composite may be almost its root.",
        |given| {
            let mut random = given.random();
            let (p, q) = (random.prime(19), random.prime(20));
            ask(questions([1009 * 1013, p * q]), "composite\ncomposite\n")
        },
    )
    .usually("Usually only small divisors are tried."),
    case(
        "pseudoprimes",
        Property::Speaks,
        "What passes a test of primes may still be none.",
        |given| {
            let liars = questions(LIARS.into_iter().chain([given.random().pseudoprime()]));
            ask(&liars, "composite\n".repeat(LIARS.len() + 1))
        },
    )
    .usually(
        "Usually a quick test is used with too few bases, or Fermat's, which no base makes right.",
    ),
    case("largest", Property::Speaks, "A number may be as large as a u64.", |_| {
        ask("^P9223372036854775808$^P18446744073709551615$", "composite\ncomposite\n")
    })
    .usually("Usually a number is kept with a sign, which costs a bit."),
    case("too-large", Property::Speaks, "A number over u64::MAX is refused.", |_| {
        let numbers = "^P18446744073709551616$^P99999999999999999999$^P0018446744073709551617$";
        ask(format!("{numbers}^a$"), "error: over 18446744073709551615\n".repeat(3) + "b")
    })
    .usually("Usually the multiplication by ten overflows, and nobody notices; or a float rounds."),
    case("leading-zeros", Property::Speaks, "A zero in front changes nothing.", |_| {
        ask("^P011$^P08$^P0007$", "prime\ncomposite\nprime\n")
    })
    .usually("Usually a function parses the number that takes a leading 0 for base 8."),
    case("long-number", Property::Speaks, "A long number need not be a large one.", |_| {
        ask(format!("^P{}11$", "0".repeat(50)), "prime\n")
    })
    .usually("Usually digits are collected in a buffer that holds twenty of them."),
    case("no-digits", Property::Speaks, "No digits are no number, not even 0.", |_| {
        ask("^P$^a$", "error: no digits\nb")
    })
    .usually("Usually a number begins as 0, and nobody asks whether a digit came."),
    case("not-a-digit", Property::Speaks, "What is only partly a number is none.", |_| {
        let wrong = ["^P7x$", "^Px7$", "^P7-$", "^P7.0$", "^P7^$", "^P7P7$"];
        ask(wrong.concat() + "^a$", not_digits(["x", "x", "-", ".", "^", "P"]) + "b")
    })
    .usually(
        "Usually a function parses the number that stops where the digits do: `atoi`, `parseInt`.",
    ),
    case("signs", Property::Speaks, "A sign is no digit.", |_| {
        ask("^P+7$^P-7$^P-0$", not_digits(["+", "-", "-"]))
    })
    .usually(
        "Usually the function that parses the number takes a sign, as most do: even for a u64.",
    ),
    case("spaces", Property::Speaks, "A space is no digit, wherever it stands.", |_| {
        ask("^P 7$^P7 $^P7\r\n$^P\t7$", not_digits([" ", " ", "\\r", "\\t"]))
    })
    .usually("Usually the number is trimmed, or the function that parses it skips spaces."),
    case("other-digits", Property::Speaks, "The digits are the ten of ASCII.", |_| {
        // An Arabic seven (U+0667).
        ask(b"^P\xd9\xa7$^P1\xd9\xa7$", not_digits(["\\xd9", "\\xd9"]))
    })
    .usually("Usually the language is asked what is a digit, and Unicode has hundreds."),
    case(
        "escapes",
        Property::Speaks,
        "What a client has sent is shown escaped: it may be anything.",
        |_| ask(b"^P'$^P\x1b[2J$^P\0$^P\xff$", not_digits(["\\'", "\\x1b", "\\x00", "\\xff"])),
    )
    .usually("Usually a client's byte is printed as it is, and can clear someone's terminal."),
];

/// Primes, and numbers of any size that most likely are none.
fn numbers(random: &mut Random) -> Vec<u64> {
    let primes: Vec<u64> = (8..24).map(|bits| random.prime(bits)).collect();
    let others = (0..16).map(|_| random.next() >> (40 + random.next() % 20));
    primes.into_iter().chain(others).collect()
}

fn questions(numbers: impl IntoIterator<Item = u64>) -> String {
    numbers.into_iter().map(prime).collect()
}

/// The errors that complain of these, one after the other.
fn not_digits<const N: usize>(shown: [&str; N]) -> String {
    shown.map(|shown| format!("error: '{shown}' is not a digit\n")).concat()
}
