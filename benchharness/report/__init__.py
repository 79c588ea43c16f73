"""One model of a report, rendered as HTML, LaTeX, Markdown and CSV."""
