//! Who there is, and how they come to the relay.

use chappe_testkit::{Keys, Rng, TestEvent, auth_event};

use crate::harness::{Client, Relay};

/// The people of a world. Each writes events and is on random lists; some have a part besides.
pub struct People {
    pub owner: Keys,
    pub admin: Keys,
    pub moderator: Keys,
    /// An owner by the policy file, in some of the policies.
    pub file_owner: Keys,
    /// Policy admins and others whose follow lists matter.
    pub roots: Vec<Keys>,
    /// On the mode's own list, if it has one.
    pub listed: Keys,
    /// Will be banned.
    pub banned: Keys,
    /// Everybody, those above too.
    pub all: Vec<Keys>,
}

impl People {
    pub fn new(rng: &mut Rng, all: &[Keys]) -> Self {
        let mut all = all.to_vec();
        rng.shuffle(&mut all);
        let [owner, admin, moderator, file_owner, one_root, other_root, listed, banned, ..] = &all[..] else {
            panic!("a world has more people");
        };
        Self {
            owner: owner.clone(),
            admin: admin.clone(),
            moderator: moderator.clone(),
            file_owner: file_owner.clone(),
            roots: vec![one_root.clone(), other_root.clone()],
            listed: listed.clone(),
            banned: banned.clone(),
            all,
        }
    }

    /// Some of them, at least one, whom nobody will miss on a list.
    pub fn some(&self, rng: &mut Rng) -> Vec<String> {
        let count = rng.below(5) + 1;
        let mut some: Vec<_> = (0..count).map(|_| rng.pick(&self.all).hex()).collect();
        some.sort();
        some.dedup();
        some
    }

    /// Those who ask: nobody, one key, several keys, each part there is.
    pub fn viewers(&self, rng: &mut Rng) -> Vec<Person> {
        let stranger = Keys::from_seed(rng.bits());
        let pair = vec![rng.pick(&self.all).clone(), stranger.clone()];
        let [.., one, other] = &self.all[..] else { panic!("a world has more people") };
        let viewers = [
            ("anonymous", vec![]),
            ("stranger", vec![stranger]),
            ("owner", vec![self.owner.clone()]),
            ("admin", vec![self.admin.clone()]),
            ("moderator", vec![self.moderator.clone()]),
            ("owner of the file", vec![self.file_owner.clone()]),
            ("listed", vec![self.listed.clone()]),
            ("banned", vec![self.banned.clone()]),
            ("author", vec![one.clone()]),
            ("several", vec![one.clone(), other.clone(), self.roots[0].clone()]),
            ("pair", pair),
        ];
        viewers.into_iter().map(|(part, keys)| Person::new(part, keys)).collect()
    }
}

/// Somebody at a socket.
pub struct Person {
    /// What a failure calls them.
    pub part: &'static str,
    pub keys: Vec<Keys>,
    pub hex: Vec<String>,
}

impl Person {
    pub fn new(part: &'static str, keys: Vec<Keys>) -> Self {
        let hex = keys.iter().map(Keys::hex).collect();
        Self { part, keys, hex }
    }

    /// A connection on which they have signed in. The relay challenges on connect.
    pub async fn connect(&self, relay: &Relay) -> Client {
        let mut client = relay.connect().await;
        let challenge = client.challenge().await;
        for keys in &self.keys {
            let proof: TestEvent = auth_event(&relay.url(), &challenge, relay.now()).sign(keys);
            client.say(&proof.auth_message()).await;
            assert_eq!(client.ok(&proof).await, (true, String::new()), "{} signs in", self.part);
        }
        client
    }
}
