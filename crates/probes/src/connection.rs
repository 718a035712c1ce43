//! One connection: one request, one answer, and an end in bounded time.

use std::{
    convert::Infallible,
    future::{poll_fn, ready},
    io,
    pin::Pin,
    sync::{Arc, atomic::Ordering},
    task::{Context, Poll, ready as ready_or_return},
    time::Duration,
};

use hyper::{
    Request, Response, StatusCode,
    body::{Body, Bytes, Frame, Incoming, SizeHint},
    header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderValue},
    rt::ReadBufCursor,
    server::conn::http1,
    service::service_fn,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    time::timeout,
};

use crate::answer::{ALLOWED, Room};

/// From the first byte to the last, whatever the client does or leaves undone.
const LONGEST: Duration = Duration::from_secs(5);
/// Bytes of a request's head; the library's smallest.
const LARGEST_HEAD: usize = 8192;
/// Header lines of a request.
const MOST_HEADERS: usize = 64;
/// After the answer, what is still taken from the client and thrown away, in time and in bytes.
const LINGER: (Duration, usize) = (Duration::from_millis(500), 64 * 1024);
/// Bytes read at a time.
const READ: usize = 4096;

/// Answers one request and closes.
pub async fn serve(mut stream: TcpStream, room: Arc<Room>) {
    let conversation = async {
        // An error of the client's is answered by the library, as far as it can be answered; the others want nothing.
        let _ = converse(&mut stream, &room).await;
        let _ = timeout(LINGER.0, linger(&mut stream)).await;
    };
    if timeout(LONGEST, conversation).await.is_err() {
        room.overdue.fetch_add(1, Ordering::Relaxed);
    }
}

async fn converse(stream: &mut TcpStream, room: &Room) -> hyper::Result<()> {
    let service = service_fn(|request| ready(Ok::<_, Infallible>(respond(&request, room))));
    let mut http = http1::Builder::new();
    // One request a connection: what a client sends beyond it is never looked at. Half-closed, because a client that has
    // said all may say so.
    http.keep_alive(false).half_close(true).max_buf_size(LARGEST_HEAD).max_headers(MOST_HEADERS);
    http.serve_connection(Stream(stream), service).without_shutdown().await.map(drop)
}

fn respond(request: &Request<Incoming>, room: &Room) -> Response<Text> {
    let answer = room.answer(request.method().as_str(), request.uri().path());
    let mut response = Response::new(Text(Some(answer.body.into())));
    *response.status_mut() = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(answer.content_type));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if answer.status == 405 {
        headers.insert(ALLOW, HeaderValue::from_static(ALLOWED));
    }
    response
}

/// Says that nothing more comes, and waits for the client to have read it: closing with its bytes unread would make the
/// operating system throw away what it has not read of the answer.
async fn linger(stream: &mut TcpStream) -> io::Result<()> {
    poll_fn(|context| Pin::new(&mut *stream).poll_shutdown(context)).await?;
    let mut space = [0; READ];
    let mut taken = 0;
    while taken < LINGER.1 {
        let mut buffer = ReadBuf::new(&mut space);
        poll_fn(|context| Pin::new(&mut *stream).poll_read(context, &mut buffer)).await?;
        if buffer.filled().is_empty() {
            break;
        }
        taken += buffer.filled().len();
    }
    Ok(())
}

/// A socket of the runtime as the library wants it.
struct Stream<'a>(&'a mut TcpStream);

impl hyper::rt::Read for Stream<'_> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        mut into: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        // Through a buffer on the stack: to read straight into the library's own takes unsafe code.
        let mut space = [0; READ];
        let room = into.remaining().min(READ);
        let mut buffer = ReadBuf::new(&mut space[..room]);
        ready_or_return!(Pin::new(&mut *self.0).poll_read(context, &mut buffer))?;
        into.put_slice(buffer.filled());
        Poll::Ready(Ok(()))
    }
}

impl hyper::rt::Write for Stream<'_> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut *self.0).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.0).poll_shutdown(context)
    }

    fn is_write_vectored(&self) -> bool {
        self.0.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut *self.0).poll_write_vectored(context, slices)
    }
}

/// A body that is there in one piece.
struct Text(Option<Bytes>);

impl Body for Text {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.0.take().map(|bytes| Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.0.as_ref().map_or(0, |bytes| bytes.len() as u64))
    }
}
