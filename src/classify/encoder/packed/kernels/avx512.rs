//! [`Simd`] for x86-64 with AVX-512 (F, BW, DQ, VL) and VNNI: 16 lanes.

use super::simd::Simd;
use std::arch::x86_64::*;

/// AVX-512 with VNNI.
#[derive(Clone, Copy)]
pub(super) struct Avx512(());

impl Avx512 {
    /// The token.
    ///
    /// # Safety
    /// The processor has AVX-512 F, BW, DQ, VL and VNNI.
    pub(super) unsafe fn new() -> Self {
        Self(())
    }
}

/// An intrinsic that touches no memory given by pointer.
macro_rules! intrinsic {
    ($call:expr) => {
        // SAFETY: the token proves that the processor has the AVX-512 parts that this intrinsic needs.
        unsafe { $call }
    };
}

impl Simd for Avx512 {
    const LANES: usize = 16;
    const F32_ROWS: usize = 14;
    const INT8_ROWS: usize = 14;
    type F32 = __m512;
    type I32 = __m512i;

    #[inline(always)]
    fn splat(self, value: f32) -> __m512 {
        intrinsic!(_mm512_set1_ps(value))
    }

    #[inline(always)]
    fn load(self, from: &[f32]) -> __m512 {
        let from: &[f32; 16] = &from.as_chunks().0[0];
        // SAFETY: the processor has AVX-512; sixteen numbers lie behind the reference.
        unsafe { _mm512_loadu_ps(from.as_ptr()) }
    }

    #[inline(always)]
    fn store(self, value: __m512, to: &mut [f32]) {
        let to: &mut [f32; 16] = &mut to.as_chunks_mut().0[0];
        // SAFETY: the processor has AVX-512; sixteen numbers lie behind the reference.
        unsafe { _mm512_storeu_ps(to.as_mut_ptr(), value) }
    }

    #[inline(always)]
    unsafe fn load_at(self, from: *const f32) -> __m512 {
        // SAFETY: the processor has AVX-512; the caller promises sixteen readable numbers.
        unsafe { _mm512_loadu_ps(from) }
    }

    #[inline(always)]
    unsafe fn store_at(self, value: __m512, to: *mut f32) {
        // SAFETY: the processor has AVX-512; the caller promises sixteen writable numbers.
        unsafe { _mm512_storeu_ps(to, value) }
    }

    #[inline(always)]
    fn add(self, a: __m512, b: __m512) -> __m512 {
        intrinsic!(_mm512_add_ps(a, b))
    }

    #[inline(always)]
    fn sub(self, a: __m512, b: __m512) -> __m512 {
        intrinsic!(_mm512_sub_ps(a, b))
    }

    #[inline(always)]
    fn mul(self, a: __m512, b: __m512) -> __m512 {
        intrinsic!(_mm512_mul_ps(a, b))
    }

    #[inline(always)]
    fn div(self, a: __m512, b: __m512) -> __m512 {
        intrinsic!(_mm512_div_ps(a, b))
    }

    #[inline(always)]
    fn min(self, a: __m512, b: __m512) -> __m512 {
        intrinsic!(_mm512_min_ps(a, b))
    }

    #[inline(always)]
    fn max(self, a: __m512, b: __m512) -> __m512 {
        intrinsic!(_mm512_max_ps(a, b))
    }

    #[inline(always)]
    fn mul_add(self, a: __m512, b: __m512, c: __m512) -> __m512 {
        intrinsic!(_mm512_fmadd_ps(a, b, c))
    }

    #[inline(always)]
    fn round(self, value: __m512) -> __m512 {
        intrinsic!(_mm512_roundscale_ps::<{ _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC }>(value))
    }

    #[inline(always)]
    fn exp2(self, whole: __m512) -> __m512 {
        intrinsic!({
            let exponent = _mm512_add_epi32(_mm512_cvtps_epi32(whole), _mm512_set1_epi32(127));
            _mm512_castsi512_ps(_mm512_slli_epi32::<23>(exponent))
        })
    }

    #[inline(always)]
    fn sum(self, value: __m512) -> f32 {
        intrinsic!(_mm512_reduce_add_ps(value))
    }

    #[inline(always)]
    fn smallest(self, value: __m512) -> f32 {
        intrinsic!(_mm512_reduce_min_ps(value))
    }

    #[inline(always)]
    fn largest(self, value: __m512) -> f32 {
        intrinsic!(_mm512_reduce_max_ps(value))
    }

    #[inline(always)]
    fn transpose(self, square: &mut [__m512]) {
        let square: &mut [__m512; 16] = &mut square.as_chunks_mut().0[0];
        intrinsic!({
            // Within each quarter of 4 rows by 4 columns first: afterwards `square[4 * r + c]` holds column `4 * q + c` of
            // rows `4 * r..4 * r + 4` in its quarter `q`.
            for rows in square.as_chunks_mut::<4>().0 {
                let [a, b, c, d] = *rows;
                let [a, b] = [_mm512_unpacklo_ps(a, b), _mm512_unpackhi_ps(a, b)];
                let [c, d] = [_mm512_unpacklo_ps(c, d), _mm512_unpackhi_ps(c, d)];
                *rows = [
                    _mm512_shuffle_ps::<0x44>(a, c),
                    _mm512_shuffle_ps::<0xee>(a, c),
                    _mm512_shuffle_ps::<0x44>(b, d),
                    _mm512_shuffle_ps::<0xee>(b, d),
                ];
            }
            // Then the quarters change places.
            for column in 0..4 {
                let [a, b] = [square[column], square[column + 4]];
                let [c, d] = [square[column + 8], square[column + 12]];
                let [even_ab, odd_ab] =
                    [_mm512_shuffle_f32x4::<0x88>(a, b), _mm512_shuffle_f32x4::<0xdd>(a, b)];
                let [even_cd, odd_cd] =
                    [_mm512_shuffle_f32x4::<0x88>(c, d), _mm512_shuffle_f32x4::<0xdd>(c, d)];
                square[column] = _mm512_shuffle_f32x4::<0x88>(even_ab, even_cd);
                square[column + 4] = _mm512_shuffle_f32x4::<0x88>(odd_ab, odd_cd);
                square[column + 8] = _mm512_shuffle_f32x4::<0xdd>(even_ab, even_cd);
                square[column + 12] = _mm512_shuffle_f32x4::<0xdd>(odd_ab, odd_cd);
            }
        });
    }

    #[inline(always)]
    fn store_bytes(self, value: __m512, to: &mut [u8]) {
        let to: &mut [u8; 16] = &mut to.as_chunks_mut().0[0];
        // SAFETY: the processor has AVX-512; sixteen bytes lie behind the reference.
        unsafe {
            // Negative numbers would wrap in the unsigned conversion.
            let whole = _mm512_max_epi32(_mm512_cvtps_epi32(value), _mm512_setzero_si512());
            _mm_storeu_si128(to.as_mut_ptr().cast(), _mm512_cvtusepi32_epi8(whole));
        }
    }

    #[inline(always)]
    fn zero(self) -> __m512i {
        intrinsic!(_mm512_setzero_si512())
    }

    #[inline(always)]
    fn to_f32(self, value: __m512i) -> __m512 {
        intrinsic!(_mm512_cvtepi32_ps(value))
    }

    #[inline(always)]
    unsafe fn splat_bytes(self, from: *const u8) -> __m512i {
        // SAFETY: the processor has AVX-512; the caller promises four readable bytes.
        unsafe { _mm512_set1_epi32(from.cast::<i32>().read_unaligned()) }
    }

    #[inline(always)]
    unsafe fn dot(self, sums: __m512i, bytes: __m512i, weights: *const i8) -> __m512i {
        // SAFETY: the processor has AVX-512 and VNNI; the caller promises 64 readable weights.
        unsafe { _mm512_dpbusd_epi32(sums, bytes, _mm512_loadu_si512(weights.cast())) }
    }
}
