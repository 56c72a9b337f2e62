//! The engine that `deidre.Engine` is made of. Whatever takes long is done without the interpreter's lock.

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use deidre::pipeline::columns::memory::Scrubbed;
use deidre::record::{Fault, Reason};
use deidre::secret::Key;
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedStr;
use pyo3::types::{PyList, PyString};

use crate::arrow::{self, Arrow, ArrowTable};
use crate::column;
use crate::error::Failed;
use crate::options::Options;
use crate::reveal::{Request, Revealing};
use crate::state::{Home, Shape};
use crate::texts::{self, Belongs, Faulty, Ids};

/// Finds and replaces identifiers. One serves all threads.
#[pyclass(frozen, module = "deidre._deidre")]
pub(crate) struct Engine {
    home: Home,
}

/// Which columns of a table are searched, and how.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
struct Columns {
    columns: Vec<String>,
    skip: Vec<String>,
    patient: Option<String>,
    errors: String,
}

/// Rows or texts that were left out, with why.
type Aside = Vec<(usize, &'static str)>;

/// Label, start, end, score, source.
type Spot = (&'static str, usize, usize, f32, &'static str);

/// Tokens revealed, refused, mistyped and foreign.
type Counts = (u64, u64, u64, u64);

#[pymethods]
impl Engine {
    #[new]
    fn new(py: Python<'_>, options: Options) -> PyResult<Self> {
        if options.threads == Some(0) {
            return Err(PyValueError::new_err("threads: 1 or more"));
        }
        Ok(Self { home: py.detach(|| Home::new(options))? })
    }

    /// The policy's name, and whether tokens of the engine can be revealed.
    fn about(&self) -> PyResult<(String, bool, Option<String>)> {
        let state = self.home.state()?;
        let key = state.keys.as_ref().map(|keys| keys.current().id().to_owned());
        Ok((state.scrub.transform.policy().name().to_owned(), state.keys.is_some(), key))
    }

    /// Texts of a list, scrubbed.
    fn texts<'py>(
        &self,
        py: Python<'py>,
        texts: &Bound<'py, PyList>,
        patient: Option<&Bound<'py, PyAny>>,
        document: Option<&Bound<'py, PyAny>>,
        errors: &str,
    ) -> PyResult<(Vec<Option<String>>, Aside)> {
        let faulty = faulty(errors)?;
        let texts = given(texts)?;
        let (patient, document) = (Given::of(patient, "patient")?, Given::of(document, "document")?);
        let clean = py.detach(|| {
            let state = self.home.state()?;
            let (texts, patients, documents) = (views(&texts), patient.views(), document.views());
            let belongs = Belongs { patient: patient.ids(&patients), document: document.ids(&documents) };
            texts::scrub(&state, &texts, belongs, faulty)
        })?;
        Ok((clean.texts, clean.aside))
    }

    /// Texts of an array, scrubbed.
    fn column<'py>(
        &self,
        py: Python<'py>,
        array: &Bound<'py, PyAny>,
        patient: Option<&Bound<'py, PyAny>>,
        document: Option<&Bound<'py, PyAny>>,
        errors: &str,
    ) -> PyResult<(Arrow, Aside)> {
        let faulty = faulty(errors)?;
        let (field, array) = arrow::array(array)?;
        let (patient, document) = (Given::of(patient, "patient")?, Given::of(document, "document")?);
        let (array, aside) = py.detach(|| {
            let state = self.home.state()?;
            let plain = column::plain(&array)?;
            let (texts, patients, documents) = (column::texts(&plain)?, patient.views(), document.views());
            let belongs = Belongs { patient: patient.ids(&patients), document: document.ids(&documents) };
            let clean = texts::scrub(&state, &texts, belongs, faulty)?;
            Ok::<_, Failed>((column::of_texts(&clean.texts, array.data_type())?, clean.aside))
        })?;
        Ok((Arrow::of_array(field, array), aside))
    }

    /// Rows of a record batch, scrubbed.
    fn batch(&self, py: Python<'_>, rows: &Bound<'_, PyAny>, columns: Columns) -> PyResult<(Arrow, Aside)> {
        let faulty = faulty(&columns.errors)?;
        let rows = arrow::batch(rows)?;
        let (mut batches, aside) = py.detach(|| self.rows(&rows.schema(), &[rows], &columns, faulty))?;
        Ok((Arrow::of_batch(batches.pop().ok_or(Failed::Lost)?), aside))
    }

    /// Rows of a table, or of anything else that streams batches, scrubbed.
    fn table(&self, py: Python<'_>, rows: &Bound<'_, PyAny>, columns: Columns) -> PyResult<(ArrowTable, Aside)> {
        let faulty = faulty(&columns.errors)?;
        let (schema, batches) = arrow::batches(rows)?;
        let (batches, aside) = py.detach(|| self.rows(&schema, &batches, &columns, faulty))?;
        Ok((ArrowTable::new(schema, batches), aside))
    }

    /// What is found in texts of a list, where Python counts.
    fn spans(&self, py: Python<'_>, texts: &Bound<'_, PyList>, all_labels: bool) -> PyResult<Vec<Vec<Spot>>> {
        let texts = given(texts)?;
        let spots = py.detach(|| {
            let texts = views(&texts);
            let found = texts::find(&*self.home.state()?, &texts, all_labels)?;
            let spots = texts.iter().zip(&found).map(|(text, found)| {
                let places = texts::in_characters(text.unwrap_or_default(), found);
                let spot = |((start, end), finding): ((usize, usize), &deidre::finding::Finding)| {
                    (finding.label.name(), start, end, column::score(finding), finding.source.name())
                };
                places.into_iter().zip(found).map(spot).collect()
            });
            Ok::<_, Failed>(spots.collect())
        })?;
        Ok(spots)
    }

    /// What is found in texts of an array, in bytes.
    fn span_column(&self, py: Python<'_>, array: &Bound<'_, PyAny>, all_labels: bool) -> PyResult<Arrow> {
        let (_, array) = arrow::array(array)?;
        let (field, array) = py.detach(|| {
            let plain = column::plain(&array)?;
            let found = texts::find(&*self.home.state()?, &column::texts(&plain)?, all_labels)?;
            Ok::<_, Failed>(column::of_findings(&found))
        })?;
        Ok(Arrow::of_array(field, array))
    }

    /// Texts of a list with their tokens turned back, and what became of the tokens.
    fn reveal_texts(
        &self,
        py: Python<'_>,
        texts: &Bound<'_, PyList>,
        request: Request,
    ) -> PyResult<(Vec<Option<String>>, Counts)> {
        let texts = given(texts)?;
        let (texts, tally) = py.detach(|| {
            let state = self.home.state()?;
            let mut revealing = Revealing::begin(&state, &request)?;
            let texts = revealing.texts(&views(&texts))?;
            Ok::<_, Failed>((texts, revealing.end()?))
        })?;
        Ok((texts, (tally.revealed, tally.refused, tally.mistyped, tally.foreign)))
    }
}

impl Engine {
    fn rows(
        &self,
        schema: &SchemaRef,
        batches: &[RecordBatch],
        columns: &Columns,
        faulty: Faulty,
    ) -> Result<(Vec<RecordBatch>, Aside), Failed> {
        let state = self.home.state()?;
        let shape = Shape {
            schema: SchemaRef::clone(schema),
            fields: columns.columns.clone(),
            skip: columns.skip.clone(),
            patient: columns.patient.clone(),
        };
        if state.scrub.scope == deidre::transform::Scope::Patient && shape.patient.is_none() {
            return Err(Failed::Invalid(
                "scope patient needs patient: the column that says whose row it is".to_owned(),
            ));
        }
        let sheet = state.sheet(shape)?;
        let (mut clean, mut aside, mut before) = (Vec::with_capacity(batches.len()), Vec::new(), 0);
        for batch in batches {
            let done: Scrubbed = state.pool.install(|| sheet.scrub(&state.scrub, batch))?;
            for (row, fault) in done.aside {
                if faulty == Faulty::Raise {
                    return Err(Failed::Record { row: before + row, fault });
                }
                aside.push((before + row, fault.reason.name()));
            }
            before += batch.num_rows();
            clean.push(done.rows);
        }
        Ok((clean, aside))
    }
}

/// A key from the generator of the operating system, as a key file has it.
#[pyfunction]
pub(crate) fn new_key() -> PyResult<String> {
    let key = Key::generate().map_err(Failed::from)?;
    Ok(key.written().to_string())
}

/// The strings of a list, `None` where there is none. Nothing is copied.
fn given(list: &Bound<'_, PyList>) -> PyResult<Vec<Option<PyBackedStr>>> {
    let one = |(row, item): (usize, Bound<'_, PyAny>)| {
        if item.is_none() {
            return Ok(None);
        }
        let text = item.cast_into::<PyString>().map_err(|_| PyTypeError::new_err(format!("item {row} is no str")))?;
        // The error of the interpreter holds the string.
        let invalid = |_| Failed::Record { row, fault: Fault::new(0, Reason::InvalidUtf8) };
        Ok(Some(PyBackedStr::try_from(text).map_err(invalid)?))
    };
    list.iter().enumerate().map(one).collect()
}

fn views(texts: &[Option<PyBackedStr>]) -> Vec<Option<&str>> {
    texts.iter().map(|text| text.as_deref()).collect()
}

/// Ids as they were given: none, one for all, or one each.
enum Given {
    None,
    One(PyBackedStr),
    Each(Vec<Option<PyBackedStr>>),
}

impl Given {
    fn of(ids: Option<&Bound<'_, PyAny>>, name: &str) -> PyResult<Self> {
        let Some(ids) = ids else { return Ok(Self::None) };
        if let Ok(one) = ids.extract::<PyBackedStr>() {
            return Ok(Self::One(one));
        }
        let list = ids.cast::<PyList>();
        let list =
            list.map_err(|_| PyTypeError::new_err(format!("{name}: a str, or a list of as many as there are texts")))?;
        Ok(Self::Each(given(list)?))
    }

    fn views(&self) -> Vec<Option<&str>> {
        match self {
            Self::Each(ids) => views(ids),
            Self::None | Self::One(_) => Vec::new(),
        }
    }

    fn ids<'i>(&'i self, views: &'i [Option<&'i str>]) -> Ids<'i> {
        match self {
            Self::None => Ids::None,
            Self::One(id) => Ids::One(id),
            Self::Each(_) => Ids::Each(views),
        }
    }
}

fn faulty(errors: &str) -> PyResult<Faulty> {
    match errors {
        "raise" => Ok(Faulty::Raise),
        "omit" => Ok(Faulty::Omit),
        _ => Err(PyValueError::new_err("errors: raise or omit")),
    }
}
