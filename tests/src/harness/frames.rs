//! WebSocket frames as bytes, for what no library would send.

pub const FIN: u8 = 0x80;
/// "Compressed" (RFC 7692, section 6).
pub const RSV1: u8 = 0x40;
pub const CONTINUATION: u8 = 0x0;
pub const TEXT: u8 = 0x1;
pub const BINARY: u8 = 0x2;
pub const CLOSE: u8 = 0x8;
pub const PING: u8 = 0x9;
pub const PONG: u8 = 0xa;

/// A frame as a client sends it: masked, by a mask that changes nothing.
pub fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    [&head(first, payload.len() as u64), payload].concat()
}

/// Its head, for a payload of so many bytes.
pub fn head(first: u8, length: u64) -> Vec<u8> {
    let mut head = vec![first];
    match length {
        0..126 => head.push(0x80 | u8::try_from(length).unwrap()),
        126..0x1_0000 => {
            head.push(0x80 | 126);
            head.extend(u16::try_from(length).unwrap().to_be_bytes());
        }
        _ => {
            head.push(0x80 | 127);
            head.extend(length.to_be_bytes());
        }
    }
    head.extend([0; 4]);
    head
}
