//! Instruction counts of code that works on secrets: one number for all inputs, valid or not.
//!
//! The test runs itself under `valgrind --tool=callgrind`, which dumps the count of every call of a counted
//! section. What is compared is public (the length of a modulus); everything else must not change the count. A
//! control that leaks on purpose shows that a difference would be seen. Without valgrind the test is skipped with
//! one line, in CI it fails.
#![allow(missing_docs, clippy::unwrap_used)]

use st_core::crypto::rsa::{PREMASTER, select_premaster};
use st_core::crypto::secret::Secret;
use std::collections::BTreeSet;
use std::fs;
use std::hint::black_box;
use std::path::Path;
use std::process::{Command, ExitCode};

/// One counted call: which subject it belongs to, whether all its counts must be one, and what is called.
struct Input {
    subject: String,
    constant: bool,
    bytes: Vec<u8>,
    call: fn(&[u8]) -> Secret,
}

const VERSIONS: [u16; 2] = [0x0303, 0x0301];

/// A block as the private operation gives it: `00 02`, padding without a zero, `00`, and the premaster.
fn block(size: usize) -> Vec<u8> {
    let mut block: Vec<u8> = (0..size).map(|i| (i % 255) as u8 + 1).collect();
    block[..2].copy_from_slice(&[0, 2]);
    block[size - PREMASTER - 1] = 0;
    block[size - PREMASTER..size - PREMASTER + 2].copy_from_slice(&[3, 3]);
    block
}

fn changed(size: usize, at: usize, to: u8) -> Vec<u8> {
    let mut block = block(size);
    block[at] = to;
    block
}

/// Valid blocks, blocks with one defect of every kind and at every place, and noise.
fn blocks(size: usize) -> Vec<Vec<u8>> {
    let separator = size - PREMASTER - 1;
    let mut out = vec![block(size), changed(size, separator + 2, 1), vec![0; size], vec![0xff; size]];
    out.extend([1, 2, 0xff].map(|to| changed(size, 0, to)));
    out.extend([0, 1, 3, 0xff].map(|to| changed(size, 1, to)));
    out.extend((2..separator).map(|at| changed(size, at, 0)));
    out.extend([1, 2, 0xff].map(|to| changed(size, separator, to)));
    out.extend([0, 1, 2, 4, 0xff].map(|to| changed(size, separator + 1, to)));
    out.extend([0, 2, 4, 0xff].map(|to| changed(size, separator + 2, to)));
    let mut state = 0x9e37_79b9_u32;
    let mut noise = || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state as u8
    };
    out.extend((0..20).map(|_| (0..size).map(|_| noise()).collect::<Vec<u8>>()));
    out
}

fn premaster(block: &[u8]) -> Secret {
    select_premaster(block, VERSIONS, &Secret::zeroed(PREMASTER))
}

/// What a careless check does: it stops at the first zero.
fn careless(block: &[u8]) -> Secret {
    let end = block.iter().skip(2).position(|byte| *byte == 0).unwrap_or(0);
    Secret::copy_of(&block[block.len() - PREMASTER - (end & 1)..][..PREMASTER])
}

fn inputs() -> Vec<Input> {
    let mut out = Vec::new();
    for bits in [512, 1024, 2048, 4096] {
        let subject = format!("premaster out of {bits} bits");
        out.extend(blocks(bits / 8).into_iter().map(|bytes| Input {
            subject: subject.clone(),
            constant: true,
            bytes,
            call: premaster,
        }));
    }
    out.extend((100..110).map(|at| Input {
        subject: "careless control".into(),
        constant: false,
        bytes: changed(256, at, 0),
        call: careless,
    }));
    out
}

/// Where counting begins and ends.
#[inline(never)]
fn counted_section(input: &Input) -> Secret {
    (input.call)(black_box(&input.bytes))
}

/// Calls that come first and are not compared: the allocator and the dynamic linker settle.
const WARM_UP: usize = 32;

/// What runs under callgrind.
fn subject() {
    let inputs = inputs();
    for input in inputs.iter().take(WARM_UP).chain(&inputs) {
        black_box(counted_section(black_box(input)));
    }
}

/// The counts of all calls in order. Callgrind writes one dump behind each call, and one at the end.
fn counts(folder: &Path) -> Vec<u64> {
    let out = folder.join("out");
    let status = Command::new("valgrind")
        .args(["--tool=callgrind", "--quiet", "--collect-atstart=no", "--compress-strings=no"])
        .args(["--toggle-collect=timing::counted_section", "--dump-after=timing::counted_section"])
        .arg(format!("--callgrind-out-file={}", out.display()))
        .arg(std::env::current_exe().unwrap())
        .arg("--subject")
        .status()
        .unwrap();
    assert!(status.success(), "valgrind failed: {status}");
    let mut counts = Vec::new();
    while let Ok(dump) = fs::read_to_string(out.with_extension((counts.len() + 1).to_string())) {
        let total = dump.lines().find_map(|line| line.strip_prefix("totals: "));
        counts.push(total.unwrap().trim().parse().unwrap());
    }
    counts
}

fn compare(counts: &[u64]) {
    let inputs = inputs();
    assert_eq!(counts.len(), WARM_UP + inputs.len(), "callgrind dumps behind every call");
    let counts = &counts[WARM_UP..];
    let subjects: BTreeSet<(&str, bool)> = inputs.iter().map(|i| (i.subject.as_str(), i.constant)).collect();
    for (subject, constant) in subjects {
        let of = inputs.iter().zip(counts).filter(|(input, _)| input.subject == subject);
        let seen: Vec<u64> = of.map(|(_, count)| *count).collect();
        let different: BTreeSet<u64> = seen.iter().copied().collect();
        println!("{subject}: {different:?} instructions over {} inputs", seen.len());
        assert!(seen.iter().all(|count| *count > 50), "{subject}: nothing was counted");
        assert_eq!(different.len() == 1, constant, "{subject}: {seen:?}");
    }
}

fn main() -> ExitCode {
    if std::env::args().any(|arg| arg == "--subject") {
        subject();
        return ExitCode::SUCCESS;
    }
    let in_ci = std::env::var_os("CI").is_some_and(|value| value == "true");
    if Command::new("valgrind").arg("--version").output().is_err() {
        println!("timing: skipped, valgrind is not installed");
        return if in_ci { ExitCode::FAILURE } else { ExitCode::SUCCESS };
    }
    let folder = std::env::temp_dir().join(format!("securetransport-timing-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    let counts = counts(&folder);
    fs::remove_dir_all(&folder).unwrap();
    compare(&counts);
    ExitCode::SUCCESS
}
