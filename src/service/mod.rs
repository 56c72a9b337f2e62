//! The service: the one path behind gRPC, and behind JSON over HTTP.
//!
//! ```text
//! listen (connections, TLS) -> gate (who, may he, is there room, until when) -> grpc | http -> work -> crew -> pipeline
//! ```
//!
//! A request is refused before its body is read; its text is worked on by threads of their own; nothing of a text gets into
//! an error, a log or a count.

pub mod access;
mod batch;
pub(crate) mod credential;
pub(crate) mod crew;
mod cut;
pub(crate) mod fault;
pub(crate) mod gate;
mod grpc;
mod http;
pub mod listen;
pub(crate) mod metrics;
mod names;
mod openapi;
pub mod otlp;
pub mod proto;
pub(crate) mod rate;
mod reveal;
pub(crate) mod shelf;
mod stream;
pub mod tls;
mod work;

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::sync::Semaphore;

use self::access::{Access, AccessError, Role};
use self::batch::{Rules, Together};
use self::crew::Crew;
use self::fault::{Fault, Missing};
use self::metrics::Metrics;
use self::otlp::Traces;
use self::shelf::{Shelf, Supplies};
use crate::audit::{Record, Trail};
use crate::engine::Engine;
use crate::model::Ner;
use crate::pipeline::given::Counter;
use crate::secret::Keyring;
use crate::vault::Vault;

pub use self::shelf::ShelfError;

/// Opens the vault that was named; `None` when none was. An error is one that another try may not meet.
pub type OpenVault = Box<dyn Fn() -> Result<Option<Arc<dyn Vault>>, String> + Send + Sync>;

/// What the service works with.
pub struct Parts {
    /// Finds identifiers, without a model. `None` where its model could not be loaded: nothing is answered then.
    pub engine: Option<Engine>,
    /// The model.
    pub model: Option<Ner>,
    /// Seals, and opens what it sealed.
    pub keys: Option<Arc<Keyring>>,
    /// The vault.
    pub vault: OpenVault,
    /// Where it is written who revealed what. Without one nothing is revealed.
    pub trail: Option<Trail>,
    /// What all records of the trail say.
    pub record: Record,
    /// The threads that compute.
    pub pool: rayon::ThreadPool,
    /// The present year.
    pub year: i16,
    /// Where traces of requests go, if anywhere.
    pub traces: Option<Traces>,
}

/// How the service behaves.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The policy of requests that name none.
    pub policy: String,
    /// A folder with policies beside the presets.
    pub policies: Option<PathBuf>,
    /// Who may do what.
    pub access: Admission,
    /// Requests at once.
    pub in_flight: usize,
    /// Streams at once.
    pub streams: usize,
    /// Connections at once, on each port.
    pub connections: usize,
    /// Bytes of text in a request.
    pub text: usize,
    /// Bytes of text in a stream.
    pub stream_text: usize,
    /// For requests that bring no deadline, and the most that one may bring.
    pub deadline: Duration,
    /// How long a stream or connection may say nothing.
    pub idle: Duration,
    /// How long the model waits for windows of other requests.
    pub batch_wait: Duration,
    /// How long requests may take that were accepted before the service ends.
    pub drain: Duration,
}

/// Who may call.
#[derive(Clone, Debug)]
pub enum Admission {
    /// Whoever reaches the port may do these things.
    Anybody(Vec<Role>),
    /// Whom the file names.
    File(PathBuf),
}

/// Why the service does not start, or goes on with what it had.
#[derive(Debug, thiserror::Error)]
pub enum ServiceError {
    /// Policies.
    #[error(transparent)]
    Shelf(#[from] ShelfError),
    /// Who may call.
    #[error(transparent)]
    Access(#[from] AccessError),
    /// A file.
    #[error("cannot read {name}: {source}")]
    Read {
        /// Which.
        name: String,
        /// Why.
        source: std::io::Error,
    },
}

/// The service, shared by all that answer.
pub struct Service {
    settings: Settings,
    counter: Option<Counter>,
    model: Option<Arc<Ner>>,
    model_version: String,
    keys: Option<Arc<Keyring>>,
    open_vault: OpenVault,
    vault: RwLock<Place>,
    shelf: RwLock<Arc<Shelf>>,
    access: RwLock<Arc<Access>>,
    trail: Option<Arc<Trail>>,
    record: Record,
    year: i16,
    traces: Option<Traces>,
    pub(crate) crew: Crew,
    pub(crate) metrics: Metrics,
    permits: Arc<Semaphore>,
    streams: Arc<Semaphore>,
    draining: AtomicBool,
    started: SystemTime,
}

/// Where the vault is.
#[derive(Clone)]
enum Place {
    /// None was named.
    Nowhere,
    /// It was named and is not there.
    Away,
    /// Here.
    Here(Arc<dyn Vault>),
}

impl Service {
    /// Makes the service ready. A vault that is not there, or a key that the policy needs, is no error: what needs them is
    /// refused until they are.
    ///
    /// # Errors
    ///
    /// When policies or the access file are not as they must be.
    pub fn new(parts: Parts, settings: Settings) -> Result<Self, ServiceError> {
        let metrics = Metrics::new();
        let model = parts.model.map(Arc::new);
        let model_version = model.as_ref().map_or(String::new(), |model| {
            format!("{} {}", model.name(), shelf::hex(model.fingerprint().get(..6).unwrap_or_default()))
        });
        let rules = Rules { wait: settings.batch_wait, words: BATCH_WORDS, threads: parts.pool.current_num_threads() };
        let engine = parts.engine.map(|engine| match &model {
            Some(model) => {
                let together = Together::new(Arc::<Ner>::clone(model), rules, metrics.windows.clone());
                engine.with_tagger(Arc::new(together))
            }
            None => engine,
        });
        let access = read_access(&settings.access)?;
        let service = Self {
            counter: engine.map(Counter::new),
            model,
            model_version,
            keys: parts.keys,
            open_vault: parts.vault,
            vault: RwLock::new(Place::Away),
            shelf: RwLock::new(Arc::new(Shelf::read(
                None,
                crate::policy::Policy::PRESETS[0],
                &Supplies { keys: None, vault: None, year: parts.year },
            )?)),
            access: RwLock::new(Arc::new(access)),
            trail: parts.trail.map(Arc::new),
            record: parts.record,
            year: parts.year,
            traces: parts.traces,
            crew: Crew::new(parts.pool),
            metrics,
            permits: Arc::new(Semaphore::new(settings.in_flight)),
            streams: Arc::new(Semaphore::new(settings.streams)),
            draining: AtomicBool::new(false),
            started: SystemTime::now(),
            settings,
        };
        service.seek_vault()?;
        service.read_policies()?;
        Ok(service)
    }

    /// Sends the traces that were not sent yet; not to be called on a thread of the runtime.
    pub fn end_traces(&self) {
        if let Some(traces) = &self.traces {
            traces.end();
        }
    }

    /// Reads policies and the access file anew. Requests under way keep what they began with.
    ///
    /// # Errors
    ///
    /// When one of them is not as it must be: then everything stays as it was.
    pub fn reload(&self) -> Result<(), ServiceError> {
        let access = read_access(&self.settings.access)?;
        self.read_policies()?;
        *self.access.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(access);
        Ok(())
    }

    /// Opens the vault if it was not there. It may take as long as the vault lets one wait.
    ///
    /// # Errors
    ///
    /// When policies cannot be read anew with it: it counts as not there then.
    pub(crate) fn seek_vault(&self) -> Result<(), ShelfError> {
        if !matches!(self.place(), Place::Away) {
            return Ok(());
        }
        let place = match (self.open_vault)() {
            Ok(None) => Place::Nowhere,
            Ok(Some(vault)) => Place::Here(vault),
            Err(why) => {
                tracing::warn!(why, "the vault is not there");
                return Ok(());
            }
        };
        // First the policies: between the two nothing may be sealed that is to be kept in the vault.
        let shelf = self.shelf_with(&place)?;
        *self.shelf.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(shelf);
        *self.vault.write().unwrap_or_else(PoisonError::into_inner) = place;
        Ok(())
    }

    /// Makes all policies ready, with the vault as it is now.
    fn read_policies(&self) -> Result<(), ShelfError> {
        let shelf = self.shelf_with(&self.place())?;
        *self.shelf.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(shelf);
        Ok(())
    }

    fn shelf_with(&self, place: &Place) -> Result<Shelf, ShelfError> {
        let vault = match place {
            Place::Here(vault) => Some(Arc::clone(vault)),
            Place::Nowhere | Place::Away => None,
        };
        let supplies = Supplies { keys: self.keys.as_deref(), vault, year: self.year };
        Shelf::read(self.settings.policies.as_deref(), &self.settings.policy, &supplies)
    }

    fn place(&self) -> Place {
        self.vault.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The policies as they are now.
    pub(crate) fn shelf(&self) -> Arc<Shelf> {
        Arc::clone(&self.shelf.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Who may call, as it is now.
    fn access(&self) -> Arc<Access> {
        Arc::clone(&self.access.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The vault, if one was named.
    ///
    /// # Errors
    ///
    /// When it was and is not there.
    pub(crate) fn vault(&self) -> Result<Option<Arc<dyn Vault>>, Fault> {
        match self.place() {
            Place::Nowhere => Ok(None),
            Place::Away => Err(Fault::Missing(Missing::Vault)),
            Place::Here(vault) => Ok(Some(vault)),
        }
    }

    /// Where texts are handed over.
    ///
    /// # Errors
    ///
    /// When there is no model.
    pub(crate) fn counter(&self) -> Result<&Counter, Fault> {
        self.counter.as_ref().ok_or(Fault::Missing(Missing::Model))
    }

    /// The keys.
    #[cfg(feature = "gateway")]
    pub(crate) fn keys(&self) -> Option<&Arc<Keyring>> {
        self.keys.as_ref()
    }

    /// What keeps requests of the default policy from being answered.
    pub(crate) fn lacks(&self) -> Option<Missing> {
        // A vault that was named is meant to be used, by policies too that could do without.
        let away = matches!(self.place(), Place::Away);
        let model = self.counter.is_none().then_some(Missing::Model);
        model.or(away.then_some(Missing::Vault)).or_else(|| self.shelf().lacks())
    }

    /// What keeps requests of the default policy from being answered, in a sentence.
    pub fn missing(&self) -> Option<String> {
        self.lacks().map(|missing| Fault::Missing(missing).to_string())
    }

    /// Whether requests are answered.
    pub(crate) fn is_ready(&self) -> bool {
        let ready = !self.draining.load(Ordering::Relaxed) && self.lacks().is_none();
        self.metrics.ready.set(i64::from(ready));
        ready
    }

    fn versions(&self, policy: String) -> proto::Versions {
        proto::Versions { engine: env!("CARGO_PKG_VERSION").to_owned(), model: self.model_version.clone(), policy }
    }

    fn version(&self) -> proto::GetVersionResponse {
        let started = self.started.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        proto::GetVersionResponse { versions: Some(self.versions(String::new())), started }
    }

    /// The page of counts.
    fn page(&self) -> String {
        self.is_ready();
        self.counts()
    }

    /// The counts, without a look at whether requests are answered.
    pub(crate) fn counts(&self) -> String {
        self.metrics.page(self.crew.waiting(), self.model.as_ref().map(|model| model.cache_hits()))
    }
}

impl std::fmt::Debug for Service {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Service").field("settings", &self.settings).finish_non_exhaustive()
    }
}

fn read_access(admission: &Admission) -> Result<Access, ServiceError> {
    match admission {
        Admission::Anybody(roles) => Ok(Access::open(roles)),
        Admission::File(path) => {
            let read = |source| ServiceError::Read { name: path.display().to_string(), source };
            Ok(Access::from_toml(&std::fs::read_to_string(path).map_err(read)?)?)
        }
    }
}

/// Words of a batch of the model from which on nobody is waited for.
const BATCH_WORDS: usize = 1024;
