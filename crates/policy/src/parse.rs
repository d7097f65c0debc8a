//! From the file's text to the compiled policy.

mod fields;
mod notes;
mod path;
mod rule;
mod trial;
mod values;
mod warn;

use chappe_protocol::Kind;

use crate::json::{self, Node, Place};
use crate::policy::Source;
use crate::rule::KindLists;
use crate::{Fault, Field, Policy, Verdict};
use fields::Fields;
use notes::Notes;
use path::Path;
use rule::{Placed, Scope};

/// A file, read, with the places that later checks speak of.
struct Document {
    fields_place: Place,
    kinds_place: Place,
    default: Option<Verdict>,
    kinds: KindLists,
    global: Placed,
    rules: Vec<(Kind, Placed)>,
    admins_place: Option<Place>,
    follows_enabled: Option<(bool, Place)>,
}

/// See [`Policy::parse`].
pub(crate) fn parse(text: &str) -> Result<Policy, Vec<Fault>> {
    let node = json::read(text).map_err(|fault| vec![fault])?;
    let (notes, path) = (&mut Notes::default(), Path::Top);
    let mut fields = Fields::of(&node, &path, notes);
    let keys = |node: Option<&Node>, name, notes: &mut Notes| {
        node.map(|node| values::keys(node, &path.name(name), notes)).unwrap_or_default()
    };
    let owners = keys(fields.take("owners"), "owners", notes);
    let admins_node = fields.take("policy_admins");
    let admins = keys(admins_node, "policy_admins", notes);
    let enabled = fields.take("policy_follow_whitelist_enabled");
    let tests = fields.take("tests");
    let tests = tests.map(|node| trial::read(node, &path.name("tests"), notes)).unwrap_or_default();
    fields.take("description").and_then(|node| values::text(node, &path.name("description"), notes));
    let kinds_node = fields.take("kind");
    let document = Document {
        fields_place: fields.place,
        kinds_place: kinds_node.map_or(fields.place, |node| node.place),
        default: fields.take("default_policy").and_then(|node| default_policy(node, &path, notes)),
        kinds: kinds_node.map(|node| kind_lists(node, &path.name("kind"), notes)).unwrap_or_default(),
        global: global(&mut fields, &path, notes),
        rules: fields.take("rules").map(|node| rules(node, &path.name("rules"), notes)).unwrap_or_default(),
        admins_place: admins_node.map(|node| node.place),
        follows_enabled: enabled.and_then(|node| {
            let path = path.name("policy_follow_whitelist_enabled");
            Some((values::flag(node, &path, notes)?, node.place))
        }),
    };
    fields.finish(&path, notes);
    document.check(notes);
    if notes.is_faultless() {
        warn::warn(&document, &admins, notes);
    }
    Ok(Policy {
        source: Source::File,
        warnings: std::mem::take(notes).finish()?,
        default: document.default.unwrap_or(Verdict::Allow),
        kinds: document.kinds,
        global: document.global.rule,
        rules: document.rules.into_iter().map(|(kind, placed)| (kind, placed.rule)).collect(),
        follows_enabled: document.follows_enabled.is_some_and(|(enabled, _)| enabled),
        owners,
        admins,
        tests,
    })
}

fn default_policy(node: &Node, path: &Path<'_>, notes: &mut Notes) -> Option<Verdict> {
    let path = path.name("default_policy");
    match values::text_unless_empty(node, &path, notes)? {
        "allow" => Some(Verdict::Allow),
        "deny" => Some(Verdict::Deny),
        _ => {
            notes.fault(node.place, &path, "neither \"allow\" nor \"deny\"");
            None
        }
    }
}

fn kind_lists(node: &Node, path: &Path<'_>, notes: &mut Notes) -> KindLists {
    let mut fields = Fields::of(node, path, notes);
    let mut list = |name, notes: &mut Notes| {
        let node = fields.take(name);
        node.map(|node| values::kinds(node, &path.name(name), notes)).unwrap_or_default()
    };
    let lists = KindLists { whitelist: list("whitelist", notes), blacklist: list("blacklist", notes) };
    for kind in lists.blacklist.iter().filter(|kind| lists.whitelist.contains(kind)) {
        notes.fault(
            node.place,
            &path.name("blacklist"),
            format!("kind {kind} stands here and in the whitelist"),
        );
    }
    fields.finish(path, notes);
    lists
}

fn global<'a>(fields: &mut Fields<'a>, path: &Path<'_>, notes: &mut Notes) -> Placed {
    let empty = Node { place: fields.place, value: json::Value::Object(Vec::new()) };
    rule::read(fields.take("global").unwrap_or(&empty), path.name("global"), Scope::Global, notes)
}

fn rules(node: &Node, path: &Path<'_>, notes: &mut Notes) -> Vec<(Kind, Placed)> {
    let members = Fields::of(node, path, notes).rest();
    let rules = members.into_iter().filter_map(|member| {
        let path = path.name(&member.name);
        // Only as a number is written: "01" and "+1" would be second names of one kind.
        let kind = member.name.parse().ok().map(Kind).filter(|kind| kind.to_string() == member.name);
        let Some(kind) = kind else {
            notes.fault(member.place, &path, "not a kind: a number from 0 to 65535, in quotes");
            return None;
        };
        if member.node.value == json::Value::Null {
            notes.fault(member.node.place, &path, "expected an object, but found null");
            return None;
        }
        Some((kind, rule::read(&member.node, path, Scope::Kind(kind), notes)))
    });
    let mut rules: Vec<_> = rules.collect();
    rules.sort_by_key(|(kind, _)| *kind);
    rules
}

impl Document {
    /// What cannot be meant together, across the file.
    fn check(&self, notes: &mut Notes) {
        let global = &self.global.rule;
        let (read, write) = (Field::ReadAllowPermissive, Field::WriteAllowPermissive);
        let (top, both) = (Path::Top, global.read_allow_permissive && global.write_allow_permissive);
        if both && !self.kinds.whitelist.is_empty() {
            let reason = format!("with {read}, nothing is left for kind.whitelist to do");
            notes.fault(self.global.place_of(write), &top.name("global").name(write.name()), reason);
        }
        if self.follows_enabled.is_some_and(|(enabled, _)| enabled) {
            return;
        }
        let field = Field::WriteAllowFollows;
        self.for_each_rule(|path, placed, _| {
            if placed.rule.write_allow_follows {
                let reason = "needs policy_follow_whitelist_enabled to be true";
                notes.fault(placed.place_of(field), &path.name(field.name()), reason);
            }
        });
    }

    /// The global rule first, then the kinds' in their order.
    fn for_each_rule(&self, mut tell: impl FnMut(&Path<'_>, &Placed, Scope)) {
        let top = Path::Top;
        tell(&top.name("global"), &self.global, Scope::Global);
        let rules = top.name("rules");
        for (kind, placed) in &self.rules {
            tell(&rules.name(&kind.to_string()), placed, Scope::Kind(*kind));
        }
    }
}

#[cfg(test)]
mod tests;
