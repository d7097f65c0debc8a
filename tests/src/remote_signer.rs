//! Signing in to the administration by a signer that is elsewhere (NIP-46) and meets the page at this relay.

use chappe_protocol::{PublicKey, Timestamp};
use chappe_signer::Client as Crypt;
use chappe_testkit::{EventBuilder, Keys};
use serde_json::{Value, json};

use crate::harness::http::{self, Response, request};
use crate::harness::{Client, Relay, base64};

fn owner() -> Keys {
    Keys::from_seed(961)
}

async fn relay() -> Relay {
    Relay::start_with(|config| config.access.owners = vec![owner().public()]).await
}

/// A signer with a connection to the relay, and a key of its own to be spoken to.
struct Signer {
    crypt: Crypt,
    line: Client,
    said: u8,
    /// Who asked last.
    asker: Option<PublicKey>,
}

impl Signer {
    async fn start(relay: &Relay, seed: u8) -> Self {
        let crypt = Crypt::from_secret([seed; 32]).unwrap();
        let mut line = relay.connect().await;
        let filter = json!({"kinds": [24133], "#p": [crypt.public().to_string()], "limit": 0});
        line.subscribe("asked", &filter.to_string()).await;
        Self { crypt, line, said: 0, asker: None }
    }

    async fn say(&mut self, to: PublicKey, text: &Value) {
        self.said += 1;
        let nonce = [self.said; 32];
        let event = self.crypt.say(&to, &text.to_string(), nonce, Timestamp(Relay::NOW)).unwrap();
        self.line.say(&format!("[\"EVENT\",{}]", String::from_utf8(event).unwrap())).await;
        self.line.expect_start(r#"["OK","#).await;
    }

    /// What it is asked next, and by whom.
    async fn hear(&mut self) -> (PublicKey, Value) {
        let heard = self.line.expect_start(r#"["EVENT","asked""#).await;
        let from = PublicKey::from_hex(heard[2]["pubkey"].as_str().unwrap().as_bytes()).unwrap();
        self.asker = Some(from);
        let text = self.crypt.open(from, heard[2]["content"].as_str().unwrap()).unwrap();
        (from, serde_json::from_str(&text).unwrap())
    }

    /// Answers what it is asked next, which has to be this.
    async fn answer(&mut self, method: &str, answer: impl FnOnce(&Value) -> Value) {
        let (from, asked) = self.hear().await;
        assert_eq!(asked["method"], method, "{asked}");
        let mut told = answer(&asked);
        told["id"] = asked["id"].clone();
        self.say(from, &told).await;
    }

    /// Signs what it is asked to sign next, as this person.
    async fn sign_as(&mut self, keys: &Keys) {
        self.answer("sign_event", |asked| json!({"result": signed(asked, keys)})).await;
    }
}

/// The event that is asked for, signed.
fn signed(asked: &Value, keys: &Keys) -> String {
    let template: Value = serde_json::from_str(asked["params"][0].as_str().unwrap()).unwrap();
    let kind = u16::try_from(template["kind"].as_u64().unwrap()).unwrap();
    let mut event = EventBuilder::new(kind).created_at(template["created_at"].as_u64().unwrap());
    for tag in template["tags"].as_array().unwrap() {
        let tag: Vec<_> = tag.as_array().unwrap().iter().map(|text| text.as_str().unwrap()).collect();
        event = event.tag(&tag);
    }
    event.content(template["content"].as_str().unwrap()).sign(keys).json()
}

fn answer(response: &Response) -> Value {
    serde_json::from_str(&response.body).unwrap_or_else(|error| panic!("{}: {error}", response.body))
}

async fn begin(address: &str, asked: Value) -> Value {
    let response = http::post_to(address, "/admin/remote", &[], &asked.to_string()).await;
    assert_eq!(response.status, 200, "{}", response.body);
    answer(&response)
}

/// The event whose signature signs in.
fn sign_in_event(address: &str) -> Value {
    let url = format!("http://{address}/admin/session");
    json!({"kind": 27235, "tags": [["u", url], ["method", "POST"]], "content": ""})
}

async fn sign(address: &str, remote: &Value, turn: u64, event: &Value, seen: Option<&str>) -> Value {
    let bearer = format!("Authorization: Bearer {}", remote["remote"].as_str().unwrap());
    let body = json!({"event": event, "turn": turn, "seen": seen}).to_string();
    answer(&http::post_to(address, "/admin/remote/sign", &[&bearer], &body).await)
}

async fn status_with(address: &str, signed: &Value) -> u16 {
    let header = format!("Authorization: Nostr {}", base64(signed.to_string().as_bytes()));
    request(address, "POST", "/admin/session", &[&header]).await.status
}

/// Client and secret of an invitation.
fn invited(begun: &Value) -> (PublicKey, String) {
    let uri = begun["uri"].as_str().unwrap();
    let (key, query) = uri.strip_prefix("nostrconnect://").unwrap().split_once('?').unwrap();
    let secret = query.split('&').find_map(|part| part.strip_prefix("secret=")).unwrap();
    (PublicKey::from_hex(key.as_bytes()).unwrap(), secret.to_owned())
}

#[tokio::test]
async fn an_invited_signer_signs_in_and_goes_on_signing() {
    let relay = relay().await;
    let (address, mut signer) = (relay.address(), Signer::start(&relay, 5).await);
    let begun = begin(&address, json!({"relay": "wss://relay.example/x y"})).await;
    let uri = begun["uri"].as_str().unwrap();
    assert!(uri.contains("relay=wss%3A%2F%2Frelay.example%2Fx%20y&"), "{uri}");
    assert!(uri.contains("perms=sign_event%3A27235%2C"), "{uri}");
    let rows = begun["qr"].as_array().unwrap();
    assert!(rows.len() > 40 && rows.iter().all(|row| row.as_str().unwrap().len() == rows.len()));
    let (client, secret) = invited(&begun);
    let event = sign_in_event(&address);
    let signing = sign(&address, &begun, 1, &event, None);
    let acting = async {
        // Whoever does not know the secret is nobody's signer.
        let mut other = Signer::start(&relay, 6).await;
        other.say(client, &json!({"id": "1", "result": "wrong", "error": null})).await;
        signer.say(client, &json!({"id": "1", "result": secret, "error": null})).await;
        signer.sign_as(&owner()).await;
        other.line.hears_nothing_more().await;
    };
    let (told, ()) = tokio::join!(signing, acting);
    assert_eq!(told["signed"]["pubkey"], owner().hex(), "{told}");
    assert_eq!(status_with(&address, &told["signed"]).await, 200);
    // Asked for again it is there still; another event is signed anew.
    assert_eq!(sign(&address, &begun, 1, &event, None).await, told);
    let policy = json!({"kind": 12345, "created_at": Relay::NOW, "tags": [], "content": "{}"});
    let person = owner();
    let (told, ()) = tokio::join!(sign(&address, &begun, 2, &policy, None), signer.sign_as(&person));
    assert_eq!(told["signed"]["content"], "{}");
}

#[tokio::test]
async fn a_named_signer_is_asked_and_may_say_no() {
    let relay = relay().await;
    let (address, mut signer) = (relay.address(), Signer::start(&relay, 7).await);
    let named = json!({"relay": relay.url(), "signer": signer.crypt.public().to_string(), "secret": "word"});
    let begun = begin(&address, named.clone()).await;
    assert_eq!((&begun["uri"], &begun["qr"]), (&Value::Null, &Value::Null));
    let event = sign_in_event(&address);
    // Before the page asks for anything.
    signer
        .answer("connect", |asked| {
            assert_eq!(asked["params"][1], "word");
            json!({"result": "auth_url", "error": "https://signer.example/confirm"})
        })
        .await;
    let told = sign(&address, &begun, 1, &event, None).await;
    assert_eq!(told, json!({"connected": false, "auth_url": "https://signer.example/confirm"}));
    // The same question has its answer once the person has been there.
    let acting = async {
        let client = signer.asker.unwrap();
        signer.say(client, &json!({"id": "1", "result": "ack"})).await;
        signer.answer("sign_event", |_| json!({"result": "", "error": "the person says no"})).await;
    };
    let seen = Some("https://signer.example/confirm");
    let (told, ()) = tokio::join!(sign(&address, &begun, 1, &event, seen), acting);
    assert!(told["error"].as_str().unwrap().contains("the person says no"), "{told}");

    let refusing = begin(&address, named).await;
    let acting = signer.answer("connect", |_| json!({"result": "", "error": "unknown word"}));
    let (told, ()) = tokio::join!(sign(&address, &refusing, 1, &event, None), acting);
    assert!(told["error"].as_str().unwrap().contains("unknown word"), "{told}");
}

#[tokio::test]
async fn a_strangers_signature_signs_nobody_in_and_conversations_end() {
    let relay = relay().await;
    let (address, mut signer) = (relay.address(), Signer::start(&relay, 8).await);
    let begun = begin(&address, json!({"relay": relay.url()})).await;
    let (client, secret) = invited(&begun);
    let event = sign_in_event(&address);
    let acting = async {
        signer.say(client, &json!({"id": "1", "result": secret})).await;
        signer.sign_as(&Keys::from_seed(1)).await;
    };
    let (told, ()) = tokio::join!(sign(&address, &begun, 1, &event, None), acting);
    assert_eq!(status_with(&address, &told["signed"]).await, 403);

    let bearer = format!("Authorization: Bearer {}", begun["remote"].as_str().unwrap());
    assert_eq!(request(&address, "DELETE", "/admin/remote", &[&bearer]).await.status, 204);
    let over = sign(&address, &begun, 1, &event, None).await;
    assert!(over["error"].as_str().unwrap().contains("over"), "{over}");
    // One that no signer answers is over after five minutes, and one address has four of them at a time.
    let mut waiting = Vec::new();
    for _ in 0..5 {
        waiting.push(begin(&address, json!({"relay": relay.url()})).await);
    }
    let body = json!({"event": {}}).to_string();
    let status = async |remote: &Value| {
        let bearer = format!("Authorization: Bearer {}", remote["remote"].as_str().unwrap());
        http::post_to(&address, "/admin/remote/sign", &[&bearer], &body).await.status
    };
    let mut found = 0;
    for remote in &waiting {
        found += u32::from(status(remote).await == 400);
    }
    assert_eq!(found, 4, "the others are over");
    relay.pass_seconds(5 * 60);
    assert_eq!(status(&waiting[4]).await, 401);
    // What is no beginning begins nothing.
    for wrong in
        [json!({}), json!({"relay": "x".repeat(501)}), json!({"relay": "x", "signer": "no"}), json!(1)]
    {
        let response = http::post_to(&address, "/admin/remote", &[], &wrong.to_string()).await;
        assert_eq!(response.status, 400, "{wrong}");
    }
    assert_eq!(request(&address, "GET", "/admin/remote", &[]).await.status, 405);
}
