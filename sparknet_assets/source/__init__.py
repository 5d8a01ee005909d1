"""From a stored original to pages: what a file is, and how each of its pages is reached."""

import sys

# PyMuPDF, where it finds its models of page layout, loads all three of them when it is imported: a
# second of work and 60 MB in each worker process, for an analysis that nothing here asks for.
sys.modules.setdefault("pymupdf.layout", None)  # type: ignore[arg-type]
