"""What a page may cost at each stage, by the price table, before anything was paid."""

from __future__ import annotations

from resources.deployment import Deployment

TOKENS_OF_A_PAGE = 800
"""A dense page of English text; what was measured replaces this once there is something."""


def page_prices(deployment: Deployment) -> dict[str, float | None]:
    """Stage -> most dollars that a page costs there, for the stages whose service charges.

    Of documents of the deployment's tier. A page that climbs is paid a second time, by the price of
    what it climbs to; how many do shows only when they are read.

    None where the price table does not know the service's price. A page whose text layer is good
    costs nothing at `ocr_text`, but that shows only when it is read.

    Raises:
        SparknetError: The price table in the settings can't be used.
    """
    settings, prices = deployment.settings, deployment.prices
    found: dict[str, float | None] = {}
    if settings.ocr == "textract" and settings.text_layer != "always":
        found["ocr_text"] = prices.textract_page(deployment.policy.textract)
    if settings.embedder == "titan":
        token = prices.embedding_tokens(settings.titan_model)
        found["embeddings"] = token and token * TOKENS_OF_A_PAGE
    if settings.llm == "bedrock" and settings.fields_llm:
        # An answer repeats at most the page. Documents that no schema fits cost nothing.
        found["extracted_fields"] = prices.llm_tokens(
            settings.bedrock_model, TOKENS_OF_A_PAGE, TOKENS_OF_A_PAGE
        )
    return found
