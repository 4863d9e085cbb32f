//! The most that the processor's cores can multiply in a second, measured with loops of nothing else.
//!
//! Written in assembly: a loop in Rust lets the compiler take the products out of it and prints figures no processor reaches.
#![expect(unsafe_code, reason = "loops of single instructions")]

use std::collections::BTreeMap;
use std::thread::available_parallelism;

/// Billions of operations a second (a product and a sum are two) of all cores together, by name.
pub(crate) fn measure() -> BTreeMap<&'static str, f64> {
    let threads = available_parallelism().map_or(1, std::num::NonZero::get);
    loops()
        .into_iter()
        .map(|(name, run, operations)| {
            let best = (0..8).map(|_| rate(threads, run, operations)).fold(0.0, f64::max);
            (name, best)
        })
        .collect()
}

/// Iterations of a loop: long enough that the system spreads the threads over the cores.
const ITERATIONS: u64 = 40_000_000;

/// Runs a loop on all cores at once; `operations` are those of one iteration.
fn rate(threads: usize, run: fn(u64), operations: f64) -> f64 {
    let start = std::time::Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(move || run(ITERATIONS));
        }
    });
    #[expect(clippy::cast_precision_loss, reason = "small counts")]
    let total = ITERATIONS as f64 * operations * threads as f64;
    total / start.elapsed().as_secs_f64() / 1e9
}

/// Name, loop and operations of one iteration.
type Loop = (&'static str, fn(u64), f64);

#[cfg(not(target_arch = "x86_64"))]
fn loops() -> Vec<Loop> {
    Vec::new()
}

#[cfg(target_arch = "x86_64")]
fn loops() -> Vec<Loop> {
    use recontact::classify::encoder::packed::kernels::InstructionSet;
    let mut loops: Vec<Loop> = Vec::new();
    if InstructionSet::Avx2.is_available() {
        loops.push(("f32 AVX2", x86::fma_256, 10.0 * 8.0 * 2.0));
        loops.push(("int8 AVX2", x86::bytes_256, 4.0 * 32.0 * 2.0));
    }
    if InstructionSet::Avx512.is_available() {
        loops.push(("f32 AVX-512", x86::fma_512, 10.0 * 16.0 * 2.0));
        loops.push(("int8 AVX-512 VNNI", x86::bytes_512, 10.0 * 64.0 * 2.0));
    }
    loops
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::asm;

    /// A loop of instructions on registers 0 to 9 (sums), 14 and 15 (operands; zero, so that no number grows).
    macro_rules! spin {
        ($name:ident, [$($line:literal),* $(,)?]) => {
            pub(super) fn $name(iterations: u64) {
                // SAFETY: touches the named registers only; callers have asked the processor for the instruction set.
                unsafe {
                    asm!(
                        "vpxor xmm14, xmm14, xmm14",
                        "vpxor xmm15, xmm15, xmm15",
                        "2:",
                        $($line,)*
                        "dec {n}",
                        "jnz 2b",
                        n = inout(reg) iterations => _,
                        out("xmm0") _, out("xmm1") _, out("xmm2") _, out("xmm3") _, out("xmm4") _, out("xmm5") _,
                        out("xmm6") _, out("xmm7") _, out("xmm8") _, out("xmm9") _, out("xmm10") _, out("xmm11") _,
                        out("xmm12") _, out("xmm13") _, out("xmm14") _, out("xmm15") _,
                        options(nostack),
                    );
                }
            }
        };
    }

    spin!(
        fma_256,
        [
            "vfmadd231ps ymm0, ymm14, ymm15",
            "vfmadd231ps ymm1, ymm14, ymm15",
            "vfmadd231ps ymm2, ymm14, ymm15",
            "vfmadd231ps ymm3, ymm14, ymm15",
            "vfmadd231ps ymm4, ymm14, ymm15",
            "vfmadd231ps ymm5, ymm14, ymm15",
            "vfmadd231ps ymm6, ymm14, ymm15",
            "vfmadd231ps ymm7, ymm14, ymm15",
            "vfmadd231ps ymm8, ymm14, ymm15",
            "vfmadd231ps ymm9, ymm14, ymm15",
        ]
    );
    // Products of bytes into sums of two, those into sums of four, those onto the total: what exact 8-bit products cost
    // without VNNI.
    spin!(
        bytes_256,
        [
            "vpmaddubsw ymm10, ymm14, ymm15",
            "vpmaddwd ymm10, ymm10, ymm15",
            "vpaddd ymm0, ymm0, ymm10",
            "vpmaddubsw ymm11, ymm14, ymm15",
            "vpmaddwd ymm11, ymm11, ymm15",
            "vpaddd ymm1, ymm1, ymm11",
            "vpmaddubsw ymm12, ymm14, ymm15",
            "vpmaddwd ymm12, ymm12, ymm15",
            "vpaddd ymm2, ymm2, ymm12",
            "vpmaddubsw ymm13, ymm14, ymm15",
            "vpmaddwd ymm13, ymm13, ymm15",
            "vpaddd ymm3, ymm3, ymm13",
        ]
    );
    spin!(
        fma_512,
        [
            "vfmadd231ps zmm0, zmm14, zmm15",
            "vfmadd231ps zmm1, zmm14, zmm15",
            "vfmadd231ps zmm2, zmm14, zmm15",
            "vfmadd231ps zmm3, zmm14, zmm15",
            "vfmadd231ps zmm4, zmm14, zmm15",
            "vfmadd231ps zmm5, zmm14, zmm15",
            "vfmadd231ps zmm6, zmm14, zmm15",
            "vfmadd231ps zmm7, zmm14, zmm15",
            "vfmadd231ps zmm8, zmm14, zmm15",
            "vfmadd231ps zmm9, zmm14, zmm15",
        ]
    );
    spin!(
        bytes_512,
        [
            "vpdpbusd zmm0, zmm14, zmm15",
            "vpdpbusd zmm1, zmm14, zmm15",
            "vpdpbusd zmm2, zmm14, zmm15",
            "vpdpbusd zmm3, zmm14, zmm15",
            "vpdpbusd zmm4, zmm14, zmm15",
            "vpdpbusd zmm5, zmm14, zmm15",
            "vpdpbusd zmm6, zmm14, zmm15",
            "vpdpbusd zmm7, zmm14, zmm15",
            "vpdpbusd zmm8, zmm14, zmm15",
            "vpdpbusd zmm9, zmm14, zmm15",
        ]
    );
}
