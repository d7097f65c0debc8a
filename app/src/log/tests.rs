//! Through tracing itself, for one thread: the log of the process belongs to nobody here.

use tracing::subscriber::with_default;

use super::*;

fn settings(format: LogFormat) -> config::Log {
    config::Log { format, history_bytes: 10_240, ..config::Log::default() }
}

/// Runs this with the log, as [`Log::install`] would for the process.
fn logging(log: &config::Log, work: impl FnOnce(&Log)) {
    let (subscriber, log) = Log::subscriber(log, false);
    with_default(subscriber, || work(&log));
}

fn text(history: &History) -> String {
    String::from_utf8(history.all().lines).unwrap()
}

#[test]
fn lines_are_kept_as_they_are_shown() {
    logging(&settings(LogFormat::Text), |log| {
        tracing::info!(target: "chappe_store::write", events = 3, "kept");
        tracing::debug!(target: "chappe_store::write", "too small a matter");
        let whole = text(log.whole());
        assert!(whole.ends_with(" INFO chappe_store::write: kept events=3\n"), "{whole}");
        assert_eq!((whole.lines().count(), text(log.of(Component::Store))), (1, whole));
        assert_eq!(text(log.of(Component::Process)), "");
    });
    logging(&settings(LogFormat::Json), |log| {
        tracing::info!(target: "chappe_store::write", events = 3, "kept");
        let line: serde_json::Value = serde_json::from_str(&text(log.whole())).unwrap();
        assert_eq!((&line["message"], &line["events"]), (&"kept".into(), &3.into()));
    });
}

#[test]
fn another_filter_counts_at_once() {
    let by = PublicKey::from_bytes([7; 32]);
    logging(&settings(LogFormat::Text), |log| {
        let say = || tracing::debug!(target: "chappe_app::connection", "small");
        say();
        assert_eq!((log.filter().as_str(), text(log.of(Component::Connections))), ("info", String::new()));
        log.set_filter("warn,chappe_app=debug", by).unwrap();
        say();
        assert!(text(log.of(Component::Connections)).ends_with(" small\n"));
        let told = text(log.of(Component::Management));
        assert!(told.contains(&format!(r#"by={by} before="info" after="warn,chappe_app=debug""#)), "{told}");
        assert_eq!(log.filter(), "warn,chappe_app=debug");

        let error = log.set_filter("chappe_app=loud", by).unwrap_err().to_string();
        assert!(error.contains("info,chappe_app=debug"), "{error}");
        assert_eq!(log.filter(), "warn,chappe_app=debug");
        say();
        assert_eq!(text(log.of(Component::Connections)).lines().count(), 2);
    });
    let log = Log::unattached(&settings(LogFormat::Text));
    assert!(matches!(log.set_filter("debug", by), Err(FilterError::Unattached)));
    assert_eq!(log.filter(), "info");
}
