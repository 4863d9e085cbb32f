//! Weights in fewer bytes: how they are written and read back.
//!
//! In a `model.safetensors` a matrix `NAME` may be signed bytes (`I8`), one row of them for each of its rows; then the
//! tensor `NAME.scale` (`F32`, one number for each row) stands beside it, and row `r` is `bytes[r] · scale[r]`. Every
//! other tensor is one of candle's own types. Both are 32-bit floats once they are read.

use candle_core::{DType, Device, Tensor};
use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};
use std::collections::BTreeMap;

/// What stands behind the name of a matrix of bytes in the name of its scales.
pub const SCALE_SUFFIX: &str = ".scale";
/// The largest value of a byte; symmetric, so that a weight and its negative are as exact.
const LARGEST_BYTE: f32 = 127.0;

/// How a tensor is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Packing {
    /// 32-bit floats.
    F32,
    /// 16-bit floats.
    F16,
    /// Signed bytes with a scale for each row; for matrices.
    Int8,
}

/// A matrix as signed bytes with a scale for each row.
#[derive(Debug, Clone, PartialEq)]
pub struct Int8Rows {
    /// Row after row.
    pub bytes: Vec<i8>,
    /// One for each row, finite and not negative.
    pub scales: Vec<f32>,
}

impl Int8Rows {
    /// Rounds rows of `columns` finite numbers to the nearest multiple of their scale.
    #[must_use]
    pub fn round(numbers: &[f32], columns: usize) -> Self {
        let mut rounded = Self { bytes: Vec::with_capacity(numbers.len()), scales: Vec::new() };
        for row in numbers.chunks(columns.max(1)) {
            let largest = row.iter().fold(0.0_f32, |largest, number| largest.max(number.abs()));
            let scale = largest / LARGEST_BYTE;
            #[expect(clippy::cast_possible_truncation, reason = "clamped to the range of a byte")]
            let byte = |number: &f32| {
                let steps = if scale > 0.0 { number / scale } else { 0.0 };
                steps.round().clamp(-LARGEST_BYTE, LARGEST_BYTE) as i8
            };
            rounded.bytes.extend(row.iter().map(byte));
            rounded.scales.push(scale);
        }
        rounded
    }

    /// The numbers that the bytes stand for.
    #[must_use]
    pub fn numbers(&self) -> Vec<f32> {
        let columns = self.bytes.len() / self.scales.len().max(1);
        let rows = self.bytes.chunks(columns.max(1)).zip(&self.scales);
        rows.flat_map(|(row, scale)| row.iter().map(move |byte| f32::from(*byte) * scale)).collect()
    }
}

/// Writes tensors as the bytes of a `model.safetensors`, by name in alphabetical order.
///
/// # Errors
/// When candle or safetensors refuses a tensor.
pub fn write(
    tensors: &BTreeMap<String, Tensor>,
    packing: impl Fn(&str, &Tensor) -> Packing,
) -> candle_core::Result<Vec<u8>> {
    let mut parts = Vec::new();
    for (name, tensor) in tensors {
        let mut push = |name: String, dtype, shape, bytes| {
            parts.push(Part { name, dtype, shape, bytes });
        };
        let shape = tensor.dims().to_vec();
        match packing(name, tensor) {
            Packing::F32 => {
                push(name.clone(), Dtype::F32, shape, raw_bytes(&tensor.to_dtype(DType::F32)?)?);
            }
            Packing::F16 => {
                push(name.clone(), Dtype::F16, shape, raw_bytes(&tensor.to_dtype(DType::F16)?)?);
            }
            Packing::Int8 => {
                let (rows, columns) = tensor.dims2()?;
                let numbers = tensor.to_dtype(DType::F32)?.flatten_all()?.to_vec1::<f32>()?;
                let Int8Rows { bytes, scales } = Int8Rows::round(&numbers, columns);
                let bytes = bytes.iter().map(|byte| byte.cast_unsigned()).collect();
                let scales = scales.iter().flat_map(|scale| scale.to_le_bytes()).collect();
                push(name.clone(), Dtype::I8, shape, bytes);
                push(format!("{name}{SCALE_SUFFIX}"), Dtype::F32, vec![rows], scales);
            }
        }
    }
    let views = parts
        .iter()
        .map(|part| Ok((&part.name, TensorView::new(part.dtype, part.shape.clone(), &part.bytes)?)))
        .collect::<Result<Vec<_>, safetensors::SafeTensorError>>()
        .map_err(candle_core::Error::wrap)?;
    safetensors::serialize(views, None).map_err(candle_core::Error::wrap)
}

/// A tensor as it goes into the file.
struct Part {
    name: String,
    dtype: Dtype,
    shape: Vec<usize>,
    bytes: Vec<u8>,
}

/// Reads one tensor as 32-bit floats.
///
/// # Errors
/// What is wrong with it, without its name.
pub(super) fn read(tensors: &SafeTensors<'_>, name: &str) -> Result<Tensor, String> {
    let view = tensors.tensor(name).map_err(|error| error.to_string())?;
    let dtype = match view.dtype() {
        Dtype::I8 => return read_int8(tensors, name, &view),
        Dtype::F16 => DType::F16,
        Dtype::BF16 => DType::BF16,
        Dtype::F32 => DType::F32,
        Dtype::F64 => DType::F64,
        other => {
            return Err(format!(
                "its numbers are {other:?}: expected F16, BF16, F32, F64, or I8 with scales"
            ));
        }
    };
    Tensor::from_raw_buffer(view.data(), dtype, view.shape(), &Device::Cpu)
        .and_then(|tensor| tensor.to_dtype(DType::F32))
        .map_err(|error| error.to_string())
}

fn read_int8(
    tensors: &SafeTensors<'_>,
    name: &str,
    view: &TensorView<'_>,
) -> Result<Tensor, String> {
    let scale_name = format!("{name}{SCALE_SUFFIX}");
    let [rows, columns] = *view.shape() else {
        return Err(format!(
            "it is of bytes and has the shape {:?}: expected a matrix",
            view.shape()
        ));
    };
    let scales = tensors
        .tensor(&scale_name)
        .map_err(|_| format!("it is of bytes, but tensor {scale_name} is missing"))?;
    if scales.dtype() != Dtype::F32 || scales.shape() != [rows] {
        let (dtype, shape) = (scales.dtype(), scales.shape());
        return Err(format!("tensor {scale_name} is {dtype:?} {shape:?}: expected F32 [{rows}]"));
    }
    let scales: Vec<f32> =
        scales.data().as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
    if let Some(row) = scales.iter().position(|scale| !scale.is_finite() || *scale < 0.0) {
        let scale = scales[row];
        return Err(format!("row {row} of tensor {scale_name} is {scale}: expected 0 or above"));
    }
    let bytes = view.data().iter().map(|byte| byte.cast_signed()).collect();
    let numbers = Int8Rows { bytes, scales }.numbers();
    Tensor::from_vec(numbers, (rows, columns), &Device::Cpu).map_err(|error| error.to_string())
}

/// The numbers of a tensor in the order and byte order of safetensors.
fn raw_bytes(tensor: &Tensor) -> candle_core::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    tensor.write_bytes(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn matrix() -> Tensor {
        Tensor::new(&[[0.5_f32, -1.0, 0.25], [0.0, 0.0, 0.0], [3.0, 2.0, -1e-3]], &Device::Cpu)
            .unwrap()
    }

    fn written(packing: Packing) -> Vec<u8> {
        write(&BTreeMap::from([("layer.weight".to_owned(), matrix())]), |_, _| packing).unwrap()
    }

    #[test]
    fn every_packing_is_read_back_within_its_precision() {
        for (packing, tolerance) in
            [(Packing::F32, 0.0), (Packing::F16, 1e-3), (Packing::Int8, 3.0 / 127.0 / 2.0)]
        {
            let bytes = written(packing);
            let tensors = SafeTensors::deserialize(&bytes).unwrap();
            let found = read(&tensors, "layer.weight").unwrap();
            assert_eq!(found.dims(), [3, 3]);
            let difference = (found - matrix()).unwrap().abs().unwrap();
            let largest = difference.max_all().unwrap().to_scalar::<f32>().unwrap();
            assert!(largest <= tolerance, "{packing:?}: {largest}");
        }
    }

    #[test]
    fn bytes_without_good_scales_are_refused_by_the_name_of_the_scales() {
        let data = [1_u8; 6];
        let bytes_only = TensorView::new(Dtype::I8, vec![2, 3], &data).unwrap();
        let short = TensorView::new(Dtype::F32, vec![1], &[0; 4]).unwrap();
        let nan: Vec<u8> = [1.0, f32::NAN].iter().flat_map(|scale| scale.to_le_bytes()).collect();
        let not_finite = TensorView::new(Dtype::F32, vec![2], &nan).unwrap();
        for (scales, expected) in [
            (None, "w.scale is missing"),
            (Some(short), "w.scale is F32 [1]: expected F32 [2]"),
            (Some(not_finite), "row 1 of tensor w.scale is NaN"),
        ] {
            let mut parts = vec![("w", bytes_only.clone())];
            parts.extend(scales.map(|scales| ("w.scale", scales)));
            let file = safetensors::serialize(parts, None).unwrap();
            let message = read(&SafeTensors::deserialize(&file).unwrap(), "w").unwrap_err();
            assert!(message.contains(expected), "{message}");
        }
    }

    proptest! {
        #[test]
        fn rounding_is_off_by_at_most_half_a_step_and_rounding_again_changes_nothing(
            numbers in prop::collection::vec(-100.0_f32..100.0, 12),
        ) {
            let rounded = Int8Rows::round(&numbers, 4);
            let found = rounded.numbers();
            for (row, (exact, found)) in numbers.chunks(4).zip(found.chunks(4)).enumerate() {
                let half = rounded.scales[row] * 0.5001;
                prop_assert!(exact.iter().zip(found).all(|(a, b)| (a - b).abs() <= half));
            }
            prop_assert_eq!(Int8Rows::round(&found, 4).bytes, rounded.bytes);
        }
    }
}
