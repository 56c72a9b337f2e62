//! TLS of both ports: certificates from PEM files, which can be read anew while connections are open.

use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use sha2::{Digest, Sha256};
use x509_cert::der::Decode;

use super::access::Certificate;

/// Where certificates stand.
#[derive(Clone, Debug)]
pub struct Files {
    /// The service's certificate, and those between it and its authority.
    pub cert: PathBuf,
    /// Its key.
    pub key: PathBuf,
    /// Authorities of the certificates that clients must show. `None`: they need none.
    pub client_ca: Option<PathBuf>,
}

/// TLS as it is now.
pub struct Tls {
    files: Files,
    config: RwLock<Both>,
}

/// One for each of the protocols.
#[derive(Clone)]
struct Both {
    grpc: Arc<ServerConfig>,
    http: Arc<ServerConfig>,
}

/// Why there is no TLS. Nothing of a key is in it.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file has no certificate or key.
    #[error("{name}: {what}")]
    File {
        /// Which.
        name: String,
        /// What is wrong.
        what: String,
    },
    /// Certificate and key do not fit, or the like.
    #[error("TLS: {0}")]
    Config(String),
}

impl Tls {
    /// Reads the files.
    ///
    /// # Errors
    ///
    /// When they are not what they must be.
    pub fn read(files: Files) -> Result<Self, TlsError> {
        let config = RwLock::new(both(&files)?);
        Ok(Self { files, config })
    }

    /// Reads the files anew. Connections that are open keep what they began with.
    ///
    /// # Errors
    ///
    /// As [`read`](Tls::read); everything stays as it was then.
    pub fn reload(&self) -> Result<(), TlsError> {
        let config = both(&self.files)?;
        *self.config.write().unwrap_or_else(PoisonError::into_inner) = config;
        Ok(())
    }

    pub(crate) fn grpc(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.config.read().unwrap_or_else(PoisonError::into_inner).grpc)
    }

    pub(crate) fn http(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.config.read().unwrap_or_else(PoisonError::into_inner).http)
    }
}

impl std::fmt::Debug for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tls").field("files", &self.files).finish_non_exhaustive()
    }
}

impl Certificate {
    /// What tells a certificate from others.
    pub(crate) fn of(der: &[u8]) -> Self {
        let read = x509_cert::Certificate::from_der(der).ok();
        let subject = read.map(|certificate| certificate.tbs_certificate.subject.to_string());
        Self { fingerprint: Sha256::digest(der).into(), subject }
    }
}

fn both(files: &Files) -> Result<Both, TlsError> {
    let of = |protocol: &[u8]| -> Result<Arc<ServerConfig>, TlsError> {
        let mut config = config(files)?;
        config.alpn_protocols = vec![protocol.to_vec()];
        Ok(Arc::new(config))
    };
    Ok(Both { grpc: of(b"h2")?, http: of(b"http/1.1")? })
}

fn config(files: &Files) -> Result<ServerConfig, TlsError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let wrong = |e: rustls::Error| TlsError::Config(e.to_string());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider));
    let builder = builder.with_safe_default_protocol_versions().map_err(wrong)?;
    let builder = match &files.client_ca {
        None => builder.with_no_client_auth(),
        Some(path) => {
            let mut roots = RootCertStore::empty();
            for certificate in certificates(path)? {
                roots.add(certificate).map_err(wrong)?;
            }
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build();
            builder.with_client_cert_verifier(verifier.map_err(|e| TlsError::Config(e.to_string()))?)
        }
    };
    let key = PrivateKeyDer::from_pem_file(&files.key).map_err(|e| file(&files.key, &e))?;
    builder.with_single_cert(certificates(&files.cert)?, key).map_err(wrong)
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let all = CertificateDer::pem_file_iter(path).map_err(|e| file(path, &e))?;
    let all: Vec<_> = all.collect::<Result<_, _>>().map_err(|e| file(path, &e))?;
    if all.is_empty() {
        return Err(TlsError::File { name: path.display().to_string(), what: "no certificate in it".to_owned() });
    }
    Ok(all)
}

fn file(path: &Path, error: &rustls::pki_types::pem::Error) -> TlsError {
    // Its other errors repeat what stands in the file.
    let what = match error {
        rustls::pki_types::pem::Error::Io(e) => e.to_string(),
        rustls::pki_types::pem::Error::NoItemsFound => "nothing of that kind in it".to_owned(),
        _ => "not PEM".to_owned(),
    };
    TlsError::File { name: path.display().to_string(), what }
}
