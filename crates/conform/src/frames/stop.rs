//! How it all ends.

use super::*;

pub(super) const CASES: &[Case] = &[
    case("stop-idle", Property::Stop, "A server with nothing to do ends at once.", |_| stop()),
    case("stop-silent", Property::Stop, "Silent clients do not keep a server from ending.", |_| {
        [greet(A), connect(B), connect(C), stop(), closed(A)].concat()
    })
    .usually("Usually whoever waits in `read` does not hear of the stop."),
    case(
        "stop-mid-frame",
        Property::Stop,
        "A request that is not complete is not waited for.",
        |_| [greet(A), say(A, "^ab", "bc"), stop(), closed(A)].concat(),
    )
    .usually("Usually whoever is in the middle of a request is waited for, and may never go on."),
    case("stop-after-reset", Property::Stop, "Those who have vanished are not waited for.", |_| {
        let other = [greet(B), say(B, "^abc$", "bcd"), leave(B)].concat();
        [greet(A), say(A, "^ab", "bc"), reset(A), other, stop()].concat()
    })
    .usually("Usually clients are counted, and one that fails is not counted off."),
    case(
        "stop-computing",
        Property::Stop,
        "What was asked before the stop is answered before the end.",
        |given| {
            let question = send(A, prime(given.shorter));
            [greet(A), question, stop(), expect(A, "prime\n"), closed(A)].concat()
        },
    ),
    case(
        "stop-pipelined",
        Property::Stop,
        "Whoever has asked for more than one thing is answered more than one.",
        // When A has its echo, the server is about to compute.
        |given| {
            let question = say(A, format!("^a${}^P8$^b$", prime(given.shorter)), "b");
            let answers = expect(A, "prime\ncomposite\nc");
            [greet(A), question, stop(), answers, closed(A)].concat()
        },
    )
    .usually("Usually what is being done is finished, and what was read behind it forgotten."),
    case(
        "stop-asked",
        Property::Stop,
        "Everybody who has asked before the stop is answered before the end.",
        stop_asked,
    ),
    case(
        "stop-crowd",
        Property::Stop,
        "So is everybody who was accepted, whether they had a worker or not.",
        stop_crowd,
    )
    .usually("Usually whoever still waits for a worker is forgotten: the queue is dropped with the pool."),
    case(
        "stop-refuses",
        Property::Stop,
        "Who comes after the stop is refused at once, though the server is still busy with others.",
        |_| [flood(A, "^abc$".repeat(1000)), stop(), refused_now(B), reset(A)].concat(),
    )
    .usually(
        "Usually the listener is open until the process ends: who comes is let in by the kernel, and lost.",
    ),
];

/// How many have asked when the server is stopped under load.
const CROWD: u16 = 64;

/// When A has its echo, the server is about to compute for it. Meanwhile the others ask, and then
/// it is asked to stop: their questions have arrived, whether it has looked at them or not.
fn stop_asked(given: &Given) -> Script {
    let others = || (1..4).map(Client);
    let question = format!("^a${}", prime(given.shorter));
    [
        [greet(A), others().flat_map(greet).collect()].concat(),
        say(A, question, "b"),
        others().flat_map(|client| send(client, "^abc$")).collect(),
        stop(),
        others().flat_map(|client| [expect(client, "bcd"), closed(client)].concat()).collect(),
        [expect(A, "prime\n"), closed(A)].concat(),
    ]
    .concat()
}

/// The same of many more. Some are greeted: whoever serves one after the other can do no more. The
/// others were accepted, whether somebody has time for them or not.
fn stop_crowd(given: &Given) -> Script {
    let greeted = || (1..4).map(Client);
    let accepted_only = || (4..CROWD).map(Client);
    let question = format!("^a${}", prime(given.shorter));
    [
        [greet(A), greeted().flat_map(greet).collect()].concat(),
        accepted_only().flat_map(connect).collect(),
        accepted(),
        say(A, question, "b"),
        greeted().chain(accepted_only()).flat_map(|client| send(client, "^abc$")).collect(),
        stop(),
        greeted().flat_map(|client| [expect(client, "bcd"), closed(client)].concat()).collect(),
        accepted_only()
            .flat_map(|client| [expect(client, "*bcd"), closed(client)].concat())
            .collect(),
        [expect(A, "prime\n"), closed(A)].concat(),
    ]
    .concat()
}
