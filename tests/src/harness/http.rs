//! A few lines of HTTP, so that a test sees every byte of the answer.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// What came back.
#[derive(Debug)]
pub struct Response {
    pub status: u16,
    /// Names in lower case.
    headers: Vec<(String, String)>,
    pub body: String,
}

impl Response {
    /// A header's value.
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|header| header.0 == name);
        found.map(|header| header.1.as_str())
    }
}

/// Sends one request with these header lines and reads the answer to its end. There is no body to send.
pub async fn request(address: &str, method: &str, path: &str, lines: &[&str]) -> Response {
    send(address, method, path, lines, "").await
}

/// POSTs this body to `/`.
pub async fn post(address: &str, lines: &[&str], body: &str) -> Response {
    post_to(address, "/", lines, body).await
}

/// POSTs this body there.
pub async fn post_to(address: &str, path: &str, lines: &[&str], body: &str) -> Response {
    let length = format!("Content-Length: {}", body.len());
    send(address, "POST", path, &[lines, &[&length]].concat(), body).await
}

/// PUTs this body there.
pub async fn put(address: &str, path: &str, lines: &[&str], body: &str) -> Response {
    let length = format!("Content-Length: {}", body.len());
    send(address, "PUT", path, &[lines, &[&length]].concat(), body).await
}

async fn send(address: &str, method: &str, path: &str, lines: &[&str], body: &str) -> Response {
    let mut socket = TcpStream::connect(address).await.unwrap();
    let lines: String = lines.iter().map(|line| format!("{line}\r\n")).collect();
    let request =
        format!("{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n{lines}\r\n{body}");
    socket.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    socket.read_to_end(&mut answer).await.unwrap();
    parse(&String::from_utf8(answer).unwrap())
}

fn parse(answer: &str) -> Response {
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no head: {answer:?}"));
    let mut lines = head.lines();
    let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    let headers = lines.map(|line| line.split_once(": ").unwrap());
    let headers = headers.map(|(name, value)| (name.to_lowercase(), value.to_owned())).collect();
    Response { status, headers, body: body.to_owned() }
}
