"""From files without pages of their own to blocks: headings, paragraphs, tables, pictures."""
