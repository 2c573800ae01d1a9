//! Writes the elements of a page, of a run's or an experiment's. Text is escaped here and nowhere else.

#[cfg(test)]
pub(super) mod testing;

use std::fmt::Write as _;

use crate::export::svg::{DARK, LIGHT, escaped, style};

const CSS: &str = "\
:root{color-scheme:light dark}\
body{font:15px/1.5 system-ui,\"DejaVu Sans\",\"Liberation Sans\",sans-serif;margin:0 auto;padding:1.5rem;\
max-width:1200px;color:#1a2026;background:#fff}\
h1{font-size:1.5rem;line-height:1.25;margin:0 0 .25rem}\
h2{font-size:1.1rem;margin:2.2rem 0 .6rem;padding-bottom:.2rem;border-bottom:1px solid #d0d6dc}\
h3{font-size:1rem;margin:1.4rem 0 .4rem}p{margin:.4rem 0}.weak{color:#55606a}\
.state{display:inline-block;padding:.05rem .6rem;border:2px solid;border-radius:.3rem;font-weight:600}\
.good{color:#00614a}.bad{color:#a83a00}\
.tiles{display:flex;flex-wrap:wrap;gap:.6rem;margin:1rem 0;padding:0;list-style:none}\
.tiles li{flex:1 1 8.5rem;padding:.5rem .8rem;border:1px solid #d0d6dc;border-radius:.4rem}\
.tiles b{display:block;font-size:1.25rem;font-variant-numeric:tabular-nums}\
.scroll{overflow-x:auto;margin:.8rem 0}table{border-collapse:collapse;font-variant-numeric:tabular-nums}\
th,td{padding:.22rem .9rem .22rem 0;text-align:left;vertical-align:top;border-bottom:1px solid #e4e8ec}\
th{font-weight:600}td.n,th.n{text-align:right;white-space:nowrap}.s{white-space:nowrap}td.wrap{overflow-wrap:anywhere;white-space:pre-wrap}\
tbody th{font-weight:400;color:#55606a}\
figure{margin:1rem 0;overflow-x:auto}svg{max-width:100%;height:auto}\
.lead{font-size:1.1rem;margin:.6rem 0}\
ul.notes{margin:.4rem 0;padding-left:1.3rem}figcaption{color:#55606a;font-size:.9rem}\
table.lines td{font:12.5px/1.45 ui-monospace,\"DejaVu Sans Mono\",monospace}\
td.wrap{min-width:11rem}\
.log td{font:12.5px/1.45 ui-monospace,\"DejaVu Sans Mono\",monospace;border:0;padding:.05rem .9rem .05rem 0}\
pre{margin:.4rem 0;font:13px/1.45 ui-monospace,\"DejaVu Sans Mono\",monospace;white-space:pre-wrap;\
overflow-wrap:anywhere}\
footer{margin-top:2.5rem;font-size:.85rem}";

const DARK_CSS: &str = "\
body{color:#e4e8ec;background:#1d2228}h2,.tiles li{border-color:#38414c}th,td{border-color:#2b323b}\
.weak,tbody th,figcaption{color:#a4aeb8}.good{color:#4fd0a8}.bad{color:#ff9a70}";

const PRINT_CSS: &str = "\
body{max-width:none;padding:0;font-size:11px}h2,h3,.tiles{break-after:avoid}\
figure,tr,.tiles{break-inside:avoid}.scroll,figure{overflow:visible}thead{display:table-header-group}";

/// How a cell of a table is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Column {
    Text,
    /// In one line.
    Short,
    /// To the right, so that digits stand under each other.
    Number,
    /// Long text of somebody else: line breaks are kept, and any word may be broken.
    Wrap,
}

impl Column {
    fn class(self) -> &'static str {
        match self {
            Self::Text => "",
            Self::Short => " class=\"s\"",
            Self::Number => " class=\"n\"",
            Self::Wrap => " class=\"wrap\"",
        }
    }
}

pub(super) struct Page {
    text: String,
}

impl Page {
    pub(super) fn new(title: &str) -> Self {
        let title = escaped(title);
        let (light, dark) = (style(&LIGHT), style(&DARK));
        let text = format!(
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n\
             <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\"/>\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n\
             <title>{title} – Poolscope</title>\n\
             <style>{CSS}{light}@media screen and (prefers-color-scheme:dark){{{DARK_CSS}{dark}}}\
             @media print{{:root{{color-scheme:light}}{PRINT_CSS}}}</style>\n\
             </head>\n<body>\n<header>\n<h1>{title}</h1>\n"
        );
        Self { text }
    }

    pub(super) fn finish(mut self) -> String {
        let version = env!("CARGO_PKG_VERSION");
        self.markup(&format!(
            "<footer class=\"weak\">Written by Poolscope {version}.</footer>\n</body>\n</html>\n"
        ));
        self.text
    }

    /// Markup of our own making.
    pub(super) fn markup(&mut self, markup: &str) {
        self.text.push_str(markup);
    }

    pub(super) fn paragraph(&mut self, class: &str, text: &str) {
        self.markup(&format!("<p class=\"{class}\">{}</p>\n", escaped(text)));
    }

    /// What to type in a terminal.
    pub(super) fn command(&mut self, line: &str) {
        self.markup(&format!("<pre><code>{}</code></pre>\n", escaped(line)));
    }

    /// Begins a section; the first one ends the header.
    pub(super) fn open(&mut self, heading: &str, id: &str) {
        self.markup(&format!("<section id=\"{id}\">\n<h2>{}</h2>\n", escaped(heading)));
    }

    /// Of a part of a section.
    pub(super) fn heading(&mut self, heading: &str) {
        self.markup(&format!("<h3>{}</h3>\n", escaped(heading)));
    }

    pub(super) fn close(&mut self) {
        self.markup("</section>\n");
    }

    /// A picture that `svg::figure` or the like has drawn.
    pub(super) fn figure(&mut self, svg: &str) {
        self.markup(&format!("<figure>\n{svg}</figure>\n"));
    }

    /// One line a note.
    pub(super) fn notes<'a>(&mut self, notes: impl Iterator<Item = &'a str>) {
        self.markup("<ul class=\"notes\">\n");
        for note in notes {
            self.markup(&format!("<li>{}</li>\n", escaped(note)));
        }
        self.markup("</ul>\n");
    }

    /// Numbers to be seen first: each a value and what it is.
    pub(super) fn tiles(&mut self, tiles: &[(String, &str)]) {
        self.markup("<ul class=\"tiles\">\n");
        for (value, name) in tiles {
            self.markup(&format!("<li><b>{}</b>{}</li>\n", escaped(value), escaped(name)));
        }
        self.markup("</ul>\n");
    }

    /// A table with a header row. Rows are as long as there are columns.
    pub(super) fn table(
        &mut self,
        class: &str,
        columns: &[(&str, Column)],
        rows: impl Iterator<Item = Vec<String>>,
    ) {
        self.markup(&format!("<div class=\"scroll\">\n<table class=\"{class}\">\n<thead><tr>"));
        for (name, column) in columns {
            self.markup(&format!("<th scope=\"col\"{}>{}</th>", column.class(), escaped(name)));
        }
        self.markup("</tr></thead>\n<tbody>\n");
        for row in rows {
            self.markup("<tr>");
            for (cell, (_, column)) in row.iter().zip(columns) {
                // Writing to a String cannot fail.
                let _ = write!(self.text, "<td{}>{}</td>", column.class(), escaped(cell));
            }
            self.markup("</tr>\n");
        }
        self.markup("</tbody>\n</table>\n</div>\n");
    }

    /// A table of names and what belongs to them.
    pub(super) fn facts(&mut self, facts: impl Iterator<Item = (String, String)>) {
        self.markup("<div class=\"scroll\">\n<table>\n<tbody>\n");
        for (name, value) in facts {
            self.markup(&format!(
                "<tr><th scope=\"row\">{}</th><td class=\"wrap\">{}</td></tr>\n",
                escaped(&name),
                escaped(&value)
            ));
        }
        self.markup("</tbody>\n</table>\n</div>\n");
    }
}
