//! The table of methods: the name, who may call it, what it does.

mod addresses;
mod connections;
mod events;
mod explain;
mod identity;
mod invites;
mod keys;
mod kinds;
mod log;
mod members;
mod policy;
mod reports;
mod roles;

use chappe_authorization::Role;
use serde_json::{Value, json};

use crate::CallError;
use crate::call::Act;
pub use explain::explain_by;
pub(crate) use identity::{DESCRIPTION, ICON, NAME};

/// One method.
#[derive(Debug)]
pub(crate) struct Method {
    pub(crate) name: &'static str,
    /// The lowest role that may call it.
    pub(crate) role: Role,
    pub(crate) effect: Effect,
    pub(crate) run: fn(&mut Act<'_>) -> Result<Value, CallError>,
}

/// Whether a call is worth an entry in the audit log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effect {
    Reads,
    Changes,
}

const fn reads(name: &'static str, role: Role, run: fn(&mut Act<'_>) -> Result<Value, CallError>) -> Method {
    Method { name, role, effect: Effect::Reads, run }
}

const fn changes(
    name: &'static str,
    role: Role,
    run: fn(&mut Act<'_>) -> Result<Value, CallError>,
) -> Method {
    Method { name, role, effect: Effect::Changes, run }
}

/// All methods, in the order of docs/management.md.
pub(crate) const METHODS: &[Method] = &[
    reads("supportedmethods", Role::Moderator, supported),
    changes("banpubkey", Role::Moderator, keys::ban),
    changes("unbanpubkey", Role::Moderator, keys::unban),
    reads("listbannedpubkeys", Role::Moderator, keys::list_banned),
    changes("allowpubkey", Role::Admin, keys::allow),
    changes("unallowpubkey", Role::Admin, keys::unallow),
    reads("listallowedpubkeys", Role::Moderator, keys::list_allowed),
    changes("trustpubkey", Role::Admin, keys::trust),
    changes("untrustpubkey", Role::Admin, keys::untrust),
    reads("listtrustedpubkeys", Role::Moderator, keys::list_trusted),
    changes("blacklistpubkey", Role::Moderator, keys::blacklist),
    changes("unblacklistpubkey", Role::Moderator, keys::unblacklist),
    reads("listblacklistedpubkeys", Role::Moderator, keys::list_blacklisted),
    changes("addmoderator", Role::Owner, keys::add_moderator),
    changes("removemoderator", Role::Owner, keys::remove_moderator),
    reads("listmoderators", Role::Admin, keys::list_moderators),
    changes("banevent", Role::Moderator, events::ban),
    changes("allowevent", Role::Moderator, events::allow),
    reads("listbannedevents", Role::Moderator, events::list_banned),
    changes("deleteevent", Role::Admin, events::delete),
    reads("listeventsneedingmoderation", Role::Moderator, reports::list_events),
    reads("listpubkeysneedingmoderation", Role::Moderator, reports::list_keys),
    changes("dismissreports", Role::Moderator, reports::dismiss),
    changes("allowkind", Role::Admin, kinds::allow),
    changes("disallowkind", Role::Admin, kinds::disallow),
    changes("resetkinds", Role::Admin, kinds::reset),
    reads("listallowedkinds", Role::Moderator, kinds::list_allowed),
    reads("listdisallowedkinds", Role::Moderator, kinds::list_disallowed),
    changes("blockip", Role::Admin, addresses::block),
    changes("unblockip", Role::Admin, addresses::unblock),
    reads("listblockedips", Role::Moderator, addresses::list),
    reads("listconnections", Role::Admin, connections::list),
    reads("listconnectionaddresses", Role::Admin, connections::list_addresses),
    changes("closeconnection", Role::Admin, connections::close),
    changes("addmember", Role::Admin, members::add),
    changes("removemember", Role::Admin, members::remove),
    reads("listmembers", Role::Moderator, members::list),
    changes("createrole", Role::Admin, roles::create),
    changes("editrole", Role::Admin, roles::edit),
    changes("deleterole", Role::Admin, roles::delete),
    reads("listroles", Role::Moderator, roles::list),
    changes("assignrole", Role::Admin, roles::assign),
    changes("unassignrole", Role::Admin, roles::unassign),
    changes("createinvite", Role::Admin, invites::create),
    changes("revokeinvite", Role::Admin, invites::revoke),
    reads("listinvites", Role::Admin, invites::list),
    changes("changerelayname", Role::Admin, identity::change_name),
    changes("changerelaydescription", Role::Admin, identity::change_description),
    changes("changerelayicon", Role::Admin, identity::change_icon),
    reads("getpolicy", Role::Admin, policy::get),
    changes("reloadpolicy", Role::Admin, policy::reload),
    reads("getshadow", Role::Admin, policy::get_shadow),
    reads("explain", Role::Admin, explain::explain),
    reads("stats", Role::Moderator, log::stats),
    reads("listsettings", Role::Admin, log::list_settings),
    reads("listauditlog", Role::Admin, log::list_audit),
];

/// The method of this name.
pub(crate) fn method(name: &str) -> Option<&'static Method> {
    METHODS.iter().find(|method| method.name == name)
}

/// NIP-86: "the names of all the other supported methods". Those are listed that the caller may call.
fn supported(act: &mut Act<'_>) -> Result<Value, CallError> {
    act.params.at_most(0)?;
    let others = METHODS.iter().filter(|method| method.name != "supportedmethods" && method.role <= act.role);
    Ok(others.map(|method| json!(method.name)).collect())
}

#[cfg(test)]
mod tests;
