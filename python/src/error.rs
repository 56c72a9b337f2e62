//! What Python is told when something fails: one exception a fault of its own, none of them with text of a record in it.

use deidre::pipeline::columns::memory::SheetError;
use deidre::pipeline::given::Withheld;
use deidre::policy::PolicyError as Policy;
use deidre::record::Fault;
use deidre::secret::KeyError;
use deidre::setup::SetupError;
use deidre::setup::trail::TrailError;
use deidre::transform::TransformError;
use deidre::vault::VaultError as Vault;
use pyo3::create_exception;
use pyo3::exceptions::PyException;
use pyo3::prelude::*;

create_exception!(deidre, DeidreError, PyException, "Whatever fails in deidre. Holds no text of a record.");
create_exception!(deidre, PolicyError, DeidreError, "There is no such policy, or what it needs is not there.");
create_exception!(deidre, KeyringError, DeidreError, "There is no key, or it cannot be read.");
create_exception!(deidre, VaultError, DeidreError, "The vault cannot be opened, or did not give or keep values.");
create_exception!(deidre, ModelError, DeidreError, "The model cannot be loaded.");
create_exception!(deidre, AuditError, DeidreError, "The audit trail cannot be written: nothing is revealed.");
create_exception!(
    deidre,
    ColumnError,
    DeidreError,
    "A column is of a type that is not read, or cannot hold its replacements."
);
create_exception!(
    deidre,
    RecordError,
    DeidreError,
    "A text or row could not be scrubbed. `row` and `reason` tell which and why."
);
create_exception!(deidre, ForkError, DeidreError, "The engine was in use when its process was forked: make a new one.");

/// Adds the exceptions to the module.
pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let py = module.py();
    module.add("DeidreError", py.get_type::<DeidreError>())?;
    module.add("PolicyError", py.get_type::<PolicyError>())?;
    module.add("KeyringError", py.get_type::<KeyringError>())?;
    module.add("VaultError", py.get_type::<VaultError>())?;
    module.add("ModelError", py.get_type::<ModelError>())?;
    module.add("AuditError", py.get_type::<AuditError>())?;
    module.add("ColumnError", py.get_type::<ColumnError>())?;
    module.add("RecordError", py.get_type::<RecordError>())?;
    module.add("ForkError", py.get_type::<ForkError>())
}

/// Why something could not be done, before Python is told.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failed {
    #[error(transparent)]
    Setup(#[from] SetupError),
    #[error(transparent)]
    Policy(#[from] Policy),
    #[error(transparent)]
    Key(#[from] KeyError),
    #[error("{0}")]
    NoKey(&'static str),
    #[error(transparent)]
    Tokens(#[from] TransformError),
    #[error(transparent)]
    Vault(#[from] Vault),
    #[error(transparent)]
    Trail(#[from] TrailError),
    #[error(transparent)]
    Audit(#[from] deidre::audit::AuditError),
    #[error("{0}")]
    Column(String),
    /// Of a text or row, counted from 0.
    #[error("text or row {row}: {}", fault.reason)]
    Record { row: usize, fault: Fault },
    #[error("the engine was in use when its process was forked: make a new one")]
    Forked,
    #[error("a worker was lost")]
    Lost,
    #[error("threads cannot be started: {0}")]
    Threads(#[from] rayon::ThreadPoolBuildError),
    /// What was given is not as it must be.
    #[error("{0}")]
    Invalid(String),
}

impl From<SheetError> for Failed {
    fn from(error: SheetError) -> Self {
        match error {
            SheetError::Column(why) => Self::Column(why),
            SheetError::Tokens(why) => Self::Tokens(why),
            SheetError::Lost => Self::Lost,
        }
    }
}

impl Failed {
    /// Of the text of that number.
    pub(crate) fn of_text(row: usize, withheld: Withheld) -> Self {
        match withheld {
            Withheld::Fault(fault) => Self::Record { row, fault },
            Withheld::Transform(why) => Self::Tokens(why),
        }
    }
}

impl From<Failed> for PyErr {
    fn from(failed: Failed) -> PyErr {
        let told = failed.to_string();
        match failed {
            Failed::Policy(_) | Failed::Setup(SetupError::NoPolicy(_) | SetupError::Policy { .. }) => {
                PolicyError::new_err(told)
            }
            Failed::Setup(SetupError::NoModel(_) | SetupError::Model { .. }) => ModelError::new_err(told),
            Failed::Setup(SetupError::Read { .. }) => pyo3::exceptions::PyOSError::new_err(told),
            Failed::Setup(_) | Failed::Vault(_) | Failed::Tokens(_) => VaultError::new_err(told),
            Failed::Key(_) | Failed::NoKey(_) => KeyringError::new_err(told),
            Failed::Trail(_) | Failed::Audit(_) => AuditError::new_err(told),
            Failed::Column(_) => ColumnError::new_err(told),
            Failed::Record { row, fault } => of_record(row, fault.reason.name(), told),
            Failed::Forked => ForkError::new_err(told),
            Failed::Lost | Failed::Threads(_) => DeidreError::new_err(told),
            Failed::Invalid(_) => pyo3::exceptions::PyValueError::new_err(told),
        }
    }
}

fn of_record(row: usize, reason: &'static str, told: String) -> PyErr {
    let error = RecordError::new_err(told);
    Python::attach(|py| {
        let value = error.value(py);
        let named = value.setattr("row", row).and_then(|()| value.setattr("reason", reason));
        match named {
            Ok(()) => error,
            Err(other) => other,
        }
    })
}
