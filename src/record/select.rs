//! Which fields are searched: `--field` and `--skip-field` patterns.
//!
//! A pattern is a JSON pointer (`/notes/0/body`) in which `*` stands for any one step and `**` for any number of them. A
//! pattern without a slash names the field wherever it is, as a column too. It takes in everything below.

/// A choice of fields.
#[derive(Clone, Debug, Default)]
pub struct Select {
    /// Empty: every field.
    fields: Vec<Pattern>,
    skip: Vec<Pattern>,
    patient: Option<Pattern>,
    /// Fields for which a policy has actions of their own.
    rules: Vec<Pattern>,
    keys: bool,
    nothing: bool,
}

#[derive(Clone, Debug)]
struct Pattern(Vec<Step>);

#[derive(Clone, PartialEq, Eq, Debug)]
enum Step {
    Name(String),
    One,
    Many,
}

/// Where the patterns stand after the steps to a field.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    /// (pattern, steps done); patterns are numbered fields first, then skips, then rules, then the patient's.
    states: Vec<(u16, u16)>,
    /// What is asked of the field.
    pub(crate) wanted: Wanted,
    /// Whether a pattern tells elements of an array here apart by number.
    pub(crate) counts: bool,
}

/// What is asked of a field.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Wanted {
    /// Search its text.
    pub(crate) search: bool,
    /// A `--field` pattern names it: what its name hints at does not exclude it.
    pub(crate) named: bool,
    /// Its value says whose record it is.
    pub(crate) patient: bool,
    /// Texts in it are searched.
    pub(crate) inside: bool,
    /// The first of the policy's fields that it is, or is in.
    pub(crate) rule: Option<u16>,
}

impl Wanted {
    pub(crate) fn any(self) -> bool {
        self.search || self.patient
    }
}

impl Select {
    /// Every field.
    pub fn all() -> Self {
        Self::default()
    }

    /// No field.
    pub fn nothing() -> Self {
        Self { nothing: true, ..Self::default() }
    }

    /// Only fields that one of the patterns names; none given: every field.
    pub fn fields(mut self, patterns: &[String]) -> Self {
        self.fields = patterns.iter().map(|p| Pattern::parse(p)).collect();
        self
    }

    /// Not the fields that one of the patterns names.
    pub fn skip(mut self, patterns: &[String]) -> Self {
        self.skip = patterns.iter().map(|p| Pattern::parse(p)).collect();
        self
    }

    /// The field whose value says whose record it is.
    pub fn patient(mut self, pattern: Option<&str>) -> Self {
        self.patient = pattern.map(Pattern::parse);
        self
    }

    /// Fields that are told apart by the number of the first pattern that names them.
    pub fn rules(mut self, patterns: &[String]) -> Self {
        self.rules = patterns.iter().map(|p| Pattern::parse(p)).collect();
        self
    }

    /// Search the keys of objects too.
    pub fn with_keys(mut self, keys: bool) -> Self {
        self.keys = keys;
        self
    }

    pub(crate) fn keys(&self) -> bool {
        self.keys
    }

    /// Whether a field that says whose record it is was named.
    pub fn has_patient(&self) -> bool {
        self.patient.is_some()
    }

    pub(crate) fn root(&self) -> Place {
        let states = (0..self.patterns().count()).map(|i| (i as u16, 0)).collect();
        self.place(states)
    }

    pub(crate) fn member(&self, parent: &Place, name: &str) -> Place {
        self.step(parent, |step| step == name)
    }

    /// A member that goes by several names, in any case.
    pub(crate) fn called(&self, parent: &Place, names: &[&str]) -> Place {
        self.step(parent, |step| names.iter().any(|name| step.eq_ignore_ascii_case(name)))
    }

    /// Whether it asks the same of every field.
    pub(crate) fn is_uniform(&self) -> bool {
        self.patterns().next().is_none()
    }

    pub(crate) fn element(&self, parent: &Place, index: usize) -> Place {
        self.step(parent, |step| step.parse() == Ok(index))
    }

    /// What is asked of the column of that name.
    pub(crate) fn column(&self, name: &str) -> Wanted {
        let name = name.trim();
        self.step(&self.root(), |step| step.eq_ignore_ascii_case(name)).wanted
    }

    fn patterns(&self) -> impl Iterator<Item = &Pattern> {
        self.fields.iter().chain(&self.skip).chain(&self.rules).chain(&self.patient)
    }

    fn step(&self, parent: &Place, named: impl Fn(&str) -> bool) -> Place {
        let mut states = Vec::new();
        for &(pattern, done) in &parent.states {
            let Some(steps) = self.patterns().nth(pattern.into()) else { continue };
            let mut add = |done: u16| {
                if !states.contains(&(pattern, done)) {
                    states.push((pattern, done));
                }
            };
            match steps.0.get(usize::from(done)) {
                None => add(done),
                Some(Step::One) => add(done + 1),
                Some(Step::Name(name)) if named(name) => add(done + 1),
                Some(Step::Name(_)) => {}
                Some(Step::Many) => {
                    add(done);
                    match steps.0.get(usize::from(done) + 1) {
                        None => add(done + 1),
                        Some(Step::One) => add(done + 2),
                        Some(Step::Name(name)) if named(name) => add(done + 2),
                        Some(_) => {}
                    }
                }
            }
        }
        self.place(states)
    }

    fn place(&self, states: Vec<(u16, u16)>) -> Place {
        let first = |range: std::ops::Range<usize>| {
            let whole = |pattern: usize, done: u16| {
                self.patterns().nth(pattern).is_some_and(|p| usize::from(done) >= p.0.len())
            };
            let states = states.iter().map(|&(pattern, done)| (usize::from(pattern), done));
            states.filter(|(pattern, done)| range.contains(pattern) && whole(*pattern, *done)).map(|(p, _)| p).min()
        };
        let ends = |range| first(range).is_some();
        let (fields, skips) = (self.fields.len(), self.fields.len() + self.skip.len());
        let rules = skips + self.rules.len();
        let rule = first(skips..rules).map(|pattern| (pattern - skips) as u16);
        let named = ends(0..fields);
        let search = !self.nothing && (named || fields == 0) && !ends(fields..skips);
        let counts = states.iter().any(|&(pattern, done)| {
            let steps = self.patterns().nth(pattern.into()).map_or(&[][..], |p| &p.0);
            let number =
                |at: usize| matches!(steps.get(at), Some(Step::Name(n)) if n.bytes().all(|b| b.is_ascii_digit()));
            let done = usize::from(done);
            number(done) || (steps.get(done) == Some(&Step::Many) && number(done + 1))
        });
        let wanted = Wanted { search, named, patient: ends(rules..usize::MAX), inside: search, rule };
        Place { states, wanted, counts }
    }
}

impl Pattern {
    fn parse(pattern: &str) -> Self {
        let step = |text: &str| match text {
            "*" => Step::One,
            "**" => Step::Many,
            name => Step::Name(name.replace("~1", "/").replace("~0", "~")),
        };
        match pattern.strip_prefix('/') {
            Some(rest) => Pattern(rest.split('/').map(step).collect()),
            None if pattern.contains('/') => Pattern(pattern.split('/').map(step).collect()),
            None => Pattern(vec![Step::Many, step(pattern)]),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn searched(select: &Select, path: &str) -> bool {
        let mut place = select.root();
        for step in path.split('/').skip(1) {
            place = match step.parse() {
                Ok(index) => select.element(&place, index),
                Err(_) => select.member(&place, step),
            };
        }
        place.wanted.search
    }

    #[test]
    fn patterns_choose_fields() {
        for (pattern, chosen, left) in [
            ("/note", &["/note", "/note/0", "/note/a/b"][..], &["/a/note", "/notes", ""][..]),
            ("/notes/*/body", &["/notes/0/body", "/notes/x/body"], &["/notes/body", "/notes/0/t"]),
            ("/notes/1/body", &["/notes/1/body"], &["/notes/0/body"]),
            ("**/note", &["/note", "/a/b/note"], &["/a/b"]),
            ("note", &["/note", "/a/0/note"], &["/notes"]),
            ("/a/**/t", &["/a/t", "/a/b/0/t"], &["/t", "/a"]),
            ("/a~1b/m~0n", &["/a/b"][..0], &["/a/b"]),
        ] {
            let select = Select::all().fields(&[pattern.to_string()]);
            for path in chosen {
                assert!(searched(&select, path), "{pattern} should choose {path}");
            }
            for path in left {
                assert!(!searched(&select, path), "{pattern} should leave {path}");
            }
        }
    }

    #[test]
    fn rules_go_by_the_first_pattern_that_names_the_field_or_what_it_is_in() {
        let select = Select::all().rules(&["/patient/id".into(), "/patient".into(), "mrn".into()]).patient(Some("id"));
        for (path, rule) in [
            ("/patient/id", Some(0)),
            ("/patient/name/0", Some(1)),
            ("/patient/mrn", Some(1)),
            ("/visit/mrn", Some(2)),
            ("/visit", None),
        ] {
            let place = path.split('/').skip(1).fold(select.root(), |place, step| match step.parse() {
                Ok(index) => select.element(&place, index),
                Err(_) => select.member(&place, step),
            });
            assert_eq!(place.wanted.rule, rule, "{path}");
        }
        assert_eq!(select.column("MRN").rule, Some(2));
    }

    #[test]
    fn skip_wins_over_field() {
        let select = Select::all().fields(&["/a".into()]).skip(&["**/secret".into()]);
        assert!(searched(&select, "/a/b"));
        assert!(!searched(&select, "/a/secret"));
        let all = Select::all().skip(&["/raw".into()]);
        assert!(searched(&all, "/x"));
        assert!(!searched(&all, "/raw/x"));
    }

    #[test]
    fn columns_go_by_name_in_any_case() {
        let select = Select::all().fields(&["NOTE_TEXT".into()]);
        assert!(select.column(" note_text ").search);
        assert!(!select.column("mrn").search);
        assert!(Select::all().patient(Some("mrn")).column("MRN").patient);
    }
}
