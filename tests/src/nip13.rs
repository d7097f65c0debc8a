//! NIP-13: proof of work.

use chappe_testkit::{EventBuilder, Keys, TestEvent};

use crate::harness::Relay;

const BITS: u8 = 8;
const UNCOMMITTED: &str = "pow: the nonce tag has to commit to a difficulty of 8 bits or more";
const TOO_LITTLE: &str = "pow: the id has fewer than 8 leading zero bits";

async fn demanding() -> Relay {
    Relay::start_with(|config| config.limits.pow_bits_min = BITS).await
}

fn zero_bits(event: &TestEvent) -> u32 {
    u32::from_be_bytes(*event.id().as_bytes().first_chunk().unwrap()).leading_zeros()
}

/// An event with this `nonce` tag whose id begins with at least 8 zero bits, or with fewer.
fn event(nonce: &[&str], is_mined: bool) -> TestEvent {
    let build = |n: u32| EventBuilder::new(1).content(format!("{n}")).tag(nonce).sign(&Keys::from_seed(1));
    (0..).map(build).find(|event| (zero_bits(event) >= BITS.into()) == is_mined).unwrap()
}

#[tokio::test]
async fn nothing_is_asked_for_by_default() {
    let relay = Relay::start().await;
    relay
        .connect()
        .await
        .store(&EventBuilder::new(1).tag(&["nonce", "1", "200"]).sign(&Keys::from_seed(1)))
        .await;
}

#[tokio::test]
async fn enough_committed_work_is_taken() {
    let relay = demanding().await;
    let mut client = relay.connect().await;
    client.store(&EventBuilder::new(1).mined(8).sign(&Keys::from_seed(1))).await;
    client.store(&EventBuilder::new(1).mined(10).sign(&Keys::from_seed(1))).await;
}

#[tokio::test]
async fn too_little_work_is_refused() {
    let relay = demanding().await;
    let mut client = relay.connect().await;
    client.refused(&event(&["nonce", "1", "8"], false), TOO_LITTLE).await;
    client.refused(&event(&["nonce", "1", "20"], false), TOO_LITTLE).await;
    // Ephemeral events are no exception.
    let ephemeral = (0..).map(|n| EventBuilder::new(20_001).tag(&["nonce", &format!("{n}"), "8"]));
    let ephemeral =
        ephemeral.map(|builder| builder.sign(&Keys::from_seed(1))).find(|event| zero_bits(event) < 8);
    client.refused(&ephemeral.unwrap(), TOO_LITTLE).await;
    assert_eq!(client.count("{}").await, 0);
}

/// NIP-13: so that nobody gets lucky with work for less.
#[tokio::test]
async fn work_without_a_commitment_to_it_is_refused() {
    let relay = demanding().await;
    let mut client = relay.connect().await;
    for nonce in [
        &["nonce", "1"] as &[&str],
        &["nonce", "1", "7"],
        &["nonce", "1", ""],
        &["nonce", "1", "x"],
        &["t", "1", "8"],
    ] {
        client.refused(&event(nonce, true), UNCOMMITTED).await;
    }
}
