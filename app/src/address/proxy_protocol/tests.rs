use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;
use tokio::time::timeout;

use super::*;

const BYTES: [u8; 10] = [0, 1, 2, 0x10, 0x11, 0x20, 0x21, 0x31, b' ', 0xff];

const V4: &[u8] = &[192, 0, 2, 1, 198, 51, 100, 1, 0xd4, 0x31, 0x01, 0xbb];

fn address(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn v6(from: &str) -> Vec<u8> {
    let octets = |text: &str| text.parse::<Ipv6Addr>().unwrap().octets();
    [octets(from).as_slice(), &octets("2001:db8::2"), &[0xd4, 0x31, 0x01, 0xbb]].concat()
}

fn binary(version_and_command: u8, family: u8, body: &[u8]) -> Vec<u8> {
    let length = u16::try_from(body.len()).unwrap().to_be_bytes();
    [SIGNATURE.as_slice(), &[version_and_command, family], &length, body].concat()
}

/// What is read of these bytes, and what is left for HTTP.
async fn read(pieces: &[&[u8]]) -> (Result<Option<IpAddr>, HeaderError>, Vec<u8>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut near = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    near.set_nodelay(true).unwrap();
    let (mut far, _) = listener.accept().await.unwrap();
    let pieces: Vec<Vec<u8>> = pieces.iter().map(|piece| piece.to_vec()).collect();
    let writing = tokio::spawn(async move {
        for piece in pieces {
            // Nobody may be there any more to read the rest.
            let _ = near.write_all(&piece).await;
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    });
    let header = timeout(Duration::from_secs(10), read_header(&mut far)).await.unwrap();
    writing.await.unwrap();
    let mut rest = Vec::new();
    if header.is_ok() {
        far.read_to_end(&mut rest).await.unwrap();
    }
    (header, rest)
}

#[tokio::test]
async fn header_tells_the_client_and_leaves_the_rest() {
    let v6_text = b"PROXY TCP6 2001:db8::1 2001:db8::2 54321 443\r\n";
    let with_values = [V4, &[0x04, 0, 3, 1, 2, 3]].concat();
    let cases: Vec<(Vec<u8>, Option<&str>)> = vec![
        (b"PROXY TCP4 192.0.2.1 198.51.100.1 54321 443\r\n".to_vec(), Some("192.0.2.1")),
        (v6_text.to_vec(), Some("2001:db8::1")),
        (b"PROXY TCP6 ::ffff:192.0.2.1 ::1 1 2\r\n".to_vec(), Some("192.0.2.1")),
        (b"PROXY UNKNOWN\r\n".to_vec(), None),
        (b"PROXY UNKNOWN ffff:f...f:ffff ffff:f...f:ffff 65535 65535\r\n".to_vec(), None),
        (binary(0x21, 0x11, V4), Some("192.0.2.1")),
        (binary(0x21, 0x11, &with_values), Some("192.0.2.1")),
        (binary(0x21, 0x21, &v6("2001:db8::1")), Some("2001:db8::1")),
        (binary(0x21, 0x21, &v6("::ffff:192.0.2.1")), Some("192.0.2.1")),
        (binary(0x21, 0x31, &[0; 216]), None),
        (binary(0x21, 0x00, &[]), None),
        (binary(0x20, 0x00, &[]), None),
        (binary(0x20, 0x11, V4), None),
    ];
    for (header, expected) in cases {
        let expected = expected.map(address);
        let (client, rest) = read(&[&header, b"GET / HTTP/1.1\r\n"]).await;
        assert_eq!((client.unwrap(), rest.as_slice()), (expected, b"GET / HTTP/1.1\r\n".as_slice()));
        let in_one = [&header, b"GET /".as_slice()].concat();
        let (client, rest) = read(&[&in_one]).await;
        assert_eq!((client.unwrap(), rest.as_slice()), (expected, b"GET /".as_slice()));
        let bytewise: Vec<&[u8]> = header.chunks(1).collect();
        assert_eq!(read(&bytewise).await.0.unwrap(), expected);
    }
}

#[tokio::test]
async fn anything_else_is_no_header() {
    let cases: Vec<Vec<u8>> = vec![
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n".to_vec(),
        b"PROXY TCP4 192.0.2.1 198.51.100.1 54321 443\n".to_vec(),
        b"PROXY TCP4 192.0.2.1 198.51.100.1 54321\r\n".to_vec(),
        b"PROXY TCP4 192.0.2.1 198.51.100.1 54321 443 1\r\n".to_vec(),
        b"PROXY TCP4 192.0.2.1 198.51.100.1 54321 65536\r\n".to_vec(),
        b"PROXY TCP4 192.0.2.300 198.51.100.1 54321 443\r\n".to_vec(),
        b"PROXY TCP4 2001:db8::1 2001:db8::2 54321 443\r\n".to_vec(),
        b"PROXY UDP4 192.0.2.1 198.51.100.1 54321 443\r\n".to_vec(),
        b"PROXY TCP4  192.0.2.1 198.51.100.1 1 2\r\n".to_vec(),
        b"PROXY TCP4 \xff 198.51.100.1 1 2\r\n".to_vec(),
        binary(0x11, 0x11, V4),
        binary(0x22, 0x11, V4),
        binary(0x21, 0x41, V4),
        binary(0x21, 0x11, &V4[..11]),
        binary(0x21, 0x21, &[0; 35]),
    ];
    for bytes in cases {
        let (error, _) = read(&[&bytes]).await;
        let shown = String::from_utf8_lossy(&bytes);
        assert!(matches!(error, Err(HeaderError::Malformed)), "{shown}: {error:?}");
    }
}

#[tokio::test]
async fn header_is_bounded_and_may_break_off() {
    let endless = [b"PROXY UNKNOWN ".as_slice(), &[b'x'; 200]].concat();
    assert!(matches!(read(&[&endless]).await.0, Err(HeaderError::TooLong)));
    let long = binary(0x21, 0x11, &[0; BODY_BYTES_MAX + 1]);
    assert!(matches!(read(&[&long]).await.0, Err(HeaderError::TooLong)));
    let whole = binary(0x21, 0x11, V4);
    for bytes in [&whole[..5], &whole[..14], &whole[..20], b"PROXY TCP4 192.0.2.1 ", b""] {
        assert!(matches!(read(&[bytes]).await.0, Err(HeaderError::Gone(_))), "{bytes:?}");
    }
}

/// Random bodies, families and lines: whatever comes, an answer and no panic.
#[test]
fn nothing_makes_it_panic() {
    let mut rng = chappe_testkit::Rng::new(7);
    for _ in 0..20_000 {
        let length = rng.below(48);
        let bytes: Vec<u8> = (0..length).map(|_| *rng.pick(&BYTES)).collect();
        let _ = client_of_binary(*rng.pick(&BYTES), *rng.pick(&BYTES), &bytes);
        let _ = client_of_text(&[b"PROXY TCP4 ".as_slice(), &bytes, b"\r\n"].concat());
    }
}
