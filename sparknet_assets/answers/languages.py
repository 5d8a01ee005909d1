"""A note where a question is in another language than what was found: few words agree then."""

from __future__ import annotations

from sparknet_assets.source.text.language import language_of

# Others go by their ISO 639-1 code.
_NAMES = {
    **{"ar": "Arabic", "cs": "Czech", "da": "Danish", "de": "German", "el": "Greek"},
    **{"en": "English", "es": "Spanish", "fi": "Finnish", "fr": "French", "he": "Hebrew"},
    **{"hi": "Hindi", "hu": "Hungarian", "it": "Italian", "ja": "Japanese", "ko": "Korean"},
    **{"nl": "Dutch", "no": "Norwegian", "pl": "Polish", "pt": "Portuguese", "ro": "Romanian"},
    **{"ru": "Russian", "sv": "Swedish", "tr": "Turkish", "uk": "Ukrainian", "zh": "Chinese"},
}


def note_on_languages(question: str, found: str) -> str:
    """Says which languages both are in; empty where they agree, or are too short to tell."""
    asked, there = language_of(question), language_of(found)
    if not asked or not there or asked == there:
        return ""
    asked, there = _NAMES.get(asked, asked), _NAMES.get(there, there)
    return f"The question is in {asked}, most of what was found in {there}: ask in {there}."
