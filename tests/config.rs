//! The settings as an operator meets them: the real binary, its files, its environment, its messages.

use std::io::Read;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use conclave::config::{OVERRIDES, SAMPLE};
use conclave::room::{config::Config, limits::Limits};
use tempfile::TempDir;
use toml::{Table, Value};

const MINIMAL: &str = "[component]\ndomain = \"rooms.example.org\"\nsecret = \"s3cr3t-from-file\"\n";

/// A folder to run in, with a `component.toml` if there is one to write.
fn folder(toml: Option<&str>) -> TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    if let Some(toml) = toml {
        std::fs::write(folder.path().join("component.toml"), toml).expect("written");
    }
    folder
}

fn conclave(at: &Path, environment: &[(&str, &str)], args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_conclave"));
    command.current_dir(at).args(args);
    for over in &OVERRIDES {
        command.env_remove(over.variable);
    }
    command.envs(environment.iter().copied()).output().expect("the binary runs")
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("UTF-8")
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).expect("UTF-8")
}

/// The settings in force, as `config print` shows them.
fn printed(at: &Path, environment: &[(&str, &str)], flags: &[&str]) -> Table {
    let args = [&["config", "print"], flags].concat();
    let output = conclave(at, environment, &args);
    assert!(output.status.success(), "{}", stderr(&output));
    stdout(&output).parse().expect("TOML")
}

/// What `config check` says about a file that it must refuse with exit code 2.
fn refusal(toml: &str) -> String {
    let at = folder(Some(toml));
    let output = conclave(at.path(), &[], &["config", "check"]);
    assert_eq!(output.status.code(), Some(2), "{toml}");
    assert!(output.stdout.is_empty());
    stderr(&output)
}

fn assert_holds(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "no {part:?} in {text:?}");
    }
}

#[test]
fn the_environment_overrides_the_file_and_flags_override_both() {
    let toml = "[component]\ndomain = \"file.example\"\nserver = \"file:1\"\nsecret = \"s\"\n\
                [store]\npath = \"file-store\"\n[log]\nlevel = \"error\"\n";
    let at = folder(Some(toml));
    let value = |table: &Table, section: &str, key: &str| table[section][key].as_str().map(str::to_owned);

    let file = printed(at.path(), &[], &[]);
    assert_eq!(value(&file, "component", "domain").as_deref(), Some("file.example"));
    assert_eq!(value(&file, "log", "format").as_deref(), Some("pretty"));

    let environment = [
        ("CONCLAVE_DOMAIN", "env.example"),
        ("CONCLAVE_SERVER", "env:2"),
        ("CONCLAVE_STORE", "env-store"),
        ("CONCLAVE_LOG", "warn"),
    ];
    let env = printed(at.path(), &environment, &[]);
    assert_eq!(value(&env, "component", "domain").as_deref(), Some("env.example"));
    assert_eq!(value(&env, "component", "server").as_deref(), Some("env:2"));
    assert_eq!(value(&env, "store", "path").as_deref(), Some("env-store"));
    assert_eq!(value(&env, "log", "level").as_deref(), Some("warn"));

    let flags = [
        "--domain",
        "flag.example",
        "--server",
        "flag:3",
        "--store",
        "flag-store",
        "--log",
        "debug,sled=off",
    ];
    let flag = printed(at.path(), &environment, &flags);
    assert_eq!(value(&flag, "component", "domain").as_deref(), Some("flag.example"));
    assert_eq!(value(&flag, "component", "server").as_deref(), Some("flag:3"));
    assert_eq!(value(&flag, "store", "path").as_deref(), Some("flag-store"));
    assert_eq!(value(&flag, "log", "level").as_deref(), Some("debug,sled=off"));
}

#[test]
fn without_a_file_the_environment_suffices() {
    let at = folder(None);
    let table = printed(
        at.path(),
        &[("CONCLAVE_DOMAIN", "Rooms.Example"), ("CONCLAVE_SECRET", "s")],
        &["--server", "::1"],
    );
    assert_eq!(table["component"]["domain"].as_str(), Some("rooms.example"));
    assert_eq!(table["component"]["server"].as_str(), Some("[::1]:5347"));
}

#[test]
fn an_empty_variable_counts_as_absent() {
    let at = folder(Some(MINIMAL));
    let table = printed(at.path(), &[("CONCLAVE_DOMAIN", ""), ("CONCLAVE_SECRET_FILE", "")], &[]);
    assert_eq!(table["component"]["domain"].as_str(), Some("rooms.example.org"));
}

#[test]
fn a_named_file_is_used_instead_of_the_one_that_is_there() {
    let at = folder(Some("broken"));
    std::fs::write(at.path().join("other.toml"), MINIMAL).expect("written");
    let table = printed(at.path(), &[], &["--config", "other.toml"]);
    assert_eq!(table["component"]["domain"].as_str(), Some("rooms.example.org"));
}

#[test]
fn each_mistake_is_named_with_file_line_and_what_was_meant() {
    let after = |lines: &str| format!("{MINIMAL}{lines}");
    let mistakes: &[(String, &[&str])] = &[
        (
            after("sever = \"localhost\"\n"),
            &["component.toml:4", "`sever`", "[component]", "did you mean `server`?"],
        ),
        (
            after("[service]\nadmin_fields = [\"muc#roomconfig_king\"]\n"),
            &["component.toml:5", "service.admin_fields", "muc#roomconfig_king", "muc#roomconfig_roomname"],
        ),
        (after("[limit]\n"), &["component.toml:4", "`limit`", "did you mean [limits]?"]),
        (
            after("depth_max = 3\n"),
            &["component.toml:4", "`depth_max`", "did you mean `depth_max` in [limits]?"],
        ),
        (
            after("zzz = 1\n"),
            &[
                "component.toml:4",
                "`zzz`",
                "known here: addresses, domain, keepalive_seconds, secret, secret_file, server",
            ],
        ),
        (
            after("[default_room.presence_broadcast]\nvisitors = true\n"),
            &["component.toml:5", "`visitors`", "did you mean `visitor`?"],
        ),
        (
            after("server = 5347\n"),
            &["component.toml:4", "component.server", "a string", "an integer", "host:port"],
        ),
        (
            after("[limits]\ndepth_max = \"9\"\n"),
            &["component.toml:5", "an integer", "a string", "Deepest nesting"],
        ),
        (after("[default_room]\npublic = 1\n"), &["component.toml:5", "true or false", "an integer"]),
        ("component = 5\n".to_owned(), &["component.toml:1", "component must be a table"]),
        (
            after("[service]\ncreate = \"all\"\n"),
            &["component.toml:5", "service.create", "`all`", "`anyone`"],
        ),
        (after("[default_room]\nwhois = \"x\"\n"), &["component.toml:5", "whois", "`moderators`"]),
        (after("[default_room]\nhistory_max = -1\n"), &["component.toml:5", "history_max", "-1"]),
        (after("[service]\nadmins = [\"a@b/c\"]\n"), &["component.toml:5", "admins", "without a resource"]),
        (after("[service]\nadmins = [\"example.org\"]\n"), &["component.toml:5", "not an account"]),
        (
            after("[service.contacts]\nabuse = [\"abuse@example.org\"]\n"),
            &["component.toml:5", "service.contacts.abuse", "not a URI", "About abuse"],
        ),
        (after("[service]\nterms = \"here\"\n"), &["component.toml:5", "service.terms", "not a URI"]),
        (after("[service]\ncreate = \"admins\"\n"), &["component.toml:5", "service.admins is empty"]),
        (after("server = \"tcp://localhost\"\n"), &["component.toml:4", "without a scheme"]),
        (after("server = \"localhost:0\"\n"), &["component.toml:4", "1 to 65535"]),
        (
            after("keepalive_seconds = 0\n"),
            &["component.toml:4", "component.keepalive_seconds is 0", "between 2 and"],
        ),
        (after("[limits]\nrooms_max = 0\n"), &["component.toml:5", "limits.rooms_max is 0", "between 1 and"]),
        (after("[limits]\ndepth_max = 100000\n"), &["component.toml:5", "between 8 and 256"]),
        (
            after("[limits]\nstanza_bytes_max = 16000000\nqueue_bytes_max = 65536\n"),
            &["component.toml:6", "less than limits.stanza_bytes_max"],
        ),
        (
            after("[limits]\nhistory_messages_max = 5\n"),
            &["component.toml:5", "default_room.history_max is 20"],
        ),
        (after("[default_room]\npassword_protected = true\n"), &["component.toml:5", "password is empty"]),
        (after("[service]\nname = \"a\\u0001\"\n"), &["component.toml:5", "control character"]),
        (
            after("[limits]\nheld_bytes_max = 1\n"),
            &["component.toml:5", "limits.held_bytes_max is 1", "neither 0 nor 1048576 or more"],
        ),
        (after("[default_room]\nlanguage = \"xx yy\"\n"), &["component.toml:5", "default_room.language"]),
        (
            "[component]\ndomain = \"d.e\"\nsecret = \"s\\nt\"\n".to_owned(),
            &["component.toml:3", "component.secret", "a line break"],
        ),
        (after("[log]\nlevel = \"loud\"\n"), &["component.toml:5", "\"loud\"", "\"info\""]),
        (after("[store]\npath = \"\"\n"), &["component.toml:5", "store.path is empty"]),
        (after("secret_file = \"f\"\n"), &["component.toml:4", "both", "component.toml:3"]),
        (
            "[component]\ndomain = \"d.e\"\n".to_owned(),
            &["component.toml:1", "component.secret", "CONCLAVE_SECRET"],
        ),
        ("[component]\nsecret = \"s\"\n".to_owned(), &["component.toml:1", "component.domain", "--domain"]),
        ("[component]\ndomain = \"a@b\"\n".to_owned(), &["component.toml:2", "not a domain"]),
        ("[component]\ndomain = \"a b\"\n".to_owned(), &["component.toml:2", "not allowed"]),
        (after("[service\n"), &["component.toml:4", "not TOML"]),
        (after("domain = \"again\"\n"), &["component.toml:4", "not TOML", "duplicate"]),
    ];
    for (toml, parts) in mistakes {
        assert_holds(&refusal(toml), parts);
    }
}

#[test]
fn local_creation_needs_a_parent_domain() {
    let text = refusal("[component]\ndomain = \"rooms\"\nsecret = \"s\"\n[service]\ncreate = \"local\"\n");
    assert_holds(&text, &["component.toml:5", "no parent domain"]);
}

#[test]
fn a_mistake_in_the_environment_or_a_flag_is_named_there() {
    let at = folder(Some(MINIMAL));
    let output = conclave(at.path(), &[("CONCLAVE_SERVER", "host:port")], &["config", "check"]);
    assert_eq!(output.status.code(), Some(2));
    assert_holds(&stderr(&output), &["environment variable CONCLAVE_SERVER", "1 to 65535"]);
    let output = conclave(at.path(), &[], &["config", "check", "--domain", "a@b"]);
    assert_eq!(output.status.code(), Some(2));
    assert_holds(&stderr(&output), &["flag --domain", "not a domain"]);
}

#[test]
fn nothing_at_all_is_answered_with_what_to_write_where() {
    let at = folder(None);
    let output = conclave(at.path(), &[], &["config", "check"]);
    assert_eq!(output.status.code(), Some(2));
    assert_holds(&stderr(&output), &["component.domain is not set", "CONCLAVE_DOMAIN", "./component.toml"]);
}

#[test]
fn a_file_that_cannot_be_read_is_refused() {
    let at = folder(None);
    let output = conclave(at.path(), &[], &["config", "check", "--config", "absent.toml"]);
    assert_eq!(output.status.code(), Some(2));
    assert_holds(&stderr(&output), &["absent.toml", "cannot be read"]);
    let output = conclave(at.path(), &[], &["config", "check", "--config", "."]);
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn the_secret_can_come_from_a_file_and_a_later_source_replaces_an_earlier_one() {
    let at = folder(Some(MINIMAL));
    std::fs::write(at.path().join("key"), "s3cr3t-in-key\n").expect("written");
    std::fs::write(at.path().join("blank"), "\n").expect("written");
    std::fs::write(at.path().join("lines"), "s3cr3t\nin-lines\n").expect("written");
    let shown = |environment: &[(&str, &str)], flags: &[&str]| {
        let args = [&["host-config", "prosody", "--show-secret"], flags].concat();
        let output = conclave(at.path(), environment, &args);
        assert!(output.status.success(), "{}", stderr(&output));
        stdout(&output)
    };
    assert_holds(&shown(&[], &[]), &["component_secret = \"s3cr3t-from-file\"\n"]);
    assert_holds(&shown(&[("CONCLAVE_SECRET", "x")], &[]), &["component_secret = \"x\"\n"]);
    assert_holds(
        &shown(&[("CONCLAVE_SECRET", "x")], &["--secret-file", "key"]),
        &["component_secret = \"s3cr3t-in-key\"\n"],
    );
    let both = [("CONCLAVE_SECRET", "x"), ("CONCLAVE_SECRET_FILE", "key")];
    let output = conclave(at.path(), &both, &["config", "check"]);
    assert_eq!(output.status.code(), Some(2));
    assert_holds(&stderr(&output), &["CONCLAVE_SECRET_FILE", "both", "variable CONCLAVE_SECRET)"]);
    for file in ["absent", "blank", "lines"] {
        let output = conclave(at.path(), &[], &["config", "check", "--secret-file", file]);
        assert_eq!(output.status.code(), Some(2));
        assert_holds(&stderr(&output), &["flag --secret-file", file]);
    }
}

#[test]
fn the_secret_is_never_printed_unasked() {
    let at = folder(Some(&format!("{MINIMAL}[default_room]\npassword = \"pa55\"\n")));
    let mut commands = vec![vec!["config", "print"], vec!["config", "check"]];
    commands.extend(["prosody", "ejabberd", "openfire", "mongooseim"].map(|host| vec!["host-config", host]));
    for args in commands {
        let output = conclave(at.path(), &[("CONCLAVE_LOG", "trace")], &args);
        assert!(output.status.success(), "{}", stderr(&output));
        let text = stdout(&output) + &stderr(&output);
        assert!(!text.contains("s3cr3t-from-file") && !text.contains("pa55"), "{args:?}: {text}");
    }
    for toml in
        ["[component]\nsecret = \"s3cr3t\" x\n", "[component]\nsecret = \"s3cr3t\n", "secret = \"s3cr3t\""]
    {
        assert!(!refusal(toml).contains("s3cr3t"), "{toml}");
    }
}

#[test]
fn what_config_print_shows_reads_back_to_the_same() {
    let toml = format!(
        "{MINIMAL}[service]\nname = \"R\\u00e4ume \\\"1\\\"\"\nadmins = [\"A@example.org\"]\ncreate = \"local\"\n\
         [default_room]\nmoderated = true\n[default_room.member_list]\nvisitor = false\n[limits]\nitems_max = 7\n"
    );
    let at = folder(Some(&toml));
    let first = printed(at.path(), &[], &[]);
    assert_eq!(first["service"]["admins"][0].as_str(), Some("a@example.org"));
    assert_eq!(first["default_room"]["member_list"]["visitor"].as_bool(), Some(false));
    let again = folder(Some(&toml::to_string(&first).expect("TOML")));
    assert_eq!(printed(again.path(), &[], &[]), first);
}

#[test]
fn run_refuses_wrong_settings_with_2_and_fails_with_1() {
    let at = folder(Some("[component]\n"));
    let output = conclave(at.path(), &[], &["run"]);
    assert_eq!(output.status.code(), Some(2));
    let at = folder(Some(MINIMAL));
    let output = conclave(at.path(), &[], &["run", "--store", "component.toml"]);
    assert_eq!(output.status.code(), Some(1));
    assert_holds(&stderr(&output), &["ERROR", "component.toml is not a folder"]);
}

#[test]
fn run_logs_json_without_the_secret_and_ends_in_order_on_sigterm() {
    // A server that accepts and says nothing, so that the service waits in its handshake.
    let server = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let at = folder(Some(&format!("{MINIMAL}[log]\nlevel = \"trace\"\nformat = \"json\"\n")));
    let address = server.local_addr().expect("bound").to_string();
    let mut child = Command::new(env!("CARGO_BIN_EXE_conclave"))
        .current_dir(at.path())
        .args(["run", "--server", &address, "--store", "store"])
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary runs");
    let (_link, _) = server.accept().expect("it connects");
    let killed = Command::new("kill").arg(child.id().to_string()).status().expect("kill runs");
    assert!(killed.success());
    let mut log = String::new();
    child.stderr.take().expect("piped").read_to_string(&mut log).expect("UTF-8");
    assert_eq!(child.wait().expect("ended").code(), Some(0), "{log}");
    assert!(!log.contains("s3cr3t-from-file"), "{log}");
    assert!(log.lines().count() > 1);
    for line in log.lines() {
        let line: serde_json::Value = serde_json::from_str(line).expect("JSON");
        assert!(line["level"].is_string() && line["fields"]["message"].is_string(), "{line}");
    }
}

/// All `section.key` of a table with their values.
fn leaves(table: &Table, above: &str, into: &mut Vec<(String, Value)>) {
    for (key, value) in table {
        match value {
            Value::Table(inner) => leaves(inner, &format!("{above}{key}."), into),
            value => into.push((format!("{above}{key}"), value.clone())),
        }
    }
}

#[test]
fn the_sample_file_is_valid_and_holds_every_key_with_its_default() {
    let at = folder(Some(SAMPLE));
    assert!(conclave(at.path(), &[], &["config", "check"]).status.success());

    let (mut sample, mut defaults) = (Vec::new(), Vec::new());
    leaves(&SAMPLE.parse().expect("TOML"), "", &mut sample);
    let bare = folder(None);
    let environment = [("CONCLAVE_DOMAIN", "rooms.example.org"), ("CONCLAVE_SECRET", "change-me")];
    leaves(&printed(bare.path(), &environment, &[]), "", &mut defaults);
    let hide = |(path, value): (String, Value)| match path.as_str() {
        "component.secret" => (path, Value::from("…")),
        _ => (path, value),
    };
    sample = sample.into_iter().map(hide).collect();
    assert_eq!(sample, defaults);
    assert!(SAMPLE.contains("\n# secret_file = "));

    // What is printed is complete: it holds what the types hold.
    for (section, table) in
        [("default_room", Table::try_from(Config::default())), ("limits", Table::try_from(Limits::default()))]
    {
        let mut keys = Vec::new();
        leaves(&table.expect("a table"), &format!("{section}."), &mut keys);
        assert!(keys.len() > 15 && keys.iter().all(|leaf| sample.contains(leaf)), "{section}");
    }
}

#[test]
fn sample_has_each_option_of_a_room_as_its_line_in_the_program_says() {
    let (begin, end) = (SAMPLE.find("[default_room]"), SAMPLE.find("\n# Bounds on everything"));
    let (before, rest) = SAMPLE.split_at(begin.expect("the section"));
    let (written, after) = rest.split_at(end.expect("the next one") - before.len());
    let meant = conclave::config::sample::default_room();
    if std::env::var_os("CONCLAVE_WRITE_DOCS").is_some() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("component.toml");
        std::fs::write(path, format!("{before}{meant}{after}")).expect("the sample can be written");
        return;
    }
    assert_eq!(written, meant, "CONCLAVE_WRITE_DOCS=1 writes it");
}

#[test]
fn every_key_of_the_sample_has_a_comment() {
    let lines: Vec<&str> = SAMPLE.lines().collect();
    for pair in lines.windows(2) {
        if pair[1].contains(" = ") {
            assert!(pair[0].starts_with("# "), "{}", pair[1]);
        }
    }
}

#[test]
fn each_host_server_gets_its_lines() {
    let at = folder(Some(&format!("{MINIMAL}[service]\nname = \"Our \\\"rooms\\\"\"\n")));
    let lines = |host: &str, flags: &[&str]| {
        let output = conclave(at.path(), &[], &[&["host-config", host], flags].concat());
        assert!(output.status.success(), "{}", stderr(&output));
        stdout(&output)
    };
    assert_holds(
        &lines("prosody", &[]),
        &[
            "component_ports = { 5347 }\n",
            "Component \"rooms.example.org\"\n    component_secret = \"THE-SECRET\"\n",
            "    name = \"Our \\\"rooms\\\"\"\n    component_conflict_resolve = \"kick_old\"\n",
        ],
    );
    assert!(!lines("prosody", &[]).contains("component_interfaces"));
    assert_holds(
        &lines("prosody", &["--server", "xmpp.internal:9000"]),
        &["component_ports = { 9000 }\ncomponent_interfaces = { \"0.0.0.0\" }\n", "not encrypted"],
    );
    let ejabberd = lines("ejabberd", &[]);
    let yaml = "    port: 5347\n    ip: \"127.0.0.1\"\n    module: ejabberd_service\n    access: all\n    \
                max_fsm_queue: 100000\n    global_routes: false\n    hosts:\n      \"rooms.example.org\":\n        \
                password: \"THE-SECRET\"\n";
    assert_holds(&ejabberd, &[yaml, "mod_muc"]);
    assert_holds(
        &lines("ejabberd", &["--domain", "conference.example.org"]),
        &["by default: remove mod_muc"],
    );
    assert_holds(
        &lines("openfire", &[]),
        &["Subdomain:     rooms\n", "Shared secret: THE-SECRET\n", "port 5347"],
    );
    let mongooseim = lines("mongooseim", &["--show-secret"]);
    assert_holds(&mongooseim, &["conflict_behaviour = \"kick_old\"", "password = \"s3cr3t-from-file\""]);
    let table: Table = mongooseim.parse().expect("TOML");
    assert_eq!(table["listen"]["component"][0]["port"].as_integer(), Some(5347));
}

#[test]
fn help_and_version_say_what_this_is() {
    let at = folder(None);
    let help = conclave(at.path(), &[], &["--help"]);
    assert!(help.status.success());
    let help = stdout(&help);
    assert_holds(&help, &["XEP-0045", "XEP-0114", "component.toml", "Exit code"]);
    for over in &OVERRIDES {
        assert_holds(&help, &[over.variable]);
        assert_ne!(over.flag, Some("--secret"));
    }
    let version = stdout(&conclave(at.path(), &[], &["--version"]));
    assert_holds(&version, &["conclave ", env!("CARGO_PKG_VERSION"), "XEP-0045"]);
    assert_eq!(conclave(at.path(), &[], &["--secret", "x"]).status.code(), Some(2));
}

#[test]
fn texts_of_the_operator_are_read_at_the_start_and_mistakes_in_them_are_named() {
    let toml = format!("{MINIMAL}[service]\ntexts = \"texts.toml\"\n");
    let at = folder(Some(&toml));
    let check = |texts: &str| {
        std::fs::write(at.path().join("texts.toml"), texts).expect("written");
        conclave(at.path(), &[], &["config", "check"])
    };
    let sound = check("[it]\nmembers_only = 'Solo i membri.'\n");
    assert!(sound.status.success(), "{}", stderr(&sound));
    assert_holds(&stdout(&sound), &["The settings are sound", "In [it], ", "so in English"]);
    for (texts, parts) in [
        (
            "[it]\nmember_only = 'x'\n",
            &["service.texts", "[it] member_only", "did you mean members_only?"][..],
        ),
        ("[it]\nslow_mode = '{more}'\n", &["{more} is not known", "{seconds}, {left}"]),
        ("[it\n", &["texts.toml is not understood", "line 1"]),
    ] {
        let refused = check(texts);
        assert_eq!(refused.status.code(), Some(2), "{texts}");
        assert_holds(&stderr(&refused), parts);
    }
    std::fs::remove_file(at.path().join("texts.toml")).expect("removed");
    let missing = conclave(at.path(), &[], &["config", "check"]);
    assert_holds(&stderr(&missing), &["component.toml:5", "texts.toml cannot be read"]);
}

#[test]
fn the_language_of_the_service_is_one_that_there_are_texts_in() {
    assert_holds(
        &refusal(&format!("{MINIMAL}[service]\nlanguage = \"tlh\"\n")),
        &["service.language", "tlh"],
    );
    let at = folder(Some(&format!("{MINIMAL}[service]\nlanguage = \"de\"\n")));
    assert!(conclave(at.path(), &[], &["config", "check"]).status.success());
}

#[test]
fn all_texts_are_printed_as_a_file_that_can_be_read_back() {
    let at = folder(Some(&format!("{MINIMAL}[service]\ntexts = \"texts.toml\"\n")));
    std::fs::write(at.path().join("texts.toml"), "[it]\nmembers_only = 'Solo i membri.'\n").expect("written");
    let printed = stdout(&conclave(at.path(), &[], &["config", "texts", "it"]));
    let table: Table = printed.parse().expect("TOML");
    assert_eq!(table["it"]["members_only"].as_str(), Some("Solo i membri."));
    assert_eq!(
        table["it"]["room_full"].as_str(),
        Some("The room is full. Please try again when an occupant has left.")
    );
    std::fs::write(at.path().join("texts.toml"), printed).expect("written");
    let check = conclave(at.path(), &[], &["config", "check"]);
    assert!(check.status.success() && !stdout(&check).contains("[it]"), "{}", stderr(&check));
}
