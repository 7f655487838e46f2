//! The parsers beside their rivals: how many instructions each takes, and how long.
//!
//!     cargo run --release --manifest-path bench/micro/Cargo.toml
//!
//! Instructions are counted by valgrind, if it is installed: on one machine they are the same in
//! every run, however busy it is. (Another processor may be given other code, by `httparse` and
//! `memchr`.) Time is measured by criterion, each contestant in turn, three times.

mod contestants;
mod count;
mod requests;
mod rival;
mod time;

use contestants::Contestant;

/// An input, and who is put to it.
struct Case {
    name: &'static str,
    input: Vec<u8>,
    /// The others are compared with the last.
    contestants: &'static [Contestant],
}

fn main() {
    let cases = cases();
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let Some((case, contestant, n)) = count::wanted(&arguments) {
        return (cases[case].contestants[contestant].run)(&cases[case].input, n);
    }
    let times = time::all(&cases);
    println!("\n{:38} {:>12} {:>6} {:>10} {:>6}", "", "instructions", "ratio", "ns", "ratio");
    for (i, (case, times)) in cases.iter().zip(times).enumerate() {
        println!("{}, {} bytes", case.name, case.input.len());
        let counts: Vec<f64> =
            (0..case.contestants.len()).map(|j| count::instructions(i, j)).collect();
        let last = case.contestants.len() - 1;
        for (j, contestant) in case.contestants.iter().enumerate() {
            println!(
                "    {:34} {:12.0} {:6.2} {:10.1} {:6.2}",
                contestant.name,
                counts[j],
                counts[j] / counts[last],
                times[j],
                times[j] / times[last],
            );
        }
    }
}

fn cases() -> Vec<Case> {
    let frame = [b"^".as_slice(), &[b'x'; 16 * 1024], b"$"].concat();
    let case = |name, input: &[u8], contestants| Case { name, input: input.to_vec(), contestants };
    vec![
        case("a short request", requests::SHORT.as_bytes(), contestants::HEADS),
        case("a browser's", requests::BROWSER.as_bytes(), contestants::HEADS),
        case("a browser's with cookies", requests::cookies().as_bytes(), contestants::HEADS),
        case("a frame", &frame, contestants::FRAMES),
        case(
            "16 short requests, answered",
            &requests::SHORT.repeat(16).into_bytes(),
            contestants::SITES,
        ),
    ]
}
