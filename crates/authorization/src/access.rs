//! What the operator has decided.

use chappe_protocol::Kind;

use crate::{Peer, RelayUrl};

/// The operator's decisions about reading and writing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Access {
    /// Kinds that only their author and those in their `p` tags may see, in any order. By default direct messages
    /// and what gift wraps are made of: 4, 13, 14, 15, 1059, 1060.
    pub private_kinds: Vec<Kind>,
    /// The relay's own addresses, for AUTH (NIP-42) and vanish requests (NIP-62). When there are none, the address
    /// is what the client's Host header says: convenient, but a client can then pass on to this relay an AUTH that
    /// somebody made for another.
    pub own_urls: Vec<RelayUrl>,
}

impl Default for Access {
    fn default() -> Self {
        Self { private_kinds: [4, 13, 14, 15, 1059, 1060].map(Kind).to_vec(), own_urls: Vec::new() }
    }
}

impl Access {
    /// Whether only those involved may see events of this kind.
    pub(crate) fn is_private(&self, kind: Kind) -> bool {
        self.private_kinds.contains(&kind)
    }

    /// Whether this address, as a tag holds it, is one of the relay's own. `peer` is who wrote the tag, if anybody.
    pub(crate) fn is_own_url(&self, peer: Option<&Peer>, tag_value: &[u8]) -> bool {
        let Some(url) = str::from_utf8(tag_value).ok().and_then(|text| RelayUrl::parse(text).ok()) else {
            return false;
        };
        if self.own_urls.is_empty() {
            let host = peer.and_then(|peer| peer.host.as_ref());
            host.is_some_and(|host| host.is_same_but_for_scheme(&url))
        } else {
            self.own_urls.contains(&url)
        }
    }
}

#[cfg(test)]
mod tests;
