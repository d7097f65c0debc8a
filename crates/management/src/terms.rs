//! The operator's words on invites and pages.

/// The operator's words on invites and pages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    /// How many days an invite is open unless it says otherwise; 0: for ever.
    pub invite_days: u32,
    /// How often an invite can be used unless it says otherwise.
    pub invite_uses: u32,
    /// Who gets an invite by asking for kind 28935.
    pub invites_by: InvitesBy,
    /// The most entries of a list in one answer.
    pub page_max: usize,
    /// What the relay calls itself when it welcomes somebody.
    pub relay_url: Option<String>,
}

impl Default for Terms {
    fn default() -> Self {
        Self {
            invite_days: 7,
            invite_uses: 1,
            invites_by: InvitesBy::Members,
            page_max: 500,
            relay_url: None,
        }
    }
}

/// Who gets an invite by asking for kind 28935.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum InvitesBy {
    /// Every member, and all who manage.
    #[default]
    Members,
    /// Owners, admins and moderators.
    Admins,
}
