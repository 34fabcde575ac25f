//! Instruction counts of code that works on secrets: one number for all inputs, valid or not.
//!
//! The test runs itself under `valgrind --tool=callgrind`, which dumps the count of every call of a counted
//! section. What is named in a subject is public (the length of a modulus or a record, and in the end the verdict over
//! a record); nothing else may change the count. A control that leaks on purpose shows that a difference would be seen.
//! Nor does work on records take memory, from the C library's hands or through Rust's allocator. Without valgrind
//! the test is skipped with one line, in CI it fails.
#![allow(missing_docs, clippy::unwrap_used)]

use st_core::crypto::cbc::CbcEncryptor;
use st_core::crypto::record_mac::RecordMac;
use st_core::crypto::rsa::{PREMASTER, select_premaster};
use st_core::crypto::secret::Secret;
use st_core::profile::{self, CbcIv, CbcPadding, Framing, Rank};
use st_core::record::head::{Head, mac_header};
use st_core::record::protect::{Material, Opener, opener, sealer};
use st_core::suite::{self, Bulk};
use st_core::wire::ids::{ContentType, SuiteId};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::hint::black_box;
use std::path::Path;
use std::process::{Command, ExitCode};

/// One counted call: which subject it belongs to, and what is called.
struct Input {
    subject: String,
    call: Box<dyn FnMut() -> u64>,
}

/// How the names of subjects end that differ in their verdict. Two of the same name may differ in what follows it.
const RIGHT: &str = "right";
const WRONG: &str = "wrong";
const VERDICT: u64 = 12;

/// How the names of subjects begin that work on premasters.
const PREMASTERS: &str = "premaster";

/// How the names of subjects end whose records are refused before they are decrypted, or while they are.
const FORGED: &str = "forged";

/// The subject that leaks.
const CONTROL: &str = "careless control";

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

fn premasters(out: &mut Vec<Input>) {
    for bits in [512, 1024, 2048, 4096] {
        for bytes in blocks(bits / 8) {
            let call = move || u64::from(premaster(black_box(&bytes)).as_bytes()[0]);
            out.push(Input { subject: format!("{PREMASTERS} out of {bits} bits"), call: Box::new(call) });
        }
    }
    for at in 100..110 {
        let bytes = changed(256, at, 0);
        let call = move || u64::from(careless(black_box(&bytes)).as_bytes()[0]);
        out.push(Input { subject: CONTROL.into(), call: Box::new(call) });
    }
}

// --- records under a block cipher -----------------------------------------------------------------------

/// Keys and rules of one kind of record.
struct Kind {
    rank: Rank,
    suite: &'static suite::Suite,
    /// Whether the MAC stands outside (RFC 7366).
    outside: bool,
    /// Length of the ciphertext.
    length: usize,
}

const KEY: &[u8; 32] = b"three different keys for 3DES..."; // which refuses equal ones
const MAC_KEY: [u8; 48] = [5; 48];
const IV: [u8; 16] = [9; 16];

impl Kind {
    fn profile(&self) -> &'static profile::Profile {
        profile::by_rank(Framing::Stream, self.rank).unwrap()
    }

    fn key_len(&self) -> usize {
        self.suite.mac.unwrap().len()
    }

    /// Bytes of MAC within the ciphertext.
    fn tag(&self) -> usize {
        if self.outside { 0 } else { self.key_len() }
    }

    fn block(&self) -> usize {
        let Bulk::Cbc(cipher) = self.suite.bulk else { panic!("no block cipher") };
        cipher.block_len()
    }

    fn name(&self) -> String {
        let order = if self.outside { ", MAC outside" } else { "" };
        format!("{} at {:?}{order}, {} bytes", self.suite.name, self.rank, self.length)
    }

    fn head(&self, len: usize) -> Head {
        Head::new(ContentType::APPLICATION_DATA, self.profile().wire, len)
    }

    fn opener(&self) -> Opener {
        let profile = self.profile();
        opener(profile, self.suite, material(profile, self.suite, self.outside)).unwrap()
    }

    /// The tag over what stands in front of it.
    fn tag_over(&self, content: &[u8]) -> Vec<u8> {
        let mac = RecordMac::new(self.suite.mac.unwrap(), self.profile().mac, &MAC_KEY[..self.key_len()]);
        let (header, used) = mac_header(self.profile().mac, 0, &self.head(0), content.len());
        mac.tag(&header[..used], content).as_bytes().to_vec()
    }

    /// Plaintext, its right tag where it goes inside, and a right padding of this length.
    fn decrypted(&self, padding: usize) -> Vec<u8> {
        let mut data = vec![0x5a; self.length - self.tag() - padding - 1];
        if !self.outside {
            data.extend(self.tag_over(&data));
        }
        data.resize(self.length, padding as u8);
        data
    }

    /// The body of the record that decrypts to this.
    fn sealed(&self, data: &[u8]) -> Vec<u8> {
        let Bulk::Cbc(cipher) = self.suite.bulk else { panic!("no block cipher") };
        let iv = &IV[..cipher.block_len()];
        let mut text = data.to_vec();
        let key = CbcEncryptor::new(cipher, &KEY[..cipher.key_len()]).unwrap();
        key.encrypt(iv, &mut text).unwrap();
        let mut body = if self.profile().iv == CbcIv::Chained { text } else { [iv, &text].concat() };
        if self.outside {
            body.extend(self.tag_over(&body));
        }
        body
    }

    /// Bodies whose outer tag is wrong at each of its places, or whose ciphertext is.
    fn forged(&self) -> Vec<Vec<u8>> {
        let body = self.sealed(&self.decrypted(3));
        let places = (0..body.len())
            .filter(|at| at + 2 * self.key_len() > body.len() || at % (body.len() / 64 + 1) == 0);
        let flip = |at: usize| {
            let mut body = body.clone();
            body[at] ^= 0x11;
            body
        };
        places.map(flip).collect()
    }

    /// Everything that can be right or wrong about a decrypted record of this length.
    fn variants(&self) -> (Vec<Vec<u8>>, Vec<Vec<u8>>) {
        let last = self.length - 1;
        let longest = (last - self.tag()).min(255);
        let right: Vec<usize> = match self.profile().padding {
            CbcPadding::All => (0..=longest).collect(),
            CbcPadding::Length => (0..self.block()).collect(),
        };
        let good: Vec<Vec<u8>> = right.iter().map(|padding| self.decrypted(*padding)).collect();
        let mut bad = vec![vec![0; self.length], vec![0xff; self.length], vec![0x10; self.length]];
        for data in good.iter().step_by(5) {
            let padding = usize::from(data[last]);
            let end = last - padding;
            // The tag's first and last byte, the plaintext's first, and each end of the padding.
            let mut places = if self.outside { vec![] } else { vec![end - self.tag(), end - 1, 0] };
            if self.profile().padding == CbcPadding::All && padding > 0 {
                places.extend([end, last - 1]);
            }
            for at in places {
                let mut data = data.clone();
                data[at] ^= 1;
                bad.push(data);
            }
        }
        // A length of padding that the record does not have, from any start.
        for claimed in (0..=255).step_by(3) {
            let mut data = self.decrypted(3);
            data[last] = claimed;
            if claimed != 3 {
                bad.push(data);
            }
        }
        if self.outside {
            bad.retain(|data| !is_padded(data)); // without a tag the padding is all that can be wrong
        }
        (good, bad)
    }
}

/// Whether the padding is right, in as long as it takes.
fn is_padded(data: &[u8]) -> bool {
    let padding = data[data.len() - 1];
    let mut end = data.iter().rev().take(usize::from(padding) + 1);
    usize::from(padding) < data.len() && end.all(|byte| *byte == padding)
}

/// Room for some paddings, and for all; more where the code is optimised as it ships (`.ci/icount`).
const LENGTHS: &[usize] = if cfg!(debug_assertions) { &[80] } else { &[80, 256, 320, 1104] };

/// The longest ciphertext of a record, for one kind.
const LONGEST: usize = 16_384 + 32;

const KINDS: [(Rank, u16, bool); 12] = [
    (Rank::Tls12, 0x002f, false),
    (Rank::Tls12, 0x003c, false),
    (Rank::Tls12, 0x003d, false),
    (Rank::Tls12, 0xc028, false),
    (Rank::Tls12, 0x000a, false),
    (Rank::Tls11, 0x0035, false),
    (Rank::Tls10, 0x000a, false),
    (Rank::Ssl3, 0x0035, false),
    (Rank::Ssl3, 0x000a, false),
    (Rank::Tls10, 0x002f, true),
    (Rank::Tls12, 0x003c, true),
    (Rank::Tls12, 0xc028, true),
];

fn records(out: &mut Vec<Input>) {
    for (rank, number, outside) in KINDS {
        let suite = suite::by_id(SuiteId(number)).unwrap();
        let longest = (!cfg!(debug_assertions) && number == 0x002f).then_some(LONGEST);
        for length in LENGTHS.iter().copied().chain(longest) {
            let kind = Kind { rank, suite, outside, length };
            let name = kind.name();
            let (good, bad) = kind.variants();
            for (right, data) in good.iter().map(|d| (true, d)).chain(bad.iter().map(|d| (false, d))) {
                let verdict = if right { RIGHT } else { WRONG };
                opening(out, &kind, format!("{name}, {verdict}"), kind.sealed(data), right);
            }
            if outside {
                for body in kind.forged() {
                    opening(out, &kind, format!("{name}, {FORGED}"), body, false);
                }
            }
        }
    }
}

fn opening(out: &mut Vec<Input>, kind: &Kind, subject: String, mut body: Vec<u8>, right: bool) {
    let (mut opener, head) = (kind.opener(), kind.head(body.len()));
    let call = move || {
        let opened = opener.open(0, &head, black_box(&mut body));
        assert_eq!(opened.is_ok(), right);
        0
    };
    out.push(Input { subject, call: Box::new(call) });
}

// --- the other forms, and sealing -----------------------------------------------------------------------

/// Streams and our AEADs: damage at every place of the tag and at some in front of it.
const OTHERS: [(Rank, u16, bool); 7] = [
    (Rank::Ssl3, 0x0004, false),
    (Rank::Ssl3, 0x0005, false),
    (Rank::Tls10, 0x0005, false),
    (Rank::Tls12, 0x0004, false),
    (Rank::Tls12, 0x003b, false),
    (Rank::Tls12, 0xc09c, false),
    (Rank::Tls12, 0xc0a1, false),
];

/// Plaintext of these records: more than a block of any hash.
const PLAIN: usize = 150;

fn material(profile: &profile::Profile, suite: &suite::Suite, outside: bool) -> Material<'static> {
    Material {
        mac: &MAC_KEY[..suite.mac.map_or(0, |mac| mac.len())],
        key: &KEY[..suite.bulk.key_len()],
        iv: &IV[..suite.bulk.fixed_iv(profile.iv)],
        encrypt_then_mac: outside,
    }
}

fn others(out: &mut Vec<Input>) {
    for (rank, number, outside) in OTHERS {
        let (profile, suite) = rows(rank, number);
        let material = material(profile, suite, outside);
        let mut sealed = sealer(profile, suite, material).unwrap();
        let mut body = vec![0; sealed.sealed_len(PLAIN)];
        let head = Head::new(ContentType::APPLICATION_DATA, profile.wire, body.len());
        sealed.seal(0, &head, &[0x5a; PLAIN], &mut body).unwrap();
        let damage = (0..body.len()).filter(|at| at % 7 == 0 || at + 48 > body.len());
        for at in damage.map(Some).chain([None]) {
            let mut body = body.clone();
            if let Some(at) = at {
                body[at] ^= 0x10;
            }
            let mut opener = opener(profile, suite, material).unwrap();
            let verdict = if at.is_none() { "intact" } else { FORGED };
            let subject = format!("{} at {rank:?}, {verdict}", suite.name);
            let call = move || {
                let opened = opener.open(0, &head, black_box(&mut body));
                assert_eq!(opened.is_ok(), at.is_none());
                0
            };
            out.push(Input { subject, call: Box::new(call) });
        }
    }
}

fn sealing(out: &mut Vec<Input>) {
    for (rank, number, outside) in KINDS.into_iter().chain(OTHERS) {
        let (profile, suite) = rows(rank, number);
        for byte in [0, 0x5a, 0xff] {
            let mut sealer = sealer(profile, suite, material(profile, suite, outside)).unwrap();
            let mut body = vec![0; sealer.sealed_len(PLAIN)];
            let head = Head::new(ContentType::APPLICATION_DATA, profile.wire, body.len());
            let order = if outside { ", MAC outside" } else { "" };
            let subject = format!("{} at {rank:?}{order}, sealing", suite.name);
            let call = move || {
                sealer.seal(0, &head, black_box(&[byte; PLAIN]), &mut body).unwrap();
                0
            };
            out.push(Input { subject, call: Box::new(call) });
        }
    }
}

fn rows(rank: Rank, number: u16) -> (&'static profile::Profile, &'static suite::Suite) {
    (profile::by_rank(Framing::Stream, rank).unwrap(), suite::by_id(SuiteId(number)).unwrap())
}

fn inputs() -> Vec<Input> {
    let mut out = Vec::new();
    premasters(&mut out);
    records(&mut out);
    others(&mut out);
    sealing(&mut out);
    out
}

/// Where counting begins and ends.
#[inline(never)]
fn counted_section(input: &mut Input) -> u64 {
    (input.call)()
}

/// Calls that come first and are not compared, one of each subject and some more: the allocator and the dynamic linker
/// settle, and the C library looks at the processor.
fn warm_up(inputs: &mut [Input]) -> Vec<&mut Input> {
    let mut seen = BTreeSet::new();
    inputs
        .iter_mut()
        .enumerate()
        .filter(|(n, i)| seen.insert(i.subject.clone()) || *n < 32)
        .map(|(_, i)| i)
        .collect()
}

/// What runs under callgrind.
fn subject() {
    // Nothing is made or dropped between two calls, so that the allocator answers all of them alike.
    let (mut first, mut all) = (inputs(), inputs());
    for input in warm_up(&mut first).into_iter().chain(&mut all) {
        black_box(counted_section(black_box(input)));
    }
}

/// What one call did.
struct Count {
    instructions: u64,
    /// Whether memory was asked of the C library, which is also where Rust takes it from.
    allocates: bool,
}

/// As the names of functions in a dump say it.
const ALLOCATORS: [&str; 4] = ["malloc", "calloc", "realloc", "posix_memalign"];

/// The counts of all calls in order. Callgrind writes one dump behind each call, and one at the end.
fn counts(folder: &Path) -> Vec<Count> {
    let out = folder.join("out");
    let status = Command::new("valgrind")
        .args(["--tool=callgrind", "--quiet", "--collect-atstart=no", "--dump-line=no"])
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
        let instructions = total.unwrap().trim().parse().unwrap();
        let names = dump.lines().filter_map(|line| line.split_once(") ").map(|(_, name)| name));
        let allocates = names.into_iter().any(|name| ALLOCATORS.contains(&name));
        counts.push(Count { instructions, allocates });
    }
    counts
}

fn compare(counts: &[Count]) {
    let mut inputs = inputs();
    let first = warm_up(&mut inputs).len();
    assert_eq!(counts.len(), first + inputs.len(), "callgrind dumps behind every call");
    let counts = &counts[first..];
    let mut seen: BTreeMap<&str, BTreeMap<u64, usize>> = BTreeMap::new();
    for (input, count) in inputs.iter().zip(counts) {
        *seen.entry(&input.subject).or_default().entry(count.instructions).or_default() += 1;
        // A premaster is kept in memory of its own; records are worked on where they are.
        let may = input.subject.starts_with(PREMASTERS) || input.subject == CONTROL;
        assert_eq!(count.allocates, may, "{}: memory was taken", input.subject);
    }
    let mut leaks = Vec::new();
    for (subject, counts) in &seen {
        println!("{subject}: {counts:?} (instructions: inputs)");
        assert!(counts.keys().all(|count| *count > 50), "{subject}: nothing was counted");
        if (counts.len() == 1) == (*subject == CONTROL) {
            leaks.push((*subject).to_string());
        }
        let other = subject.strip_suffix(RIGHT).map(|name| format!("{name}{WRONG}"));
        if let Some(other) = other.and_then(|other| seen.get(other.as_str())) {
            let (right, wrong) = (counts.keys().next().unwrap(), other.keys().next().unwrap());
            if right.abs_diff(*wrong) > VERDICT {
                leaks.push(format!("{subject} or wrong"));
            }
        }
    }
    assert!(leaks.is_empty(), "the count tells: {leaks:#?}");
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
