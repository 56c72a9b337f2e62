//! Who may do what: tokens, certificates, roles, policies, rates; and what of it is written down.

use std::path::Path;

use assert_cmd::cargo::cargo_bin_cmd;
use deidre::service::proto::deidre_client::DeidreClient;
use deidre::service::proto::{RevealOptions, RevealRequest};
use rcgen::{BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair};
use sha2::{Digest, Sha256};
use tonic::transport::{Certificate, ClientTlsConfig, Endpoint, Identity};
use tonic::{Code, Request};

use super::{NOTE, Server, refused, request};

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// An access file with an identity for each of the roles.
fn access(folder: &Path, more: &str) -> String {
    let token = |secret: &str| hex(&Sha256::digest(secret));
    let text = format!(
        "[limits]\nreveal = {{ rate = 0.01, burst = 2 }}\n\
         [[identity]]\nname = \"indexer\"\ntoken_sha256 = \"{}\"\nroles = [\"deidentify\"]\npolicies = [\"redact\"]\n\
         [[identity]]\nname = \"privacy office\"\ntoken_sha256 = \"{}\"\nroles = [\"deidentify\", \"reveal\"]\n\
         [[identity]]\nname = \"operator\"\ntoken_sha256 = \"{}\"\nroles = [\"admin\"]\n{more}",
        token("index"),
        token("office"),
        token("admin")
    );
    let path = folder.join("access.toml");
    std::fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

fn with<T>(token: &str, message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.metadata_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
    request
}

fn reveal(text: &str) -> RevealRequest {
    let options = RevealOptions { reason: "ticket 4411".to_owned(), ..RevealOptions::default() };
    RevealRequest { options: Some(options), text: text.to_owned() }
}

#[tokio::test]
async fn roles_policies_and_rates_hold_and_reveals_are_written_down() {
    let folder = tempfile::tempdir().unwrap();
    let (file, trail) = (access(folder.path(), ""), folder.path().join("audit.jsonl"));
    let server = Server::start_in(folder, &["--access", &file, "--audit", trail.to_str().unwrap()]);
    let mut client = server.client().await;
    refused(client.deidentify(request(NOTE, "redact")).await, Code::Unauthenticated, "UNAUTHENTICATED");
    refused(client.deidentify(with("wrong", request(NOTE, "redact"))).await, Code::Unauthenticated, "UNAUTHENTICATED");
    assert!(client.deidentify(with("index", request(NOTE, "redact"))).await.is_ok());
    for policy in ["", "minimum-necessary", "nothing"] {
        refused(client.deidentify(with("index", request(NOTE, policy))).await, Code::PermissionDenied, "POLICY_DENIED");
    }
    refused(client.reveal(with("index", reveal("x"))).await, Code::PermissionDenied, "ROLE_MISSING");
    refused(client.deidentify(with("admin", request(NOTE, ""))).await, Code::PermissionDenied, "ROLE_MISSING");
    let sealed = client.deidentify(with("office", request(NOTE, ""))).await.unwrap().into_inner().text;
    assert!(!trail.exists() || std::fs::read(&trail).unwrap().is_empty());
    let back = client.reveal(with("office", reveal(&sealed))).await.unwrap().into_inner();
    assert_eq!(back.text, NOTE);
    let lines = std::fs::read_to_string(&trail).unwrap();
    assert_eq!(lines.lines().count(), 2, "{lines}");
    for part in ["\"privacy office\"", "ticket 4411", "started", "done", "\"revealed\":4"] {
        assert!(lines.contains(part), "{part} in {lines}");
    }
    assert!(!lines.contains("Osei") && !lines.contains("00482913"));
    cargo_bin_cmd!("deidre")
        .env("DEIDRE_KEY", "5a".repeat(32))
        .args(["audit", "verify", trail.to_str().unwrap()])
        .assert()
        .success();
    assert!(client.reveal(with("office", reveal(&sealed))).await.is_ok());
    refused(client.reveal(with("office", reveal(&sealed))).await, Code::ResourceExhausted, "RATE_LIMITED");
    // Another role has a rate of its own.
    assert!(client.deidentify(with("office", request(NOTE, ""))).await.is_ok());
    // HTTP asks the same.
    for (token, path, status) in [
        ("", "/metrics", 401),
        ("authorization: Bearer index\r\n", "/metrics", 403),
        ("authorization: Bearer admin\r\n", "/metrics", 200),
        ("", "/healthz", 200),
        ("", "/v1/version", 401),
        ("authorization: Bearer index\r\n", "/v1/version", 200),
    ] {
        assert_eq!(server.http("GET", path, token, "").0, status, "{token} {path}");
    }
    let (_, _, policies) = server.http("GET", "/v1/policies", "authorization: Bearer index\r\n", "");
    assert!(policies.contains("\"redact\"") && !policies.contains("safe-harbor"), "{policies}");
}

#[tokio::test]
async fn without_an_access_file_nobody_reveals() {
    let server = Server::start(&[]);
    let mut client = server.client().await;
    refused(client.reveal(reveal("x")).await, Code::PermissionDenied, "ROLE_MISSING");
    assert_eq!(server.http("GET", "/metrics", "", "").0, 403);
}

#[tokio::test]
async fn what_is_not_written_down_is_not_revealed() {
    let folder = tempfile::tempdir().unwrap();
    let trail = folder.path().join("nothing here").join("audit.jsonl");
    let server = Server::start_in(folder, &["--open-loopback", "--audit", trail.to_str().unwrap()]);
    let mut client = server.client().await;
    let sealed = client.deidentify(request(NOTE, "")).await.unwrap().into_inner().text;
    std::fs::remove_dir_all(trail.parent().unwrap()).ok();
    std::fs::write(trail.parent().unwrap(), "no folder").unwrap();
    refused(client.reveal(reveal(&sealed)).await, Code::Unavailable, "AUDIT_MISSING");
}

#[test]
fn others_are_not_listened_to_without_tls_and_without_knowing_them() {
    for (args, part) in [
        (&["--listen", "0.0.0.0:0"][..], "--tls-cert"),
        (&["--http", "[::]:0"], "--tls-cert"),
        (&["--listen", "0.0.0.0:0", "--insecure-listen"], "--access"),
        (&["--access", "/nothing/here.toml"], "cannot read"),
        (&["--tls-cert", "/nothing/here.pem", "--tls-key", "/nothing/here.pem"], "here.pem"),
        (&["--policy", "nothing"], "--policy"),
        (&["--vault", "v.redb"], "--vault needs a key"),
    ] {
        let output = cargo_bin_cmd!("deidre")
            .env_remove("DEIDRE_KEY")
            .args(["serve", "--no-model"])
            .args(args)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.code() == Some(2) && said.contains(part), "{args:?}: {said}");
    }
}

/// An authority, and what it signs.
struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        Self { issuer: Issuer::new(params, key), pem }
    }

    /// Certificate and key in PEM, and the SHA-256 of the certificate.
    fn sign(&self, name: &str, purpose: ExtendedKeyUsagePurpose) -> (String, String, [u8; 32]) {
        let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params.extended_key_usages = vec![purpose];
        let key = KeyPair::generate().unwrap();
        let signed = params.signed_by(&key, &self.issuer).unwrap();
        (signed.pem(), key.serialize_pem(), Sha256::digest(signed.der()).into())
    }
}

#[tokio::test]
async fn clients_are_known_by_their_certificates() {
    let folder = tempfile::tempdir().unwrap();
    let (ours, theirs) = (Authority::new(), Authority::new());
    let (cert, key, _) = ours.sign("service", ExtendedKeyUsagePurpose::ServerAuth);
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let files = [write("cert.pem", &cert), write("key.pem", &key), write("ca.pem", &ours.pem)];
    let one = ours.sign("one", ExtendedKeyUsagePurpose::ClientAuth);
    let two = ours.sign("two", ExtendedKeyUsagePurpose::ClientAuth);
    let three = ours.sign("three", ExtendedKeyUsagePurpose::ClientAuth);
    let stranger = theirs.sign("one", ExtendedKeyUsagePurpose::ClientAuth);
    let more = format!(
        "[[identity]]\nname = \"one\"\ncertificate_subject = \"CN=one\"\nroles = [\"deidentify\"]\n\
         [[identity]]\nname = \"two\"\ncertificate_sha256 = \"{}\"\nroles = [\"admin\"]\n",
        hex(&two.2)
    );
    let file = access(folder.path(), &more);
    let args = ["--tls-cert", &files[0], "--tls-key", &files[1], "--client-ca", &files[2], "--access", &file];
    let server = Server::start_in(folder, &args);
    let client = async |identity: Option<&(String, String, [u8; 32])>| {
        let mut tls = ClientTlsConfig::new().ca_certificate(Certificate::from_pem(&ours.pem)).domain_name("localhost");
        if let Some((cert, key, _)) = identity {
            tls = tls.identity(Identity::from_pem(cert, key));
        }
        let endpoint = Endpoint::from_shared(format!("https://{}", server.grpc)).unwrap().tls_config(tls).unwrap();
        endpoint.connect().await.map(DeidreClient::new)
    };
    let mut known = client(Some(&one)).await.unwrap();
    assert!(known.deidentify(request(NOTE, "redact")).await.is_ok());
    let mut admin = client(Some(&two)).await.unwrap();
    refused(admin.deidentify(request(NOTE, "redact")).await, Code::PermissionDenied, "ROLE_MISSING");
    let mut unknown = client(Some(&three)).await.unwrap();
    refused(unknown.deidentify(request(NOTE, "redact")).await, Code::Unauthenticated, "UNAUTHENTICATED");
    // A token says who it is, whatever the certificate says.
    assert!(unknown.deidentify(with("index", request(NOTE, "redact"))).await.is_ok());
    for outsider in [None, Some(&stranger)] {
        let answer = match client(outsider).await {
            Err(_) => continue,
            Ok(mut client) => client.deidentify(request(NOTE, "redact")).await,
        };
        assert!(answer.is_err());
    }
}
