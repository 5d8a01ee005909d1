"""Invoices, receipts, forms and unrelated papers, made by a seed, with what each of them says."""
