//! hyper 1 on Tokio, as its guides show it: a small site to aim the conformance cases at, and nothing
//! set up for a measurement.

use std::convert::Infallible;
use std::net::Ipv4Addr;

use anyhow::Context;
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::header::{ALLOW, CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode, body::Incoming};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

fn main() -> anyhow::Result<()> {
    let port = std::env::args().nth(1).context("usage: site PORT")?;
    let port: u16 = port.parse().with_context(|| format!("`{port}` is no port"))?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    runtime.block_on(async {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
        loop {
            let (stream, _) = listener.accept().await?;
            tokio::spawn(async move {
                let connection = http1::Builder::new();
                let served = connection.serve_connection(TokioIo::new(stream), service_fn(answer));
                if let Err(error) = served.await {
                    eprintln!("a client was lost: {error}");
                }
            });
        }
    })
}

async fn answer(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    Ok(match (&method, path.as_str()) {
        (&Method::GET | &Method::HEAD, "/plain") => page(StatusCode::OK, "Hello, World!"),
        (&Method::POST, "/echo") => match request.into_body().collect().await {
            Ok(body) => page(StatusCode::OK, body.to_bytes()),
            Err(error) => page(StatusCode::BAD_REQUEST, format!("{error}\n")),
        },
        (_, "/plain") => not_allowed("GET, HEAD"),
        (_, "/echo") => not_allowed("POST"),
        _ => page(StatusCode::NOT_FOUND, "not found\n"),
    })
}

fn page(status: StatusCode, body: impl Into<Bytes>) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(body.into()));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain"));
    response
}

fn not_allowed(allowed: &'static str) -> Response<Full<Bytes>> {
    let mut response = page(StatusCode::METHOD_NOT_ALLOWED, "not allowed\n");
    response.headers_mut().insert(ALLOW, HeaderValue::from_static(allowed));
    response
}
