//! The native half of the Python package: engines, and Arrow through its C data interface. What users see stands in
//! `python/deidre/`.

mod arrow;
mod column;
mod engine;
mod error;
mod options;
mod reveal;
mod state;
mod texts;

use pyo3::prelude::*;

/// The engine of the package `deidre`, which is what is to be imported.
#[pymodule(gil_used = false)]
fn _deidre(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    module.add("LABELS", deidre::identifier::Label::ALL.map(deidre::identifier::Label::name).to_vec())?;
    module.add("IDENTIFIERS", deidre::identifier::Label::MUST_GO)?;
    module.add("POLICIES", deidre::policy::Policy::PRESETS.to_vec())?;
    module.add("MODELS", deidre::model::Shipped::ALL.map(deidre::model::Shipped::name).to_vec())?;
    module.add_class::<engine::Engine>()?;
    module.add_class::<arrow::Arrow>()?;
    module.add_class::<arrow::ArrowTable>()?;
    module.add_function(wrap_pyfunction!(engine::new_key, module)?)?;
    error::register(module)
}
