//! The files of the administration page, as they are in the binary.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::LazyLock;

use crate::http::page::TELEGRAPH;

/// One file.
#[derive(Debug)]
pub(super) struct File {
    name: &'static str,
    pub(super) kind: &'static str,
    pub(super) text: &'static str,
}

const SCRIPT: &str = "text/javascript; charset=utf-8";

macro_rules! script {
    ($name:literal) => {
        File { name: $name, kind: SCRIPT, text: include_str!(concat!("web/", $name)) }
    };
}

/// The page itself; holds `{{version}}` where the others are named, and `{{telegraph}}`.
const PAGE: &str = include_str!("web/page.html");

/// What the page loads.
const FILES: &[File] = &[
    File { name: "style.css", kind: "text/css; charset=utf-8", text: include_str!("web/style.css") },
    script!("main.mjs"),
    script!("dom.mjs"),
    script!("base.mjs"),
    script!("session.mjs"),
    script!("remote.mjs"),
    script!("signin.mjs"),
    script!("relay.mjs"),
    script!("keys.mjs"),
    script!("lists.mjs"),
    script!("people.mjs"),
    script!("connections.mjs"),
    script!("settings.mjs"),
    script!("shadow.mjs"),
    script!("queue.mjs"),
    script!("dashboard.mjs"),
    script!("chart.mjs"),
    script!("logs.mjs"),
    script!("policy.mjs"),
    script!("events.mjs"),
];

/// Says which files these are: others have another one, so that a browser can keep them.
static VERSION: LazyLock<String> = LazyLock::new(|| {
    let mut hasher = DefaultHasher::new();
    for file in FILES {
        (file.name, file.text).hash(&mut hasher);
    }
    format!("{:016x}", hasher.finish())
});

/// The page.
pub(super) fn page() -> String {
    PAGE.replace("{{version}}", &VERSION).replace("{{telegraph}}", TELEGRAPH.trim_end())
}

/// The file at `VERSION/NAME`.
pub(super) fn find(path: &str) -> Option<&'static File> {
    let (version, name) = path.split_once('/')?;
    if version != *VERSION {
        return None;
    }
    FILES.iter().find(|file| file.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn page_names_files_that_there_are() {
        let page = page();
        let named: Vec<_> =
            page.split("\"admin/").skip(1).filter_map(|rest| rest.split('"').next()).collect();
        assert!(named.len() >= 2, "{page}");
        for path in named {
            assert!(find(path).is_some(), "{path}");
        }
        assert!(find("0/main.mjs").is_none() && find("main.mjs").is_none());
    }

    #[test]
    fn scripts_import_files_that_there_are() {
        for file in FILES {
            for rest in file.text.split("from \"./").skip(1) {
                let name = rest.split('"').next().unwrap_or_default();
                assert!(FILES.iter().any(|file| file.name == name), "{}: {name}", file.name);
            }
        }
    }

    /// What people write is shown as text. The policy of the page would stop it otherwise; nothing is to lean on that.
    #[test]
    fn nothing_makes_html_of_text_or_asks_elsewhere() {
        let forbidden = [
            "innerHTML",
            "outerHTML",
            "insertAdjacentHTML",
            "document.write",
            "eval(",
            "http://",
            "https://",
        ];
        for file in FILES {
            for word in forbidden {
                assert!(!file.text.contains(word), "{}: {word}", file.name);
            }
        }
    }
}
