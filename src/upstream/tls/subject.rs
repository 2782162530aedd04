//! What a certificate says of whom it was made for.

use bytestring::ByteString;
use rustls_pki_types::CertificateDer;
use x509_parser::prelude::{FromDer, X509Certificate};
use x509_parser::x509::AttributeTypeAndValue;

use crate::message::Subject;

/// `None` where the certificate cannot be read.
pub(crate) fn subject(certificate: &CertificateDer<'_>) -> Option<Subject> {
    let (_, parsed) = X509Certificate::from_der(certificate).ok()?;
    let name = parsed.subject();
    Some(Subject {
        cn: first(name.iter_common_name()),
        country: first(name.iter_country()),
        email_address: first(name.iter_email()),
        locality: first(name.iter_locality()),
        organization: first(name.iter_organization()),
        organization_unit: first(name.iter_organizational_unit()),
        state: first(name.iter_state_or_province()),
    })
}

fn first<'a>(mut parts: impl Iterator<Item = &'a AttributeTypeAndValue<'a>>) -> Option<ByteString> {
    parts.next()?.as_str().ok().map(ByteString::from)
}
