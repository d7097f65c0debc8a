//! Reads server-sent events as they come, byte for byte.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;

use super::PATIENCE;

/// What an event says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    pub id: u64,
    /// What sort of event it is; empty for a line.
    pub name: String,
    pub data: String,
}

impl Event {
    /// How many bytes it says were missed.
    pub fn missed(&self) -> u64 {
        assert_eq!(self.name, "missed", "{self:?}");
        self.data.parse().unwrap()
    }
}

/// An open answer.
pub struct Reader {
    socket: TcpStream,
    status: u16,
    head: String,
    /// What has come of the chunked body.
    raw: Vec<u8>,
    /// What stands in its chunks and was not looked at.
    text: Vec<u8>,
    /// Whether the last chunk has come.
    is_whole: bool,
    /// How often there was only a comment.
    pub signs_of_life: u32,
}

impl Reader {
    pub async fn open(address: &str, path: &str, lines: &[&str]) -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(16 * 1024).unwrap();
        let mut socket = socket.connect(address.parse().unwrap()).await.unwrap();
        let lines: String = lines.iter().map(|line| format!("{line}\r\n")).collect();
        let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\n{lines}\r\n");
        socket.write_all(request.as_bytes()).await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(timeout(PATIENCE, socket.read_u8()).await.expect("no answer").unwrap());
        }
        let head = String::from_utf8(head).unwrap().to_lowercase();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        let (raw, text) = (Vec::new(), Vec::new());
        Self { socket, status, head, raw, text, is_whole: false, signs_of_life: 0 }
    }

    pub fn status(&self) -> u16 {
        self.status
    }

    pub fn head(&self) -> &str {
        &self.head
    }

    /// The next event; none at the end of the answer.
    pub async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(end) = self.text.windows(2).position(|pair| pair == b"\n\n") {
                let block: Vec<u8> = self.text.drain(..end + 2).collect();
                match self.event(str::from_utf8(&block).unwrap()) {
                    Some(event) => return Some(event),
                    None => continue,
                }
            }
            if !timeout(PATIENCE, self.more()).await.expect("the stream says nothing") {
                assert!(self.text.is_empty(), "half an event");
                return None;
            }
        }
    }

    /// The next line, and its id.
    pub async fn line(&mut self) -> Event {
        let event = self.next().await.expect("the stream ended");
        assert_eq!(event.name, "", "{event:?}");
        event
    }

    /// The lines up to and with one that holds this.
    pub async fn lines_to(&mut self, text: &str) -> Vec<Event> {
        let mut lines = vec![self.line().await];
        while !lines.last().unwrap().data.contains(text) {
            lines.push(self.line().await);
        }
        lines
    }

    /// Reads on without looking at what comes; false at the end.
    pub async fn skip(&mut self) -> bool {
        let is_open = timeout(PATIENCE, self.more()).await.expect("the stream says nothing");
        let text = String::from_utf8_lossy(&self.text);
        self.signs_of_life += u32::try_from(text.matches("\n:\n").count()).unwrap();
        self.signs_of_life += u32::from(text.starts_with(":\n"));
        self.text.clear();
        is_open
    }

    /// Whether the answer came to an orderly end.
    pub fn ended_well(&self) -> bool {
        self.is_whole
    }

    /// The place before all that follows: the first thing on each stream.
    pub async fn place(&mut self) -> u64 {
        let start = loop {
            if let Some(text) = self.text.strip_prefix(b"id: ".as_slice())
                && let Some(end) = text.windows(2).position(|pair| pair == b"\n\n")
            {
                break text[..end].to_vec();
            }
            assert!(timeout(PATIENCE, self.more()).await.expect("the stream says nothing"));
        };
        self.text.drain(..b"id: ".len() + start.len() + 2);
        String::from_utf8(start).unwrap().parse().unwrap()
    }

    fn event(&mut self, block: &str) -> Option<Event> {
        let (mut id, mut name, mut data) = (None, "", None::<String>);
        for line in block.lines().filter(|line| !line.is_empty()) {
            match line.split_once(':').unwrap() {
                ("", _) => self.signs_of_life += 1,
                ("id", text) => id = Some(text.trim().parse().unwrap()),
                ("event", text) => name = text.trim(),
                ("data", text) => {
                    let text = text.strip_prefix(' ').unwrap_or(text);
                    data = Some(data.map_or_else(|| text.to_owned(), |data| format!("{data}\n{text}")));
                }
                field => panic!("{field:?}"),
            }
        }
        Some(Event { id: id?, name: name.to_owned(), data: data? })
    }

    /// Reads what has come; false at the end.
    async fn more(&mut self) -> bool {
        if self.is_whole || self.socket.read_buf(&mut self.raw).await.unwrap_or(0) == 0 {
            return false;
        }
        while let Some(end) = self.raw.windows(2).position(|pair| pair == b"\r\n") {
            let length = usize::from_str_radix(str::from_utf8(&self.raw[..end]).unwrap(), 16).unwrap();
            let Some(chunk) = self.raw.get(end + 2..end + 2 + length + 2) else { break };
            self.text.extend_from_slice(&chunk[..length]);
            self.is_whole |= length == 0;
            self.raw.drain(..end + 2 + length + 2);
        }
        true
    }
}
