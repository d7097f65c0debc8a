//! From the configuration's words to those of the stations.

use std::num::NonZeroU64;
use std::path::{Path, PathBuf};
use std::time::Duration;

use chappe_authorization::{
    Bringing, Curating, Delay, Gate, KindSet, Mode, Plugin, Rates, RelayUrl, Settings, Social, Strangers,
};
use chappe_buffers::{Bounds, Thresholds};
use chappe_counters::Spans;
use chappe_management::{PolicyFiles, Terms};
use chappe_protocol::Kind;
use chappe_retention::{Group, Order, Plan, Rule};
use chappe_routing::{Desk, Desks};
use chappe_session::Limits;
use chappe_validation::Rules;

use crate::config::{self, Authors, Config, InvitesBy, Kinds, Others};
use crate::plugins;

/// What a published event must look like. 0 seconds stand for any distance.
pub(crate) fn rules(limits: &config::Limits) -> Rules {
    let bound = |seconds: u64| (seconds > 0).then_some(seconds);
    Rules {
        tags_max: limits.event_tags_max,
        tag_value_bytes_max: limits.tag_value_bytes_max,
        content_bytes_max: None,
        ahead_seconds_max: bound(limits.created_at_ahead_seconds_max),
        age_seconds_max: bound(limits.created_at_age_seconds_max),
        pow_bits_min: limits.pow_bits_min,
    }
}

/// How long events are kept, and what goes first. 0 days stand for any age, order 0 for no turn.
pub(crate) fn retention(config: &Config) -> Plan {
    const SECONDS_A_DAY: u64 = 86_400;
    let group = |authors: &Authors| match authors {
        Authors::Managers => Group::Managers,
        Authors::Banned => Group::Banned,
        Authors::Members => Group::Members,
        Authors::Listed => Group::Listed,
        Authors::Others => Group::Others,
    };
    let rule = |rule: &config::RetentionRule| Rule {
        name: rule.name.clone(),
        kinds: KindSet::parse(&Kinds::words(&rule.kinds)).unwrap_or_default(),
        authors: rule.authors.iter().map(group).collect(),
        bytes_min: rule.bytes_min,
        age_seconds_max: (rule.days_max > 0).then_some(u64::from(rule.days_max) * SECONDS_A_DAY),
        order: (rule.order > 0).then_some(Order(rule.order)),
    };
    Plan { rules: config.retention.rules.iter().map(rule).collect(), bytes_max: config.store.bytes_max }
}

/// What one connection may ask for.
pub(super) const fn limits(limits: &config::Limits) -> Limits {
    Limits {
        message_bytes_max: limits.message_bytes_max,
        subscriptions_max: limits.subscriptions_max,
        subscription_bytes_max: limits.subscription_bytes_max,
        filters_max: limits.filters_max,
        limit_default: limits.limit_default,
        limit_max: limits.limit_max,
        events_in_flight_max: limits.events_in_flight_max,
        live_backlog_bytes_max: limits.live_backlog_bytes_max,
    }
}

/// Stages of events that wait for the collector: some seconds of a busy relay, in a megabyte.
const SPANS_MAX: usize = 10_000;

/// Which events are traced.
pub(super) fn spans(traces: &config::Traces) -> Spans {
    let one_in = NonZeroU64::new(traces.one_in).filter(|_| !traces.endpoint.is_empty());
    one_in.map_or_else(Spans::default, |one_in| Spans::of_one_in(one_in, SPANS_MAX))
}

/// How many buffers are kept.
pub(super) const fn buffers(buffers: &config::Buffers) -> Bounds {
    Bounds { kept_bytes_max: buffers.kept_bytes_max, thread_bytes_max: buffers.thread_bytes_max }
}

/// Fewer loans than this between two looks say nothing: the first ones after a quiet time are made anew.
const LOANS_MIN: u64 = 10_000;

/// When the log says that there are too few or too many. 0 stands for any amount.
pub(super) fn thresholds(buffers: &config::Buffers) -> Thresholds {
    let bytes_in_use_max = Some(buffers.in_use_bytes_max).filter(|&bytes| bytes > 0);
    Thresholds {
        hit_percent_min: buffers.hit_percent_min,
        taken_min: LOANS_MIN,
        bytes_in_use_max: bytes_in_use_max.unwrap_or(u64::MAX),
    }
}

/// How long a query may be worked on without being told in the log. 0: as long as it takes.
pub(super) fn slow_query(log: &config::Log) -> Option<Duration> {
    let milliseconds = log.slow_query_milliseconds;
    (milliseconds > 0).then_some(Duration::from_millis(milliseconds))
}

/// Who may do what. The configuration was checked: what could not be read of it would be left out here.
pub(crate) fn access(config: &Config) -> Settings {
    let Config { access, relay, policy, .. } = config;
    let gate = |is_shut| if is_shut { Gate::SignedIn } else { Gate::Open };
    Settings {
        mode: mode(config),
        owners: access.owners.iter().copied().collect(),
        admins: access.admins.iter().copied().collect(),
        moderators: access.moderators.iter().copied().collect(),
        auth_read: gate(access.auth_read),
        auth_write: gate(access.auth_write),
        auth_exempt_kinds: access.auth_exempt_kinds.iter().copied().map(Kind).collect(),
        bringing: if access.own_events_only { Bringing::Own } else { Bringing::Anybodys },
        private_kinds: access.private_kinds.iter().copied().map(Kind).collect(),
        own_urls: relay.urls.iter().filter_map(|url| RelayUrl::parse(url).ok()).collect(),
        // Whoever keeps the key puts it in.
        relay_key: None,
        plugin: if policy.plugin.is_empty() { Plugin::None } else { Plugin::Asked },
        rates: rates(config),
    }
}

fn mode(config: &Config) -> Mode {
    let Config { follows, curating, social, .. } = config;
    let delay = |step, max| Delay { step: Duration::from_millis(step), max: Duration::from_millis(max) };
    match config.access.mode {
        config::Mode::Open => Mode::Open,
        config::Mode::Follows => Mode::Follows(match follows.others {
            Others::Refuse => Strangers::Refuse,
            Others::Delay => {
                Strangers::Delay(delay(follows.delay_step_milliseconds, follows.delay_max_milliseconds))
            }
        }),
        config::Mode::Managed => Mode::Managed,
        config::Mode::Curating => Mode::Curating(Curating {
            events_per_key_a_day: curating.events_per_key_a_day,
            events_per_address_a_day: curating.events_per_address_a_day,
            ban_hours_first: curating.ban_hours_first,
            ban_hours_max: curating.ban_hours_max,
            kinds: KindSet::parse(&Kinds::words(&curating.kinds)).unwrap_or_default(),
        }),
        config::Mode::Social => Mode::Social(Social {
            depth_max: social.depth_max,
            delay: delay(social.delay_step_milliseconds, social.delay_max_milliseconds),
        }),
        config::Mode::Members => Mode::Members,
    }
}

fn rates(config: &Config) -> Rates {
    let rates = &config.rates;
    Rates {
        events_per_address_a_minute: rates.events_per_address_a_minute,
        events_per_key_a_minute: rates.events_per_key_a_minute,
        requests_per_address_a_minute: rates.requests_per_address_a_minute,
        entries_max: rates.addresses_max,
        unmetered: config.proxy.trusted.clone(),
    }
}

/// Which requests to the relay itself are taken.
pub(super) fn desks(config: &Config) -> Desks {
    let open_if = |is_open| if is_open { Desk::Open } else { Desk::Closed };
    Desks {
        membership: open_if(config.access.mode == config::Mode::Members),
        policy: open_if(path(&config.policy.file).is_some()),
    }
}

/// The operator's words on invites and pages.
pub(crate) fn terms(config: &Config) -> Terms {
    let members = &config.members;
    Terms {
        invite_days: members.invite_days,
        invite_uses: members.invite_uses,
        invites_by: match members.invites_by {
            InvitesBy::Members => chappe_management::InvitesBy::Members,
            InvitesBy::Admins => chappe_management::InvitesBy::Admins,
        },
        page_max: config.management.page_max,
        relay_url: config.relay.urls.first().cloned(),
    }
}

/// Where the policy is.
pub(crate) fn policy_files(config: &Config) -> PolicyFiles {
    PolicyFiles { file: path(&config.policy.file), shadow: path(&config.policy.shadow_file) }
}

/// Which programs are asked about events. Scripts are looked for beside the policy file that names them.
pub(super) fn plugins(config: &Config) -> plugins::Settings {
    let policy = &config.policy;
    plugins::Settings {
        plugin: policy.plugin.clone(),
        plugin_dialect: policy.plugin_dialect,
        plugin_folder: policy.folder.clone(),
        script_dialect: policy.script_dialect,
        scripts_folder: policy.file.parent().unwrap_or(Path::new("")).to_owned(),
        on_failure: policy.on_failure,
        timeout: Duration::from_millis(policy.plugin_timeout_milliseconds),
        in_flight_max: policy.plugin_in_flight_max,
    }
}

fn path(path: &Path) -> Option<PathBuf> {
    (!path.as_os_str().is_empty()).then(|| path.to_owned())
}
