//! `deidre serve`: the service over gRPC, and JSON over HTTP.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, ensure};
use tokio::net::TcpListener;

use super::ModelArgs;
use super::audit_args::AuditArgs;
use super::listening::{TlsArgs, addresses, finish, runtime, seconds, signals, supplies};
use super::transform_args::KeyArgs;
use super::vault_args::VaultArgs;
use crate::audit::{Outcome, Verb};
use crate::service::access::Role;
use crate::service::listen::{Ports, serve};
use crate::service::otlp::Traces;
use crate::service::{Admission, Parts, Service, Settings};

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
    #[command(flatten)]
    tls: TlsArgs,
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
    /// Collector that gets a trace of each request, by OTLP over gRPC: http://HOST:4317 or https://HOST:4317
    #[arg(long, value_name = "URL", env = "OTEL_EXPORTER_OTLP_ENDPOINT", hide_env_values = true)]
    otlp: Option<String>,
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
    let loopback = grpc.iter().chain(http.iter().flatten()).all(|address| address.ip().is_loopback());
    let tls = args.tls.read(loopback)?;
    ensure!(loopback || args.access.is_some(), "others reach this address: say with --access who may do what");
    let runtime = runtime("serve")?;
    let mut parts = parts(args)?;
    parts.traces = {
        let _inside = runtime.enter();
        args.otlp.as_deref().map(Traces::new).transpose().context("--otlp")?
    };
    let service = Arc::new(Service::new(parts, settings(args))?);
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
    service.end_traces();
    Ok(finish(runtime, ended))
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
