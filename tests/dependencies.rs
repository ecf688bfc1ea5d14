//! What the program is built from: the part of `deny.toml` that needs no tool and no network. `scripts/audit` checks all
//! of it, advisories included.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use toml::Table;

const REGISTRY: &str = "registry+https://github.com/rust-lang/crates.io-index";

fn table(path: &str) -> Table {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    std::fs::read_to_string(&path).expect("it is there").parse().expect("TOML")
}

fn allowed() -> BTreeSet<String> {
    let deny = table("deny.toml");
    let allowed = deny["licenses"]["allow"].as_array().expect("a list").iter();
    allowed.map(|license| license.as_str().expect("a name").to_owned()).collect()
}

/// Whether an SPDX expression can be fulfilled with what is allowed: `/`, as in older manifests, is OR.
fn is_fulfilled(expression: &str, allowed: &BTreeSet<String>) -> bool {
    let expression = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let mut words = expression.split_whitespace().peekable();
    let fulfilled = either(&mut words, allowed);
    assert_eq!(words.next(), None, "{expression}");
    fulfilled
}

type Words<'w> = std::iter::Peekable<std::str::SplitWhitespace<'w>>;

fn either(words: &mut Words<'_>, allowed: &BTreeSet<String>) -> bool {
    let mut fulfilled = both(words, allowed);
    while words.next_if_eq(&"OR").is_some() {
        fulfilled |= both(words, allowed);
    }
    fulfilled
}

fn both(words: &mut Words<'_>, allowed: &BTreeSet<String>) -> bool {
    let mut fulfilled = one(words, allowed);
    while words.next_if_eq(&"AND").is_some() {
        fulfilled &= one(words, allowed);
    }
    fulfilled
}

fn one(words: &mut Words<'_>, allowed: &BTreeSet<String>) -> bool {
    let mut name = words.next().expect("a licence").to_owned();
    if name == "(" {
        let fulfilled = either(words, allowed);
        assert_eq!(words.next(), Some(")"));
        return fulfilled;
    }
    if words.next_if_eq(&"WITH").is_some() {
        name = format!("{name} WITH {}", words.next().expect("an exception"));
    }
    // "+" is an older way to say: or a later version of it.
    allowed.contains(name.trim_end_matches('+'))
}

#[test]
fn expressions_of_licences_are_read_as_they_are_meant() {
    let allowed = BTreeSet::from(["MIT".to_owned(), "Unicode-3.0".to_owned(), "A WITH B".to_owned()]);
    for good in [
        "MIT",
        "MIT/Apache-2.0",
        "X OR (MIT AND Unicode-3.0)",
        "(MIT OR X) AND Unicode-3.0",
        "X OR A WITH B",
        "MIT+",
    ] {
        assert!(is_fulfilled(good, &allowed), "{good}");
    }
    for bad in ["X", "MIT AND X", "(X OR Y) AND MIT", "A", "X OR MIT AND Y"] {
        assert!(!is_fulfilled(bad, &allowed), "{bad}");
    }
}

#[test]
fn every_dependency_is_from_the_registry_and_its_bytes_are_fixed() {
    let lock = table("Cargo.lock");
    let packages = lock["package"].as_array().expect("a list");
    assert!(packages.len() > 100);
    for package in packages {
        let name = package["name"].as_str().expect("a name");
        if name == env!("CARGO_PKG_NAME") {
            continue;
        }
        assert_eq!(package.get("source").and_then(|source| source.as_str()), Some(REGISTRY), "{name}");
        assert!(
            package.get("checksum").and_then(|sum| sum.as_str()).is_some_and(|sum| sum.len() == 64),
            "{name}"
        );
    }
}

/// What cargo says.
fn run(args: &[&str]) -> String {
    let output = Command::new(env!("CARGO")).args(args).current_dir(env!("CARGO_MANIFEST_DIR")).output();
    let output = output.expect("cargo");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8")
}

#[test]
fn every_dependency_has_a_licence_that_is_allowed() {
    // Only what this machine builds is sure to be here.
    let version = run(&["-vV"]);
    let host = version.lines().find_map(|line| line.strip_prefix("host: ")).expect("cargo tells the host");
    let metadata =
        run(&["metadata", "--offline", "--locked", "--format-version", "1", "--filter-platform", host]);
    let metadata: Value = serde_json::from_str(&metadata).expect("JSON");
    let packages = metadata["packages"].as_array().expect("a list");
    assert!(packages.len() > 100);
    let allowed = allowed();
    let bad: Vec<String> = packages
        .iter()
        .filter(|package| !package["license"].as_str().is_some_and(|license| is_fulfilled(license, &allowed)))
        .map(|package| format!("{}: {}", package["name"], package["license"]))
        .collect();
    assert!(bad.is_empty(), "{}", bad.join("\n"));
}

#[test]
fn the_service_has_no_part_in_reading_files_past_their_database() {
    const READERS: [&str; 4] = ["lsm-tree", "lz4_flex", "sfa", "xxhash-rust"];
    let manifest = table("Cargo.toml");
    let offline: Vec<&str> = manifest["features"]["offline"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|dep| dep.as_str())
        .collect();
    assert_eq!(offline, READERS.map(|name| format!("dep:{name}")));
    for name in READERS {
        assert_eq!(manifest["dependencies"][name]["optional"].as_bool(), Some(true), "{name}");
    }
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let (mut folders, mut readers) = (vec![sources.clone()], BTreeSet::new());
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("read") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let text = std::fs::read_to_string(&path).expect("text");
            let names = |name: &&str| text.contains(&format!("{}::", name.replace('-', "_")));
            if READERS.iter().any(names) {
                readers.insert(path.strip_prefix(&sources).expect("inside").display().to_string());
            }
        }
    }
    assert_eq!(readers, BTreeSet::from(["store/offline/salvage.rs".to_owned()]));
}
