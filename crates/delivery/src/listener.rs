//! A listener whose connections do not wait for ever for the other side.
//!
//! ```text
//!   accepted ── head ──▶ the first request has to come ─▶ idle: something has to be read or written now and then
//!                                          bytes are not taken └─▶ stalled: some of them have to be
//! ```
//! A connection that is too late fails, and with it all that was made for it goes. It has one timer, which is moved only when
//! it fires or a nearer time is due; so a busy connection does not pay for it.

use std::io::{self, IoSlice};
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, Sleep, sleep_until};

/// So many bytes have to be taken within the time for a stalled connection, or all that there are.
const PROGRESS_BYTES: usize = 16_384;

/// How long a connection waits for the other side.
#[derive(Clone, Copy, Debug)]
pub struct Timeouts {
    /// For the first request.
    pub head: Duration,
    /// For anything at all. Longer than the heartbeat, so that streams last.
    pub idle: Duration,
    /// For bytes to be taken.
    pub write: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self { head: Duration::from_secs(60), idle: Duration::from_secs(180), write: Duration::from_secs(20) }
    }
}

/// Accepts connections with time limits, without delay of small packets; see [`crate::serve`].
///
/// It can be given to `axum::serve` as well. For handlers that ask for the peer's address then: `listener.tap_io(|_| {})`, as
/// `axum` knows the address of what is tapped, and of its own listeners, only.
#[derive(Debug)]
pub struct Listener {
    inner: TcpListener,
    timeouts: Timeouts,
}

impl Listener {
    /// Accepts what comes to the socket.
    #[must_use]
    pub fn new(inner: TcpListener, timeouts: Timeouts) -> Self {
        Self { inner, timeouts }
    }
}

impl axum::serve::Listener for Listener {
    type Addr = SocketAddr;
    type Io = Connection;

    async fn accept(&mut self) -> (Connection, SocketAddr) {
        let (stream, peer) = axum::serve::Listener::accept(&mut self.inner).await;
        (Connection::new(stream, self.timeouts), peer)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.inner.local_addr()
    }
}

/// A connection with time limits.
#[derive(Debug)]
pub struct Connection {
    stream: TcpStream,
    timeouts: Timeouts,
    timer: Pin<Box<Sleep>>,
    /// When something was read or written last.
    last: Instant,
    /// Whether an answer was begun.
    answered: bool,
    stalled: Option<Stalled>,
}

/// Bytes wait to be taken.
#[derive(Clone, Copy, Debug)]
struct Stalled {
    since: Instant,
    taken: usize,
}

impl Connection {
    fn new(stream: TcpStream, timeouts: Timeouts) -> Self {
        // Each event is written whole: nothing is won by waiting for more.
        let nodelay = stream.set_nodelay(true);
        // The same limit for a peer that is gone without a word, where the system's own is a quarter of an hour.
        #[cfg(target_os = "linux")]
        let nodelay =
            nodelay.and_then(|()| SockRef::from(&stream).set_tcp_user_timeout(Some(timeouts.write)));
        if let Err(error) = nodelay {
            tracing::debug!(%error, "a connection without its options");
        }
        let now = Instant::now();
        let timer = Box::pin(sleep_until(now + timeouts.head));
        Self { stream, timeouts, timer, last: now, answered: false, stalled: None }
    }

    /// When it is too late, as things stand.
    fn deadline(&self) -> Instant {
        match self.stalled {
            Some(stalled) => stalled.since + self.timeouts.write,
            None if self.answered => self.last + self.timeouts.idle,
            None => self.last + self.timeouts.head,
        }
    }

    /// Ready with the error when it is too late; else the task is woken when it may be.
    fn poll_late(&mut self, context: &mut Context<'_>) -> Poll<io::Error> {
        loop {
            let deadline = self.deadline();
            // Moved forward only when it fires: most of the time, something has happened by then.
            if deadline < self.timer.deadline() || self.timer.is_elapsed() {
                if deadline <= Instant::now() {
                    let what = if self.stalled.is_some() { "bytes were not taken" } else { "nothing came" };
                    return Poll::Ready(io::Error::new(io::ErrorKind::TimedOut, what));
                }
                self.timer.as_mut().reset(deadline);
            }
            ready!(self.timer.as_mut().poll(context));
        }
    }

    /// Notes what became of a write of `offered` bytes.
    fn poll_written(
        &mut self,
        context: &mut Context<'_>,
        result: Poll<io::Result<usize>>,
        offered: usize,
    ) -> Poll<io::Result<usize>> {
        match result {
            Poll::Ready(Ok(taken)) => {
                let now = Instant::now();
                (self.last, self.answered) = (now, true);
                self.stalled = self.stalled.filter(|_| taken < offered).map(|stalled| {
                    let taken = stalled.taken.saturating_add(taken);
                    if taken < PROGRESS_BYTES {
                        Stalled { taken, ..stalled }
                    } else {
                        Stalled { since: now, taken: 0 }
                    }
                });
                Poll::Ready(Ok(taken))
            }
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            Poll::Pending => {
                self.stalled.get_or_insert_with(|| Stalled { since: Instant::now(), taken: 0 });
                self.poll_late(context).map(Err)
            }
        }
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        match Pin::new(&mut this.stream).poll_read(context, buffer) {
            Poll::Ready(result) => {
                // A head that comes in drops does not get more time.
                if this.answered {
                    this.last = Instant::now();
                }
                Poll::Ready(result)
            }
            Poll::Pending => this.poll_late(context).map(Err),
        }
    }
}

impl AsyncWrite for Connection {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let result = Pin::new(&mut this.stream).poll_write(context, bytes);
        this.poll_written(context, result, bytes.len())
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let offered = slices.iter().map(|slice| slice.len()).fold(0, usize::saturating_add);
        let result = Pin::new(&mut this.stream).poll_write_vectored(context, slices);
        this.poll_written(context, result, offered)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use axum::serve::Listener as _;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    const TIMEOUTS: Timeouts = Timeouts {
        head: Duration::from_secs(5),
        idle: Duration::from_secs(50),
        write: Duration::from_secs(20),
    };

    async fn pair() -> (Connection, TcpStream) {
        let mut listener = Listener::new(TcpListener::bind(("127.0.0.1", 0)).await.unwrap(), TIMEOUTS);
        let address = listener.local_addr().unwrap();
        let (accepted, client) = tokio::join!(listener.accept(), TcpStream::connect(address));
        (accepted.0, client.unwrap())
    }

    /// After how many seconds of the clock, which jumps ahead while nothing happens.
    async fn late(wait: impl Future<Output = io::Result<usize>>) -> u64 {
        let started = Instant::now();
        assert_eq!(wait.await.unwrap_err().kind(), io::ErrorKind::TimedOut);
        started.elapsed().as_secs()
    }

    #[tokio::test(start_paused = true)]
    async fn a_head_that_comes_in_drops_gets_no_more_time() {
        let (mut connection, mut client) = pair().await;
        client.write_all(b"GET").await.unwrap();
        let mut buffer = [0; 8];
        assert_eq!(connection.read(&mut buffer).await.unwrap(), 3);
        assert_eq!(late(connection.read(&mut buffer)).await, 5);
    }

    #[tokio::test(start_paused = true)]
    async fn once_an_answer_was_begun_it_may_idle_longer_from_the_last_byte_on() {
        let (mut connection, mut client) = pair().await;
        connection.write_all(b"HTTP/1.1 200").await.unwrap();
        tokio::time::advance(Duration::from_secs(40)).await;
        client.write_all(b"GET").await.unwrap();
        let mut buffer = [0; 8];
        assert_eq!(connection.read(&mut buffer).await.unwrap(), 3);
        assert_eq!(late(connection.read(&mut buffer)).await, 50);
    }

    #[tokio::test(start_paused = true)]
    async fn bytes_that_are_not_taken_end_it() {
        let (mut connection, _client) = pair().await;
        let chunk = vec![0; 1 << 20];
        let written = late(async {
            loop {
                connection.write_all(&chunk).await?;
            }
        });
        assert_eq!(written.await, 20);
    }

    #[tokio::test(start_paused = true)]
    async fn bytes_that_are_taken_begin_the_time_anew() {
        let (mut connection, mut client) = pair().await;
        let chunk = vec![0; 1 << 20];
        // Until the buffers of the system are full.
        while let Ok(written) = tokio::time::timeout(Duration::from_secs(15), connection.write(&chunk)).await
        {
            written.unwrap();
        }
        let mut taken = vec![0; 1 << 20];
        client.read_exact(&mut taken).await.unwrap();
        let written = late(async {
            loop {
                connection.write_all(&chunk).await?;
            }
        });
        assert_eq!(written.await, 20);
    }
}
