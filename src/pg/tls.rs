//! Whom to trust: the embedded RDS certificate authorities and what the user adds.

use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{CertificateError, ClientConfig, RootCertStore};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::error::TlsProblem;

/// The certificate authorities of RDS in all regions (aws-facts §1.12), without the expired ones.
///
/// AWS publishes them as <https://truststore.pki.rds.amazonaws.com/global/global-bundle.pem>; the
/// test below pins count and digest, and says what to change after a refresh.
pub const RDS_BUNDLE_PEM: &[u8] = include_bytes!("rds-ca-bundle.pem");

/// The certificates in `pem`; an error when there is none or one cannot be read.
pub fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, TlsProblem> {
    let found = CertificateDer::pem_slice_iter(pem)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| TlsProblem::Roots(error.to_string()))?;
    if found.is_empty() {
        return Err(TlsProblem::Roots(
            "no certificate in the PEM text".to_owned(),
        ));
    }
    Ok(found)
}

/// A TLS client that trusts exactly the certificates of `bundles`. The host name is always checked;
/// rustls has no weaker mode to fall into.
pub(super) fn client(bundles: &[&[u8]]) -> Result<MakeRustlsConnect, TlsProblem> {
    let mut roots = RootCertStore::empty();
    for bundle in bundles {
        for certificate in certificates(bundle)? {
            roots
                .add(certificate)
                .map_err(|error| TlsProblem::Roots(error.to_string()))?;
        }
    }
    // Named and not taken from the process, so that no other part of the program can change it.
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| TlsProblem::Handshake(error.to_string()))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(MakeRustlsConnect::new(config))
}

/// What a failed handshake means, when `error` comes from TLS.
pub(super) fn problem(error: &std::io::Error) -> Option<TlsProblem> {
    let error = error.get_ref()?.downcast_ref::<rustls::Error>()?;
    Some(match error {
        rustls::Error::InvalidCertificate(error) => match error {
            CertificateError::UnknownIssuer => TlsProblem::UnknownIssuer,
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                TlsProblem::WrongName
            }
            CertificateError::Expired
            | CertificateError::ExpiredContext { .. }
            | CertificateError::NotValidYet
            | CertificateError::NotValidYetContext { .. } => TlsProblem::Expired,
            other => TlsProblem::Handshake(other.to_string()),
        },
        other => TlsProblem::Handshake(other.to_string()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pg::script::digest;

    #[test]
    fn the_rds_bundle_is_the_one_that_was_reviewed() {
        let found = certificates(RDS_BUNDLE_PEM).unwrap();
        assert_eq!(found.len(), 87);
        assert_eq!(
            digest(RDS_BUNDLE_PEM),
            "26edf290f2d57ebbd5273fb9463b763497a47c14a4712d73ce47da8dc4ad57dc",
            "after a refresh from AWS: compare the certificates, then pin the new count and digest"
        );
        // Every one of them is a trust anchor that rustls takes.
        for certificate in found {
            RootCertStore::empty().add(certificate).unwrap();
        }
        client(&[RDS_BUNDLE_PEM]).unwrap();
    }

    #[test]
    fn bad_pem_is_an_error_and_not_an_empty_store() {
        assert!(matches!(certificates(b""), Err(TlsProblem::Roots(_))));
        assert!(matches!(certificates(b"hello"), Err(TlsProblem::Roots(_))));
        let broken = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        assert!(client(&[broken]).is_err());
    }
}
