//! `deidre serve`: the service over gRPC, and JSON over HTTP.

use std::net::{SocketAddr, ToSocketAddrs};
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use super::audit_args::AuditArgs;
use super::transform_args::KeyArgs;
use super::vault_args::VaultArgs;
use super::{FAILED, ModelArgs};
use crate::audit::{Outcome, Record, Verb};
use crate::service::access::Role;
use crate::service::listen::{Ended, Ports, Signal, serve};
use crate::service::tls::{Files, Tls};
use crate::service::{Admission, Parts, Service, Settings};
use crate::setup;

#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:
  deidre serve --key-file deidre.key
  deidre serve --policy redact --no-model --http off
  deidre serve --listen 0.0.0.0:50051 --http 0.0.0.0:8080 --tls-cert cert.pem --tls-key key.pem --access access.toml \\
    --key-file deidre.key --vault postgres://deidre@db.example/deidre
  curl -s localhost:8080/v1/deidentify -d '{\"text\":\"Seen by Dr. Osei.\",\"options\":{\"policy\":\"redact\"}}'

Once it listens it says so in one line on stderr: listening grpc=ADDR http=ADDR

SIGTERM and SIGINT end it when what it accepted is done; SIGHUP has it read policies, access file and certificates anew.

Exit: 0 ended and everything accepted was done, 1 some of it was cut off, 2 could not run.")]
pub(crate) struct Args {
    /// Address for gRPC; port 0 takes one that is free
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:50051", help_heading = "Listening")]
    listen: String,
    /// Address for JSON over HTTP, health and metrics; 'off' for none
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8080", help_heading = "Listening")]
    http: String,
    /// Certificate of the service in PEM, with those between it and its authority
    #[arg(long, value_name = "FILE", requires = "tls_key", help_heading = "Listening")]
    tls_cert: Option<PathBuf>,
    /// Key of that certificate
    #[arg(long, value_name = "FILE", requires = "tls_cert", help_heading = "Listening")]
    tls_key: Option<PathBuf>,
    /// Authorities of the certificates that clients must show
    #[arg(long, value_name = "FILE", requires = "tls_cert", help_heading = "Listening")]
    client_ca: Option<PathBuf>,
    /// Listen on addresses that others reach without TLS: where something in front of it has TLS
    #[arg(long, help_heading = "Listening")]
    insecure_listen: bool,
    /// TOML file of who may do what, by token or certificate; needed on addresses that others reach
    #[arg(long, value_name = "FILE", help_heading = "Access")]
    access: Option<PathBuf>,
    /// Without an access file, let callers on this machine reveal and read metrics too, not only scrub
    #[arg(long, conflicts_with = "access", help_heading = "Access")]
    open_loopback: bool,
    /// Policy of requests that name none: a preset, or one of --policies
    #[arg(long, value_name = "NAME", default_value = "minimum-necessary")]
    policy: String,
    /// Folder of policies beside the presets, a TOML file each
    #[arg(long, value_name = "DIR")]
    policies: Option<PathBuf>,
    #[command(flatten)]
    key: KeyArgs,
    #[command(flatten)]
    vault: VaultArgs,
    #[command(flatten)]
    model: ModelArgs,
    #[command(flatten)]
    audit: AuditArgs,
    #[command(flatten)]
    limits: Limits,
    /// What is logged to stderr, as RUST_LOG says it: error, warn, info, debug, trace [default: RUST_LOG, or info]
    #[arg(long, value_name = "LEVEL")]
    log: Option<String>,
}

/// How much at once, and for how long.
#[derive(clap::Args, Debug)]
#[command(next_help_heading = "Limits")]
struct Limits {
    /// Threads that scrub [default: one a core]
    #[arg(long, value_name = "N")]
    jobs: Option<NonZeroUsize>,
    /// Requests at once; further ones are refused before they are read
    #[arg(long, value_name = "N", default_value = "64")]
    max_in_flight: NonZeroUsize,
    /// Streams at once
    #[arg(long, value_name = "N", default_value = "256")]
    max_streams: NonZeroUsize,
    /// Connections at once, on each port
    #[arg(long, value_name = "N", default_value = "1024")]
    max_connections: NonZeroUsize,
    /// Bytes of text in a request
    #[arg(long, value_name = "BYTES", default_value = "4194304")]
    max_text: NonZeroUsize,
    /// Bytes of text in a stream
    #[arg(long, value_name = "BYTES", default_value = "67108864")]
    max_stream: NonZeroUsize,
    /// Seconds that a request has which brings no deadline
    #[arg(long, value_name = "SECONDS", default_value = "30", value_parser = seconds)]
    deadline: Duration,
    /// Seconds that a stream or connection may say nothing
    #[arg(long, value_name = "SECONDS", default_value = "60", value_parser = seconds)]
    idle: Duration,
    /// Microseconds that the model waits for windows of other requests
    #[arg(long, value_name = "MICROSECONDS", default_value_t = 0)]
    batch_wait: u32,
    /// Seconds that accepted requests may take after SIGTERM
    #[arg(long, value_name = "SECONDS", default_value = "30", value_parser = seconds)]
    drain_timeout: Duration,
}

impl Args {
    /// What is to be logged, when it was said.
    pub(crate) fn log(&self) -> Option<&str> {
        self.log.as_deref()
    }
}

pub(crate) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let grpc = addresses(&args.listen).context("--listen")?;
    let http = match args.http.as_str() {
        "off" => None,
        address => Some(addresses(address).context("--http")?),
    };
    check(args, grpc.iter().chain(http.iter().flatten()).all(|address| address.ip().is_loopback()))?;
    let tls = match (&args.tls_cert, &args.tls_key) {
        (Some(cert), Some(key)) => {
            let files = Files { cert: cert.clone(), key: key.clone(), client_ca: args.client_ca.clone() };
            Some(Arc::new(Tls::read(files)?))
        }
        _ => None,
    };
    let service = Arc::new(Service::new(parts(args)?, settings(args))?);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(IO)
        .thread_name("serve")
        .enable_all()
        .build()
        .context("cannot start threads")?;
    let ended = runtime.block_on(async {
        // Before it says that it listens: a signal that comes then must not end it otherwise.
        let signals = signals()?;
        let grpc = TcpListener::bind(&*grpc).await.with_context(|| format!("--listen {}", args.listen))?;
        let http = match &http {
            Some(http) => Some(TcpListener::bind(&**http).await.with_context(|| format!("--http {}", args.http))?),
            None => None,
        };
        let at = |listener: &TcpListener| listener.local_addr().map_or(String::new(), |address| address.to_string());
        let off = || "off".to_owned();
        super::say(&format!("listening grpc={} http={}", at(&grpc), http.as_ref().map_or_else(off, at)));
        if let Some(missing) = service.missing() {
            tracing::warn!(missing, "requests of the default policy are refused until it is there");
        }
        anyhow::Ok(serve(Arc::clone(&service), Ports { grpc, http, tls }, signals).await)
    })?;
    // A caller that never reads must not keep the process.
    runtime.shutdown_timeout(Duration::from_secs(1));
    Ok(match ended {
        Ended::Drained => ExitCode::SUCCESS,
        Ended::Cut(connections) => {
            super::say(&format!("{connections} connections were still open after --drain-timeout and were cut off"));
            ExitCode::from(CUT)
        }
    })
}

/// Refuses to be reached by others without TLS and without knowing them.
fn check(args: &Args, loopback: bool) -> anyhow::Result<()> {
    check_tls(loopback, args.tls_cert.is_some() || args.insecure_listen)?;
    ensure!(loopback || args.access.is_some(), "others reach this address: say with --access who may do what");
    Ok(())
}

/// Refuses to be reached by others without TLS.
pub(super) fn check_tls(loopback: bool, secured: bool) -> anyhow::Result<()> {
    ensure!(
        loopback || secured,
        "others reach this address: give --tls-cert and --tls-key, or --insecure-listen where something in front has TLS"
    );
    Ok(())
}

fn parts(args: &Args) -> anyhow::Result<Parts> {
    let mut parts = supplies(&args.key, &args.vault, &args.model, args.limits.jobs)?;
    parts.trail = match parts.keys.as_deref().map(|keys| args.audit.open(Some(keys))) {
        None => None,
        Some(Ok(trail)) => Some(trail),
        Some(Err(error)) => {
            tracing::warn!("the audit trail cannot be written, nothing is revealed: {error:#}");
            None
        }
    };
    parts.record = args.audit.record(Verb::Reveal, Outcome::Started);
    Ok(parts)
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
    })
}

fn settings(args: &Args) -> Settings {
    let Limits { max_in_flight, max_streams, max_connections, max_text, max_stream, .. } = args.limits;
    Settings {
        policy: args.policy.clone(),
        policies: args.policies.clone(),
        access: match &args.access {
            Some(file) => Admission::File(file.clone()),
            None if args.open_loopback => Admission::Anybody(Role::ALL.to_vec()),
            None => Admission::Anybody(vec![Role::Deidentify]),
        },
        in_flight: max_in_flight.get(),
        streams: max_streams.get(),
        connections: max_connections.get(),
        text: max_text.get(),
        stream_text: max_stream.get(),
        deadline: args.limits.deadline,
        idle: args.limits.idle,
        batch_wait: Duration::from_micros(args.limits.batch_wait.into()),
        drain: args.limits.drain_timeout,
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
pub(super) const IO: usize = 2;
/// Some of what was accepted was cut off.
pub(super) const CUT: u8 = 1;
const _: () = assert!(CUT != FAILED);
