//! Reads the files of a model: checks their sums, finds every tensor in its shape, gives back numbers.

use half::f16;
use safetensors::{Dtype, SafeTensors};
use sha2::{Digest, Sha256};

/// What is wrong with the files of a model. Holds no path and no content.
#[derive(thiserror::Error, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LoadError {
    /// Not JSON, or a field is missing or of another type.
    #[error(
        "the model's configuration is not valid at line {line}, column {column}: take the model from its source again"
    )]
    Config {
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
    },
    /// Written for another version.
    #[error("the model has format {found}, this program reads format 1: use the model that belongs to this version")]
    Format {
        /// The format that the file states.
        found: u32,
    },
    /// A field of the configuration is out of bounds.
    #[error("the model's configuration has an impossible `{field}`: take the model from its source again")]
    Field {
        /// Name of the field.
        field: &'static str,
    },
    /// A file is not the one the configuration was written with.
    #[error("the model's {file} does not have the checksum of its configuration: take the model from its source again")]
    Checksum {
        /// Which file.
        file: &'static str,
    },
    /// The weights are not in the format of safetensors.
    #[error("the model's weights are not a safetensors file: take the model from its source again")]
    Weights,
    /// A tensor is missing, or has another shape or type than the configuration says.
    #[error("the model's weights lack a usable tensor `{tensor}`: take the model from its source again")]
    Tensor {
        /// Its name in the format.
        tensor: String,
    },
    /// The vocabulary does not have the length the configuration says, or lacks the special tokens.
    #[error("the model's vocabulary does not fit its configuration: take the model from its source again")]
    Vocabulary,
    /// The configuration states a second encoder that is not there or does not fit, or none and there is one.
    #[error("the model's second encoder is missing or does not fit the first: take the model from its source again")]
    Second,
    /// The reference implementation refused the weights.
    #[error("the reference implementation cannot use the model")]
    Reference,
}

/// Whether `bytes` have the SHA-256 written in `hex`.
pub(super) fn check(file: &'static str, bytes: &[u8], hex: &str) -> Result<(), LoadError> {
    if self::hex(bytes).eq_ignore_ascii_case(hex) { Ok(()) } else { Err(LoadError::Checksum { file }) }
}

/// The SHA-256 of `bytes`, in hexadecimal digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The tensors of a file.
pub(super) struct Tensors<'a> {
    file: SafeTensors<'a>,
}

impl<'a> Tensors<'a> {
    /// Reads the list of tensors.
    pub(super) fn read(bytes: &'a [u8]) -> Result<Self, LoadError> {
        Ok(Self { file: SafeTensors::deserialize(bytes).map_err(|_| LoadError::Weights)? })
    }

    /// Names and shapes of all tensors.
    pub(super) fn shapes(&self) -> impl Iterator<Item = (&str, Vec<usize>)> {
        self.file.iter().map(|(name, view)| (name, view.shape().to_vec()))
    }

    /// All numbers of a tensor, as f32.
    pub(super) fn numbers(&self, name: &str, shape: &[usize]) -> Result<Vec<f32>, LoadError> {
        let width = shape.last().copied().unwrap_or(1).max(1);
        let table = self.table(name, shape)?;
        let mut out = vec![0.0; shape.iter().product()];
        for (at, row) in out.chunks_exact_mut(width).enumerate() {
            table.add_row(at, row);
        }
        if out.iter().all(|number| number.is_finite()) {
            Ok(out)
        } else {
            Err(LoadError::Tensor { tensor: name.to_owned() })
        }
    }

    /// A tensor whose rows are read one at a time; kept as stored, since most rows of an embedding are never asked for.
    pub(super) fn table(&self, name: &str, shape: &[usize]) -> Result<Table, LoadError> {
        let wrong = || LoadError::Tensor { tensor: name.to_owned() };
        let view = self.file.tensor(name).map_err(|_| wrong())?;
        if view.shape() != shape {
            return Err(wrong());
        }
        let width = shape.last().copied().unwrap_or(1).max(1);
        let cells = match view.dtype() {
            Dtype::F32 => Cells::F32(quads(view.data())),
            Dtype::F16 => {
                let cells: Vec<_> = view.data().as_chunks::<2>().0.iter().map(|b| f16::from_le_bytes(*b)).collect();
                // No network has such a weight, and `widen` does not read it.
                if cells.iter().fold(0, |most, cell| most.max(cell.to_bits() & 0x7fff)) >= f16::INFINITY.to_bits() {
                    return Err(wrong());
                }
                Cells::F16(cells)
            }
            Dtype::I8 => {
                let name = format!("{name}.scale");
                let rows: usize = shape.iter().product::<usize>() / width;
                let wrong = || LoadError::Tensor { tensor: name.clone() };
                let scale = self.file.tensor(&name).map_err(|_| wrong())?;
                // One scale a row, written as [rows] or [rows, 1].
                if scale.dtype() != Dtype::F32 || scale.shape().iter().product::<usize>() != rows {
                    return Err(wrong());
                }
                Cells::I8(view.data().iter().map(|byte| byte.cast_signed()).collect(), quads(scale.data()))
            }
            _ => return Err(wrong()),
        };
        Ok(Table { width, cells })
    }
}

/// A matrix that is read by rows.
pub(super) struct Table {
    width: usize,
    cells: Cells,
}

enum Cells {
    F32(Vec<f32>),
    F16(Vec<f16>),
    /// With one scale a row.
    I8(Vec<i8>, Vec<f32>),
}

impl Table {
    /// The same table as numbers that need no conversion when they are read: for small tables that are read often.
    pub(super) fn widened(self) -> Self {
        let cells = match &self.cells {
            Cells::F32(_) => return self,
            Cells::F16(cells) => cells.len(),
            Cells::I8(cells, _) => cells.len(),
        };
        let mut out = vec![0.0; cells];
        out.chunks_exact_mut(self.width).enumerate().for_each(|(at, row)| self.add_row(at, row));
        Self { width: self.width, cells: Cells::F32(out) }
    }

    /// Writes row `at` to `out`; a row that does not exist is zeros.
    #[inline(always)]
    pub(super) fn copy_row(&self, at: usize, out: &mut [f32]) {
        let range = at * self.width..(at + 1) * self.width;
        match &self.cells {
            Cells::F16(cells) if range.end <= cells.len() && out.len() == self.width => {
                out.iter_mut().zip(&cells[range]).for_each(|(out, cell)| *out = widen(*cell));
            }
            _ => {
                out.fill(0.0);
                self.add_row(at, out);
            }
        }
    }

    /// Adds row `at` to `out`; a row that does not exist adds nothing.
    #[inline(always)]
    pub(super) fn add_row(&self, at: usize, out: &mut [f32]) {
        let range = at * self.width..(at + 1) * self.width;
        match &self.cells {
            Cells::F32(cells) => {
                out.iter_mut().zip(cells.get(range).unwrap_or(&[])).for_each(|(out, cell)| *out += cell);
            }
            Cells::F16(cells) => {
                out.iter_mut().zip(cells.get(range).unwrap_or(&[])).for_each(|(out, cell)| *out += widen(*cell));
            }
            Cells::I8(cells, scales) => {
                let scale = scales.get(at).copied().unwrap_or(0.0);
                let row = cells.get(range).unwrap_or(&[]);
                out.iter_mut().zip(row).for_each(|(out, cell)| *out += f32::from(*cell) * scale);
            }
        }
    }
}

/// As `to_f32` for all that is finite, in steps that the compiler spreads over registers: the bits moved to where `f32` has
/// them, and the power of two by which the exponents are counted otherwise.
#[inline(always)]
fn widen(half: f16) -> f32 {
    let bits = u32::from(half.to_bits());
    let magnitude = f32::from_bits((bits & 0x7fff) << 13) * f32::from_bits((127 + 112) << 23);
    f32::from_bits(magnitude.to_bits() | (bits & 0x8000) << 16)
}

fn quads(bytes: &[u8]) -> Vec<f32> {
    bytes.as_chunks::<4>().0.iter().map(|quad| f32::from_le_bytes(*quad)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_are_widened_as_they_are() {
        for half in (0..=u16::MAX).map(f16::from_bits).filter(|half| half.is_finite()) {
            assert_eq!(widen(half).to_bits(), half.to_f32().to_bits(), "{half}");
        }
    }
}
