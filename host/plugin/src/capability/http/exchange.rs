//! The talk with the other side: the name is resolved once, the addresses are judged, and one of them is asked.

use std::io::{self, Write as _};
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HOST, HeaderName, HeaderValue, SET_COOKIE, USER_AGENT};
use hyper_util::rt::TokioIo;
use tempfile::{NamedTempFile, TempPath};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use super::Refusal;
use super::address::is_private;
use super::payload::Payload;
use super::rule::Destination;
use crate::secret::{Secret, scrub, scrub_bytes};
use crate::wit::imports::http::Response;

/// Asks. It keeps what all requests share: whom to trust.
#[derive(Debug, Default)]
pub(crate) struct Client {
    tls: OnceLock<Arc<ClientConfig>>,
}

/// A request that was checked.
#[derive(Debug)]
pub(crate) struct Order {
    pub destination: Destination,
    pub method: String,
    /// Path and query. It may hold a secret.
    pub line: String,
    pub headers: Vec<(HeaderName, HeaderValue)>,
    pub body: Payload,
    pub most: Most,
    /// Where the body of a successful answer is kept as a file.
    pub folder: Option<PathBuf>,
    /// What must be seen nowhere.
    pub secrets: Vec<Secret>,
}

/// How many bytes may come back.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Most {
    pub body: u64,
    pub file: u64,
}

type Answer = (Response, Option<TempPath>);

impl Client {
    pub(crate) async fn exchange(&self, order: Order, time: Duration) -> Result<Answer, Refusal> {
        let secrets = order.secrets.clone();
        let sent = AtomicBool::new(false);
        let outcome = match tokio::time::timeout(time, self.talk(order, &sent)).await {
            Ok(outcome) => outcome,
            Err(_) => Err(Refusal::passing("timeout", format!("no answer in {} ms", time.as_millis()), false)),
        };
        outcome.map_err(|refusal| Refusal {
            message: scrub(&refusal.message, &secrets),
            sent: sent.load(Ordering::Relaxed),
            ..refusal
        })
    }

    async fn talk(&self, order: Order, sent: &AtomicBool) -> Result<Answer, Refusal> {
        let stream = dial(&order.destination).await?;
        if !order.destination.tls {
            return ask(stream, order, sent).await;
        }
        let name = ServerName::try_from(order.destination.host.clone())
            .map_err(|_| Refusal::new("tls", "the host has no name that a certificate could have"))?;
        let connector = TlsConnector::from(self.tls()?);
        let stream = connector.connect(name, stream).await;
        ask(stream.map_err(|error| Refusal::passing("tls", error.to_string(), false))?, order, sent).await
    }

    fn tls(&self) -> Result<Arc<ClientConfig>, Refusal> {
        if let Some(config) = self.tls.get() {
            return Ok(config.clone());
        }
        let roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| Refusal::new("tls", error.to_string()))?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(self.tls.get_or_init(|| Arc::new(config)).clone())
    }
}

/// What was judged is what is asked: nobody resolves the name a second time.
async fn dial(destination: &Destination) -> Result<TcpStream, Refusal> {
    let Destination { host, port, .. } = destination;
    let addresses: Vec<SocketAddr> = match host.parse::<IpAddr>() {
        Ok(address) => vec![SocketAddr::new(address, *port)],
        Err(_) => {
            let found = tokio::net::lookup_host((host.as_str(), *port)).await;
            found.map_err(|error| Refusal::passing("dns", format!("{host}: {error}"), false))?.collect()
        }
    };
    let private = addresses.iter().find(|address| is_private(address.ip()));
    if let Some(address) = private.filter(|_| !destination.may_be_private) {
        let ip = address.ip();
        let how = format!("`plugins.<id>.http.hosts` in the config may name what stands for {host}");
        return Err(Refusal::new("private-address", format!("{host} is {ip}, which is no public address; {how}")));
    }
    let mut last = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    for address in addresses {
        match TcpStream::connect(address).await {
            Ok(stream) => return Ok(stream),
            Err(error) => last = error,
        }
    }
    Err(Refusal::passing("connect", format!("{host}:{port}: {last}"), false))
}

async fn ask(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    order: Order,
    sent: &AtomicBool,
) -> Result<Answer, Refusal> {
    let broken = |error: hyper::Error| Refusal::passing("broken", error.to_string(), true);
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(broken)?;
    // It ends with this function, whatever comes back.
    let mut connections = JoinSet::new();
    connections.spawn(connection);
    let Order { most, folder, secrets, .. } = &order;
    let (most, folder, secrets) = (*most, folder.clone(), secrets.clone());
    let request = request(order)?;
    sent.store(true, Ordering::Relaxed);
    let response = sender.send_request(request).await.map_err(broken)?;
    read(response, most, folder, &secrets).await
}

fn request(order: Order) -> Result<hyper::Request<Payload>, Refusal> {
    let Destination { tls, host, port, .. } = &order.destination;
    let bracketed = if host.contains(':') { format!("[{host}]") } else { host.clone() };
    let is_usual = *port == if *tls { 443 } else { 80 };
    let authority = if is_usual { bracketed } else { format!("{bracketed}:{port}") };
    let mut request = hyper::Request::builder().method(order.method.as_str()).uri(order.line).header(HOST, authority);
    let headers = request.headers_mut().ok_or_else(unsendable)?;
    headers.insert(USER_AGENT, HeaderValue::from_static("instar"));
    headers.extend(order.headers);
    if let Some(mime) = &order.body.mime {
        headers.insert(CONTENT_TYPE, HeaderValue::try_from(mime.as_str()).map_err(|_| unsendable())?);
    }
    request.body(order.body).map_err(|_| unsendable())
}

fn unsendable() -> Refusal {
    Refusal::new("not-allowed", "the method or the URL is none that can be sent")
}

async fn read(
    response: hyper::Response<Incoming>,
    most: Most,
    folder: Option<PathBuf>,
    secrets: &[Secret],
) -> Result<Answer, Refusal> {
    let (head, body) = response.into_parts();
    let headers = head.headers.iter().filter(|(name, _)| **name != SET_COOKIE);
    let headers = headers
        .map(|(name, value)| (name.as_str().to_owned(), scrub(&String::from_utf8_lossy(value.as_bytes()), secrets)))
        .collect();
    let status = head.status.as_u16();
    let (body, file) = match folder.filter(|_| head.status.is_success()) {
        Some(folder) => (Vec::new(), Some(keep(body, most.file, folder).await?)),
        None => (scrub_bytes(collect(body, most.body).await?, secrets), None),
    };
    Ok((Response { status, headers, body }, file))
}

async fn collect(body: Incoming, most: u64) -> Result<Vec<u8>, Refusal> {
    let mut bytes = Vec::new();
    pieces(body, most, |piece| {
        bytes.extend_from_slice(piece);
        Ok(())
    })
    .await?;
    Ok(bytes)
}

/// Only its owner can read the file.
async fn keep(body: Incoming, most: u64, folder: PathBuf) -> Result<TempPath, Refusal> {
    let unkept = |error: io::Error| Refusal::new("broken", format!("the file could not be kept: {error}"));
    std::fs::create_dir_all(&folder).map_err(unkept)?;
    let mut file = NamedTempFile::with_prefix_in("download-", folder).map_err(unkept)?;
    pieces(body, most, |piece| file.write_all(piece).map_err(unkept)).await?;
    Ok(file.into_temp_path())
}

async fn pieces(
    mut body: Incoming,
    most: u64,
    mut take: impl FnMut(&[u8]) -> Result<(), Refusal>,
) -> Result<(), Refusal> {
    let mut left = most;
    while let Some(frame) = body.frame().await {
        let frame =
            frame.map_err(|error| Refusal::passing("broken", format!("the answer broke off: {error}"), true))?;
        let Ok(piece) = frame.into_data() else { continue };
        let too_large = || Refusal::new("too-large", format!("the answer has more than {most} bytes"));
        left = left.checked_sub(piece.len() as u64).ok_or_else(too_large)?;
        take(&piece)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, Issuer, KeyPair};
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;
    use tokio_rustls::TlsAcceptor;
    use tokio_rustls::rustls::ServerConfig;
    use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

    use super::*;
    use crate::blobs::Blobs;
    use crate::manifest::AskedHttp;
    use crate::wit::imports::http::Body;

    /// A server for this name, whose certificate a root of its own has signed; its port, and the root.
    async fn serve(name: &str) -> (u16, CertificateDer<'static>) {
        let root_key = KeyPair::generate().unwrap();
        let mut root = CertificateParams::new(Vec::new()).unwrap();
        root.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let root_certificate = root.self_signed(&root_key).unwrap().der().clone();
        let key = KeyPair::generate().unwrap();
        let leaf = CertificateParams::new(vec![name.to_owned()]).unwrap();
        let leaf = leaf.signed_by(&key, &Issuer::new(root, root_key)).unwrap();
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![leaf.der().clone()], key)
            .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let Ok(mut stream) = acceptor.accept(stream).await else { continue };
                let mut asked = vec![0; 1024];
                let read = stream.read(&mut asked).await.unwrap_or(0);
                let line = String::from_utf8_lossy(&asked[..read]).lines().next().unwrap_or_default().to_owned();
                let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{line}", line.len());
                let _ = stream.write_all(answer.as_bytes()).await;
                let _ = stream.shutdown().await;
            }
        });
        (port, root_certificate)
    }

    fn trusting(root: CertificateDer<'static>) -> Client {
        let mut roots = RootCertStore::empty();
        roots.add(root).unwrap();
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        Client { tls: OnceLock::from(Arc::new(config)) }
    }

    async fn ask(client: &Client, port: u16) -> Result<Answer, Refusal> {
        let grant: AskedHttp = toml::from_str("allow = []").unwrap();
        let destination =
            Destination { tls: true, host: "localhost".into(), port, base: String::new(), may_be_private: true };
        let order = Order {
            destination,
            method: "GET".into(),
            line: "/over-tls".into(),
            headers: Vec::new(),
            body: Payload::new(Body::Empty, &Blobs::default(), &grant).unwrap(),
            most: Most { body: 1000, file: 0 },
            folder: None,
            secrets: Vec::new(),
        };
        client.exchange(order, Duration::from_secs(20)).await
    }

    #[tokio::test]
    async fn a_server_is_talked_to_by_tls_if_its_name_and_its_root_are_right() {
        let (port, root) = serve("localhost").await;
        let (answer, _) = ask(&trusting(root), port).await.unwrap();
        assert_eq!((answer.status, answer.body.as_slice()), (200, b"GET /over-tls HTTP/1.1".as_slice()));
        let refused = ask(&Client::default(), port).await.unwrap_err();
        assert_eq!((refused.code, refused.sent), ("tls", false), "a root that nobody knows is trusted");
        let (port, root) = serve("other.test").await;
        let refused = ask(&trusting(root), port).await.unwrap_err();
        assert_eq!((refused.code, refused.sent), ("tls", false), "another name is trusted");
    }
}
