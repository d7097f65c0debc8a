//! An object's members, taken one by one by their names.

use std::collections::HashMap;

use super::notes::Notes;
use super::path::Path;
use crate::json::{Member, Node, Place, Value};

/// The members of an object that nobody has taken yet.
pub(crate) struct Fields<'a> {
    pub(crate) place: Place,
    members: Vec<&'a Member>,
    known: Vec<&'static str>,
}

impl<'a> Fields<'a> {
    /// Takes an object apart. Doubles are faults, and the first of them counts. Nothing else has members.
    pub(crate) fn of(node: &'a Node, path: &Path<'_>, notes: &mut Notes) -> Self {
        let mut members: Vec<&Member> = Vec::new();
        let mut seen = HashMap::new();
        let all = if let Value::Object(all) = &node.value {
            all.as_slice()
        } else {
            notes.fault(node.place, path, format!("expected an object, but found {}", node.value.sort()));
            &[]
        };
        for member in all {
            if let Some(first) = seen.insert(&*member.name, member.place.line) {
                let reason = format!("stands here twice, first in line {first}");
                notes.fault(member.place, &path.name(&member.name), reason);
            } else {
                members.push(member);
            }
        }
        Self { place: node.place, members, known: Vec::new() }
    }

    /// Takes a member out. `null` counts as absent: some tools write it for what is not set.
    pub(crate) fn take(&mut self, name: &'static str) -> Option<&'a Node> {
        self.known.push(name);
        let index = self.members.iter().position(|member| member.name == name)?;
        let member = self.members.remove(index);
        (member.node.value != Value::Null).then_some(&member.node)
    }

    /// Every member that is left, in the order of the file.
    pub(crate) fn rest(self) -> Vec<&'a Member> {
        self.members
    }

    /// Every member that is left is a fault.
    pub(crate) fn finish(self, path: &Path<'_>, notes: &mut Notes) {
        for member in self.members {
            let near = self.known.iter().min_by_key(|known| distance(known, &member.name));
            let hint = near.filter(|known| distance(known, &member.name) <= 3);
            let hint = hint.map(|known| format!(": is {known} meant?")).unwrap_or_default();
            notes.fault(
                member.place,
                &path.name(&member.name),
                format!("not a field that stands here{hint}"),
            );
        }
    }
}

/// How many letters have to be changed, added or left out to make one word the other (Levenshtein).
fn distance(one: &str, other: &str) -> usize {
    // No field's name is longer, and the time grows with the product.
    if other.len() > 40 {
        return usize::MAX;
    }
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for letter in one.bytes() {
        let Some((first, cells)) = row.split_first_mut() else { break };
        let mut diagonal = *first;
        *first += 1;
        let mut left = *first;
        for (cell, other_letter) in cells.iter_mut().zip(other.bytes()) {
            let replaced = diagonal + usize::from(letter != other_letter);
            diagonal = *cell;
            left = replaced.min(left + 1).min(*cell + 1);
            *cell = left;
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests;
