//! The last step: counting what is otherwise allowed, and what it then has to wait for.

use std::time::Duration;

use chappe_policy::Decision;
use chappe_protocol::Timestamp;

use super::Case;
use crate::meters::{Charge, Payer, metered_address};
use crate::permit::Grant;
use crate::witness::Witness;
use crate::{Check, Curating, Delay, Denied, Meters, Mode, Plugin, Social, Strangers};

impl Case<'_> {
    pub(super) fn count(
        &self,
        meters: &Meters,
        charge: Charge,
        now: Timestamp,
        decision: Option<Decision<'_>>,
        witness: &mut impl Witness,
    ) -> Result<Grant, Denied> {
        let checks = self.checks(decision);
        for check in &checks {
            witness.note(|| format!("then to ask: {check:?}"));
        }
        if self.is_in_charge() {
            witness.note(|| "limits: owners and admins are not counted".to_owned());
            return Ok(Grant { delay: Duration::ZERO, checks });
        }
        let address = metered_address(self.access, self.peer);
        let payer = Payer {
            access: self.access,
            key: self.submitters.first().copied().unwrap_or(self.head.pubkey),
            address,
            is_unmetered: self.peer.address.is_some() && address.is_none(),
            charge,
            now,
        };
        let delay = self.count_by_mode(meters, &payer)?;
        if let Some(rate) = decision.and_then(|decision| decision.rate) {
            meters.count_by_rule(&payer, self.head.kind, rate)?;
        }
        meters.count_event(&payer)?;
        witness.note(|| {
            let rates = &self.access.settings().rates;
            format!(
                "limits: kept, {} events a minute from one address, {} of one key (0: no bound); to wait: {} ms",
                rates.events_per_address_a_minute,
                rates.events_per_key_a_minute,
                delay.as_millis()
            )
        });
        Ok(Grant { delay, checks })
    }

    fn checks(&self, decision: Option<Decision<'_>>) -> Vec<Check> {
        let plugin = match self.access.settings().plugin {
            Plugin::Asked => Some(Check::Plugin),
            Plugin::None => None,
        };
        let scripts = decision.map_or([None; 2], |decision| decision.scripts);
        plugin
            .into_iter()
            .chain(scripts.into_iter().flatten().map(|script| Check::Script(script.into())))
            .collect()
    }

    /// What somebody who is neither listed nor has a role is bound to.
    fn count_by_mode(&self, meters: &Meters, payer: &Payer<'_>) -> Result<Duration, Denied> {
        if self.role.is_some() {
            return Ok(Duration::ZERO);
        }
        match &self.access.settings().mode {
            Mode::Follows(Strangers::Delay(delay)) => Ok(self.stranger_delay(meters, payer, *delay)),
            Mode::Curating(curating) => self.count_curated(meters, payer, curating),
            Mode::Social(social) => Ok(self.social_delay(social)),
            Mode::Open | Mode::Follows(Strangers::Refuse) | Mode::Managed | Mode::Members => {
                Ok(Duration::ZERO)
            }
        }
    }

    fn is_listed(&self) -> bool {
        self.submitters.iter().any(|key| self.access.is_listed(key))
    }

    fn stranger_delay(&self, meters: &Meters, payer: &Payer<'_>, delay: Delay) -> Duration {
        if self.is_exempt || self.is_listed() { Duration::ZERO } else { meters.next_delay(payer, delay) }
    }

    /// Exempt kinds are not counted by the day, so that a wallet goes on working; a ban binds them as well.
    fn count_curated(
        &self,
        meters: &Meters,
        payer: &Payer<'_>,
        curating: &Curating,
    ) -> Result<Duration, Denied> {
        if self.is_listed() {
            return Ok(Duration::ZERO);
        }
        meters.check_suspension(payer)?;
        if !self.is_exempt {
            meters.count_curated(payer, curating)?;
        }
        Ok(Duration::ZERO)
    }

    /// The nearest of those who bring it counts.
    fn social_delay(&self, social: &Social) -> Duration {
        if self.is_exempt {
            return Duration::ZERO;
        }
        let farthest = social.depth_max.saturating_add(1);
        let known = self.submitters.iter().filter_map(|key| self.access.distances().hops(key)).min();
        let hops = known.map_or(farthest, |hops| hops.min(farthest));
        social.delay.step.saturating_mul(hops.saturating_sub(1).into()).min(social.delay.max)
    }
}
