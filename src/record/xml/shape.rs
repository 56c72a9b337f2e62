//! What is known of the elements and attributes of a document by their path.

use std::collections::HashMap;

use crate::record::Select;
use crate::record::field::Field;
use crate::record::select::{Place, Wanted};

/// The paths that were met, as numbers.
pub(super) struct Shape {
    select: Select,
    nodes: Vec<Node>,
}

/// The document, above its root element.
pub(super) const DOCUMENT: u32 = 0;

struct Node {
    parent: u32,
    /// The local name of an element, that of an attribute with `@`, a node test for others.
    name: Box<str>,
    place: Place,
    field: Field,
    children: HashMap<Box<[u8]>, u32>,
}

impl Shape {
    pub(super) fn new(select: Select) -> Self {
        let place = select.root();
        let root = Node { parent: DOCUMENT, name: "".into(), place, field: Field::default(), children: HashMap::new() };
        Self { select, nodes: vec![root] }
    }

    /// Forgets paths when they are many: documents are read in any number.
    pub(super) fn begin(&mut self) {
        if self.nodes.len() > KEPT {
            self.nodes.truncate(1);
            if let Some(root) = self.nodes.first_mut() {
                root.children.clear();
            }
        }
    }

    /// The node of that name under `parent`; `None` when there are too many.
    pub(super) fn child(&mut self, parent: u32, name: &[u8]) -> Option<u32> {
        if let Some(known) = self.node(parent)?.children.get(name) {
            return Some(*known);
        }
        if self.nodes.len() >= MAX_NODES {
            return None;
        }
        let number = u32::try_from(self.nodes.len()).ok()?;
        let text = String::from_utf8_lossy(name);
        let place = self.select.member(&self.node(parent)?.place, &text);
        let mut path: Vec<&str> = vec![text.strip_prefix('@').unwrap_or(&text)];
        let mut at = parent;
        while at != DOCUMENT {
            let node = self.node(at)?;
            path.push(&node.name);
            at = node.parent;
        }
        path.reverse();
        let field = Field::of(&path);
        let node = Node { parent, name: text.as_ref().into(), place, field, children: HashMap::new() };
        self.nodes.push(node);
        self.nodes.get_mut(parent as usize)?.children.insert(name.into(), number);
        Some(number)
    }

    pub(super) fn wanted(&self, node: u32) -> Wanted {
        self.node(node).map(|node| node.place.wanted).unwrap_or_default()
    }

    pub(super) fn field(&self, node: u32) -> Field {
        self.node(node).map(|node| node.field).unwrap_or_default()
    }

    /// What a member called `name` of the node would be.
    pub(super) fn named(&self, node: u32, name: &str) -> Field {
        let mut path = vec![name];
        path.extend(self.node(node).map(|node| &*node.name));
        path.reverse();
        Field::of(&path)
    }

    pub(super) fn has_patient(&self) -> bool {
        self.select.has_patient()
    }

    /// Whether the path to the node ends in these names.
    pub(super) fn ends_with(&self, mut node: u32, names: &[&str]) -> bool {
        names.iter().rev().all(|name| {
            let found = self.node(node).filter(|known| &*known.name == *name).map(|known| known.parent);
            node = found.unwrap_or(DOCUMENT);
            found.is_some()
        })
    }

    /// `/ClinicalDocument/recordTarget/patientRole/id/@extension`.
    pub(super) fn path(&self, mut node: u32) -> String {
        let mut names = Vec::new();
        while let Some(known) = self.node(node).filter(|_| node != DOCUMENT) {
            names.push(&*known.name);
            node = known.parent;
        }
        names.reverse();
        format!("/{}", names.join("/"))
    }

    fn node(&self, node: u32) -> Option<&Node> {
        self.nodes.get(node as usize)
    }
}

/// Paths that are kept from document to document.
const KEPT: usize = 8192;

/// Paths of one document above which it is set aside.
const MAX_NODES: usize = 1 << 18;
