"""Text formats: a web page, an e-mail with an attachment, CSV, Markdown, UTF-16 text."""

from __future__ import annotations

import csv
import html
import io
from email.message import EmailMessage
from email.policy import SMTP

from examples import company, pdf
from examples.layout import parse


def notice_html() -> bytes:
    """A notice as a web page, with navigation and a script around it."""
    blocks = list(parse(company.text("notice")))
    lines = []
    for index, block in enumerate(blocks):
        text = html.escape(block.text)
        if block.kind == "heading":
            lines.append(f"<h{block.level}>{text}</h{block.level}>")
        elif block.kind == "item":
            first = blocks[index - 1].kind != "item"
            last = blocks[index + 1].kind != "item"
            lines.append(f"{'<ul>' if first else ''}<li>{text}</li>{'</ul>' if last else ''}")
        elif block.kind == "table":
            head, *rows = company.TABLES[block.text]()
            lines.append("<table><tr>" + "".join(f"<th>{c}</th>" for c in head) + "</tr>")
            lines += ["<tr>" + "".join(f"<td>{c}</td>" for c in row) + "</tr>" for row in rows]
            lines.append("</table>")
        else:
            lines.append(f"<p>{text}</p>")
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head><meta charset="utf-8">\n'
        f"<title>{html.escape(blocks[0].text)}</title>\n"
        "<style>body {font-family: sans-serif; max-width: 40em}</style>\n"
        '<script>console.log("not for readers");</script></head>\n<body>\n'
        '<nav><a href="/">Home</a> <a href="/fares">Fares</a></nav>\n<main>\n'
        + "\n".join(lines)
        + "\n</main>\n</body>\n</html>\n"
    ).encode()


def complaint_eml() -> bytes:
    """A complaint in plain text and HTML, with the claim form attached as a PDF."""
    text = company.text("complaint")
    message = EmailMessage(policy=SMTP)
    message["From"] = "Beatrix Okonjo <b.okonjo@mail.example>"
    message["To"] = "service@halden-ferry.example"
    message["Subject"] = "Delay on 24 August, Saltham \u2013 Thornwick: claim"
    message["Date"] = "Tue, 26 Aug 2025 19:12:44 +0200"
    message["Message-ID"] = "<20250826.171244.4471@mail.example>"
    message.set_content(text)
    paragraphs = "".join(f"<p>{html.escape(part)}</p>" for part in text.strip().split("\n\n"))
    message.add_alternative(f"<html><body>{paragraphs}</body></html>", subtype="html")
    message.add_attachment(
        pdf.claim_form(), maintype="application", subtype="pdf", filename="claim-form.pdf"
    )
    message.set_boundary("=_halden_outer")
    alternative = message.get_payload(0)
    assert isinstance(alternative, EmailMessage)
    alternative.set_boundary("=_halden_inner")
    return message.as_bytes()


def timetable_csv() -> bytes:
    target = io.StringIO()
    csv.writer(target, lineterminator="\r\n").writerows(company.departures())
    return target.getvalue().encode()


def readme_md() -> bytes:
    return company.text("readme").encode()


def notes_txt() -> bytes:
    """UTF-16, little-endian, with a byte order mark and the line ends of Windows."""
    return b"\xff\xfe" + company.text("notes").replace("\n", "\r\n").encode("utf-16-le")
