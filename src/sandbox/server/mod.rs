//! The sandbox's HTTP server, on loopback only: takes calls of any AWS client, in the services' own protocols.

#[cfg(test)]
pub(in crate::sandbox) mod bench;
mod calls;
mod credential;
mod envelope;
mod exchange;
mod request;
mod routes;
#[cfg(test)]
mod tests;
mod visitor;

pub use calls::{LoggedCall, dependent_round_trips};

use super::Sandbox;
use super::faults::{History, Script};
use calls::CallLog;
use exchange::Exchange;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// How long calls in flight may take to end at a shutdown before their connections are cut.
const GRACE: Duration = Duration::from_secs(10);

/// How long nothing is accepted after a failure to accept.
const PAUSE: Duration = Duration::from_millis(50);

/// How a server is to be run. A bare port is the same without faults.
#[derive(Clone, Debug, Default)]
pub struct ServerOptions {
    /// The port on 127.0.0.1; 0 lets the system choose.
    pub port: u16,
    /// What goes wrong on request.
    pub faults: Script,
}

impl From<u16> for ServerOptions {
    fn from(port: u16) -> Self {
        ServerOptions {
            port,
            ..Self::default()
        }
    }
}

/// Why a server could not be started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Somebody else listens there.
    #[error(
        "port {port} on 127.0.0.1 is in use: choose another one, or 0 to let the system choose"
    )]
    PortInUse {
        /// The port that was asked for.
        port: u16,
    },
    /// The system refuses the port.
    #[error("cannot listen on 127.0.0.1:{port}: {source}")]
    Listen {
        /// The port that was asked for.
        port: u16,
        /// What the system said.
        source: io::Error,
    },
}

/// A server that runs until it is shut down or dropped.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    log: Arc<CallLog>,
    stop: CancellationToken,
    cut: CancellationToken,
    tasks: TaskTracker,
}

impl Server {
    /// Starts to answer calls. Needs a Tokio runtime around it.
    ///
    /// # Errors
    /// `PortInUse` where the port is taken, `Listen` for any other refusal of the system.
    pub async fn start(
        sandbox: Sandbox,
        options: impl Into<ServerOptions>,
    ) -> Result<Server, StartError> {
        let ServerOptions { port, faults } = options.into();
        let refused = |source: io::Error| match source.kind() {
            io::ErrorKind::AddrInUse => StartError::PortInUse { port },
            _ => StartError::Listen { port, source },
        };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))
            .await
            .map_err(refused)?;
        let address = listener.local_addr().map_err(refused)?;
        let log = Arc::new(CallLog::new(sandbox.store.dir()));
        let history = History::of(&faults, &sandbox.store);
        let server = Server {
            address,
            log: log.clone(),
            stop: CancellationToken::new(),
            cut: CancellationToken::new(),
            tasks: TaskTracker::new(),
        };
        let exchange = Arc::new(Exchange {
            sandbox,
            faults,
            history,
            log,
        });
        let (tasks, stop, cut) = (
            server.tasks.clone(),
            server.stop.clone(),
            server.cut.clone(),
        );
        server.tasks.spawn(async move {
            loop {
                let stream = tokio::select! {
                    () = stop.cancelled() => break,
                    accepted = listener.accept() => accepted,
                };
                match stream {
                    Ok((stream, _)) => {
                        tasks.spawn(serve(stream, exchange.clone(), stop.clone(), cut.clone()));
                    }
                    // a connection that died in the queue, or no file left to open: a pause lets others end
                    Err(_) => {
                        let _ = tokio::time::timeout(PAUSE, stop.cancelled()).await;
                    }
                }
            }
        });
        Ok(server)
    }

    /// Returns what clients give as their endpoint, `http://127.0.0.1:PORT`.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Returns the port.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// Returns the calls that have been answered so far, in the order in which they arrived.
    pub fn calls(&self) -> Vec<LoggedCall> {
        self.log.all()
    }

    /// Stops: takes no new calls, lets those in flight end, and returns when all of them have.
    pub async fn shutdown(self) {
        self.stop.cancel();
        self.tasks.close();
        if tokio::time::timeout(GRACE, self.tasks.wait())
            .await
            .is_err()
        {
            self.cut.cancel();
            self.tasks.wait().await;
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

async fn serve(
    stream: TcpStream,
    exchange: Arc<Exchange>,
    stop: CancellationToken,
    cut: CancellationToken,
) {
    // answers are small and waited for
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request| {
        let exchange = exchange.clone();
        async move { exchange.answer(request).await }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .max_buf_size(512 * 1024)
        .serve_connection(TokioIo::new(stream), service);
    tokio::pin!(connection);
    let mut stopping = false;
    loop {
        tokio::select! {
            // an error is a client that went away, or an answer that was dropped on purpose
            _ = connection.as_mut() => return,
            () = cut.cancelled() => return,
            () = stop.cancelled(), if !stopping => {
                stopping = true;
                connection.as_mut().graceful_shutdown();
            }
        }
    }
}
