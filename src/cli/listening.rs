//! What `serve` and `gateway` have in common: how they listen, with what they scrub, and how they end.

use std::net::{SocketAddr, ToSocketAddrs};
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::mpsc;

use super::transform_args::KeyArgs;
use super::vault_args::VaultArgs;
use super::{FAILED, ModelArgs};
use crate::audit::{Outcome, Record, Verb};
use crate::service::Parts;
use crate::service::listen::{Ended, Signal};
use crate::service::tls::{Files, Tls};
use crate::setup;

/// How a port is secured.
#[derive(clap::Args, Debug)]
#[command(next_help_heading = "Listening")]
pub(super) struct TlsArgs {
    /// Own certificate in PEM, with those between it and its authority
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_cert: Option<PathBuf>,
    /// Key of that certificate
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<PathBuf>,
    /// Authorities of the certificates that clients must show
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    client_ca: Option<PathBuf>,
    /// Listen on addresses that others reach without TLS: where something in front of it has TLS
    #[arg(long)]
    insecure_listen: bool,
}

impl TlsArgs {
    /// Reads certificates; refuses to be reached by others without.
    pub(super) fn read(&self, loopback: bool) -> anyhow::Result<Option<Arc<Tls>>> {
        ensure!(
            loopback || self.insecure_listen || self.tls_cert.is_some(),
            "others reach this address: give --tls-cert and --tls-key, or --insecure-listen where something in front has TLS"
        );
        let (Some(cert), Some(key)) = (&self.tls_cert, &self.tls_key) else { return Ok(None) };
        let files = Files { cert: cert.clone(), key: key.clone(), client_ca: self.client_ca.clone() };
        Ok(Some(Arc::new(Tls::read(files)?)))
    }
}

/// What texts are scrubbed with, without a trail.
pub(super) fn supplies(
    key: &KeyArgs,
    vault: &VaultArgs,
    model: &ModelArgs,
    jobs: Option<NonZeroUsize>,
) -> anyhow::Result<Parts> {
    let keys = key.ring()?.map(Arc::new);
    if vault.is_named() && keys.is_none() {
        bail!("--vault needs a key: give it with --key-file, --key-command or in DEIDRE_KEY");
    }
    let (engine, model) = match model.parts() {
        Ok((engine, model)) => (Some(engine), model),
        // It is there and says so, rather than starting over and over.
        Err(error) => {
            tracing::error!("the model cannot be loaded, nothing is answered: {error:#}");
            (None, None)
        }
    };
    let (vault, ring) = (vault.clone(), keys.clone());
    Ok(Parts {
        engine,
        model,
        keys,
        vault: Box::new(move || vault.open(ring.as_deref()).map_err(|error| format!("{error:#}"))),
        trail: None,
        record: Record::new(Verb::Reveal, Outcome::Started),
        pool: super::pool(jobs)?,
        year: setup::present_year(),
        traces: None,
    })
}

/// The threads that talk to callers.
pub(super) fn runtime(name: &str) -> anyhow::Result<Runtime> {
    let threads = Builder::new_multi_thread().worker_threads(IO).thread_name(name).enable_all().build();
    threads.context("cannot start threads")
}

/// Ends, and says what was cut off.
pub(super) fn finish(runtime: Runtime, ended: Ended) -> ExitCode {
    // A caller that never reads must not keep the process.
    runtime.shutdown_timeout(Duration::from_secs(1));
    match ended {
        Ended::Drained => ExitCode::SUCCESS,
        Ended::Cut(connections) => {
            super::say(&format!("{connections} connections were still open after --drain-timeout and were cut off"));
            ExitCode::from(CUT)
        }
    }
}

/// Signals of the system, as the service is told them.
#[cfg(not(unix))]
pub(super) fn signals() -> anyhow::Result<mpsc::Receiver<Signal>> {
    let (tell, told) = mpsc::channel(1);
    tokio::spawn(async move {
        // Without the signal it ends when it is ended.
        if tokio::signal::ctrl_c().await.is_ok() {
            let _ = tell.send(Signal::End).await;
        }
        std::future::pending::<()>().await;
    });
    Ok(told)
}

/// Signals of the system, as the service is told them.
#[cfg(unix)]
pub(super) fn signals() -> anyhow::Result<mpsc::Receiver<Signal>> {
    use tokio::signal::unix::{SignalKind, signal};
    let (tell, told) = mpsc::channel(4);
    for (kind, means) in [
        (SignalKind::terminate(), Signal::End),
        (SignalKind::interrupt(), Signal::End),
        (SignalKind::hangup(), Signal::Reload),
    ] {
        let mut signals = signal(kind).context("cannot listen for signals")?;
        let tell = tell.clone();
        tokio::spawn(async move {
            while signals.recv().await.is_some() {
                if tell.send(means).await.is_err() {
                    return;
                }
            }
        });
    }
    Ok(told)
}

pub(super) fn addresses(text: &str) -> anyhow::Result<Vec<SocketAddr>> {
    let addresses: Vec<SocketAddr> = text.to_socket_addrs().with_context(|| format!("{text}: HOST:PORT"))?.collect();
    ensure!(!addresses.is_empty(), "{text}: no address");
    Ok(addresses)
}

pub(super) fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text.parse().map_err(|_| "a number of seconds".to_owned())?;
    match Duration::try_from_secs_f64(seconds) {
        Ok(time) if !time.is_zero() && seconds <= 86_400.0 => Ok(time),
        _ => Err("seconds, above 0 and up to 86400".to_owned()),
    }
}

/// Threads that talk to callers. They do next to nothing but move bytes.
const IO: usize = 2;
/// Some of what was accepted was cut off.
const CUT: u8 = 1;
const _: () = assert!(CUT != FAILED);
