//! TLS: where the certificate comes from, and how a new one gets in.
//!
//! Owns: the rustls configuration and the watch over its files. Never does: stop serving because a new file
//! is broken; the old certificate stays until a good one is there.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use std::{fs, io};

use axum_server::tls_rustls::RustlsConfig;
use rapport_config::Tls;
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use tracing::{info, warn};

/// How often the files are looked at. Certificates are renewed weeks ahead; an operator who swaps one by
/// hand should not wait long.
const POLL_INTERVAL: Duration = Duration::from_secs(2);

/// The names that a self-signed certificate is for.
const LOCAL_NAMES: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

/// Why TLS can't start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TlsError {
    /// A file can't be read, or is not PEM of the right kind.
    #[error("{}: {reason}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// Certificate and key do not belong together, or are of a kind that rustls does not take.
    #[error("the certificate can't be used: {0}")]
    Unusable(#[from] rustls::Error),
    /// The self-signed certificate could not be made.
    #[error("no certificate could be made: {0}")]
    SelfSigned(#[from] rcgen::Error),
}

/// What the listener takes, and what keeps it fresh.
pub(crate) struct Certificates {
    pub(crate) config: RustlsConfig,
    files: Option<Files>,
}

#[derive(Clone, Debug)]
struct Files {
    certificate: PathBuf,
    key: PathBuf,
    seen: Stamp,
}

/// Both files' times of change; `None` where one is missing.
type Stamp = [Option<SystemTime>; 2];

impl Certificates {
    /// Loads or makes the first certificate.
    pub(crate) fn load(tls: &Tls) -> Result<Self, TlsError> {
        let (config, files) = match tls {
            Tls::Files { certificate, key } => {
                let files = Files::new(certificate, key);
                (files.read()?, Some(files))
            }
            Tls::SelfSigned => (self_signed()?, None),
        };
        let config = RustlsConfig::from_config(Arc::new(config));
        Ok(Self { config, files })
    }

    /// Watches the files for ever; a self-signed certificate needs no watch.
    pub(crate) async fn watch(self) {
        let Some(mut files) = self.files else { return };
        let mut ticks = tokio::time::interval(POLL_INTERVAL);
        loop {
            ticks.tick().await;
            if let Some(fresh) = files.poll() {
                self.config.reload_from_config(Arc::new(fresh));
            }
        }
    }
}

impl Files {
    fn new(certificate: &Path, key: &Path) -> Self {
        Self {
            certificate: certificate.to_owned(),
            key: key.to_owned(),
            seen: [changed(certificate), changed(key)],
        }
    }

    /// A new configuration, if the files changed and are good. A pair that is half replaced does not match;
    /// it is read again when the other half has changed too.
    fn poll(&mut self) -> Option<ServerConfig> {
        let now = [changed(&self.certificate), changed(&self.key)];
        if now == self.seen {
            return None;
        }
        self.seen = now;
        match self.read() {
            Ok(config) => {
                info!("the certificate was read again");
                Some(config)
            }
            Err(error) => {
                warn!(%error, "the new certificate is not used, the old one stays");
                None
            }
        }
    }

    fn read(&self) -> Result<ServerConfig, TlsError> {
        let pem = read(&self.certificate)?;
        let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
        let chain = chain.map_err(|error| broken(&self.certificate, &error))?;
        if chain.is_empty() {
            return Err(broken(&self.certificate, &"no certificate in it"));
        }
        let key =
            PrivateKeyDer::from_pem_slice(&read(&self.key)?).map_err(|error| broken(&self.key, &error))?;
        server_config(chain, key)
    }
}

fn read(path: &Path) -> Result<Vec<u8>, TlsError> {
    fs::read(path).map_err(|error: io::Error| broken(path, &error))
}

fn broken(path: &Path, reason: &dyn std::fmt::Display) -> TlsError {
    TlsError::File {
        path: path.to_owned(),
        reason: reason.to_string(),
    }
}

fn changed(path: &Path) -> Option<SystemTime> {
    fs::metadata(path).and_then(|metadata| metadata.modified()).ok()
}

fn self_signed() -> Result<ServerConfig, TlsError> {
    let names: Vec<_> = LOCAL_NAMES.map(String::from).into();
    let made = rcgen::generate_simple_self_signed(names)?;
    let key = PrivatePkcs8KeyDer::from(made.signing_key.serialize_der());
    server_config(vec![made.cert.der().clone()], key.into())
}

fn server_config(
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
) -> Result<ServerConfig, TlsError> {
    let provider = Arc::new(ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, key)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("rapport-tls-{name}-{}", std::process::id()));
            fs::create_dir_all(&path).unwrap();
            Self(path)
        }

        fn files(&self) -> Files {
            Files::new(&self.0.join("cert.pem"), &self.0.join("key.pem"))
        }

        /// Writes a fresh pair whose files look `age` seconds old: file systems may keep whole seconds only.
        fn write_pair(&self, age: u64) {
            let made = rcgen::generate_simple_self_signed(vec!["localhost".into()]).unwrap();
            self.write("cert.pem", &made.cert.pem(), age);
            self.write("key.pem", &made.signing_key.serialize_pem(), age);
        }

        fn write(&self, name: &str, text: &str, age: u64) {
            let path = self.0.join(name);
            fs::write(&path, text).unwrap();
            let when = SystemTime::now() - Duration::from_secs(age);
            fs::File::options()
                .write(true)
                .open(&path)
                .unwrap()
                .set_modified(when)
                .unwrap();
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn a_new_pair_is_taken_once() {
        let folder = Folder::new("new");
        folder.write_pair(30);
        let mut files = folder.files();
        assert!(files.read().is_ok());
        assert!(files.poll().is_none(), "nothing changed");
        folder.write_pair(20);
        assert!(files.poll().is_some());
        assert!(files.poll().is_none());
    }

    #[test]
    fn a_broken_or_half_replaced_pair_is_not_taken() {
        let folder = Folder::new("broken");
        folder.write_pair(30);
        let mut files = folder.files();
        folder.write("cert.pem", "not a certificate", 20);
        assert!(files.poll().is_none());
        let other = rcgen::generate_simple_self_signed(vec!["localhost".into()]).unwrap();
        folder.write("cert.pem", &other.cert.pem(), 10);
        assert!(files.poll().is_none(), "the key is the old one's");
        folder.write("key.pem", &other.signing_key.serialize_pem(), 5);
        assert!(files.poll().is_some());
    }

    #[test]
    fn a_missing_file_is_named() {
        let folder = Folder::new("missing");
        let error = folder.files().read().unwrap_err().to_string();
        assert!(error.contains("cert.pem"), "{error}");
    }

    #[test]
    fn a_certificate_can_be_made() {
        assert!(self_signed().is_ok());
    }
}
