//! The PROXY protocol, versions 1 and 2: what a proxy says of the client before the client's first byte.
//!
//! Source: <https://www.haproxy.org/download/3.2/doc/proxy-protocol.txt>. Exactly the header is read, so that what
//! follows it is left for HTTP.

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;

/// Section 2.2: how version 2 begins. No version 1 header is shorter, and no HTTP request begins like this.
const SIGNATURE: [u8; 12] = *b"\r\n\r\n\0\r\nQUIT\n";

/// Section 2.1: how version 1 begins.
const TEXT_START: &[u8] = b"PROXY ";

/// Section 2.1: the longest header of version 1, line end included.
const TEXT_BYTES_MAX: usize = 107;

/// Addresses and type-length-values of version 2. Its length field allows 64 KiB; proxies send a few hundred bytes,
/// the names in a client's certificate included.
const BODY_BYTES_MAX: usize = 4 * 1024;

/// Why there is no header.
#[derive(Debug)]
pub(crate) enum HeaderError {
    /// The connection broke off.
    Gone(io::Error),
    /// What came is no header.
    Malformed,
    /// It is longer than it may be.
    TooLong,
    /// It did not come in time.
    TooSlow,
}

impl fmt::Display for HeaderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Gone(error) => error.fmt(f),
            Self::Malformed => {
                f.write_str("there is no PROXY protocol header before the client's first byte")
            }
            Self::TooLong => f.write_str("the PROXY protocol header is too long"),
            Self::TooSlow => f.write_str("no PROXY protocol header came in time"),
        }
    }
}

impl std::error::Error for HeaderError {}

impl From<io::Error> for HeaderError {
    fn from(error: io::Error) -> Self {
        Self::Gone(error)
    }
}

/// Reads the header and says whose connection it is. None when the proxy speaks for itself (a health check), or for a
/// client that has no IP address.
///
/// It waits for as long as the header takes: the caller sets a bound.
///
/// # Errors
///
/// [`HeaderError`]; the connection is of no use then.
pub(crate) async fn read_header(socket: &mut TcpStream) -> Result<Option<IpAddr>, HeaderError> {
    let mut start = [0; SIGNATURE.len()];
    socket.read_exact(&mut start).await?;
    if start == SIGNATURE {
        return read_binary(socket).await;
    }
    if start.starts_with(TEXT_START) {
        return read_text(socket, start.to_vec()).await;
    }
    Err(HeaderError::Malformed)
}

async fn read_binary(socket: &mut TcpStream) -> Result<Option<IpAddr>, HeaderError> {
    let mut head = [0; 4];
    socket.read_exact(&mut head).await?;
    let [version_and_command, family, high, low] = head;
    let length = usize::from(u16::from_be_bytes([high, low]));
    if length > BODY_BYTES_MAX {
        return Err(HeaderError::TooLong);
    }
    let mut body = vec![0; length];
    socket.read_exact(&mut body).await?;
    client_of_binary(version_and_command, family, &body).ok_or(HeaderError::Malformed)
}

async fn read_text(socket: &mut TcpStream, mut line: Vec<u8>) -> Result<Option<IpAddr>, HeaderError> {
    let mut waiting = [0; TEXT_BYTES_MAX];
    loop {
        let room = TEXT_BYTES_MAX.saturating_sub(line.len());
        let window = waiting.get_mut(..room).unwrap_or_default();
        if window.is_empty() {
            return Err(HeaderError::TooLong);
        }
        // Looked at first: what comes after the line is not ours to take.
        let seen = socket.peek(window).await?;
        let window = window.get_mut(..seen).unwrap_or_default();
        if window.is_empty() {
            return Err(HeaderError::Gone(io::ErrorKind::UnexpectedEof.into()));
        }
        let end = window.iter().position(|&byte| byte == b'\n').map(|place| place + 1);
        let window = window.get_mut(..end.unwrap_or(seen)).unwrap_or_default();
        socket.read_exact(window).await?;
        line.extend_from_slice(window);
        if end.is_some() {
            return client_of_text(&line).ok_or(HeaderError::Malformed);
        }
    }
}

/// Section 2.1: `PROXY TCP4 <from> <to> <port> <port>\r\n`, or `PROXY UNKNOWN ...\r\n`. None when it is malformed.
fn client_of_text(line: &[u8]) -> Option<Option<IpAddr>> {
    let line = str::from_utf8(line).ok()?.strip_suffix("\r\n")?;
    let mut words = line.split(' ');
    if words.next() != Some("PROXY") {
        return None;
    }
    let is_v4 = match words.next()? {
        "TCP4" => true,
        "TCP6" => false,
        "UNKNOWN" => return Some(None),
        _ => return None,
    };
    let addresses = [words.next()?.parse::<IpAddr>().ok()?, words.next()?.parse().ok()?];
    let ports = [words.next()?.parse::<u16>(), words.next()?.parse()];
    let is_whole = ports.iter().all(Result::is_ok) && words.next().is_none();
    let [from, _] = addresses;
    (is_whole && addresses.iter().all(|address| address.is_ipv4() == is_v4))
        .then_some(Some(from.to_canonical()))
}

/// Section 2.2: the byte with version and command, the byte with family and transport, then addresses and ports, then
/// type-length-values, which are not looked at. None when it is malformed.
fn client_of_binary(version_and_command: u8, family: u8, body: &[u8]) -> Option<Option<IpAddr>> {
    const LOCAL: u8 = 0x20;
    const PROXY: u8 = 0x21;
    // The client's address, the proxy's, and both ports.
    const V4_BYTES: usize = 4 + 4 + 2 + 2;
    const V6_BYTES: usize = 16 + 16 + 2 + 2;
    match version_and_command {
        // "The receiver must accept this connection as valid and must use the real connection endpoints".
        LOCAL => return Some(None),
        PROXY => {}
        _ => return None,
    }
    match family >> 4 {
        // AF_UNSPEC and AF_UNIX: there is no address in it that we could use.
        0 | 3 => Some(None),
        1 => {
            let from = body.get(..V4_BYTES)?.first_chunk::<4>()?;
            Some(Some(Ipv4Addr::from(*from).into()))
        }
        2 => {
            let from = body.get(..V6_BYTES)?.first_chunk::<16>()?;
            Some(Some(IpAddr::from(Ipv6Addr::from(*from)).to_canonical()))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests;
