use std::cell::Cell;

use proptest::prelude::*;

use super::*;

thread_local! {
    static EXAMINED: Cell<usize> = const { Cell::new(0) };
}

pub fn count_examined(n: usize) {
    EXAMINED.set(EXAMINED.get() + n);
}

/// How many bytes this thread has looked at.
pub fn count_so_far() -> usize {
    EXAMINED.get()
}

/// Delivers a head in pieces of `size`, and returns what comes of it and how many bytes were
/// examined.
fn examined(input: &[u8], size: usize) -> (Result<Option<usize>, Refusal>, usize) {
    EXAMINED.set(0);
    let mut head = Head::default();
    let mut end = 0;
    while end < input.len() {
        end = input.len().min(end + size);
        match head.advance(&input[..end]) {
            Ok(None) => {}
            decided => return (decided, EXAMINED.get()),
        }
    }
    (Ok(None), EXAMINED.get())
}

/// How many bytes after a line may be looked at with it: what is left of a block of 16 and one of 8.
const LOOK_AHEAD: usize = 16 + 8;

#[test]
fn examines_no_byte_more_than_twice() {
    let start = b"GET /path?query HTTP/1.1\r\nHost: a\r\n".as_slice();
    let field = b"User-Agent: a browser of some kind\r\n";
    let inputs = [
        [start, b"\r\n"].concat(),
        [start, &field.repeat(90), b"\r\n"].concat(),
        [start, b"X: ", &[b'x'; 16_000], b"\r\n\r\n"].concat(),
        [start, b"X: ", &[b'x'; 50_000]].concat(),
        [start, &[b'x'; 50_000]].concat(),
        [b"GET /", [b'x'; 8_000].as_slice(), b" HTTP/1.1\r\nHost: a\r\n\r\n"].concat(),
        [b"GET /", [b'x'; 50_000].as_slice()].concat(),
        vec![b'x'; 50_000],
    ];
    for input in inputs {
        for size in [1, 2, 7, 1000, input.len()] {
            let (_, examined) = examined(&input, size);
            let lines = input.iter().filter(|&&byte| byte == b'\n').count();
            // "Host: a" is looked at again for what it says.
            let most = input.len() * 2 + 10 + lines * LOOK_AHEAD;
            assert!(examined <= most, "{examined} of {} in pieces of {size}", input.len());
        }
    }
}

#[test]
fn examines_what_framing_needs_a_third_time() {
    let start = b"GET / HTTP/1.1\r\nHost: a\r\n".as_slice();
    let host = [b"GET / HTTP/1.1\r\nHost: ".as_slice(), &[b'a'; 16_000]].concat();
    let length = [start, b"Content-Length: ", &[b'0'; 16_000]].concat();
    let connection = [start, b"Connection: ", &b"a,".repeat(8_000)].concat();
    let coding = [start, b"Transfer-Encoding: ", &b"a,".repeat(8_000)].concat();
    for start in [host, length, connection, coding] {
        let input = [&start, b"\r\n\r\n".as_slice()].concat();
        for size in [1, 1000, input.len()] {
            let (_, examined) = examined(&input, size);
            let most = input.len() * 3 + 4 * LOOK_AHEAD;
            assert!(examined <= most, "{examined} of {} in pieces of {size}", input.len());
        }
    }
}

fn head() -> impl Strategy<Value = Vec<u8>> {
    let line = prop::sample::select(vec![
        "GET / HTTP/1.1\r\n",
        "GET /path?query HTTP/1.1\r\n",
        "HEAD http://a/ HTTP/1.0\r\n",
        "OPTIONS * HTTP/1.1\r\n",
        "\r\nGET / HTTP/1.1\r\n",
        "\r\n\r\nGET / HTTP/1.1\r\n",
    ]);
    let fields = prop::collection::vec(
        prop::sample::select(vec![
            "X: y\r\n",
            "Cookie: b=c\r\n",
            "Accept:\t*/* \t\r\n",
            "Empty:\r\n",
            "Content-Length: 5\r\n",
            "Connection: close\r\n",
        ]),
        0..5,
    );
    let changes = prop::collection::vec(
        (
            any::<prop::sample::Index>(),
            0..4u8,
            prop::sample::select(
                b"\0\t\n\r !\"#%'()*,/059:;=?@AZ[]^_`az{|}~\x7f\x80\xfc\xff".to_vec(),
            ),
        ),
        0..4,
    );
    (line, fields, changes).prop_map(|(line, fields, changes)| {
        let mut head = [line, "Host: a\r\n", &fields.concat(), "\r\n"].concat().into_bytes();
        for (at, kind, byte) in changes {
            let at = at.index(head.len());
            match kind {
                0 => head.insert(at, byte),
                1 => head[at] = byte,
                2 => drop(head.remove(at)),
                _ => head.insert(at, head[at]),
            }
        }
        head
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20_000))]

    #[test]
    fn what_comes_of_a_head_does_not_depend_on_the_slicing(head in head(), size in 1..50usize) {
        let (whole, _) = examined(&head, head.len());
        prop_assert_eq!(whole, examined(&head, 1).0);
        prop_assert_eq!(whole, examined(&head, size).0);
    }
}
