//! Ten thousand answers of models that rewrote the tokens in them: which come back, and that none comes back wrongly.
//!
//! Every answer is put together from a fixed seed, is revealed whole and in pieces, and is compared to the last byte. The
//! figures are printed with `cargo test --test integration rewriting -- --nocapture`.
#![allow(clippy::print_stdout)]

use std::collections::BTreeMap;
use std::sync::Arc;

use deidre::identifier::Label;
use deidre::policy::Policy;
use deidre::secret::{Key, Keyring};
use deidre::transform::reveal::{Format, Revealer, Rights};
use deidre::transform::{Means, Orders, Scope, Transform, Value, Whose};
use deidre::vault::{Memory, Vault};

const ANSWERS: usize = 10_000;

#[test]
fn rewritten_tokens_come_back_and_none_comes_back_wrongly() {
    let world = World::new();
    let mut draw = Draw(0x5eed_0909);
    let (mut kinds, mut wrong) = (BTreeMap::<&str, Count>::new(), Vec::new());
    for at in 0..ANSWERS {
        let (name, kind) = KINDS[at % KINDS.len()];
        let answer = kind(&world, &mut draw);
        let text: String = answer.iter().map(Piece::form).collect();
        let whole = world.reveal(text.as_bytes(), Format::Text, &mut |_| usize::MAX);
        for step in [1, 2, 5, 17] {
            let pieces = world.reveal(text.as_bytes(), Format::Text, &mut |_| 1 + draw.below(step));
            assert_eq!(pieces, whole, "{name}: in pieces of up to {step} bytes: {text}");
        }
        let count = kinds.entry(name).or_default();
        if !count.add(&answer, &whole) {
            wrong.push(format!("{name}: {text}\nbecame {whole}"));
        }
    }
    let all = |of: fn(&Count) -> usize| kinds.values().map(of).sum::<usize>();
    let (back, lost, kept) = (all(|c| c.back), all(|c| c.lost), all(|c| c.kept));
    println!("{:<42} {:>8} {:>5} {:>20}", "kind", "restored", "not", "changed, left alone");
    for (name, count) in &kinds {
        let example = count.example.as_deref().unwrap_or_default();
        println!("{name:<42} {:>8} {:>5} {:>20} {example}", count.back, count.lost, count.kept);
    }
    println!("{:<42} {back:>8} {lost:>5} {kept:>20}", format!("{ANSWERS} answers"));
    wrong.iter().take(10).for_each(|wrong| println!("WRONG {wrong}"));
    assert_eq!(wrong.len(), 0);
    assert!(back > 10_000 && kept > 2_000, "{back} {kept}");
    assert!(lost * 1_000 <= back + lost, "{lost} of {} are not restored", back + lost);
}

#[test]
fn text_without_tokens_passes_and_little_of_it_waits() {
    let world = World::new();
    let rights = Arc::new(Rights::new(Some(&world.keys), Some(Arc::clone(&world.vault))));
    let text = "Dear colleague, [see note] the patient (name withheld) was seen on the ward; date: unknown, city = \
                unknown. {\"dose\": \"40 mg\", \"MRN\": null} <b>Plan</b>: [x] repeat Na 139, K 4.1, BP 120/80 & review \
                **in** 2 weeks; `facility: St` 50% \\(a\\) [NAME] [DATE: 3 weeks ago, roughly, and then again] \
                SODIUMCHLOR URGENTLY [Note: patient is stable on metoprolol and was told so] 【注：無】 Æ ［x］\n> ok";
    let mut stream = Revealer::new(rights, Format::Text).tolerant();
    let (mut out, mut most) = (Vec::new(), 0);
    for (at, byte) in text.bytes().enumerate() {
        stream.push(&[byte], &mut out).unwrap();
        most = most.max(at + 1 - out.len());
    }
    let tally = stream.finish(&mut out).unwrap();
    assert_eq!((String::from_utf8(out).unwrap().as_str(), tally.revealed), (text, 0));
    assert!(most <= 48, "{most} bytes were held back");
}

#[test]
fn what_may_not_be_revealed_is_not_revealed_rewritten_either() {
    let world = World::new();
    for (rights, refused) in [
        (Rights::new(Some(&world.keys), Some(Arc::clone(&world.vault))).labels(&[Label::Date]), true),
        (
            Rights::new(Some(&world.keys), Some(Arc::clone(&world.vault)))
                .within(&Scope::Session("another".into()), None),
            true,
        ),
        (Rights::new(Some(&world.keys), Some(Arc::clone(&world.vault))).at_most(0), true),
        (Rights::new(Some(&World::keys("7")), None), false),
    ] {
        let rights = Arc::new(rights);
        for token in world.tokens.iter().filter(|token| token.label == Label::Name) {
            let code = &token.code;
            for text in [
                format!("[NAME:{code}]"),
                format!("[ name : {code} ]"),
                format!("(NAME: {code})"),
                format!("NAME:{code} "),
                format!("[{code}]"),
                format!("&#91;NAME:{code}&#93;"),
            ] {
                let mut stream = Revealer::new(Arc::clone(&rights), Format::Text).tolerant();
                let mut out = Vec::new();
                stream.push(text.as_bytes(), &mut out).unwrap();
                let tally = stream.finish(&mut out).unwrap();
                assert_eq!((String::from_utf8(out).unwrap(), tally.revealed), (text.clone(), 0));
                assert_eq!(tally.refused, u64::from(refused), "{text}");
            }
        }
    }
}

#[test]
fn arguments_of_tools_stay_json() {
    let world = World::new();
    for token in &world.tokens {
        let (label, code) = (token.label.name(), &token.code);
        for form in [
            format!("[{label}:{code}]"),
            format!("[{label}: {code}]"),
            format!("\\u005b{label}:{code}\\u005d"),
            format!("**[{}:{code}]**", label.to_lowercase()),
        ] {
            let text = format!("{{\"who\": \"{form}\", \"n\": 1.50, \"more\": [\"{form}\"]}}");
            let out = world.reveal(text.as_bytes(), Format::Json, &mut |_| 3);
            let json: serde_json::Value = serde_json::from_str(&out).unwrap_or_else(|e| panic!("{e}: {out}"));
            for who in [&json["who"], &json["more"][0]] {
                assert_eq!(who.as_str().unwrap().trim_matches('*'), token.value, "{text}");
            }
        }
    }
}

#[derive(Default)]
struct Count {
    back: usize,
    lost: usize,
    kept: usize,
    example: Option<String>,
}

impl Count {
    /// Counts what became of the tokens of an answer; false if anything else in it has changed.
    fn add(&mut self, answer: &[Piece], whole: &str) -> bool {
        let mut rest = whole;
        for piece in answer {
            let next = match piece {
                Piece::Plain(plain) => rest.strip_prefix(plain.as_str()),
                Piece::Token { form, values } => {
                    let back = values.iter().find_map(|value| rest.strip_prefix(value.as_str()));
                    let left = rest.strip_prefix(form.as_str());
                    match (back, left) {
                        (Some(_), _) => self.back += 1,
                        (None, _) if values.is_empty() => self.kept += 1,
                        (None, _) => {
                            self.lost += 1;
                            self.example = Some(form.clone());
                        }
                    }
                    back.or(left)
                }
            };
            let Some(next) = next else { return false };
            rest = next;
        }
        rest.is_empty()
    }
}

/// Part of an answer.
enum Piece {
    Plain(String),
    /// As the model wrote it, and what may stand there afterwards; nothing, where it must stay.
    Token {
        form: String,
        values: Vec<String>,
    },
}

impl Piece {
    fn form(&self) -> &str {
        match self {
            Piece::Plain(text) => text,
            Piece::Token { form, .. } => form,
        }
    }
}

/// A token of this vault or key.
#[derive(Clone)]
struct Token {
    label: Label,
    code: String,
    value: String,
}

impl Token {
    fn written(&self) -> String {
        format!("[{}:{}]", self.label.name(), self.code)
    }
}

struct World {
    keys: Keyring,
    vault: Arc<dyn Vault>,
    tokens: Vec<Token>,
    /// Of another key, and of another vault.
    foreign: Vec<Token>,
}

impl World {
    fn keys(digit: &str) -> Keyring {
        Keyring::of(Key::parse(&digit.repeat(64)).unwrap())
    }

    fn new() -> World {
        let keys = World::keys("5");
        let vault: Arc<dyn Vault> = Arc::new(Memory::new(&keys).unwrap());
        let other = World::keys("6");
        let other_vault: Arc<dyn Vault> = Arc::new(Memory::new(&other).unwrap());
        let both =
            |keys: &Keyring, vault: &Arc<dyn Vault>| [made(keys, Some(Arc::clone(vault))), made(keys, None)].concat();
        World { tokens: both(&keys, &vault), foreign: both(&other, &other_vault), keys, vault }
    }

    /// What comes out when `text` comes in pieces of those sizes.
    fn reveal(&self, text: &[u8], format: Format, size: &mut dyn FnMut(usize) -> usize) -> String {
        let rights = Rights::new(Some(&self.keys), Some(Arc::clone(&self.vault)));
        let mut stream = Revealer::new(Arc::new(rights), format).tolerant();
        let (mut out, mut rest) = (Vec::new(), text);
        while !rest.is_empty() {
            let (piece, more) = rest.split_at(size(rest.len()).min(rest.len()));
            stream.push(piece, &mut out).unwrap();
            rest = more;
        }
        stream.finish(&mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    fn any(&self, draw: &mut Draw) -> Token {
        self.tokens[draw.below(self.tokens.len())].clone()
    }
}

/// Tokens of the values below: of the vault, or sealed where there is none.
fn made(keys: &Keyring, vault: Option<Arc<dyn Vault>>) -> Vec<Token> {
    let means = Means { vault, ..Means::keys(keys) };
    let transform = Transform::new(Policy::preset("minimum-necessary").unwrap(), means).unwrap();
    let whose = Whose::new(&Scope::Session("visit 12".into()), None, b"");
    let make = |(label, text): &(Label, &str)| {
        let (mut out, mut orders, mut holes) = (String::new(), Orders::default(), Vec::new());
        transform.replace(&Value::new(*label, text), &whose, &mut orders, &mut out).unwrap();
        orders.holes(0, orders.len(), 0, &mut holes);
        let mut bytes = out.into_bytes();
        transform.settle(&orders, &holes, &mut bytes).unwrap();
        let token = String::from_utf8(bytes).unwrap();
        let code = token.strip_prefix(&format!("[{}:", label.name())).unwrap().strip_suffix(']').unwrap();
        Token { label: *label, code: code.to_owned(), value: (*text).to_owned() }
    };
    VALUES.iter().map(make).collect()
}

const VALUES: &[(Label, &str)] = &[
    (Label::Name, "Maria Lindqvist"),
    (Label::Name, "Osei"),
    (Label::Name, "Dr. Ngozi O'Brien-Adeyemi"),
    (Label::Name, "Zoë Ødegård"),
    (Label::Name, "Wu"),
    (Label::Date, "03/04/2019"),
    (Label::Date, "March 4"),
    (Label::Age90, "93"),
    (Label::Street, "1420 Larkspur Lane, Apt. 7"),
    (Label::City, "Millbrook"),
    (Label::Zip, "02139"),
    (Label::Facility, "St. Brendan's Hospital"),
    (Label::Employer, "Larkspur Freight"),
    (Label::Phone, "(617) 555-0142"),
    (Label::Fax, "617-555-0199"),
    (Label::Email, "maria.l@example.org"),
    (Label::Url, "https://portal.example.org/p/88"),
    (Label::Ip, "192.0.2.17"),
    (Label::Ssn, "078-05-1120"),
    (Label::Mrn, "00482913"),
    (Label::HealthPlan, "XGH 33 918-02"),
    (Label::Account, "4417-22"),
    (Label::License, "BO1234563"),
    (Label::Vehicle, "1HGCM82633A004352"),
    (Label::Device, "SN-77-1209"),
    (Label::OtherId, "R2-D77"),
];

/// Numbers from a seed.
struct Draw(u64);

impl Draw {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }

    fn below(&mut self, n: usize) -> usize {
        (self.next() % n as u64) as usize
    }

    fn of<'t, T: ?Sized>(&mut self, all: &[&'t T]) -> &'t T {
        all[self.below(all.len())]
    }
}

/// What is written in place of a token, and what may come of it.
type Rewrite<'r> = dyn FnMut(&mut Draw, &Token) -> (String, Vec<String>) + 'r;
type Kind = fn(&World, &mut Draw) -> Vec<Piece>;

const KINDS: &[(&str, Kind)] = &[
    ("as it was, in another order", |w, d| sentences(w, d, &mut |_, t| (t.written(), vec![t.value.clone()]))),
    ("in another case", |w, d| {
        sentences(w, d, &mut |d, t| {
            let text = t.written();
            let form = match d.below(3) {
                0 => text.to_lowercase(),
                1 => text.chars().map(|c| if d.below(2) == 0 { c.to_ascii_lowercase() } else { c }).collect(),
                _ => format!("[{}:{}]", title(t.label.name()), t.code),
            };
            (form, vec![t.value.clone()])
        })
    }),
    ("emphasised", |w, d| around(w, d, EMPHASIS)),
    ("emphasised within its brackets", |w, d| {
        sentences(w, d, &mut |d, t| {
            let (name, code) = (t.label.name(), &t.code);
            let mark = d.of(&["**", "*", "_", "`", "~~"]);
            let form = match d.below(3) {
                0 => format!("[{mark}{name}{mark}:{code}]"),
                1 => format!("[{name}:{mark}{code}{mark}]"),
                _ => format!("[{mark}{name}:{code}{mark}]"),
            };
            (form, vec![t.value.clone()])
        })
    }),
    ("quoted", |w, d| around(w, d, QUOTES)),
    ("in a table", |w, d| around(w, d, TABLES)),
    ("in JSON", |w, d| around(w, d, JSON)),
    ("in code", |w, d| around(w, d, CODE)),
    ("in HTML", |w, d| around(w, d, HTML)),
    ("in CSV", |w, d| around(w, d, CSV)),
    ("in another language", |w, d| around(w, d, LANGUAGES)),
    ("with its label translated", |w, d| {
        sentences(w, d, &mut |d, t| {
            let name = d.of(&["NOMBRE", "Patient", "名前", "Имя", "DATUM", "Prénom", "IDENTIFIANT", "NAMES", "الاسم"]);
            let [open, colon, close] = *d.of(&[&["[", ":", "]"], &["[", ": ", "]"], &["【", "：", "】"]]);
            (format!("{open}{name}{colon}{}{close}", t.code), vec![t.value.clone()])
        })
    }),
    ("in other brackets, or none", |w, d| {
        sentences(w, d, &mut |d, t| {
            let [open, close] = *d.of(&[
                &["(", ")"],
                &["{", "}"],
                &["{{", "}}"],
                &["<", ">"],
                &["【", "】"],
                &["［", "］"],
                &["[[", "]]"],
                &["", ""],
            ]);
            let form = format!("{open}{}:{}{close}", t.label.name(), t.code);
            // Doubled brackets lose one pair.
            let inner = if open.len() == 2 && open.is_ascii() {
                format!("{}{}{}", &open[1..], t.value, &close[1..])
            } else {
                t.value.clone()
            };
            (form, vec![inner])
        })
    }),
    ("with a bracket lost", |w, d| {
        sentences(w, d, &mut |d, t| {
            let (name, code, value) = (t.label.name(), &t.code, &t.value);
            if d.below(2) == 0 {
                (format!("[{name}:{code}"), vec![format!("[{value}")])
            } else {
                (format!("{name}:{code}]"), vec![format!("{value}]")])
            }
        })
    }),
    ("with its label lost", |w, d| {
        sentences(w, d, &mut |d, t| {
            let [open, close] = *d.of(&[&["[", "]"], &["", ""], &["`", "`"], &["(", ")"]]);
            (format!("{open}{}{close}", t.code), vec![format!("{open}{}{close}", t.value)])
        })
    }),
    ("with its colon changed or lost", |w, d| {
        sentences(w, d, &mut |d, t| {
            let (name, code, value) = (t.label.name(), &t.code, &t.value);
            let colon = d.of(&[" ", "-", "_", "=", " : ", "：", " – "]);
            let kept = format!("[{name}{colon}{value}]");
            (format!("[{name}{colon}{code}]"), vec![value.clone(), kept])
        })
    }),
    ("with spaces put in", |w, d| {
        sentences(w, d, &mut |d, t| {
            let space = d.of(&[" ", "  ", "\u{a0}", "\u{202f}", "\u{200b}", "\u{ad}", "-", "\u{2011}", "&nbsp;"]);
            let (name, code) = (t.label.name(), spaced(d, &t.code, space));
            let form = match d.below(4) {
                0 => format!("[ {name} : {} ]", t.code),
                1 => format!("[{name}: {}]", t.code),
                2 => format!("[{name}:{code}]"),
                _ => format!("[{}:{code}]", name.replace('_', " ")),
            };
            (form, vec![t.value.clone()])
        })
    }),
    ("wrapped over lines", |w, d| {
        sentences(w, d, &mut |d, t| {
            let wrap = d.of(&[
                "\n", "\r\n", "\n    ", "\n> ", "\n> > ", "\n# ", "\n// ", "\n| ", " \n * ", "-\n", "<br>", "\\n",
            ]);
            let (name, code) = (t.label.name(), &t.code);
            let form = match d.below(3) {
                0 => format!("[{name}:{wrap}{code}]"),
                1 => {
                    let at = 1 + d.below(code.len() - 1);
                    format!("[{name}:{}{wrap}{}]", &code[..at], &code[at..])
                }
                _ => format!("[{}{wrap}{}:{code}]", &name[..1], &name[1..]),
            };
            (form, vec![t.value.clone()])
        })
    }),
    ("escaped for Markdown", |w, d| {
        sentences(w, d, &mut |d, t| {
            let (name, code) = (t.label.name().replace('_', "\\_"), &t.code);
            let form = match d.below(3) {
                0 => format!("\\[{name}:{code}\\]"),
                1 => format!("\\[{name}\\:{code}\\]"),
                _ => format!("[{name}:{code}]"),
            };
            (form, vec![t.value.clone()])
        })
    }),
    ("escaped for HTML", |w, d| {
        sentences(w, d, &mut |d, t| {
            let open = d.of(&["&#91;", "&#x5B;", "&lsqb;", "&lbrack;"]);
            let close = d.of(&["&#93;", "&#x5d;", "&rsqb;", "&rbrack;"]);
            let colon = d.of(&[":", "&#58;", "&colon;"]);
            (format!("{open}{}{colon}{}{close}", t.label.name(), t.code), vec![html(&t.value)])
        })
    }),
    ("escaped for a URL", |w, d| {
        sentences(w, d, &mut |d, t| {
            let [open, colon, close] = *d.of(&[&["%5B", "%3A", "%5D"], &["%5b", "%3a", "%5d"], &["%5B", ":", "%5D"]]);
            (format!("{open}{}{colon}{}{close}", t.label.name(), t.code), vec![percent(&t.value)])
        })
    }),
    ("escaped for JSON", |w, d| {
        sentences(w, d, &mut |_, t| {
            let value = serde_json::to_string(&t.value).unwrap();
            let form = format!("\\u005b{}:{}\\u005d", t.label.name(), t.code);
            (form, vec![value[1..value.len() - 1].to_owned()])
        })
    }),
    ("run together", |w, d| {
        let (a, b) = (w.any(d), w.any(d));
        let (va, vb) = (vec![a.value.clone()], vec![b.value.clone()]);
        let piece = |form: String, values: Vec<String>| Piece::Token { form, values };
        let (na, nb) = (a.label.name(), b.label.name());
        let plain = |text: &str| Piece::Plain(text.to_owned());
        match d.below(4) {
            0 => vec![piece(a.written(), va), piece(b.written(), vb), plain("\n")],
            1 => vec![plain("["), piece(format!("{na}:{}", a.code), va), piece(b.written(), vb)],
            2 => vec![
                plain("["),
                piece(format!("{na}:{}", a.code), va),
                plain(", "),
                piece(format!("{nb}:{}", b.code), vb),
                plain("]"),
            ],
            _ => vec![piece(a.written(), va), plain("-"), piece(b.written(), vb), plain("/x")],
        }
    }),
    ("changed: one symbol", |w, d| changed(w, d, &mut |d, t| Some(written(t, &another(d, &t.code))))),
    ("changed: one symbol, and spaces put in", |w, d| {
        changed(w, d, &mut |d, t| {
            let code = another(d, &t.code);
            Some(format!("[ {} : {} ]", t.label.name(), spaced(d, &code, " ")))
        })
    }),
    ("changed: one symbol, and its label lost", |w, d| changed(w, d, &mut |d, t| Some(another(d, &t.code)))),
    ("changed: two symbols swapped", |w, d| {
        changed(w, d, &mut |d, t| {
            let (at, mut code) = (d.below(t.code.len() - 1), t.code.clone().into_bytes());
            code.swap(at, at + 1);
            let code = String::from_utf8(code).unwrap();
            (code != t.code).then(|| written(t, &code))
        })
    }),
    ("changed: cut off", |w, d| {
        changed(w, d, &mut |d, t| {
            let code = &t.code[..1 + d.below(t.code.len() - 1)];
            Some(match d.below(3) {
                0 => format!("[{}:{code}", t.label.name()),
                1 => written(t, code),
                _ => format!("[{}:{code}...]", t.label.name()),
            })
        })
    }),
    ("changed: one symbol more or less", |w, d| {
        changed(w, d, &mut |d, t| {
            let (at, mut code) = (d.below(t.code.len()), t.code.clone());
            if d.below(2) == 0 {
                code.remove(at);
            } else {
                code.insert(at, symbol(d));
            }
            Some(written(t, &code))
        })
    }),
    ("changed: its label", |w, d| {
        changed(w, d, &mut |d, t| {
            let label = Label::ALL[d.below(Label::ALL.len())];
            let form = d.of(&["[", "", "[ "]);
            (label != t.label).then(|| format!("{form}{}:{}]", label.name(), t.code))
        })
    }),
    ("of another key or vault", |w, d| {
        let token = w.foreign[d.below(w.foreign.len())].clone();
        let code = token.code.clone();
        let form = match d.below(4) {
            0 => token.written(),
            1 => format!("**{}**", token.written()),
            2 => format!("[ {}: {code} ]", token.label.name()),
            _ => code,
        };
        vec![Piece::Plain("Seen by ".into()), Piece::Token { form, values: vec![] }, Piece::Plain(" today.".into())]
    }),
];

const EMPHASIS: &[&str] =
    &["**@**", "*@*", "_@_", "__@__", "***@***", "`@`", "~~@~~", "<u>@</u>", "## @\n", "- **@**:", "==@=="];
const QUOTES: &[&str] = &["\"@\"", "'@'", "“@”", "«@»", "„@“", "> @\n", "> > @\n", "(@)", "“‘@’”", "@'s", "\"@,\""];
const TABLES: &[&str] =
    &["| @ |", "|@|", "| **@** | x |", "\t@\t", "| `@` |\n|---|", "@ | @", "║ @ ║", "+---+\n|@|\n+---+"];
const JSON: &[&str] = &[
    "{\"name\": \"@\"}",
    "```json\n{\"a\":[\"@\",\"@\"]}\n```",
    "{\\\"who\\\":\\\"@\\\"}",
    "{\"args\": \"{\\\"who\\\": \\\"@\\\", \\\"n\\\": 1}\"}",
    "[\"@\"]",
    "{\"@\": 1}",
    "{'who': '@'}",
];
const CODE: &[&str] = &[
    "```python\nname = \"@\"  # @\n```",
    "print(f\"{x} @\")",
    "SELECT * FROM visits WHERE name = '@';",
    "// @\nlet x = \"@\";",
    "/* @ */",
    "echo '@' | grep x",
    "dict(name=\"@\")",
    "names[\"@\"]",
    "f(@)",
    "x=@;",
];
const HTML: &[&str] = &[
    "<td>@</td>",
    "<b>@</b>",
    "<p class=\"x\">Dear @,</p>",
    "<a href=\"#\">@</a>",
    "<li>@<br/>@</li>",
    "<!-- @ -->",
    "<input value=\"@\">",
];
const CSV: &[&str] = &["a,@,b", "\"@\",1", "@;@;x", "id,name\n1,@\n2,@", "'@',NULL", "@\t@"];
const LANGUAGES: &[&str] = &[
    "La paciente @ fue vista ayer por @.",
    "Der Patient @ wurde am @ entlassen.",
    "Le patient @ habite à @ ; voir @.",
    "患者@は@に来院しました。",
    "患者：@，日期：@。",
    "Пациент @ поступил @.",
    "المريض @ حضر اليوم",
    "रोगी @ आज आए।",
    "환자 @님은 퇴원했습니다.",
    "Ο ασθενής @ είναι καλά·",
    "ผู้ป่วย@มาวันนี้",
];
const AROUND: &[&str] = &[
    "The visit of @ went well.",
    "@ was seen together with @, who agreed.",
    "Summary: @; see @ for more (and @).",
    "1. @\n2. @\n",
    "According to the note, @.",
    "I could not find @ in the chart - please check @!",
];

fn written(token: &Token, code: &str) -> String {
    format!("[{}:{code}]", token.label.name())
}

/// Sentences with tokens, each rewritten by `form`, which tells what stands there and what may come of it.
fn sentences(world: &World, draw: &mut Draw, form: &mut Rewrite<'_>) -> Vec<Piece> {
    let template = draw.of(AROUND);
    filled(template, &mut || {
        let token = world.any(draw);
        let (form, values) = form(draw, &token);
        Piece::Token { form, values }
    })
}

/// Tokens as they were, in one of these.
fn around(world: &World, draw: &mut Draw, templates: &[&str]) -> Vec<Piece> {
    let template = format!("{} {}", draw.of(templates), draw.of(AROUND));
    filled(&template, &mut || {
        let token = world.any(draw);
        Piece::Token { form: token.written(), values: vec![token.value] }
    })
}

/// A token that was changed, so that it must stay, beside one that was not.
fn changed(world: &World, draw: &mut Draw, form: &mut dyn FnMut(&mut Draw, &Token) -> Option<String>) -> Vec<Piece> {
    let sound = world.any(draw);
    let form = loop {
        let token = world.any(draw);
        // Shortened by chance to another that is there, or not changed at all.
        if let Some(form) = form(draw, &token).filter(|form| *form != token.written()) {
            break form;
        }
    };
    vec![
        Piece::Plain("Both ".into()),
        Piece::Token { form, values: vec![] },
        Piece::Plain(" and ".into()),
        Piece::Token { form: sound.written(), values: vec![sound.value] },
        Piece::Plain(".\n".into()),
    ]
}

fn filled(template: &str, token: &mut dyn FnMut() -> Piece) -> Vec<Piece> {
    let mut pieces = Vec::new();
    for (at, plain) in template.split('@').enumerate() {
        if at > 0 {
            pieces.push(token());
        }
        pieces.push(Piece::Plain(plain.to_owned()));
    }
    pieces
}

/// With one symbol that is another.
fn another(draw: &mut Draw, code: &str) -> String {
    let (at, mut bytes) = (draw.below(code.len()), code.as_bytes().to_vec());
    loop {
        let other = symbol(draw) as u8;
        if other != bytes[at] {
            bytes[at] = other;
            return String::from_utf8(bytes).unwrap();
        }
    }
}

fn symbol(draw: &mut Draw) -> char {
    char::from(b"0123456789ABCDEFGHJKMNPQRSTVWXYZ"[draw.below(32)])
}

/// With `space` between groups of some symbols.
fn spaced(draw: &mut Draw, code: &str, space: &str) -> String {
    let group = 1 + draw.below(6);
    let groups: Vec<&str> = code.as_bytes().chunks(group).map(|g| std::str::from_utf8(g).unwrap()).collect();
    groups.join(space)
}

fn title(name: &str) -> String {
    let (first, rest) = name.split_at(1);
    format!("{first}{}", rest.to_lowercase())
}

fn html(value: &str) -> String {
    value.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#39;")
}

fn percent(value: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._~".contains(&b);
    value.bytes().map(|b| if plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
}
