//! The gateway to models that an agreement covers: a reverse proxy that speaks their providers' APIs.
//!
//! ```text
//! listen -> route -> client, rate, room -> body -> prompt (perimeter, shape, scrub) -> account -> reach -> answer -> client
//! ```
//!
//! What is not in the table of routes, in the perimeter and in the shape of its endpoint is refused; what cannot be written
//! to the audit trail is not sent. `docs/gateway.md` is the page for those who run it.

mod account;
mod answer;
mod api;
mod call;
mod head;
mod json;
pub mod listen;
mod metrics;
pub mod perimeter;
mod plain;
mod prompt;
mod reach;
mod route;
mod rule;
mod session;
mod shape;
mod sigv4;
mod streaming;
mod walk;

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use tokio::sync::Semaphore;

use self::metrics::Metrics;
use self::reach::Reach;
use self::session::Hashes;
use crate::audit::{AuditError, Digests, Exchanges, Note};
use crate::secret::Keyring;
use crate::service::{Service, ServiceError};

pub use self::perimeter::{Perimeter, PerimeterError};
pub use self::reach::ReachError;
pub use self::route::Endpoint;

/// What the gateway works with.
pub struct Parts {
    /// Finds and replaces.
    pub service: Service,
    /// Where it is written what was asked. Without it nothing is.
    pub exchanges: Exchanges,
    /// On which machine.
    pub host: Option<Note>,
}

/// How the gateway behaves.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The perimeter's file.
    pub perimeter: PathBuf,
    /// Calls at once.
    pub in_flight: usize,
    /// Connections at once.
    pub connections: usize,
    /// Bytes of an answer that comes as a whole.
    pub answer: usize,
    /// How long an upstream may take to take a connection.
    pub connect: Duration,
    /// For a whole call.
    pub deadline: Duration,
    /// How long a stream or connection may say nothing.
    pub idle: Duration,
    /// How long calls may take that were accepted before the gateway ends.
    pub drain: Duration,
}

/// Why the gateway does not start, or goes on with what it had.
#[derive(Debug, thiserror::Error)]
pub enum GatewayError {
    /// The perimeter's file cannot be read.
    #[error("cannot read {name}: {error}")]
    Read {
        /// Which.
        name: String,
        /// Why.
        error: std::io::Error,
    },
    /// What is in it.
    #[error("{name}: {error}")]
    Perimeter {
        /// The file.
        name: String,
        /// What is wrong.
        error: PerimeterError,
    },
    /// An upstream names a policy that is not there.
    #[error("upstream {upstream:?}: there is no policy {policy:?} with destination {destination:?}")]
    Policy {
        /// Which.
        upstream: String,
        /// The policy.
        policy: String,
        /// Its destination; empty: none.
        destination: String,
    },
    /// An upstream that cannot be reached as the perimeter has it.
    #[error(transparent)]
    Reach(#[from] ReachError),
    /// Policies.
    #[error(transparent)]
    Service(#[from] ServiceError),
    /// Random numbers, for digests.
    #[error(transparent)]
    Audit(#[from] AuditError),
    /// Random numbers.
    #[error("the operating system gives no random numbers: {0}")]
    Random(#[from] getrandom::Error),
}

/// The gateway, shared by all calls.
pub struct Gateway {
    settings: Settings,
    service: Service,
    exchanges: Exchanges,
    digests: Digests,
    hashes: Hashes,
    host: Option<Note>,
    force: RwLock<Arc<InForce>>,
    room: Arc<Semaphore>,
    metrics: Metrics,
    draining: AtomicBool,
}

/// The perimeter that is in force, with the ways to its upstreams. A call keeps the one that it began with.
struct InForce {
    perimeter: Perimeter,
    /// In the order of the upstreams.
    ways: Vec<Arc<Reach>>,
}

impl Gateway {
    /// Makes the gateway ready. A vault or a key that is not there is no error: what needs them is refused until they are.
    ///
    /// # Errors
    ///
    /// When the perimeter is not as it must be.
    pub fn new(parts: Parts, settings: Settings) -> Result<Self, GatewayError> {
        let keys = parts.service.keys().cloned();
        let keys = keys.as_deref();
        let force = in_force(&parts.service, &settings)?;
        Ok(Self {
            digests: Digests::new(keys.map(Keyring::current))?,
            hashes: Hashes::new(keys)?,
            service: parts.service,
            exchanges: parts.exchanges,
            host: parts.host,
            force: RwLock::new(Arc::new(force)),
            room: Arc::new(Semaphore::new(settings.in_flight)),
            metrics: Metrics::new(),
            draining: AtomicBool::new(false),
            settings,
        })
    }

    /// Reads perimeter and policies anew. Calls under way keep what they began with.
    ///
    /// # Errors
    ///
    /// When one of them is not as it must be: then everything stays as it was.
    pub fn reload(&self) -> Result<(), GatewayError> {
        // Policies first, since the perimeter is held against them; they are read whole or not at all.
        self.service.reload()?;
        let force = in_force(&self.service, &self.settings)?;
        *self.force.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(force);
        Ok(())
    }

    fn force(&self) -> Arc<InForce> {
        Arc::clone(&self.force.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// What keeps calls from being made, in a sentence.
    pub fn missing(&self) -> Option<String> {
        let lacks = self.service.counter().err().or_else(|| self.service.vault().err());
        lacks.or_else(|| self.lacks_of_policies()).map(|fault| fault.to_string())
    }

    fn lacks_of_policies(&self) -> Option<crate::service::fault::Fault> {
        let (force, shelf) = (self.force(), self.service.shelf());
        let treatments = force.perimeter.upstreams().iter().flat_map(|upstream| [&upstream.chat, &upstream.embeddings]);
        treatments
            .map(|treatment| {
                shelf.policy(&treatment.policy).and_then(|policy| policy.transform(&treatment.destination))
            })
            .find_map(Result::err)
    }

    fn is_ready(&self) -> bool {
        let ready = !self.draining.load(Ordering::Relaxed) && self.missing().is_none();
        self.metrics.ready.set(i64::from(ready));
        ready
    }
}

impl InForce {
    /// The way to an upstream of this perimeter.
    fn way(&self, name: &str) -> Option<&Arc<Reach>> {
        let place = self.perimeter.upstreams().iter().position(|upstream| upstream.name == name);
        place.and_then(|place| self.ways.get(place))
    }
}

fn in_force(service: &Service, settings: &Settings) -> Result<InForce, GatewayError> {
    let perimeter = load(&settings.perimeter)?;
    let shelf = service.shelf();
    for upstream in perimeter.upstreams() {
        for treatment in [&upstream.chat, &upstream.embeddings] {
            let found = shelf.policy(&treatment.policy).map(|policy| {
                treatment.destination.is_empty() || policy.destinations().any(|name| name == treatment.destination)
            });
            if found != Ok(true) {
                return Err(GatewayError::Policy {
                    upstream: upstream.name.clone(),
                    policy: treatment.policy.clone(),
                    destination: treatment.destination.clone(),
                });
            }
        }
    }
    let ways = perimeter.upstreams().iter().map(|upstream| Reach::new(upstream, settings.connect).map(Arc::new));
    let ways = ways.collect::<Result<_, _>>()?;
    Ok(InForce { perimeter, ways })
}

/// Reads a perimeter's file.
///
/// # Errors
///
/// When it cannot be read, or is none.
pub fn load(path: &std::path::Path) -> Result<Perimeter, GatewayError> {
    let name = || path.display().to_string();
    let text = std::fs::read_to_string(path).map_err(|error| GatewayError::Read { name: name(), error })?;
    Perimeter::from_toml(&text).map_err(|error| GatewayError::Perimeter { name: name(), error })
}

/// The day that it is, in UTC.
fn today() -> Date {
    jiff::Timestamp::now().to_zoned(TimeZone::UTC).date()
}

impl std::fmt::Debug for Gateway {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Gateway").field("settings", &self.settings).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
