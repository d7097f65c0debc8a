//! What a nostr-sdk client does with a relay, from a first note to a last deletion.
//!
//! ```text
//! RELAY_URL=ws://127.0.0.1:7447 cargo run
//! ```
//!
//! Every check makes its own people, so it may run against a relay that holds other events. Exits with 1 when one fails.

mod checks;
mod person;

use std::process::ExitCode;
use std::time::Duration;

use nostr_sdk::RelayUrl;
use person::Outcome;

/// The longest that a check may take; a relay that does not answer is a failure, not a wait.
const CHECK_TIMEOUT: Duration = Duration::from_secs(20);

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let url = std::env::var("RELAY_URL").ok().and_then(|url| RelayUrl::parse(&url).ok());
    let Some(url) = url else {
        eprintln!("RELAY_URL names no relay, such as ws://127.0.0.1:7447");
        return ExitCode::from(2);
    };
    let mut tally = Tally::default();
    tally.note("publish and fetch", checks::publish_and_fetch(&url)).await;
    tally.note("a forged event is refused", checks::forged_event_is_refused(&url)).await;
    tally.note("subscribe: stored, then live", checks::stored_then_live(&url)).await;
    tally.note("several subscriptions", checks::several_subscriptions(&url)).await;
    tally.note("a replaceable event replaces", checks::replaceable_replaces(&url)).await;
    tally
        .note("an addressable event replaces its own address only", checks::addressable_replaces(&url))
        .await;
    tally.note("a deletion deletes, and the deleted does not return", checks::deletion_deletes(&url)).await;
    tally.note("a protected event takes AUTH by its author", checks::protected_takes_auth(&url)).await;
    tally
        .note("direct messages (kind 4) go to those involved", checks::direct_messages_are_private(&url))
        .await;
    tally.note("private messages (NIP-17) arrive wrapped", checks::gift_wraps_arrive(&url)).await;
    tally.note("count", checks::count_is_exact(&url)).await;
    tally.note("the information document (NIP-11)", checks::information_document(&url)).await;
    let Tally { passed, failed } = tally;
    println!("nostr-sdk: {passed} of {} checks passed", passed + failed);
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// How the checks went.
#[derive(Debug, Default)]
struct Tally {
    passed: usize,
    failed: usize,
}

impl Tally {
    async fn note(&mut self, name: &str, check: impl Future<Output = Outcome>) {
        let outcome = tokio::time::timeout(CHECK_TIMEOUT, check).await;
        match outcome.unwrap_or_else(|_| Err("it took too long".into())) {
            Ok(()) => {
                self.passed += 1;
                println!("  ok      {name}");
            }
            Err(error) => {
                self.failed += 1;
                println!("  FAILED  {name}: {error}");
            }
        }
    }
}
