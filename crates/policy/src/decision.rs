//! Answers, and what they are about.

use std::fmt;

use chappe_protocol::{EventHead, Kind, PublicKey, Timestamp};

/// An event that somebody wants to publish.
#[derive(Debug, Clone, Copy)]
pub struct Submission<'a> {
    /// All but its content and signature.
    pub head: &'a EventHead<'a>,
    /// The length of its content in UTF-8 bytes.
    pub content_bytes: usize,
    /// The length of the event's JSON in bytes, as the relay sends it.
    pub event_bytes: usize,
    /// Who brings it: the signed-in keys, or the author when nobody is signed in.
    ///
    /// Of several, a list that denies one denies all, and a list that grants one grants all.
    pub submitters: &'a [PublicKey],
    /// The time now.
    pub now: Timestamp,
}

/// Yes or no.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// It may be written, or be read.
    Allow,
    /// It may not.
    Deny,
}

/// The part of the policy that decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Station {
    /// `kind.whitelist` and `kind.blacklist`.
    KindLists,
    /// The rule `global`.
    Global,
    /// The rule for this kind.
    Kind(Kind),
    /// `default_policy`.
    Default,
    /// No policy file is configured.
    Unrestricted,
}

/// A field of the policy file that allows or denies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the names are the file's, and docs/policy.md says what each means")]
pub enum Field {
    KindWhitelist,
    KindBlacklist,
    DefaultPolicy,
    WriteAllow,
    WriteDeny,
    ReadAllow,
    ReadDeny,
    Privileged,
    WriteAllowFollows,
    FollowsWhitelistAdmins,
    ReadFollowsWhitelist,
    WriteFollowsWhitelist,
    WriteAllowIfTagged,
    SizeLimit,
    ContentLimit,
    MaxAgeOfEvent,
    MaxAgeEventInFuture,
    MaxExpiryDuration,
    MaxExpiry,
    MustHaveTags,
    AllowedTags,
    TagValidation,
    IdentifierRegex,
    ProtectedRequired,
}

/// How many events a minute one submitter may write in one kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Rate {
    /// Events a minute, at least 1.
    pub per_minute: u32,
}

/// The policy's answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decision<'a> {
    /// Yes or no.
    pub verdict: Verdict,
    /// What decided.
    pub station: Station,
    /// The field that decided; none when a rule allows because it restricts nothing.
    pub field: Option<Field>,
    /// How often the submitter may do this, when it is allowed: the caller counts.
    pub rate: Option<Rate>,
    /// The scripts to ask as well, when it is allowed: the global rule's, then the kind's.
    pub scripts: [Option<&'a str>; 2],
    denial: Option<Denial>,
}

impl Decision<'_> {
    pub(crate) const fn allow(station: Station) -> Self {
        Self { verdict: Verdict::Allow, station, field: None, rate: None, scripts: [None; 2], denial: None }
    }

    /// Whether the answer is yes.
    #[must_use]
    pub const fn is_allowed(&self) -> bool {
        matches!(self.verdict, Verdict::Allow)
    }

    /// The no, when it is one.
    #[must_use]
    pub const fn denial(&self) -> Option<Denial> {
        self.denial
    }
}

/// A no that outlives the policy: which rule said it, and by which bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Denial {
    /// What decided.
    pub station: Station,
    /// The field that decided.
    pub field: Field,
}

impl Denial {
    /// Whether the answer may be another one for another key, so that signing in may help.
    #[must_use]
    pub const fn depends_on_key(&self) -> bool {
        matches!(
            self.field,
            Field::WriteAllow
                | Field::ReadAllow
                | Field::Privileged
                | Field::WriteAllowFollows
                | Field::FollowsWhitelistAdmins
                | Field::ReadFollowsWhitelist
                | Field::WriteFollowsWhitelist
                | Field::WriteAllowIfTagged
        )
    }
}

impl fmt::Display for Denial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the relay's policy does not allow this")
    }
}

/// Whether a viewer can see any event of a kind at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Readable {
    /// No event of this kind: a query need not look.
    Never,
    /// Some events, perhaps all: each is decided by [`crate::Policy::may_read`].
    Maybe,
}
