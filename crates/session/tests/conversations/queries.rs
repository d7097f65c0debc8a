//! What is answered to REQ, COUNT and CLOSE.

use chappe_testkit::{EventBuilder, Keys, TestEvent};

use crate::script::{START, check};

fn notes(number: u64) -> Vec<TestEvent> {
    let keys = Keys::from_seed(1);
    (0..number)
        .map(|n| EventBuilder::new(1).created_at(START - n).content(n.to_string()).sign(&keys))
        .collect()
}

#[test]
fn stored_events_come_newest_first_then_eose_then_live_ones() {
    let notes = notes(3);
    check(
        &[("newest", &notes[0]), ("middle", &notes[1]), ("oldest", &notes[2])],
        r#"
        a> publish oldest
        a< ok oldest
        a> publish middle
        a< ok middle
        b> ["REQ","s",{"kinds":[1]}]
        b< delivery s middle
        b< delivery s oldest
        b< ["EOSE","s",["finish"]]
        a> publish newest
        a< ok newest
        b< delivery s newest
        b> ["CLOSE","s"]
        b. nothing
        "#,
    );
}

#[test]
fn eose_says_whether_there_is_more() {
    let notes = notes(3);
    check(
        &[("a", &notes[0]), ("b", &notes[1]), ("c", &notes[2])],
        r#"
        w> publish a
        w> publish b
        w> publish c
        w< ok a
        w< ok b
        w< ok c
        r> ["REQ","two",{"limit":2}]
        r< delivery two a
        r< delivery two b
        r< ["EOSE","two",["more"]]
        r> ["REQ","three",{"limit":3}]
        r< delivery three a
        r< delivery three b
        r< delivery three c
        r< ["EOSE","three",["finish"]]
        r> ["REQ","none",{"limit":0}]
        r< ["EOSE","none"]
        "#,
    );
}

#[test]
fn the_same_name_replaces_the_old_subscription() {
    let note = &notes(1)[0];
    check(
        &[("note", note)],
        r#"
        r> ["REQ","s",{"kinds":[1]}]
        r< ["EOSE","s",["finish"]]
        r> ["REQ","s",{"kinds":[7]}]
        r< ["EOSE","s",["finish"]]
        w> publish note
        w< ok note
        r. nothing
        r> ["REQ","s",{"kinds":[1],"limit":0}]
        r< ["EOSE","s"]
        r> ["REQ","t",{"kinds":[1],"search":"x"}]
        r< ["CLOSED","t","unsupported: ...
        "#,
    );
}

#[test]
fn what_cannot_be_answered_is_closed_by_name() {
    check(
        &[],
        r#"
        a> ["REQ","s",{"kinds":["one"]}]
        a< ["CLOSED","s","invalid: ...
        a> ["COUNT","c",{"ids":["xyz"]}]
        a< ["CLOSED","c","invalid: ...
        a> ["REQ","s",{},{},{},{},{}]
        a< ["CLOSED","s","invalid: at most 4 filters are answered at once"]
        a> ["REQ","1",{"limit":0}]
        a< ["EOSE","1"]
        a> ["REQ","2",{"limit":0}]
        a< ["EOSE","2"]
        a> ["REQ","3",{"limit":0}]
        a< ["EOSE","3"]
        a> ["REQ","4",{"limit":0}]
        a< ["CLOSED","4","rate-limited: at most 3 subscriptions are open at once, close one first"]
        a> ["REQ","2",{"limit":0}]
        a< ["EOSE","2"]
        a> ["CLOSE","1"]
        a> ["REQ","4",{"limit":0}]
        a< ["EOSE","4"]
        a> ["REQ",7,{}]
        a< ["NOTICE","invalid: ...
        a> hello
        a< ["NOTICE","invalid: ...
        "#,
    );
}

#[test]
fn a_refused_replacement_ends_the_old_subscription() {
    let note = &notes(1)[0];
    check(
        &[("note", note)],
        r#"
        r> ["REQ","s",{"kinds":[1]}]
        r< ["EOSE","s",["finish"]]
        r> ["REQ","s",{"kinds":"all"}]
        r< ["CLOSED","s","invalid: ...
        w> publish note
        w< ok note
        r. nothing
        "#,
    );
}

#[test]
fn a_count_is_exact_and_ignores_limits() {
    let notes = notes(3);
    let reaction = EventBuilder::new(7)
        .created_at(START)
        .tag(&["e", &notes[0].id().to_string()])
        .sign(&Keys::from_seed(9));
    let script = r##"
        w> publish a
        w> publish b
        w> publish c
        w> publish d
        w< ok a
        w< ok b
        w< ok c
        w< ok d
        r> ["COUNT","n",{"kinds":[1],"limit":1},{"kinds":[1,7]}]
        r< ["COUNT","n",{"count":4}]
        r> ["COUNT","h",{"kinds":[7],"#e":["ID"]}]
        r< ["COUNT","h",{"count":1,"hll":"...
    "##;
    check(
        &[("a", &notes[0]), ("b", &notes[1]), ("c", &notes[2]), ("d", &reaction)],
        &script.replace("ID", &notes[0].id().to_string()),
    );
}
