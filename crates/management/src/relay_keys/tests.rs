use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use chappe_codec::{Scratch, decode_event};
use chappe_protocol::{Kind, Timestamp};
use chappe_validation::{Rules, Verifier};
use tempfile::TempDir;

use super::{RelayKeys, RelayKeysError};

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn the_key_is_made_once_and_readable_by_its_owner_alone() {
    let dir = TempDir::new().unwrap();
    let made = RelayKeys::open(dir.path(), [7; 32]).unwrap();
    let path = dir.path().join("relay.key");
    assert_eq!(mode(&path), 0o600);
    assert_eq!(fs::read_to_string(&path).unwrap(), format!("{}\n", "07".repeat(32)));
    assert!(!dir.path().join("relay.key.new").exists());
    let read = RelayKeys::open(dir.path(), [8; 32]).unwrap();
    assert_eq!(read.public(), made.public(), "the fresh bytes count only once");
    assert!(!format!("{made:?}").contains("0707"), "the secret is not shown");
}

#[test]
fn a_key_that_others_can_read_is_not_used() {
    let dir = TempDir::new().unwrap();
    RelayKeys::open(dir.path(), [7; 32]).unwrap();
    let path = dir.path().join("relay.key");
    for open_to in [0o640, 0o604, 0o660] {
        fs::set_permissions(&path, fs::Permissions::from_mode(open_to)).unwrap();
        let error = RelayKeys::open(dir.path(), [8; 32]).unwrap_err();
        assert!(matches!(error, RelayKeysError::ReadableByOthers(_)), "{open_to:o}");
        assert!(error.to_string().contains("chmod 600"));
    }
    fs::set_permissions(&path, fs::Permissions::from_mode(0o400)).unwrap();
    RelayKeys::open(dir.path(), [8; 32]).unwrap();
}

#[test]
fn a_file_that_is_no_key_is_left_alone() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("relay.key");
    let texts = [
        "".to_owned(),
        "07".repeat(31),
        "00".repeat(32),
        "zz".repeat(32),
        "07".repeat(2_000),
        "ff".repeat(32),
    ];
    for text in texts {
        fs::write(&path, &text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        assert!(matches!(RelayKeys::open(dir.path(), [8; 32]), Err(RelayKeysError::NotAKey(_))), "{text:.9}");
        assert_eq!(fs::read_to_string(&path).unwrap(), text);
    }
}

#[test]
fn a_half_made_key_is_made_again() {
    let dir = TempDir::new().unwrap();
    let left = dir.path().join("relay.key.new");
    fs::write(&left, "0707").unwrap();
    fs::set_permissions(&left, fs::Permissions::from_mode(0o644)).unwrap();
    RelayKeys::open(dir.path(), [9; 32]).unwrap();
    assert_eq!(mode(&dir.path().join("relay.key")), 0o600);
}

#[test]
fn a_directory_that_is_not_there_is_an_error() {
    let dir = TempDir::new().unwrap();
    let error = RelayKeys::open(&dir.path().join("nowhere"), [7; 32]).unwrap_err();
    assert!(matches!(error, RelayKeysError::Io(..)), "{error}");
}

#[test]
fn what_it_signs_is_true() {
    let keys = RelayKeys::from_secret([7; 32]).unwrap();
    let own = keys.sign(Kind::ROLE, Timestamp(5), &[vec!["-"], vec!["d", "a \"quoted\" role\n"]]);
    let mut scratch = Scratch::default();
    let event = decode_event(own.json(), &mut scratch).unwrap();
    Verifier::new().verify(event, &Rules::import(), Timestamp(5), &mut Vec::new()).unwrap();
    assert_eq!(event.head.pubkey, keys.public());
    assert_eq!(event.head.d_tag(), b"a \"quoted\" role\n");
    assert!(event.head.is_protected());
    assert_eq!(own.kind(), Kind::ROLE);
}

#[test]
fn codes_differ_by_number_and_by_key() {
    let (one, other) = (RelayKeys::from_secret([7; 32]).unwrap(), RelayKeys::from_secret([8; 32]).unwrap());
    let codes = [one.unguessable(1), one.unguessable(2), other.unguessable(1)];
    assert!(codes.iter().all(|code| code.len() == 32));
    assert!(codes[0] != codes[1] && codes[0] != codes[2] && codes[1] != codes[2]);
}

#[test]
fn it_signs_requests_as_nip_98_says() {
    let keys = RelayKeys::from_secret([7; 32]).unwrap();
    let own = keys.sign_request("https://relay.example.com/", "POST", b"{}", Timestamp(5));
    let mut scratch = Scratch::default();
    let event = decode_event(own.json(), &mut scratch).unwrap();
    let value = |name: &'static [u8]| event.head.tags.values_of(name).next().unwrap();
    assert_eq!(event.head.kind, Kind(27235));
    assert_eq!(
        (value(b"u"), value(b"method")),
        (b"https://relay.example.com/".as_slice(), b"POST".as_slice())
    );
    // SHA-256 of {}.
    assert_eq!(value(b"payload"), b"44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a");
}
