//! A server behind TLS whose authority only the options know.
//!
//! ```text
//!   client ── TLS ──▶ door: one request, then its answer as it comes ── plain ──▶ server
//! ```
//! The certificates are in `tls/`, with the script that made them.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use tidegate::Engine;
use tidegate::client::{Connected, Event};
use tidegate::error::Code;

use crate::server::Server;
use crate::{Told, is_on, quick, until, until_version};

const AUTHORITY: &[u8] = include_bytes!("tls/authority.pem");
/// Of `localhost` and 127.0.0.1.
const SERVER: (&[u8], &[u8]) = (include_bytes!("tls/server.pem"), include_bytes!("tls/server.key"));
/// Of `other.example`.
const OTHER: (&[u8], &[u8]) = (include_bytes!("tls/other.pem"), include_bytes!("tls/other.key"));

/// A server, and the connection string that leads to it through TLS.
fn behind((certificate, key): (&[u8], &[u8])) -> (Server, String) {
    let server = Server::start();
    server.publish(1, &[("a", true)]);
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let chain = vec![CertificateDer::from_pem_slice(certificate).unwrap()];
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, PrivateKeyDer::from_pem_slice(key).unwrap())
        .unwrap();
    let door = TcpListener::bind("127.0.0.1:0").unwrap();
    let plain = server.url.strip_prefix("http://").unwrap().to_owned();
    let port = door.local_addr().unwrap().port();
    let connection = server.connection().replace("+http://", "+https://");
    let connection = connection.replace(&plain, &format!("localhost:{port}"));
    let config = Arc::new(config);
    // Ends with the process.
    std::thread::spawn(move || {
        for client in door.incoming().flatten() {
            let tls = StreamOwned::new(ServerConnection::new(Arc::clone(&config)).unwrap(), client);
            let plain = plain.clone();
            std::thread::spawn(move || pass(tls, &plain));
        }
    });
    (server, connection)
}

/// Passes one request on, and its answer back; whoever goes away ends it.
fn pass(mut tls: StreamOwned<ServerConnection, TcpStream>, plain: &str) -> Option<()> {
    let request = whole_request(&mut tls)?;
    let mut server = TcpStream::connect(plain).ok()?;
    server.write_all(&request).ok()?;
    let mut piece = vec![0; 64 << 10];
    loop {
        match server.read(&mut piece).ok()? {
            0 => {
                tls.conn.send_close_notify();
                let _ = tls.flush();
                return tls.sock.shutdown(Shutdown::Both).ok();
            }
            length => {
                tls.write_all(&piece[..length]).ok()?;
                tls.flush().ok()?;
            }
        }
    }
}

/// A request with its body.
fn whole_request(tls: &mut impl Read) -> Option<Vec<u8>> {
    let mut request = Vec::new();
    let mut byte = [0];
    while !request.ends_with(b"\r\n\r\n") {
        tls.read_exact(&mut byte).ok()?;
        request.push(byte[0]);
    }
    let head = String::from_utf8(request.clone()).ok()?.to_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    tls.read_exact(&mut body).ok()?;
    request.extend(body);
    Some(request)
}

#[test]
fn a_server_of_an_authority_that_is_given_is_trusted() {
    let (server, connection) = behind(SERVER);
    let client = Engine::connect(quick(&connection).root_certificate(AUTHORITY)).unwrap();
    until_version(&client, 1);
    assert!(is_on(&client, "a"));
    until("the stream", || client.status().connected == Connected::Stream);
    server.publish(2, &[("a", false)]);
    until_version(&client, 2);
    until("the report", || server.state().reports.iter().any(|report| report.version == 2));
}

#[test]
fn a_server_that_cannot_prove_who_it_is_gets_no_sdk_key() {
    // An authority that nobody knows; and the right one, for another name.
    for (certificate, authority) in [(SERVER, None), (OTHER, Some(AUTHORITY))] {
        let (server, connection) = behind(certificate);
        let told = Told::default();
        let mut options = quick(&connection);
        if let Some(authority) = authority {
            options = options.root_certificate(authority);
        }
        let client = Engine::connect(told.listen(options)).unwrap();
        told.until_error(Code::Unreachable);
        let says_why =
            |event: &Event| matches!(event, Event::Error(error) if error.to_string().contains("certificate"));
        assert!(told.has(says_why), "{:?}", client.status().last_error);
        assert_eq!(client.engine().version(), 0);
        assert!(server.state().requests.is_empty());
    }
}
