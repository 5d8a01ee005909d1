"""Files that can't be read, or aren't what they say; each must end in a failure of its own kind."""

from __future__ import annotations

from examples.layout import Flow
from examples.pdf import annual_report
from examples.typeset import save

PASSWORD = "ferry"


def encrypted() -> bytes:
    """AES-256 with a password to open. Keys are random: the bytes differ from run to run."""
    import pymupdf

    document = pymupdf.open()
    flow = Flow(document)
    flow.heading("Salaries of the management 2025", 1)
    flow.paragraph("Confidential. Only for the remuneration committee of the board.")
    flow.finish()
    protection = {
        "encryption": pymupdf.PDF_ENCRYPT_AES_256,
        "user_pw": PASSWORD,
        "owner_pw": "halden-owner",
        "permissions": 0,
    }
    return save(document, "Salaries of the management 2025", **protection)


def corrupt() -> bytes:
    """The first part of a PDF, cut before the objects that name its pages."""
    import pymupdf

    with pymupdf.open("pdf", annual_report()) as document:
        whole = save(document, "Annual report 2025", use_objstms=1)
    return whole[: len(whole) // 2]


def empty() -> bytes:
    return b""


def misnamed() -> bytes:
    """A PDF that calls itself a text file."""
    import pymupdf

    document = pymupdf.open()
    flow = Flow(document)
    flow.heading("Report on the grounding of Plover", 1)
    flow.paragraph(
        "On 8 June 2025 at 21:40 the ferry Plover, bound from Saltham to Thornwick with 46 "
        "passengers, touched the sandbank east of buoy S4 at a speed of six knots. The tide was "
        "rising. She floated free at 22:32 without damage to hull or rudder."
    )
    flow.paragraph(
        "Buoy S4 lay 70 metres west of its charted position. Its chain had parted at the third "
        "shackle, where 11 of 26 millimetres were left. The chain had been inspected in 2022."
    )
    flow.heading("Recommendations", 2)
    flow.paragraph("Inspect all buoy chains between Saltham and Crail before 31 October 2025.")
    flow.paragraph("Fit S4 and S7 with position transmitters.")
    flow.finish()
    return save(document, "Report on the grounding of Plover", "Leopold Anquetil")
