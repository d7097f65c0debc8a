//! May this event be read?

use chappe_protocol::{Kind, PublicKey};

use crate::denial::{Bound, Denial};
use crate::evaluate::{Desk, Gate, Question};
use crate::rule::Rule;
use crate::witness::Witness;
use crate::{Direction, Field, Follows, KeySet};

/// A viewer and an event, put to one rule after the other.
pub(crate) struct Reading<'a, P> {
    pub(crate) kind: Kind,
    pub(crate) viewers: &'a [PublicKey],
    pub(crate) follows: &'a Follows,
    /// Whether a viewer is the event's author or named by a `p` tag of it.
    pub(crate) is_party: P,
}

impl<P: Fn() -> bool> Question for Reading<'_, P> {
    const DIRECTION: Direction = Direction::Read;

    fn kind(&self) -> Kind {
        self.kind
    }

    fn ask(
        &self,
        rule: &Rule,
        admins: &KeySet,
        desk: &mut Desk<'_, impl Witness>,
    ) -> Result<Option<Field>, Denial> {
        let is_any = |test: &dyn Fn(&PublicKey) -> bool| self.viewers.iter().any(test);
        if !rule.read_deny.is_empty() {
            let denied = is_any(&|key| rule.read_deny.contains(key));
            desk.check(Field::ReadDeny, (!denied).into(), Bound::Plain, || {
                format!("the viewer is {}listed", if denied { "" } else { "not " })
            })?;
        }
        let near = |list: &KeySet| is_any(&|key| list.contains(key) || self.follows.any_follows(list, key));
        let present = |list: &KeySet| (!list.is_empty()).into();
        let mut gate = Gate::new();
        let list = &rule.read_allow;
        gate.offer(Field::ReadAllow, present(list), || is_any(&|key| list.contains(key)), desk);
        let followed = || is_any(&|key| self.follows.any_follows(admins, key));
        gate.offer(Field::WriteAllowFollows, rule.write_allow_follows.into(), followed, desk);
        let list = &rule.follows_whitelist_admins;
        gate.offer(Field::FollowsWhitelistAdmins, present(list), || near(list), desk);
        let list = &rule.read_follows_whitelist;
        gate.offer(Field::ReadFollowsWhitelist, present(list), || near(list), desk);
        gate.offer(Field::Privileged, rule.privileged.into(), &self.is_party, desk);
        gate.close(desk)
    }
}
