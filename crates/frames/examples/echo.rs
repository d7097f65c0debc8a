//! An echo server, for the Autobahn test suite: docs/testing.md says how to run it.
//!
//! `cargo run --release -p chappe-frames --example echo -- 127.0.0.1:9001`

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};

use chappe_frames::{
    Agreement, Deflater, Head, Incoming, Inflater, Outgoing, Reader, accept_key, append_close, append_pong,
    append_text, negotiate,
};

/// As the largest of the suite's messages.
const MESSAGE_BYTES_MAX: usize = 16 << 20;

const READ_BYTES: usize = 16 << 10;

type Failure = Box<dyn std::error::Error + Send + Sync>;

struct Echo {
    deflater: Deflater,
    inflater: Inflater,
}

fn main() -> Result<(), Failure> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:9001".to_owned());
    let (deflater, inflater) = (Deflater::new(0, 1), Inflater::new(1));
    for socket in TcpListener::bind(address)?.incoming() {
        let echo = Echo { deflater: deflater.clone(), inflater: inflater.clone() };
        let mut socket = socket?;
        std::thread::spawn(move || echo.serve(&mut socket));
    }
    Ok(())
}

impl Echo {
    fn serve(&self, socket: &mut TcpStream) -> Result<(), Failure> {
        let agreement = shake_hands(socket)?;
        let mut reader = Reader::new(MESSAGE_BYTES_MAX, agreement.map(|_| self.inflater.clone()));
        let (mut buffer, mut scratch, mut out) = (Vec::new(), Vec::new(), Vec::new());
        loop {
            let kept = buffer.len();
            buffer.resize(kept + READ_BYTES, 0);
            let read = socket.read(buffer.get_mut(kept..).unwrap_or_default())?;
            buffer.truncate(kept + read);
            let mut unread = buffer.as_mut_slice();
            let ends = read == 0 || self.answer(&mut reader, &mut unread, &mut scratch, agreement, &mut out);
            socket.write_all(&out)?;
            out.clear();
            if ends {
                return Ok(socket.shutdown(std::net::Shutdown::Write)?);
            }
            let rest = unread.len();
            buffer.drain(..buffer.len() - rest);
        }
    }

    /// Answers all that is there; true when that was the end.
    fn answer(
        &self,
        reader: &mut Reader,
        unread: &mut &mut [u8],
        scratch: &mut Vec<u8>,
        agreement: Option<Agreement>,
        out: &mut Vec<u8>,
    ) -> bool {
        loop {
            match reader.next(unread, scratch) {
                Ok(Some(Incoming::Text(text))) => match agreement {
                    Some(agreement) => self.deflater.append_text(out, agreement, text),
                    None => append_text(out, text),
                },
                Ok(Some(Incoming::Binary(bytes))) => {
                    out.extend_from_slice(Head::new(Outgoing::Binary, bytes.len()).as_ref());
                    out.extend_from_slice(bytes);
                }
                Ok(Some(Incoming::Ping(payload))) => append_pong(out, payload),
                Ok(Some(Incoming::Pong(_))) => {}
                Ok(Some(Incoming::Close(close))) => {
                    append_close(out, close.code.map(|code| (code, "")));
                    return true;
                }
                Ok(None) => return false,
                Err(violation) => {
                    append_close(out, Some((violation.close_code(), violation.reason())));
                    return true;
                }
            }
        }
    }
}

/// As much of HTTP as the suite speaks.
fn shake_hands(socket: &mut TcpStream) -> Result<Option<Agreement>, Failure> {
    let mut request = Vec::new();
    let mut byte = [0];
    while !request.ends_with(b"\r\n\r\n") {
        socket.read_exact(&mut byte)?;
        request.extend_from_slice(&byte);
    }
    let request = String::from_utf8(request)?;
    let values = |wanted: &str| {
        let lines = request.lines().filter_map(|line| line.split_once(':'));
        let wanted = wanted.to_owned();
        lines.filter(move |(name, _)| name.eq_ignore_ascii_case(&wanted)).map(|(_, value)| value.trim())
    };
    let key = values("Sec-WebSocket-Key").next().ok_or("no key")?;
    let agreement = negotiate(values("Sec-WebSocket-Extensions"))?;
    let extensions =
        agreement.map_or_else(String::new, |agreement| format!("Sec-WebSocket-Extensions: {agreement}\r\n"));
    let accept = accept_key(key.as_bytes());
    write!(
        socket,
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Accept: {accept}\r\n{extensions}\r\n"
    )?;
    Ok(agreement)
}
