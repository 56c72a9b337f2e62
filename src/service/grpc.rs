//! The door of gRPC.

use std::pin::Pin;
use std::sync::Arc;

use tokio_stream::Stream;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status, Streaming};

use super::fault::Fault;
use super::gate::{Call, Door, pass};
use super::proto::deidre_server::{Deidre, DeidreServer};
use super::proto::{
    DESCRIPTORS, DeidentifyRequest, DeidentifyResponse, DeidentifyStreamRequest, DeidentifyStreamResponse,
    DetectRequest, DetectResponse, GetVersionRequest, GetVersionResponse, ListPoliciesRequest, ListPoliciesResponse,
    RevealRequest, RevealResponse, RevealStreamRequest, RevealStreamResponse,
};
use super::{Service, reveal, stream, work};

/// Answers calls.
#[derive(Clone)]
struct Clerk(Arc<Service>);

/// The routes of gRPC: the service, health, reflection; behind the gate.
pub(crate) fn router<H>(service: &Arc<Service>, health: H) -> axum::Router
where
    H: tonic::codegen::Service<
            axum::http::Request<tonic::body::Body>,
            Response = axum::http::Response<tonic::body::Body>,
            Error = std::convert::Infallible,
        > + tonic::server::NamedService
        + Clone
        + Send
        + Sync
        + 'static,
    H::Future: Send + 'static,
{
    // What is around the text: names, ids, context.
    let most = service.settings.text + (256 << 10);
    let deidre = DeidreServer::new(Clerk(Arc::clone(service)))
        .max_decoding_message_size(most)
        .max_encoding_message_size(usize::MAX);
    let mut routes = tonic::service::Routes::new(deidre).add_service(health);
    let reflection = tonic_reflection::server::Builder::configure()
        .register_encoded_file_descriptor_set(DESCRIPTORS)
        .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
        .build_v1();
    if let Ok(reflection) = reflection {
        routes = routes.add_service(reflection);
    }
    let gate = axum::middleware::from_fn_with_state((Arc::clone(service), Door::Grpc), pass);
    routes.into_axum_router().layer(gate)
}

type Answers<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

#[tonic::async_trait]
impl Deidre for Clerk {
    async fn deidentify(&self, request: Request<DeidentifyRequest>) -> Result<Response<DeidentifyResponse>, Status> {
        let (call, request) = open(request)?;
        answer(work::deidentify(&self.0, &call, request).await)
    }

    type DeidentifyStreamStream = Answers<DeidentifyStreamResponse>;

    async fn deidentify_stream(
        &self,
        request: Request<Streaming<DeidentifyStreamRequest>>,
    ) -> Result<Response<Self::DeidentifyStreamStream>, Status> {
        let (call, messages) = open(request)?;
        let answers = stream::deidentify(Arc::clone(&self.0), call, messages);
        Ok(Response::new(Box::pin(ReceiverStream::new(answers))))
    }

    async fn reveal(&self, request: Request<RevealRequest>) -> Result<Response<RevealResponse>, Status> {
        let (call, request) = open(request)?;
        answer(reveal::reveal(&self.0, &call, request).await)
    }

    type RevealStreamStream = Answers<RevealStreamResponse>;

    async fn reveal_stream(
        &self,
        request: Request<Streaming<RevealStreamRequest>>,
    ) -> Result<Response<Self::RevealStreamStream>, Status> {
        let (call, messages) = open(request)?;
        let answers = stream::reveal(Arc::clone(&self.0), call, messages);
        Ok(Response::new(Box::pin(ReceiverStream::new(answers))))
    }

    async fn detect(&self, request: Request<DetectRequest>) -> Result<Response<DetectResponse>, Status> {
        let (call, request) = open(request)?;
        answer(work::detect(&self.0, &call, request).await)
    }

    async fn list_policies(
        &self,
        request: Request<ListPoliciesRequest>,
    ) -> Result<Response<ListPoliciesResponse>, Status> {
        let (call, _) = open(request)?;
        Ok(Response::new(work::policies(&self.0, call.identity())))
    }

    async fn get_version(&self, request: Request<GetVersionRequest>) -> Result<Response<GetVersionResponse>, Status> {
        open(request)?;
        Ok(Response::new(self.0.version()))
    }
}

/// The call, as the gate let it in, and its message.
fn open<T>(request: Request<T>) -> Result<(Call, T), Status> {
    let (_, mut extensions, message) = request.into_parts();
    let call = extensions.remove::<Call>().ok_or_else(|| Fault::Internal.status())?;
    Ok((call, message))
}

fn answer<T>(answer: Result<T, Fault>) -> Result<Response<T>, Status> {
    answer.map(Response::new).map_err(|fault| fault.status())
}
