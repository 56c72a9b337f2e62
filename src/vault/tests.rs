//! What every vault promises, asked of each of them.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::HashSet;

use super::{Code, Entry, Owner, Request, Vault, VaultError};
use crate::identifier::Label;
use crate::secret::{Key, Keyring};

/// What must not be seen in any message.
pub(super) const MARKER: &str = "zeppelina";

/// The ring that vaults under test are opened with.
pub(super) fn keys() -> Keyring {
    Keyring::of(Key::parse(&"7a".repeat(32)).unwrap())
}

/// A ring that opens none of them.
pub(super) fn other_keys() -> Keyring {
    Keyring::of(Key::parse(&"7b".repeat(32)).unwrap())
}

/// A request of the whole corpus.
pub(super) fn name(content: &str) -> Request<'_> {
    Request { scope: None, owner: Owner::Corpus, label: Label::Name, flags: 0, content }
}

/// The codes of `requests`.
pub(super) fn exchange(vault: &dyn Vault, requests: &[Request<'_>]) -> Vec<Code> {
    let mut codes = Vec::new();
    vault.exchange(requests, &mut codes).unwrap();
    assert_eq!(codes.len(), requests.len());
    codes
}

/// What stands behind `codes`.
pub(super) fn open(vault: &dyn Vault, codes: &[Code]) -> Vec<Option<Entry>> {
    let mut entries = Vec::new();
    vault.open(codes, &mut entries).unwrap();
    assert_eq!(entries.len(), codes.len());
    entries
}

/// Asks all of a vault that holds nothing and was opened with [`keys`].
pub(super) fn contract(vault: &dyn Vault) {
    empty(vault);
    let requests = requests();
    let codes = equal_values_share_a_code(vault, &requests);
    codes_open(vault, &requests, &codes);
    counts(vault, &requests);
    rotates(vault, &codes);
    shreds(vault, &requests, &codes);
}

/// Copies `from` into what `new` makes; every copy that is not whole is refused, and leaves nothing.
pub(super) fn copies<V: Vault>(from: &V, new: &dyn Fn() -> V) {
    let requests = requests();
    let codes = exchange(from, &requests);
    let mut copy = Vec::new();
    assert_eq!(from.export(&mut copy).unwrap(), 9);
    assert!(!String::from_utf8_lossy(&copy).contains(MARKER));

    let into = new();
    assert_eq!(into.import(&mut copy.as_slice()).unwrap(), 9);
    codes_open(&into, &requests, &codes);
    assert!(exchange(&into, &requests) == codes, "the same codes for the same values");
    assert_eq!(into.scope_tag(Some(&[1; 32])), from.scope_tag(Some(&[1; 32])));
    assert_eq!(into.stats().unwrap().entries, from.stats().unwrap().entries);
    assert!(matches!(into.import(&mut copy.as_slice()), Err(VaultError::NotEmpty)));

    let into = new();
    let refused = |copy: &[u8], why: &str| {
        let error = into.import(&mut &*copy).err().unwrap_or_else(|| panic!("{why}"));
        assert!(!error.to_string().contains(MARKER) && !format!("{error:?}").contains(MARKER));
        assert_eq!(into.stats().unwrap().entries.iter().sum::<u64>(), 0, "{why}");
        assert_eq!(into.stats().unwrap().owners, [0; 3], "{why}");
    };
    for cut in [0, 1, 50, copy.len() / 2, copy.len() - 2, copy.len() - 1] {
        refused(&copy[..cut], "cut off");
    }
    let lines: Vec<&str> = std::str::from_utf8(&copy).unwrap().lines().collect();
    for without in 0..lines.len() {
        let rest: Vec<&str> = lines.iter().enumerate().filter(|(n, _)| *n != without).map(|(_, line)| *line).collect();
        refused((rest.join("\n") + "\n").as_bytes(), "a line is missing");
    }
    refused(&[copy.as_slice(), b"\n"].concat(), "more after the end");
    for at in (0..copy.len()).step_by(7) {
        let mut wrong = copy.clone();
        wrong[at] = if wrong[at] == b'0' { b'4' } else { b'0' };
        refused(&wrong, "changed");
    }
    // An empty vault that refused copies is as good as any.
    assert_eq!(into.import(&mut copy.as_slice()).unwrap(), 9);
    codes_open(&into, &requests, &codes);
}

/// Eleven, of which nine differ.
fn requests() -> Vec<Request<'static>> {
    let patient = |n| Owner::Patient([n; 32]);
    let of = |scope, owner, label, flags, content| Request { scope, owner, label, flags, content };
    vec![
        name("Ada zeppelina"),
        of(Some([1; 32]), Owner::Corpus, Label::Name, 0, "Ada zeppelina"),
        of(Some([2; 32]), Owner::Corpus, Label::Name, 0, "Ada zeppelina"),
        of(None, patient(1), Label::Name, 0, "Ada zeppelina"),
        of(None, patient(1), Label::Mrn, 0, "Ada zeppelina"),
        of(None, patient(1), Label::Mrn, 3, "Ada zeppelina"),
        of(None, patient(2), Label::Date, 0, "03/04/2019"),
        of(Some([1; 32]), Owner::Session([1; 32]), Label::OrgOk, 255, ""),
        name("Ada zeppelina"),
        of(None, patient(1), Label::Mrn, 3, "Ada zeppelina"),
        of(None, Owner::Corpus, Label::Street, 0, "Zürcherstraße 7 zeppelina, über dem Bäcker \u{1f950}"),
    ]
}

fn empty(vault: &dyn Vault) {
    let stats = vault.stats().unwrap();
    assert_eq!((stats.entries.iter().sum::<u64>(), stats.owners), (0, [0; 3]));
    assert_eq!(stats.key, keys().current().id());
    assert!(open(vault, &[Code::new(1).unwrap()])[0].is_none());
    assert!(exchange(vault, &[]).is_empty() && open(vault, &[]).is_empty());
    assert_eq!(vault.shred(Owner::Corpus).unwrap(), 0);
}

fn equal_values_share_a_code(vault: &dyn Vault, requests: &[Request<'_>]) -> Vec<Code> {
    // What stands in `out` before stays.
    let mut codes = vec![Code::new(5).unwrap()];
    vault.exchange(requests, &mut codes).unwrap();
    assert!(codes.remove(0).number() == 5);
    assert!(codes[8] == codes[0] && codes[9] == codes[5]);
    assert_eq!(codes.iter().collect::<HashSet<_>>().len(), 9);
    assert!(exchange(vault, requests) == codes);
    let one_by_one: Vec<Code> =
        requests.iter().map(|request| exchange(vault, std::slice::from_ref(request))[0]).collect();
    assert!(one_by_one == codes);
    codes
}

fn codes_open(vault: &dyn Vault, requests: &[Request<'_>], codes: &[Code]) {
    let unknown = (0..).filter_map(Code::new).find(|code| !codes.contains(code)).unwrap();
    let mut asked = codes.to_vec();
    asked.insert(3, unknown);
    let mut entries = open(vault, &asked);
    assert!(entries.remove(3).is_none());
    for (row, (entry, request)) in entries.iter().zip(requests).enumerate() {
        let entry = entry.as_ref().unwrap();
        assert_eq!(entry.content.as_str(), request.content, "{row}");
        assert_eq!((entry.label, entry.flags), (request.label, request.flags), "{row}");
        assert_eq!(entry.scope, vault.scope_tag(request.scope.as_ref()), "{row}");
        assert!(!format!("{entry:?}{request:?}").contains(MARKER));
    }
    let mut labels = Vec::new();
    vault.known(&asked, &mut labels).unwrap();
    assert!(labels.remove(3).is_none());
    assert!(labels.iter().zip(requests).all(|(label, request)| *label == Some(request.label)));
    assert!(vault.scope_tag(None) != vault.scope_tag(Some(&[0; 32])));
}

fn counts(vault: &dyn Vault, requests: &[Request<'_>]) {
    let stats = vault.stats().unwrap();
    let of = |label: Label| stats.entries[label as usize];
    assert_eq!(
        [of(Label::Name), of(Label::Mrn), of(Label::Date), of(Label::OrgOk), of(Label::Street)],
        [4, 2, 1, 1, 1]
    );
    assert_eq!(stats.entries.iter().sum::<u64>(), requests.len() as u64 - 2);
    assert_eq!(stats.owners, [1, 2, 1]);
    sound(vault, 9);
}

/// Holds that many entries, and nothing is wrong with them.
pub(super) fn sound(vault: &dyn Vault, entries: u64) {
    let mut last = 0;
    let found = vault.verify(&mut |seen| last = seen).unwrap();
    assert_eq!((found.sound, found.damaged, found.lost, last), (entries, 0, 0, entries));
}

fn rotates(vault: &dyn Vault, codes: &[Code]) {
    match vault.rotate(&other_keys()) {
        Err(VaultError::WrongKey { needed, .. }) => assert_eq!(needed, keys().current().id()),
        other => panic!("{other:?}"),
    }
    assert_eq!(vault.rotate(&keys()).unwrap(), 5);
    assert!(open(vault, codes).iter().all(Option::is_some));
}

fn shreds(vault: &dyn Vault, requests: &[Request<'_>], codes: &[Code]) {
    assert_eq!(vault.shred(Owner::Patient([9; 32])).unwrap(), 0);
    assert_eq!(vault.shred(Owner::Patient([1; 32])).unwrap(), 3);
    let gone = [3, 4, 5, 9];
    for (row, entry) in open(vault, codes).iter().enumerate() {
        assert_eq!(entry.is_none(), gone.contains(&row), "{row}");
    }
    let mut labels = Vec::new();
    vault.known(codes, &mut labels).unwrap();
    assert!(labels.iter().enumerate().all(|(row, label)| label.is_none() == gone.contains(&row)));
    let stats = vault.stats().unwrap();
    assert_eq!((stats.entries.iter().sum::<u64>(), stats.owners), (6, [1, 1, 1]));
    sound(vault, 6);
    assert_eq!(vault.shred(Owner::Patient([1; 32])).unwrap(), 0);

    let again = exchange(vault, requests);
    for row in 0..requests.len() {
        assert_eq!(again[row] == codes[row], !gone.contains(&row), "{row}");
    }
    assert!(open(vault, &again).iter().all(Option::is_some));
    assert!(open(vault, codes)[3].is_none());
    sound(vault, 9);
}
