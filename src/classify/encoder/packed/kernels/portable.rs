//! [`Simd`] without any instruction set: plain Rust on arrays, which the compiler may vectorise. For every processor.

use super::simd::Simd;

/// The portable instruction set.
#[derive(Clone, Copy)]
pub(super) struct Portable;

const LANES: usize = 8;

#[inline(always)]
fn zip(mut a: [f32; LANES], b: [f32; LANES], f: impl Fn(f32, f32) -> f32) -> [f32; LANES] {
    for (a, b) in a.iter_mut().zip(b) {
        *a = f(*a, b);
    }
    a
}

impl Simd for Portable {
    const LANES: usize = LANES;
    const F32_ROWS: usize = 2;
    const INT8_ROWS: usize = 2;
    type F32 = [f32; LANES];
    type I32 = [i32; LANES];

    #[inline(always)]
    fn splat(self, value: f32) -> Self::F32 {
        [value; LANES]
    }

    #[inline(always)]
    fn load(self, from: &[f32]) -> Self::F32 {
        from.as_chunks().0[0]
    }

    #[inline(always)]
    fn store(self, value: Self::F32, to: &mut [f32]) {
        to[..LANES].copy_from_slice(&value);
    }

    #[inline(always)]
    unsafe fn load_at(self, from: *const f32) -> Self::F32 {
        // SAFETY: the caller promises LANES readable numbers; an array needs no more alignment than a number.
        unsafe { from.cast::<Self::F32>().read() }
    }

    #[inline(always)]
    unsafe fn store_at(self, value: Self::F32, to: *mut f32) {
        // SAFETY: the caller promises LANES writable numbers; an array needs no more alignment than a number.
        unsafe { to.cast::<Self::F32>().write(value) }
    }

    #[inline(always)]
    fn add(self, a: Self::F32, b: Self::F32) -> Self::F32 {
        zip(a, b, |a, b| a + b)
    }

    #[inline(always)]
    fn sub(self, a: Self::F32, b: Self::F32) -> Self::F32 {
        zip(a, b, |a, b| a - b)
    }

    #[inline(always)]
    fn mul(self, a: Self::F32, b: Self::F32) -> Self::F32 {
        zip(a, b, |a, b| a * b)
    }

    #[inline(always)]
    fn div(self, a: Self::F32, b: Self::F32) -> Self::F32 {
        zip(a, b, |a, b| a / b)
    }

    #[inline(always)]
    fn min(self, a: Self::F32, b: Self::F32) -> Self::F32 {
        zip(a, b, |a, b| if a < b { a } else { b })
    }

    #[inline(always)]
    fn max(self, a: Self::F32, b: Self::F32) -> Self::F32 {
        zip(a, b, |a, b| if a > b { a } else { b })
    }

    #[inline(always)]
    fn mul_add(self, a: Self::F32, b: Self::F32, c: Self::F32) -> Self::F32 {
        // Two roundings: `f32::mul_add` calls a slow function where the processor has no such instruction.
        zip(zip(a, b, |a, b| a * b), c, |product, c| product + c)
    }

    #[inline(always)]
    fn round(self, value: Self::F32) -> Self::F32 {
        value.map(f32::round_ties_even)
    }

    #[inline(always)]
    #[expect(clippy::cast_possible_truncation, reason = "a whole number in -126..=127")]
    fn exp2(self, whole: Self::F32) -> Self::F32 {
        value_of_exponent(whole.map(|exponent| exponent as i32))
    }

    #[inline(always)]
    fn sum(self, value: Self::F32) -> f32 {
        value.iter().sum()
    }

    #[inline(always)]
    fn smallest(self, value: Self::F32) -> f32 {
        value.into_iter().fold(f32::INFINITY, f32::min)
    }

    #[inline(always)]
    fn largest(self, value: Self::F32) -> f32 {
        value.into_iter().fold(f32::NEG_INFINITY, f32::max)
    }

    #[inline(always)]
    fn transpose(self, square: &mut [Self::F32]) {
        let mut columns = [[0.0; LANES]; LANES];
        for (index, row) in square.iter().enumerate() {
            for (column, &number) in columns.iter_mut().zip(row) {
                column[index] = number;
            }
        }
        square.copy_from_slice(&columns);
    }

    #[inline(always)]
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "rounded numbers in 0..=255; `as` keeps to that range whatever comes"
    )]
    fn store_bytes(self, value: Self::F32, to: &mut [u8]) {
        let bytes = value.map(|number| number.round_ties_even() as u8);
        to[..LANES].copy_from_slice(&bytes);
    }

    #[inline(always)]
    fn zero(self) -> Self::I32 {
        [0; LANES]
    }

    #[inline(always)]
    #[expect(clippy::cast_precision_loss, reason = "sums of products are rounded to 24 bits here")]
    fn to_f32(self, value: Self::I32) -> Self::F32 {
        value.map(|number| number as f32)
    }

    #[inline(always)]
    unsafe fn splat_bytes(self, from: *const u8) -> Self::I32 {
        // SAFETY: the caller promises four readable bytes.
        [i32::from_le_bytes(unsafe { from.cast::<[u8; 4]>().read() }); LANES]
    }

    #[inline(always)]
    unsafe fn dot(self, sums: Self::I32, bytes: Self::I32, weights: *const i8) -> Self::I32 {
        // SAFETY: the caller promises four readable weights for each lane.
        let weights = unsafe { weights.cast::<[[i8; 4]; LANES]>().read() };
        let bytes = bytes[0].to_le_bytes().map(i16::from);
        let mut sums = sums;
        for (sum, weights) in sums.iter_mut().zip(&weights) {
            let low = bytes[0] * i16::from(weights[0]) + bytes[1] * i16::from(weights[1]);
            let high = bytes[2] * i16::from(weights[2]) + bytes[3] * i16::from(weights[3]);
            *sum += i32::from(low) + i32::from(high);
        }
        sums
    }
}

/// The floats whose bits hold these exponents and no fraction.
#[inline(always)]
#[expect(clippy::cast_sign_loss, reason = "127 more than -126 or above is positive")]
fn value_of_exponent(exponents: [i32; LANES]) -> [f32; LANES] {
    exponents.map(|exponent| f32::from_bits(((exponent + 127) as u32) << 23))
}
