//! Arrow in and out by its C data interface, without copies: <https://arrow.apache.org/docs/format/CDataInterface/PyCapsuleInterface.html>.
//!
//! The only unsafe code of the package. What it rests on: a capsule of that name holds a structure of that name, which is
//! what the interface promises; whoever hands over another thing in it breaks every library that reads it. What the
//! structures say of lengths, offsets and UTF-8 is not believed but checked, before anything looks at a value.

#![expect(unsafe_code, reason = "the C data interface is one of pointers")]

use std::ffi::CStr;

use arrow_array::cast::AsArray;
use arrow_array::ffi::{FFI_ArrowArray, FFI_ArrowSchema, from_ffi, to_ffi};
use arrow_array::ffi_stream::{FFI_ArrowArrayStream, RecordBatchStreamReader};
use arrow_array::{Array, ArrayRef, RecordBatch, RecordBatchIterator, RecordBatchOptions, StructArray, make_array};
use arrow_schema::{ArrowError, Field, Schema, SchemaRef};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyCapsule;

/// An array, or the rows of one batch, for whoever reads Arrow: `pyarrow.array(...)`, `pyarrow.record_batch(...)`.
#[pyclass(frozen, module = "deidre._deidre", name = "ArrowArray")]
pub(crate) struct Arrow {
    /// What says of itself what it is: a field, or a schema.
    about: About,
    array: ArrayRef,
}

/// Batches of one schema, for whoever reads Arrow: `pyarrow.table(...)`, `polars.DataFrame(...)`.
#[pyclass(frozen, module = "deidre._deidre")]
pub(crate) struct ArrowTable {
    schema: SchemaRef,
    batches: Vec<RecordBatch>,
}

enum About {
    Field(Field),
    Schema(SchemaRef),
}

impl Arrow {
    pub(crate) fn of_array(field: Field, array: ArrayRef) -> Self {
        Self { about: About::Field(field), array }
    }

    pub(crate) fn of_batch(batch: RecordBatch) -> Self {
        Self { about: About::Schema(batch.schema()), array: std::sync::Arc::new(StructArray::from(batch)) }
    }
}

impl ArrowTable {
    pub(crate) fn new(schema: SchemaRef, batches: Vec<RecordBatch>) -> Self {
        Self { schema, batches }
    }
}

#[pymethods]
impl Arrow {
    fn __len__(&self) -> usize {
        self.array.len()
    }

    fn __arrow_c_schema__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyCapsule>> {
        let schema = match &self.about {
            About::Field(field) => FFI_ArrowSchema::try_from(field),
            About::Schema(schema) => FFI_ArrowSchema::try_from(schema.as_ref()),
        };
        PyCapsule::new_with_value(py, schema.map_err(|_| unreadable())?, SCHEMA)
    }

    #[pyo3(signature = (requested_schema = None))]
    fn __arrow_c_array__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<Bound<'py, PyAny>>,
    ) -> PyResult<(Bound<'py, PyCapsule>, Bound<'py, PyCapsule>)> {
        // A wish, which need not be granted.
        let _ = requested_schema;
        let (array, _) = to_ffi(&self.array.to_data()).map_err(|_| unreadable())?;
        Ok((self.__arrow_c_schema__(py)?, PyCapsule::new_with_value(py, array, ARRAY)?))
    }
}

#[pymethods]
impl ArrowTable {
    fn __len__(&self) -> usize {
        self.batches.iter().map(RecordBatch::num_rows).sum()
    }

    fn __arrow_c_schema__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyCapsule>> {
        let schema = FFI_ArrowSchema::try_from(self.schema.as_ref()).map_err(|_| unreadable())?;
        PyCapsule::new_with_value(py, schema, SCHEMA)
    }

    #[pyo3(signature = (requested_schema = None))]
    fn __arrow_c_stream__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        let _ = requested_schema;
        let batches = self.batches.clone().into_iter().map(Ok::<_, ArrowError>);
        let reader = RecordBatchIterator::new(batches, SchemaRef::clone(&self.schema));
        PyCapsule::new_with_value(py, FFI_ArrowArrayStream::new(Box::new(reader)), STREAM)
    }
}

/// An array that was handed over, with its field.
pub(crate) fn array(object: &Bound<'_, PyAny>) -> PyResult<(Field, ArrayRef)> {
    let (schema, array) = halves(object)?;
    let (schema, array) = take(&schema, &array)?;
    let field = Field::try_from(&schema).map_err(|_| unreadable())?;
    Ok((field, array))
}

/// A batch that was handed over.
pub(crate) fn batch(object: &Bound<'_, PyAny>) -> PyResult<RecordBatch> {
    let (schema, array) = halves(object)?;
    let (schema, array) = take(&schema, &array)?;
    let schema = Schema::try_from(&schema).map_err(|_| PyTypeError::new_err("not the rows of a record batch"))?;
    let rows = array.as_struct_opt().ok_or_else(|| PyTypeError::new_err("not the rows of a record batch"))?;
    if rows.null_count() > 0 {
        return Err(PyValueError::new_err("rows of a record batch cannot be null"));
    }
    let options = RecordBatchOptions::new().with_row_count(Some(rows.len()));
    RecordBatch::try_new_with_options(schema.into(), rows.columns().to_vec(), &options).map_err(|_| unreadable())
}

/// The batches of a stream that was handed over, with their schema.
pub(crate) fn batches(object: &Bound<'_, PyAny>) -> PyResult<(SchemaRef, Vec<RecordBatch>)> {
    use arrow_array::RecordBatchReader;
    let capsule = object.call_method0("__arrow_c_stream__")?.cast_into::<PyCapsule>()?;
    let pointer = capsule.pointer_checked(Some(STREAM))?.cast::<FFI_ArrowArrayStream>();
    // SAFETY: by its name, the capsule holds a stream. It is moved out of it, which leaves a released one there.
    let stream = unsafe { FFI_ArrowArrayStream::from_raw(pointer.as_ptr()) };
    let reader = RecordBatchStreamReader::try_new(stream).map_err(|_| unreadable())?;
    let schema = reader.schema();
    let mut batches = Vec::new();
    for batch in reader {
        // What the library says may hold values.
        let batch = batch.map_err(|_| unreadable())?;
        for column in batch.columns() {
            column.to_data().validate_full().map_err(|_| unreadable())?;
        }
        batches.push(batch);
    }
    Ok((schema, batches))
}

type Halves<'py> = (Bound<'py, PyCapsule>, Bound<'py, PyCapsule>);

fn halves<'py>(object: &Bound<'py, PyAny>) -> PyResult<Halves<'py>> {
    object.call_method0("__arrow_c_array__")?.extract()
}

fn take(schema: &Bound<'_, PyCapsule>, array: &Bound<'_, PyCapsule>) -> PyResult<(FFI_ArrowSchema, ArrayRef)> {
    let schema = schema.pointer_checked(Some(SCHEMA))?.cast::<FFI_ArrowSchema>();
    let array = array.pointer_checked(Some(ARRAY))?.cast::<FFI_ArrowArray>();
    // SAFETY: by their names, the capsules hold a schema and an array of that schema. They are moved out of them, which
    // leaves released ones there. What is read through the array is checked below before it is used.
    let (schema, data) = unsafe {
        let schema = FFI_ArrowSchema::from_raw(schema.as_ptr());
        let data = from_ffi(FFI_ArrowArray::from_raw(array.as_ptr()), &schema);
        (schema, data)
    };
    let mut data = data.map_err(|_| unreadable())?;
    data.align_buffers();
    data.validate_full().map_err(|_| unreadable())?;
    Ok((schema, make_array(data)))
}

fn unreadable() -> PyErr {
    PyValueError::new_err("the Arrow data is of a type that is not read, damaged, or holds text that is no UTF-8")
}

const SCHEMA: &CStr = c"arrow_schema";
const ARRAY: &CStr = c"arrow_array";
const STREAM: &CStr = c"arrow_array_stream";
