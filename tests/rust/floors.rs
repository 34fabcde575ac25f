//! The walls of the house, read off the source: who may import whom, where versions may be compared, where
//! numbers of statuses and names of alerts may stand, how long files and functions may be.
//!
//! The table below is the one of `docs/architecture.md`. A change that makes a test here fail either breaks a
//! wall, or moves it: then the table moves with it, in a commit of its own.
#![allow(missing_docs, clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// What each room of the core may import, as prefixes of paths behind `crate::`. Its own paths are always
/// allowed.
const FLOORS: &[(&str, &[&str])] = &[
    ("fault", &[]),
    ("shared", &[]),
    ("crypto", &["fault"]),
    ("wire", &["fault"]),
    ("x509", &["fault", "crypto", "shared"]),
    ("cookie", &["fault", "wire", "crypto"]),
    ("profile", &["wire::ids", "crypto"]),
    ("suite", &["wire::ids", "crypto", "profile"]),
    ("group", &["wire::ids", "crypto"]),
    ("scheme", &["wire::ids", "crypto"]),
    ("srtp", &["wire::ids"]),
    ("resumption", &["fault", "shared", "wire", "crypto", "x509", "profile", "suite"]),
    (
        "config",
        &["fault", "wire", "crypto", "x509", "profile", "suite", "group", "scheme", "srtp", "resumption"],
    ),
    ("record", &["fault", "wire::ids", "crypto", "profile", "suite"]),
    ("keys", &["fault", "wire::ids", "crypto", "profile", "suite"]),
    (
        "handshake",
        &[
            "fault",
            "wire",
            "crypto",
            "x509",
            "profile",
            "suite",
            "group",
            "scheme",
            "srtp",
            "config",
            "keys",
            "resumption",
            "record::protect", // an opener or a sealer is all it ever makes
        ],
    ),
    ("engine", &["fault", "wire", "crypto", "profile", "suite", "config", "record", "keys", "handshake"]),
    ("status", &["fault", "handshake"]),
    (
        "session",
        &[
            "fault",
            "wire",
            "crypto",
            "x509",
            "profile",
            "suite",
            "group",
            "scheme",
            "srtp",
            "config",
            "record",
            "keys",
            "resumption",
            "handshake",
            "engine",
            "status",
        ],
    ),
];

/// Crates that not only `crypto` may name: certificates have a parser, and comparing in constant time and
/// wiping are everybody's business.
const CRATES: &[(&str, &[&str])] = &[("der", &["x509"]), ("subtle", &["*"]), ("zeroize", &["*"])];

/// Where a version may be compared: its own rows, the rows of suites, what a caller sets, and negotiation.
const RANKS: &[&str] = &[
    "profile.rs",
    "suite.rs",
    "config.rs",
    "session/versions.rs",
    "handshake/client_hello.rs",
    "handshake/hello.rs",
    "handshake/server_hello.rs",
];

/// Where the name of an alert may stand: the catalogue, its mapping to statuses, the two warnings that are no
/// fault and what is received (engine), and SSLSetError (session).
const ALERTS: &[&str] = &["fault.rs", "status.rs", "engine.rs", "session/call.rs"];

/// Rooms whose `mod.rs` holds the room's central types and not only its front door.
const CENTRAL: &[&str] = &["handshake/mod.rs", "session/mod.rs"];

/// Matches over every fault: tables in the shape of a function.
const TABLES: &[&str] = &["pub fn alert(self)", "pub fn of_fault("];

const FRONT_DOOR: usize = 120;
const FILE: usize = 700;
const FUNCTION: usize = 60;

struct Source {
    /// Path below the folder that was read.
    name: String,
    /// The whole text.
    text: String,
    /// Without comments, strings and tests.
    code: String,
}

impl Source {
    /// The room it belongs to.
    fn room(&self) -> &str {
        let first = self.name.split('/').next().unwrap();
        first.strip_suffix(".rs").unwrap_or(first)
    }

    fn is(&self, names: &[&str]) -> bool {
        names.contains(&self.name.as_str())
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

fn collect(folder: &Path, base: &Path, out: &mut Vec<Source>) {
    let mut entries: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            if path.file_name().is_some_and(|name| name != "target") {
                collect(&path, base, out);
            }
        } else if path.extension().is_some_and(|e| e == "rs") {
            let text = fs::read_to_string(&path).unwrap();
            let name = path.strip_prefix(base).unwrap().to_str().unwrap().replace('\\', "/");
            let code = bare(text.split("#[cfg(test)]\nmod tests").next().unwrap());
            out.push(Source { name, text, code });
        }
    }
}

fn core() -> Vec<Source> {
    let folder = root().join("rust/core/src");
    let mut out = Vec::new();
    collect(&folder, &folder, &mut out);
    assert!(out.len() > 40, "only {} files were found", out.len());
    out
}

/// The code without line comments and string contents.
fn bare(text: &str) -> String {
    let mut out = String::new();
    for line in text.lines() {
        let mut in_string = false;
        let mut chars = line.chars().peekable();
        while let Some(c) = chars.next() {
            match c {
                '\\' if in_string => drop(chars.next()),
                '"' => in_string = !in_string,
                '\'' if !in_string && chars.peek() == Some(&'"') => drop(chars.next()),
                '/' if !in_string && chars.peek() == Some(&'/') => break,
                _ if !in_string => out.push(c),
                _ => {}
            }
        }
        out.push('\n');
    }
    out
}

/// Every path in the code as its identifiers, `a::b::c` once, from each identifier that has no `::` before it.
fn paths(code: &str) -> Vec<Vec<&str>> {
    let bytes = code.as_bytes();
    let is_word = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    let mut out = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        if !is_word(bytes[at]) {
            at += 1;
            continue;
        }
        let mut path = Vec::new();
        loop {
            let from = at;
            while at < bytes.len() && is_word(bytes[at]) {
                at += 1;
            }
            path.push(&code[from..at]);
            let more = code[at..].starts_with("::") && bytes.get(at + 2).copied().is_some_and(is_word);
            if !more {
                break;
            }
            at += 2;
        }
        out.push(path);
    }
    out
}

/// A path of the file behind `crate::`, or nothing if it leads elsewhere.
fn resolved(source: &Source, path: &[&str]) -> Option<String> {
    let mut place: Vec<&str> = source.name.trim_end_matches(".rs").split('/').collect();
    if place.last() == Some(&"mod") {
        place.pop();
    }
    let mut rest = path;
    match rest.first() {
        Some(&"crate") => {
            rest = &rest[1..];
            place.clear();
        }
        Some(&"super") => {
            while rest.first() == Some(&"super") {
                rest = &rest[1..];
                place.pop();
            }
        }
        _ => return None,
    }
    place.extend(rest);
    // What is no room is a name of the file itself, seen from a module within it.
    let room = place.first().is_some_and(|first| FLOORS.iter().any(|(name, _)| name == first));
    room.then(|| place.join("::"))
}

fn within(path: &str, prefix: &str) -> bool {
    path == prefix || path.strip_prefix(prefix).is_some_and(|rest| rest.starts_with("::"))
}

#[test]
fn rooms_import_only_from_below() {
    let mut broken = Vec::new();
    let mut used = BTreeSet::new();
    for source in core().iter().filter(|s| s.name != "lib.rs") {
        let room = source.room();
        let floor = FLOORS.iter().find(|(name, _)| *name == room);
        let (_, allowed) = floor.unwrap_or_else(|| panic!("{room} is not in the table of floors"));
        assert!(!source.code.contains("crate::{"), "{}: one `use` line for each room", source.name);
        for path in paths(&source.code) {
            let Some(path) = resolved(source, &path) else { continue };
            let fits = allowed.iter().find(|prefix| within(&path, prefix));
            if let Some(prefix) = fits {
                used.insert((room.to_string(), *prefix));
            } else if !within(&path, room) {
                broken.push(format!("{} imports {path}", source.name));
            }
        }
    }
    assert!(broken.is_empty(), "imports through a wall:\n{}", broken.join("\n"));
    assert!(used.len() > 40, "the reader of imports sees too little: {used:?}");
}

#[test]
fn crates_are_named_in_their_rooms_only() {
    let manifest = fs::read_to_string(root().join("rust/core/Cargo.toml")).unwrap();
    let section = manifest.split("[dependencies]").nth(1).unwrap().split("\n[").next().unwrap();
    let names = section.lines().filter_map(|line| line.split(['.', ' ', '=']).next());
    let crates: Vec<String> = names.filter(|n| !n.is_empty()).map(|n| n.replace('-', "_")).collect();
    assert!(crates.iter().any(|name| name == "aws_lc_rs"), "{crates:?}");
    let mut seen = BTreeSet::new();
    for source in core() {
        for path in paths(&source.code) {
            let Some(name) = crates.iter().find(|name| *name == path[0] && path.len() > 1) else { continue };
            let rooms = CRATES.iter().find(|(c, _)| c == name).map_or(&["crypto"][..], |(_, rooms)| *rooms);
            let fits = rooms.contains(&"*") || rooms.contains(&source.room());
            assert!(fits, "{} names {name}, which only {rooms:?} may", source.name);
            seen.insert(name.clone());
        }
    }
    assert!(seen.contains("aws_lc_rs") && seen.contains("der"), "{seen:?}");
}

#[test]
fn versions_are_compared_in_negotiation_only() {
    for source in core().iter().filter(|s| !s.is(RANKS)) {
        for path in paths(&source.code) {
            let names = path.contains(&"Rank");
            assert!(!names, "{} names a rank; ask the profile for the behaviour instead", source.name);
        }
        for field in [".rank", ".ranks", ".bounds"] {
            let mut hits = source.code.match_indices(field);
            let whole = |(at, _): (usize, &str)| {
                let next = source.code[at + field.len()..].chars().next();
                !next.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == '(')
            };
            assert!(!hits.any(whole), "{} looks at {field}", source.name);
        }
        for operator in ["==", "!=", "<", ">", "<=", ">="] {
            for version in ["WireVersion", "profile.wire", "version.0"] {
                let after = format!("{operator} {version}");
                assert!(!source.code.contains(&after), "{} compares a version: {after}", source.name);
            }
        }
    }
}

#[test]
fn status_numbers_stand_in_one_file() {
    for source in core().iter().filter(|s| s.name != "status.rs") {
        for prefix in ["-98", "-909", "-50,", "-50)", "-50;"] {
            assert!(!source.code.contains(prefix), "{} holds a status number {prefix}", source.name);
        }
        // The reasons of a verdict carry errSec numbers of their own.
        let judges = source.name == "x509/reason.rs";
        assert!(judges || !source.code.contains("-678"), "{} holds an errSec number", source.name);
    }
    let status = core().into_iter().find(|s| s.name == "status.rs").unwrap();
    assert!(status.code.contains("-9800") && status.code.contains("-909"));
}

#[test]
fn alerts_are_chosen_in_the_catalogue() {
    let mut named = 0;
    for source in core() {
        for path in paths(&source.code) {
            let at = path.iter().position(|part| *part == "Alert");
            let constant =
                at.and_then(|at| path.get(at + 1)).filter(|n| n.len() > 1 && n.to_uppercase() == **n);
            if let Some(constant) = constant {
                named += 1;
                assert!(source.is(ALERTS), "{} chooses the alert {constant}", source.name);
            }
        }
    }
    assert!(named > 50, "only {named} alerts were found");
}

/// `unsafe` stands in the crate that speaks C and in the one file that speaks to Python's buffers, and says why.
#[test]
fn unsafe_code_stands_in_two_places_and_gives_its_reason() {
    let lib = fs::read_to_string(root().join("rust/core/src/lib.rs")).unwrap();
    assert!(lib.contains("#![forbid(unsafe_code)]"));
    let mut sources = Vec::new();
    for folder in ["rust", "tests/rust", "benches"].map(|name| root().join(name)) {
        if folder.exists() {
            collect(&folder, &root(), &mut sources);
        }
    }
    let mut blocks = 0;
    for source in &sources {
        let code = bare(&source.text);
        let uses = paths(&code).iter().filter(|path| path == &&["unsafe"]).count();
        let may = source.name.starts_with("rust/awslc/") || source.name == "rust/py/src/buffer.rs";
        assert!(uses == 0 || may, "{} says unsafe", source.name);
        blocks += uses;
        let lines: Vec<&str> = source.text.lines().collect();
        for (i, _) in code.lines().enumerate().filter(|(_, line)| line.contains("unsafe {")) {
            let reasoned = lines[i.saturating_sub(8)..=i].iter().any(|line| line.contains("SAFETY"));
            assert!(reasoned, "{}:{} gives no reason", source.name, i + 1);
        }
    }
    assert!(blocks > 10, "only {blocks} uses were found");
}

/// The end of the program stops threads where they would ask for the interpreter again: all of that is in one file.
#[test]
fn the_interpreter_is_let_go_in_one_file() {
    let mut sources = Vec::new();
    collect(&root().join("rust/py/src"), &root(), &mut sources);
    let uses = |source: &Source| bare(&source.text).matches("py.detach(").count();
    for source in &sources {
        let may = source.name == "rust/py/src/exit.rs";
        assert!(
            may || uses(source) == 0,
            "{} lets the interpreter go by itself; exit::detach does it",
            source.name
        );
    }
    assert!(sources.iter().map(uses).sum::<usize>() >= 3);
}

#[test]
fn files_and_functions_stay_short_and_files_say_what_they_are() {
    for source in core() {
        assert!(source.text.starts_with("//!"), "{} does not say what it is", source.name);
        let lines: Vec<&str> = source.text.lines().collect();
        assert!(lines.len() <= FILE, "{} has {} lines", source.name, lines.len());
        if source.name.ends_with("mod.rs") && !source.is(CENTRAL) {
            assert!(lines.len() <= FRONT_DOOR, "{} has {} lines", source.name, lines.len());
        }
        for (start, length, name) in functions(&lines) {
            let table = TABLES.iter().any(|head| name.starts_with(head));
            assert!(table || length <= FUNCTION, "{}:{start} {name} has {length} lines", source.name);
        }
    }
}

/// First line, length and head of every function; the code is formatted, so a function ends at the first closing
/// brace that is as far in as its head.
fn functions<'a>(lines: &[&'a str]) -> Vec<(usize, usize, &'a str)> {
    let mut out = Vec::new();
    for (start, line) in lines.iter().enumerate() {
        let head = line.trim_start();
        let words: Vec<&str> = head.split_whitespace().take(4).collect();
        if !words.contains(&"fn") || head.starts_with("//") || line.ends_with(';') || line.ends_with('}') {
            continue;
        }
        let close = format!("{}}}", &line[..line.len() - head.len()]);
        let length = lines[start..].iter().position(|l| *l == close);
        out.push((start + 1, length.map_or(0, |n| n + 1), head));
    }
    out
}
