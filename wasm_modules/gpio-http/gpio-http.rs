//! Reads a GPIO line and POSTs it to an HTTP server, on a fixed schedule.
//!
//! Usage: gpio-http PERIOD_S DURATION_S             built with --cfg host
//!        gpio-http PERIOD_S DURATION_S IPV4:PORT   built with --cfg socket
//!
//! One source, two builds: the host sends the POST (`http.post`), or the module opens its own
//! socket by WasmEdge's extension of WASI. Both send the same bytes over a connection of their
//! own. Nothing is sent twice: a POST that is lost must show. README.md holds the ABI.
#![allow(unknown_lints, unexpected_cfgs)]

use std::io::Write;
use std::time::{Duration, Instant};

const PATH: &str = "/gpio";
const SHORTEST_PERIOD: Duration = Duration::from_millis(1);
// No other POST will do better: nobody listens there, or there is no way to it.
const UNREACHABLE: [Errno; 4] = [14, 23, 38, 40]; // connrefused, hostunreach, netdown, netunreach

/// An errno of WASI preview 1; 0 is success.
type Errno = u32;

mod gpio {
    use super::Errno;

    #[link(wasm_import_module = "gpio")]
    extern "C" {
        fn read(value: *mut u32) -> Errno;
    }

    /// Whether the line is active.
    pub fn line() -> Result<bool, Errno> {
        let mut value = 0;
        // SAFETY: the host writes one u32.
        match unsafe { read(&mut value) } {
            0 => Ok(value != 0),
            errno => Err(errno),
        }
    }
}

/// The host sends the POST, to the one server that it was given.
#[cfg(host)]
mod http {
    use super::{Errno, PATH};

    #[link(wasm_import_module = "http")]
    extern "C" {
        #[link_name = "post"]
        fn host_post(
            path: *const u8,
            path_bytes: usize,
            body: *const u8,
            body_bytes: usize,
            status: *mut u32,
        ) -> Errno;
    }

    pub const USAGE: &str = "usage: gpio-http PERIOD_S DURATION_S";

    pub struct Server;

    impl Server {
        pub fn named(words: &[String]) -> Result<Self, String> {
            if words.is_empty() {
                Ok(Server)
            } else {
                Err(USAGE.to_string())
            }
        }

        /// The status of the answer.
        pub fn post(&self, body: &str) -> Result<u32, Errno> {
            let mut status = 0;
            // SAFETY: the host reads two slices and writes one u32.
            let errno = unsafe {
                host_post(PATH.as_ptr(), PATH.len(), body.as_ptr(), body.len(), &mut status)
            };
            if errno == 0 {
                Ok(status)
            } else {
                Err(errno)
            }
        }
    }
}

/// The module writes and reads HTTP/1.1 itself, over WasmEdge's sockets.
#[cfg(socket)]
mod http {
    use super::{Errno, PATH};
    use std::net::SocketAddrV4;

    const INET4: u32 = 1;
    const STREAM: u32 = 2;
    const SOL_SOCKET: u32 = 0;
    const SO_RCVTIMEO: u32 = 11;
    const PROTO: Errno = 65;
    const TIMEOUT_S: i64 = 2; // as that of the hosts
    const KEPT_BYTES: usize = 4096; // of an answer: its status line and headers

    #[repr(C)]
    struct Address {
        octets: *const u8,
        size: usize,
    }

    #[repr(C)]
    struct Slice {
        start: *const u8,
        size: usize,
    }

    #[repr(C)]
    struct Timeval {
        seconds: i64,
        microseconds: i64,
    }

    #[link(wasm_import_module = "wasi_snapshot_preview1")]
    extern "C" {
        fn sock_open(family: u32, kind: u32, fd: *mut u32) -> Errno;
        fn sock_setsockopt(
            fd: u32,
            level: u32,
            name: u32,
            value: *const Timeval,
            size: usize,
        ) -> Errno;
        fn sock_connect(fd: u32, address: *const Address, port: u32) -> Errno;
        fn sock_send(
            fd: u32,
            slices: *const Slice,
            count: usize,
            flags: u32,
            sent: *mut usize,
        ) -> Errno;
        fn sock_recv(
            fd: u32,
            slices: *const Slice,
            count: usize,
            flags: u32,
            got: *mut usize,
            answer_flags: *mut u32,
        ) -> Errno;
        fn fd_close(fd: u32) -> Errno;
    }

    pub const USAGE: &str = "usage: gpio-http PERIOD_S DURATION_S IPV4:PORT";

    pub struct Server {
        address: SocketAddrV4,
    }

    impl Server {
        pub fn named(words: &[String]) -> Result<Self, String> {
            match words {
                [word] => match word.parse() {
                    Ok(address) => Ok(Server { address }),
                    Err(_) => Err(format!("the server is IPV4:PORT, got {word:?}")),
                },
                _ => Err(USAGE.to_string()),
            }
        }

        /// The status of the answer.
        pub fn post(&self, body: &str) -> Result<u32, Errno> {
            let request = format!(
                "POST {PATH} HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\n\
                 Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
                self.address,
                body.len()
            );
            let socket = Socket::connected(&self.address)?;
            socket.send(request.as_bytes())?;
            status(&socket.answer()?)
        }
    }

    /// Closed when it is dropped, whatever has happened.
    struct Socket {
        fd: u32,
    }

    impl Socket {
        fn connected(address: &SocketAddrV4) -> Result<Self, Errno> {
            let mut fd = 0;
            // SAFETY: the runtime writes one u32.
            done(unsafe { sock_open(INET4, STREAM, &mut fd) })?;
            let socket = Socket { fd };
            let patience = Timeval { seconds: TIMEOUT_S, microseconds: 0 };
            let size = std::mem::size_of::<Timeval>();
            // SAFETY: the runtime reads one Timeval.
            done(unsafe { sock_setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, size) })?;
            let octets = address.ip().octets();
            let place = Address { octets: octets.as_ptr(), size: octets.len() };
            // SAFETY: the runtime reads an address of four octets.
            done(unsafe { sock_connect(fd, &place, address.port().into()) })?;
            Ok(socket)
        }

        fn send(&self, mut rest: &[u8]) -> Result<(), Errno> {
            while !rest.is_empty() {
                let slice = Slice { start: rest.as_ptr(), size: rest.len() };
                let mut sent = 0;
                // SAFETY: the runtime reads one slice and writes one usize.
                done(unsafe { sock_send(self.fd, &slice, 1, 0, &mut sent) })?;
                rest = rest.get(sent..).unwrap_or_default();
            }
            Ok(())
        }

        /// The beginning of what the server says until it closes the connection.
        fn answer(&self) -> Result<Vec<u8>, Errno> {
            let mut kept = Vec::new();
            loop {
                let mut buffer = [0_u8; KEPT_BYTES];
                let slice = Slice { start: buffer.as_mut_ptr(), size: buffer.len() };
                let (mut got, mut flags) = (0, 0);
                // SAFETY: the runtime writes into one slice, one usize and one word of flags.
                done(unsafe { sock_recv(self.fd, &slice, 1, 0, &mut got, &mut flags) })?;
                if got == 0 {
                    return Ok(kept);
                }
                let room = KEPT_BYTES - kept.len();
                kept.extend_from_slice(&buffer[..got.min(room)]);
            }
        }
    }

    impl Drop for Socket {
        fn drop(&mut self) {
            // SAFETY: no pointers.
            unsafe { fd_close(self.fd) };
        }
    }

    fn done(errno: Errno) -> Result<(), Errno> {
        if errno == 0 {
            Ok(())
        } else {
            Err(errno)
        }
    }

    /// The status of a whole answer: "HTTP/1.1 200 OK", headers, an empty line.
    fn status(answer: &[u8]) -> Result<u32, Errno> {
        let text = String::from_utf8_lossy(answer);
        let (head, _) = text.split_once("\r\n\r\n").ok_or(PROTO)?;
        let mut words = head.split(' ');
        match (words.next(), words.next().and_then(|word| word.get(..3))) {
            (Some("HTTP/1.1" | "HTTP/1.0"), Some(code)) => code.parse().map_err(|_| PROTO),
            _ => Err(PROTO),
        }
    }
}

mod sleep {
    use super::Errno;
    use std::time::{Duration, Instant};

    const CLOCK: u64 = 0;
    const REALTIME: u64 = 0;

    // Both as in WASI preview 1, for a subscription to a clock.
    #[repr(C)]
    struct Subscription {
        userdata: u64,
        tag: u64,
        clock: u64,
        timeout_ns: u64,
        precision_ns: u64,
        flags: u64,
    }

    #[repr(C)]
    struct Event {
        words: [u64; 4],
    }

    #[link(wasm_import_module = "wasi_snapshot_preview1")]
    extern "C" {
        fn poll_oneoff(
            subscriptions: *const Subscription,
            events: *mut Event,
            count: usize,
            happened: *mut usize,
        ) -> Errno;
    }

    /// Sleeps until the clock shows `at`; up to a millisecond longer.
    ///
    /// std::thread::sleep asks for the monotonic clock, which Wasmer 1.1 has not for this call. A
    /// relative time on the other clock is the same, as a step of the clock does not change it.
    /// Wasmer leaves out what is below a millisecond, so a fraction is made whole.
    pub fn until(clock: Instant, at: Duration) -> Result<(), Errno> {
        loop {
            let rest = at.saturating_sub(clock.elapsed());
            if rest.is_zero() {
                return Ok(());
            }
            let whole_ms = (rest.as_nanos() as u64 + 999_999) / 1_000_000;
            let subscription = Subscription {
                userdata: 0,
                tag: CLOCK,
                clock: REALTIME,
                timeout_ns: whole_ms * 1_000_000,
                precision_ns: 0,
                flags: 0, // relative
            };
            let mut event = Event { words: [0; 4] };
            let mut happened = 0;
            // SAFETY: the runtime reads one subscription and writes one event and one usize.
            let errno = unsafe { poll_oneoff(&subscription, &mut event, 1, &mut happened) };
            if errno != 0 {
                return Err(errno);
            }
        }
    }
}

struct Schedule {
    period: Duration,
    duration: Duration,
    posts: u32,
}

/// What came of the POSTs. `refused` is an answer other than 2xx, `failed` no answer at all.
struct Tally {
    accepted: u32,
    refused: u32,
    failed: u32,
    lines: u64, // FNV-1a, 64 bits, of the values as the characters 0 and 1
    post: Duration,
    longest: Duration,
    latest: Duration,
}

fn nanoseconds(time: Duration) -> u64 {
    time.as_nanos() as u64
}

/// Seconds in decimal, such as 2 or 0.25, to the nanosecond. Without floats, whose reading and
/// writing is a third of a module, 0.6 s in periods of 0.2 s is 3 and not a hair less.
fn seconds(name: &str, word: &str) -> Result<Duration, String> {
    let (whole, fraction) = word.split_once('.').unwrap_or((word, "0"));
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|c| c.is_ascii_digit());
    if is_number(whole) && whole.len() <= 6 && is_number(fraction) && fraction.len() <= 9 {
        let number = |text: &str| text.bytes().fold(0, |n, c| 10 * n + u32::from(c - b'0'));
        let nanoseconds = number(fraction) * 10_u32.pow(9 - fraction.len() as u32);
        let value = Duration::new(number(whole).into(), nanoseconds);
        if value >= SHORTEST_PERIOD {
            return Ok(value);
        }
    }
    Err(format!("{name} is seconds from 0.001 to 999999, such as 2 or 0.25; got {word:?}"))
}

fn arguments() -> Result<(Schedule, http::Server), String> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    if words.len() < 2 {
        return Err(http::USAGE.to_string());
    }
    let period = seconds("PERIOD_S", &words[0])?;
    let duration = seconds("DURATION_S", &words[1])?;
    let posts = (nanoseconds(duration) / nanoseconds(period)) as u32;
    if posts == 0 {
        return Err(format!("{} s are below the period of {} s: no POST", words[1], words[0]));
    }
    Ok((Schedule { period, duration, posts }, http::Server::named(&words[2..])?))
}

/// POSTs on the schedule: number k at k periods after the start, or at once if that is over.
fn run(schedule: &Schedule, server: &http::Server, clock: Instant) -> Result<Tally, String> {
    let cannot_sleep = |errno| format!("cannot sleep: errno {errno}");
    let mut tally = Tally {
        accepted: 0,
        refused: 0,
        failed: 0,
        lines: 0xCBF2_9CE4_8422_2325,
        post: Duration::ZERO,
        longest: Duration::ZERO,
        latest: Duration::ZERO,
    };
    for k in 0..schedule.posts {
        let due = schedule.period * k;
        sleep::until(clock, due).map_err(cannot_sleep)?;
        let begun = clock.elapsed();
        let line = gpio::line().map_err(|errno| format!("cannot read the line: errno {errno}"))?;
        let digit = u8::from(line);
        let body = format!("{{\"sequence\":{k},\"line\":{digit},\"t_ns\":{}}}", nanoseconds(begun));
        let posted = clock.elapsed();
        match server.post(&body) {
            Ok(200..=299) => tally.accepted += 1,
            Ok(_) => tally.refused += 1,
            Err(errno) if k == 0 && UNREACHABLE.contains(&errno) => {
                return Err(format!("the HTTP server cannot be reached: errno {errno}"));
            }
            Err(_) => tally.failed += 1,
        }
        let took = clock.elapsed() - posted;
        tally.post += took;
        tally.longest = tally.longest.max(took);
        tally.latest = tally.latest.max(begun - due);
        tally.lines = (tally.lines ^ u64::from(b'0' + digit)).wrapping_mul(0x100_0000_01B3);
    }
    sleep::until(clock, schedule.duration).map_err(cannot_sleep)?;
    Ok(tally)
}

fn report(schedule: &Schedule, tally: &Tally, clock: Instant) -> String {
    let Tally { accepted, refused, failed, lines, .. } = tally;
    let seconds = |time: Duration| format!("{}.{:09}", time.as_secs(), time.subsec_nanos());
    format!(
        "{{\"benchharness\":{{\"outputs\":{{\"posts\":{},\"accepted\":{accepted},\
         \"refused\":{refused},\"failed\":{failed},\"lines\":\"{lines:016x}\"}},\
         \"metrics\":{{\"post_s\":[{},\"s\"],\"post_max_s\":[{},\"s\"],\
         \"late_max_s\":[{},\"s\"]}},\"clock_ns\":{}}}}}",
        schedule.posts,
        seconds(tally.post / schedule.posts),
        seconds(tally.longest),
        seconds(tally.latest),
        nanoseconds(clock.elapsed())
    )
}

fn post_and_print() -> Result<(), (i32, String)> {
    let (schedule, server) = arguments().map_err(|message| (2, message))?;
    let clock = Instant::now();
    let tally = run(&schedule, &server, clock).map_err(|message| (1, message))?;
    writeln!(std::io::stdout(), "{}", report(&schedule, &tally, clock))
        .map_err(|error| (1, format!("cannot write the report: {error}")))
}

fn main() {
    if let Err((code, message)) = post_and_print() {
        eprintln!("gpio-http: {message}");
        std::process::exit(code);
    }
}
