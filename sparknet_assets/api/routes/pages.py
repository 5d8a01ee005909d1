"""Pages of a document: sizes, images, text with its places."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from pydantic import BaseModel

from resources.failure import Failure
from resources.ocr import PageText
from resources.storage import ObjectNotFoundError
from sparknet_assets.api.context import Api, ApiDep, requires
from sparknet_assets.api.page_images import smaller
from sparknet_assets.api.partial import answer, is_known
from sparknet_assets.api.problems import ProblemError, binary
from sparknet_assets.artifacts import (
    PAGES,
    DocumentRef,
    PageImage,
    PageIndex,
    read_page_image,
    read_text,
    text_facts,
)

router = APIRouter(tags=["pages"], dependencies=[Depends(requires("read"))])
PageNumber = Annotated[int, Path(ge=1, le=1_000_000)]


class PageSummary(BaseModel):
    """A page.

    Attributes:
        page: 1-based.
        width, height: Of its image, pixels; 0 where it could not be rendered.
        engine: What read it; None before it was read.
        confidence: Mean over its words, 0 to 1.
        words, tables: How many.
    """

    page: int
    width: int
    height: int
    failure: Failure | None
    engine: str | None = None
    confidence: float | None = None
    words: int = 0
    tables: int = 0


class PageList(BaseModel):
    """The pages of a document."""

    pages: list[PageSummary]


@router.get("/documents/{doc_id}/pages", operation_id="listPages", response_model=PageList)
def list_pages(api: ApiDep, doc_id: str) -> Response:
    """The pages with what was found on each; none before the document was rendered."""
    ref = _ref(api, doc_id)
    pages = {
        image.page: PageSummary(
            page=image.page, width=image.width, height=image.height, failure=image.failure
        )
        for image in _images(api, ref)
    }
    try:
        for text in text_facts(api.deployment.storage, ref):
            if text.page in pages:
                page = pages[text.page]
                page.engine, page.confidence = text.engine, text.confidence
                page.words, page.tables = text.words, text.tables
                page.failure = page.failure or text.failure
    except ObjectNotFoundError:
        pass
    found = PageList(pages=[pages[number] for number in sorted(pages)])
    # As it is: to look once more whether thousands of pages fit takes longer than all the rest.
    return Response(found.model_dump_json(), media_type="application/json")


@router.get(
    "/documents/{doc_id}/pages/{page}/image",
    operation_id="getPageImage",
    response_class=Response,
    responses=binary("image/png"),
)
def get_page_image(
    api: ApiDep,
    request: Request,
    doc_id: str,
    page: PageNumber,
    width: Annotated[int | None, Query(ge=16, le=4000, description="Pixels, at most.")] = None,
) -> Response:
    """The image of a page as PNG; of a smaller size when a width is given."""
    ref = _ref(api, doc_id)
    image = read_page_image(api.deployment.storage, ref, page)
    if image is None or not image.sha256:
        raise ProblemError(404, f"There is no image of page {page}.", doc_id=doc_id)
    reduced = width if width is not None and width < image.width else None
    tag = f'"{image.sha256[:32]}{f"-{reduced}" if reduced else ""}"'
    headers = {"Cache-Control": "private, no-cache"}
    if is_known(request.headers, tag):
        return Response(status_code=304, headers={**headers, "ETag": tag})
    data = api.deployment.storage.get(ref.page_image_key(page))
    shown = smaller(data, reduced) if reduced else data
    return answer(request, shown, tag, "image/png", headers)


@router.get("/documents/{doc_id}/pages/{page}/text", operation_id="getPageText")
def get_page_text(api: ApiDep, doc_id: str, page: PageNumber) -> PageText:
    """The words of a page with their places, lines and tables."""
    ref = _ref(api, doc_id)
    try:
        found = next(read_text(api.deployment.storage, ref, [page]), None)
    except ObjectNotFoundError:
        found = None
    if found is None:
        raise ProblemError(404, f"There is no text of page {page}.", doc_id=doc_id)
    return found


def _ref(api: Api, doc_id: str) -> DocumentRef:
    return DocumentRef(doc_id, api.there(doc_id).raw_key)


def _images(api: Api, ref: DocumentRef) -> list[PageImage]:
    try:
        data = api.deployment.storage.get(ref.key(PAGES))
    except ObjectNotFoundError:
        return []
    return PageIndex.model_validate_json(data).pages
