//! C = A x B for two n x n float64 matrices, with a checksum that is known in advance.
//!
//! Usage: matrix N [SEED]
//!
//! One source for every target: wasm32-wasi with and without simd128, and native. README.md
//! holds the generator, the checksum and the report line; nothing here is unsafe or tuned to
//! a machine. All elements of A and B are integers of at most 2^19, so every partial sum is an
//! integer of at most 2^53 for n up to 2^15: C is exact, in whatever order it is summed.

use std::io::Write;
use std::time::Instant;

const DEFAULT_SEED: u64 = 1;
const LARGEST_N: usize = 1 << 15;

// One block of B is K_BLOCK rows of J_BLOCK columns: 256 KiB, half of the smallest
// second-level cache that we care for (Raspberry Pi 3: 512 KiB); a strip of C is 4 KiB.
const J_BLOCK: usize = 512;
const K_BLOCK: usize = 64;

/// SplitMix64 (Steele, Lea and Flood, OOPSLA 2014), by index instead of by state.
#[derive(Clone, Copy)]
struct Stream {
    seed: u64,
}

impl Stream {
    const GAMMA: u64 = 0x9E37_79B9_7F4A_7C15;

    /// The k-th output of the generator, k from 0.
    fn output(self, k: u64) -> u64 {
        let state = self.seed.wrapping_add(Self::GAMMA.wrapping_mul(k.wrapping_add(1)));
        let z = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// An element of a matrix: an integer from -2^19 to 2^19 - 1.
    fn element(self, k: u64) -> f64 {
        ((self.output(k) >> 44) as i64 - (1 << 19)) as f64
    }

    /// A weight of the checksum: odd, so that no single wrong element can cancel.
    fn weight(self, k: u64) -> u64 {
        self.output(k) | 1
    }
}

/// An n x n matrix of zeros, or None if there is no memory for it.
fn zeros(n: usize) -> Option<Vec<f64>> {
    let mut matrix = Vec::new();
    matrix.try_reserve_exact(n.checked_mul(n)?).ok()?;
    matrix.resize(n * n, 0.0);
    Some(matrix)
}

fn fill(matrix: &mut [f64], stream: Stream) {
    for (element, k) in matrix.iter_mut().zip(0..) {
        *element = stream.element(k);
    }
}

/// C += A x B by blocks of B; the innermost loop runs along rows and takes four rows of B at
/// once, which saves three of four loads and stores of C.
fn multiply(a: &[f64], b: &[f64], c: &mut [f64], n: usize) {
    for j in (0..n).step_by(J_BLOCK) {
        let width = J_BLOCK.min(n - j);
        for k in (0..n).step_by(K_BLOCK) {
            let depth = K_BLOCK.min(n - k);
            let b_rows = &b[k * n..(k + depth) * n];
            for (a_row, c_row) in a.chunks_exact(n).zip(c.chunks_exact_mut(n)) {
                add_strip(&a_row[k..k + depth], b_rows, &mut c_row[j..j + width], n, j);
            }
        }
    }
}

/// Adds a part of one row of A times a block of B to a strip of one row of C.
///
/// Not inlined: inside the loops above it runs out of registers and loses 40 % under a JIT.
#[inline(never)]
fn add_strip(a: &[f64], b_rows: &[f64], c: &mut [f64], n: usize, j: usize) {
    let width = c.len();
    let mut fours = a.chunks_exact(4);
    let mut b_fours = b_rows.chunks_exact(4 * n);
    for (x, rows) in fours.by_ref().zip(b_fours.by_ref()) {
        let b0 = &rows[j..][..width];
        let b1 = &rows[n + j..][..width];
        let b2 = &rows[2 * n + j..][..width];
        let b3 = &rows[3 * n + j..][..width];
        let (x0, x1, x2, x3) = (x[0], x[1], x[2], x[3]);
        let b = b0.iter().zip(b1).zip(b2).zip(b3);
        for (c, (((b0, b1), b2), b3)) in c.iter_mut().zip(b) {
            *c += x0 * b0 + x1 * b1 + x2 * b2 + x3 * b3;
        }
    }
    let rest = b_fours.remainder().chunks_exact(n);
    for (x, row) in fours.remainder().iter().zip(rest) {
        for (c, b) in c.iter_mut().zip(&row[j..][..width]) {
            *c += x * b;
        }
    }
}

/// The sum of w_i C_ij v_j modulo 2^64, or None if an element of C is not an integer.
fn checksum(c: &[f64], n: usize, rows: Stream, columns: Stream) -> Option<u64> {
    let v: Vec<u64> = (0..n as u64).map(|j| columns.weight(j)).collect();
    let mut sum = 0_u64;
    for (row, i) in c.chunks_exact(n).zip(0..) {
        let mut row_sum = 0_u64;
        for (&element, &weight) in row.iter().zip(&v) {
            let integer = element as i64;
            if integer as f64 != element {
                return None;
            }
            row_sum = row_sum.wrapping_add((integer as u64).wrapping_mul(weight));
        }
        sum = sum.wrapping_add(rows.weight(i).wrapping_mul(row_sum));
    }
    Some(sum)
}

fn arguments() -> Result<(usize, u64), String> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    if words.is_empty() || words.len() > 2 {
        return Err("usage: matrix N [SEED]".to_string());
    }
    let n = match words[0].parse() {
        Ok(n) if (1..=LARGEST_N).contains(&n) => n,
        _ => return Err(format!("N is an integer from 1 to {LARGEST_N}, got {:?}", words[0])),
    };
    let seed = match words.get(1).map(|word| word.parse()) {
        None => DEFAULT_SEED,
        Some(Ok(seed)) => seed,
        Some(Err(_)) => {
            return Err(format!("SEED is a 64-bit unsigned integer, got {:?}", words[1]))
        }
    };
    Ok((n, seed))
}

/// Computes and returns the report line.
fn run(n: usize, seed: u64) -> Result<String, String> {
    let clock = Instant::now();
    let now_ns = || clock.elapsed().as_nanos() as u64;
    let stream = |index| Stream { seed: Stream { seed }.output(index) };

    let no_memory =
        || format!("no memory for three {n} x {n} matrices ({} bytes)", 24 * n as u64 * n as u64);
    let mut a = zeros(n).ok_or_else(no_memory)?;
    let mut b = zeros(n).ok_or_else(no_memory)?;
    let mut c = zeros(n).ok_or_else(no_memory)?;
    fill(&mut a, stream(0));
    fill(&mut b, stream(1));
    let filled = now_ns();
    multiply(&a, &b, &mut c, n);
    let multiplied = now_ns();
    let sum = checksum(&c, n, stream(2), stream(3)).ok_or("an element of C is not an integer")?;
    let checked = now_ns();

    let multiply_ns = multiplied - filled;
    let metrics = if multiply_ns == 0 {
        String::new() // too small for this clock: no figure rather than an infinite one
    } else {
        let gflops = 2.0 * (n as f64).powi(3) / multiply_ns as f64;
        format!("\"gflops\":[{gflops:.6},\"GFLOP/s\"]")
    };
    Ok(format!(
        "{{\"benchharness\":{{\"outputs\":{{\"checksum\":\"{sum:016x}\"}},\"metrics\":{{{metrics}}},\
         \"phases\":[[\"fill\",0,{filled}],[\"multiply\",{filled},{multiplied}],\
         [\"check\",{multiplied},{checked}]],\"clock_ns\":{}}}}}",
        now_ns()
    ))
}

fn compute_and_print() -> Result<(), (i32, String)> {
    let (n, seed) = arguments().map_err(|message| (2, message))?;
    let report = run(n, seed).map_err(|message| (1, message))?;
    writeln!(std::io::stdout(), "{report}")
        .map_err(|error| (1, format!("cannot write the report: {error}")))
}

fn main() {
    if let Err((code, message)) = compute_and_print() {
        eprintln!("matrix: {message}");
        std::process::exit(code);
    }
}
