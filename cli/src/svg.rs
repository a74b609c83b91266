// SPDX-License-Identifier: Apache-2.0
//! What a drawn chart needs to be at home on any page: a title to be read aloud, and colours for readers of dark pages.

use std::fmt::Write as _;

/// Each colour that charts are drawn in and that would be lost on a dark page, and the one that takes its place there.
const ON_DARK: [(&str, &str); 9] = [
    // Page, letters and axes, grid.
    ("#FFFFFF", "#0D1117"),
    ("#1E1E28", "#E6EDF3"),
    ("#000000", "#E6EDF3"),
    ("#E1E1E1", "#30363D"),
    // Areas, lines and marks.
    ("#78AFDC", "#2F5F8C"),
    ("#14783C", "#3FB950"),
    ("#7D3C96", "#D2A8FF"),
    ("#D72D1E", "#FF7B72"),
    ("#BE6E00", "#E3A13B"),
];

/// The picture with its title and with dark colours, which a browser takes where the reader's page is dark.
pub(crate) fn finished(picture: &str, title: &str) -> String {
    let mut style = "<style>@media (prefers-color-scheme: dark) {".to_owned();
    for (light, dark) in ON_DARK {
        for attribute in ["fill", "stroke"] {
            write!(style, " [{attribute}=\"{light}\"] {{ {attribute}: {dark} }}").expect("a string takes it");
        }
    }
    style.push_str(" }</style>");
    let title = title.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    picture.replacen(">\n", &format!(" role=\"img\">\n<title>{title}</title>\n{style}\n"), 1)
}
