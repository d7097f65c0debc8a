//! The parts of the relay that have a history of their own.

/// A part of the relay as somebody who runs it knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Component {
    /// Who connects and what they ask for.
    Connections,
    /// What is kept on disk.
    Store,
    /// Who may do what, and who changed it.
    Management,
    /// Plugins and scripts, all together.
    Plugins,
    /// All the rest: starting, stopping, panics, what libraries say.
    Process,
}

/// Whose lines they are, by the module that wrote them. The first that fits counts.
const TARGETS: &[(&str, Component)] = &[
    ("chappe_app::plugins", Component::Plugins),
    ("chappe_app::server", Component::Connections),
    ("chappe_app::connection", Component::Connections),
    ("chappe_app::address", Component::Connections),
    ("chappe_app::http", Component::Connections),
    ("chappe_app::stream", Component::Connections),
    ("chappe_app::tls", Component::Connections),
    ("chappe_session", Component::Connections),
    ("chappe_frames", Component::Connections),
    ("chappe_store", Component::Store),
    ("chappe_processing", Component::Store),
    ("chappe_management", Component::Management),
    ("chappe_app::log", Component::Management),
    ("chappe_policy", Component::Management),
    ("chappe_authorization", Component::Management),
];

impl Component {
    /// All of them.
    pub(crate) const ALL: [Self; 5] =
        [Self::Connections, Self::Store, Self::Management, Self::Plugins, Self::Process];

    /// The part to which a target belongs: a module's path, unless whoever logged said another.
    pub(crate) fn of(target: &str) -> Self {
        let covers = |module: &str| {
            target.strip_prefix(module).is_some_and(|below| below.is_empty() || below.starts_with("::"))
        };
        TARGETS.iter().find(|(module, _)| covers(module)).map_or(Self::Process, |(_, component)| *component)
    }

    /// What it is called in addresses.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Connections => "connections",
            Self::Store => "store",
            Self::Management => "management",
            Self::Plugins => "plugins",
            Self::Process => "process",
        }
    }

    /// What its lines are about.
    pub(crate) const fn about(self) -> &'static str {
        match self {
            Self::Connections => "who connects and what they ask for",
            Self::Store => "what is kept on disk",
            Self::Management => "who may do what, and who changed it",
            Self::Plugins => "the plugin and all scripts together",
            Self::Process => "starting, stopping, and all the rest",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_belong_to_parts() {
        let rows = [
            ("chappe_app::plugins", Component::Plugins),
            ("chappe_app::connection::close", Component::Connections),
            ("chappe_app::connections", Component::Process),
            ("chappe_app::relay::shared", Component::Process),
            ("chappe_app::panic", Component::Process),
            ("chappe_session::stored", Component::Connections),
            ("chappe_store", Component::Store),
            ("chappe_store_of_others", Component::Process),
            ("chappe_processing::writer", Component::Store),
            ("chappe_management::call", Component::Management),
            ("hyper::proto", Component::Process),
            ("", Component::Process),
        ];
        for (target, component) in rows {
            assert_eq!(Component::of(target), component, "{target}");
        }
    }

    #[test]
    fn names_are_different_and_fit_into_an_address() {
        for (place, component) in Component::ALL.into_iter().enumerate() {
            assert!(component.name().bytes().all(|byte| byte.is_ascii_lowercase()));
            let same = Component::ALL.into_iter().filter(|other| other.name() == component.name());
            assert_eq!(same.count(), 1, "{place}");
        }
    }
}
