//! [`Simd`] for x86-64 with AVX2 and FMA: 8 lanes.

use super::simd::Simd;
use std::arch::x86_64::*;

/// AVX2 with FMA.
#[derive(Clone, Copy)]
pub(super) struct Avx2(());

impl Avx2 {
    /// The token.
    ///
    /// # Safety
    /// The processor has AVX2 and FMA.
    pub(super) unsafe fn new() -> Self {
        Self(())
    }
}

/// An intrinsic that touches no memory given by pointer.
macro_rules! intrinsic {
    ($call:expr) => {
        // SAFETY: the token proves that the processor has AVX2 and FMA, all that this intrinsic needs.
        unsafe { $call }
    };
}

impl Simd for Avx2 {
    const LANES: usize = 8;
    const F32_ROWS: usize = 6;
    const INT8_ROWS: usize = 5;
    type F32 = __m256;
    type I32 = __m256i;

    #[inline(always)]
    fn splat(self, value: f32) -> __m256 {
        intrinsic!(_mm256_set1_ps(value))
    }

    #[inline(always)]
    fn load(self, from: &[f32]) -> __m256 {
        let from: &[f32; 8] = &from.as_chunks().0[0];
        // SAFETY: the processor has AVX; eight numbers lie behind the reference.
        unsafe { _mm256_loadu_ps(from.as_ptr()) }
    }

    #[inline(always)]
    fn store(self, value: __m256, to: &mut [f32]) {
        let to: &mut [f32; 8] = &mut to.as_chunks_mut().0[0];
        // SAFETY: the processor has AVX; eight numbers lie behind the reference.
        unsafe { _mm256_storeu_ps(to.as_mut_ptr(), value) }
    }

    #[inline(always)]
    unsafe fn load_at(self, from: *const f32) -> __m256 {
        // SAFETY: the processor has AVX; the caller promises eight readable numbers.
        unsafe { _mm256_loadu_ps(from) }
    }

    #[inline(always)]
    unsafe fn store_at(self, value: __m256, to: *mut f32) {
        // SAFETY: the processor has AVX; the caller promises eight writable numbers.
        unsafe { _mm256_storeu_ps(to, value) }
    }

    #[inline(always)]
    fn add(self, a: __m256, b: __m256) -> __m256 {
        intrinsic!(_mm256_add_ps(a, b))
    }

    #[inline(always)]
    fn sub(self, a: __m256, b: __m256) -> __m256 {
        intrinsic!(_mm256_sub_ps(a, b))
    }

    #[inline(always)]
    fn mul(self, a: __m256, b: __m256) -> __m256 {
        intrinsic!(_mm256_mul_ps(a, b))
    }

    #[inline(always)]
    fn div(self, a: __m256, b: __m256) -> __m256 {
        intrinsic!(_mm256_div_ps(a, b))
    }

    #[inline(always)]
    fn min(self, a: __m256, b: __m256) -> __m256 {
        intrinsic!(_mm256_min_ps(a, b))
    }

    #[inline(always)]
    fn max(self, a: __m256, b: __m256) -> __m256 {
        intrinsic!(_mm256_max_ps(a, b))
    }

    #[inline(always)]
    fn mul_add(self, a: __m256, b: __m256, c: __m256) -> __m256 {
        intrinsic!(_mm256_fmadd_ps(a, b, c))
    }

    #[inline(always)]
    fn round(self, value: __m256) -> __m256 {
        intrinsic!(_mm256_round_ps::<{ _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC }>(value))
    }

    #[inline(always)]
    fn exp2(self, whole: __m256) -> __m256 {
        intrinsic!({
            let exponent = _mm256_add_epi32(_mm256_cvtps_epi32(whole), _mm256_set1_epi32(127));
            _mm256_castsi256_ps(_mm256_slli_epi32::<23>(exponent))
        })
    }

    #[inline(always)]
    fn sum(self, value: __m256) -> f32 {
        intrinsic!({
            let half = _mm_add_ps(_mm256_castps256_ps128(value), _mm256_extractf128_ps::<1>(value));
            let quarter = _mm_add_ps(half, _mm_movehl_ps(half, half));
            _mm_cvtss_f32(_mm_add_ss(quarter, _mm_movehdup_ps(quarter)))
        })
    }

    #[inline(always)]
    fn smallest(self, value: __m256) -> f32 {
        intrinsic!({
            let half = _mm_min_ps(_mm256_castps256_ps128(value), _mm256_extractf128_ps::<1>(value));
            let quarter = _mm_min_ps(half, _mm_movehl_ps(half, half));
            _mm_cvtss_f32(_mm_min_ss(quarter, _mm_movehdup_ps(quarter)))
        })
    }

    #[inline(always)]
    fn largest(self, value: __m256) -> f32 {
        intrinsic!({
            let half = _mm_max_ps(_mm256_castps256_ps128(value), _mm256_extractf128_ps::<1>(value));
            let quarter = _mm_max_ps(half, _mm_movehl_ps(half, half));
            _mm_cvtss_f32(_mm_max_ss(quarter, _mm_movehdup_ps(quarter)))
        })
    }

    #[inline(always)]
    fn transpose(self, square: &mut [__m256]) {
        let square: &mut [__m256; 8] = &mut square.as_chunks_mut().0[0];
        intrinsic!({
            // As for AVX-512: within halves of 4 rows by 4 columns, then the halves change places.
            for rows in square.as_chunks_mut::<4>().0 {
                let [a, b, c, d] = *rows;
                let [a, b] = [_mm256_unpacklo_ps(a, b), _mm256_unpackhi_ps(a, b)];
                let [c, d] = [_mm256_unpacklo_ps(c, d), _mm256_unpackhi_ps(c, d)];
                *rows = [
                    _mm256_shuffle_ps::<0x44>(a, c),
                    _mm256_shuffle_ps::<0xee>(a, c),
                    _mm256_shuffle_ps::<0x44>(b, d),
                    _mm256_shuffle_ps::<0xee>(b, d),
                ];
            }
            for column in 0..4 {
                let (upper, lower) = (square[column], square[column + 4]);
                square[column] = _mm256_permute2f128_ps::<0x20>(upper, lower);
                square[column + 4] = _mm256_permute2f128_ps::<0x31>(upper, lower);
            }
        });
    }

    #[inline(always)]
    fn store_bytes(self, value: __m256, to: &mut [u8]) {
        let to: &mut [u8; 8] = &mut to.as_chunks_mut().0[0];
        // SAFETY: the processor has AVX2; eight bytes lie behind the reference.
        unsafe {
            let whole = _mm256_cvtps_epi32(value);
            let words = _mm_packus_epi32(
                _mm256_castsi256_si128(whole),
                _mm256_extracti128_si256::<1>(whole),
            );
            _mm_storel_epi64(to.as_mut_ptr().cast(), _mm_packus_epi16(words, words));
        }
    }

    #[inline(always)]
    fn zero(self) -> __m256i {
        intrinsic!(_mm256_setzero_si256())
    }

    #[inline(always)]
    fn to_f32(self, value: __m256i) -> __m256 {
        intrinsic!(_mm256_cvtepi32_ps(value))
    }

    #[inline(always)]
    unsafe fn splat_bytes(self, from: *const u8) -> __m256i {
        // SAFETY: the processor has AVX2; the caller promises four readable bytes.
        unsafe { _mm256_set1_epi32(from.cast::<i32>().read_unaligned()) }
    }

    #[inline(always)]
    unsafe fn dot(self, sums: __m256i, bytes: __m256i, weights: *const i8) -> __m256i {
        // SAFETY: the processor has AVX2; the caller promises 32 readable weights.
        unsafe {
            let pairs = _mm256_maddubs_epi16(bytes, _mm256_loadu_si256(weights.cast()));
            _mm256_add_epi32(sums, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)))
        }
    }
}
