use super::*;

/// Everything that comes out when it is read so many bytes at a time.
async fn lines(input: &[u8], bytes_max: usize, at_once: usize) -> Vec<String> {
    let mut lines = Lines::new(InPieces { input, at_once }, bytes_max);
    let mut found = Vec::new();
    while lines.read().await.unwrap() > 0 {
        while let Some(line) = lines.next() {
            found.push(match line {
                Line::Whole(line) => String::from_utf8_lossy(line).into_owned(),
                Line::TooLong(start) => format!("{}...", String::from_utf8_lossy(start)),
            });
        }
    }
    found.extend(lines.last().map(|rest| format!("{} and the end", String::from_utf8_lossy(rest))));
    found
}

struct InPieces<'a> {
    input: &'a [u8],
    at_once: usize,
}

impl AsyncRead for InPieces<'_> {
    fn poll_read(
        mut self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
        buffer: &mut tokio::io::ReadBuf<'_>,
    ) -> std::task::Poll<io::Result<()>> {
        let bytes = self.at_once.min(buffer.remaining()).min(self.input.len());
        let (now, later) = self.input.split_at(bytes);
        buffer.put_slice(now);
        self.input = later;
        std::task::Poll::Ready(Ok(()))
    }
}

#[tokio::test]
async fn lines_come_out_whole_however_they_are_read() {
    let table: [(&str, &[&str]); 8] = [
        ("", &[]),
        ("one\n", &["one"]),
        ("one\ntwo\r\n\nthree", &["one", "two", "", "three and the end"]),
        ("12345678\n", &["12345678"]),
        ("123456789\nafter\n", &["12345678...", "after"]),
        ("1234567890123456789012\n", &["12345678..."]),
        ("1234567890123456789012", &["12345678..."]),
        ("\n\n", &["", ""]),
    ];
    for (input, expected) in table {
        // One at a time, so that what is too long is always noticed before its end.
        assert_eq!(lines(input.as_bytes(), 8, 1).await, expected, "{input:?}");
    }
    let whole = lines(b"one\ntwo\r\n\nthree", 8, 100).await;
    assert_eq!(whole, ["one", "two", "", "three and the end"]);
}

#[tokio::test]
async fn a_line_without_an_end_takes_no_more_memory_than_the_bound() {
    let mut lines = Lines::new(tokio::io::repeat(b'x'), 1_000);
    let mut said = 0;
    for _ in 0..1_000 {
        assert!(lines.read().await.unwrap() > 0);
        while let Some(line) = lines.next() {
            assert_eq!(line, Line::TooLong(&[b'x'; 1_000]));
            said += 1;
        }
        assert!(lines.buffer.capacity() <= 4 * READ_BYTES, "{}", lines.buffer.capacity());
    }
    assert_eq!(said, 1);
}
