//! The sandbox's CA and the servers' certificates.

use super::ServerError;
use crate::sandbox::store;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, SanType, date_time_ymd,
};
use rustix::fs::{FlockOperation, flock};
use std::net::Ipv4Addr;
use std::path::Path;

/// The CA of one world.
pub struct Ca {
    pem: Vec<u8>,
    key: KeyPair,
}

impl Ca {
    /// Reads the CA of the world in `dir` (`ca.pem`, `ca.key`), or makes one.
    pub fn load_or_make(dir: &Path) -> Result<Self, ServerError> {
        std::fs::create_dir_all(dir).map_err(ServerError::at(dir))?;
        let (cert, secret, lock) = (dir.join("ca.pem"), dir.join("ca.key"), dir.join("ca.lock"));
        let held = std::fs::File::create(&lock).map_err(ServerError::at(&lock))?;
        flock(&held, FlockOperation::LockExclusive)
            .map_err(|e| ServerError::at(&lock)(e.into()))?;
        if cert.exists() && secret.exists() {
            let pem = std::fs::read(&cert).map_err(ServerError::at(&cert))?;
            let key = std::fs::read_to_string(&secret).map_err(ServerError::at(&secret))?;
            let key = KeyPair::from_pem(&key).map_err(failed)?;
            return Ok(Ca { pem, key });
        }
        let key = KeyPair::generate().map_err(failed)?;
        let pem = params()?.self_signed(&key).map_err(failed)?.pem();
        // the key first: a certificate without its key would never be replaced by readers that trust it
        store::replace(&secret, key.serialize_pem().as_bytes())
            .map_err(ServerError::at(&secret))?;
        store::replace(&cert, pem.as_bytes()).map_err(ServerError::at(&cert))?;
        Ok(Ca {
            pem: pem.into_bytes(),
            key,
        })
    }

    /// Returns its certificate.
    pub fn pem(&self) -> &[u8] {
        &self.pem
    }

    /// Makes a certificate for a server; returns it and its key, both in PEM.
    pub fn server(&self, address: Ipv4Addr) -> Result<(String, String), ServerError> {
        let mut wanted = CertificateParams::new(vec!["localhost".to_owned()]).map_err(failed)?;
        wanted
            .subject_alt_names
            .push(SanType::IpAddress(address.into()));
        wanted
            .distinguished_name
            .push(DnType::CommonName, address.to_string());
        wanted.not_before = date_time_ymd(2024, 1, 1);
        wanted.not_after = date_time_ymd(2060, 1, 1);
        wanted.use_authority_key_identifier_extension = true;
        wanted.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        wanted.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let key = KeyPair::generate().map_err(failed)?;
        let issuer = params()?;
        let cert = wanted
            .signed_by(&key, &Issuer::from_params(&issuer, &self.key))
            .map_err(failed)?;
        Ok((cert.pem(), key.serialize_pem()))
    }
}

/// What the CA's certificate says; the same each time, so that it can sign after being read again.
fn params() -> Result<CertificateParams, ServerError> {
    let mut params = CertificateParams::new(Vec::new()).map_err(failed)?;
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
        .distinguished_name
        .push(DnType::CommonName, "cruddur-infra sandbox CA");
    params.not_before = date_time_ymd(2024, 1, 1);
    params.not_after = date_time_ymd(2061, 1, 1);
    Ok(params)
}

fn failed(error: rcgen::Error) -> ServerError {
    ServerError::Certificate(error.to_string())
}
