//! Sentences of documentation as lines for a terminal.

/// Puts words into lines of at most 80 characters, where words allow, that begin with `indent`.
/// Empty lines part paragraphs.
pub fn wrap(out: &mut String, indent: &str, text: &str) {
    const WIDTH: usize = 80;
    for paragraph in text.split("\n\n").filter(|paragraph| !paragraph.trim().is_empty()) {
        let mut width = 0;
        for word in plain(paragraph).split_whitespace() {
            let length = word.chars().count();
            if width > 0 && width + 1 + length > WIDTH {
                out.push('\n');
                width = 0;
            }
            if width == 0 {
                out.push_str(indent);
                width = indent.len();
            } else {
                out.push(' ');
                width += 1;
            }
            out.push_str(word);
            width += length;
        }
        out.push('\n');
    }
}

/// Markdown's links as their texts: where they lead is a page that a terminal does not show.
pub fn plain(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once("](") {
        let (text, link) = match (before.rsplit_once('['), behind.split_once(')')) {
            (Some((lead, text)), Some((_, tail))) => (format!("{lead}{text}"), tail),
            (_, _) => (format!("{before}]("), behind),
        };
        out.push_str(&text);
        rest = link;
    }
    out.push_str(rest);
    out
}
