//! The report as mail: HTML and plain text with the PDF file attached, through an SMTP server.

use crate::dashboard::weekly::WeeklyReport;
use crate::timestamp::Timestamp;
use crate::weekly::{MailAddress, MailOptions, MailTls, Week};
use lettre::message::header::{ContentType, Header, HeaderName, HeaderValue};
use lettre::message::{Attachment, Mailbox, MultiPart};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use std::error::Error;
use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime};

/// What is sent.
pub(super) struct Letter<'a> {
    pub(super) report: &'a WeeklyReport,
    pub(super) week: Week,
    /// The same for every attempt.
    pub(super) id: &'a str,
    pub(super) now: Timestamp,
}

/// `Auto-Submitted: auto-generated` (RFC 3834): no machine answers it.
#[derive(Debug, Clone, Copy)]
struct AutoSubmitted;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}

/// Sends the letter to one address.
pub(super) async fn send(
    options: &MailOptions,
    to: &MailAddress,
    letter: &Letter<'_>,
    timeout: Duration,
) -> Result<(), String> {
    let message = message(options, to, letter)?;
    let transport = transport(options, timeout)?;
    transport.send(message).await.map(|_| ()).map_err(|error| told(&error))
}

fn message(
    options: &MailOptions,
    to: &MailAddress,
    letter: &Letter<'_>,
) -> Result<Message, String> {
    let mailbox = |address: &MailAddress| {
        let parsed = address.as_str().parse().map_err(|_| "an address cannot be used".to_owned());
        parsed.map(|address| Mailbox::new(None, address))
    };
    let millis = u64::try_from(letter.now.millis()).unwrap_or(0);
    let host = options.from.as_str().rsplit('@').next().unwrap_or("recontact");
    let name = format!("recontact-{}.pdf", letter.week);
    let pdf = ContentType::parse("application/pdf").map_err(|error| error.to_string())?;
    let report = letter.report;
    let texts = MultiPart::alternative_plain_html(report.text.clone(), report.html.clone());
    let body = MultiPart::mixed()
        .multipart(texts)
        .singlepart(Attachment::new(name).body(report.pdf.clone(), pdf));
    Message::builder()
        .from(mailbox(&options.from)?)
        .to(mailbox(to)?)
        .subject(report.subject.clone())
        .date(SystemTime::UNIX_EPOCH + Duration::from_millis(millis))
        .message_id(Some(format!("<{}@{host}>", letter.id)))
        .header(AutoSubmitted)
        .multipart(body)
        .map_err(|error| error.to_string())
}

fn transport(
    options: &MailOptions,
    timeout: Duration,
) -> Result<AsyncSmtpTransport<Tokio1Executor>, String> {
    let tls = match options.tls {
        MailTls::None => Tls::None,
        MailTls::Starttls => Tls::Required(tls_parameters(options)?),
        MailTls::Tls => Tls::Wrapper(tls_parameters(options)?),
    };
    let builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&options.host)
        .port(options.port)
        .timeout(Some(timeout))
        .tls(tls);
    let credentials = match (&options.user, &options.password_file) {
        (Some(user), Some(file)) => Some(Credentials::new(user.clone(), secret(file)?)),
        _ => None,
    };
    let builder = credentials.into_iter().fold(builder, |builder, one| builder.credentials(one));
    Ok(builder.build())
}

fn tls_parameters(options: &MailOptions) -> Result<TlsParameters, String> {
    let mut builder = TlsParameters::builder(options.host.clone());
    if let Some(file) = &options.ca_file {
        let pem = fs::read(file).map_err(|error| format!("{}: {error}", file.display()))?;
        let certificate =
            Certificate::from_pem(&pem).map_err(|error| format!("{}: {error}", file.display()))?;
        builder = builder.add_root_certificate(certificate);
    }
    builder.build().map_err(|error| told(&error))
}

fn secret(file: &Path) -> Result<String, String> {
    let text = fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?;
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}

/// An error with what is behind it.
fn told(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(behind) = source {
        let said = behind.to_string();
        if !text.contains(&said) {
            text.push_str(": ");
            text.push_str(&said);
        }
        source = behind.source();
    }
    text
}
