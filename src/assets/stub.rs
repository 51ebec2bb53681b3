//! For tests: a package index on this machine, and wheels to put on it.

use std::collections::HashMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use serde_json::json;

use super::asset::{File, Files, pack, sha256_hex};
use super::index::SIMPLE_JSON;

/// An answer: status line, headers, body.
type Answer = (&'static str, String, Vec<u8>);

#[derive(Default)]
struct State {
    answers: HashMap<String, Answer>,
    /// Requests that are dropped without an answer before the next is answered.
    dropped: usize,
    seen: Vec<String>,
}

/// An HTTP server on 127.0.0.1 that lives as long as the test process.
pub(super) struct Stub {
    pub address: String,
    state: Arc<Mutex<State>>,
}

impl Stub {
    pub(super) fn start() -> Self {
        // a process may have one already
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = format!("http://{}", listener.local_addr().expect("an address"));
        let state = Arc::new(Mutex::new(State::default()));
        let shared = Arc::clone(&state);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let _ = answer(stream, &shared);
            }
        });
        Self { address, state }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().expect("no test panicked in here")
    }

    pub(super) fn put(&self, path: &str, status: &'static str, header: &str, body: Vec<u8>) {
        self.state()
            .answers
            .insert(path.to_owned(), (status, header.to_owned(), body));
    }

    pub(super) fn drop_next(&self, requests: usize) {
        self.state().dropped = requests;
    }

    /// The paths asked for since the last time.
    pub(super) fn seen(&self) -> Vec<String> {
        std::mem::take(&mut self.state().seen)
    }

    /// Puts up a project's page, and the files beside it.
    pub(super) fn project(&self, name: &str, files: &[(&str, Vec<u8>)]) {
        let page: Vec<_> = files
            .iter()
            .map(|(file, bytes)| json!({"filename": file, "url": format!("../../files/{file}"), "hashes": {"sha256": sha256_hex(bytes)}, "yanked": false}))
            .collect();
        self.page(
            name,
            &json!({"meta": {"api-version": "1.1"}, "name": name, "files": page}),
        );
        for (file, bytes) in files {
            self.put(
                &format!("/files/{file}"),
                "200 OK",
                "content-type: application/octet-stream",
                bytes.clone(),
            );
        }
    }

    pub(super) fn page(&self, name: &str, page: &serde_json::Value) {
        self.put(
            &format!("/simple/{name}/"),
            "200 OK",
            &format!("content-type: {SIMPLE_JSON}"),
            page.to_string().into_bytes(),
        );
    }
}

fn answer(mut stream: TcpStream, state: &Mutex<State>) -> std::io::Result<()> {
    let mut lines = BufReader::new(stream.try_clone()?).lines();
    let request = lines.next().transpose()?.unwrap_or_default();
    for line in lines {
        if line?.is_empty() {
            break;
        }
    }
    let path = request.split(' ').nth(1).unwrap_or_default().to_owned();
    let (status, header, body) = {
        let mut state = state.lock().map_err(|_| std::io::ErrorKind::Other)?;
        state.seen.push(path.clone());
        if state.dropped > 0 {
            state.dropped -= 1;
            return Ok(());
        }
        state.answers.get(&path).cloned().unwrap_or((
            "404 Not Found",
            "x: y".to_owned(),
            Vec::new(),
        ))
    };
    write!(
        stream,
        "HTTP/1.1 {status}\r\n{header}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    )?;
    stream.write_all(&body)
}

/// The head of an ELF file for this machine: 62 is x86_64, 183 is aarch64.
pub(super) fn elf(machine: u16) -> Vec<u8> {
    let mut bytes = vec![0; 64];
    bytes[..6].copy_from_slice(b"\x7fELF\x02\x01");
    bytes[18..20].copy_from_slice(&machine.to_le_bytes());
    bytes
}

/// A zip of these files.
pub(super) fn zip(files: &[(&str, &[u8])]) -> Vec<u8> {
    let file = |bytes: &[u8]| File {
        bytes: bytes.to_vec(),
        executable: false,
    };
    let files: Files = files
        .iter()
        .map(|(path, bytes)| ((*path).to_owned(), file(bytes)))
        .collect();
    pack("test", &files).expect("a zip").bytes.to_vec()
}

/// A wheel of these files.
pub(super) fn wheel(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut all = files.to_vec();
    all.push(("p-1.0.dist-info/WHEEL", b"Wheel-Version: 1.0\n"));
    zip(&all)
}
