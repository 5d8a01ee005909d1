"""From blocks to the pages of a PDF, with the place of every table row."""
