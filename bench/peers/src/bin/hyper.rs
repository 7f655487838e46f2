//! hyper 1 on Tokio's current-thread runtime: `GET /plain` as the steps answer it.
//!
//! Set up for what is measured, as someone would who knows it: no delayed segments, and replies to
//! pipelined requests are gathered before they are sent.

use std::convert::Infallible;
use std::net::Ipv4Addr;

use anyhow::Context;
use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode, body::Incoming};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};

fn main() -> anyhow::Result<()> {
    let port = std::env::args().nth(1).context("usage: hyper PORT")?;
    let port: u16 = port.parse().with_context(|| format!("`{port}` is no port"))?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    runtime.block_on(async {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
        loop {
            match listener.accept().await {
                Ok((stream, _)) => drop(tokio::spawn(serve(stream))),
                Err(error) => eprintln!("a client was lost: {error}"),
            }
        }
    })
}

async fn serve(stream: TcpStream) {
    let _ = stream.set_nodelay(true);
    let mut protocol = http1::Builder::new();
    protocol.pipeline_flush(true);
    // How it ends is the client's affair.
    let _ = protocol.serve_connection(TokioIo::new(stream), service_fn(answer)).await;
}

async fn answer(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let known = matches!(*request.method(), Method::GET | Method::HEAD);
    if !known || request.uri().path() != "/plain" {
        let mut response = Response::new(Full::from("404 Not Found\n"));
        *response.status_mut() = StatusCode::NOT_FOUND;
        return Ok(response);
    }
    let mut response = Response::new(Full::new(Bytes::from_static(b"Hello, World!")));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain"));
    Ok(response)
}
