//! What an operator sees, and the handbook held to the code.

use std::collections::BTreeSet;
use std::path::Path;

use proptest::prelude::*;

use super::*;
use crate::source::Value;
use crate::units::{ByteSize, TimeSpan};

const FULL: &str = include_str!("../examples/full.toml");
const MINIMAL: &str = include_str!("../examples/minimal.toml");
const SECRET: &str = "[[auth.secrets]]\nid = \"a\"\nsecret = \"0123456789abcdef0123456789abcdef\"\n";

fn parse(text: &str, environment: &[(&str, &str)]) -> Result<Config, Error> {
    let environment = environment
        .iter()
        .map(|(name, value)| (name.into(), value.into()));
    Config::parse(Path::new("rapport.toml"), text, environment)
}

/// The line an operator reads when `text` stands above a valid `[auth]`.
fn refusal(text: &str) -> String {
    let error = parse(&format!("{text}\n{SECRET}"), &[]).unwrap_err().to_string();
    assert_eq!(error.lines().count(), 1, "{error}");
    error
}

fn refusal_of(name: &str, value: &str) -> String {
    parse(SECRET, &[(name, value)]).unwrap_err().to_string()
}

/// The handbook with every key that has no default uncommented.
fn everything_set() -> String {
    let uncomment = |line: &str| match line.strip_prefix('#') {
        Some(rest) if rest.starts_with(|c: char| c.is_ascii_lowercase() || c == '[') => rest.to_owned(),
        _ => line.to_owned(),
    };
    FULL.lines().map(|line| uncomment(line) + "\n").collect()
}

/// The dotted path of every table of a tree; of a list, its first item.
fn tables(node: &Node, path: &str, found: &mut Vec<(String, BTreeSet<String>)>) {
    match &node.value {
        Value::Table(table) => {
            found.push((path.to_owned(), table.keys().cloned().collect()));
            for (key, (_, node)) in table {
                tables(node, &format!("{path}.{key}"), found);
            }
        }
        Value::Array(nodes) => nodes.iter().take(1).for_each(|node| tables(node, path, found)),
        _ => {}
    }
}

#[test]
fn the_minimal_example_starts_with_defaults() {
    let config = parse(MINIMAL, &[]).unwrap();
    let expected = Config {
        auth: Auth {
            secrets: vec![Secret {
                id: "main".to_owned(),
                source: SecretSource::File("rapport.secret".into()),
            }],
            ..Auth::default()
        },
        ..Config::default()
    };
    assert_eq!(config, expected);
}

#[test]
fn the_handbook_tells_the_true_defaults() {
    assert_eq!(parse(FULL, &[]).unwrap(), parse(MINIMAL, &[]).unwrap());
}

/// An unknown key in each table makes the reader list the keys that it knows there.
#[test]
fn the_handbook_names_every_key() {
    let text = everything_set();
    let tree = Node::parse(Path::new("full.toml"), &text).unwrap();
    let mut found = Vec::new();
    tables(&tree, "", &mut found);
    assert_eq!(found.len(), 12, "a section is missing: {found:?}");
    for (path, keys) in found {
        let mut document: toml::Table = toml::from_str(&text).unwrap();
        let mut at = &mut document;
        for step in path.split('.').skip(1) {
            at = match at.get_mut(step).unwrap() {
                toml::Value::Array(items) => items[0].as_table_mut().unwrap(),
                item => item.as_table_mut().unwrap(),
            };
        }
        at.insert("zzzzzzzz".to_owned(), true.into());
        let error = parse(&document.to_string(), &[]).unwrap_err().to_string();
        let known: Vec<_> = error.split('`').skip(1).step_by(2).collect();
        assert!(error.contains("unknown key") && !known.is_empty(), "{error}");
        for key in known {
            // Two keys that exclude others are named in a comment only.
            let named = keys.contains(key) || text.contains(&format!("  {key} = "));
            assert!(named, "{path}.{key} is missing from the handbook");
        }
    }
}

#[test]
fn every_key_can_be_set() {
    let config = parse(&everything_set(), &[]).unwrap();
    assert_eq!(
        config.server.public_url.unwrap().as_str(),
        "https://sfu.example.org"
    );
    assert!(matches!(config.server.tls, Some(Tls::Files { .. })));
    assert_eq!(config.auth.keys[0].public_key, Pem::File("clinic.pub".into()));
    assert!(config.recorder.folder.is_some());
    let bucket = config.recorder.bucket.unwrap();
    assert_eq!(bucket.url.to_string(), "s3://recordings/clinic");
    assert_eq!(bucket.credentials_file, Some("bucket.credentials".into()));
}

#[test]
fn a_bucket_is_kept_by_default_and_says_where_it_is() {
    let parse = |bucket: &str| {
        let text = format!("[recorder]\nfolder = \"/r\"\n[recorder.bucket]\n{bucket}\n{SECRET}");
        parse(&text, &[]).unwrap().recorder.bucket.unwrap()
    };
    let bucket = parse("url = \"s3://clinic\"");
    assert!(bucket.keep_local && bucket.endpoint.is_none() && bucket.credentials_file.is_none());
    assert_eq!(
        (bucket.url.to_string(), bucket.region),
        ("s3://clinic".into(), "us-east-1".into())
    );
    for (written, said) in [
        ("s3://clinic/a/b/", "s3://clinic/a/b"),
        ("file:///mnt/r", "file:///mnt/r"),
    ] {
        assert_eq!(parse(&format!("url = \"{written}\"")).url.to_string(), said);
    }
}

#[test]
fn credentials_are_two_lines_of_a_file_and_never_told() {
    let folder = std::env::temp_dir().join(format!("rapport-config-bucket-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    let text = format!(
        "[recorder]\nfolder = \"r\"\n[recorder.bucket]\nurl = \"s3://clinic\"\ncredentials_file = \"c\"\n{}",
        SECRET
    );
    let config = Config::parse(&folder.join("rapport.toml"), &text, []).unwrap();
    let bucket = config.recorder.bucket.clone().unwrap();
    fs::write(
        folder.join("c"),
        "[default]\naws_access_key_id = AKIA\naws_secret_access_key=hunter2=\n",
    )
    .unwrap();
    assert!(config.check_files().is_ok());
    let credentials = bucket.credentials().unwrap().unwrap();
    assert_eq!((&*credentials.key_id, &*credentials.secret), ("AKIA", "hunter2="));
    assert!(!format!("{credentials:?}").contains("hunter2"));
    fs::write(folder.join("c"), "aws_secret_access_key = hunter2\n").unwrap();
    let error = config.check_files().unwrap_err().to_string();
    assert!(
        error.contains("expected the lines") && !error.contains("hunter2"),
        "{error}"
    );
    fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn an_unknown_key_is_refused_where_it_stands() {
    assert_eq!(
        refusal("[log]\n  fromat = \"json\""),
        "rapport.toml:2:3: log.fromat: unknown key, expected one of `level`, `format`; did you mean `format`?"
    );
    assert!(refusal("[sever]").starts_with("rapport.toml:1:2: sever: unknown key"));
    assert!(refusal("[media.cache]\nvideos = 1").contains("did you mean `video`?"));
}

#[test]
fn a_value_of_the_wrong_type_tells_what_was_found_and_expected() {
    for (text, expected) in [
        (
            "media.workers = \"two\"",
            "1:17: media.workers: found \"two\", expected a whole number from 0 to 65535",
        ),
        (
            "media.workers = 70_000",
            "1:17: media.workers: found 70000, expected a whole number from 0 to 65535",
        ),
        (
            "media.workers = -1",
            "1:17: media.workers: found -1, expected a whole number from 0 to 65535",
        ),
        (
            "limits.rooms = 99999999999999999999",
            "1:16: limits.rooms: found inf, expected a whole number from 0 to 4294967295",
        ),
        (
            "server.allow_plain_http = \"yes\"",
            "1:27: server.allow_plain_http: found \"yes\", expected true or false",
        ),
        (
            "server.drain_deadline = 30",
            "1:25: server.drain_deadline: found 30, expected a time such as \"500ms\", \"30s\" or \"24h\"",
        ),
        (
            "server.max_body = \"1MB\"",
            "1:19: server.max_body: found \"1MB\", expected a size such as \"64KiB\" or \"1.5MiB\"",
        ),
        (
            "media.listen = \"[::]:1\"",
            "1:16: media.listen: found \"[::]:1\", expected a list",
        ),
        (
            "media.listen = [\"[::]:1\", \"::\"]",
            "1:27: media.listen[1]: found \"::\", expected an IP address and a port such as \"127.0.0.1:8080\" or \"[::1]:8080\"",
        ),
        (
            "media.advertise = [\"host\"]",
            "1:20: media.advertise[0]: found \"host\", expected an IP address such as \"192.0.2.1\" or \"2001:db8::1\"",
        ),
        (
            "log.level = \"loud\"",
            "1:13: log.level: found \"loud\", expected one of \"error\", \"warn\", \"info\", \"debug\", \"trace\"",
        ),
        (
            "log.level = 2026-01-01",
            "1:13: log.level: found a date, expected a text",
        ),
        ("log = \"json\"", "1:7: log: found \"json\", expected a table"),
        (
            "server.public_url = \"sfu.example.org\"",
            "1:21: server.public_url: found \"sfu.example.org\", expected an address such as \"https://sfu.example.org\"",
        ),
        (
            "server.cors_origins = [\"https://a.example/\"]",
            "1:24: server.cors_origins[0]: found \"https://a.example/\", expected an origin such as",
        ),
        (
            "[[auth.keys]]\nid = \"a\"",
            "1:1: auth.keys[0]: `public_key` is missing",
        ),
        ("[recorder.bucket]", "1:1: recorder.bucket: `url` is missing"),
        (
            "recorder.bucket.url = \"s3://Clinic\"",
            "1:23: recorder.bucket.url: found \"s3://Clinic\", expected a bucket such as",
        ),
        (
            "recorder.bucket.url = \"s3://clinic/a/../b\"",
            "1:23: recorder.bucket.url: found \"s3://clinic/a/../b\", expected a bucket such as",
        ),
        (
            "recorder.bucket.url = \"file://mnt\"",
            "1:23: recorder.bucket.url: found \"file://mnt\", expected a bucket such as",
        ),
    ] {
        let error = refusal(text);
        assert!(error.starts_with(&format!("rapport.toml:{expected}")), "{error}");
    }
}

#[test]
fn text_that_is_not_toml_is_one_line() {
    assert!(
        refusal("[server").starts_with("rapport.toml:1:8: not valid TOML: "),
        "{}",
        refusal("[server")
    );
    assert!(refusal("ü = 1\nä = = 2").starts_with("rapport.toml:"));
    assert!(refusal("log.level = \"info\"\nlog.level = \"info\"").contains("duplicate key"));
    assert!(refusal("\"a\\nb\" = 1").contains("a\\nb"));
}

#[test]
fn what_contradicts_itself_is_refused() {
    for (text, expected) in [
        (
            "server.listen = \"0.0.0.0:80\"",
            "1:17: server.listen: found 0.0.0.0:80 without TLS",
        ),
        ("[server.tls]", "1:1: server.tls: found neither"),
        (
            "server.tls = { certificate = \"a\" }",
            "1:14: server.tls: found `certificate` alone",
        ),
        (
            "server.tls = { key = \"a\" }",
            "1:14: server.tls: found `key` alone",
        ),
        (
            "server.tls = { key = \"a\", certificate = \"b\", self_signed = true }",
            "1:14: server.tls: found `self_signed = true` beside files",
        ),
        (
            "server.drain_deadline = \"2h\"",
            "1:25: server.drain_deadline: found 2h, expected 0ms to 1h",
        ),
        (
            "server.max_body = \"1KiB\"",
            "1:19: server.max_body: found 1KiB, expected 4KiB to 16MiB",
        ),
        (
            "media.workers = 0",
            "1:17: media.workers: found 0, expected 1 to 256",
        ),
        ("media.listen = []", "1:16: media.listen: found no address"),
        (
            "media.listen = [\"[::1]:1\", \"[::1]:1\"]",
            "1:28: media.listen[1]: found [::1]:1 a second time",
        ),
        (
            "media = { workers = 2, listen = [\"127.0.0.1:65535\"] }",
            "1:34: media.listen[0]: found 127.0.0.1:65535 for 2 workers, expected a port of at most 65534",
        ),
        (
            "media.advertise = [\"0.0.0.0\"]",
            "1:20: media.advertise[0]: found 0.0.0.0, expected",
        ),
        (
            "media = { listen = [\"[::1]:1\"], advertise = [\"10.0.0.1\"] }",
            "1:46: media.advertise[0]: found 10.0.0.1",
        ),
        (
            "media.video_bitrate = \"1kbps\"",
            "1:23: media.video_bitrate: found 1kbps, expected 50kbps to 1Gbps",
        ),
        (
            "media.cache.video = \"1min\"",
            "1:21: media.cache.video: found 1min, expected 100ms to 10s",
        ),
        (
            "auth.max_ttl = \"1s\"",
            "1:16: auth.max_ttl: found 1s, expected 1min to 8760h",
        ),
        (
            "recorder.bucket = { url = \"s3://clinic\" }",
            "1:19: recorder.bucket: found a bucket without `recorder.folder`",
        ),
        (
            "recorder = { folder = \"r\", bucket = { url = \"file:///b\", endpoint = \"https://a.example\" } }",
            "1:69: recorder.bucket.endpoint: found an endpoint for a folder",
        ),
        (
            "limits.rooms = 0",
            "1:16: limits.rooms: found 0, expected 1 to 1000000",
        ),
        (
            "[[auth.keys]]\nid = \"a\"\npublic_key = \"a\"",
            "5:6: auth.secrets[0].id: found \"a\" a second time",
        ),
        (
            "[[auth.keys]]\nid = \"\"\npublic_key = \"a\"",
            "2:6: auth.keys[0].id: found an empty id",
        ),
    ] {
        let error = refusal(text);
        assert!(error.starts_with(&format!("rapport.toml:{expected}")), "{error}");
    }
}

#[test]
fn a_server_without_any_key_is_refused() {
    let error = parse("", &[]).unwrap_err().to_string();
    assert_eq!(
        error,
        "rapport.toml: auth: found no key, expected at least one [[auth.keys]] or [[auth.secrets]]"
    );
}

#[test]
fn a_secret_shows_neither_in_errors_nor_in_logs() {
    const WORD: &str = "hunter2";
    for text in [
        format!("[[auth.secrets]]\nid = \"a\"\nsecret = \"{WORD}\""),
        format!("auth.secrets = [\"{WORD}\"]"),
        format!("auth.secrets = \"{WORD}\""),
        format!("auth = \"{WORD}\""),
        format!("[auth]\nmax_ttl = \"{WORD}\""),
    ] {
        let error = parse(&text, &[]).unwrap_err();
        assert!(!format!("{error} {error:?}").contains(WORD), "{error}");
    }
    let short = parse("[[auth.secrets]]\nid = \"a\"\nsecret = \"hunter2\"", &[]).unwrap_err();
    assert!(
        short
            .to_string()
            .ends_with("found a secret of 7 bytes, expected at least 32"),
        "{short}"
    );
    let config = parse(SECRET, &[]).unwrap();
    assert!(!format!("{config:?}").contains("0123456789"));
    assert!(!format!("{:?}", Pem::from("-----BEGIN PRIVATE KEY-----".to_owned())).contains("BEGIN"));
}

#[test]
fn the_environment_wins_over_the_file() {
    let text = format!("{SECRET}\n[server]\nlisten = \"127.0.0.1:1\"\nmax_body = \"8KiB\"");
    let config = parse(
        &text,
        &[
            ("RAPPORT_SERVER__LISTEN", "[::1]:9"),
            ("RAPPORT_MEDIA__CACHE__VIDEO", "2s"),
            ("RAPPORT_MEDIA__WORKERS", "2"),
            ("RAPPORT_MEDIA__ADVERTISE", "192.0.2.1, 2001:db8::1"),
            ("RAPPORT_SERVER__TLS__SELF_SIGNED", "true"),
            ("RAPPORT_SERVER__CORS_ORIGINS", "[\"*\"]"),
            ("RAPPORT_LOG__FORMAT", "json"),
            ("RAPPORT_CONFIG", "belongs to the command line"),
            ("PATH", "/bin"),
        ],
    )
    .unwrap();
    assert_eq!(config.server.listen.port(), 9);
    assert_eq!(config.server.max_body, ByteSize::from_bytes(8 << 10));
    assert_eq!(config.media.cache.video, TimeSpan::from_secs(2));
    assert_eq!((config.media.workers, config.media.advertise.len()), (2, 2));
    assert_eq!(config.server.tls, Some(Tls::SelfSigned));
    assert!(config.server.cors_origins[0].is_any());
    assert_eq!((config.log.level, config.log.format), (Level::Info, Format::Json));
}

#[test]
fn a_table_of_keys_fits_in_a_variable() {
    let value = "[{ id = \"env\", secret = \"0123456789abcdef0123456789abcdef\" }]";
    let config = parse("", &[("RAPPORT_AUTH__SECRETS", value)]).unwrap();
    assert_eq!(config.auth.secrets[0].id, "env");
    let config = parse(SECRET, &[("RAPPORT_SERVER__TLS", "{ self_signed = true }")]).unwrap();
    assert_eq!(config.server.tls, Some(Tls::SelfSigned));
}

#[test]
fn a_variable_that_is_refused_is_named() {
    assert!(refusal_of("RAPPORT_SERVER__LISTEN", "localhost").starts_with(
        "RAPPORT_SERVER__LISTEN: server.listen: found \"localhost\", expected an IP address and a port"
    ));
    assert!(refusal_of("RAPPORT_SERVER__LISTN", "x").ends_with("did you mean `listen`?"),);
    assert!(
        refusal_of("RAPPORT_SEVER__LISTEN", "x").starts_with("RAPPORT_SEVER__LISTEN: sever: unknown key")
    );
    assert_eq!(
        refusal_of("RAPPORT_MEDIA__WORKERS", "0"),
        "RAPPORT_MEDIA__WORKERS: media.workers: found 0, expected 1 to 256"
    );
    assert_eq!(
        refusal_of("RAPPORT_MEDIA__WORKERS", "many"),
        "RAPPORT_MEDIA__WORKERS: media.workers: found \"many\", expected a whole number from 0 to 65535"
    );
    assert_eq!(
        refusal_of("RAPPORT_AUTH__SECRETS__ID", "x"),
        "RAPPORT_AUTH__SECRETS__ID: auth.secrets: this variable sets a key of it, but it is not a table"
    );
    assert!(refusal_of("RAPPORT_AUTH__KEYS", "[{").starts_with("RAPPORT_AUTH__KEYS: auth.keys: "));
    assert!(refusal_of("RAPPORT_SERVER__", "x").contains("unknown key"));
}

#[cfg(unix)]
#[test]
fn a_variable_that_is_no_text_is_refused() {
    use std::os::unix::ffi::OsStringExt;
    let value = OsString::from_vec(vec![0xff]);
    let environment = [("RAPPORT_LOG__LEVEL".into(), value)];
    let error = Config::parse(Path::new("rapport.toml"), SECRET, environment).unwrap_err();
    assert_eq!(
        error.to_string(),
        "RAPPORT_LOG__LEVEL: log.level: found bytes that are not UTF-8, expected text"
    );
}

#[test]
fn relative_paths_start_at_the_folder_of_the_file() {
    let text = format!("server.tls = {{ certificate = \"c.pem\", key = \"/k.pem\" }}\n{MINIMAL}");
    let config = Config::parse(Path::new("/etc/rapport/rapport.toml"), &text, []).unwrap();
    let tls = Tls::Files {
        certificate: "/etc/rapport/c.pem".into(),
        key: "/k.pem".into(),
    };
    assert_eq!(config.server.tls, Some(tls));
    let secret = SecretSource::File("/etc/rapport/rapport.secret".into());
    assert_eq!(config.auth.secrets[0].source, secret);
}

#[test]
fn a_file_that_is_missing_is_named() {
    let missing = std::env::temp_dir().join("rapport-config-of-no-test/rapport.toml");
    let error = Config::load(&missing, []).unwrap_err().to_string();
    assert!(
        error.contains("rapport-config-of-no-test/rapport.toml: cannot be read"),
        "{error}"
    );
    let config = Config::parse(&missing, MINIMAL, []).unwrap();
    let error = config.check_files().unwrap_err().to_string();
    assert!(error.contains("rapport.secret: cannot be read"), "{error}");
}

#[test]
fn a_secret_file_is_read_without_its_line_break() {
    let folder = std::env::temp_dir().join(format!("rapport-config-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    fs::write(
        folder.join("rapport.secret"),
        "0123456789abcdef0123456789abcdef\n",
    )
    .unwrap();
    fs::write(folder.join("rapport.toml"), MINIMAL).unwrap();
    let config = Config::load(&folder.join("rapport.toml"), []).unwrap();
    assert!(config.check_files().is_ok());
    let key = config.auth.secrets[0].source.read().unwrap();
    assert_eq!(key.as_bytes(), b"0123456789abcdef0123456789abcdef");
    fs::write(folder.join("rapport.secret"), "short").unwrap();
    let error = config.check_files().unwrap_err().to_string();
    assert!(
        error.ends_with("found a secret of 5 bytes, expected at least 32"),
        "{error}"
    );
    fs::remove_dir_all(&folder).unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn whatever_the_file_holds_the_answer_is_one_line(text in "[a-z_.\\[\\]{}=\",0-9\n# ]{0,80}") {
        if let Err(error) = parse(&text, &[]) {
            prop_assert_eq!(error.to_string().lines().count(), 1);
        }
    }

    #[test]
    fn whatever_the_environment_holds_nothing_panics(key in "[A-Z_]{0,20}", value in "\\PC{0,20}") {
        let name = format!("RAPPORT_{key}");
        let _ = parse(SECRET, &[(&name, &value)]);
    }
}
