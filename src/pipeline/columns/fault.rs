//! Why a file could not be done, in words that hold no text of it.

use std::io::{self, ErrorKind};

use arrow_schema::ArrowError;
use parquet::errors::ParquetError;

use crate::error::RunError;
use crate::transform::TransformError;

/// Why a run stopped.
#[derive(Debug)]
pub(super) enum Stop {
    Read(io::Error),
    Write(io::Error),
    Tokens(TransformError),
    Lost,
}

/// Which file an error is of.
#[derive(Clone, Copy)]
pub(super) enum Side {
    Input,
    Output,
}

impl Stop {
    /// The library's messages may quote values: what it says is told by kind only, but for what the system said.
    pub(super) fn parquet(error: ParquetError, side: Side) -> Self {
        match side {
            Side::Input => Self::Read(read_error(error)),
            Side::Output => Self::Write(match system_error(error) {
                Ok(error) => error,
                Err(_) => io::Error::other("a column could not be written as Parquet"),
            }),
        }
    }

    pub(super) fn run_error(self, file: &str, target: &str) -> RunError {
        match self {
            Self::Read(source) => RunError::Read { file: file.into(), source },
            Self::Write(source) => RunError::Write { file: target.into(), source },
            Self::Tokens(source) => RunError::Tokens { file: file.into(), source },
            Self::Lost => RunError::Lost { file: file.into() },
        }
    }
}

/// What the library says of an input.
pub(super) fn read_error(error: ParquetError) -> io::Error {
    match system_error(error) {
        Ok(error) => error,
        Err(ParquetError::EOF(_) | ParquetError::NeedMoreData(_) | ParquetError::NeedMoreDataRange(_)) => {
            io::Error::new(ErrorKind::UnexpectedEof, "Parquet data ends too early: the file is not whole")
        }
        Err(ParquetError::NYI(_)) => invalid("the file uses a part of Parquet that is not read"),
        Err(ParquetError::General(text)) if text.starts_with("Disabled feature") => {
            invalid("the file uses a compression that is not read; gzip, LZ4, Snappy and Zstandard are")
        }
        Err(_) => invalid("Parquet data is damaged, or a text in it is no UTF-8"),
    }
}

/// As [`read_error`], of what the reader of rows says, which has put the library's error into words.
pub(super) fn arrow_error(error: ArrowError) -> io::Error {
    match error {
        ArrowError::ParquetError(text) if text.contains("Disabled feature") => {
            read_error(ParquetError::General("Disabled feature".into()))
        }
        ArrowError::ParquetError(text) if text.starts_with("EOF") => read_error(ParquetError::EOF(text)),
        other => read_error(other.into()),
    }
}

pub(super) fn invalid(text: impl Into<String>) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, text.into())
}

fn system_error(error: ParquetError) -> Result<io::Error, ParquetError> {
    let ParquetError::External(inner) = error else { return Err(error) };
    match inner.downcast::<io::Error>() {
        Ok(error) if error.kind() == ErrorKind::UnexpectedEof => Err(ParquetError::EOF(String::new())),
        Ok(error) => Ok(*error),
        Err(_) => Err(ParquetError::General(String::new())),
    }
}
