//! One entrance: accepts connections, speaks HTTP/1 on each, and closes in order.
//!
//! A loop of our own, because a listener must not be exhausted: the number of connections and the time for the
//! headers of a request have limits.

use std::io;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tower::ServiceExt as _;

use super::patience::Patient;
use crate::http::Peer;

/// More wait in the kernel's queue.
const MOST_CONNECTIONS: usize = 256;
/// Connections never take the last files: the host needs some for its database, its sessions and their tmux.
const FILES_OF_THE_HOST: u64 = 64;
const ENTRANCES: u64 = 2;
const FEWEST_CONNECTIONS: u64 = 4;
/// Also the time that an idle connection is kept.
const HEADER_LIMIT: Duration = Duration::from_secs(30);
/// An answer that the other end takes nothing of for so long is given up.
const WRITE_LIMIT: Duration = Duration::from_secs(30);
/// When no file is left to accept into, trying again at once would only burn time.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Something that connections come from.
pub(super) trait Entrance: Send + 'static {
    type Stream: AsyncRead + AsyncWrite + Unpin + Send + 'static;

    fn accept(&self) -> impl Future<Output = io::Result<(Self::Stream, Option<Peer>)>> + Send;
}

#[derive(Debug)]
pub(super) struct Tcp(pub(super) TcpListener);

#[derive(Debug)]
pub(super) struct Unix(pub(super) UnixListener);

impl Entrance for Tcp {
    type Stream = TcpStream;

    async fn accept(&self) -> io::Result<(TcpStream, Option<Peer>)> {
        let (stream, address) = self.0.accept().await?;
        stream.set_nodelay(true)?;
        Ok((stream, Some(Peer(address.ip()))))
    }
}

impl Entrance for Unix {
    type Stream = UnixStream;

    async fn accept(&self) -> io::Result<(UnixStream, Option<Peer>)> {
        let (stream, _) = self.0.accept().await?;
        Ok((stream, None))
    }
}

/// Serves until `closing` says true; requests that are open then have `grace` to end.
pub(super) async fn serve<E: Entrance>(
    entrance: E,
    router: Router,
    mut closing: watch::Receiver<bool>,
    grace: Duration,
) {
    let most = most_connections(rustix::process::getrlimit(rustix::process::Resource::Nofile).current);
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            () = closed(&mut closing) => break,
            Some(_) = connections.join_next(), if !connections.is_empty() => {}
            accepted = entrance.accept(), if connections.len() < most => match accepted {
                Ok((stream, peer)) => {
                    connections.spawn(connection(stream, peer, router.clone(), closing.clone()));
                }
                Err(error) => {
                    tracing::warn!(%error, "a connection was not accepted");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            },
        }
    }
    drop(entrance);
    let ended = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(grace, ended).await.is_err() {
        tracing::warn!("{} requests did not end in {grace:?} and are cut off", connections.len());
    }
    connections.shutdown().await;
}

/// How many connections one entrance holds where the process may open so many files.
fn most_connections(files: Option<u64>) -> usize {
    let share = files.map(|files| files.saturating_sub(FILES_OF_THE_HOST) / ENTRANCES);
    let share = share.and_then(|share| usize::try_from(share.max(FEWEST_CONNECTIONS)).ok());
    share.map_or(MOST_CONNECTIONS, |share| share.min(MOST_CONNECTIONS))
}

/// Also when the sender is gone.
async fn closed(closing: &mut watch::Receiver<bool>) {
    let _ = closing.wait_for(|closing| *closing).await;
}

async fn connection<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(
    stream: S,
    peer: Option<Peer>,
    router: Router,
    mut closing: watch::Receiver<bool>,
) {
    let service = hyper::service::service_fn(move |request: Request<Incoming>| {
        let mut request = request.map(Body::new);
        if let Some(peer) = peer {
            request.extensions_mut().insert(peer);
        }
        router.clone().oneshot(request)
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_LIMIT)
        .serve_connection(TokioIo::new(Patient::new(stream, WRITE_LIMIT)), service)
        .with_upgrades();
    tokio::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = closed(&mut closing) => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended early");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_leave_files_for_the_host() {
        for (files, most) in [(None, 256), (Some(1_000_000), 256), (Some(264), 100), (Some(20), 4)] {
            assert_eq!(most_connections(files), most, "{files:?}");
        }
    }
}
