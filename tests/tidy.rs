//! The rules of the house, checked: layers, sizes, clean text, nothing left undone, documents that point at what is
//! there.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// Longest source file, in lines.
const FILE_LINES_MAX: usize = 700;
/// Longest function, in lines: "about 70".
const FUNCTION_LINES_MAX: usize = 75;
/// The folders of the program in their order: each uses those before it, and none that comes after it.
const ORDER: [&str; 10] =
    ["words", "wire", "room", "feature", "engine", "service", "config", "store", "link", "host"];
/// The last folder without clock, randomness and IO.
const LAST_PURE: &str = "service";
/// Crates and types that a pure layer does not name.
const IMPURE_WORDS: [&str; 7] = ["tokio", "sled", "fjall", "Instant", "SystemTime", "rand", "getrandom"];
/// Modules of `std` that a pure layer does not name.
const IMPURE_STD: [&str; 6] = ["net", "fs", "io", "thread", "process", "env"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// All files of the tree, by path from the root, without what is built, without the history, and without the inputs of
/// fuzz targets, which are any bytes.
fn files() -> Vec<String> {
    fn walk(folder: &Path, into: &mut Vec<String>) {
        for entry in fs::read_dir(folder).expect("a folder that can be listed") {
            let entry = entry.expect("an entry");
            let (path, name) = (entry.path(), entry.file_name());
            if path.is_dir() {
                if !["target", ".git", "conclave-data", "corpus", "artifacts"]
                    .iter()
                    .any(|skip| name == *skip)
                {
                    walk(&path, into);
                }
            } else if name != ".git" {
                let path = path.strip_prefix(root()).expect("below the root");
                into.push(path.to_str().expect("a path in UTF-8").to_owned());
            }
        }
    }
    let mut found = Vec::new();
    walk(root(), &mut found);
    found.sort();
    assert!(found.len() > 20, "the tree is there");
    found
}

fn rust_files() -> Vec<(String, String)> {
    let rust = files().into_iter().filter(|path| path.ends_with(".rs"));
    rust.map(|path| (read(&path), path)).map(|(text, path)| (path, text)).collect()
}

fn read(path: &str) -> String {
    let bytes = fs::read(root().join(path)).expect("a file that can be read");
    String::from_utf8(bytes).unwrap_or_else(|_| panic!("{path} is not UTF-8"))
}

/// Rust without comments and without what is in quotes; lines and columns stay where they were.
fn code(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = bytes.to_vec();
    let mut at = 0;
    while at < bytes.len() {
        let end = match (bytes[at], bytes.get(at + 1)) {
            (b'/', Some(b'/')) => find(bytes, at, b"\n"),
            (b'/', Some(b'*')) => find(bytes, at, b"*/") + 2,
            (b'"', _) => quoted_end(bytes, at),
            (b'r', Some(b'"' | b'#')) if !is_word_before(bytes, at) => raw_end(bytes, at),
            (b'\'', _) => char_end(bytes, at),
            _ => at + 1,
        };
        let end = end.min(bytes.len());
        if end > at + 1 {
            for byte in &mut out[at..end] {
                if *byte != b'\n' {
                    *byte = b' ';
                }
            }
        }
        at = end;
    }
    String::from_utf8(out).expect("whole characters were blanked")
}

fn find(bytes: &[u8], from: usize, what: &[u8]) -> usize {
    bytes[from..]
        .windows(what.len())
        .position(|window| window == what)
        .map_or(bytes.len(), |found| from + found)
}

fn is_word_before(bytes: &[u8], at: usize) -> bool {
    at > 0 && (bytes[at - 1].is_ascii_alphanumeric() || bytes[at - 1] == b'_') && bytes[at - 1] != b'b'
}

fn quoted_end(bytes: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while at < bytes.len() && bytes[at] != b'"' {
        at += if bytes[at] == b'\\' { 2 } else { 1 };
    }
    at + 1
}

/// The end of a raw string that starts at `start`, or the next byte if this is an identifier.
fn raw_end(bytes: &[u8], start: usize) -> usize {
    let hashes = bytes[start + 1..].iter().take_while(|byte| **byte == b'#').count();
    if bytes.get(start + 1 + hashes) != Some(&b'"') {
        return start + 1;
    }
    let close = [b"\"".as_slice(), &vec![b'#'; hashes]].concat();
    find(bytes, start + hashes + 2, &close) + close.len()
}

/// The end of a character literal, or the next byte if this is a lifetime.
fn char_end(bytes: &[u8], start: usize) -> usize {
    if bytes.get(start + 1) == Some(&b'\\') {
        return find(bytes, start + 3, b"'") + 1;
    }
    let character = std::str::from_utf8(&bytes[start + 1..]).ok().and_then(|text| text.chars().next());
    let after = start + 1 + character.map_or(1, char::len_utf8);
    if bytes.get(after) == Some(&b'\'') { after + 1 } else { start + 1 }
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| !word.is_empty())
}

/// Paths as they are written after `prefix`, groups in braces taken apart: their first words.
fn after<'t>(text: &'t str, prefix: &str) -> Vec<&'t str> {
    let mut found = Vec::new();
    for (start, _) in text.match_indices(prefix) {
        let rest = &text[start + prefix.len()..];
        match rest.strip_prefix('{') {
            Some(group) => {
                let mut depth = 0;
                let end = group.find(|c| {
                    depth += i32::from(c == '{') - i32::from(c == '}');
                    depth < 0
                });
                found.extend(
                    group[..end.unwrap_or(group.len())].split(',').filter_map(|item| words(item).next()),
                );
            }
            None => found.extend(words(rest).next()),
        }
    }
    found
}

/// `code` with its `#[cfg(test)]` modules blanked.
fn without_tests(code: &str) -> String {
    const MARK: &str = "#[cfg(test)]";
    let mut out = code.to_owned();
    for (start, _) in code.match_indices(MARK) {
        let item = code[start + MARK.len()..].trim_start();
        let open = code[start..].find(['{', ';']).map(|at| start + at);
        let Some(open) = open.filter(|open| item.starts_with("mod ") && code.as_bytes()[*open] == b'{')
        else {
            continue;
        };
        let end = block_end(code, open);
        let blank: String =
            code[start..=end].bytes().map(|byte| if byte == b'\n' { '\n' } else { ' ' }).collect();
        out.replace_range(start..=end, &blank);
    }
    out
}

/// The brace that closes the one at `open`.
fn block_end(code: &str, open: usize) -> usize {
    let mut depth = 0;
    for (at, byte) in code.bytes().enumerate().skip(open) {
        match byte {
            b'{' => depth += 1,
            b'}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return at;
        }
    }
    code.len() - 1
}

/// The absolute paths below the crate that `code`, the code of a module, names: after `crate::` and `super::`, groups in
/// braces taken apart.
fn paths(code: &str, module: &[&str]) -> BTreeSet<Vec<String>> {
    let mut found = BTreeSet::new();
    for (prefix, base) in [("crate::", &[][..]), ("super::", &module[..module.len().saturating_sub(1)])] {
        for (at, _) in code.match_indices(prefix).filter(|(at, _)| !code[..*at].ends_with([':', '_'])) {
            let mut base = base;
            let mut rest = &code[at + prefix.len()..];
            while let Some(further) = rest.strip_prefix("super::") {
                (base, rest) = (&base[..base.len().saturating_sub(1)], further);
            }
            let base = base.iter().map(|word| (*word).to_owned()).collect();
            expand(rest, base, &mut found);
        }
    }
    found
}

/// Adds what a path, or a group of paths, names after `base`; gives what is left of the text.
fn expand<'t>(text: &'t str, mut base: Vec<String>, found: &mut BTreeSet<Vec<String>>) -> &'t str {
    let mut rest = text.trim_start();
    loop {
        if let Some(group) = rest.strip_prefix('{') {
            rest = group;
            while !rest.starts_with('}') && !rest.is_empty() {
                rest = expand(rest, base.clone(), found);
                rest = rest
                    .trim_start_matches(|c: char| c != ',' && c != '}')
                    .trim_start_matches([',', ' ', '\n']);
            }
            return rest.strip_prefix('}').unwrap_or(rest);
        }
        let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
        if end > 0 && &rest[..end] != "self" {
            base.push(rest[..end].to_owned());
        }
        rest = &rest[end..];
        match rest.strip_prefix("::") {
            Some(further) => rest = further,
            None => {
                found.insert(base);
                return rest;
            }
        }
    }
}

/// The module of a file of the program, from the crate down.
fn module(path: &str) -> Vec<&str> {
    let path = path.trim_start_matches("src/").trim_end_matches(".rs").trim_end_matches("/mod");
    path.split('/').collect()
}

/// What each file of the program uses of the program itself; what its tests use does not count.
fn imports() -> Vec<(String, BTreeSet<Vec<String>>)> {
    let sources = rust_files().into_iter().filter(|(path, _)| path.starts_with("src/"));
    let sources = sources.filter(|(path, _)| !path.ends_with("/tests.rs") && !path.contains("/tests/"));
    sources
        .map(|(path, text)| {
            let used = paths(&without_tests(&code(&text)), &module(&path));
            (path, used)
        })
        .collect()
}

/// Where a folder stands in the order; files above all folders stand after it.
fn place(folder: &str) -> usize {
    ORDER.iter().position(|known| *known == folder).unwrap_or(ORDER.len())
}

fn line(text: &str, at: usize) -> usize {
    text[..at].matches('\n').count() + 1
}

/// Functions with their first line and their length in lines.
fn functions(code: &str) -> Vec<(String, usize, usize)> {
    let mut found = Vec::new();
    for (at, _) in code.match_indices("fn ") {
        if is_word_before(code.as_bytes(), at) || code[..at].ends_with('b') {
            continue;
        }
        let Some(name) = words(&code[at + 3..]).next() else { continue };
        let open = code[at..].find('{').map(|found| at + found);
        let semicolon = code[at..].find(';').map(|found| at + found);
        let Some(open) = open.filter(|open| semicolon.is_none_or(|at| *open < at)) else { continue };
        let (first, last) = (line(code, at), line(code, block_end(code, open)));
        found.push((name.to_owned(), first, last - first + 1));
    }
    found
}

fn nothing(problems: &[String]) {
    assert!(problems.is_empty(), "\n{}\n", problems.join("\n"));
}

#[test]
fn the_pure_layers_know_no_clock_no_randomness_and_no_io() {
    let mut problems = Vec::new();
    let is_pure = |path: &str| path.starts_with("src/") && place(module(path)[0]) <= place(LAST_PURE);
    for (path, text) in rust_files().iter().filter(|(path, _)| is_pure(path)) {
        let code = code(text);
        for (number, line) in code.lines().enumerate() {
            for word in words(line).filter(|word| IMPURE_WORDS.contains(word)) {
                problems.push(format!("{path}:{}: names {word}", number + 1));
            }
        }
        problems.extend(
            after(&code, "std::")
                .iter()
                .filter(|module| IMPURE_STD.contains(module))
                .map(|module| format!("{path}: names std::{module}")),
        );
    }
    nothing(&problems);
}

#[test]
fn folders_use_those_below_them_and_none_above() {
    let folders = files().into_iter().filter(|path| path.starts_with("src/"));
    let folders: BTreeSet<String> =
        folders.filter(|path| module(path).len() > 1).map(|path| module(&path)[0].to_owned()).collect();
    assert_eq!(folders, ORDER.iter().map(|folder| (*folder).to_owned()).collect(), "each has its place");
    let mut problems = Vec::new();
    for (path, used) in imports() {
        let own = place(module(&path)[0]);
        let above = used.into_iter().filter(|used| used.first().is_some_and(|folder| place(folder) > own));
        problems.extend(
            above
                .filter(|used| ORDER.contains(&used[0].as_str()))
                .map(|used| format!("{path}: uses {}, which lies above it", used.join("::"))),
        );
    }
    nothing(&problems);
}

#[test]
fn features_do_not_use_one_another() {
    let all: BTreeSet<String> = files()
        .into_iter()
        .filter(|path| path.starts_with("src/feature/") && module(path).len() > 1)
        .map(|path| module(&path)[1].to_owned())
        .collect();
    assert!(all.len() > 20, "the features are there");
    let mut problems = Vec::new();
    for (path, used) in imports() {
        let module = module(&path);
        let [folder, own, ..] = &module[..] else { continue };
        let others = used.into_iter().filter(|used| {
            used.first().is_some_and(|used| used == "feature")
                && used.get(1).is_some_and(|used| used != own && all.contains(used))
        });
        if *folder == "feature" {
            problems.extend(others.map(|used| format!("{path}: uses {}, another feature", used.join("::"))));
        }
    }
    nothing(&problems);
}

#[test]
fn files_and_functions_are_short() {
    let mut problems = Vec::new();
    for (path, text) in rust_files() {
        let lines = text.lines().count();
        if lines > FILE_LINES_MAX {
            problems.push(format!("{path}: {lines} lines, more than {FILE_LINES_MAX}"));
        }
        let is_test = path.starts_with("tests/") || path.ends_with("/tests.rs") || path.contains("/tests/");
        if is_test {
            continue;
        }
        for (name, first, length) in functions(&without_tests(&code(&text))) {
            if length > FUNCTION_LINES_MAX {
                problems.push(format!(
                    "{path}:{first}: {name} has {length} lines, more than {FUNCTION_LINES_MAX}"
                ));
            }
        }
    }
    nothing(&problems);
}

#[test]
fn text_is_clean() {
    let mut problems = Vec::new();
    for path in files() {
        let text = read(&path);
        for (number, line) in text.lines().enumerate() {
            let number = number + 1;
            // A byte order mark, a direction override or the like reads differently from how it looks.
            let invisible = |c: char| {
                c.is_control() && c != '\t'
                    || matches!(c, '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{FEFF}')
            };
            if line.contains(invisible) {
                problems.push(format!("{path}:{number}: a control character"));
            }
            if line.ends_with([' ', '\t']) {
                problems.push(format!("{path}:{number}: space at the end"));
            }
        }
        if !text.is_empty() && !text.ends_with('\n') {
            problems.push(format!("{path}: no newline at the end"));
        }
    }
    nothing(&problems);
}

#[test]
fn nothing_is_left_undone() {
    let mut problems = Vec::new();
    for (path, text) in rust_files() {
        let code = code(&text);
        for (number, line) in code.lines().enumerate() {
            for left in ["todo!", "unimplemented!", "dbg!", "#[ignore", "allow(dead_code)"] {
                // A module that several test programs share is used by each in part.
                let shared = left.starts_with("allow") && path.starts_with("tests/");
                if line.contains(left) && !shared {
                    problems.push(format!("{path}:{}: {left}", number + 1));
                }
            }
        }
    }
    nothing(&problems);
}

#[test]
fn every_source_file_is_part_of_the_program() {
    let sources: BTreeSet<String> =
        files().into_iter().filter(|path| path.starts_with("src/") && path.ends_with(".rs")).collect();
    let mut reached = BTreeSet::new();
    let mut open = vec!["src/lib.rs".to_owned(), "src/main.rs".to_owned()];
    while let Some(path) = open.pop() {
        if !reached.insert(path.clone()) {
            continue;
        }
        let code = code(&read(&path));
        let own = match path.as_str() {
            "src/lib.rs" | "src/main.rs" => PathBuf::from("src"),
            path => PathBuf::from(path.trim_end_matches("/mod.rs").trim_end_matches(".rs")),
        };
        for (at, _) in code.match_indices("mod ") {
            let rest = &code[at + 4..];
            let Some(name) = words(rest).next() else { continue };
            if !rest[name.len()..].starts_with(';') {
                continue;
            }
            let candidates = [own.join(format!("{name}.rs")), own.join(name).join("mod.rs")];
            open.extend(
                candidates
                    .iter()
                    .filter_map(|file| file.to_str())
                    .filter(|f| sources.contains(*f))
                    .map(str::to_owned),
            );
        }
    }
    let lost: Vec<String> = sources.difference(&reached).map(|path| format!("{path} is in no mod")).collect();
    nothing(&lost);
}

#[test]
fn the_exact_dependencies_are_recorded() {
    assert!(root().join("Cargo.lock").is_file());
}

/// Files and folders that a document names: in backquotes, in links, in shell lines.
fn named_paths(text: &str) -> BTreeSet<String> {
    const TOPS: [&str; 8] = ["src/", "tests/", "scripts/", "docs/", "benches/", "scansion/", "fuzz/", ".ci/"];
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '.' | '_' | '-');
    let tokens = text.split(|c: char| !is_part(c)).map(|token| token.trim_end_matches('.'));
    tokens.filter(|token| TOPS.iter().any(|top| token.starts_with(top))).map(str::to_owned).collect()
}

#[test]
fn documents_name_only_what_is_there() {
    let mut problems = Vec::new();
    for path in files().iter().filter(|path| path.ends_with(".md")) {
        for named in named_paths(&read(path)) {
            if !root().join(&named).exists() {
                problems.push(format!("{path} names {named}, which is not there"));
            }
        }
    }
    nothing(&problems);
    for document in ["README.md", "ARCHITECTURE.md", "CHANGELOG.md", "LICENSE-MIT", "LICENSE-APACHE"] {
        assert!(root().join(document).is_file(), "{document} is missing");
    }
}

#[test]
fn the_commands_of_the_readme_can_be_run() {
    let commands = named_paths(&read("README.md"));
    let commands: Vec<&String> = commands.iter().filter(|path| path.starts_with("scripts/")).collect();
    for expected in ["scripts/demo", "scripts/test", "scripts/image-test"] {
        assert!(commands.iter().any(|command| *command == expected), "README.md does not mention {expected}");
    }
    let ci = ".ci/run".to_owned();
    for command in commands.into_iter().chain([&ci]) {
        let mode = fs::metadata(root().join(command)).expect("the command is there").permissions().mode();
        assert_eq!(mode & 0o111, 0o111, "{command} cannot be executed");
        assert!(read(command).starts_with("#!"), "{command} does not say what runs it");
    }
}

#[test]
fn the_scanner_sees_code_and_not_text() {
    let text = "let a = \"tokio { \\\" fn x() {\"; // sled\nlet b = 'b'; let c: &'static str = r#\"rand \"{\"#; /* fs */ d();";
    let code = code(text);
    assert_eq!(code.len(), text.len());
    let seen: Vec<&str> = words(&code).collect();
    assert_eq!(seen, ["let", "a", "let", "b", "let", "c", "static", "str", "d"]);
    assert_eq!(
        after("use std::{fmt, collections::{BTreeMap, fs}, net::X}; std::io::Y", "std::"),
        ["fmt", "collections", "fs", "net", "io"]
    );
}

#[test]
fn the_scanner_reads_imports() {
    let text = "use crate::{room, wire::{self, jid::{Jid, BareJid as Bare}}};\nuse super::super::a::B;\nlet x = super::y(z);";
    let found = paths(text, &["feature", "invite", "decline"]);
    let found: Vec<String> = found.into_iter().map(|path| path.join("::")).collect();
    let expected =
        ["feature::a::B", "feature::invite::y", "room", "wire", "wire::jid::BareJid", "wire::jid::Jid"];
    assert_eq!(found, expected);
    assert_eq!(module("src/feature/invite/decline.rs"), ["feature", "invite", "decline"]);
    assert_eq!(module("src/engine/mod.rs"), ["engine"]);
}

#[test]
fn the_scanner_measures_functions_and_passes_over_tests() {
    let text = "fn a() {\n  if b {\n  }\n}\ntrait T { fn c(); }\n#[cfg(test)]\nmod tests {\n fn d() {}\n}\n\
                #[cfg(test)]\nmod more;\n#[cfg(test)]\nfn e() {}\n";
    let found = functions(&without_tests(text));
    assert_eq!(found, [("a".to_owned(), 1, 4), ("e".to_owned(), 13, 1)]);
}

/// A text that nothing says is work for all who translate.
#[test]
fn every_text_is_said_somewhere() {
    let said: String = rust_files()
        .into_iter()
        .filter(|(path, _)| path.starts_with("src/") && !path.starts_with("src/words/"))
        .map(|(_, text)| text)
        .collect();
    let mut times = BTreeMap::<&str, usize>::new();
    words(&said).for_each(|word| *times.entry(word).or_default() += 1);
    // What a feature says it declares there as well.
    let shared = conclave::words::all().map(|entry| (entry.name, 1));
    let of_features = conclave::feature::texts().map(|entry| (entry.name, 2));
    let unsaid: Vec<String> = shared
        .chain(of_features)
        .filter(|(name, least)| times.get(name).is_none_or(|times| times < least))
        .map(|(name, _)| format!("{name}: this text is said nowhere"))
        .collect();
    nothing(&unsaid);
}
