//! What tests say that they prove: ids of rows and numbers of traps in their comments.

use std::fs;
use std::path::Path;

use crate::catalogue::is_id;
use crate::{read, root};

/// A test function, or a script.
pub(crate) struct Test {
    /// By its path from the root.
    pub(crate) file: String,
    /// The function; a script has none.
    pub(crate) function: Option<String>,
    /// Ids of rows.
    pub(crate) names: Vec<String>,
    /// Numbers after the word "trap".
    pub(crate) traps: Vec<u32>,
}

impl Test {
    /// How a document points at it.
    pub(crate) fn path(&self) -> String {
        match &self.function {
            Some(function) => format!("{}::{function}", self.file),
            None => self.file.clone(),
        }
    }

    fn of(file: &str, function: Option<String>, comments: &str) -> Self {
        Self { file: file.to_owned(), function, names: ids(comments), traps: traps(comments) }
    }
}

/// All tests, by file and in the order in which they stand there.
pub(crate) struct Proofs {
    pub(crate) tests: Vec<Test>,
}

impl Proofs {
    pub(crate) fn read() -> Self {
        let mut files = Vec::new();
        for folder in ["src", "tests", "scansion"] {
            walk(Path::new(folder), &mut files);
        }
        // What is here speaks about ids, it proves none.
        files.retain(|file| !file.starts_with("tests/conformance/"));
        files.sort();
        let mut tests = Vec::new();
        for file in &files {
            if file.ends_with(".rs") {
                tests.extend(
                    functions(&read(file))
                        .into_iter()
                        .map(|(name, comments)| Test::of(file, Some(name), &comments)),
                );
            } else if file.ends_with(".scs") {
                tests.push(Test::of(file, None, &head(&read(file))));
            }
        }
        assert!(tests.len() > 200, "only {} tests were found", tests.len());
        Self { tests }
    }

    /// The tests that prove a row.
    pub(crate) fn of(&self, id: &str) -> Vec<&Test> {
        self.tests.iter().filter(|test| test.names.iter().any(|name| name == id)).collect()
    }
}

fn walk(folder: &Path, into: &mut Vec<String>) {
    for entry in fs::read_dir(root().join(folder)).expect("a folder that can be listed") {
        let name = entry.expect("an entry").file_name();
        let path = folder.join(name);
        if root().join(&path).is_dir() {
            walk(&path, into);
        } else {
            into.push(path.to_str().expect("a path in UTF-8").to_owned());
        }
    }
}

/// The comment at the head of a script.
fn head(text: &str) -> String {
    text.lines().take_while(|line| line.starts_with('#')).collect::<Vec<_>>().join("\n")
}

/// Test functions with the comments within them and right above them. The source is formatted: a function ends
/// with the first brace that is indented like its head.
fn functions(text: &str) -> Vec<(String, String)> {
    let lines: Vec<&str> = text.lines().collect();
    let is_attribute = |line: &str| line.starts_with("#[");
    let mut found = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let attribute = line.trim_start();
        if !attribute.starts_with("#[test]") && !attribute.starts_with("#[tokio::test") {
            continue;
        }
        let indent = &line[..line.len() - attribute.len()];
        let above = lines[..at].iter().rev().map(|line| line.trim_start());
        let above = above.take_while(|line| line.starts_with("//") || is_attribute(line));
        let Some(name) = lines[at..].iter().find_map(|line| function_name(line)) else { continue };
        let end = format!("{indent}}}");
        let body = lines[at..].iter().take_while(|line| **line != end).map(|line| line.trim_start());
        let comments: Vec<&str> = above.chain(body).filter(|line| line.starts_with("//")).collect();
        found.push((name, comments.join("\n")));
    }
    found
}

fn function_name(line: &str) -> Option<String> {
    let rest = line.trim_start();
    let rest = rest.strip_prefix("async ").unwrap_or(rest).strip_prefix("fn ")?;
    Some(rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect())
}

/// Words such as `45-7.2.1-a` and `114-3`; `clients NEW-6` is `clients-6`.
fn ids(comments: &str) -> Vec<String> {
    let comments = comments.replace("clients NEW-", "clients-");
    let words = comments.split(|c: char| !c.is_ascii_alphanumeric() && c != '-' && c != '.');
    let words = words.map(|word| word.trim_matches(['.', '-']));
    let mut found: Vec<String> = words.filter(|word| is_id(word)).map(str::to_owned).collect();
    found.sort();
    found.dedup();
    found
}

fn traps(comments: &str) -> Vec<u32> {
    let number = |rest: &str| rest.chars().take_while(char::is_ascii_digit).collect::<String>().parse().ok();
    comments.split("trap ").skip(1).filter_map(number).collect()
}

#[test]
fn the_scanner_reads_comments_of_tests_and_nothing_else() {
    let text = "\
// 45-1-a
fn helper() {\n    // 45-2-a\n}\n
/// 45-3-a
// 45-4.1-a, trap 7
#[test]
fn first_test() {
    let text = \"45-5-a\";
    // (45-G-b) and 114-12, clients NEW-6.
}\n
mod inner {
    #[tokio::test(flavor = \"current_thread\")]
    async fn second() {
        // trap 10: not 2026-01-01, nor 12.
        call();
    }
    // 45-6-a
}
";
    let found = functions(text);
    let names: Vec<&str> = found.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["first_test", "second"]);
    assert_eq!(ids(&found[0].1), ["114-12", "45-3-a", "45-4.1-a", "45-G-b", "clients-6"]);
    assert_eq!((traps(&found[0].1), traps(&found[1].1)), (vec![7], vec![10]));
    assert_eq!(ids(&found[1].1), [""; 0]);
    assert_eq!(
        ids(&head("# One (45-1-a)\n# more 45-2-b, clients-error-a\n\n[Client]\n# 45-3-c\n")),
        ["45-1-a", "45-2-b", "clients-error-a"]
    );
}
