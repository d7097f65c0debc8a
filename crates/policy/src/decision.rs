//! Answers, and what they are about.

use std::fmt;

use chappe_protocol::{EventHead, Kind, PublicKey, Timestamp};

use crate::Denial;

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
    /// Of several, a deny list that names one denies, and a list that grants to one grants.
    pub submitters: &'a [PublicKey],
    /// The time now.
    pub now: Timestamp,
}

/// Which of the two questions is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Direction {
    /// May this event be written?
    Write,
    /// May this event be read?
    Read,
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

/// How many events a minute one submitter may write in one kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
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
    /// The field that decided; none when a rule allows because it does not restrict this direction.
    pub field: Option<Field>,
    /// How often the submitter may do this, when it is allowed: the caller counts. The lower one of the global rule's
    /// and the kind's.
    pub rate: Option<Rate>,
    /// The scripts to ask as well, when it is allowed: the global rule's, then the kind's.
    pub scripts: [Option<&'a str>; 2],
    denial: Option<Denial>,
}

impl Decision<'_> {
    pub(crate) const fn allow(station: Station, field: Option<Field>) -> Self {
        Self { verdict: Verdict::Allow, station, field, rate: None, scripts: [None; 2], denial: None }
    }

    pub(crate) const fn deny(denial: Denial) -> Self {
        Self {
            verdict: Verdict::Deny,
            station: denial.station,
            field: Some(denial.field),
            rate: None,
            scripts: [None; 2],
            denial: Some(denial),
        }
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

    /// The way in the file to what decided, as `rules.1.content_limit`, `global` or `default_policy`.
    #[must_use]
    pub fn path(&self) -> String {
        let field = self.field.map(Field::name).unwrap_or_default();
        let rule = match self.station {
            Station::KindLists => return format!("kind.{field}"),
            Station::Default | Station::Unrestricted => return "default_policy".to_owned(),
            Station::Global => "global".to_owned(),
            Station::Kind(kind) => format!("rules.{kind}"),
        };
        if field.is_empty() { rule } else { format!("{rule}.{field}") }
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

impl fmt::Display for Direction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Write => "writing",
            Self::Read => "reading",
        })
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Allow => "allow",
            Self::Deny => "deny",
        })
    }
}

impl fmt::Display for Station {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::KindLists => f.write_str("kind lists"),
            Self::Global => f.write_str("global rule"),
            Self::Kind(kind) => write!(f, "rule for kind {kind}"),
            Self::Default => f.write_str("default policy"),
            Self::Unrestricted => f.write_str("no policy file"),
        }
    }
}

macro_rules! fields {
    ($($variant:ident $name:literal,)*) => {
        /// A field of the policy file that allows or denies. docs/policy.md says what each means.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[expect(missing_docs, reason = "the names are the file's")]
        pub enum Field {
            $($variant,)*
        }

        impl Field {
            /// Its name in the file.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }
        }
    };
}

fields! {
    KindWhitelist "whitelist",
    KindBlacklist "blacklist",
    DefaultPolicy "default_policy",
    WriteAllow "write_allow",
    WriteDeny "write_deny",
    ReadAllow "read_allow",
    ReadDeny "read_deny",
    Privileged "privileged",
    WriteAllowFollows "write_allow_follows",
    FollowsWhitelistAdmins "follows_whitelist_admins",
    ReadFollowsWhitelist "read_follows_whitelist",
    WriteFollowsWhitelist "write_follows_whitelist",
    WriteAllowIfTagged "write_allow_if_tagged",
    ReadAllowPermissive "read_allow_permissive",
    WriteAllowPermissive "write_allow_permissive",
    SizeLimit "size_limit",
    ContentLimit "content_limit",
    MaxAgeOfEvent "max_age_of_event",
    MaxAgeEventInFuture "max_age_event_in_future",
    MaxExpiryDuration "max_expiry_duration",
    MaxExpiry "max_expiry",
    MustHaveTags "must_have_tags",
    AllowedTags "allowed_tags",
    TagValidation "tag_validation",
    IdentifierRegex "identifier_regex",
    ProtectedRequired "protected_required",
    RateLimit "rate_limit",
    Script "script",
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
