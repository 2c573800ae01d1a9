//! What every page must be.

use roxmltree::{Document, Node, ParsingOptions};

pub(in crate::export) fn parsed(text: &str) -> Document<'_> {
    let options = ParsingOptions { allow_dtd: true, ..ParsingOptions::default() };
    Document::parse_with_options(text, options).unwrap_or_else(|error| panic!("{error}"))
}

/// The page is XML as well, so that any parser can say whether it is sound; and holds nothing that runs or loads.
pub(in crate::export) fn assert_sound(text: &str) {
    let document = parsed(text);
    let mut ids = Vec::new();
    for node in document.descendants().filter(Node::is_element) {
        let name = node.tag_name().name();
        assert!(
            !["script", "iframe", "object", "embed", "link", "img", "a", "form"].contains(&name),
            "{node:?}"
        );
        for attribute in node.attributes() {
            assert!(!attribute.name().starts_with("on"), "{attribute:?}");
            assert!(!["href", "src", "style"].contains(&attribute.name()), "{attribute:?}");
            assert!(!attribute.value().contains("javascript:"), "{attribute:?}");
        }
        ids.extend(node.attribute("id").map(str::to_owned));
    }
    let count = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), count, "an id stands twice");
}

/// All texts of a page.
pub(in crate::export) fn texts(text: &str) -> Vec<String> {
    parsed(text).descendants().filter_map(|node| node.text().map(str::to_owned)).collect()
}
