//! Names in what programs write: `user will has expired`, `author=gobuya`, `C:\scan\banks.pdf`.
//!
//! There a name stands without capitals, and often is a word (`will`, `banks`); what stands around it tells it.

use memchr::{memchr_iter, memmem};

use super::{Marks, View};
use crate::detect::dictionary::Entry;
use crate::detect::token::{Gap, Kind};
use crate::finding::Source;
use crate::identifier::Label;

impl View<'_> {
    /// Looks only where such words and marks are.
    pub(super) fn logged(&self, marks: &mut Marks) {
        let bytes = self.text.as_bytes();
        if self.text.len() < 8 {
            return;
        }
        for at in memmem::find_iter(bytes, b"user ") {
            self.user(self.at(at), marks);
        }
        for at in memchr_iter(b'=', bytes) {
            self.pair(self.at(at), marks);
        }
        for at in memchr_iter(b'.', bytes) {
            let rest = bytes.get(at + 1..).unwrap_or_default();
            let length = rest.iter().take_while(|b| b.is_ascii_alphanumeric()).count();
            let extension = rest.get(..length).unwrap_or_default();
            self.dotted(at, marks);
            if EXTENSIONS.iter().any(|known| extension.eq_ignore_ascii_case(known.as_bytes())) {
                self.file(self.at(at), marks);
            }
        }
    }

    /// The token that begins at that byte.
    pub(super) fn at(&self, byte: usize) -> usize {
        self.sequence.tokens.partition_point(|token| (token.start as usize) < byte)
    }

    /// `user grant has been locked`: a verb behind it makes a name of the word.
    fn user(&self, i: usize, marks: &mut Marks) {
        if self.str(i) == "user"
            && self.near(i + 1)
            && self.near(i + 2)
            && self.token(i + 1).is_some_and(|token| token.kind == Kind::Word)
            && self.is_name(i + 1)
            && !self.any(i + 1, &NOT_USERS)
            && self.any(i + 2, &VERBS)
        {
            marks.push((i + 1, i + 1, Label::Name, Source::Cue));
        }
    }

    /// `author=gobuya`, `last_nm='OSGOOD'`.
    fn pair(&self, i: usize, marks: &mut Marks) {
        let Some(before) = i.checked_sub(1) else { return };
        let weak = self.any(before, &WEAK_KEYS);
        if self.str(i) != "=" || !self.glued(i) || !weak && !self.any(before, &KEYS) {
            return;
        }
        let mut from = i + 1;
        let quote = Some(self.str(from)).filter(|mark| matches!(*mark, "'" | "\""));
        from += usize::from(quote.is_some());
        let mut to = from;
        while to < from + 8 && self.token(to).is_some_and(|token| matches!(token.kind, Kind::Word | Kind::Code)) {
            // Further words: joined by marks that names have, or up to the closing quote.
            let joined =
                self.glued(to + 1) && self.glued(to + 2) && matches!(self.str(to + 1), "." | "-" | "_" | "+" | "%");
            let quoted = quote.is_some() && self.near(to + 1);
            match () {
                () if joined => to += 2,
                () if quoted && self.token(to + 1).is_some_and(|token| token.kind == Kind::Word) => to += 1,
                () => break,
            }
        }
        let word = self.token(from).is_some_and(|token| token.kind == Kind::Word && self.str(from).len() > 1);
        let last = self.token(to).is_some_and(|token| matches!(token.kind, Kind::Word | Kind::Code));
        if word
            && last
            && (!weak || self.is_name(from))
            && !(from == to && self.any(from, &NOBODY))
            && (quote.is_some() || self.glued(from))
        {
            marks.push((from, to, Label::Name, Source::Cue));
        }
    }

    /// Who signs as logged in, around the full stop at that byte: `rec'd by a.long`, and no `e.coli`.
    fn dotted(&self, at: usize, marks: &mut Marks) {
        let byte = |at: usize| self.text.as_bytes().get(at).copied().unwrap_or(b' ');
        let Some(letter) = at.checked_sub(1).filter(|at| byte(*at).is_ascii_lowercase()) else { return };
        let alone = letter.checked_sub(1).is_none_or(|at| byte(at) == b' ' || byte(at) == b'\n');
        if !alone || !byte(at + 1).is_ascii_lowercase() {
            return;
        }
        let i = self.at(at);
        // Not that of an address, which is one token.
        if self.token(i).is_none_or(|stop| stop.start as usize != at) || !self.glued(i) || !self.glued(i + 1) {
            return;
        }
        let (Some(first), Some(word)) = (i.checked_sub(1), self.token(i + 1)) else { return };
        let ends =
            self.token(i + 2).is_none_or(|next| next.gap > Gap::None || matches!(self.str(i + 2), "," | ";" | ")"));
        let entry = self.entry(i + 1);
        let name =
            entry.last() > 3 && !self.is(i + 1, "coli") && !entry.any(Entry::DRUG.or(Entry::ABBREV).or(Entry::UNIT));
        if word.kind == Kind::Word && word.len() > 2 && ends && name {
            marks.push((first, i + 1, Label::Name, Source::Cue));
        }
    }

    /// Words that are names in what a file is called, `i` being the mark before its extension.
    fn file(&self, i: usize, marks: &mut Marks) {
        let mut at = i;
        while at > 0 && self.glued(at) && i - at < 16 {
            let part = self.token(at - 1).is_some_and(|token| match token.kind {
                Kind::Word | Kind::Code => true,
                Kind::Punct => matches!(self.str(at - 1), "_" | "-"),
                Kind::Web => false,
            });
            if !part {
                break;
            }
            at -= 1;
        }
        let words = at..i;
        // `see report.pdf` names no path; a lone word of a sentence is left alone.
        let path = at > 0 && self.glued(at) && matches!(self.str(at - 1), "/" | "\\" | "=" | "\"" | "'" | ":");
        if !path && words.len() < 2 {
            return;
        }
        for word in words {
            let plain = self.token(word).is_some_and(|token| token.kind == Kind::Word && token.end - token.start > 2);
            if plain && self.is_name(word) && self.is_frequent(word) && !self.any(word, &FILES) {
                marks.push((word, word, Label::Name, Source::Cue));
            }
        }
    }

    pub(super) fn glued(&self, i: usize) -> bool {
        self.token(i).is_some_and(|token| token.gap == Gap::None)
    }

    /// ... and many people are.
    fn is_frequent(&self, i: usize) -> bool {
        let entry = self.entry(i);
        entry.first() > 4 || entry.last() > 4
    }

    /// Whether people are called so, whatever else it may mean.
    fn is_name(&self, i: usize) -> bool {
        let entry = self.entry(i);
        entry.first() > 2 || entry.last() > 2
    }
}

/// What a user does, or what happens to one.
const VERBS: [&str; 34] = [
    "will",
    "has",
    "is",
    "was",
    "had",
    "logged",
    "signed",
    "locked",
    "unlocked",
    "failed",
    "opened",
    "viewed",
    "exported",
    "printed",
    "accessed",
    "deleted",
    "changed",
    "expired",
    "expires",
    "disabled",
    "enabled",
    "added",
    "removed",
    "created",
    "updated",
    "requested",
    "denied",
    "not",
    "from",
    "on",
    "at",
    "authenticated",
    "connected",
    "attempted",
];

/// What stands between `user` and a verb and is nobody.
const NOT_USERS: [&str; 32] = [
    "who", "that", "which", "and", "or", "has", "had", "is", "was", "are", "were", "can", "should", "must", "does",
    "did", "group", "session", "account", "role", "agent", "name", "id", "password", "profile", "data", "list", "home",
    "he", "she", "access", "guide",
];

/// Keys whose value is somebody.
const KEYS: [&str; 36] = [
    "user",
    "username",
    "usr",
    "uname",
    "login",
    "logon",
    "uid",
    "userid",
    "author",
    "owner",
    "operator",
    "actor",
    "patient",
    "pt",
    "ptname",
    "patientname",
    "lname",
    "fname",
    "lastname",
    "firstname",
    "surname",
    "maiden",
    "mother",
    "contact",
    "provider",
    "physician",
    "doctor",
    "nurse",
    "clerk",
    "requester",
    "caller",
    "prescriber",
    "attending",
    "subscriber",
    "guarantor",
    "spouse",
];

/// Keys whose value is somebody when it is a name: `last_nm` is read as `nm` after a mark.
const WEAK_KEYS: [&str; 9] = ["name", "nm", "by", "last", "first", "family", "given", "middle", "member"];

/// Values that are nobody.
const NOBODY: [&str; 26] = [
    "system",
    "admin",
    "root",
    "null",
    "none",
    "nil",
    "true",
    "false",
    "unknown",
    "anonymous",
    "guest",
    "self",
    "service",
    "default",
    "all",
    "any",
    "yes",
    "no",
    "asc",
    "desc",
    "test",
    "other",
    "daemon",
    "nobody",
    "na",
    "undefined",
];

/// Extensions of files that hold something of patients.
const EXTENSIONS: [&str; 30] = [
    "pdf", "doc", "docx", "rtf", "txt", "tif", "tiff", "jpg", "jpeg", "png", "bmp", "gif", "dcm", "csv", "tsv", "xls",
    "xlsx", "hl7", "xml", "json", "html", "eml", "msg", "wav", "mp3", "zip", "zpl", "pcl", "ps", "ndjson",
];

/// Words that files are called by and that are names too.
const FILES: [&str; 44] = [
    "may", "june", "april", "august", "march", "art", "bill", "bills", "case", "chart", "day", "page", "form", "forms",
    "note", "notes", "lab", "labs", "report", "reports", "order", "orders", "scan", "image", "images", "letter",
    "letters", "list", "log", "fax", "data", "file", "files", "main", "index", "home", "read", "print", "test",
    "sample", "temp", "new", "old", "summary",
];

#[cfg(test)]
mod tests {
    use super::super::tests::names;

    #[test]
    fn names_in_logs_are_told_by_what_stands_around_them() {
        for (text, want) in [
            ("user will will expire in 30 d", &["will"][..]),
            ("user grant has been locked", &["grant"]),
            (r"path=C:\tmp\banks.pdf", &["banks"]),
            ("saved /var/spool/fax/grant_hope.tif", &["grant", "hope"]),
            ("GET /notes?author=gobuya&n=2", &["gobuya"]),
            ("where last_nm='OSGOOD' and", &["OSGOOD"]),
            ("patient=\"Naomi Osgood\" ok", &["Naomi Osgood"]),
            ("login=jo.smith ip=x", &["jo.smith"]),
            ("school use only: rec'd by a.long 8/19", &["a.long"]),
        ] {
            assert_eq!(names(text), want, "{text}");
        }
    }

    #[test]
    fn other_words_of_logs_are_left_alone() {
        for text in [
            "user will expire in 30 d",
            "drug user who is in recovery",
            "the user is not known",
            "user account was locked",
            "user=SYSTEM rows=118",
            "sort by=desc",
            "BP=120/80, EF=55",
            "see report.pdf for more",
            "/tmp/lab_report.pdf",
            "author=null",
            "She used a walker. Bill paid.",
            "i.e. gait is stable.",
            "at a.fenwick@mailbox.example.\n\nWith regards",
            "grew e.coli and c.diff, h.pylori neg, b.i.d. or p.rn, see a.txt or x.org",
        ] {
            assert_eq!(names(text), [""; 0], "{text}");
        }
    }
}
