//! A small server, a thread for each client, that can be broken in one way at a time.

mod frames;
mod http;

use std::collections::HashMap;
use std::io::{self, ErrorKind, Read, Write};
use std::mem;
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::process::{self, ExitCode};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, mpsc};
use std::thread;
use std::time::{Duration, Instant};

/// Declares the flaws, and how each is found by its name.
macro_rules! flaws {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// One way to be broken.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Flaw {
            $($(#[$doc])* $name,)*
        }

        impl Flaw {
            fn named(name: &str) -> Option<Flaw> {
                match name {
                    $(stringify!($name) => Some(Flaw::$name),)*
                    _ => None,
                }
            }
        }
    };
}

flaws! {
    /// None.
    Flawless,
    /// Does not say where it listens.
    Mute,

    // How it waits.
    /// Takes one read for all that was ever meant.
    OneRead,
    /// Has one worker.
    OneAtATime,
    /// Has four workers.
    FourWorkers,
    /// Serves the first hundred, and nobody else.
    HundredClients,
    /// Gives every client 32 KiB, whether it needs them or not.
    Generous,
    /// Has one thread for all, which works in between.
    OneLoop,
    /// Reads whatever comes, and keeps it until there is time for it.
    Hoards,
    /// Does not close when the client has no more to say.
    StaysAtEnd,
    /// Does not answer a client that has no more to say.
    LeavesAtEnd,
    /// Closes as soon as it has said all, whatever is still coming.
    SlamsTheDoor,
    /// Lets a client that it has left talk for ever.
    NeverHangsUp,

    // How it ends.
    /// Ends when a connection fails.
    DiesOfClients,
    /// Ends when a handler panics.
    DiesOfPanics,
    /// Ends when it cannot accept.
    DiesOfAccept,
    /// Has never heard of signals.
    DiesOfSignal,
    /// Prints two lines.
    TalksTooMuch,
    /// Stops when the last client has left of its own accord.
    WaitsForClients,
    /// Stops with questions unanswered.
    StopsAtOnce,
    /// Has four workers, and forgets whoever waits for one when it is to stop.
    DropsQueue,
    /// Lets clients in until it ends.
    StaysOpen,
    /// Hears of a stop once.
    HearsOnce,
    /// Does not say that something was cut.
    CutsQuietly,
    /// Ends at a stop, and says that something was cut.
    CutsAtOnce,
    /// Has no grace period.
    Graceless,
    /// Takes what SIGCONT interrupts for an error, and ends.
    DiesOfPauses,

    // How it understands frames.
    /// Does not greet.
    NoGreeting,
    /// Adds 2.
    AddsTwo,
    /// Takes bytes for characters.
    Text,
    /// Answers an empty frame.
    AnswersEmpty,
    /// Answers what is outside a frame.
    AnswersNoise,
    /// Takes any `^` for the start of a frame.
    CaretRestarts,
    /// Takes 1 for a prime.
    OneIsPrime,
    /// Reckons with 32 bits.
    U32,
    /// Answers the first request of each read.
    FirstOnly,
    /// Echoes at the end of a frame.
    EchoesAtEnd,
    /// Has had enough after ten frames.
    TenFrames,
    /// Begins anew with each read.
    Forgets,
    /// Ends the session at a bad number.
    ErrorsEnd,
    /// Reports a bad number at the end of the frame.
    LateErrors,
    /// Takes a number modulo 2^64.
    Wraps,
    /// Keeps every digit of a number, for whatever reason.
    HoardsDigits,
    /// Keeps what it ignores.
    HoardsNoise,
    /// Takes a number for too large when it has many digits.
    KeepsDigits,
    /// Cannot bear a large frame.
    SmallFrames,
    /// Has one state for all sessions.
    OneMemory,

    // How it understands frames: bytes.
    /// Forgets the rest of a frame behind a zero byte.
    CString,
    /// Cannot add 1 to 255.
    Overflows,
    /// Skips line ends.
    Lines,
    /// Opens a frame at a `$` that closes none.
    Toggles,
    /// Takes `p` for `P`.
    SmallP,
    /// Takes a `P` in the middle of a frame for the first.
    FindsP,

    // How it understands frames: numbers.
    /// Takes 2 for a composite.
    TwoIsComposite,
    /// Does not try the square root.
    SquaresArePrime,
    /// Tries a thousand divisors and no more.
    GivesUp,
    /// Believes in Fermat's test with base 2.
    Fermat,
    /// Has 63 bits for a number.
    Signed,
    /// Takes a number with a zero in front for octal.
    Octal,
    /// Takes no digits for 0.
    NothingIsZero,
    /// Takes what it has when a number turns out to be none.
    Atoi,
    /// Skips signs.
    TakesSigns,
    /// Skips spaces in a number.
    Trims,
    /// Takes Arabic digits for digits.
    UnicodeDigits,
    /// Shows bytes as they are.
    ShowsRaw,

    // How it understands frames: pieces.
    /// Answers numbers when all else is answered.
    NumbersLast,
    /// Takes the end of a read for the end of a number.
    AnswersReads,
    /// Takes the end of the conversation for the end of a frame.
    AnswersUnfinished,
    /// Looks for `P` in the read in which `^` came.
    LooksAhead,
    /// Forgets the digits of an earlier read.
    ForgetsDigits,
    /// Forgets what has come of a frame, if another came before it in the same read.
    ForgetsRest,
    /// Forgets in the next read that a number was bad.
    ForgetsErrors,

    // How it waits, between frames and in them.
    /// Throws away what has come before it greets.
    EatsEarly,
    /// Reads a frame to its end, whoever else is there.
    OneFrame,
    /// Reads four frames to their end, whoever else is there.
    FourFrames,
    /// Begins anew with everybody when somebody leaves.
    ForgetsEveryone,
    /// Goes on with the next client where one has left.
    Inherits,
    /// Throws away what a socket does not take at once.
    DropsUnsent,
    /// Has one thread for all, and one worker for those who ask for work.
    OneComputer,
    /// Ends when it writes to somebody who has left.
    DiesOfPipes,
    /// Ends when it cannot say goodbye.
    DiesOfGoodbyes,
    /// Waits for those who are in the middle of a frame when it is to stop.
    WaitsForFrames,
    /// Waits for those who have vanished when it is to stop.
    WaitsForTheLost,
    /// Answers one thing more when it is to stop.
    AnswersOneMore,

    // How it understands HTTP.
    /// Finds `Hello, World!` everywhere.
    EverythingFound,
    /// Adds a line end to `/plain`.
    LongPlain,
    /// Promises more than it sends.
    WrongLength,
    /// Sends a body with the answer to HEAD.
    HeadHasBody,
    /// Finds no primes.
    AllComposite,
    /// Answers the last request first.
    Reverses,
    /// Keeps every connection alive.
    NeverCloses,
    /// Says that it closes, and does not.
    SaysClose,
    /// Does not know that HTTP/1.0 may ask for more.
    ForgetsKeepAlive,
    /// Says `405` and not what is allowed.
    NoAllow,
    /// Does not know OPTIONS.
    NoOptions,

    // What it makes of a request that is right.
    /// It knows fields as they are usually written.
    MindsCase,
    /// It takes one space off a value.
    KeepsSpaces,
    /// It takes only spaces off a value.
    KeepsTabs,
    /// It looks for a colon and a space.
    NeedsSpaces,
    /// It has no use for an empty value.
    MindsEmptyValues,
    /// It refuses fields that it does not know.
    MindsUnknown,
    /// It knows no host with a port.
    MindsPorts,
    /// It looks for the port behind the first colon.
    MindsLiterals,
    /// It wants the host of the target and that of `Host` to be the same.
    MindsOtherHosts,
    /// It knows no scheme but `http`.
    MindsSchemes,
    /// It takes the query for a part of the path.
    QueryInPath,
    /// It wants a `Host` of HTTP/1.0 too.
    OldNeedsHost,
    /// It knows no `*`.
    KnowsNoServer,
    /// It sends back what it was sent.
    Traces,
    /// It says that it speaks another protocol from now on.
    Upgrades,

    // What it says in a response.
    /// The version that it was asked in.
    RepeatsVersion,
    /// No date.
    NoDate,
    /// A date as in a mail.
    OddDate,
    /// No date, when something went wrong.
    NoDateInErrors,
    /// No type.
    NoTypes,
    /// To HEAD, that the page is empty.
    HeadIsEmpty,
    /// To HEAD, what went wrong, and a page about it.
    HeadErrorHasBody,
    /// Of nothing, that it is 0 bytes long.
    LengthOfNothing,
    /// To HTTP/1.0, chunks.
    ChunksForAll,

    // When it takes a connection to be over.
    /// After what was read already.
    AnswersAll,
    /// When the first request said so, and not when a later one did.
    FirstDecides,
    /// At `close`, and not at `Close`.
    MindsOptionCase,
    /// At `close`, if nothing else is in the field.
    OneOption,
    /// At `close`, if nothing empty is before it.
    StopsAtEmpty,
    /// At `close`, if it is in the first field.
    FirstLine,
    /// At `close`, wherever it stands in a word.
    FindsOptions,
    /// Not while somebody also says `keep-alive`.
    KeepAliveWins,
    /// Without a word about it.
    LeavesSilently,
    /// When something is not found.
    LeavesAtErrors,
    /// After ten requests.
    TenRequests,
    /// When half a request has come, which it answers.
    AnswersHalves,
    /// Never, when the end of a head comes in two pieces.
    SplitEnds,

    // How it serves files.
    /// From anywhere.
    WayOut,
    /// Again, to who has them.
    NeverUnmodified,
    /// With the answer that they are unmodified.
    BodyWith304,
    /// Of whatever version.
    IgnoresIfMatch,
    /// Always whole.
    NoRanges,
    /// With one byte more than was asked for.
    LongRanges,
    /// From their end on.
    AnyRange,
    /// By whatever unit.
    AnyUnit,
    /// And takes what is posted to them.
    TakesFiles,
    /// By names that are not encoded.
    NoDecoding,
    /// From anywhere, to who encodes the way.
    EncodedWayOut,
    /// From anywhere, to who encodes it twice.
    DecodesTwice,
    /// From anywhere, to who comes by backslashes.
    Backslashes,
    /// By the part of a name that comes before a NUL.
    NulEnds,
    /// Without a tag.
    NoTag,
    /// Without their date.
    NoFileDate,
    /// With a bare 304.
    BareUnmodified,
    /// To who sends a list of tags.
    OneTag,
    /// To who marks the tag as weak.
    StrongOnly,
    /// To who says `*`.
    KnowsNoStar,
    /// Not to who has another version.
    AnyTag,
    /// Again, to who says since when he has them.
    NeverSince,
    /// Not to who names any date.
    AlwaysSince,
    /// To who names another date than theirs.
    ExactDates,
    /// Not to who names what is no date.
    GarbageIsNow,
    /// By dates in one form.
    OneDateForm,
    /// By dates, whatever the tags say.
    DatesCountToo,
    /// To nobody who names a version.
    NeverMatches,
    /// To who names a version weakly.
    WeakMatches,
    /// Whenever they changed.
    IgnoresUnmodifiedSince,
    /// And looks at conditions before it looks for them.
    ConditionsFirst,
    /// By ranges, before conditions.
    RangesFirst,
    /// Up to the last byte, and without it.
    ShortRanges,
    /// Without saying what part it is.
    NoPlace,
    /// By their first bytes, when the last are wanted.
    SuffixesFromStart,
    /// By ranges that say where they end.
    NeedsEnds,
    /// By ranges that end before the file does.
    MindsLongEnds,
    /// By suffixes that are shorter than the file.
    MindsLongSuffixes,
    /// By the first range.
    FirstRange,
    /// By however many ranges.
    ManyRanges,
    /// By ranges that end before they begin.
    SwapsRanges,
    /// By ranges modulo 2^64.
    WrapsRanges,
    /// By ranges, to HEAD.
    RangedHead,
    /// Without saying how long they are.
    BareUnsatisfiable,
    /// In parts of whatever version.
    IgnoresIfRange,
    /// In no parts of any version.
    IfRangeNever,
    /// In parts of a version that is weakly the same.
    WeakIfRange,
    /// In parts of any version before this date.
    LooseIfRange,

    // What it takes for a request.
    /// Anything.
    BelievesAll,
    /// A head, or a body, of any length.
    NoLimit,
    /// A line of any length.
    LongLines,
    /// No line of a length that is usual.
    ShortLines,
    /// Any version of HTTP.
    AnyVersion,
    /// Any method.
    AnyMethod,
    /// As many fields as anybody likes.
    ManyFields,
    /// No target but a path.
    OnlyPaths,
    /// No request behind an empty line.
    MindsEmptyLines,
    /// LF for the end of a line.
    TakesLf,
    /// Any expectation.
    AnyExpectation,

    // What it takes for a request line.
    /// A method and a target.
    TakesNoVersion,
    /// Words with many spaces between them.
    SkipsSpaces,
    /// Words with tabs between them.
    TakesTabs,
    /// One with spaces behind it.
    TrimsLineEnds,
    /// One with spaces before it.
    TrimsLineStarts,
    /// One with a space in the target.
    SpacedTargets,
    /// One with a version in lower case.
    LowerVersions,
    /// One with almost a version.
    LooseVersions,
    /// None with a later minor version.
    MindsMinor,
    /// One whose target lacks its slash.
    AddsSlashes,
    /// One with `*`, whatever the method.
    AnyAsterisk,
    /// One with a fragment.
    CutsFragments,
    /// One with control characters in its target.
    SkipsTargetControls,
    /// One with a target in any language.
    Utf8Targets,
    /// One with a URI without a host.
    NoAuthority,
    /// One with a URI with a user.
    DropsUsers,
    /// One with a method and punctuation.
    SkipsSeparators,
    /// One with a method in lower case.
    AnyCase,
    /// One with a long target, if it has a long method.
    LongMethods,
    /// The first that looks like one, whatever comes before it.
    SkipsNonsense,

    // What it takes for a field.
    /// Not the host, or at least it needs none.
    NeedsNoHost,
    /// The host, twice.
    TwoHosts,
    /// The host, whatever it says.
    AnyHost,
    /// The host, with anything for a port.
    AnyPort,
    /// The host, with a user.
    UserInHost,
    /// The host, but not without a name.
    NeedsHostName,
    /// One with spaces before its colon.
    TakesSpaces,
    /// One without a name.
    NamelessFields,
    /// One with a space in its name.
    SpacedNames,
    /// One with control characters in its name.
    SkipsNameControls,
    /// One with anything in its name.
    AnyName,
    /// None of the lines that have no colon.
    SkipsBadLines,
    /// One with spaces before it, if it is the first.
    TrimsFirstField,
    /// One that goes on in a second line.
    TakesFolds,
    /// What follows a CR.
    CrEndsLines,
    /// What is before a NUL.
    StopsAtNul,
    /// One with control characters in its value.
    TakesControls,
    /// None in other languages.
    AsciiOnly,

    // Where it takes a body to end.
    /// Before it begins.
    IgnoresBodies,
    /// After the first hundred bytes.
    LosesBytes,
    /// At the first of several lengths.
    FirstLength,
    /// At a length that is said twice.
    EqualLengths,
    /// After the last chunk, whatever its length says.
    LengthAndChunks,
    /// After the last chunk, also in HTTP/1.0.
    OldCoding,
    /// Without a length, before it begins.
    NeedsNoLength,
    /// Before it begins, if a line that goes on is skipped.
    DropsFolds,

    // What it takes for a length.
    /// One that only begins with digits.
    LooseLengths,
    /// One without digits.
    EmptyLengths,
    /// One with a sign.
    SignedLengths,
    /// One in hexadecimal; or rather its digits.
    HexLengths,
    /// One with a space behind it, and whatever else.
    SpacedLengths,
    /// One with control characters around it.
    ControlledLengths,
    /// One in quotes.
    QuotedLengths,
    /// One with others behind it.
    FirstOfList,
    /// One over 64 bits, without these.
    WrapsLengths,
    /// One over 32 bits, without these.
    LengthsOf32Bits,

    // What it takes for chunks.
    /// Any last coding.
    AnyLastCoding,
    /// Not `identity`, nor anything.
    TakesIdentity,
    /// Not an empty list, nor anything.
    EmptyCoding,
    /// A coding with the right word in it.
    SubstringCoding,
    /// One in quotes.
    QuotedCoding,
    /// One with control characters around it.
    ControlledCoding,
    /// One with parameters.
    CodingParameters,
    /// The same twice.
    ChunkedTwice,
    /// Whatever other codings come before.
    AnyCoding,

    // What it takes for a chunk.
    /// One whose size only begins with digits.
    LooseSizes,
    /// One without a size.
    EmptySizes,
    /// One whose size has a sign.
    SignedSizes,
    /// One whose size says that it is hexadecimal.
    PrefixedSizes,
    /// One with spaces around its size.
    TrimsSizes,
    /// One whose size is over 64 bits, without these.
    WrapsSizes,
    /// One whose size is over 32 bits, without these.
    SizesOf32Bits,
    /// One whose size ends in LF.
    LfEndsSizes,
    /// One whose size ends in CR.
    CrEndsSizes,
    /// One whose extension ends in LF.
    LfEndsExtensions,
    /// One with an LF in its extension.
    LfInExtensions,
    /// One with an extension of any length.
    NoExtensionLimit,
    /// One of any size.
    CountsNoChunks,
    /// One that is longer than it says.
    SkipsChunkEnds,
    /// One that is shorter than it says.
    ShortChunks,
    /// One with nothing behind its data.
    NoChunkEnds,
    /// One with LF behind its data.
    LfEndsChunks,
    /// One with any two bytes behind its data.
    AnyChunkEnds,
    /// The last one, without the empty line.
    NoLastLine,
    /// The last one, with anything for trailers.
    AnyTrailer,
    /// The last one, with trailers of any length.
    NoTrailerLimit,
    /// Not behind an extension.
    MindsExtensions,
    /// After its trailers, which it takes for fields.
    MergesTrailers,
    /// Before it begins, if it comes in chunks.
    IgnoresChunks,
    /// Before it begins, behind a GET.
    IgnoresGetBodies,
    /// Before it begins, behind a GET and in chunks.
    IgnoresGetChunks,
    /// Before it begins, behind a HEAD.
    IgnoresHeadBodies,
    /// Before it begins, behind a DELETE.
    IgnoresDeleteBodies,
    /// Before it begins, where none is wanted.
    LeavesUnwanted,
    /// Before it begins, where nothing is.
    LeavesLost,
    /// Before its trailers.
    LeavesTrailers,
    /// With what came with the head.
    BodyWithHead,
    /// With what came last.
    DropsRest,
    /// At the end of what comes, if it has no length.
    WaitsForLength,
    /// At the end of what comes, if it has the length 0.
    ZeroIsNone,
    /// At an octal length.
    OctalLengths,
    /// Nowhere, if its coding is not in lower case.
    MindsCodingCase,
    /// Nowhere, if its coding is in a list.
    MindsEmptyElements,
    /// Nowhere, if the last chunk is the first.
    MindsNoChunks,
    /// After the first chunk, as far as it is kept.
    FirstChunk,
    /// Nowhere, if there is a space before an extension.
    MindsExtensionSpace,
    /// Nowhere, if the size of a chunk has digits in capitals.
    LowerHex,
    /// Nowhere, if the size of a chunk has many digits.
    ShortSizes,
    /// Nowhere, if there are many chunks.
    ManyChunks,
    /// After one zero, and no other number of them.
    OneZero,
    /// Where something looks like it.
    FindsEnds,
    /// Where it ends; but it begins where the first one began.
    KeepsBodies,

    // When it tells a client to go on.
    /// Never.
    NeverContinues,
    /// Also one of HTTP/1.0.
    AlwaysContinues,
    /// Never with chunks.
    ContinuesLengths,
    /// Also with nothing.
    ContinuesNothing,
    /// Also with what it refuses.
    ContinuesAll,
    /// When it asks in lower case.
    CaseOfContinue,
    /// And forgets what is there already.
    LosesUnasked,
}

/// A conversation: what comes in, and what goes out for it.
trait Talk: Send {
    /// Appends the replies to `bytes`, and says how many of these it has taken: not all when there
    /// is work to do, and replies should be sent before it. `None`: the conversation is over.
    fn hear(&mut self, bytes: &[u8], replies: &mut Vec<u8>) -> Option<usize>;

    /// Whether more must come before what came last can be answered.
    fn is_unfinished(&self) -> bool {
        false
    }
}

#[derive(Clone)]
struct Server {
    flaw: Flaw,
    http: bool,
    /// Who is connected.
    open: Arc<Mutex<HashMap<usize, Arc<TcpStream>>>>,
    /// How many have come so far.
    came: Arc<AtomicUsize>,
    stopping: Arc<AtomicBool>,
    /// How long a stop may take.
    grace: Duration,
    /// The session of everybody, with [`Flaw::OneMemory`].
    memory: Arc<Mutex<frames::Frames>>,
    /// The session of a client that has left, with [`Flaw::Inherits`].
    legacy: Arc<Mutex<Option<Box<dyn Talk>>>>,
    /// How many have left so far.
    left: Arc<AtomicUsize>,
    /// How many turns are taken, and a word when one is given back.
    turns: Arc<(Mutex<usize>, Condvar)>,
}

/// A client and its conversation.
type Guest = (TcpStream, Box<dyn Talk>);

/// The right to answer, until it is dropped.
struct Turn(Arc<(Mutex<usize>, Condvar)>);

impl Drop for Turn {
    fn drop(&mut self) {
        *lock(&self.0.0) -= 1;
        self.0.1.notify_one();
    }
}

/// `NAME --addr ADDR --grace SECONDS --protocol frames|http`
pub fn main(arguments: impl Iterator<Item = String>) -> ExitCode {
    let arguments: Vec<String> = arguments.collect();
    let flaw = Flaw::named(&arguments[0]).expect("a flaw has a name");
    let http = arguments.last().is_some_and(|protocol| protocol == "http");
    let listener = TcpListener::bind(&arguments[2]).expect("a free port");
    let addr = listener.local_addr().expect("a listener has an address");
    let server = Server {
        flaw,
        http,
        open: Arc::default(),
        came: Arc::default(),
        stopping: Arc::default(),
        grace: grace(&arguments),
        memory: Arc::new(Mutex::new(frames::Frames::new(flaw))),
        legacy: Arc::default(),
        left: Arc::default(),
        turns: Arc::default(),
    };
    if flaw != Flaw::DiesOfSignal {
        let server = server.clone();
        ctrlc::set_handler(move || server.asked_to_stop(addr)).expect("one handler");
    }
    if flaw == Flaw::DiesOfPauses {
        thread::spawn(die_of_interrupts);
    }
    if flaw != Flaw::Mute {
        println!("listening on {addr}");
    }
    if flaw == Flaw::TalksTooMuch {
        println!("and glad to be of service");
    }
    match flaw {
        Flaw::OneLoop | Flaw::OneComputer => {
            server.sweep(&listener).expect("clients that do as they should")
        }
        _ => server.run(listener),
    }
    // Those who are in are still answered; then the stop ends the process.
    loop {
        thread::park();
    }
}

/// Waits for what never comes. With a timeout, `recv` does not begin again after SIGCONT (Linux:
/// `signal(7)`).
fn die_of_interrupts() {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a free port");
    socket.set_read_timeout(Some(Duration::from_secs(1000))).expect("a timeout that is not 0");
    let error = socket.recv(&mut [0]).expect_err("nobody knows the port");
    eprintln!("{error}");
    process::exit(1);
}

/// The seconds behind `--grace`.
fn grace(arguments: &[String]) -> Duration {
    let mut behind = arguments.iter().skip_while(|argument| *argument != "--grace").skip(1);
    Duration::from_secs_f32(behind.next().map_or(10.0, |grace| grace.parse().expect("a number")))
}

impl Server {
    fn run(&self, listener: TcpListener) {
        let listener = &listener;
        let workers = self.workers();
        thread::scope(|scope| {
            for _ in 0..workers {
                scope.spawn(|| self.accept(listener, |stream| self.clone().client(stream)));
            }
            if workers == 0 {
                self.accept(listener, |stream| {
                    let server = self.clone();
                    thread::spawn(move || server.client(stream));
                });
            }
        });
    }

    /// How many there are; 0: a thread for each client.
    fn workers(&self) -> usize {
        match self.flaw {
            Flaw::OneAtATime => 1,
            // So that it has surely met those who are gone before it meets who comes next. Of frames there
            // is a case in which somebody stays meanwhile.
            Flaw::DiesOfClients if self.http => 1,
            Flaw::FourWorkers => 4,
            _ => 0,
        }
    }

    fn accept(&self, listener: &TcpListener, take: impl Fn(TcpStream)) {
        loop {
            match listener.accept() {
                Ok(_) if self.is_stopping() && self.flaw == Flaw::StaysOpen => {}
                Ok(_) if self.is_stopping() => return,
                Ok((stream, _)) => take(stream),
                Err(error) if self.flaw == Flaw::DiesOfAccept => {
                    eprintln!("{error}");
                    process::exit(1);
                }
                // Out of descriptors: some will be given back.
                Err(_) => thread::sleep(Duration::from_millis(20)),
            }
        }
    }

    fn client(self, stream: TcpStream) {
        let n = self.came.fetch_add(1, Ordering::SeqCst);
        if self.flaw == Flaw::HundredClients && n >= 100 {
            return;
        }
        if self.flaw == Flaw::DropsQueue {
            while !self.is_stopping() && lock(&self.open).len() >= 4 {
                thread::sleep(Duration::from_millis(1));
            }
            if self.is_stopping() {
                return;
            }
        }
        let stream = Arc::new(stream);
        lock(&self.open).insert(n, Arc::clone(&stream));
        // The stop may have come before it could know of this client.
        if self.is_stopping() {
            let _ = stream.shutdown(Shutdown::Read);
        }
        let result = self.serve(&stream);
        self.left.fetch_add(1, Ordering::SeqCst);
        if self.flaw != Flaw::WaitsForTheLost || result.is_ok() {
            lock(&self.open).remove(&n);
        }
        if self.flaw == Flaw::DiesOfGoodbyes && stream.shutdown(Shutdown::Both).is_err() {
            process::exit(1);
        }
        match (result, self.flaw) {
            (Err(error), Flaw::DiesOfClients) => {
                eprintln!("{error}");
                process::exit(1);
            }
            (Err(error), Flaw::DiesOfPipes) if error.kind() == ErrorKind::BrokenPipe => {
                process::exit(1);
            }
            (_, Flaw::StaysAtEnd) => mem::forget(stream),
            (Ok(()), flaw) if flaw != Flaw::SlamsTheDoor => self.linger(&stream),
            _ => {}
        }
    }

    /// Ends our half, and takes what still comes until the client ends its own, or for two seconds.
    /// An only worker takes all the time there is, so that it is surely missed.
    fn linger(&self, stream: &TcpStream) {
        let patient = matches!(self.flaw, Flaw::NeverHangsUp | Flaw::OneAtATime);
        let deadline = Instant::now() + Duration::from_secs(2);
        let _ = stream.shutdown(Shutdown::Write);
        let _ = stream.set_read_timeout(Some(Duration::from_millis(100)));
        while patient || Instant::now() < deadline {
            match read(stream) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Ok(bytes) if !bytes.is_empty() => {}
                _ => return,
            }
        }
    }

    fn serve(&self, mut stream: &TcpStream) -> io::Result<()> {
        let mut talk = lock(&self.legacy).take().unwrap_or_else(|| self.protocol());
        let mut left = self.left.load(Ordering::SeqCst);
        let mut turn = None;
        let _spare = (self.flaw == Flaw::Generous).then(|| vec![1_u8; 32 * 1024]);
        if self.flaw == Flaw::DropsUnsent {
            // So that it soon has something to throw away.
            socket2::SockRef::from(stream).set_send_buffer_size(4 * 1024)?;
        }
        if self.flaw == Flaw::EatsEarly {
            stream.set_read_timeout(Some(Duration::from_millis(200)))?;
            let _ = read(stream);
            stream.set_read_timeout(None)?;
        }
        if !self.http && self.flaw != Flaw::NoGreeting {
            stream.write_all(b"*")?;
        }
        let hoard = (self.flaw == Flaw::Hoards).then(|| hoard(stream)).transpose()?;
        loop {
            let bytes = match &hoard {
                Some(hoard) => hoard.recv().unwrap_or_default(),
                None => read(stream)?,
            };
            if bytes.is_empty() {
                return self.end(talk, stream);
            }
            let before = mem::replace(&mut left, self.left.load(Ordering::SeqCst));
            if self.flaw == Flaw::ForgetsEveryone && before != left {
                talk = self.protocol();
            }
            let mine = turn.take().unwrap_or_else(|| self.turn());
            if !self.talk(&mut *talk, &bytes, stream)? || self.flaw == Flaw::OneRead {
                return Ok(());
            }
            turn = talk.is_unfinished().then_some(mine);
        }
    }

    /// The client has no more to say, or we are told to stop.
    fn end(&self, mut talk: Box<dyn Talk>, stream: &TcpStream) -> io::Result<()> {
        match self.flaw {
            Flaw::AnswersUnfinished => drop(self.talk(&mut *talk, b"$", stream)?),
            Flaw::AnswersHalves => drop(self.talk(&mut *talk, b"\r\n\r\n0\r\n\r\n", stream)?),
            Flaw::Inherits => *lock(&self.legacy) = Some(talk),
            Flaw::WaitsForFrames if talk.is_unfinished() && self.is_stopping() => loop {
                thread::park();
            },
            _ => {}
        }
        Ok(())
    }

    /// Waits until fewer clients have a turn than may.
    fn turn(&self) -> Turn {
        let most = match self.flaw {
            Flaw::OneFrame => 1,
            Flaw::FourFrames => 4,
            _ => usize::MAX,
        };
        let (taken, given_back) = &*self.turns;
        let mut taken = lock(taken);
        while *taken >= most {
            taken = given_back.wait(taken).unwrap_or_else(PoisonError::into_inner);
        }
        *taken += 1;
        Turn(Arc::clone(&self.turns))
    }

    /// Answers what has come. `false`: the conversation is over.
    fn talk(&self, talk: &mut dyn Talk, bytes: &[u8], stream: &TcpStream) -> io::Result<bool> {
        let mut rest = bytes;
        while !rest.is_empty() {
            let mut replies = Vec::new();
            let taken = match self.flaw {
                Flaw::OneMemory => lock(&self.memory).hear(rest, &mut replies),
                _ => talk.hear(rest, &mut replies),
            };
            if self.flaw == Flaw::LeavesAtEnd && has_ended(stream)? {
                return Ok(false);
            }
            self.write(&replies, stream)?;
            match taken {
                Some(_) if self.flaw == Flaw::AnswersOneMore && self.is_stopping() => {
                    return Ok(false);
                }
                Some(n) => rest = &rest[n..],
                None => return Ok(false),
            }
        }
        Ok(true)
    }

    fn write(&self, replies: &[u8], mut stream: &TcpStream) -> io::Result<()> {
        if self.flaw != Flaw::DropsUnsent {
            return stream.write_all(replies);
        }
        stream.set_nonblocking(true)?;
        let taken = stream.write(replies);
        stream.set_nonblocking(false)?;
        match taken {
            Err(error) if error.kind() != ErrorKind::WouldBlock => Err(error),
            _ => Ok(()),
        }
    }

    /// Serves everybody in turn, in the order in which they came, and works on the way; or has one
    /// worker for that.
    fn sweep(&self, listener: &TcpListener) -> io::Result<()> {
        listener.set_nonblocking(true)?;
        let (worker, served) = self.worker();
        let mut clients = Vec::new();
        loop {
            while let Ok((mut stream, _)) = listener.accept() {
                if !self.http {
                    stream.write_all(b"*")?;
                }
                stream.set_nonblocking(true)?;
                clients.push((stream, self.protocol()));
            }
            clients.extend(served.try_iter());
            let serve = |(stream, mut talk): Guest| match read(&stream) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => Some((stream, talk)),
                Ok(bytes) if self.flaw == Flaw::OneComputer && bytes.contains(&b'P') => {
                    worker.send(((stream, talk), bytes)).expect("a worker listens");
                    None
                }
                Ok(bytes) if bytes.is_empty() => None,
                Ok(bytes) => self.talk(&mut *talk, &bytes, &stream).ok()?.then_some((stream, talk)),
                Err(_) => None,
            };
            clients = clients.into_iter().filter_map(serve).collect();
            thread::sleep(Duration::from_millis(1));
        }
    }

    /// One who answers what it is given, and gives the client back.
    fn worker(&self) -> (mpsc::Sender<(Guest, Vec<u8>)>, mpsc::Receiver<Guest>) {
        let (worker, work) = mpsc::channel::<(Guest, Vec<u8>)>();
        let (back, served) = mpsc::channel();
        let server = self.clone();
        thread::spawn(move || {
            for ((stream, mut talk), bytes) in work {
                if let Ok(true) = server.talk(&mut *talk, &bytes, &stream) {
                    back.send((stream, talk)).expect("the loop has no end");
                }
            }
        });
        (worker, served)
    }

    fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::SeqCst)
    }

    fn protocol(&self) -> Box<dyn Talk> {
        match self.http {
            true => Box::new(http::Http::new(self.flaw)),
            false => Box::new(frames::Frames::new(self.flaw)),
        }
    }

    /// The first time, it stops; the second time, or when that takes too long, it ends.
    fn asked_to_stop(&self, addr: SocketAddr) {
        if self.stopping.swap(true, Ordering::SeqCst) || self.flaw == Flaw::CutsAtOnce {
            match self.flaw {
                Flaw::HearsOnce => return,
                Flaw::CutsQuietly => process::exit(0),
                _ => process::exit(1),
            }
        }
        let (server, grace) = (self.clone(), self.grace);
        thread::spawn(move || server.stop());
        // Whoever accepts is woken by a client like any other.
        for _ in 0..self.workers().max(1) {
            let _ = TcpStream::connect(addr);
        }
        if self.flaw != Flaw::Graceless {
            thread::spawn(move || {
                thread::sleep(grace);
                process::exit(1);
            });
        }
    }

    /// Takes what has arrived, answers it, and ends.
    fn stop(&self) {
        for stream in lock(&self.open).values() {
            let waits = matches!(self.flaw, Flaw::WaitsForClients | Flaw::StaysOpen);
            if self.flaw != Flaw::StopsAtOnce && !waits {
                // It fails when the client is gone already.
                let _ = stream.shutdown(Shutdown::Read);
            }
        }
        let has_ended = || match self.flaw {
            Flaw::StopsAtOnce => true,
            Flaw::HearsOnce => false,
            _ => lock(&self.open).is_empty(),
        };
        while !has_ended() {
            thread::sleep(Duration::from_millis(1));
        }
        process::exit(0);
    }
}

/// A thread that reads whatever comes; it never waits for anybody to take it.
fn hoard(stream: &TcpStream) -> io::Result<mpsc::Receiver<Vec<u8>>> {
    let stream = stream.try_clone()?;
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        while let Ok(bytes) = read(&stream) {
            if bytes.is_empty() || sender.send(bytes).is_err() {
                break;
            }
        }
    });
    Ok(receiver)
}

fn read(mut stream: &TcpStream) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; 4 * 1024];
    let n = stream.read(&mut bytes)?;
    bytes.truncate(n);
    Ok(bytes)
}

/// Whether the client has said that it will send no more.
fn has_ended(stream: &TcpStream) -> io::Result<bool> {
    stream.set_nonblocking(true)?;
    let ended = match stream.peek(&mut [0]) {
        Ok(n) => n == 0,
        Err(error) if error.kind() == ErrorKind::WouldBlock => false,
        Err(error) => return Err(error),
    };
    stream.set_nonblocking(false)?;
    Ok(ended)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
