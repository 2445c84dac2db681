//! The gRPC session through which BuildKit asks for secrets and registry credentials.
//!
//! The engine's connection is upgraded and turned round: the engine is the client, this
//! side serves. It ends with the tasks it was opened in.

use std::collections::HashMap;
use std::pin::Pin;

use bollard_buildkit_proto::health::health_server::{Health, HealthServer};
use bollard_buildkit_proto::health::{
    HealthCheckRequest, HealthCheckResponse, HealthListRequest, HealthListResponse,
    health_check_response::ServingStatus,
};
use bollard_buildkit_proto::moby::buildkit::secrets::v1::secrets_server::{Secrets, SecretsServer};
use bollard_buildkit_proto::moby::buildkit::secrets::v1::{GetSecretRequest, GetSecretResponse};
use bollard_buildkit_proto::moby::filesync::v1::auth_server::{Auth, AuthServer};
use bollard_buildkit_proto::moby::filesync::v1::{
    CredentialsRequest, CredentialsResponse, FetchTokenRequest, FetchTokenResponse,
    GetTokenAuthorityRequest, GetTokenAuthorityResponse, VerifyTokenAuthorityRequest,
    VerifyTokenAuthorityResponse,
};
use futures_util::Stream;
use http::{Method, Request, StatusCode, header};
use http_body_util::{BodyExt as _, Empty};
use hyper_util::rt::TokioExecutor;
use hyper_util::service::TowerToHyperService;
use longshore_agent_api::{RegistryLogin, WireSecret};
use tokio::task::JoinSet;
use tonic::service::Routes;
use tonic::{Response, Status};

use super::endpoint::{Endpoint, unavailable};
use super::registry;
use crate::stage::StageError;

/// The methods that this side serves, as the engine wants to hear them.
const METHODS: [&str; 3] = [
    "/grpc.health.v1.Health/Check",
    "/moby.buildkit.secrets.v1.Secrets/GetSecret",
    "/moby.filesync.v1.Auth/Credentials",
];

/// Opens a session of an id and serves it.
pub(super) async fn open(
    endpoint: &Endpoint,
    id: &str,
    secrets: HashMap<String, WireSecret>,
    logins: Vec<RegistryLogin>,
    tasks: &mut JoinSet<()>,
) -> Result<(), StageError> {
    let mut sender = endpoint.connect(tasks).await?;
    let mut request = Request::builder()
        .method(Method::POST)
        .uri("/session")
        .header(header::HOST, "docker")
        .header(header::CONNECTION, "Upgrade")
        .header(header::UPGRADE, "h2c")
        .header("X-Docker-Expose-Session-Uuid", id)
        .header("X-Docker-Expose-Session-Name", "longshore")
        .header("X-Docker-Expose-Session-Sharedkey", "");
    for method in METHODS {
        request = request.header("X-Docker-Expose-Session-Grpc-Method", method);
    }
    let request = request
        .body(Empty::new().map_err(|never| match never {}).boxed())
        .map_err(|_| unavailable())?;
    let response = sender
        .send_request(request)
        .await
        .map_err(|_| unavailable())?;
    if response.status() != StatusCode::SWITCHING_PROTOCOLS {
        return Err(unavailable());
    }
    let upgraded = hyper::upgrade::on(response)
        .await
        .map_err(|_| unavailable())?;
    let routes = Routes::new(HealthServer::new(Healthy))
        .add_service(SecretsServer::new(Held(secrets)))
        .add_service(AuthServer::new(Logins(logins)))
        .prepare();
    tasks.spawn(async move {
        // The engine hangs up when the build is over; that is no error of the build.
        let _ = hyper::server::conn::http2::Builder::new(TokioExecutor::new())
            .serve_connection(upgraded, TowerToHyperService::new(routes))
            .await;
    });
    Ok(())
}

/// The secrets of one build.
struct Held(HashMap<String, WireSecret>);

#[tonic::async_trait]
impl Secrets for Held {
    async fn get_secret(
        &self,
        request: tonic::Request<GetSecretRequest>,
    ) -> Result<Response<GetSecretResponse>, Status> {
        let id = request.into_inner().id;
        let secret = self
            .0
            .get(&id)
            .ok_or_else(|| Status::not_found(format!("secret {id} is not set")))?;
        Ok(Response::new(GetSecretResponse {
            data: secret.expose().as_bytes().to_vec(),
        }))
    }
}

/// The accounts at registries; others are asked without one.
struct Logins(Vec<RegistryLogin>);

#[tonic::async_trait]
impl Auth for Logins {
    async fn credentials(
        &self,
        request: tonic::Request<CredentialsRequest>,
    ) -> Result<Response<CredentialsResponse>, Status> {
        let host = request.into_inner().host;
        let login = registry::login_for_host(&self.0, &host);
        Ok(Response::new(login.map_or_else(
            CredentialsResponse::default,
            |login| CredentialsResponse {
                username: login.username.clone(),
                secret: login.password.expose().to_owned(),
            },
        )))
    }

    async fn fetch_token(
        &self,
        _request: tonic::Request<FetchTokenRequest>,
    ) -> Result<Response<FetchTokenResponse>, Status> {
        Err(Status::unimplemented("not served"))
    }

    async fn get_token_authority(
        &self,
        _request: tonic::Request<GetTokenAuthorityRequest>,
    ) -> Result<Response<GetTokenAuthorityResponse>, Status> {
        Err(Status::unimplemented("not served"))
    }

    async fn verify_token_authority(
        &self,
        _request: tonic::Request<VerifyTokenAuthorityRequest>,
    ) -> Result<Response<VerifyTokenAuthorityResponse>, Status> {
        Err(Status::unimplemented("not served"))
    }
}

/// The engine asks every few seconds whether the session lives.
struct Healthy;

#[tonic::async_trait]
impl Health for Healthy {
    type WatchStream =
        Pin<Box<dyn Stream<Item = Result<HealthCheckResponse, Status>> + Send + 'static>>;

    async fn check(
        &self,
        _request: tonic::Request<HealthCheckRequest>,
    ) -> Result<Response<HealthCheckResponse>, Status> {
        Ok(Response::new(HealthCheckResponse {
            status: ServingStatus::Serving.into(),
        }))
    }

    async fn list(
        &self,
        _request: tonic::Request<HealthListRequest>,
    ) -> Result<Response<HealthListResponse>, Status> {
        Err(Status::unimplemented("not served"))
    }

    async fn watch(
        &self,
        _request: tonic::Request<HealthCheckRequest>,
    ) -> Result<Response<Self::WatchStream>, Status> {
        Err(Status::unimplemented("not served"))
    }
}
