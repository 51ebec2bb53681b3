//! Rows out to a file and in again, by COPY, in pieces.

use std::fs::File;
use std::path::Path;
use std::pin::pin;

use futures_util::{SinkExt, StreamExt};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_util::bytes::{Bytes, BytesMut};

use sha2::{Digest, Sha256};

use super::super::error::Error;
use super::super::session::Session;
use super::copy::Sum;
use super::store::{Copies, disk};

/// After so many bytes the disk is asked again whether there is room.
const ASK_AFTER: u64 = 8 * 1024 * 1024;
/// How much is read from a file at once.
const PIECE: usize = 64 * 1024;

/// What makes the text of a row the same at any time: nothing of it depends on the session.
pub(super) const SETTINGS: &str = "SET LOCAL search_path = ''; SET LOCAL row_security = off; \
    SET LOCAL datestyle = 'ISO, YMD'; SET LOCAL intervalstyle = 'postgres'; \
    SET LOCAL extra_float_digits = 3; SET LOCAL timezone = 'UTC'; SET LOCAL xmloption = content; \
    SET LOCAL statement_timeout = 0; SET LOCAL quote_all_identifiers = off; \
    SET LOCAL default_table_access_method = heap; SET LOCAL default_tablespace = ''; \
    SET LOCAL check_function_bodies = off";

/// What came out.
#[derive(Clone, Debug)]
pub(super) struct Written {
    pub(super) rows: u64,
    pub(super) bytes: u64,
    pub(super) sum: Sum,
}

impl Session {
    /// Runs a `COPY … TO STDOUT` into a file, which is then on the disk.
    pub(super) async fn copy_to(
        &self,
        sql: &str,
        file: File,
        path: &Path,
        copies: &Copies,
    ) -> Result<Written, Error> {
        let wrong = |e: &std::io::Error| disk(path, e);
        let mut to =
            tokio::io::BufWriter::with_capacity(4 * PIECE, tokio::fs::File::from_std(file));
        let mut rows = pin!(self.timed(self.client().copy_out(sql)).await?);
        let (mut lines, mut bytes, mut ask_at) = (0, 0, ASK_AFTER);
        let mut digest = Sha256::new();
        // each piece has the time of a statement, the whole has not
        while let Some(piece) = self.timed(async { rows.next().await.transpose() }).await? {
            to.write_all(&piece).await.map_err(|e| wrong(&e))?;
            digest.update(&piece);
            bytes += piece.len() as u64;
            // a newline in a value is written as \n
            lines += piece.iter().filter(|byte| **byte == b'\n').count() as u64;
            if bytes >= ask_at {
                copies.room_for(0)?;
                ask_at += ASK_AFTER;
            }
        }
        to.flush().await.map_err(|e| wrong(&e))?;
        to.into_inner().sync_all().await.map_err(|e| wrong(&e))?;
        let sha256 = super::sums::hex(&digest.finalize());
        Ok(Written {
            rows: lines,
            bytes,
            sum: Sum { bytes, sha256 },
        })
    }

    /// Runs a `COPY … FROM STDIN` with a file. Tells how many rows went in.
    pub(super) async fn copy_from(&self, sql: &str, path: &Path) -> Result<u64, Error> {
        let wrong = |e: &std::io::Error| disk(path, e);
        let mut from = tokio::fs::File::open(path).await.map_err(|e| wrong(&e))?;
        let sink = self.timed(self.client().copy_in::<_, Bytes>(sql)).await?;
        let mut sink = pin!(sink);
        loop {
            let mut piece = BytesMut::with_capacity(PIECE);
            if from.read_buf(&mut piece).await.map_err(|e| wrong(&e))? == 0 {
                break;
            }
            self.timed(sink.send(piece.freeze())).await?;
        }
        // the end of it checks constraints and keys, which takes as long as it takes
        sink.finish().await.map_err(|error| self.error(error))
    }
}
