use super::*;

#[test]
fn each_no_has_its_words() {
    let table = [
        (Invalid::TooManyTags { tags_max: 5 }, "invalid: more than 5 tags"),
        (Invalid::TagTooLong { bytes_max: 5 }, "invalid: a string in a tag is longer than 5 bytes"),
        (Invalid::ContentTooLong { bytes_max: 5 }, "invalid: the content is longer than 5 bytes"),
        (
            Invalid::TooFarAhead { seconds_max: 900 },
            "invalid: created_at is more than 900 seconds ahead of the relay's clock",
        ),
        (Invalid::TooOld { seconds_max: 600 }, "invalid: created_at is more than 600 seconds ago"),
        (Invalid::Expired, "invalid: the event has expired"),
        (Invalid::EmbedsProtected, "invalid: a repost may not embed a protected event"),
        (
            Invalid::WorkNotCommitted { bits_min: 20 },
            "pow: the nonce tag has to commit to a difficulty of 20 bits or more",
        ),
        (Invalid::TooLittleWork { bits_min: 20 }, "pow: the id has fewer than 20 leading zero bits"),
        (Invalid::WrongId, "invalid: the id is not the hash of the event"),
        (Invalid::NoSuchKey, "invalid: the pubkey is not on the curve"),
        (Invalid::WrongSignature, "invalid: the signature is wrong"),
    ];
    for (invalid, words) in table {
        assert_eq!(Refusal::from(invalid).to_string(), words);
    }
}
