"""Documents that are pictures: scans, a fax, a photo; legible, but no longer perfect."""

from __future__ import annotations

import html
import io
from typing import TYPE_CHECKING, Any

from examples import company
from examples.layout import A4, Flow
from examples.typeset import number_pages, save, story

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL.Image import Image

SCAN_DPI = 200
LETTER_CSS = "body {font-family: serif; font-size: 12pt; line-height: 1.35} p {margin: 0 0 9pt 0}"
LETTERHEAD = "HALDEN FERRY COMPANY"
FAX_HEADER = "21-JAN-2026 09:14  FROM +00 555 019 77  BRANNOCK YARD"
FAX_CSS = "body {font-family: sans-serif; font-size: 12.5pt; line-height: 1.4}"


def typed(name: str, css: str = LETTER_CSS) -> Any:
    """A text whose line breaks count, as the open PDF that is then scanned."""
    parts = []
    for number, sheet in enumerate(company.text(name).split("---\n")):
        for index, paragraph in enumerate(sheet.strip().split("\n\n")):
            style = " style='page-break-before: always'" if number and not index else ""
            parts.append(f"<p{style}>{html.escape(paragraph).replace(chr(10), '<br/>')}</p>")
    return story([[(78, 84, 517, 770)]], "".join(parts), css)


def render(page: Any, dpi: int = SCAN_DPI) -> NDArray[np.uint8]:
    """The page as a grey image of shape (height, width)."""
    import numpy as np
    import pymupdf

    pixmap = page.get_pixmap(dpi=dpi, colorspace=pymupdf.csGRAY)
    return np.frombuffer(pixmap.samples, np.uint8).reshape(pixmap.height, pixmap.stride).copy()


def scan(image: NDArray[np.uint8], seed: int, skew: float = 1.0, noise: float = 6.0) -> Image:
    """What a flatbed scanner would make of it.

    Args:
        skew: Degrees counterclockwise.
        noise: Standard deviation, grey values.
    """
    import numpy as np
    from PIL import Image, ImageFilter

    grey = image.astype(np.float32) * (242 - 38) / 255 + 38
    paper = Image.fromarray(grey.astype(np.uint8))
    paper = paper.rotate(skew, Image.Resampling.BICUBIC, fillcolor=242)
    pixels = np.asarray(paper.filter(ImageFilter.GaussianBlur(0.7)), np.float32)
    shade = np.linspace(0, -14, pixels.shape[1], dtype=np.float32)
    grain = np.random.default_rng(seed).normal(0, noise, pixels.shape)
    return Image.fromarray(np.clip(pixels + shade + grain, 0, 255).astype(np.uint8))


def encode(image: Image, kind: str = "JPEG", **options: Any) -> bytes:
    target = io.BytesIO()
    image.save(target, kind, **options)
    return target.getvalue()


def add_scan(document: Any, image: Image) -> Any:
    """Appends an A4 page that holds nothing but the scanned picture."""
    page = document.new_page(width=A4[0], height=A4[1])
    page.insert_image(page.rect, stream=encode(image, quality=72, dpi=(SCAN_DPI, SCAN_DPI)))
    return page


def scanned_letter() -> bytes:
    import pymupdf

    document = pymupdf.open()
    for page in typed("letter"):
        if page.number == 0:
            page.insert_text((78, 58), LETTERHEAD, fontname="tibo", fontsize=17)
            page.draw_line((78, 66), (517, 66), width=1.2)
        add_scan(document, scan(render(page), seed=11 + page.number))
    return save(document, "", "", deflate=False)


def scan_with_bad_text_layer() -> bytes:
    """A scan with the invisible text of an OCR program that read it in the wrong language."""
    import pymupdf

    document = pymupdf.open()
    for source in typed("lock-rules"):
        lines = source.get_text("dict")["blocks"]
        page = add_scan(document, scan(render(source), seed=23, skew=-0.6))
        for number, line in enumerate(line for block in lines for line in block.get("lines", ())):
            text = "".join(span["text"] for span in line["spans"])
            x, y = line["bbox"][0], line["bbox"][3]
            page.insert_text((x, y), garble(text, number), fontsize=11, render_mode=3)
    return save(document, "", "", deflate=False)


def garble(text: str, shift: int) -> str:
    """Text as a failed OCR leaves it: the same lengths, the wrong letters."""
    junk = "\xa4\xa6\xac|~^\xb1\xa7{}\\\xb6<>\xb5#"
    return "".join(
        junk[(ord(c) * 7 + i + shift) % len(junk)] if c.isalnum() else c for i, c in enumerate(text)
    )


def mixed() -> bytes:
    """Board paper: printed pages, a scanned certificate as page 3, a turned table as page 4."""
    import pymupdf

    document = pymupdf.open()
    before, after = company.text("board-paper").split("---\n")
    flow = Flow(document)
    first, options = before.split("# Options\n")
    flow.blocks(first)
    flow.new_page()
    flow.blocks("# Options\n" + options)
    flow.finish()
    certificate = typed("certificate")
    add_scan(document, scan(render(certificate[0]), seed=31, skew=0.7))
    turned_page(document)
    flow = Flow(document)
    flow.blocks(after)
    flow.finish()
    chapters = ("Decision", "Options", "Certificate", "Fleet", "Timetable")
    document.set_toc([[1, title, page] for page, title in enumerate(chapters, start=1)])
    number_pages(document, "Board paper 7/2025")
    return save(document, "Board paper 7/2025: a successor to Heron")


def turned_page(document: Any) -> None:
    """Appends an upright page that is stored lying on its side, with /Rotate 90."""
    import pymupdf

    landscape = pymupdf.open()
    flow = Flow(landscape, size=(A4[1], A4[0]))
    flow.heading("The fleet as it stands", 1)
    flow.table(company.fleet())
    flow.paragraph("Next dockings as of 1 December 2025. Heron is not to be docked again.")
    flow.finish()
    page = document.new_page(width=A4[0], height=A4[1])
    page.show_pdf_page(page.rect, landscape, 0, rotate=90)
    page.set_rotation(90)


def receipt() -> bytes:
    """A thermal print of the ticket machine, PNG."""
    import pymupdf

    total = sum(cents for _, cents in company.RECEIPT_ITEMS)
    lines = ["HALDEN FERRY COMPANY", "Ticket machine TM-01", "Halden Quay, waiting room", ""]
    lines += ["21.06.2025  10:42", "Receipt 004417", "-" * 30]
    lines += [f"{name:<22}{company.euros(cents):>8}" for name, cents in company.RECEIPT_ITEMS]
    lines += ["-" * 30, f"{'TOTAL EUR':<22}{company.euros(total):>8}"]
    lines += [f"{'CARD':<22}{company.euros(total):>8}", f"{'incl. VAT 10 %':<22}"]
    lines[-1] += f"{company.euros(round(total / 11)):>8}"
    lines += ["", "Valid on 21 June only.", "Thank you, and mind the step!"]
    document = pymupdf.open()
    page = document.new_page(width=230, height=60 + 14 * len(lines))
    page.insert_text((22, 40), lines, fontname="cobo", fontsize=10, lineheight=1.4)
    image = scan(render(page), seed=41, skew=-0.5, noise=4)
    return encode(image, "PNG", dpi=(SCAN_DPI, SCAN_DPI))


def fax() -> bytes:
    """Two pages, black and white, CCITT group 4, with the speckles of a bad line."""
    import numpy as np
    from PIL import Image

    pages = []
    generator = np.random.default_rng(53)
    for page in typed("fax", FAX_CSS):
        line = f"{FAX_HEADER}    P.{page.number + 1}/2"
        page.insert_text((60, 30), line, fontname="cour", fontsize=9)
        pixels = render(page) > 150
        speckles = generator.random(pixels.shape) < 0.0004
        pages.append(Image.fromarray(pixels ^ speckles))
    options: dict[str, Any] = {"compression": "group4", "dpi": (SCAN_DPI, SCAN_DPI)}
    return encode(pages[0], "TIFF", save_all=True, append_images=pages[1:], **options)


def skewed_photo() -> bytes:
    """A delivery note on a table, taken aslant by telephone, stored turned (EXIF says how)."""
    import numpy as np
    from PIL import Image, ImageFilter

    page = typed("delivery-note", LETTER_CSS.replace("12pt", "17pt"))[0]
    paper = Image.fromarray(render(page, 170)).crop((90, 120, 1300, 1500)).convert("RGB")
    width, height = 1500, 2000
    corners = ((190, 230), (1330, 150), (1420, 1790), (80, 1850))
    table = Image.new("RGB", (width, height), (92, 66, 48))
    mapping = perspective(corners, paper.size)
    warp = {"resample": Image.Resampling.BICUBIC}
    sheet = paper.transform((width, height), Image.Transform.PERSPECTIVE, mapping, **warp)
    inside = Image.new("L", paper.size, 255).transform(
        (width, height), Image.Transform.PERSPECTIVE, mapping, **warp
    )
    table.paste(sheet, mask=inside)
    pixels = np.asarray(table.filter(ImageFilter.GaussianBlur(0.9)), np.float32)
    y, x = np.mgrid[0 : 1 : height * 1j, 0 : 1 : width * 1j].astype(np.float32)
    light = 1.05 - 0.45 * np.hypot(x - 0.3, y - 0.25)
    grain = np.random.default_rng(61).normal(0, 5, pixels.shape)
    tint = np.array([1.0, 0.96, 0.88], np.float32)
    photo = np.clip(pixels * light[..., None] * tint + grain, 0, 255).astype(np.uint8)
    exif = Image.Exif()
    exif[0x0112] = 6  # Orientation: to be turned clockwise by 90 degrees for display.
    exif[0x010F] = "Example Phone"
    stored = Image.fromarray(photo).transpose(Image.Transpose.ROTATE_90)
    return encode(stored, quality=62, exif=exif)


def perspective(corners: tuple[tuple[int, int], ...], size: tuple[int, int]) -> tuple[float, ...]:
    """The eight coefficients by which Pillow maps the output's corners back to a picture of `size`.

    Solves x' = (ax + by + c) / (gx + hy + 1), y' = (dx + ey + f) / (gx + hy + 1) for the four
    corner pairs, clockwise from the top left.
    """
    import numpy as np

    width, height = size
    rows, values = [], []
    source = ((0, 0), (width, 0), (width, height), (0, height))
    for (x, y), (u, v) in zip(corners, source, strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        values += [u, v]
    return tuple(float(c) for c in np.linalg.solve(np.array(rows, float), np.array(values, float)))
