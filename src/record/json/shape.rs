//! The names of fields met so far, as a tree, each with what it means. Records of one file repeat their names, in most
//! cases in the same order, so that a look-up is mostly one comparison.

use std::collections::HashMap;

use crate::identifier::Hint;
use crate::record::Select;
use crate::record::fhir::{Element, Kind, Resource};
pub(super) use crate::record::field::Sibling;
use crate::record::field::{Field, data_key};
use crate::record::select::{Place, Wanted};

/// The root of the tree; as "the last member" it means that there was none.
pub(super) const ROOT: u32 = 0;

/// Names kept from record to record. Above this, names are data (a map keyed by patient, say) and are forgotten as soon
/// as their value ends.
const MAX_NODES: usize = 16 * 1024;

pub(super) struct Shape {
    select: Select,
    /// Invariant: a node's parent stands before it.
    nodes: Vec<Node>,
}

struct Node {
    parent: u32,
    /// As written, escapes unresolved; empty for an element of an array, [`RESOURCE`] for a resource.
    key: Box<str>,
    /// The name, `None` for an element of an array, which is called as its array is, and for a resource.
    name: Option<Box<str>>,
    /// The member that came after this one the last time.
    next: u32,
    /// The member that came first the last time.
    first: u32,
    members: HashMap<Box<str>, u32>,
    elements: Vec<u32>,
    /// The same place when a resource stands there, by its kind.
    resources: Vec<(Resource, u32)>,
    place: Place,
    field: Field,
    element: Element,
    /// What its key is, when it is data.
    data: Option<Hint>,
}

impl Shape {
    pub(super) fn new(select: Select) -> Self {
        let place = select.root();
        let root = Node::new(ROOT, "", None, place, Field::default());
        Self { select, nodes: vec![root] }
    }

    /// A record starts.
    pub(super) fn begin(&mut self) {
        if self.nodes.len() >= MAX_NODES {
            let root = Node::new(ROOT, "", None, self.select.root(), Field::default());
            self.nodes.clear();
            self.nodes.push(root);
        }
    }

    /// The member `key` of `parent`, when it is known. `last` is the member before it.
    #[inline]
    pub(super) fn known(&mut self, parent: u32, last: u32, key: &str) -> Option<u32> {
        let guess = match last {
            ROOT => self.node(parent).first,
            last => self.node(last).next,
        };
        let node = self.node(guess);
        if guess != ROOT && node.parent == parent && &*node.key == key {
            return Some(guess);
        }
        let found = *self.node(parent).members.get(key)?;
        self.follow(parent, last, found);
        Some(found)
    }

    /// The new member `key` of `parent`, called `name`.
    pub(super) fn member(&mut self, parent: u32, last: u32, key: &str, name: &str) -> u32 {
        let place = self.select.member(&self.node(parent).place, name);
        let mut path = Vec::new();
        let mut at = parent;
        while at != ROOT {
            let node = self.node(at);
            path.extend(node.name.as_deref());
            at = node.parent;
        }
        path.reverse();
        path.push(name);
        let field = Field::of(&path);
        let element = self.node(parent).element.member(self.name(parent), name);
        // Of the names that are not kept only those of open containers are needed.
        self.end(parent);
        // Names of the specification are no data.
        let free = matches!(element.kind, Kind::Json | Kind::Other);
        let data = free.then(|| data_key(name, self.node(parent).field)).flatten();
        let new = self.push(Node { element, data, ..Node::new(parent, key, Some(name.into()), place, field) });
        if (new as usize) < MAX_NODES {
            if let Some(node) = self.nodes.get_mut(parent as usize) {
                node.members.insert(key.into(), new);
            }
            self.follow(parent, last, new);
        }
        new
    }

    /// The element of `parent` at `index`. Elements share a node unless the selection tells them apart.
    pub(super) fn element(&mut self, parent: u32, last: u32, index: usize) -> u32 {
        let node = self.node(parent);
        if last != ROOT && !node.place.counts {
            return last;
        }
        let slot = if node.place.counts { index } else { 0 };
        if let Some(known) = node.elements.get(slot) {
            return *known;
        }
        let place = self.select.element(&node.place, index);
        let (field, element) = (node.field, node.element);
        let new = self.push(Node { element, ..Node::new(parent, "", None, place, field) });
        if (new as usize) < MAX_NODES
            && let Some(node) = self.nodes.get_mut(parent as usize)
            && node.elements.len() == slot
        {
            node.elements.push(new);
        }
        new
    }

    /// The node for a resource of that kind at `node`.
    pub(super) fn resource(&mut self, at: u32, resource: Resource) -> u32 {
        let node = self.node(at);
        if let Some((_, known)) = node.resources.iter().find(|known| known.0 == resource) {
            return *known;
        }
        let (place, field, element) = (node.place.clone(), node.field, node.element.resource(resource));
        let new = self.push(Node { element, ..Node::new(at, RESOURCE, None, place, field) });
        if (new as usize) < MAX_NODES
            && let Some(node) = self.nodes.get_mut(at as usize)
        {
            node.resources.push((resource, new));
        }
        new
    }

    /// The container at `node` ends: names that are not kept and are not those of an open container are forgotten.
    pub(super) fn end(&mut self, node: u32) {
        self.nodes.truncate(MAX_NODES.max(node as usize + 1));
    }

    #[inline]
    pub(super) fn wanted(&self, node: u32) -> Wanted {
        self.node(node).place.wanted
    }

    /// How the key of `member` in `parent` is searched: when keys are asked for, or when it is data. Names of the
    /// specification of FHIR are not.
    pub(super) fn key_hint(&self, parent: u32, member: u32) -> Option<Hint> {
        let free = matches!(self.node(member).element.kind, Kind::Json | Kind::Other);
        let asked = self.select.keys().then_some(Hint::Text);
        self.node(member).data.or(asked).filter(|_| free && self.node(parent).place.wanted.inside)
    }

    /// What the specification of FHIR says of the node.
    #[inline]
    pub(super) fn element_of(&self, node: u32) -> Element {
        self.node(node).element
    }

    /// Whether the selection names a field that says whose record it is.
    pub(super) fn has_patient(&self) -> bool {
        self.select.has_patient()
    }

    /// The name under which a node stands.
    pub(super) fn name(&self, node: u32) -> &str {
        let mut at = node;
        while at != ROOT {
            let node = self.node(at);
            if let Some(name) = &node.name {
                return name;
            }
            at = node.parent;
        }
        ""
    }

    /// Where a node stands, as a JSON pointer in which `*` is any element of an array, and any name that may be data.
    pub(super) fn pointer(&self, node: u32) -> String {
        let mut steps = Vec::new();
        let mut at = node;
        while at != ROOT {
            let node = self.node(at);
            match &node.name {
                Some(name) if node.data.is_none() && is_plain(name) => {
                    steps.push(name.replace('~', "~0").replace('/', "~1"))
                }
                None if &*node.key == RESOURCE => {}
                _ => steps.push("*".into()),
            }
            at = node.parent;
        }
        steps.iter().rev().flat_map(|step| ["/", step]).collect()
    }

    #[inline]
    pub(super) fn sibling(&self, node: u32) -> Sibling {
        self.node(node).field.sibling()
    }

    pub(super) fn is_plain_name(&self, node: u32) -> bool {
        self.node(node).field.is_plain_name()
    }

    /// What the node says of that value.
    pub(super) fn hint(&self, node: u32, value: &str, number: bool) -> Hint {
        let node = self.node(node);
        match node.field.hint(value, number) {
            Hint::Skip if node.place.wanted.named => Hint::Text,
            hint => hint,
        }
    }

    fn push(&mut self, node: Node) -> u32 {
        self.nodes.push(node);
        (self.nodes.len() - 1) as u32
    }

    fn follow(&mut self, parent: u32, last: u32, next: u32) {
        match last {
            ROOT => {
                if let Some(node) = self.nodes.get_mut(parent as usize) {
                    node.first = next;
                }
            }
            last => {
                if let Some(node) = self.nodes.get_mut(last as usize) {
                    node.next = next;
                }
            }
        }
    }

    #[inline]
    #[allow(clippy::indexing_slicing)] // Ids come from `push`; the root is always there.
    fn node(&self, id: u32) -> &Node {
        let id = id as usize;
        &self.nodes[if id < self.nodes.len() { id } else { 0 }]
    }
}

impl Node {
    fn new(parent: u32, key: &str, name: Option<Box<str>>, place: Place, field: Field) -> Self {
        Self {
            parent,
            key: key.into(),
            name,
            next: ROOT,
            first: ROOT,
            members: HashMap::new(),
            elements: Vec::new(),
            resources: Vec::new(),
            place,
            field,
            element: Element::default(),
            data: None,
        }
    }
}

/// The key of a node for a resource. No key of JSON: those hold no control characters.
const RESOURCE: &str = "\u{1}";

/// Whether a name is one that somebody gave to a field, rather than a person's or number that a map is keyed by.
fn is_plain(name: &str) -> bool {
    name.len() <= 64
        && name.bytes().filter(u8::is_ascii_digit).count() < 4
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.' | b'$' | b':' | b'/' | b'~'))
}
