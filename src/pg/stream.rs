//! The socket under a session, and the question whether the server speaks TLS.

use std::io;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
#[cfg(unix)]
use tokio::net::UnixStream;

use super::error::{Error, TlsProblem, UnreachableCause};

/// Dials TCP. `deadline` bounds name look-up and all addresses together.
pub(super) async fn dial(host: &str, port: u16, deadline: Duration) -> Result<TcpStream, Error> {
    let begun = Instant::now();
    let unreachable = |cause| Error::Unreachable {
        host: host.to_owned(),
        port,
        cause,
        elapsed: begun.elapsed(),
    };
    let attempt = async {
        let addresses: Vec<_> = tokio::net::lookup_host((host, port))
            .await
            .map_err(|_| UnreachableCause::Name)?
            .collect();
        // Every address gets its share, so that a dead IPv6 route does not use up all the time.
        let share = deadline / u32::try_from(addresses.len()).unwrap_or(1).max(1);
        let mut cause = UnreachableCause::Name;
        for address in addresses {
            match tokio::time::timeout(share, TcpStream::connect(address)).await {
                Ok(Ok(stream)) => return Ok(stream),
                Ok(Err(error)) => cause = self::cause(&error),
                Err(_) => cause = UnreachableCause::Silent,
            }
        }
        Err(cause)
    };
    let stream = tokio::time::timeout(deadline, attempt)
        .await
        .map_err(|_| unreachable(UnreachableCause::Silent))?
        .map_err(unreachable)?;
    // Small messages back and forth: waiting to fill a packet only costs time.
    let _ = stream.set_nodelay(true);
    Ok(stream)
}

/// Opens libpq's Unix socket in `directory`.
#[cfg(unix)]
pub(super) async fn dial_unix(directory: &str, port: u16) -> Result<UnixStream, Error> {
    let begun = Instant::now();
    UnixStream::connect(format!("{directory}/.s.PGSQL.{port}"))
        .await
        .map_err(|error| Error::Unreachable {
            host: directory.to_owned(),
            port,
            cause: cause(&error),
            elapsed: begun.elapsed(),
        })
}

fn cause(error: &io::Error) -> UnreachableCause {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => UnreachableCause::Refused,
        io::ErrorKind::TimedOut => UnreachableCause::Silent,
        io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable => {
            UnreachableCause::NoRoute
        }
        other => UnreachableCause::Other(other),
    }
}

/// Sends Postgres' `SSLRequest` and reads the answer, one byte.
///
/// Asked here and not by the driver, whose error for "no" can only be told from others by its text.
pub(super) async fn ask_for_tls(stream: &mut TcpStream, host: &str) -> Result<(), Error> {
    /// Length 8 and the request code 1234·2¹⁶ + 5679, from the protocol's message formats.
    const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f];
    let lost = |error: io::Error| Error::ConnectionLost {
        cause: Some(error.kind().to_string()),
        sqlstate: None,
    };
    stream.write_all(&SSL_REQUEST).await.map_err(lost)?;
    let answer = stream.read_u8().await.map_err(lost)?;
    if answer == b'S' {
        return Ok(());
    }
    Err(Error::Tls {
        host: host.to_owned(),
        problem: TlsProblem::NotOffered,
    })
}
