//! The compiled policy.

use chappe_protocol::{EventHead, Kind, PublicKey};

use crate::evaluate::decide;
use crate::policy_test::PolicyTest;
use crate::read::Reading;
use crate::rule::{KindLists, Rule};
use crate::witness::{Nobody, Witness};
use crate::write::Writing;
use crate::{
    Decision, Explanation, Fault, Follows, KeySet, Narrowed, Readable, Submission, Verdict, Warning,
};

/// A policy file, compiled.
#[derive(Debug, Clone)]
pub struct Policy {
    pub(crate) source: Source,
    pub(crate) default: Verdict,
    pub(crate) kinds: KindLists,
    pub(crate) global: Rule,
    /// Sorted by kind.
    pub(crate) rules: Box<[(Kind, Rule)]>,
    pub(crate) owners: KeySet,
    pub(crate) admins: KeySet,
    pub(crate) follows_enabled: bool,
    pub(crate) tests: Box<[PolicyTest]>,
    pub(crate) warnings: Box<[Warning]>,
}

/// Where a policy comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    File,
    Nowhere,
}

impl Policy {
    /// What holds when no file is configured: everything is allowed.
    #[must_use]
    pub fn permissive() -> Self {
        Self {
            source: Source::Nowhere,
            default: Verdict::Allow,
            kinds: KindLists::default(),
            global: Rule::default(),
            rules: Box::default(),
            owners: KeySet::default(),
            admins: KeySet::default(),
            follows_enabled: false,
            tests: Box::default(),
            warnings: Box::default(),
        }
    }

    /// Reads and compiles a policy file of at most 4 MiB.
    ///
    /// # Errors
    ///
    /// Every mistake in the file, in the order of their places; at most 100. Of a text that is not JSON, the first.
    pub fn parse(text: &str) -> Result<Self, Vec<Fault>> {
        crate::parse::parse(text)
    }

    /// Whether no file is behind it.
    #[must_use]
    pub fn is_permissive(&self) -> bool {
        self.source == Source::Nowhere
    }

    /// What is allowed in a file and yet probably not meant, in the order of their places.
    #[must_use]
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }

    /// The file's own tests.
    #[must_use]
    pub fn tests(&self) -> &[PolicyTest] {
        &self.tests
    }

    /// The file's `owners`.
    #[must_use]
    pub const fn owners(&self) -> &KeySet {
        &self.owners
    }

    /// The file's `policy_admins`.
    #[must_use]
    pub const fn admins(&self) -> &KeySet {
        &self.admins
    }

    /// Whose follow lists (kind 3) the evaluation needs, each once, in the order of their bytes.
    pub fn follow_roots(&self) -> impl Iterator<Item = PublicKey> {
        let rules = || std::iter::once(&self.global).chain(self.rules.iter().map(|(_, rule)| rule));
        let admins = rules().any(|rule| rule.write_allow_follows).then_some(&self.admins);
        let listed = rules().flat_map(|rule| {
            [&rule.follows_whitelist_admins, &rule.read_follows_whitelist, &rule.write_follows_whitelist]
        });
        let roots: KeySet = admins.into_iter().chain(listed).flat_map(KeySet::iter).copied().collect();
        roots.into_iter()
    }

    /// The scripts that the rules name, each once.
    pub fn scripts(&self) -> impl Iterator<Item = &str> {
        let rules = std::iter::once(&self.global).chain(self.rules.iter().map(|(_, rule)| rule));
        let mut scripts: Vec<_> = rules.filter_map(|rule| rule.script.as_deref()).collect();
        scripts.sort_unstable();
        scripts.dedup();
        scripts.into_iter()
    }

    /// Whether the event may be written. Allocates nothing, but for what a regex remembers of texts that are new to it.
    #[must_use]
    pub fn may_write(&self, submission: &Submission<'_>, follows: &Follows) -> Decision<'_> {
        self.write(submission, follows, &mut Nobody)
    }

    /// Whether the event may be shown to the viewer, who has signed in with these keys, or with none. Allocates nothing.
    ///
    /// Of the tags, only the values of `p` tags are looked at.
    #[must_use]
    pub fn may_read(&self, head: &EventHead<'_>, viewers: &[PublicKey], follows: &Follows) -> Decision<'_> {
        self.read(head, viewers, follows, &mut Nobody)
    }

    /// Whether the viewer can see any event of the kind at all. Allocates nothing.
    #[must_use]
    pub fn may_read_kind(&self, kind: Kind, viewers: &[PublicKey], follows: &Follows) -> Readable {
        if self.read_kind(kind, viewers, follows, &mut Nobody).is_allowed() {
            Readable::Maybe
        } else {
            Readable::Never
        }
    }

    /// [`Self::may_write`], step by step.
    #[must_use]
    pub fn explain_write(&self, submission: &Submission<'_>, follows: &Follows) -> Explanation {
        Explanation::record(|witness| self.write(submission, follows, witness))
    }

    /// [`Self::may_read`], step by step.
    #[must_use]
    pub fn explain_read(
        &self,
        head: &EventHead<'_>,
        viewers: &[PublicKey],
        follows: &Follows,
    ) -> Explanation {
        Explanation::record(|witness| self.read(head, viewers, follows, witness))
    }

    /// [`Self::may_read_kind`], step by step.
    #[must_use]
    pub fn explain_read_kind(&self, kind: Kind, viewers: &[PublicKey], follows: &Follows) -> Explanation {
        Explanation::record(|witness| self.read_kind(kind, viewers, follows, witness))
    }

    /// Whether the new policy only extends this one, as policy admins may by kind 12345: it adds grants and raises
    /// bounds, and takes nothing away.
    ///
    /// # Errors
    ///
    /// Every change that is not clearly an extension.
    pub fn check_extension(&self, new: &Self) -> Result<(), Vec<Narrowed>> {
        crate::extension::check(self, new)
    }

    pub(crate) fn rule(&self, kind: Kind) -> Option<&Rule> {
        let place = self.rules.binary_search_by_key(&kind, |(kind, _)| *kind).ok()?;
        self.rules.get(place).map(|(_, rule)| rule)
    }

    fn write(
        &self,
        submission: &Submission<'_>,
        follows: &Follows,
        witness: &mut impl Witness,
    ) -> Decision<'_> {
        let mut decision = decide(self, &Writing { submission, follows }, witness);
        if decision.is_allowed() {
            let rules = [Some(&self.global), self.rule(submission.head.kind)];
            decision.rate = rules.into_iter().flatten().filter_map(|rule| rule.rate_limit).min();
            decision.scripts = rules.map(|rule| rule?.script.as_deref());
        }
        decision
    }

    fn read(
        &self,
        head: &EventHead<'_>,
        viewers: &[PublicKey],
        follows: &Follows,
        witness: &mut impl Witness,
    ) -> Decision<'_> {
        let is_party = || viewers.iter().any(|key| *key == head.pubkey || head.mentions(key));
        decide(self, &Reading { kind: head.kind, viewers, follows, is_party }, witness)
    }

    /// As if the viewer were party to the event, when there is one at all.
    fn read_kind(
        &self,
        kind: Kind,
        viewers: &[PublicKey],
        follows: &Follows,
        witness: &mut impl Witness,
    ) -> Decision<'_> {
        let is_party = || !viewers.is_empty();
        decide(self, &Reading { kind, viewers, follows, is_party }, witness)
    }
}
