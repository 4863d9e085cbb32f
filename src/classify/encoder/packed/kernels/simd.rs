//! [`Simd`]: the vector operations the kernels are written in, once for every instruction set.

/// One instruction set. A value of an implementing type is the proof that this processor has it: one is made
/// only after asking the processor (`super::InstructionSet::is_available`).
///
/// Every method is `#[inline(always)]` in each implementation and is called only from kernels that are themselves
/// inlined into a function compiled for the instruction set, so no vector ever crosses a function border.
pub(super) trait Simd: Copy {
    /// Numbers of 32 bits in one vector.
    const LANES: usize;
    /// Most rows of a floating-point tile two vectors wide whose sums stay in registers.
    const F32_ROWS: usize;
    /// The same for a tile of 8-bit products.
    const INT8_ROWS: usize;
    /// A vector of 32-bit floats.
    type F32: Copy;
    /// A vector of 32-bit integers, or of four 8-bit numbers in each lane.
    type I32: Copy;

    /// The same number in every lane.
    fn splat(self, value: f32) -> Self::F32;
    /// The first `LANES` numbers of a slice.
    fn load(self, from: &[f32]) -> Self::F32;
    /// Writes a vector over the first `LANES` numbers of a slice.
    fn store(self, value: Self::F32, to: &mut [f32]);
    /// Like [`Simd::load`], without looking at a length.
    ///
    /// # Safety
    /// `LANES` numbers can be read from `from`.
    unsafe fn load_at(self, from: *const f32) -> Self::F32;
    /// Like [`Simd::store`], without looking at a length.
    ///
    /// # Safety
    /// `LANES` numbers can be written to `to`.
    unsafe fn store_at(self, value: Self::F32, to: *mut f32);

    /// a + b
    fn add(self, a: Self::F32, b: Self::F32) -> Self::F32;
    /// a - b
    fn sub(self, a: Self::F32, b: Self::F32) -> Self::F32;
    /// a · b
    fn mul(self, a: Self::F32, b: Self::F32) -> Self::F32;
    /// a / b
    fn div(self, a: Self::F32, b: Self::F32) -> Self::F32;
    /// The smaller of each pair; `b` where one of them is NaN.
    fn min(self, a: Self::F32, b: Self::F32) -> Self::F32;
    /// The larger of each pair; `b` where one of them is NaN.
    fn max(self, a: Self::F32, b: Self::F32) -> Self::F32;
    /// a · b + c, rounded once where the processor can.
    fn mul_add(self, a: Self::F32, b: Self::F32, c: Self::F32) -> Self::F32;
    /// To the nearest whole number, ties to even.
    fn round(self, value: Self::F32) -> Self::F32;
    /// 2 to the power of whole numbers in -126..=127.
    fn exp2(self, whole: Self::F32) -> Self::F32;
    /// The sum of all lanes.
    fn sum(self, value: Self::F32) -> f32;
    /// The smallest lane.
    fn smallest(self, value: Self::F32) -> f32;
    /// The largest lane.
    fn largest(self, value: Self::F32) -> f32;

    /// Makes the rows of a square the columns, in place; exactly `LANES` vectors.
    fn transpose(self, square: &mut [Self::F32]);

    /// Rounds numbers in 0..=255 to the nearest whole one and writes them over the first `LANES` bytes.
    fn store_bytes(self, value: Self::F32, to: &mut [u8]);
    /// Zero in every lane.
    fn zero(self) -> Self::I32;
    /// As floats.
    fn to_f32(self, value: Self::I32) -> Self::F32;
    /// Four bytes, the same in every lane.
    ///
    /// # Safety
    /// Four bytes can be read from `from`.
    unsafe fn splat_bytes(self, from: *const u8) -> Self::I32;
    /// Adds to each lane the four products of its unsigned `bytes` with four signed weights.
    ///
    /// Exact if no two neighbouring products (of weights 0 and 1, or 2 and 3 of a lane) add up to more than 32,767 in
    /// size; `super::super::pack::Int8Panels` quantises weights so that none do.
    ///
    /// # Safety
    /// `4 * LANES` weights can be read from `weights`.
    unsafe fn dot(self, sums: Self::I32, bytes: Self::I32, weights: *const i8) -> Self::I32;
}
