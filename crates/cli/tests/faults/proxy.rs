//! What stands between server and SDK and does harm: a proxy for TCP, one thread a direction.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// What is done to answers.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Fault {
    /// Nothing.
    None,
    /// Connections are closed at once.
    Refuse,
    /// The connection is closed in the middle of what follows this text.
    CutAfter(&'static [u8]),
    /// The byte that stands so far behind this text is another.
    FlipAfter(&'static [u8], usize),
    /// Nothing is passed on any more, and nothing is closed.
    Stall,
    /// This is answered, whatever is asked, and the connection held open.
    Replay(Vec<u8>),
}

/// A proxy that runs until the test ends.
pub(crate) struct Proxy {
    address: String,
    shared: Arc<Shared>,
}

struct Shared {
    fault: Mutex<Fault>,
    /// What the server answered on the connection that was made last.
    seen: Mutex<Vec<u8>>,
    /// Bumped to break all connections.
    epoch: AtomicUsize,
    connections: AtomicUsize,
}

impl Proxy {
    pub(crate) fn before(url: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let shared = Arc::new(Shared {
            fault: Mutex::new(Fault::None),
            seen: Mutex::default(),
            epoch: AtomicUsize::new(0),
            connections: AtomicUsize::new(0),
        });
        let (upstream, common) = (url.strip_prefix("http://").unwrap().to_owned(), Arc::clone(&shared));
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                common.connections.fetch_add(1, Ordering::SeqCst);
                let (upstream, shared) = (upstream.clone(), Arc::clone(&common));
                thread::spawn(move || connection(&client, &upstream, &shared));
            }
        });
        Self { address, shared }
    }

    /// A connection string that leads here.
    pub(crate) fn instead_of(&self, url: &str, connection: &str) -> String {
        let host = url.strip_prefix("http://").unwrap();
        assert!(connection.contains(host), "{connection}");
        connection.replace(host, &self.address)
    }

    /// From now on; connections that are there are broken, so that it counts for whatever comes next.
    pub(crate) fn set(&self, fault: Fault) {
        *self.shared.fault.lock().unwrap() = fault;
        self.shared.seen.lock().unwrap().clear();
        self.shared.epoch.fetch_add(1, Ordering::SeqCst);
    }

    /// As [`Proxy::set`], also on the connections that are there.
    pub(crate) fn turn(&self, fault: Fault) {
        *self.shared.fault.lock().unwrap() = fault;
    }

    /// What the server answered since the last [`Proxy::set`].
    pub(crate) fn seen(&self) -> Vec<u8> {
        self.shared.seen.lock().unwrap().clone()
    }

    /// How many connections were made.
    pub(crate) fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::SeqCst)
    }
}

fn connection(client: &TcpStream, upstream: &str, shared: &Arc<Shared>) {
    let fault = shared.fault.lock().unwrap().clone();
    if fault == Fault::Refuse {
        let _ = client.shutdown(Shutdown::Both);
        return;
    }
    if let Fault::Replay(answer) = &fault {
        replay(client, answer, shared);
        return;
    }
    let Ok(server) = TcpStream::connect(upstream) else {
        let _ = client.shutdown(Shutdown::Both);
        return;
    };
    let (from, to) = (client.try_clone().unwrap(), server.try_clone().unwrap());
    let common = Arc::clone(shared);
    thread::spawn(move || pass(&from, &to, &common, |bytes| without_compression(bytes)));
    let mut harm = Harm { shared: Arc::clone(shared), before: Vec::new(), cut: false };
    pass(&server, client, shared, move |bytes| harm.apply(bytes));
}

/// Passes bytes on until one side ends, or all connections are to break.
fn pass(
    mut from: &TcpStream,
    mut to: &TcpStream,
    shared: &Shared,
    mut change: impl FnMut(Vec<u8>) -> Option<Vec<u8>>,
) {
    let epoch = shared.epoch.load(Ordering::SeqCst);
    from.set_read_timeout(Some(Duration::from_millis(20))).unwrap();
    let mut buffer = vec![0; 16 * 1024];
    while shared.epoch.load(Ordering::SeqCst) == epoch {
        let read = match from.read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => read,
            Err(error)
                if matches!(error.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut) =>
            {
                continue;
            }
            Err(_) => break,
        };
        match change(buffer[..read].to_vec()) {
            Some(bytes) if to.write_all(&bytes).is_ok() => {}
            _ => break,
        }
    }
    let _ = from.shutdown(Shutdown::Both);
    let _ = to.shutdown(Shutdown::Both);
}

/// The proxy looks for texts in answers: they must not be compressed.
fn without_compression(bytes: Vec<u8>) -> Option<Vec<u8>> {
    let name = b"accept-encoding:";
    let mut bytes = bytes;
    if let Some(at) = bytes.windows(name.len()).position(|window| window.eq_ignore_ascii_case(name)) {
        bytes[at] = b'x';
    }
    Some(bytes)
}

/// The fault, as it is applied to what one connection answers.
struct Harm {
    shared: Arc<Shared>,
    /// The end of what was passed on before: a text may come in two pieces.
    before: Vec<u8>,
    cut: bool,
}

impl Harm {
    fn apply(&mut self, mut bytes: Vec<u8>) -> Option<Vec<u8>> {
        if self.cut {
            return None;
        }
        self.shared.seen.lock().unwrap().extend_from_slice(&bytes);
        let fault = self.shared.fault.lock().unwrap().clone();
        let old = self.before.len();
        let mut all = std::mem::take(&mut self.before);
        all.extend_from_slice(&bytes);
        let after =
            |text: &[u8]| all.windows(text.len()).position(|window| window == text).map(|at| at + text.len());
        match fault {
            Fault::CutAfter(text) => {
                if let Some(at) = after(text) {
                    bytes.truncate(at.saturating_sub(old).min(bytes.len()));
                    self.cut = true;
                }
            }
            Fault::FlipAfter(text, distance) => {
                let place = after(text).and_then(|at| (at + distance).checked_sub(old));
                if let Some(byte) = place.and_then(|at| bytes.get_mut(at)) {
                    *byte ^= 1;
                }
            }
            Fault::Stall => bytes.clear(),
            Fault::None | Fault::Refuse | Fault::Replay(_) => {}
        }
        self.before = all.split_off(all.len().saturating_sub(4 * 1024));
        Some(bytes)
    }
}

fn replay(mut client: &TcpStream, answer: &[u8], shared: &Shared) {
    let epoch = shared.epoch.load(Ordering::SeqCst);
    let mut request = [0; 8 * 1024];
    let _ = client.read(&mut request);
    let _ = client.write_all(answer);
    while shared.epoch.load(Ordering::SeqCst) == epoch {
        thread::sleep(Duration::from_millis(20));
    }
    let _ = client.shutdown(Shutdown::Both);
}
