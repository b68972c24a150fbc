//! What stands between server and SDK and does harm: a proxy for TCP, one thread a direction.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Instant;

/// What is done to answers.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Fault {
    /// Nothing.
    None,
    /// Connections are closed at once.
    Refuse,
    /// The connection is closed right behind this text.
    CutAfter(&'static [u8]),
    /// The byte that stands so far behind this text is another.
    FlipAfter(&'static [u8], usize),
    /// A byte of the signature of a token in an event is another, and the token is still one.
    FlipSignature,
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

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    /// When a stream was asked for, since the last [`Proxy::set`].
    streams: Mutex<Vec<Instant>>,
    /// How often harm was done, since the last [`Proxy::set`].
    harmed: AtomicUsize,
}

struct State {
    fault: Fault,
    /// The clients' ends of the connections, and what each was answered, since the last [`Proxy::set`].
    connections: Vec<(TcpStream, Answered)>,
}

type Answered = Arc<Mutex<Vec<u8>>>;

impl Default for State {
    fn default() -> Self {
        Self { fault: Fault::None, connections: Vec::new() }
    }
}

impl Proxy {
    pub(crate) fn before(url: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let shared = Arc::<Shared>::default();
        let (upstream, common) = (url.strip_prefix("http://").unwrap().to_owned(), Arc::clone(&shared));
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
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

    /// From now on; connections that are there are broken first, so that nothing more comes through them.
    pub(crate) fn set(&self, fault: Fault) {
        let mut state = self.shared.state.lock().unwrap();
        for (client, _) in state.connections.drain(..) {
            let _ = client.shutdown(Shutdown::Both);
        }
        state.fault = fault;
        self.shared.streams.lock().unwrap().clear();
        self.shared.harmed.store(0, Ordering::SeqCst);
    }

    /// As [`Proxy::set`], but the connections that are there stay.
    pub(crate) fn turn(&self, fault: Fault) {
        self.shared.state.lock().unwrap().fault = fault;
        self.shared.harmed.store(0, Ordering::SeqCst);
    }

    /// What was answered on a connection since the last [`Proxy::set`], if it has this text.
    pub(crate) fn answer_with(&self, text: &str) -> Option<Vec<u8>> {
        let state = self.shared.state.lock().unwrap();
        let answers = state.connections.iter().map(|(_, answered)| answered.lock().unwrap().clone());
        answers.into_iter().find(|bytes| ends_of(text.as_bytes(), bytes).next().is_some())
    }

    /// When streams were asked for since the last [`Proxy::set`].
    pub(crate) fn streams(&self) -> Vec<Instant> {
        self.shared.streams.lock().unwrap().clone()
    }

    /// How often harm was done to an answer since the last [`Proxy::set`] or [`Proxy::turn`].
    pub(crate) fn harmed(&self) -> usize {
        self.shared.harmed.load(Ordering::SeqCst)
    }
}

fn connection(client: &TcpStream, upstream: &str, shared: &Arc<Shared>) {
    let answered = Answered::default();
    let fault = {
        let mut state = shared.state.lock().unwrap();
        state.connections.push((client.try_clone().unwrap(), Arc::clone(&answered)));
        state.fault.clone()
    };
    match (fault, TcpStream::connect(upstream)) {
        (Fault::Refuse, _) | (_, Err(_)) => {
            let _ = client.shutdown(Shutdown::Both);
        }
        (Fault::Replay(answer), _) => replay(client, &answer),
        (_, Ok(server)) => {
            let (from, to) = (client.try_clone().unwrap(), server.try_clone().unwrap());
            let mut asked = Asked(Arc::clone(shared));
            thread::spawn(move || {
                pass(&from, &to, |bytes| ControlFlow::Continue(asked.without_compression(bytes)))
            });
            let mut harm = Harm { shared: Arc::clone(shared), answered, before: Vec::new() };
            pass(&server, client, |bytes| harm.apply(bytes));
        }
    }
}

/// Passes bytes on until one side ends, or what is passed on is to be the last; then both end.
fn pass(
    mut from: &TcpStream,
    mut to: &TcpStream,
    mut change: impl FnMut(Vec<u8>) -> ControlFlow<Vec<u8>, Vec<u8>>,
) {
    let mut buffer = vec![0; 16 * 1024];
    while let Ok(read) = from.read(&mut buffer)
        && read > 0
    {
        match change(buffer[..read].to_vec()) {
            ControlFlow::Continue(bytes) if to.write_all(&bytes).is_ok() => {}
            ControlFlow::Continue(_) => break,
            ControlFlow::Break(last) => {
                let _ = to.write_all(&last);
                break;
            }
        }
    }
    let _ = from.shutdown(Shutdown::Both);
    let _ = to.shutdown(Shutdown::Both);
}

/// What clients ask.
struct Asked(Arc<Shared>);

impl Asked {
    /// The proxy looks for texts in answers: they must not be compressed.
    fn without_compression(&mut self, mut bytes: Vec<u8>) -> Vec<u8> {
        if ends_of(b"GET /sdk/v1/stream", &bytes).next().is_some() {
            self.0.streams.lock().unwrap().push(Instant::now());
        }
        let name = b"accept-encoding:";
        let found = bytes.windows(name.len()).position(|window| window.eq_ignore_ascii_case(name));
        if let Some(byte) = found.and_then(|at| bytes.get_mut(at)) {
            *byte = b'x';
        }
        bytes
    }
}

/// The fault, as it is applied to what one connection answers.
struct Harm {
    shared: Arc<Shared>,
    answered: Answered,
    /// The end of what was passed on before: a text may come in two pieces.
    before: Vec<u8>,
}

impl Harm {
    fn apply(&mut self, mut bytes: Vec<u8>) -> ControlFlow<Vec<u8>, Vec<u8>> {
        self.answered.lock().unwrap().extend_from_slice(&bytes);
        let fault = self.shared.state.lock().unwrap().fault.clone();
        let mut all = std::mem::take(&mut self.before);
        let old = all.len();
        all.extend_from_slice(&bytes);
        let mut is_harmed = false;
        let mut cut = false;
        match fault {
            Fault::CutAfter(text) => {
                if let Some(at) = ends_of(text, &all).find(|at| *at >= old) {
                    bytes.truncate(at - old);
                    (cut, is_harmed) = (true, true);
                }
            }
            Fault::FlipAfter(text, distance) => {
                for place in ends_of(text, &all).filter_map(|at| (at + distance).checked_sub(old)) {
                    if let Some(byte) = bytes.get_mut(place) {
                        *byte ^= 1;
                        is_harmed = true;
                    }
                }
            }
            Fault::FlipSignature => {
                for place in signatures(&all).filter_map(|at| (at + 10).checked_sub(old)) {
                    if let Some(byte) = bytes.get_mut(place) {
                        *byte = if *byte == b'A' { b'B' } else { b'A' };
                        is_harmed = true;
                    }
                }
            }
            Fault::Stall => {
                bytes.clear();
                is_harmed = true;
            }
            Fault::None | Fault::Refuse | Fault::Replay(_) => {}
        }
        if is_harmed {
            self.shared.harmed.fetch_add(1, Ordering::SeqCst);
        }
        self.before = all.split_off(all.len().saturating_sub(4 * 1024));
        if cut { ControlFlow::Break(bytes) } else { ControlFlow::Continue(bytes) }
    }
}

/// Where the signatures of events begin: behind the second full stop of each token.
fn signatures(bytes: &[u8]) -> impl Iterator<Item = usize> {
    ends_of(b"data: eyJ", bytes).filter_map(|token| {
        let dots = bytes[token..].iter().enumerate().filter(|(_, byte)| **byte == b'.');
        dots.map(|(at, _)| token + at + 1).nth(1)
    })
}

fn ends_of(text: &[u8], bytes: &[u8]) -> impl Iterator<Item = usize> {
    let places = bytes.windows(text.len()).enumerate().filter(move |(_, window)| *window == text);
    places.map(|(at, window)| at + window.len())
}

/// Answers, and holds the connection open until it is broken.
fn replay(mut client: &TcpStream, answer: &[u8]) {
    let mut request = [0; 8 * 1024];
    let _ = client.read(&mut request);
    let _ = client.write_all(answer);
    while client.read(&mut request).is_ok_and(|read| read > 0) {}
}
