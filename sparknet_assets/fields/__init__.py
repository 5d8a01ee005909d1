"""Fields of documents: what a schema asks for, where it stands on the page, who says so."""
