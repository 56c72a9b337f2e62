//! The gateway's port: connections are those of the service; what is asked on them is a call, or about the gateway itself.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};

use super::perimeter::Role;
use super::route::Dialect;
use super::rule::{Refusal, Rule};
use super::{Gateway, call};
use crate::service::gate::Door;
use crate::service::listen::{Ended, Keeping, Port, Signal, drained};
use crate::service::tls::Tls;

/// Answers until it is told to end, and then until what was accepted is done. `signals` must not end before.
pub async fn serve(
    gateway: Arc<Gateway>,
    listener: TcpListener,
    tls: Option<Arc<Tls>>,
    mut signals: mpsc::Receiver<Signal>,
) -> Ended {
    let (end, ending) = watch::channel(false);
    let open = Arc::new(AtomicUsize::new(0));
    let port = Port {
        listener,
        door: Door::Http,
        router: router(&gateway),
        tls: tls.clone(),
        keeping: Keeping {
            connections: gateway.settings.connections,
            idle: gateway.settings.idle,
            gauge: gateway.service.metrics.connections.clone(),
        },
        open: Arc::clone(&open),
        ending,
    };
    let door = tokio::spawn(port.accept());
    let (mut tick, mut seeking) = (tokio::time::interval(CHECK), None::<tokio::task::JoinHandle<()>>);
    loop {
        tokio::select! {
            signal = signals.recv() => match signal {
                Some(Signal::Reload) => reload(&gateway, tls.as_ref()).await,
                Some(Signal::End) | None => break,
            },
            _ = tick.tick() => {
                let own = Arc::clone(&gateway);
                // It asks the vault, which may be slow to answer.
                if seeking.as_ref().is_none_or(tokio::task::JoinHandle::is_finished) {
                    seeking = Some(tokio::task::spawn_blocking(move || {
                        if let Err(error) = own.service.seek_vault() {
                            tracing::warn!(%error, "policies stay as they were");
                        }
                    }));
                }
            }
        }
    }
    gateway.draining.store(true, Ordering::Relaxed);
    gateway.is_ready();
    tracing::info!(connections = open.load(Ordering::Relaxed), "draining");
    // Nobody receives it once all connections are gone.
    let _ = end.send(true);
    let until = tokio::time::Instant::now() + gateway.settings.drain;
    // It ends as soon as it is told.
    let _ = door.await;
    drained(&open, until).await
}

async fn reload(gateway: &Arc<Gateway>, tls: Option<&Arc<Tls>>) {
    let (own, tls) = (Arc::clone(gateway), tls.cloned());
    let done = tokio::task::spawn_blocking(move || {
        own.reload().map_err(|e| e.to_string())?;
        tls.map_or(Ok(()), |tls| tls.reload().map_err(|e| e.to_string()))
    });
    match done.await {
        Ok(Ok(())) => tracing::info!("read perimeter, policies and certificates anew"),
        Ok(Err(error)) => tracing::error!(error, "reload failed, what was there stays"),
        Err(_) => tracing::error!("reload failed, what was there stays"),
    }
}

fn router(gateway: &Arc<Gateway>) -> Router {
    Router::new()
        .route("/healthz", get(async || "ok\n"))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
        .fallback(call::answer)
        .with_state(Arc::clone(gateway))
}

async fn ready(State(gateway): State<Arc<Gateway>>) -> Response {
    match (gateway.is_ready(), gateway.missing()) {
        (true, _) => "ready\n".into_response(),
        (false, Some(missing)) => (StatusCode::SERVICE_UNAVAILABLE, format!("{missing}\n")).into_response(),
        (false, None) => (StatusCode::SERVICE_UNAVAILABLE, "draining\n").into_response(),
    }
}

async fn metrics(State(gateway): State<Arc<Gateway>>, request: Request) -> Response {
    let force = gateway.force();
    let known = call::caller(&force, &request);
    let admitted = known.and_then(|client| client.admit(Role::Admin, Instant::now()));
    if let Err(refusal) = admitted {
        let refusal = if refusal.rule == Rule::Role { Refusal::new(Rule::Role) } else { refusal };
        return refusal.answer(Dialect::OpenAi, "");
    }
    gateway.is_ready();
    let kind = HeaderValue::from_static("application/openmetrics-text; version=1.0.0; charset=utf-8");
    if let Some(syslog) = gateway.exchanges.syslog() {
        gateway.metrics.syslog(syslog.read());
    }
    let page = gateway.metrics.page() + &gateway.service.counts();
    ([(header::CONTENT_TYPE, kind)], page).into_response()
}

/// How often it is looked whether something has changed.
const CHECK: Duration = Duration::from_secs(2);
