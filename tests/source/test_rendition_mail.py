"""E-mails: heading lines, the body that says most, the names of what is attached."""

from __future__ import annotations

import base64
import io
from email.message import EmailMessage

import pytest
from PIL import Image

from resources.failure import FailureKind, SparknetError

EML = "message/rfc822"


def message(**headers: str) -> EmailMessage:
    mail = EmailMessage()
    for key, value in {
        "Subject": "Räum den Hof",
        "From": "Ann <ann@example.com>",
        "To": "bob@example.com",
        "Date": "Fri, 23 Dec 2022 12:08:48 -0600",
        **headers,
    }.items():
        mail[key] = value
    return mail


def test_headers_then_body(make) -> None:
    mail = message()
    mail.set_content("Hello Bob,\n\nplease do.\n")
    made = make(mail.as_bytes(), EML, "a.eml")
    assert made.text.strip().split("\n") == [
        "Räum den Hof",
        "From: Ann <ann@example.com>",
        "To: bob@example.com",
        "Date: Fri, 23 Dec 2022 12:08:48 -0600",
        "Hello Bob,",
        "please do.",
    ]
    rendition = made.rendition
    assert rendition.title == "Räum den Hof"
    assert rendition.author == "Ann <ann@example.com>"
    assert rendition.created == "2022-12-23T12:08:48-06:00"


def test_the_html_body_is_taken_once_and_sanitised(make) -> None:
    mail = message()
    mail.set_content("plain version")
    mail.add_alternative(
        "<p>rich version</p><img src='http://t.example/p.gif'><p style='display:none'>pre</p>",
        subtype="html",
    )
    made = make(mail.as_bytes(), EML, "a.eml")
    assert "rich version" in made.text and "plain version" not in made.text
    assert made.rendition.flags == ["hidden_text"]


def test_attachments_are_named_and_inline_pictures_shown(make) -> None:
    buffer = io.BytesIO()
    Image.new("RGB", (100, 50), "navy").save(buffer, "PNG")
    mail = message()
    mail.set_content("see picture")
    mail.add_alternative("<p>Look:</p><img src='cid:pic'>", subtype="html")
    mail.get_payload()[1].add_related(buffer.getvalue(), "image", "png", cid="<pic>")
    mail.add_attachment(
        b"data", maintype="application", subtype="pdf", filename="Rechnung März.pdf"
    )
    made = make(mail.as_bytes(), EML, "a.eml")
    assert "Attachments: Rechnung März.pdf" in made.text
    assert made.rendition.flags == ["attachments", "images"]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le"])
def test_message_saved_as_utf16(make, encoding: str) -> None:
    mail = message(Subject="Wide")
    mail.set_content("body text")
    made = make(mail.as_string().encode(encoding), EML, "a.eml")
    assert "body text" in made.text


def test_wrong_charset_label_loses_no_letter(make) -> None:
    data = b"Subject: x\nContent-Type: text/plain; charset=no-such-thing\n\nCr\xe8me br\xfbl\xe9e\n"
    assert "Crème brûlée" in make(data, EML, "a.eml").text


def test_malformed_headers_are_shown_as_they_stand(make) -> None:
    data = b"Subject: =?utf-8?q?broken\r\nFrom: <<<>>@@\r\nDate: yesterday\r\n\r\nbody\r\n"
    made = make(data, EML, "a.eml")
    assert "body" in made.text
    assert made.rendition.created == "yesterday"


def test_forwarded_message_is_an_attachment(make) -> None:
    inner = message(Subject="the inner one")
    inner.set_content("inner body")
    mail = message(Subject="Fwd")
    mail.set_content("see below")
    mail.add_attachment(inner)
    made = make(mail.as_bytes(), EML, "a.eml")
    assert "message: the inner one" in made.text


def test_text_without_headers_is_no_mail(make) -> None:
    with pytest.raises(SparknetError) as error:
        make(b"\n\njust text\n", EML, "a.eml")
    assert error.value.kind is FailureKind.CORRUPT


def test_attached_messages_are_read_as_deep_as_people_forward_them(make) -> None:
    inner = EmailMessage()
    inner["Subject"] = "Message 9"
    inner["From"] = "nine@example.org"
    inner.set_content("Body 9")
    for number in range(8, -1, -1):
        outer = EmailMessage()
        outer["Subject"] = f"Message {number}"
        outer.set_content(f"Body {number}")
        outer.add_attachment(inner)
        inner = outer

    made = make(inner.as_bytes(), EML, "chain.eml")

    assert [n for n in range(10) if f"Body {n}\n" in made.text] == [0, 1, 2, 3, 4, 5]
    assert made.rendition.title == "Message 0"
    assert made.rendition.flags == ["attachments"]


@pytest.mark.parametrize(
    "kind",
    [
        "application/pkcs7-mime; smime-type=enveloped-data",
        'multipart/encrypted; protocol="application/pgp-encrypted"; boundary=b',
    ],
)
def test_encrypted_message_says_so(make, kind: str) -> None:
    data = f"Subject: Hush\r\nContent-Type: {kind}\r\n\r\n--b\r\n\r\nMIIB\r\n--b--\r\n"
    with pytest.raises(SparknetError, match=r"a\.eml is an encrypted e-mail") as error:
        make(data.encode(), EML, "a.eml")
    assert error.value.kind is FailureKind.ENCRYPTED


def test_each_message_of_an_mbox_is_read(make) -> None:
    box = "\n".join(
        [
            "From x@y Mon Mar  4 10:00:00 2024",
            "From: x@y",
            "Subject: One",
            "",
            "body one",
            "",
            ">From the start",
            "From here no header follows",
            "",
            "From x@y Mon Mar  4 11:00:00 2024",
            "From: x@y",
            "Subject: Two",
            "Content-Transfer-Encoding: base64",
            "",
            base64.b64encode(b"body two").decode(),
            "",
        ]
    )
    for end in ("\n", "\r\n"):
        made = make(box.replace("\n", end).encode(), "message/rfc822", "a.mbox")
        one, two = (page.split("\n") for page in made.pages)
        assert one[:3] == ["One", "From: x@y", "body one"]
        assert [line for line in one[3:] if line] == [
            "From the start",
            "From here no header follows",
        ]
        assert [line for line in two if line] == ["Two", "From: x@y", "body two"]
        assert made.rendition.title is None


def test_text_that_is_to_be_shown_with_the_message_is_read_though_it_has_a_name(make) -> None:
    message = EmailMessage()
    message["Subject"] = "Log"
    message.set_content("See below.")
    message.add_attachment("shown", filename="a.txt", disposition="inline")
    message.add_attachment("kept", filename="b.txt")
    made = make(message.as_bytes(), "message/rfc822", "a.eml")
    assert made.text.split("\n")[:4] == ["Log", "See below.", "shown", "Attachments: b.txt"]
