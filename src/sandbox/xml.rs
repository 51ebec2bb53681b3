//! Writes the XML of the query protocols.

use std::fmt::Display;

/// A piece of XML under construction.
#[derive(Clone, Debug, Default)]
pub struct Xml(String);

impl Xml {
    /// Starts with nothing.
    pub fn new() -> Self {
        Xml(String::new())
    }

    /// Adds `<name>value</name>`, escaped.
    pub fn el(&mut self, name: &str, value: impl Display) -> &mut Self {
        self.0.push_str(&format!("<{name}>"));
        escape(&value.to_string(), &mut self.0);
        self.0.push_str(&format!("</{name}>"));
        self
    }

    /// Adds the element only where there is a value.
    pub fn opt(&mut self, name: &str, value: Option<impl Display>) -> &mut Self {
        if let Some(value) = value {
            self.el(name, value);
        }
        self
    }

    /// Adds `<name>…</name>` around what `inside` writes.
    pub fn node(&mut self, name: &str, inside: impl FnOnce(&mut Xml)) -> &mut Self {
        self.0.push_str(&format!("<{name}>"));
        inside(self);
        self.0.push_str(&format!("</{name}>"));
        self
    }

    /// Adds `<name><item>…</item>…</name>`; an empty list is an empty element, as on AWS.
    pub fn list<T>(
        &mut self,
        name: &str,
        item: &str,
        items: impl IntoIterator<Item = T>,
        mut each: impl FnMut(&mut Xml, T),
    ) -> &mut Self {
        self.node(name, |x| {
            for i in items {
                x.node(item, |x| each(x, i));
            }
        })
    }

    /// Adds text, escaped.
    pub fn text(&mut self, value: &str) -> &mut Self {
        escape(value, &mut self.0);
        self
    }

    /// Returns what was written.
    pub fn done(self) -> String {
        self.0
    }
}

fn escape(value: &str, out: &mut String) {
    for c in value.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&apos;"),
            '\r' => out.push_str("&#xD;"),
            c => out.push(c),
        }
    }
}
