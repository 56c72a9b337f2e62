//! Whom this program trusts when it calls others by TLS: the certificates of a file, or those that the system trusts.

use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

/// Why nobody can be trusted. Holds nothing of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum TrustError {
    #[error("the file cannot be read as PEM certificates")]
    Unread,
    #[error("the file holds what is no certificate")]
    Wrong,
    #[error("the file holds no certificate")]
    Empty,
    #[error("this system trusts no certificate; name a file of them")]
    Nobody,
    #[error("TLS cannot be set up")]
    Setup,
}

/// A client that shows no certificate, and trusts those that `authorities` names in PEM, or else those of the system.
///
/// # Errors
///
/// When the file cannot be read, and when there is nobody to trust.
pub(crate) fn client(authorities: Option<&Path>) -> Result<ClientConfig, TrustError> {
    let mut roots = RootCertStore::empty();
    match authorities {
        Some(file) => {
            for certificate in CertificateDer::pem_file_iter(file).map_err(|_| TrustError::Unread)? {
                roots.add(certificate.map_err(|_| TrustError::Unread)?).map_err(|_| TrustError::Wrong)?;
            }
        }
        // One that cannot be read is one that nobody is known by.
        None => {
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
    }
    if roots.is_empty() {
        return Err(if authorities.is_some() { TrustError::Empty } else { TrustError::Nobody });
    }
    of(roots)
}

/// A client that trusts nobody: for what is called without TLS.
#[cfg(feature = "gateway")]
pub(crate) fn nobody() -> Result<ClientConfig, TrustError> {
    of(RootCertStore::empty())
}

fn of(roots: RootCertStore) -> Result<ClientConfig, TrustError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let versions = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    Ok(versions.map_err(|_| TrustError::Setup)?.with_root_certificates(roots).with_no_client_auth())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_file_without_certificates_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            path
        };
        for (path, want) in [
            (folder.path().join("missing"), TrustError::Unread),
            (file("empty", ""), TrustError::Empty),
            (file("text", "no certificate"), TrustError::Empty),
            (file("broken", "-----BEGIN CERTIFICATE-----\n?\n-----END CERTIFICATE-----\n"), TrustError::Unread),
            (file("wrong", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"), TrustError::Wrong),
        ] {
            assert_eq!(client(Some(&path)).unwrap_err(), want, "{}", path.display());
        }
        let known = rcgen::generate_simple_self_signed(["here.example".to_owned()]).unwrap();
        assert!(client(Some(&file("good", &known.cert.pem()))).is_ok());
    }
}
