// Measures how many float64 operations a second this machine can do, in registers alone.
//
//     peak THREADS
//
// Each thread runs twelve independent chains of multiply-adds in the widest registers that the
// processor has: enough to hide the latency of its units. Several short turns, the best counts:
// what disturbs a turn only makes it slower. Prints GFLOP/s of all threads together.
//
// The loop is assembly, because a compiler that sees no use for the sums, or not how to put them
// in registers, measures something else. Built with -C target-cpu=native.

use std::arch::asm;
use std::sync::Barrier;
use std::time::Instant;

const STEPS: u64 = 10_000_000;
const TURNS: usize = 7;
const CHAINS: usize = 12;

fn main() {
    let threads: usize = match std::env::args().nth(1).map(|text| text.parse()) {
        Some(Ok(count)) if (1..=1024).contains(&count) => count,
        _ => {
            eprintln!("usage: peak THREADS");
            std::process::exit(2);
        }
    };
    let best = (0..TURNS).map(|_| turn(threads)).fold(0.0, f64::max);
    println!("{best:.3}");
}

/// Returns GFLOP/s of one turn: the work of all threads over the time of the slowest.
fn turn(threads: usize) -> f64 {
    let barrier = Barrier::new(threads);
    let seconds: Vec<f64> = std::thread::scope(|scope| {
        let running: Vec<_> = (0..threads)
            .map(|_| {
                scope.spawn(|| {
                    barrier.wait();
                    let start = Instant::now();
                    chains(STEPS);
                    start.elapsed().as_secs_f64()
                })
            })
            .collect();
        running.into_iter().map(|thread| thread.join().unwrap_or(f64::INFINITY)).collect()
    });
    let slowest = seconds.into_iter().fold(0.0, f64::max);
    let operations = (2 * LANES * CHAINS) as f64 * STEPS as f64 * threads as f64;
    operations / slowest / 1e9
}

// Each form names its lanes of float64, its loop, and the registers that the loop overwrites.
macro_rules! form {
    ($lanes:literal, [$($line:literal),*], [$($register:tt),*]) => {
        const LANES: usize = $lanes;

        #[inline(never)]
        fn chains(steps: u64) {
            unsafe {
                asm!($($line),*, steps = inout(reg) steps => _, $(out($register) _),*);
            }
        }
    };
}

#[cfg(all(target_arch = "x86_64", target_feature = "avx512f"))]
form!(
    8,
    [
        "vzeroall",
        "2:",
        "vfmadd231pd zmm0, zmm12, zmm13",
        "vfmadd231pd zmm1, zmm12, zmm13",
        "vfmadd231pd zmm2, zmm12, zmm13",
        "vfmadd231pd zmm3, zmm12, zmm13",
        "vfmadd231pd zmm4, zmm12, zmm13",
        "vfmadd231pd zmm5, zmm12, zmm13",
        "vfmadd231pd zmm6, zmm12, zmm13",
        "vfmadd231pd zmm7, zmm12, zmm13",
        "vfmadd231pd zmm8, zmm12, zmm13",
        "vfmadd231pd zmm9, zmm12, zmm13",
        "vfmadd231pd zmm10, zmm12, zmm13",
        "vfmadd231pd zmm11, zmm12, zmm13",
        "dec {steps}",
        "jnz 2b",
        "vzeroupper"
    ],
    [
        "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10",
        "xmm11", "xmm12", "xmm13", "xmm14", "xmm15"
    ]
);

#[cfg(all(target_arch = "x86_64", target_feature = "fma", not(target_feature = "avx512f")))]
form!(
    4,
    [
        "vzeroall",
        "2:",
        "vfmadd231pd ymm0, ymm12, ymm13",
        "vfmadd231pd ymm1, ymm12, ymm13",
        "vfmadd231pd ymm2, ymm12, ymm13",
        "vfmadd231pd ymm3, ymm12, ymm13",
        "vfmadd231pd ymm4, ymm12, ymm13",
        "vfmadd231pd ymm5, ymm12, ymm13",
        "vfmadd231pd ymm6, ymm12, ymm13",
        "vfmadd231pd ymm7, ymm12, ymm13",
        "vfmadd231pd ymm8, ymm12, ymm13",
        "vfmadd231pd ymm9, ymm12, ymm13",
        "vfmadd231pd ymm10, ymm12, ymm13",
        "vfmadd231pd ymm11, ymm12, ymm13",
        "dec {steps}",
        "jnz 2b",
        "vzeroupper"
    ],
    [
        "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10",
        "xmm11", "xmm12", "xmm13", "xmm14", "xmm15"
    ]
);

// Without fused operations a multiplication and an addition are two instructions: six chains of
// each are twelve pairs of lanes, counted as the others are.
#[cfg(all(target_arch = "x86_64", not(target_feature = "fma")))]
form!(
    1,
    [
        "xorps xmm0, xmm0",
        "xorps xmm1, xmm1",
        "xorps xmm2, xmm2",
        "xorps xmm3, xmm3",
        "xorps xmm4, xmm4",
        "xorps xmm5, xmm5",
        "xorps xmm6, xmm6",
        "xorps xmm7, xmm7",
        "xorps xmm8, xmm8",
        "xorps xmm9, xmm9",
        "xorps xmm10, xmm10",
        "xorps xmm11, xmm11",
        "xorps xmm12, xmm12",
        "2:",
        "mulpd xmm0, xmm12",
        "addpd xmm1, xmm12",
        "mulpd xmm2, xmm12",
        "addpd xmm3, xmm12",
        "mulpd xmm4, xmm12",
        "addpd xmm5, xmm12",
        "mulpd xmm6, xmm12",
        "addpd xmm7, xmm12",
        "mulpd xmm8, xmm12",
        "addpd xmm9, xmm12",
        "mulpd xmm10, xmm12",
        "addpd xmm11, xmm12",
        "dec {steps}",
        "jnz 2b"
    ],
    [
        "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10",
        "xmm11", "xmm12"
    ]
);

#[cfg(target_arch = "aarch64")]
form!(
    2,
    [
        "movi v12.2d, #0",
        "movi v13.2d, #0",
        "2:",
        "fmla v0.2d, v12.2d, v13.2d",
        "fmla v1.2d, v12.2d, v13.2d",
        "fmla v2.2d, v12.2d, v13.2d",
        "fmla v3.2d, v12.2d, v13.2d",
        "fmla v4.2d, v12.2d, v13.2d",
        "fmla v5.2d, v12.2d, v13.2d",
        "fmla v6.2d, v12.2d, v13.2d",
        "fmla v7.2d, v12.2d, v13.2d",
        "fmla v16.2d, v12.2d, v13.2d",
        "fmla v17.2d, v12.2d, v13.2d",
        "fmla v18.2d, v12.2d, v13.2d",
        "fmla v19.2d, v12.2d, v13.2d",
        "subs {steps}, {steps}, #1",
        "b.ne 2b"
    ],
    ["v0", "v1", "v2", "v3", "v4", "v5", "v6", "v7", "v12", "v13", "v16", "v17", "v18", "v19"]
);
