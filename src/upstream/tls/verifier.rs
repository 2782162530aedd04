//! Judges what a target shows: who vouches for it, how long, and for which name.

use std::net::IpAddr;
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{verify_server_cert_signed_by_trust_anchor, verify_server_name};
use rustls::crypto::{
    CryptoProvider, WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature,
};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer, X509Certificate};

use crate::upstream::tls::CommonName;

/// Whose word counts.
#[derive(Debug)]
pub(super) enum Trust {
    /// `IgnoreValidationErrors`: a target that has the key of any certificate.
    Anybody,
    Authorities {
        roots: Arc<RootCertStore>,
        /// Certificates of the truststore; a target may show one of these as its own.
        own: Vec<CertificateDer<'static>>,
    },
}

/// Which name the certificate must have.
#[derive(Clone, Debug)]
pub(super) enum Names {
    Any,
    /// That of the host that is called.
    Host,
    Common(CommonName),
}

#[derive(Debug)]
pub(super) struct Verifier {
    trust: Arc<Trust>,
    names: Names,
    algorithms: WebPkiSupportedAlgorithms,
}

impl Verifier {
    pub(super) fn new(trust: Arc<Trust>, names: Names, provider: &CryptoProvider) -> Self {
        Self { trust, names, algorithms: provider.signature_verification_algorithms }
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if let Trust::Authorities { roots, own } = &*self.trust {
            if own.iter().any(|known| known == end_entity) {
                check_times(end_entity, now)?;
            } else {
                verify_server_cert_signed_by_trust_anchor(
                    &ParsedCertificate::try_from(end_entity)?,
                    roots,
                    intermediates,
                    now,
                    self.algorithms.all,
                )?;
            }
        }
        self.names.check(end_entity, server_name)?;
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, cert, dss, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, cert, dss, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

impl Names {
    pub(super) fn check(
        &self,
        certificate: &CertificateDer<'_>,
        host: &ServerName<'_>,
    ) -> Result<(), Error> {
        match self {
            Self::Any => Ok(()),
            Self::Host => verify_server_name(&ParsedCertificate::try_from(certificate)?, host),
            Self::Common(expected) => {
                let (_, parsed) = X509Certificate::from_der(certificate)
                    .map_err(|_| CertificateError::BadEncoding)?;
                match names_of(&parsed).iter().any(|name| expected.is(name)) {
                    true => Ok(()),
                    false => Err(Error::from(CertificateError::NotValidForName)),
                }
            }
        }
    }
}

impl CommonName {
    /// Whether a name of a certificate is the one expected. A `*` in front stands for one label,
    /// in the certificate always, in what is expected with `wildcardMatch`.
    fn is(&self, name: &str) -> bool {
        let same = |a: &str, b: &str| {
            let (a, b) = (a.trim_end_matches('.'), b.trim_end_matches('.'));
            a.eq_ignore_ascii_case(b)
        };
        same(&self.value, name)
            || covers(name, &self.value)
            || (self.wildcard_match && covers(&self.value, name))
    }
}

/// Whether `*.rest` stands for `label.rest`.
fn covers(pattern: &str, name: &str) -> bool {
    let (Some(rest), Some((label, own))) = (pattern.strip_prefix("*."), name.split_once('.'))
    else {
        return false;
    };
    !label.is_empty() && !label.contains('*') && own.contains('.') && rest.eq_ignore_ascii_case(own)
}

/// The subject's common name and the alternative names.
fn names_of(certificate: &X509Certificate<'_>) -> Vec<String> {
    let common = certificate.subject().iter_common_name();
    let mut names: Vec<String> =
        common.filter_map(|name| name.as_str().ok()).map(str::to_owned).collect();
    if let Ok(Some(alternatives)) = certificate.subject_alternative_name() {
        for name in &alternatives.value.general_names {
            match name {
                GeneralName::DNSName(name) => names.push((*name).to_owned()),
                GeneralName::IPAddress(bytes) => names.extend(address(bytes)),
                _ => {}
            }
        }
    }
    names
}

fn address(bytes: &[u8]) -> Option<String> {
    let four = <[u8; 4]>::try_from(bytes).map(IpAddr::from);
    let address = four.or_else(|_| <[u8; 16]>::try_from(bytes).map(IpAddr::from));
    address.ok().map(|address| address.to_string())
}

fn check_times(certificate: &CertificateDer<'_>, now: UnixTime) -> Result<(), Error> {
    let (_, parsed) =
        X509Certificate::from_der(certificate).map_err(|_| CertificateError::BadEncoding)?;
    let now = i64::try_from(now.as_secs()).unwrap_or(i64::MAX);
    let validity = parsed.validity();
    if now < validity.not_before.timestamp() {
        return Err(Error::from(CertificateError::NotValidYet));
    }
    if now > validity.not_after.timestamp() {
        return Err(Error::from(CertificateError::Expired));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(expected: &str, wildcard_match: bool, name: &str, is: bool) {
        let common = CommonName { value: expected.to_owned().into(), wildcard_match };
        assert_eq!(common.is(name), is, "{expected} against {name}");
    }

    #[test]
    fn names_are_compared() {
        check("api.example.com", false, "API.example.com", true);
        check("api.example.com", false, "*.example.com", true);
        check("api.example.com", false, "example.com", false);
        check("a.api.example.com", false, "*.example.com", false);
        check("api.example.com", false, "*.com", false);
        check("*.example.com", false, "*.example.com", true);
        check("*.example.com", false, "api.example.com", false);
        check("*.example.com", true, "api.example.com", true);
        check("*.example.com", true, "a.api.example.com", false);
        check("*.example.com", true, ".example.com", false);
        check("backend", false, "backend", true);
        check("10.0.0.1", false, "10.0.0.1", true);
    }
}
