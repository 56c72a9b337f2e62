//! Connections: kept for the next call, given up when they break, and what an error of one means.

use std::error::Error;
use std::io;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use postgres::error::{DbError, SqlState};
use postgres::{Client, Statement};

use super::address::Address;
use super::tables;
use crate::vault::VaultError;

/// The connections of one vault.
pub(super) struct Sessions {
    address: Address,
    idle: Mutex<Vec<Session>>,
}

/// One connection, with the statements that are asked again and again.
pub(super) struct Session {
    pub(super) client: Client,
    pub(super) look_up: Statement,
    pub(super) owners: Statement,
    pub(super) insert: Statement,
    schema: String,
}

/// Why a call did not come to its end.
pub(super) enum Fault {
    /// It would not help to try again.
    Final(VaultError),
    /// Others were in the way: tried again.
    Again(&'static str),
    /// The connection is gone.
    Broken(VaultError),
}

impl Sessions {
    pub(super) fn new(address: Address) -> Sessions {
        Sessions { address, idle: Mutex::new(Vec::new()) }
    }

    /// The name of the schema.
    pub(super) fn schema(&self) -> &str {
        self.address.schema()
    }

    /// Does `work`, which may be done twice: again when others were in the way, and once more on a new connection when
    /// the one it had is gone.
    pub(super) fn run<T>(&self, mut work: impl FnMut(&mut Session) -> Result<T, Fault>) -> Result<T, VaultError> {
        let mut broken = false;
        let mut why = "";
        for attempt in 0..ATTEMPTS {
            pause(attempt)?;
            let mut session = match self.idle().pop() {
                Some(session) => session,
                None => self.connect()?,
            };
            let fault = match work(&mut session) {
                Ok(done) => {
                    self.keep(session);
                    return Ok(done);
                }
                Err(fault) => fault,
            };
            if !matches!(fault, Fault::Broken(_)) && session.client.batch_execute("ROLLBACK").is_ok() {
                self.keep(session);
            }
            match fault {
                Fault::Final(error) => return Err(error),
                Fault::Again(reason) => why = reason,
                Fault::Broken(error) if broken => return Err(error),
                Fault::Broken(_) => {
                    broken = true;
                    // What broke this one broke the others.
                    self.idle().clear();
                }
            }
        }
        Err(VaultError::Database(format!("given up after {ATTEMPTS} attempts: {why}")))
    }

    /// Does `work` on a connection of its own, once: a connection that breaks leaves open whether it was done.
    pub(super) fn run_once<T>(&self, work: impl FnOnce(&mut Session) -> Result<T, Fault>) -> Result<T, VaultError> {
        let mut session = self.connect()?;
        Ok(work(&mut session)?)
    }

    fn connect(&self) -> Result<Session, VaultError> {
        let connected = self.address.connect().map_err(|error| told(&error, Stage::Connecting))?;
        let session = Session::new(connected, self.schema());
        session.map_err(|error| told(&error, Stage::Connected))
    }

    /// Connects and does `work` before any statement is prepared: the tables may not be there.
    pub(super) fn first<T>(&self, work: impl FnOnce(&mut Client) -> Result<T, Fault>) -> Result<T, VaultError> {
        let mut client = self.address.connect().map_err(|error| told(&error, Stage::Connecting))?;
        Ok(work(&mut client)?)
    }

    fn keep(&self, session: Session) {
        let mut idle = self.idle();
        if idle.len() < IDLE && !session.client.is_closed() {
            idle.push(session);
        }
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Session>> {
        // Whoever panicked held no session of the list.
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Session {
    fn new(mut client: Client, schema: &str) -> Result<Session, postgres::Error> {
        client.batch_execute(SETTINGS)?;
        let mut prepare = |text| client.prepare(&tables::within(text, schema));
        let look_up = prepare(tables::LOOK_UP)?;
        let owners = prepare(tables::OWNERS)?;
        let insert = prepare(tables::INSERT_ENTRIES)?;
        Ok(Session { client, look_up, owners, insert, schema: schema.to_owned() })
    }

    /// A text of [`tables`] with the schema in it.
    pub(super) fn text(&self, text: &str) -> String {
        tables::within(text, &self.schema)
    }

    /// Begins a transaction that others may run beside, but none that [begins alone](Session::begin_alone).
    pub(super) fn begin_shared(&mut self, lock: i64) -> Result<(), Fault> {
        let text = format!("{BEGIN}; SELECT pg_catalog.pg_advisory_xact_lock_shared({lock})");
        Ok(self.client.batch_execute(&text)?)
    }

    /// Begins a transaction beside which nothing writes.
    pub(super) fn begin_alone(&mut self, lock: i64) -> Result<(), Fault> {
        let text = format!(
            "{BEGIN}; SET LOCAL idle_in_transaction_session_timeout = 0; SELECT pg_catalog.pg_advisory_xact_lock({lock})"
        );
        Ok(self.client.batch_execute(&text)?)
    }

    /// Begins a transaction that sees one moment, whatever is written meanwhile.
    pub(super) fn begin_reading(&mut self) -> Result<(), Fault> {
        let text = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL idle_in_transaction_session_timeout = 0";
        Ok(self.client.batch_execute(text)?)
    }

    /// Ends the transaction: when it returns, what was written is durable.
    pub(super) fn commit(&mut self) -> Result<(), Fault> {
        Ok(self.client.batch_execute("COMMIT")?)
    }
}

impl From<Fault> for VaultError {
    /// Where it is not tried again.
    fn from(fault: Fault) -> VaultError {
        match fault {
            Fault::Final(error) | Fault::Broken(error) => error,
            Fault::Again(why) => VaultError::Database(format!("not done: {why}; try again")),
        }
    }
}

impl From<VaultError> for Fault {
    fn from(error: VaultError) -> Fault {
        Fault::Final(error)
    }
}

impl From<postgres::Error> for Fault {
    fn from(error: postgres::Error) -> Fault {
        let again =
            [SqlState::T_R_SERIALIZATION_FAILURE, SqlState::T_R_DEADLOCK_DETECTED, SqlState::LOCK_NOT_AVAILABLE];
        match error.code() {
            Some(code) if again.contains(code) => Fault::Again("others wrote the same values at the same time"),
            // 08 connection, 57P operator intervention, 25P03 idle in a transaction for too long.
            Some(code) if ["08", "57P", "25P03"].iter().any(|class| code.code().starts_with(class)) => {
                Fault::Broken(told(&error, Stage::Connected))
            }
            // A statement that was prepared before tables were changed, or on another connection of a pooler.
            Some(code) if *code == SqlState::FEATURE_NOT_SUPPORTED || *code == SqlState::INVALID_SQL_STATEMENT_NAME => {
                Fault::Broken(told(&error, Stage::Connected))
            }
            Some(_) => Fault::Final(told(&error, Stage::Connected)),
            None if error.is_closed() || io_of(&error).is_some() => Fault::Broken(told(&error, Stage::Connected)),
            None => Fault::Final(told(&error, Stage::Connected)),
        }
    }
}

/// Whether anything of records was sent already.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Connecting,
    Connected,
}

/// What may be said of an error. Details of the server are left out: they can hold a row.
fn told(error: &postgres::Error, stage: Stage) -> VaultError {
    if let Some(about) = error.as_db_error() {
        return told_by_server(about, stage);
    }
    let text = match (io_of(error), error.source()) {
        (Some(cause), _) => format!("{error}: {cause}"),
        // Nothing was sent but the name of the user.
        (None, Some(cause)) if stage == Stage::Connecting => format!("{error}: {cause}"),
        _ => error.to_string(),
    };
    VaultError::Database(text)
}

fn told_by_server(about: &DbError, stage: Stage) -> VaultError {
    let code = about.code();
    if *code == SqlState::DISK_FULL {
        return VaultError::Full(io::Error::new(io::ErrorKind::StorageFull, "the disk of the database is full"));
    }
    // Their messages name roles, databases, schemas, tables, settings and limits only. 08 connection, 25006 read only,
    // 28 authorization, 3D no such database, 3F no such schema, 42 names and privileges, 53 resources, 57 operator.
    let plain = ["08", "25006", "28", "3D", "3F", "42", "53", "57"];
    if stage == Stage::Connecting || plain.iter().any(|class| code.code().starts_with(class)) {
        return VaultError::Database(format!("{} (SQLSTATE {})", about.message(), code.code()));
    }
    VaultError::Database(format!("SQLSTATE {}; the log of the server says more", code.code()))
}

fn io_of(error: &postgres::Error) -> Option<&io::Error> {
    error.source()?.downcast_ref()
}

/// Waits before another attempt, at random, so that those who met do not meet again.
fn pause(attempt: u32) -> Result<(), VaultError> {
    if attempt > 0 {
        let mut byte = [0];
        getrandom::fill(&mut byte).map_err(|_| VaultError::Random)?;
        std::thread::sleep(Duration::from_micros(u64::from(byte[0]) * 80 * u64::from(attempt)));
    }
    Ok(())
}

/// Said before anything else. Every statement finds its rows by an index: a plan made while a table was small must not
/// read all of it later. A machine that stops in the middle must not hold others up for ever. And what was committed must
/// be durable, whatever the server is set to.
const SETTINGS: &str = "SET search_path = pg_catalog; SET enable_seqscan = off; SET plan_cache_mode = force_generic_plan; \
    SET jit = off; SET idle_in_transaction_session_timeout = '60s'; \
    SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'";

const BEGIN: &str = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE";

/// How often a call is tried.
const ATTEMPTS: u32 = 10;

/// Connections that are kept while nobody needs them.
const IDLE: usize = 16;
