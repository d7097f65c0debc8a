use super::*;

const ANSWER: &str = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";

fn answer(lines: &[&str]) -> Result<Option<String>, BadExtensions> {
    negotiate(lines.iter().copied()).map(|agreement| agreement.map(|agreement| agreement.to_string()))
}

#[test]
fn offers_that_can_be_met() {
    let rows: &[(&[&str], &str)] = &[
        (&["permessage-deflate"], ""),
        (&["  permessage-deflate\t"], ""),
        // What Chrome and Firefox offer.
        (&["permessage-deflate; client_max_window_bits"], ""),
        (&["permessage-deflate;client_max_window_bits=10;client_no_context_takeover"], ""),
        (&["permessage-deflate ; server_no_context_takeover ; client_max_window_bits = \"8\""], ""),
        (&["permessage-deflate; server_max_window_bits=15"], "; server_max_window_bits=15"),
        (&["permessage-deflate; server_max_window_bits=\"1\\0\""], "; server_max_window_bits=10"),
        // The first that can be met counts (RFC 7692, section 5).
        (
            &["x-webkit-deflate-frame, permessage-deflate; server_max_window_bits=9, permessage-deflate"],
            "; server_max_window_bits=9",
        ),
        (&["permessage-deflate; unknown, permessage-deflate"], ""),
        (&[", ,permessage-deflate,"], ""),
        (&["other; a=b; c=\"d\"", "permessage-deflate"], ""),
    ];
    for (lines, more) in rows {
        assert_eq!(answer(lines), Ok(Some(format!("{ANSWER}{more}"))), "{lines:?}");
    }
}

#[test]
fn offers_that_are_declined() {
    let rows: &[&[&str]] = &[
        &[],
        &[""],
        &["permessage-bzip2"],
        // Names are compared as they are (RFC 6455, section 9.1 gives tokens no other comparison).
        &["permessage-deflate2"],
        // RFC 7692, section 7.1: unknown, without or with a value where there must be one or none, invalid, twice.
        &["permessage-deflate; unknown"],
        &["permessage-deflate; server_no_context_takeover=1"],
        &["permessage-deflate; client_no_context_takeover=true"],
        &["permessage-deflate; server_max_window_bits"],
        &["permessage-deflate; server_max_window_bits=7"],
        &["permessage-deflate; server_max_window_bits=16"],
        &["permessage-deflate; server_max_window_bits=09"],
        &["permessage-deflate; server_max_window_bits=+9"],
        &["permessage-deflate; server_max_window_bits=265"],
        &["permessage-deflate; client_max_window_bits=99999999999999999999"],
        &["permessage-deflate; client_max_window_bits; client_max_window_bits=10"],
        &["permessage-deflate; server_max_window_bits=10; server_max_window_bits=10"],
    ];
    for lines in rows {
        assert_eq!(answer(lines), Ok(None), "{lines:?}");
    }
}

#[test]
fn headers_that_break_the_grammar() {
    let rows = [
        "permessage-deflate permessage-deflate",
        "permessage-deflate;",
        "permessage-deflate; ;",
        "permessage-deflate; =10",
        "permessage-deflate; server_max_window_bits=",
        "permessage-deflate; server_max_window_bits=\"10",
        "permessage-deflate; server_max_window_bits=\"\"",
        "permessage-deflate; server_max_window_bits=\"1 0\"",
        "permessage-deflate; server_max_window_bits=\"10\\",
        "permessage-deflate; server_max_window_bits=\"10\"x",
        "; permessage-deflate",
        "permessage/deflate",
        "permessage-d\u{e9}flate",
    ];
    for line in rows {
        assert_eq!(answer(&[line]), Err(BadExtensions), "{line}");
        // Whatever was good before it.
        assert_eq!(answer(&["permessage-deflate", line]), Err(BadExtensions), "{line}");
    }
}

#[test]
fn a_smaller_window_is_kept_to() {
    let small = negotiate(["permessage-deflate; server_max_window_bits=8"]).unwrap().unwrap();
    assert!(small.reaches(256) && !small.reaches(257));
    let large = negotiate(["permessage-deflate"]).unwrap().unwrap();
    assert!(large.reaches(usize::MAX));
}
