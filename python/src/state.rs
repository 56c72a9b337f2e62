//! What an engine works with in one process. A process that was forked makes it anew: threads are not there in it, locks
//! may be held by threads that are not, and connections are its parent's.

use std::process;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use arrow_schema::SchemaRef;
use deidre::pipeline::Scrub;
use deidre::pipeline::columns::memory::Sheet;
use deidre::pipeline::given::Counter;
use deidre::record::Select;
use deidre::secret::Keyring;
use deidre::setup;
use deidre::transform::{Means, Transform};
use deidre::vault::Vault;
use rayon::{ThreadPool, ThreadPoolBuilder};

use crate::error::Failed;
use crate::options::Options;

/// All of it.
pub(crate) struct State {
    pub(crate) scrub: Scrub,
    pub(crate) counter: Counter,
    pub(crate) keys: Option<Keyring>,
    pub(crate) vault: Option<Arc<dyn Vault>>,
    pub(crate) pool: ThreadPool,
    /// Of the tables met last.
    sheets: Mutex<Vec<(Shape, Arc<Sheet>)>>,
}

/// Which tables are read alike.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Shape {
    pub(crate) schema: SchemaRef,
    pub(crate) fields: Vec<String>,
    pub(crate) skip: Vec<String>,
    pub(crate) patient: Option<String>,
}

impl State {
    fn new(options: &Options) -> Result<Self, Failed> {
        let policy = options.policy()?;
        let scope = options.scope()?;
        let keys = options.keys()?;
        let vault = match (&options.vault, &keys) {
            (Some(name), Some(keys)) => Some(setup::vault(name, keys)?),
            (Some(_), None) => return Err(Failed::NoKey(VAULT_NEEDS_KEY)),
            (None, _) => None,
        };
        let means =
            Means { keys: keys.as_ref(), vault: vault.clone(), year: setup::present_year(), joins: options.join()? };
        let transform = Transform::new(policy, means)?;
        let mut engine = setup::engine(options.context);
        if let Some(name) = &options.model {
            engine = engine.with_tagger(Arc::new(setup::model(name)?));
        }
        let mut pool = ThreadPoolBuilder::new().thread_name(|number| format!("deidre-{number}"));
        if let Some(threads) = options.threads {
            pool = pool.num_threads(threads);
        }
        Ok(Self {
            counter: Counter::new(engine.clone()),
            scrub: Scrub { engine, transform, scope, people: None },
            keys,
            vault,
            pool: pool.build()?,
            sheets: Mutex::default(),
        })
    }

    /// How tables of that shape are read.
    pub(crate) fn sheet(&self, shape: Shape) -> Result<Arc<Sheet>, Failed> {
        let mut sheets = self.sheets.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(at) = sheets.iter().position(|(known, _)| *known == shape) {
            let found = sheets.remove(at);
            let sheet = Arc::clone(&found.1);
            sheets.push(found);
            return Ok(sheet);
        }
        let select = Select::all().fields(&shape.fields).skip(&shape.skip).patient(shape.patient.as_deref());
        let sheet = Arc::new(Sheet::new(&shape.schema, &select, self.scrub.transform.policy())?);
        if sheets.len() >= SHEETS {
            sheets.remove(0);
        }
        sheets.push((shape, Arc::clone(&sheet)));
        Ok(sheet)
    }
}

/// The state of this process.
pub(crate) struct Home {
    options: Options,
    here: RwLock<Here>,
}

struct Here {
    process: u32,
    state: Arc<State>,
}

impl Home {
    pub(crate) fn new(options: Options) -> Result<Self, Failed> {
        let here = Here { process: process::id(), state: Arc::new(State::new(&options)?) };
        Ok(Self { options, here: RwLock::new(here) })
    }

    /// The state, made anew where this process was forked from the one that it was made in.
    ///
    /// # Errors
    ///
    /// Also when another thread held the lock while the process was forked: it would never be given back.
    pub(crate) fn state(&self) -> Result<Arc<State>, Failed> {
        let begun = Instant::now();
        while begun.elapsed() < PATIENCE {
            if let Ok(here) = self.here.try_read()
                && here.process == process::id()
            {
                return Ok(Arc::clone(&here.state));
            }
            if let Ok(mut here) = self.here.try_write() {
                if here.process != process::id() {
                    let fresh = Here { process: process::id(), state: Arc::new(State::new(&self.options)?) };
                    bury(std::mem::replace(&mut *here, fresh).state);
                }
                return Ok(Arc::clone(&here.state));
            }
            std::thread::sleep(PAUSE);
        }
        Err(Failed::Forked)
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        let here = self.here.get_mut().unwrap_or_else(PoisonError::into_inner);
        if here.process != process::id() {
            bury(Arc::clone(&here.state));
        }
    }
}

/// Keeps what belongs to the parent of this process for good: dropping it would wait for threads that are not there, or say
/// goodbye to a database on a connection that the parent still uses.
fn bury(state: Arc<State>) {
    static GRAVES: Mutex<Vec<Arc<State>>> = Mutex::new(Vec::new());
    GRAVES.lock().unwrap_or_else(PoisonError::into_inner).push(state);
}

/// How long another thread may take that makes the state anew: a model is loaded meanwhile.
const PATIENCE: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(1);

/// Tables that are remembered.
const SHEETS: usize = 8;

const VAULT_NEEDS_KEY: &str = "a vault needs a key: make one with deidre.new_key() or 'deidre key new', and give it as key, \
                               key_file, key_env or key_command, or in DEIDRE_KEY";
